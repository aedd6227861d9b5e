/*
 * auth.h - who is asking: HTTP Basic and API keys.
 *
 * Passwords and secrets are kept as PBKDF2-HMAC-SHA256 with their own salt
 * and iteration count.  That is slow on purpose, so what was verified is
 * remembered for a while, as a keyed digest that is of no use elsewhere.
 * Comparisons take the same time wherever they differ, and an unknown name
 * costs as much as a wrong password.
 */
#ifndef SERVER_AUTH_H
#define SERVER_AUTH_H

#include "server/server.h"

enum { AUTH_HASH_SIZE = 32, AUTH_SALT_SIZE = 16, AUTH_NAME_MAX = 128 };
/* Credentials that are remembered: in a set those whose digests begin alike. */
enum { AUTH_CACHE_SETS = 512, AUTH_CACHE_WAYS = 8 };

struct user {
	int64_t customer_id;
	enum server_role role;
	struct str name;
};

/* One verified credential. */
struct auth_entry {
	uint8_t digest[AUTH_HASH_SIZE];
	struct instant until;		/* zero: empty */
	int64_t customer_id;
	enum server_role role;
	char name[AUTH_NAME_MAX + 1];
};

struct auth {
	struct loop *loop;
	struct store *store;
	struct rng rng;
	unsigned iterations;
	uint8_t key[AUTH_HASH_SIZE];	/* of the digests */
	struct auth_entry *cache;	/* set after set; NULL: all are empty */
};

void auth_init(struct auth *auth, struct loop *loop, struct store *store,
	       uint64_t seed, int64_t boot, unsigned iterations);
/* Bytes that must not be guessed; from the seed in a simulated world. */
void auth_fill(struct auth *auth, void *bytes, size_t n);

/* Who sent `x`?  Strings are in its arena.  -1: nobody that we know. */
int auth_check(struct auth *auth, struct http_exchange *x, struct user *user);
/* Does the Authorization header bear `token`?  NULL: anybody may. */
bool auth_bearer(const struct http_exchange *x, const char *token);

int auth_add_user(struct auth *auth, int64_t customer_id, struct str name,
		  struct str password, enum server_role role, struct err *err);
int auth_add_key(struct auth *auth, struct str user, struct str key_id,
		 struct str secret, struct err *err);
/* The same in two steps, of which the first takes long. */
void auth_make_secret(struct auth *auth, struct str secret, struct server_secret *h);
int auth_set_user(struct auth *auth, int64_t customer_id, struct str name,
		  const struct server_secret *password, enum server_role role,
		  struct err *err);
int auth_set_key(struct auth *auth, struct str user, struct str key_id,
		 const struct server_secret *secret, struct err *err);

/* What was verified counts no more: it may have changed.  To be called at the end
 * as well. */
void auth_forget(struct auth *auth);

/* SHA-256, for finding a secret without keeping it. */
void auth_digest(struct str text, uint8_t digest[AUTH_HASH_SIZE]);

#endif
