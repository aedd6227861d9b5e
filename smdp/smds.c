#include "smdp/smds.h"

#include "proto/es11.h"
#include "proto/hex.h"
#include "sim/map.h"
#include "smdp/client.h"
#include "smdp/internal.h"

#include <assert.h>
#include <stdlib.h>

enum {
	SESSIONS_MAX = 16384,
	EVENTS_MAX = 1 << 20,
	ANSWER_MAX = 256 << 10,
	REQUESTER_MAX = 255,
};

/* A session is two messages of a device; what takes longer is lost. */
#define SESSION_NS (INT64_C(300) * NS_PER_S)

static const struct smdp_kind kind = {
	.name = "SM-DS",
	.oid = { "\x88\x37\x0B", 3 },	/* 2.999.11: for examples, not the SM-DP+'s */
	.auth = RSP_ROLE_DS_AUTH, .pb = RSP_ROLES,
	.bad_svn = STATUS_SMDS_SVN_UNSUPPORTED, .bad_ci = STATUS_SMDS_PKID_UNSUPPORTED,
	.no_certificate = STATUS_SMDS_CERTIFICATE_UNAVAILABLE,
};

struct session {
	struct smds *smds;
	char id[RSP_TRANSACTION_MAX];
	char challenge[RSP_CHALLENGE_BYTES];	/* the server's */
	struct timer expiry;
	int euicc_ci;			/* the CI under which the eUICC is to sign */
	struct session *prev, *next;
};

struct smds_event {
	struct str key;			/* owned: requester, NUL, event id */
	struct str id;			/* within `key` */
	struct str address;		/* owned */
	char eid[EID_SIZE];
	struct smds_event *prev, *next;
	struct smds_event *next_of_eid;	/* later ones for the same eUICC */
};

struct smds {
	struct http_handler handler;
	struct loop *loop;
	struct eventlog *log;
	char *party, *address;
	const struct rsp_crypto *crypto;
	struct rng ids;
	struct smdp_identities identities;

	struct smds_event *events;
	size_t event_count;
	struct map by_key, by_eid;	/* by_eid: first of a chain */

	struct session *sessions;
	size_t session_count;
	struct map by_transaction;

	struct buf out, part;		/* the answer being written, and a piece of it */
};

/* ---- Events. ------------------------------------------------------------ */

static struct str event_key(struct arena *a, struct str requester, struct str id)
{
	return arena_printf(a, "%.*s%c%.*s", STRF(requester), '\0', STRF(id));
}

static size_t count_events(const struct smds *s, struct str eid)
{
	size_t n = 0;

	for (const struct smds_event *e = map_get(&s->by_eid, eid); e; e = e->next_of_eid)
		n++;
	return n;
}

static void add_event(struct smds *s, struct str key, const struct es12_request *q)
{
	struct smds_event *e = calloc(1, sizeof(*e)), *last;

	assert(e);
	smdp_keep(&e->key, key);
	smdp_keep(&e->address, q->address);
	e->id = (struct str){ e->key.p + q->requester.n + 1, q->event_id.n };
	memcpy(e->eid, q->eid.p, EID_DIGITS);
	e->next = s->events;
	if (e->next)
		e->next->prev = e;
	s->events = e;
	s->event_count++;
	map_put(&s->by_key, e->key, e);
	last = map_get(&s->by_eid, str_of(e->eid));
	if (!last) {
		map_put(&s->by_eid, str_of(e->eid), e);
		return;
	}
	/* Behind the others: the oldest is told first. */
	while (last->next_of_eid)
		last = last->next_of_eid;
	last->next_of_eid = e;
}

static void leave_eid(struct smds *s, struct smds_event *e)
{
	struct smds_event *first = map_take(&s->by_eid, str_of(e->eid));

	if (first == e) {
		first = e->next_of_eid;
	} else {
		struct smds_event *before = first;

		while (before->next_of_eid != e)
			before = before->next_of_eid;
		before->next_of_eid = e->next_of_eid;
	}
	/* The key is a member of the first: put it again. */
	if (first)
		map_put(&s->by_eid, str_of(first->eid), first);
}

static void free_event(struct smds *s, struct smds_event *e)
{
	if (e->prev)
		e->prev->next = e->next;
	else
		s->events = e->next;
	if (e->next)
		e->next->prev = e->prev;
	s->event_count--;
	smdp_keep(&e->key, STR_NONE);
	smdp_keep(&e->address, STR_NONE);
	free(e);
}

static void remove_event(struct smds *s, struct smds_event *e)
{
	map_take(&s->by_key, e->key);
	leave_eid(s, e);
	free_event(s, e);
}

size_t smds_event_count(const struct smds *s)
{
	return s->event_count;
}

/* ---- ES12 (SGP.22, 5.9). ------------------------------------------------ */

/* What both functions bring. */
static enum status_code check_names(const struct es12_request *q)
{
	if (!q->requester.n || q->requester.n > REQUESTER_MAX || !q->call.n)
		return STATUS_REQUESTER_MISSING;
	/* It ends where the event id begins. */
	if (memchr(q->requester.p, '\0', q->requester.n))
		return STATUS_FORMAT;
	if (!q->eid.n)
		return STATUS_EID_MISSING;
	if (!eid_well_formed(q->eid))
		return STATUS_EID_INVALID;
	if (!q->event_id.n)
		return STATUS_MISSING;
	return q->event_id.n > ES12_EVENT_ID_MAX ? STATUS_FORMAT : STATUS_OK;
}

static void log_event(struct smds *s, const char *what, const struct es12_request *q,
		      struct str address)
{
	EVENT(s->log, str_of(s->party), what, F_STR("eid", q->eid),
	      F_STR("requester", q->requester), F_STR("address", address),
	      F_INT("waiting", (int64_t)count_events(s, q->eid)));
}

static enum status_code register_event(struct smds *s, const struct es12_request *q,
				       struct arena *a)
{
	struct str key = event_key(a, q->requester, q->event_id);

	if (!q->address.n)
		return STATUS_MISSING;
	if (q->address.n > ES12_ADDRESS_MAX)
		return STATUS_FORMAT;
	if (map_get(&s->by_key, key))
		return STATUS_EVENT_IN_USE;
	if (s->event_count == EVENTS_MAX || count_events(s, q->eid) == ES11_EVENTS_MAX)
		return STATUS_SMDS_BUSY;
	add_event(s, key, q);
	log_event(s, "event-registered", q, q->address);
	return STATUS_OK;
}

static enum status_code delete_event(struct smds *s, const struct es12_request *q,
				     struct arena *a)
{
	struct smds_event *e = map_get(&s->by_key, event_key(a, q->requester, q->event_id));
	struct str address;

	if (!e || !str_eq(str_of(e->eid), q->eid))
		return STATUS_EVENT_UNKNOWN;
	address = arena_str(a, e->address);
	remove_event(s, e);
	log_event(s, "event-deleted", q, address);
	return STATUS_OK;
}

static void log_refusal(struct smds *s, const char *event, const char *function,
			enum status_code code, struct str from, const struct err *err)
{
	const struct status_code_row *row = status_code_row(code);

	EVENT(s->log, str_of(s->party), event, F_Z("function", function),
	      F_Z("subject", row->subject), F_Z("reason", row->reason),
	      F_Z("code", row->name), F_Z("detail", err->msg), F_STR("from", from));
}

static void reply(struct smds *s, struct http_exchange *x)
{
	http_header_set(&x->resp.headers, x->arena, STR("X-Admin-Protocol"),
			STR(ES9_PROTOCOL));
	http_respond_json(x, 200, buf_view(&s->out));
}

static void es12(struct smds *s, struct http_exchange *x, enum es12_function f)
{
	enum status_code code = smdp_check_request(x);
	struct es12_request q;
	struct err err = { 0 };

	buf_clear(&s->out);
	if (code == STATUS_OK && es12_request_parse(x->req.body, x->arena, &q, &err) < 0)
		code = STATUS_FORMAT;
	if (code == STATUS_OK)
		code = check_names(&q);
	if (code == STATUS_OK)
		code = f == ES12_REGISTER_EVENT ? register_event(s, &q, x->arena) :
						  delete_event(s, &q, x->arena);
	if (code == STATUS_OK) {
		es12_answer_print(&s->out);
	} else {
		es9_refusal_print(&s->out, code);
		log_refusal(s, "es12-failed", es12_function_name(f), code, x->from, &err);
	}
	reply(s, x);
}

/* ---- Sessions. ---------------------------------------------------------- */

static struct str session_id(const struct session *session)
{
	return (struct str){ session->id, sizeof(session->id) };
}

static void end_session(struct session *session)
{
	struct smds *s = session->smds;

	loop_disarm(s->loop, &session->expiry);
	map_take(&s->by_transaction, session_id(session));
	if (session->prev)
		session->prev->next = session->next;
	else
		s->sessions = session->next;
	if (session->next)
		session->next->prev = session->prev;
	s->session_count--;
	free(session);
}

static void expire(struct timer *t)
{
	end_session((struct session *)((char *)t - offsetof(struct session, expiry)));
}

/* NULL if there are too many. */
static struct session *new_session(struct smds *s)
{
	struct session *session;

	if (s->session_count == SESSIONS_MAX)
		return NULL;
	session = calloc(1, sizeof(*session));
	assert(session);
	session->smds = s;
	session->expiry.fire = expire;
	do
		s->crypto->random(s->crypto, &s->ids, session->id, sizeof(session->id));
	while (map_get(&s->by_transaction, session_id(session)));
	s->crypto->random(s->crypto, &s->ids, session->challenge, sizeof(session->challenge));
	session->next = s->sessions;
	if (session->next)
		session->next->prev = session;
	s->sessions = session;
	s->session_count++;
	map_put(&s->by_transaction, session_id(session), session);
	loop_arm(s->loop, &session->expiry, SESSION_NS);
	return session;
}

size_t smds_session_count(const struct smds *s)
{
	return s->session_count;
}

/* ---- ES11 (SGP.22, 5.8). ------------------------------------------------ */

/* One request of a device on its way. */
struct request {
	struct smds *s;
	struct http_exchange *x;
	struct es9_message in, out;
	struct es11_event *events;
	size_t event_count;
	struct err err;
};

static enum status_code initiate(struct request *r)
{
	struct smds *s = r->s;
	struct session *session;
	struct smdp_choice choice;
	enum status_code code;

	if (!smdp_same_host(r->in.smdp_address, str_of(s->address)))
		return STATUS_SMDS_ADDRESS_REFUSED;
	if (r->in.euicc_challenge.n != RSP_CHALLENGE_BYTES)
		return STATUS_FORMAT;
	code = smdp_choose(&s->identities, r->in.euicc_info1, &choice, &r->err);
	if (code != STATUS_OK)
		return code;
	session = new_session(s);
	if (!session)
		return STATUS_SMDS_BUSY;
	session->euicc_ci = choice.euicc_ci;
	r->out.transaction_id = session_id(session);
	if (smdp_greet(&s->identities, &choice, r->in.euicc_challenge, session->challenge,
		       r->x->arena, &s->part, &r->out, &r->err) < 0) {
		end_session(session);
		return STATUS_SMDS_CERTIFICATE_UNAVAILABLE;
	}
	return STATUS_OK;
}

/* Those for that eUICC; with an event id only that one. */
static enum status_code find_events(struct request *r, struct str eid, struct str id)
{
	const struct smds_event *e = map_get(&r->s->by_eid, eid);

	r->events = arena_array(r->x->arena, ES11_EVENTS_MAX, sizeof(*r->events));
	for (; e; e = e->next_of_eid)
		if (!id.n || str_eq(e->id, id))
			r->events[r->event_count++] =
				(struct es11_event){ e->id, e->address };
	return id.n && !r->event_count ? STATUS_EVENT_UNKNOWN : STATUS_OK;
}

static enum status_code retrieve(struct request *r, const struct session *session)
{
	struct smds *s = r->s;
	struct smdp_client c;
	enum status_code code;

	if (rsp_authenticate_response_read(r->in.authenticate_response, &c.response,
					   &r->err) < 0)
		return STATUS_FORMAT;
	if (c.response.failed)
		return STATUS_EUICC_ERROR;
	code = smdp_client_check(&(struct smdp_client_check){
		.crypto = s->crypto, .now_ms = clock_unix_ms(&s->loop->clock),
		.euicc_ci = session->euicc_ci, .transaction_id = session_id(session),
		.challenge = { session->challenge, RSP_CHALLENGE_BYTES },
		.address = str_of(s->address),
	}, &c, &r->err);
	if (code == STATUS_OK)
		code = find_events(r, str_of(c.certificate.eid), c.signed1.context.matching_id);
	if (code == STATUS_OK)
		EVENT(s->log, str_of(s->party), "events-retrieved",
		      F_Z("eid", c.certificate.eid),
		      F_INT("count", (int64_t)r->event_count), F_STR("from", r->x->from));
	return code;
}

static enum status_code run(struct request *r, enum es9_function f)
{
	enum status_code code = smdp_check_request(r->x);
	struct session *session;

	if (code != STATUS_OK)
		return code;
	if (es9_request_parse(r->x->req.body, f, r->x->arena, &r->in, &r->err) < 0)
		return r->err.code == ERR_NOT_FOUND ? STATUS_MISSING : STATUS_FORMAT;
	if (f == ES9_INITIATE_AUTHENTICATION)
		return initiate(r);
	session = map_get(&r->s->by_transaction, r->in.transaction_id);
	if (!session)
		return STATUS_TRANSACTION_UNKNOWN;
	/* That was all of it, however it goes. */
	code = retrieve(r, session);
	end_session(session);
	return code;
}

static void es11(struct smds *s, struct http_exchange *x, enum es9_function f)
{
	struct request r = { .s = s, .x = x };
	enum status_code code;

	buf_clear(&s->out);
	buf_clear(&s->part);
	code = run(&r, f);
	if (code != STATUS_OK) {
		log_refusal(s, "es11-failed", es9_function_name(f), code, x->from, &r.err);
		es9_refusal_print(&s->out, code);
	} else if (f == ES9_INITIATE_AUTHENTICATION) {
		es9_answer_print(&s->out, f, &r.out);
	} else {
		es11_answer_print(&s->out, r.in.transaction_id, r.events, r.event_count);
	}
	reply(s, x);
}

/* ---- Requests. ---------------------------------------------------------- */

/* The last part of a path below `prefix`, or STR_NONE. */
static struct str below(struct str path, struct str prefix)
{
	if (!str_starts(path, prefix))
		return STR_NONE;
	return (struct str){ path.p + prefix.n, path.n - prefix.n };
}

static void handle(struct http_handler *h, struct http_exchange *x)
{
	struct smds *s = (struct smds *)h;
	enum es9_function f = es9_function_named(below(x->req.path, STR(ES9_PATH)));
	enum es12_function g = es12_function_named(below(x->req.path, STR(ES12_PATH)));
	bool device = f == ES9_INITIATE_AUTHENTICATION || f == ES9_AUTHENTICATE_CLIENT;

	if (!device && g == ES12_FUNCTIONS) {
		http_respond(x, 404, NULL, STR_NONE);
	} else if (!str_is(x->req.method, "POST")) {
		http_header_set(&x->resp.headers, x->arena, STR("Allow"), STR("POST"));
		http_respond(x, 405, NULL, STR_NONE);
	} else if (device) {
		es11(s, x, f);
	} else {
		es12(s, x, g);
	}
}

struct http_handler *smds_handler(struct smds *s)
{
	return &s->handler;
}

/* ---- Life. -------------------------------------------------------------- */

static char *copy(const char *z)
{
	char *c = strdup(z);

	assert(c);
	return c;
}

struct smds *smds_new(const struct smds_config *config, struct err *err)
{
	struct smds *s = calloc(1, sizeof(*s));
	size_t n = strlen(config->address);

	assert(s);
	s->handler.handle = handle;
	s->loop = config->loop;
	s->log = config->log;
	s->party = copy(config->party);
	s->address = copy(config->address);
	s->crypto = config->crypto ? config->crypto : &rsp_crypto_none;
	rng_init(&s->ids, config->seed, str_of(s->party), STR("sessions"));
	buf_init(&s->out, ANSWER_MAX);
	buf_init(&s->part, ANSWER_MAX);
	if (n == 0 || n > ES12_ADDRESS_MAX) {
		err_set(err, ERR_INVALID, "SM-DS address: %zu characters, expected 1 to %d", n,
			ES12_ADDRESS_MAX);
		goto fail;
	}
	if (smdp_identities_init(&s->identities, &kind, s->crypto, str_of(s->address),
				 err) < 0)
		goto fail;
	return s;
fail:
	smds_free(s);
	return NULL;
}

void smds_free(struct smds *s)
{
	if (!s)
		return;
	while (s->sessions)
		end_session(s->sessions);
	while (s->events)
		free_event(s, s->events);
	map_release(&s->by_transaction);
	map_release(&s->by_key);
	map_release(&s->by_eid);
	smdp_identities_release(&s->identities);
	buf_release(&s->out);
	buf_release(&s->part);
	free(s->party);
	free(s->address);
	free(s);
}
