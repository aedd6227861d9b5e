/*
 * settings.h - what a server that stays is told: its configuration file, and
 * the options of the command line, which win.
 *
 * Both are read by one table, so a name, its limits and its errors are the
 * same in either.  A secret may be given as env:NAME or file:PATH (beside the
 * file that says so), and then stands in neither.
 *
 * The one rule: no message repeats a line of the file, for it may hold a
 * password.
 */
#ifndef CLI_SETTINGS_H
#define CLI_SETTINGS_H

#include "cli/options.h"
#include "sim/arena.h"
#include "scenarios/value.h"

struct settings_account {
	struct str key;
	struct pos pos;
	int64_t customer_id;
	struct str name;		/* the key, unless given */
};

struct settings_user {
	struct str key;			/* the name to log in with */
	struct pos pos;
	struct str account;		/* key of an account */
	struct str password;
	unsigned role;			/* enum server_role; a plain user unless given */
	bool role_given;
};

struct settings_key {
	struct pos pos;
	struct str user, id, secret;
};

struct settings_device {
	struct pos pos;
	struct str id, account;
	struct str eid;			/* may be empty */
};

/* Zero, and strings without text: not given. */
struct settings {
	struct str listen, admin, db, access_log;
	struct str tls_cert, tls_key, ca_file;
	struct str eis_url, eis_token, gateway_url, gateway_token, report_token;
	int64_t check_interval_ns, order_expiry_ns, verify_limit_ns;
	int64_t eis_timeout_ns, code_keep_ns;
	int64_t grace_ns;		/* for what is under way at the end */
	int64_t request_limit_ns;	/* for a whole request to arrive */
	int64_t idle_limit_ns;		/* of a connection between requests */
	int64_t throttle;		/* requests of a user in 10 s; 0: any number */
	int64_t body_max, connections, connections_per_address;
	int64_t workers;		/* processes that serve */
	int64_t kdf_iterations;		/* of the hash of a new password */
	struct { struct settings_account *list; size_t count; } accounts;
	struct { struct settings_user *list; size_t count; } users;
	struct { struct settings_key *list; size_t count; } api_keys;
	struct { struct settings_device *list; size_t count; } devices;
};

/* What the command line of `esimrig server` gives; texts, read later. */
struct settings_options {
	bool help;
	const char *config, *world, *listen, *admin, *db, *access_log;
	const char *tls_cert, *tls_key, *ca_file;
	const char *eis_url, *eis_token, *gateway_url, *gateway_token, *report_token;
	const char *check_interval, *order_expiry, *verify_limit;
	const char *eis_timeout, *code_keep;
	const char *grace, *request_limit, *idle_limit;
	const char *throttle;
	const char *body_max, *connections, *connections_per_address;
	const char *workers, *kdf_iterations;
};
extern const struct option settings_options[];

/*
 * Read the file, if one is named, and then the options.  -1: `complaints` has
 * a line for everything that is wrong.  Strings are in `a`, NUL-terminated.
 */
int settings_load(const struct settings_options *options, struct arena *a,
		  struct settings *out, struct buf *complaints);
/* Is that `db` none that others could open? */
bool settings_in_memory(struct str db);
/* The account's number, by its key; the file was checked, so it is there. */
int64_t settings_customer(const struct settings *s, struct str account);

#endif
