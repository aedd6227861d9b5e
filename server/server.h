/*
 * server.h - the reference server of the esim_profiles API.
 *
 * Northbound it serves /ws/v1/... as the specification says; southbound it
 * uses docs/southbound.md and nothing else.  All its state is in the store:
 * it can be freed and made again on the same store, and goes on where it was.
 */
#ifndef SERVER_SERVER_H
#define SERVER_SERVER_H

#include "sim/http.h"
#include "sim/rng.h"

struct server;
struct share;
struct store;
struct syncer;

/* `path` NULL or ":memory:": in memory, gone when closed.  See store.h. */
struct store *store_open(const char *path, struct err *err);
/* The file of a store that is to be opened: looked at, and made if there is none,
 * so that realpath() finds it.  ERR_IO: it cannot be opened, and why. */
int store_prepare(const char *path, struct err *err);
void store_close(struct store *st);
/* All of it as bytes, committed or not; free() ends them.  NULL: no memory. */
unsigned char *store_image(struct store *st, size_t *size);
/* A store in memory that begins as that. */
struct store *store_open_image(struct str image, struct err *err);

/* Strings are copied.  Zero numbers mean the defaults in brackets. */
struct server_config {
	struct loop *loop;
	struct network *net;
	struct eventlog *log;		/* not NULL; it need not have a listener */
	uint64_t seed;
	struct store *store;		/* not owned */
	/* One of several on the store, each in a process of its own: what they
	 * share, and whether this is the one that owns what happens by itself
	 * (share.h).  NULL: it is alone, and does everything. */
	struct share *share;
	bool owner;
	struct syncer *syncer;		/* of the store (syncer.h), owned; NULL: what it needs */
	const char *eis_url;		/* "http://eis.rig" */
	const char *eis_token;
	const char *gateway_url;	/* not NULL: commands go there, not to the EIS */
	const char *gateway_token;
	const char *report_token;	/* that devices must send with reports */
	int64_t check_interval_ns;	/* between looks at running transactions [60 s] */
	int64_t order_expiry_s;		/* of orders at the EIS [3600] */
	int64_t verify_limit_ns;	/* for a device to report a finished step [15 min] */
	int64_t eis_timeout_ns;		/* for one answer of the EIS [10 s] */
	int64_t code_keep_ns;		/* of an activation code after its download [1 h] */
	unsigned throttle_limit;	/* requests of one user in 10 s; 0: any number */
	unsigned kdf_iterations;	/* for new password hashes [100000] */
};

/* Takes up what the store holds unfinished. */
struct server *server_new(const struct server_config *config, struct err *err);
/* Open exchanges must be gone: call network_unlisten() first. */
void server_free(struct server *s);
/* From now on the tokens and the throttle_limit of `config`; the rest of it
 * is not looked at. */
void server_reconfigure(struct server *s, const struct server_config *config);
struct http_handler *server_handler(struct server *s);
/* The answer to a request whose body is over `max` bytes, which the handler does
 * not get to see. */
void server_too_large(struct http_exchange *x, size_t max);
/* The same for one whose head is not HTTP as it should be. */
void server_malformed(struct http_exchange *x, int status, const char *why);

enum server_role { SERVER_ROLE_READ_ONLY, SERVER_ROLE_USER, SERVER_ROLE_ADMIN };

/* What an administrator sets up; an entry that is there already is replaced. */
int server_add_account(struct server *s, int64_t customer_id, struct str name,
		       struct err *err);
int server_add_user(struct server *s, int64_t customer_id, struct str name,
		    struct str password, enum server_role role,
		    struct err *err);
/* `key_id` has 32 hex digits, `secret` 64; the key acts as the user. */
int server_add_api_key(struct server *s, struct str user, struct str key_id,
		       struct str secret, struct err *err);
/* A registered activation code; `confirmation_code` may be empty. */
int server_add_code(struct server *s, int64_t customer_id, struct str iccid,
		    struct str carrier, struct str activation_code,
		    struct str confirmation_code, struct err *err);
/* `eid` may be empty: then it stays as it is, or the first report names it. */
int server_add_device(struct server *s, int64_t customer_id,
		      struct str device_id, struct str eid, struct err *err);

/*
 * What is kept of a password or of a key's secret.  To make it takes tens of
 * milliseconds, on purpose, so it may be made before anybody has to wait; these
 * do then what server_add_user() and server_add_api_key() do.
 */
struct server_secret {
	int64_t iterations;
	uint8_t salt[16], hash[32];
};
void server_make_secret(struct server *s, struct str text, struct server_secret *out);
int server_set_user(struct server *s, int64_t customer_id, struct str name,
		    const struct server_secret *password, enum server_role role,
		    struct err *err);
int server_set_api_key(struct server *s, struct str user, struct str key_id,
		       const struct server_secret *secret, struct err *err);

/*
 * What is set up between these two, in one turn, is written by the second one,
 * all of it: or nothing, if `rc` is negative or it is itself.
 */
void server_begin_setup(struct server *s);
int server_end_setup(struct server *s, int rc, struct err *err);

/*
 * Whoever is not among `names` (user names, key ids, device ids) loses access:
 * a user with his keys; a device's reports and actions on it are refused.
 * What there is of their past stays: transactions, operations, profiles.
 */
enum server_list { SERVER_USERS, SERVER_API_KEYS, SERVER_DEVICES };
int server_keep_only(struct server *s, enum server_list which,
		     const struct str *names, size_t count, struct err *err);

#endif
