#include "smdp/internal.h"

#include "proto/hex.h"

#include <assert.h>
#include <stdlib.h>

static void expire(struct timer *t)
{
	struct smdp_session *session = (struct smdp_session *)((char *)t -
				       offsetof(struct smdp_session, expiry));

	smdp_session_end(session, "expired");
}

struct smdp_session *smdp_session_new(struct smdp *s)
{
	struct smdp_session *session;

	if (s->session_count == SMDP_SESSIONS_MAX)
		return NULL;
	session = calloc(1, sizeof(*session));
	assert(session);
	session->smdp = s;
	session->expiry.fire = expire;
	do
		s->crypto->random(s->crypto, &s->ids, session->id, sizeof(session->id));
	while (map_get(&s->by_transaction, smdp_session_id(session)));
	s->crypto->random(s->crypto, &s->ids, session->challenge,
			  sizeof(session->challenge));
	session->next = s->sessions;
	if (session->next)
		session->next->prev = session;
	s->sessions = session;
	s->session_count++;
	map_put(&s->by_transaction, smdp_session_id(session), session);
	smdp_session_touch(session);
	return session;
}

struct smdp_session *smdp_session_find(struct smdp *s, struct str id)
{
	return map_get(&s->by_transaction, id);
}

void smdp_session_touch(struct smdp_session *session)
{
	loop_arm(session->smdp->loop, &session->expiry, SMDP_SESSION_NS);
}

static void forget(struct smdp_session *session)
{
	struct smdp *s = session->smdp;

	loop_disarm(s->loop, &session->expiry);
	map_take(&s->by_transaction, smdp_session_id(session));
	if (session->prev)
		session->prev->next = session->next;
	else
		s->sessions = session->next;
	if (session->next)
		session->next->prev = session->prev;
	s->session_count--;
	smdp_keep(&session->euicc_certificate, STR_NONE);
	smdp_keep(&session->smdp_signature2, STR_NONE);
	free(session);
}

void smdp_session_end(struct smdp_session *session, const char *why)
{
	struct smdp *s = session->smdp;
	struct arena a = { 0 };

	if (s->log->listeners)
		EVENT(s->log, str_of(s->party), "session-ended",
		      F_STR("transaction", hex_of(&a, smdp_session_id(session))),
		      F_Z("why", why));
	arena_release(&a);
	forget(session);
}

void smdp_sessions_free(struct smdp *s)
{
	while (s->sessions)
		forget(s->sessions);
	map_release(&s->by_transaction);
}
