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

static void join(struct smdp_session *session, struct smdp_queue *q)
{
	session->queue = q;
	session->next = NULL;
	session->prev = q->last;
	if (q->last)
		q->last->next = session;
	else
		q->first = session;
	q->last = session;
}

static void leave(struct smdp_session *session)
{
	struct smdp_queue *q = session->queue;

	if (session->prev)
		session->prev->next = session->next;
	else
		q->first = session->next;
	if (session->next)
		session->next->prev = session->prev;
	else
		q->last = session->prev;
}

struct smdp_session *smdp_session_new(struct smdp *s)
{
	struct smdp_session *session;

	/* To begin sessions takes nothing but a connection: whoever begins too many
	 * pushes out those like it, and not downloads that are under way. */
	if (s->session_count == SMDP_SESSIONS_MAX && s->strangers.first)
		smdp_session_end(s->strangers.first, "pushed-out");
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
	join(session, &s->strangers);
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

void smdp_session_know(struct smdp_session *session)
{
	leave(session);
	join(session, &session->smdp->known);
}

static void forget(struct smdp_session *session)
{
	struct smdp *s = session->smdp;

	loop_disarm(s->loop, &session->expiry);
	map_take(&s->by_transaction, smdp_session_id(session));
	leave(session);
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
	while (s->strangers.first)
		forget(s->strangers.first);
	while (s->known.first)
		forget(s->known.first);
	map_release(&s->by_transaction);
}
