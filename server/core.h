/*
 * core.h - the server's own structure, for its own files only.
 *
 * What happened is in the store; here is what is on its way: answers that
 * wait for the commit, looks at the EIS, and the timer of the next deadline.
 * All of it can be rebuilt from the store, and is: after a restart, and after
 * a commit that failed.
 */
#ifndef SERVER_CORE_H
#define SERVER_CORE_H

#include "server/auth.h"
#include "server/chase.h"
#include "server/eis_client.h"
#include "server/resource.h"
#include "server/share.h"
#include "server/store.h"
#include "server/throttle.h"
#include "server/turn.h"

struct server {
	struct http_handler handler;	/* first: a server is a handler */
	struct loop *loop;
	struct network *net;
	struct eventlog *log;
	struct store *store;
	struct share *share;		/* NULL: alone */
	bool owner;			/* of what happens by itself; true if alone */
	bool setting_up;		/* server_begin_setup() */
	bool ring;			/* for the owner, once this turn is committed */
	struct watch bell;		/* the owner listens for it */
	char *eis_url, *eis_token, *report_token;
	char *gateway_url, *gateway_token;	/* NULL: orders go to the EIS */
	int64_t check_interval_ns, order_expiry_s, verify_limit_ns;
	int64_t eis_timeout_ns, code_keep_ns;
	struct rng ids;
	struct auth auth;
	struct throttle throttle;
	struct throttle guesses;	/* wrong credentials, by address */
	uint8_t page_key[32];		/* cursors are signed with it */
	struct turns *turns;
	struct chases chases;		/* running transactions */
	struct timer due;		/* the next deadline in the store */
	int64_t due_ms;			/* when it fires; INT64_MAX: idle */
	enum eis_outcome eis_trouble;	/* as it was told; EIS_ORDER: none */
	int64_t eis_quiet_ns;		/* until then no other is */
	bool starting;			/* operations wait for their first step */
	bool resuming;			/* and others may have missed one */
	bool broken;			/* the store took nothing when it was last tried, */
	uint64_t broken_at;		/* and so many turns were committed before */
	struct str item_sql[RESOURCES];	/* see resource_item_sql() */
	struct arena arena;		/* as long as the server */
	struct arena scratch;		/* of one callback of the loop */
};

#define SERVER_PARTY STR("server")

static inline int64_t server_now_ms(const struct server *s)
{
	return clock_unix_ms(&s->loop->clock);
}

/* Send the answer that is in x->resp, when what it says is safe (turn.h). */
void server_reply(struct server *s, struct http_exchange *x);

/* A turn was lost; or is safe, perhaps the first one after that. */
void server_store_broke(struct server *s, const struct err *err);
void server_store_works(struct server *s);

/* Something in the store falls due at `unix_ms`: operations, codes. */
void server_due_at(struct server *s, int64_t unix_ms);
/* In the next turn: look at operations that have not begun. */
void server_kick(struct server *s);
/* We are not the owner; what this turn writes is for the owner to see to. */
void server_tell_owner(struct server *s);

#endif
