#include "server/server.h"

#include "proto/device_id.h"
#include "proto/eid.h"
#include "server/codes.h"
#include "server/core.h"
#include "server/operations.h"
#include "server/resource.h"
#include "server/routes.h"
#include "sim/map.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define CHECK_INTERVAL_NS (60 * NS_PER_S)
#define VERIFY_LIMIT_NS (15 * 60 * NS_PER_S)
#define EIS_TIMEOUT_NS (10 * NS_PER_S)
#define CODE_KEEP_NS (3600 * NS_PER_S)
/* Before another try with a store that fails. */
#define STORE_RETRY_NS NS_PER_S

enum { ORDER_EXPIRY_S = 3600, ORDER_EXPIRY_MAX_S = 86400, KDF_ITERATIONS = 100000 };
/* Wrong credentials from one address in ten seconds, if there is a throttle. */
enum { GUESSES_MAX = 50 };

/* ---- A store that fails. ----------------------------------------------- */

static void due_at_once(struct server *s)
{
	s->due_ms = server_now_ms(s);
	loop_arm(s->loop, &s->due, 0);
}

static void take_up_operations(struct server *s)
{
	s->resuming = true;
	due_at_once(s);
}

/* What the store holds is what counts, whatever we thought before. */
static void take_up(struct server *s)
{
	if (!s->owner)
		return;
	chases_resume(s);
	take_up_operations(s);
}

/* From here on nothing but requests and a try every second, until the store
 * takes something again. */
void server_store_broke(struct server *s, const struct err *err)
{
	if (!s->broken)
		EVENT(s->log, SERVER_PARTY, "store-failed", F_Z("message", err->msg));
	s->broken = true;
	s->broken_at = s->turns->committed;
	chases_stop(s);
	s->due_ms = server_now_ms(s) + STORE_RETRY_NS / NS_PER_MS;
	loop_arm(s->loop, &s->due, STORE_RETRY_NS);
}

void server_store_works(struct server *s)
{
	if (!s->broken || s->turns->safe <= s->broken_at)
		return;
	s->broken = false;
	EVENT(s->log, SERVER_PARTY, "store-recovered");
	chases_stop(s);
	take_up(s);
}

static void try_store(struct server *s)
{
	struct stmt *q = stmt_str(store_sql(s->store, SQL_META_SET), STR("tried"));

	stmt_run(stmt_int(q, server_now_ms(s)));
}

/* ---- Deadlines. -------------------------------------------------------- */

void server_tell_owner(struct server *s)
{
	assert(!s->owner);
	s->ring = true;
}

void server_due_at(struct server *s, int64_t unix_ms)
{
	int64_t left = unix_ms - server_now_ms(s);

	if (!s->owner) {
		server_tell_owner(s);
		return;
	}
	if (timer_armed(&s->due) && s->due_ms <= unix_ms)
		return;
	if (unix_ms == INT64_MAX)
		return;
	s->due_ms = unix_ms;
	if (left < 0)
		left = 0;
	loop_arm(s->loop, &s->due, left < INT64_MAX / NS_PER_MS ?
		 left * NS_PER_MS : INT64_MAX);
}

void server_kick(struct server *s)
{
	if (!s->owner) {
		server_tell_owner(s);
		return;
	}
	s->starting = true;
	due_at_once(s);
}

static void due_fired(struct timer *t)
{
	struct server *s = (struct server *)((char *)t - offsetof(struct server, due));
	int64_t operations, codes;

	s->due_ms = INT64_MAX;
	if (s->broken) {
		try_store(s);
		return;
	}
	if (!s->owner)
		return;
	if (s->resuming)
		operations_resume(s);
	else if (s->starting)
		operations_start(s);
	s->resuming = s->starting = false;
	operations = operations_due(s);
	codes = codes_due(s);
	server_due_at(s, operations < codes ? operations : codes);
	arena_clear(&s->scratch);
}

/* ---- The bell. --------------------------------------------------------- */

/* Others have committed something for us: new transactions, operations that
 * wait for their first step, time limits. */
static void bell_rang(struct watch *w, uint32_t events)
{
	struct server *s = (struct server *)((char *)w - offsetof(struct server, bell));
	int64_t rid;

	(void)events;
	share_heard(s->share);
	if (s->broken)
		return;		/* all of it is looked at afterwards */
	store_refresh(s->store);
	chases_look(s);
	while ((rid = share_asked(s->share)))
		chase_hurry(s, rid);
	server_kick(s);
}

static void join(struct server *s)
{
	if (!s->share)
		return;
	store_share(s->store, s->share);
	throttle_share(&s->throttle, share_throttle(s->share, SHARE_REQUESTS));
	throttle_share(&s->guesses, share_throttle(s->share, SHARE_GUESSES));
	if (!s->owner)
		return;
	s->bell = (struct watch){ share_bell(s->share), bell_rang };
	loop_watch(s->loop, &s->bell, EPOLLIN);
}

/* ---- Life. ------------------------------------------------------------- */

static void handle(struct http_handler *h, struct http_exchange *x)
{
	routes_handle((struct server *)h, x);
}

static char *copy(const char *z)
{
	char *c = z ? strdup(z) : NULL;

	assert(c || !z);
	return c;
}

static int64_t or_default(int64_t value, int64_t usual)
{
	return value > 0 ? value : usual;
}

/* How often a server was made on this store: no two draw the same ids. */
static int64_t count_boot(struct store *st)
{
	struct stmt *q;
	int64_t boots = 0;

	store_begin(st);
	q = stmt_str(store_sql(st, SQL_META_GET), STR("boots"));
	if (stmt_row(q)) {
		boots = stmt_i64(q, 0);
		stmt_end(q);
	}
	q = stmt_str(store_sql(st, SQL_META_SET), STR("boots"));
	stmt_run(stmt_int(q, boots + 1));
	return boots;
}

/* Cursors outlive the server, and so does their key. */
static void load_page_key(struct server *s)
{
	struct stmt *q = stmt_str(store_sql(s->store, SQL_META_GET), STR("page-key"));
	struct str key = STR_NONE;

	if (stmt_row(q)) {
		key = stmt_peek(q, 0);
		if (key.n == sizeof(s->page_key))
			memcpy(s->page_key, key.p, key.n);
		stmt_end(q);
	}
	if (key.n == sizeof(s->page_key))
		return;
	auth_fill(&s->auth, s->page_key, sizeof(s->page_key));
	q = stmt_str(store_sql(s->store, SQL_META_SET), STR("page-key"));
	stmt_run(stmt_blob(q, s->page_key, sizeof(s->page_key)));
}

/* To look at a guess takes a thousand times as long as an answer. */
static unsigned guess_limit(const struct server_config *c)
{
	return c->throttle_limit < GUESSES_MAX ? c->throttle_limit : GUESSES_MAX;
}

static void configure(struct server *s, const struct server_config *c)
{
	s->loop = c->loop;
	s->net = c->net;
	s->log = c->log;
	s->store = c->store;
	s->share = c->share;
	s->owner = !c->share || c->owner;
	s->eis_url = copy(c->eis_url ? c->eis_url : "http://eis.rig");
	s->eis_token = copy(c->eis_token);
	s->gateway_url = copy(c->gateway_url);
	s->gateway_token = copy(c->gateway_token);
	s->report_token = copy(c->report_token);
	s->check_interval_ns = or_default(c->check_interval_ns, CHECK_INTERVAL_NS);
	s->order_expiry_s = or_default(c->order_expiry_s, ORDER_EXPIRY_S);
	s->verify_limit_ns = or_default(c->verify_limit_ns, VERIFY_LIMIT_NS);
	s->eis_timeout_ns = or_default(c->eis_timeout_ns, EIS_TIMEOUT_NS);
	s->code_keep_ns = or_default(c->code_keep_ns, CODE_KEEP_NS);
	for (enum resource_id id = 0; id < RESOURCES; id++)
		s->item_sql[id] = resource_item_sql(resource_get(id), &s->arena);
	throttle_init(&s->throttle, c->loop, c->throttle_limit);
	throttle_init(&s->guesses, c->loop, guess_limit(c));
}

static int check_url(struct server *s, const char *what, const char *url,
		     struct err *err)
{
	struct http_call *c = http_call_new(s->net, SERVER_PARTY, "GET", err, "%s/", url);

	if (!c)
		return err_prefix(err, "URL of the %s", what);
	http_call_cancel(c);
	return 0;
}

static int check_config(struct server *s, struct err *err)
{
	if (s->order_expiry_s > ORDER_EXPIRY_MAX_S)
		return err_set(err, ERR_INVALID,
			       "order expiry: %lld s, expected 1 to %d",
			       (long long)s->order_expiry_s, ORDER_EXPIRY_MAX_S);
	if (s->gateway_url)
		return check_url(s, "gateway", s->gateway_url, err);
	return check_url(s, "EIS", s->eis_url, err);
}

/*
 * Alone on a file and on a real clock, a server need not wait for the disk.
 * Workers do: what one has committed, the others act upon at once.
 */
static struct syncer *find_syncer(struct server *s)
{
	const char *path = s->share ? NULL : store_log_path(s->store);
	struct syncer *y = path ? syncer_open(s->loop, path) : NULL;

	if (y)
		store_sync_elsewhere(s->store);
	return y;
}

struct server *server_new(const struct server_config *config, struct err *err)
{
	struct server *s = calloc(1, sizeof(*s));
	char purpose[32];
	int64_t boot;

	assert(s);
	configure(s, config);
	s->handler.handle = handle;
	s->due.fire = due_fired;
	chases_init(s);
	s->due_ms = INT64_MAX;
	turn_init(s);
	if (check_config(s, err) < 0)
		goto fail;
	join(s);
	boot = count_boot(s->store);
	rng_init(&s->ids, config->seed, SERVER_PARTY,
		 (struct str){ purpose, (size_t)snprintf(purpose, sizeof(purpose),
				"ids-%lld", (long long)boot) });
	auth_init(&s->auth, s->loop, s->store, config->seed, boot,
		  config->kdf_iterations ? config->kdf_iterations : KDF_ITERATIONS);
	load_page_key(s);
	if (store_commit(s->store, err) < 0)
		goto fail;
	turn_sync_by(s, config->syncer ? config->syncer : find_syncer(s));
	turn_watch(s, true);
	take_up(s);
	return s;
fail:
	server_free(s);
	return NULL;
}

void server_free(struct server *s)
{
	if (!s)
		return;
	/* The exchanges are gone; what was written stays. */
	turn_free(s);
	chases_release(s);
	if (s->bell.ready)
		loop_unwatch(s->loop, &s->bell);
	loop_disarm(s->loop, &s->due);
	arena_release(&s->scratch);
	arena_release(&s->arena);
	throttle_release(&s->throttle);
	throttle_release(&s->guesses);
	auth_forget(&s->auth);
	free(s->eis_url);
	free(s->eis_token);
	free(s->gateway_url);
	free(s->gateway_token);
	free(s->report_token);
	free(s);
}

static void set_token(char **token, const char *to)
{
	free(*token);
	*token = copy(to);
}

void server_reconfigure(struct server *s, const struct server_config *config)
{
	set_token(&s->eis_token, config->eis_token);
	set_token(&s->gateway_token, config->gateway_token);
	set_token(&s->report_token, config->report_token);
	auth_forget(&s->auth);	/* another worker may have renewed what is there */
	s->throttle.limit = config->throttle_limit;
	s->guesses.limit = guess_limit(config);
}

void server_too_large(struct http_exchange *x, size_t max)
{
	routes_too_large(x, max);
}

void server_malformed(struct http_exchange *x, int status, const char *why)
{
	routes_malformed(x, status, why);
}

struct http_handler *server_handler(struct server *s)
{
	return &s->handler;
}

/* ---- What an administrator sets up. ------------------------------------ */

/*
 * Each is committed at once, because the loop may not run yet; but within a
 * turn that wrote before, with the rest of it.
 */
static bool begin_setup(struct server *s)
{
	bool writing = s->setting_up || store_writing(s->store);

	if (!writing)
		turn_watch(s, false);
	store_begin(s->store);
	return writing;
}

static int end_setup(struct server *s, bool was_writing, int rc, struct err *err)
{
	if (was_writing)
		return rc;	/* the end of the turn tells */
	if (turn_commit(s, err) < 0)
		rc = -1;
	turn_watch(s, true);
	arena_clear(&s->scratch);
	return rc;
}

void server_begin_setup(struct server *s)
{
	assert(!s->setting_up);
	turn_settle(s);		/* what requests did stands by itself */
	begin_setup(s);
	s->setting_up = true;
}

int server_end_setup(struct server *s, int rc, struct err *err)
{
	assert(s->setting_up);
	s->setting_up = false;
	if (rc < 0)
		store_give_up(s->store, err);
	rc = end_setup(s, false, rc, err);
	auth_forget(&s->auth);
	return rc;
}

int server_add_account(struct server *s, int64_t customer_id, struct str name,
		       struct err *err)
{
	bool writing = begin_setup(s);
	struct stmt *q = store_sql(s->store, SQL_ACCOUNT_SET);

	stmt_run(stmt_str(stmt_int(q, customer_id), name.p ? name : STR("")));
	return end_setup(s, writing, 0, err);
}

static int check_account(struct server *s, int64_t customer_id, struct err *err)
{
	struct stmt *q = store_sql(s->store, SQL_ACCOUNT_GET);

	if (!stmt_row(stmt_int(q, customer_id)))
		return err_set(err, ERR_NOT_FOUND, "account %lld: not known",
			       (long long)customer_id);
	stmt_end(q);
	return 0;
}

int server_add_user(struct server *s, int64_t customer_id, struct str name,
		    struct str password, enum server_role role,
		    struct err *err)
{
	bool writing = begin_setup(s);
	int rc = check_account(s, customer_id, err);

	if (rc == 0)
		rc = auth_add_user(&s->auth, customer_id, name, password, role, err);
	return end_setup(s, writing, rc, err);
}

void server_make_secret(struct server *s, struct str text, struct server_secret *out)
{
	auth_make_secret(&s->auth, text, out);
}

int server_set_user(struct server *s, int64_t customer_id, struct str name,
		    const struct server_secret *password, enum server_role role,
		    struct err *err)
{
	bool writing = begin_setup(s);
	int rc = check_account(s, customer_id, err);

	if (rc == 0)
		rc = auth_set_user(&s->auth, customer_id, name, password, role, err);
	return end_setup(s, writing, rc, err);
}

int server_set_api_key(struct server *s, struct str user, struct str key_id,
		       const struct server_secret *secret, struct err *err)
{
	bool writing = begin_setup(s);

	return end_setup(s, writing, auth_set_key(&s->auth, user, key_id, secret, err), err);
}

int server_add_api_key(struct server *s, struct str user, struct str key_id,
		       struct str secret, struct err *err)
{
	bool writing = begin_setup(s);

	return end_setup(s, writing,
			 auth_add_key(&s->auth, user, key_id, secret, err), err);
}

/* Whose is that EID?  -1 if it is another device's. */
static int check_eid(struct server *s, struct str device_id, struct str eid,
		     struct err *err)
{
	struct stmt *q = store_sql(s->store, SQL_DEVICE_BY_EID);
	int rc = 0;

	if (!stmt_row(stmt_str(q, eid)))
		return 0;
	if (!str_eq(stmt_peek(q, 0), device_id))
		rc = err_set(err, ERR_STATE, "EID %.*s: device %.*s has it already",
			     STRF(eid), STRF(stmt_peek(q, 0)));
	stmt_end(q);
	return rc;
}

int server_add_code(struct server *s, int64_t customer_id, struct str iccid,
		    struct str carrier, struct str activation_code,
		    struct str confirmation_code, struct err *err)
{
	struct new_code n = { iccid, carrier, activation_code, confirmation_code };
	bool writing = begin_setup(s);
	int rc = check_account(s, customer_id, err);

	if (rc == 0)
		rc = code_register(s, customer_id, n, &s->scratch, err);
	return end_setup(s, writing, rc, err);
}

static int add_device(struct server *s, int64_t customer_id,
		      struct str device_id, struct str eid, struct err *err)
{
	struct stmt *q;
	struct str id;

	if (!device_id_well_formed(device_id))
		return err_set(err, ERR_INVALID,
			       "device id '%.*s': expected four groups of eight hex digits",
			       STRF(device_id));
	if (eid.n && !eid_well_formed(eid))
		return err_set(err, ERR_INVALID, "EID '%.*s': expected 32 digits",
			       STRF(eid));
	id = resource_letters(CASE_UPPER, device_id, &s->scratch);
	if (check_account(s, customer_id, err) < 0 ||
	    check_eid(s, id, eid, err) < 0)
		return -1;
	q = store_sql(s->store, SQL_DEVICE_ADD);
	stmt_str(stmt_int(stmt_str(q, id), customer_id), eid.n ? eid : STR_NONE);
	stmt_run(stmt_int(q, server_now_ms(s)));
	q = store_sql(s->store, SQL_PROFILES_MOVE);
	stmt_run(stmt_int(stmt_str(q, id), customer_id));
	return 0;
}

int server_add_device(struct server *s, int64_t customer_id,
		      struct str device_id, struct str eid, struct err *err)
{
	bool writing = begin_setup(s);

	return end_setup(s, writing,
			 add_device(s, customer_id, device_id, eid, err), err);
}

/* ---- And what he takes away again. ------------------------------------- */

static const struct {
	enum store_sql all, remove;
} lists[] = {
	[SERVER_USERS] = { SQL_USER_NAMES, SQL_USER_REMOVE },
	[SERVER_API_KEYS] = { SQL_KEY_IDS, SQL_KEY_REMOVE },
	[SERVER_DEVICES] = { SQL_DEVICE_IDS, SQL_DEVICE_REMOVE },
};

/* Those in the store that `keep` does not have, in the arena. */
static size_t find_others(struct server *s, enum server_list which,
			  const struct map *keep, struct str **others)
{
	struct stmt *q = store_sql(s->store, lists[which].all);
	size_t n = 0, cap = 0;

	*others = NULL;
	while (stmt_row(q)) {
		struct str *old = *others;

		if (map_get(keep, stmt_peek(q, 0)))
			continue;
		if (n == cap) {
			cap = cap ? 2 * cap : 16;
			*others = arena_array(&s->scratch, cap, sizeof(*old));
			if (n)
				memcpy(*others, old, n * sizeof(*old));
		}
		(*others)[n++] = stmt_text(q, 0, &s->scratch);
	}
	return n;
}

int server_keep_only(struct server *s, enum server_list which,
		     const struct str *names, size_t count, struct err *err)
{
	bool writing = begin_setup(s);
	struct map keep = { 0 };
	struct str *others;
	size_t n;

	/* Device ids are kept in capitals, and the others as they were given. */
	for (size_t i = 0; i < count; i++)
		map_put(&keep, which == SERVER_DEVICES ?
			resource_letters(CASE_UPPER, names[i], &s->scratch) : names[i], s);
	n = find_others(s, which, &keep, &others);
	for (size_t i = 0; i < n; i++)
		stmt_run(stmt_str(store_sql(s->store, lists[which].remove), others[i]));
	/* Operations that wait for a device's report wait no longer. */
	if (which == SERVER_DEVICES && n && s->owner)
		take_up_operations(s);
	if (which == SERVER_USERS && n)
		stmt_run(store_sql(s->store, SQL_KEYS_OF_NOBODY));
	auth_forget(&s->auth);
	map_release(&keep);
	return end_setup(s, writing, 0, err);
}
