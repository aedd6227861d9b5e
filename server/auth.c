#include "server/auth.h"

#include "proto/base64.h"
#include "server/digest.h"
#include "server/store.h"

#include <assert.h>
#include <stdlib.h>

enum { PASSWORD_MAX = 1024, KEY_ID_DIGITS = 32, SECRET_DIGITS = 64 };

#define REMEMBER_NS (300 * NS_PER_S)

static_assert(sizeof(((struct server_secret *)0)->salt) == AUTH_SALT_SIZE &&
	      sizeof(((struct server_secret *)0)->hash) == AUTH_HASH_SIZE, "as auth.h has it");

void auth_digest(struct str text, uint8_t digest[AUTH_HASH_SIZE])
{
	digest_sha256(text.p, text.n, digest);
}

static void derive(struct str password, const struct server_secret *h,
		   uint8_t hash[AUTH_HASH_SIZE])
{
	digest_pbkdf2(password.p, password.n, h->salt, sizeof(h->salt),
		      (int)h->iterations, hash);
}

void auth_fill(struct auth *auth, void *bytes, size_t n)
{
	uint8_t more[64];

	assert(n <= sizeof(more));
	rng_fill(&auth->rng, bytes, n);
	/* What outlives the process is no simulation: add what nobody knows. */
	if (store_is_file(auth->store) && digest_random(more, n))
		for (size_t i = 0; i < n; i++)
			((uint8_t *)bytes)[i] ^= more[i];
}

void auth_init(struct auth *auth, struct loop *loop, struct store *store,
	       uint64_t seed, int64_t boot, unsigned iterations)
{
	char purpose[40];
	struct buf b;

	*auth = (struct auth){ .loop = loop, .store = store,
			       .iterations = iterations };
	buf_init(&b, sizeof(purpose));
	buf_printf(&b, "auth-%lld", (long long)boot);
	rng_init(&auth->rng, seed, STR("server"), buf_view(&b));
	buf_release(&b);
	auth_fill(auth, auth->key, sizeof(auth->key));
}

/* ---- What was verified lately. ----------------------------------------- */

static size_t append(uint8_t *text, size_t n, const void *more, size_t more_n)
{
	if (more_n)
		memcpy(text + n, more, more_n);
	return n + more_n;
}

/* kind, name and secret; the name with its length, so that none runs into the
 * next. */
static void credential_digest(const struct auth *auth, char kind,
			      struct str name, struct str secret,
			      uint8_t digest[AUTH_HASH_SIZE])
{
	const unsigned char head[] = { (unsigned char)kind, (unsigned char)name.n };
	uint8_t text[AUTH_HASH_SIZE + sizeof(head) + AUTH_NAME_MAX + PASSWORD_MAX];
	size_t n = 0;

	assert(name.n <= AUTH_NAME_MAX && secret.n <= PASSWORD_MAX);
	n = append(text, n, auth->key, sizeof(auth->key));
	n = append(text, n, head, sizeof(head));
	n = append(text, n, name.p, name.n);
	n = append(text, n, secret.p, secret.n);
	/* Nobody sees it, so the key in front does what an HMAC would, in a
	 * quarter of the time; and this is done for every request. */
	digest_sha256(text, n, digest);
	digest_wipe(text, n);
}

static struct auth_entry *set_of(const struct auth *auth,
				 const uint8_t digest[AUTH_HASH_SIZE])
{
	return auth->cache +
	       (digest[0] | (size_t)digest[1] << 8) % AUTH_CACHE_SETS * AUTH_CACHE_WAYS;
}

static const struct auth_entry *recall(const struct auth *auth,
				       const uint8_t digest[AUTH_HASH_SIZE])
{
	struct instant now = loop_now(auth->loop);

	for (size_t i = 0; auth->cache && i < AUTH_CACHE_WAYS; i++) {
		const struct auth_entry *e = &set_of(auth, digest)[i];

		if (e->until.ns > now.ns &&
		    digest_same(e->digest, digest, AUTH_HASH_SIZE))
			return e;
	}
	return NULL;
}

static void remember(struct auth *auth, const uint8_t digest[AUTH_HASH_SIZE],
		     const struct user *user)
{
	struct auth_entry *e, *set;

	/* Most of it stays untouched, and costs nothing. */
	if (!auth->cache)
		auth->cache = calloc(AUTH_CACHE_SETS * AUTH_CACHE_WAYS, sizeof(*e));
	assert(auth->cache);
	e = set = set_of(auth, digest);
	for (size_t i = 1; i < AUTH_CACHE_WAYS; i++)
		if (set[i].until.ns < e->until.ns)
			e = &set[i];
	*e = (struct auth_entry){
		.until = { loop_now(auth->loop).ns + REMEMBER_NS },
		.customer_id = user->customer_id, .role = user->role,
	};
	memcpy(e->digest, digest, AUTH_HASH_SIZE);
	assert(user->name.n <= AUTH_NAME_MAX);
	memcpy(e->name, user->name.p, user->name.n);
}

void auth_forget(struct auth *auth)
{
	free(auth->cache);
	auth->cache = NULL;
}

/* ---- Checking. --------------------------------------------------------- */

static void read_hash(struct stmt *q, int column, struct server_secret *h)
{
	struct str salt = stmt_peek(q, column + 1), hash;

	*h = (struct server_secret){ .iterations = stmt_i64(q, column) };
	if (salt.n == sizeof(h->salt))
		memcpy(h->salt, salt.p, salt.n);
	hash = stmt_peek(q, column + 2);
	if (hash.n == sizeof(h->hash))
		memcpy(h->hash, hash.p, hash.n);
}

/* The user with what he is known by, or false. */
static bool find_user(struct auth *auth, char kind, struct str name,
		      struct arena *a, struct user *user, struct server_secret *h)
{
	struct stmt *q = store_sql(auth->store, kind == 'k' ? SQL_KEY_GET :
						SQL_USER_GET);

	stmt_str(q, name);
	if (!stmt_row(q))
		return false;
	user->customer_id = stmt_i64(q, 0);
	user->role = (enum server_role)stmt_i64(q, 1);
	read_hash(q, 2, h);
	user->name = kind == 'k' ? stmt_text(q, 5, a) : name;
	stmt_end(q);
	return true;
}

static int verify(struct auth *auth, char kind, struct str name,
		  struct str secret, struct arena *a, struct user *user)
{
	struct server_secret want = { .iterations = auth->iterations };
	uint8_t digest[AUTH_HASH_SIZE], got[AUTH_HASH_SIZE];
	const struct auth_entry *e;
	bool known;

	if (name.n == 0 || name.n > AUTH_NAME_MAX || secret.n > PASSWORD_MAX)
		return -1;
	credential_digest(auth, kind, name, secret, digest);
	if ((e = recall(auth, digest))) {
		*user = (struct user){ e->customer_id, e->role,
			arena_str(a, str_of(e->name)) };
		return 0;
	}
	known = find_user(auth, kind, name, a, user, &want);
	derive(secret, &want, got);
	if (!digest_same(got, want.hash, AUTH_HASH_SIZE) || !known)
		return -1;
	remember(auth, digest, user);
	return 0;
}

/* What stands behind the scheme's name in the Authorization header. */
static struct str credentials(const struct http_exchange *x, const char *scheme)
{
	struct str all = http_header(&x->req.headers, "Authorization"), word;

	all = str_trim(all);
	word = str_split(&all, ' ');
	return str_ieq(word, str_of(scheme)) ? str_trim(all) : STR_NONE;
}

int auth_check(struct auth *auth, struct http_exchange *x, struct user *user)
{
	struct str key = http_header(&x->req.headers, "X-API-KEY-ID");
	struct str basic = credentials(x, "Basic"), pair, name;
	struct err err;

	if (key.p)
		return verify(auth, 'k', key,
			      http_header(&x->req.headers, "X-API-KEY-SECRET"),
			      x->arena, user);
	if (!basic.n || basic.n > 2 * (PASSWORD_MAX + AUTH_NAME_MAX) ||
	    base64_decode(x->arena, basic, &pair, &err) < 0)
		return -1;
	name = str_split(&pair, ':');
	return pair.p ? verify(auth, 'u', name, pair, x->arena, user) : -1;
}

bool auth_bearer(const struct http_exchange *x, const char *token)
{
	struct str got = credentials(x, "Bearer");

	if (!token)
		return true;
	return got.n == strlen(token) && digest_same(got.p, token, got.n);
}

/* ---- Setting up. ------------------------------------------------------- */

void auth_make_secret(struct auth *auth, struct str secret, struct server_secret *h)
{
	h->iterations = auth->iterations;
	auth_fill(auth, h->salt, sizeof(h->salt));
	derive(secret, h, h->hash);
}

static void bind_hash(struct stmt *q, const struct server_secret *h)
{
	stmt_int(q, h->iterations);
	stmt_blob(q, h->salt, sizeof(h->salt));
	stmt_blob(q, h->hash, sizeof(h->hash));
}

int auth_set_user(struct auth *auth, int64_t customer_id, struct str name,
		  const struct server_secret *password, enum server_role role,
		  struct err *err)
{
	struct stmt *q;

	if (name.n == 0 || name.n > AUTH_NAME_MAX ||
	    memchr(name.p, ':', name.n) || !str_is_utf8(name))
		return err_set(err, ERR_INVALID,
			       "user name: expected 1 to %d characters without a colon, found '%.*s'",
			       AUTH_NAME_MAX, STRF(name));
	q = store_sql(auth->store, SQL_USER_SET);
	stmt_int(stmt_int(stmt_str(q, name), customer_id), role);
	bind_hash(q, password);
	stmt_run(q);
	auth_forget(auth);
	return 0;
}

int auth_add_user(struct auth *auth, int64_t customer_id, struct str name,
		  struct str password, enum server_role role, struct err *err)
{
	struct server_secret h;

	if (password.n > PASSWORD_MAX)
		return err_set(err, ERR_INVALID,
			       "password of %.*s: longer than %d bytes", STRF(name),
			       PASSWORD_MAX);
	auth_make_secret(auth, password, &h);
	return auth_set_user(auth, customer_id, name, &h, role, err);
}

static bool is_hex(struct str s, size_t digits)
{
	if (s.n != digits)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!strchr("0123456789abcdefABCDEF", s.p[i]) || !s.p[i])
			return false;
	return true;
}

int auth_set_key(struct auth *auth, struct str user, struct str key_id,
		 const struct server_secret *secret, struct err *err)
{
	struct stmt *q;

	if (!is_hex(key_id, KEY_ID_DIGITS))
		return err_set(err, ERR_INVALID, "API key: expected an id of %d hex digits",
			       KEY_ID_DIGITS);
	q = store_sql(auth->store, SQL_USER_GET);
	if (!stmt_row(stmt_str(q, user)))
		return err_set(err, ERR_NOT_FOUND, "API key: no user '%.*s'",
			       STRF(user));
	stmt_end(q);
	q = store_sql(auth->store, SQL_KEY_SET);
	stmt_str(stmt_str(q, key_id), user);
	bind_hash(q, secret);
	stmt_run(q);
	auth_forget(auth);
	return 0;
}

int auth_add_key(struct auth *auth, struct str user, struct str key_id,
		 struct str secret, struct err *err)
{
	struct server_secret h;

	if (!is_hex(secret, SECRET_DIGITS))
		return err_set(err, ERR_INVALID, "API key: expected a secret of %d hex digits",
			       SECRET_DIGITS);
	auth_make_secret(auth, secret, &h);
	return auth_set_key(auth, user, key_id, &h, err);
}
