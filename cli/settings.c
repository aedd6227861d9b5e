#include "cli/settings.h"
#include "cli/settings_form.h"

#include "proto/device_id.h"
#include "proto/eid.h"
#include "scenarios/load.h"
#include "scenarios/yaml.h"
#include "server/server.h"
#include "sim/map.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define AT(type, field) .offset = offsetof(struct type, field)
#define SCHEMA(keys_) .keys = (keys_), .key_count = COUNT(keys_)
#define POS(type) .size = sizeof(struct type), .pos_offset = offsetof(struct type, pos)

enum {
	SECRET_MAX = 1024,
	TEXT_MAX = 4096,
	KEY_ID_DIGITS = 32,
	KEY_SECRET_DIGITS = 64,
	BODY_MAX = 1 << 30,
	THROTTLE_MAX = 1000000,
	CONNECTIONS_MAX = 1000000,
	WORKERS_MAX = 64,
	USER_NAME_MAX = 128,
	KDF_ITERATIONS_MIN = 1000,	/* RFC 8018, section 4.2 */
	KDF_ITERATIONS_MAX = 100000000,
};

/* ---- Values that no kind of key covers. --------------------------------- */

static struct str *field_of(const struct schema_key *key, void *object)
{
	return (struct str *)(void *)((char *)object + key->offset);
}

/* What stands in a file, without the line's end that editors leave. */
static int read_secret_file(struct loader *l, const struct value *v,
			    const char *path, struct str *out)
{
	char text[SECRET_MAX + 2];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));
	int why = errno;

	if (fd >= 0)
		close(fd);
	if (n < 0)
		return diag_add(l->diag, v->pos, v->width, "cannot read %s: %s",
				path, strerror(why));
	*out = (struct str){ text, (size_t)n };
	while (out->n && (out->p[out->n - 1] == '\n' || out->p[out->n - 1] == '\r'))
		out->n--;
	if (out->n > SECRET_MAX || memchr(out->p, '\0', out->n))
		return diag_add(l->diag, v->pos, v->width,
				"%s: expected one secret of at most %d bytes", path,
				SECRET_MAX);
	*out = arena_str(l->arena, *out);
	return 0;
}

/* Relative to the file that names it; to where we are, on a command line. */
static const char *beside(struct loader *l, const struct value *v, struct str path)
{
	const char *name = v->pos.source ? v->pos.source->name.p : "";
	const char *slash = strrchr(name, '/');

	if (!slash || path.p[0] == '/')
		return arena_str(l->arena, path).p;
	return arena_printf(l->arena, "%.*s/%.*s", (int)(slash - name), name,
			    STRF(path)).p;
}

static int find_secret(struct loader *l, const struct value *v, struct str *out)
{
	struct str env = STR("env:"), file = STR("file:"), rest = v->text;
	const char *value;

	if (str_starts(v->text, env)) {
		rest = (struct str){ rest.p + env.n, rest.n - env.n };
		value = getenv(arena_str(l->arena, rest).p);
		if (!value)
			return diag_add(l->diag, v->pos, v->width,
					"the environment has no variable %.*s",
					STRF(rest));
		*out = arena_str(l->arena, str_of(value));
		return 0;
	}
	if (!str_starts(v->text, file)) {
		*out = arena_str(l->arena, v->text);
		return 0;
	}
	rest = (struct str){ rest.p + file.n, rest.n - file.n };
	if (rest.n == 0)
		return diag_add(l->diag, v->pos, v->width, "file: needs a path");
	return read_secret_file(l, v, beside(l, v, rest), out);
}

int settings_secret(struct loader *l, const struct schema_key *key,
		    const struct value *v, void *object)
{
	struct str *out = field_of(key, object);

	/* What it is instead must not be shown. */
	if (v->kind != VALUE_STR && v->kind != VALUE_INT && v->kind != VALUE_FLOAT)
		return diag_add(l->diag, v->pos, v->width,
				"'%s': expected %s, found %s", key->name, key->takes,
				value_kind_name(v->kind));
	if (find_secret(l, v, out) < 0)
		return -1;
	/* It stands in a line of a header: RFC 7617, section 2, and RFC 6750, 2.1. */
	for (size_t i = 0; i < out->n; i++)
		if ((unsigned char)out->p[i] < ' ' || out->p[i] == 0x7F)
			return diag_add(l->diag, v->pos, v->width,
					"'%s': expected one line without control "
					"characters, found one as byte %zu", key->name,
					i + 1);
	if (out->n >= (size_t)key->min && out->n <= SECRET_MAX)
		return 0;
	return diag_add(l->diag, v->pos, v->width,
			"'%s' has %zu bytes; expected %lld to %d", key->name, out->n,
			(long long)key->min, SECRET_MAX);
}

/* All strings of the settings are plain and end with a NUL. */
int settings_text(struct loader *l, const struct schema_key *key,
		  const struct value *v, void *object)
{
	if (v->kind == VALUE_LIST || v->kind == VALUE_MAP || v->kind == VALUE_NULL)
		return load_mismatch(l, v, key->takes);
	if (memchr(v->text.p, '\0', v->text.n))
		return diag_add(l->diag, v->pos, v->width, "'%s' holds a NUL byte",
				key->name);
	if (v->text.n == 0 || v->text.n > TEXT_MAX)
		return diag_add(l->diag, v->pos, v->width,
				"'%s' has %zu bytes; expected 1 to %d", key->name,
				v->text.n, TEXT_MAX);
	*field_of(key, object) = arena_str(l->arena, v->text);
	return 0;
}

int settings_address(struct loader *l, const struct schema_key *key,
		     const struct value *v, void *object)
{
	struct str rest = v->text, port;
	uint64_t number;

	if (settings_text(l, key, v, object) < 0)
		return -1;
	port = rest;
	for (size_t i = 0; i < rest.n; i++)
		if (rest.p[i] == ':')
			port = (struct str){ rest.p + i + 1, rest.n - i - 1 };
	if (port.n == rest.n || port.n + 1 == rest.n ||
	    str_to_u64(port, UINT16_MAX, &number) < 0)
		return load_mismatch(l, v, key->takes);
	return 0;
}

/* As sim/http.h takes it: a scheme, a host, and nothing that ends a line of HTTP. */
static bool is_url(struct str s)
{
	struct str http = STR("http://"), https = STR("https://");
	size_t host = str_starts(s, http) ? http.n : str_starts(s, https) ? https.n : s.n;

	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= ' ' || s.p[i] == 0x7F)
			return false;
	return host < s.n && s.p[host] != '/' && s.p[host] != '?';
}

int settings_url(struct loader *l, const struct schema_key *key,
		 const struct value *v, void *object)
{
	if (settings_text(l, key, v, object) < 0)
		return -1;
	return is_url(v->text) ? 0 : load_mismatch(l, v, key->takes);
}

int settings_base_url(struct loader *l, const struct schema_key *key,
		      const struct value *v, void *object)
{
	struct str *url = field_of(key, object), base;

	if (settings_url(l, key, v, object) < 0)
		return -1;
	base = *url;
	while (base.p[base.n - 1] == '/')	/* not those before the host */
		base.n--;
	if (base.n < url->n)
		*url = arena_str(l->arena, base);
	return 0;
}

static bool is_hex(struct str s, size_t digits)
{
	for (size_t i = 0; i < s.n; i++)
		if (!strchr("0123456789abcdefABCDEF", s.p[i]) || !s.p[i])
			return false;
	return s.n == digits;
}

static int load_key_id(struct loader *l, const struct schema_key *key,
		       const struct value *v, void *object)
{
	if (settings_text(l, key, v, object) < 0)
		return -1;
	return is_hex(v->text, KEY_ID_DIGITS) ? 0 : load_mismatch(l, v, key->takes);
}

static int load_key_secret(struct loader *l, const struct schema_key *key,
			   const struct value *v, void *object)
{
	if (settings_secret(l, key, v, object) < 0)
		return -1;
	if (is_hex(*field_of(key, object), KEY_SECRET_DIGITS))
		return 0;
	return diag_add(l->diag, v->pos, v->width, "'%s': expected %d hex digits",
			key->name, KEY_SECRET_DIGITS);
}

/* ---- The table. --------------------------------------------------------- */

#define TEXT(name_, field, what, help_) \
	{ name_, KEY_CUSTOM, AT(settings, field), .read = settings_text, \
	  .takes = what, .help = help_ }
#define ADDRESS(name_, field, help_) \
	{ name_, KEY_CUSTOM, AT(settings, field), .read = settings_address, \
	  .takes = "an address and a port such as 127.0.0.1:8080", .help = help_ }
#define URL(name_, field) \
	{ name_, KEY_CUSTOM, AT(settings, field), .read = settings_base_url, \
	  .takes = SETTINGS_URL }
#define SECRET(type, name_, field, min_, needed) \
	{ name_, KEY_CUSTOM, needed, AT(type, field), .min = min_, .read = settings_secret, \
	  .takes = "a secret, env:NAME or file:PATH" }
#define DURATION(name_, field, min_) \
	{ name_, KEY_DURATION, AT(settings, field), .min = min_ }
#define NUMBER(name_, field, max_) \
	{ name_, KEY_INT, AT(settings, field), .min = 1, .max = max_ }

static const struct schema_key account_keys[] = {
	{ "customer-id", KEY_INT, true, AT(settings_account, customer_id), .min = 1,
	  .max = INT64_C(1) << 53 },
	{ "name", KEY_CUSTOM, AT(settings_account, name), .read = settings_text,
	  .takes = "a string" },
};
static const struct schema account_schema = {
	.name = "an account", POS(settings_account), SCHEMA(account_keys),
};

static const struct schema_word role_words[] = {
	{ "user", SERVER_ROLE_USER, NULL },
	{ "read-only", SERVER_ROLE_READ_ONLY, NULL },
	{ "admin", SERVER_ROLE_ADMIN, NULL },
	{ NULL, 0, NULL }
};

static const struct schema_key user_keys[] = {
	{ "account", KEY_CUSTOM, true, AT(settings_user, account), .read = settings_text,
	  .takes = "the name of an account" },
	SECRET(settings_user, "password", password, 1, true),
	{ "role", KEY_WORD, AT(settings_user, role),
	  .given = offsetof(struct settings_user, role_given), .words = role_words },
};
static const struct schema user_schema = {
	.name = "a user", POS(settings_user), SCHEMA(user_keys),
};

static const struct schema_key api_key_keys[] = {
	{ "user", KEY_CUSTOM, true, AT(settings_key, user), .read = settings_text,
	  .takes = "the name of a user" },
	{ "id", KEY_CUSTOM, true, AT(settings_key, id), .read = load_key_id,
	  .takes = "32 hex digits" },
	{ "secret", KEY_CUSTOM, true, AT(settings_key, secret), .min = 1,
	  .read = load_key_secret, .takes = "a secret, env:NAME or file:PATH" },
};
static const struct schema api_key_schema = {
	.name = "an API key", POS(settings_key), SCHEMA(api_key_keys),
};

static const struct schema_key device_keys[] = {
	{ "device-id", KEY_CUSTOM, true, AT(settings_device, id), .read = check_device_id,
	  .takes = "a device id" },
	{ "account", KEY_CUSTOM, true, AT(settings_device, account), .read = settings_text,
	  .takes = "the name of an account" },
	{ "eid", KEY_CUSTOM, AT(settings_device, eid), .read = check_eid,
	  .takes = "32 digits" },
};
static const struct schema device_schema = {
	.name = "a device", POS(settings_device), SCHEMA(device_keys),
};

static const struct schema_key settings_keys[] = {
	ADDRESS("listen", listen, NULL),
	ADDRESS("admin", admin, NULL),
	TEXT("db", db, "a path", NULL),
	TEXT("access-log", access_log, "a path, or - for standard output", NULL),
	TEXT("tls-cert", tls_cert, "a path", NULL),
	TEXT("tls-key", tls_key, "a path", NULL),
	TEXT("ca-file", ca_file, "a path", NULL),
	URL("eis-url", eis_url),
	SECRET(settings, "eis-token", eis_token, 1, false),
	URL("gateway-url", gateway_url),
	SECRET(settings, "gateway-token", gateway_token, 1, false),
	SECRET(settings, "report-token", report_token, 1, false),
	DURATION("check-interval", check_interval_ns, NS_PER_S),
	{ "order-expiry", KEY_DURATION, AT(settings, order_expiry_ns), .min = NS_PER_S,
	  .max = 24 * 3600 * NS_PER_S },
	DURATION("verify-limit", verify_limit_ns, NS_PER_S),
	DURATION("eis-timeout", eis_timeout_ns, NS_PER_S),
	DURATION("code-keep", code_keep_ns, NS_PER_S),
	DURATION("grace", grace_ns, NS_PER_MS),
	DURATION("request-limit", request_limit_ns, NS_PER_MS),
	DURATION("idle-limit", idle_limit_ns, NS_PER_MS),
	{ "throttle", KEY_INT, AT(settings, throttle), .max = THROTTLE_MAX },
	NUMBER("body-max", body_max, BODY_MAX),
	NUMBER("connections", connections, CONNECTIONS_MAX),
	NUMBER("connections-per-address", connections_per_address, CONNECTIONS_MAX),
	NUMBER("workers", workers, WORKERS_MAX),
	{ "kdf-iterations", KEY_INT, AT(settings, kdf_iterations), .min = KDF_ITERATIONS_MIN,
	  .max = KDF_ITERATIONS_MAX },
	{ "accounts", KEY_NAMED, AT(settings, accounts), .of = &account_schema },
	{ "users", KEY_NAMED, AT(settings, users), .of = &user_schema },
	{ "api-keys", KEY_LIST, AT(settings, api_keys), .of = &api_key_schema },
	{ "devices", KEY_LIST, AT(settings, devices), .of = &device_schema },
};
static const struct schema settings_schema = {
	.name = "the configuration", .size = sizeof(struct settings),
	.pos_offset = SCHEMA_NO_POS, SCHEMA(settings_keys),
};

#define OPTION(name_, field, argument_, help_) \
	{ name_, '\0', OPTION_TEXT, offsetof(struct settings_options, field), \
	  argument_, help_, 0 }

const struct option settings_options[] = {
	OPTION("config", config, "FILE",
	       "Read these options, and accounts, users, API keys and devices, from a "
	       "YAML file; what is on the command line wins"),
	OPTION("world", world, "FILE",
	       "Live in the world of that file (world.json, docs/southbound.md), in memory; "
	       "no other option counts"),
	OPTION("listen", listen, "ADDR:PORT",
	       "Where clients connect; port 0 takes a free one (default: 127.0.0.1:8080)"),
	OPTION("db", db, "FILE", "The database; made if it is not there"),
	OPTION("workers", workers, "N",
	       "Processes that serve, all at the same address and on the same database "
	       "(default: 1)"),
	OPTION("admin", admin, "ADDR:PORT",
	       "Serve /metrics and /healthz there (default: nowhere)"),
	OPTION("access-log", access_log, "FILE",
	       "A JSON line for every request; - is standard output"),
	OPTION("eis-url", eis_url, "URL", "The EIS (default: http://eis.rig)"),
	OPTION("eis-token", eis_token, "SECRET",
	       "What the EIS wants to see; better as env:NAME or file:PATH"),
	OPTION("gateway-url", gateway_url, "URL",
	       "Command devices at that gateway rather than through the EIS"),
	OPTION("gateway-token", gateway_token, "SECRET",
	       "What the gateway wants to see, given likewise"),
	OPTION("report-token", report_token, "SECRET",
	       "What devices must send with their reports, given likewise"),
	OPTION("ca-file", ca_file, "FILE",
	       "Certificates of those who may vouch for an https EIS (default: the "
	       "machine's)"),
	OPTION("tls-cert", tls_cert, "FILE", "Serve https with this chain (PEM)"),
	OPTION("tls-key", tls_key, "FILE", "The certificate's private key (PEM)"),
	OPTION("check-interval", check_interval, "TIME",
	       "Between two looks at a running transaction (default: 60s)"),
	OPTION("order-expiry", order_expiry, "TIME",
	       "How long an order stays at the EIS, at most 24h (default: 1h)"),
	OPTION("verify-limit", verify_limit, "TIME",
	       "For a device to report a finished step (default: 15min)"),
	OPTION("eis-timeout", eis_timeout, "TIME",
	       "For one answer of the EIS (default: 10s)"),
	OPTION("code-keep", code_keep, "TIME",
	       "How long an activation code is kept after its download (default: 1h)"),
	OPTION("grace", grace, "TIME",
	       "For requests under way when told to stop (default: 30s)"),
	OPTION("request-limit", request_limit, "TIME",
	       "For a whole request to arrive (default: 30s)"),
	OPTION("idle-limit", idle_limit, "TIME",
	       "Of a connection between requests (default: 60s)"),
	OPTION("throttle", throttle, "N",
	       "Requests of one user in any ten seconds; 0 is any number (default: 1000)"),
	OPTION("body-max", body_max, "BYTES", "Of a request (default: 16 MiB)"),
	OPTION("connections", connections, "N",
	       "At a time (default: what the descriptors allow)"),
	OPTION("connections-per-address", connections_per_address, "N",
	       "From one address at a time (default: no limit)"),
	OPTION("kdf-iterations", kdf_iterations, "N",
	       "What it costs to guess a password that is stored from now on; less is for "
	       "tests (default: 100000)"),
	{ "help", 'h', OPTION_FLAG, offsetof(struct settings_options, help), NULL,
	  "Say what this does, and end", 0 },
	{ 0 }
};

/* ---- Reading. ----------------------------------------------------------- */

static int load_file(struct loader *l, const struct schema *schema,
		     const char *path, void *out)
{
	const struct source *source = yaml_read(path, (struct pos){ 0 }, l->arena,
						l->diag);
	const struct value *root;

	root = source ? yaml_parse(source, l->arena, l->diag) : NULL;
	return root ? load_object(l, schema, root, out) : -1;
}

/* A text of the command line, read as if it stood in the file. */
static int load_option(struct loader *l, const struct schema *schema,
		       const struct option *o, const char *text, void *out)
{
	const struct schema_key *key = schema_find(schema, str_of(o->name));
	struct value *v;
	struct source *where;

	if (!key)
		return 0;		/* config, world, help */
	where = ARENA_NEW(l->arena, struct source);
	where->name = arena_printf(l->arena, "--%s", o->name);
	v = value_str(l->arena, str_of(text));
	if (key->kind == KEY_INT)
		yaml_resolve(v);
	v->pos.source = where;
	return load_key(l, key, v, out);
}

static int load_options(struct loader *l, const struct settings_form *form,
			const void *options, void *out)
{
	int rc = 0;

	for (const struct option *o = form->options; o->name; o++) {
		const char *text;

		if (o->kind != OPTION_TEXT)
			continue;
		text = *(const char *const *)(const void *)((const char *)options +
							    o->offset);
		if (text)
			rc |= load_option(l, form->schema, o, text, out);
	}
	return rc;
}

/* ---- What no row can say. ----------------------------------------------- */

static const struct settings_account *find_account(const struct settings *s,
						   struct str key)
{
	for (size_t i = 0; i < s->accounts.count; i++)
		if (str_eq(s->accounts.list[i].key, key))
			return &s->accounts.list[i];
	return NULL;
}

int64_t settings_customer(const struct settings *s, struct str account)
{
	const struct settings_account *a = find_account(s, account);

	return a ? a->customer_id : 0;
}

static int check_account_name(struct loader *l, const struct settings *s,
			      struct pos pos, struct str name)
{
	if (find_account(s, name))
		return 0;
	return diag_add(l->diag, pos, 1, "account '%.*s' is not among 'accounts'",
			STRF(name));
}

static int check_accounts(struct loader *l, struct settings *s)
{
	int rc = 0;

	for (size_t i = 0; i < s->accounts.count; i++) {
		struct settings_account *a = &s->accounts.list[i];

		if (!a->name.n)
			a->name = a->key;
		for (size_t j = 0; j < i; j++)
			if (s->accounts.list[j].customer_id == a->customer_id)
				rc = diag_add(l->diag, a->pos, 1,
					      "accounts '%.*s' and '%.*s' have the same customer-id",
					      STRF(s->accounts.list[j].key), STRF(a->key));
	}
	return rc;
}

static int check_names(struct loader *l, const struct settings *s)
{
	int rc = 0;

	for (size_t i = 0; i < s->users.count; i++)
		rc |= check_account_name(l, s, s->users.list[i].pos,
					 s->users.list[i].account);
	for (size_t i = 0; i < s->devices.count; i++)
		rc |= check_account_name(l, s, s->devices.list[i].pos,
					 s->devices.list[i].account);
	for (size_t i = 0; i < s->api_keys.count; i++) {
		const struct settings_key *k = &s->api_keys.list[i];
		bool known = false;

		for (size_t j = 0; j < s->users.count; j++)
			known = known || str_eq(s->users.list[j].key, k->user);
		if (!known)
			rc = diag_add(l->diag, k->pos, 1,
				      "user '%.*s' is not among 'users'", STRF(k->user));
	}
	return rc;
}

/* HTTP Basic ends a name with the colon. */
static int check_user_names(struct loader *l, const struct settings *s)
{
	int rc = 0;

	for (size_t i = 0; i < s->users.count; i++) {
		struct str name = s->users.list[i].key;

		if (name.n == 0 || name.n > USER_NAME_MAX || memchr(name.p, ':', name.n))
			rc = diag_add(l->diag, s->users.list[i].pos, 1,
				      "user name: expected 1 to %d bytes without a colon",
				      USER_NAME_MAX);
	}
	return rc;
}

/* Ids are known in any case. */
static struct str upper(struct arena *a, struct str s)
{
	char *p = arena_alloc(a, s.n + 1);

	for (size_t i = 0; i < s.n; i++)
		p[i] = (char)(s.p[i] >= 'a' && s.p[i] <= 'z' ? s.p[i] - 'a' + 'A' : s.p[i]);
	p[s.n] = '\0';
	return (struct str){ p, s.n };
}

/* The later one would count, maybe for another account, and nobody be told. */
static int check_repeated(struct loader *l, const struct settings *s)
{
	struct map seen = { 0 }, ids = { 0 };
	int rc = 0;

	for (size_t i = 0; i < s->devices.count; i++) {
		struct settings_device *d = &s->devices.list[i];
		struct str id = upper(l->arena, d->id);

		if (map_get(&seen, id))
			rc = diag_add(l->diag, d->pos, 1, "device id %.*s is there already",
				      STRF(d->id));
		map_put(&seen, id, d);
	}
	for (size_t i = 0; i < s->api_keys.count; i++) {
		struct settings_key *k = &s->api_keys.list[i];

		if (map_get(&ids, k->id))
			rc = diag_add(l->diag, k->pos, 1, "API key %.*s is there already",
				      STRF(k->id));
		map_put(&ids, k->id, k);
	}
	map_release(&seen);
	map_release(&ids);
	return rc;
}

/* What SQLite takes for a name that is no file's. */
bool settings_in_memory(struct str db)
{
	return str_is(db, ":memory:");
}

static int check_whole(struct loader *l, void *settings)
{
	struct settings *s = settings;
	int rc = check_accounts(l, s) | check_names(l, s) | check_user_names(l, s) |
		 check_repeated(l, s);

	for (size_t i = 0; i < s->users.count; i++)
		if (!s->users.list[i].role_given)
			s->users.list[i].role = SERVER_ROLE_USER;
	if (!s->db.n)
		rc = diag_add(l->diag, (struct pos){ 0 }, 0,
			      "which database? Give --db FILE, or 'db' in the configuration");
	if (s->workers > 1 && s->db.n && settings_in_memory(s->db))
		rc = diag_add(l->diag, (struct pos){ 0 }, 0,
			      "workers: %lld processes cannot share a database in memory; name "
			      "a file", (long long)s->workers);
	if (!s->tls_cert.n != !s->tls_key.n)
		rc = diag_add(l->diag, (struct pos){ 0 }, 0,
			      "tls-cert and tls-key: one needs the other");
	return rc;
}

static void set_defaults(struct settings *s)
{
	*s = (struct settings){
		.listen = STR("127.0.0.1:8080"), .grace_ns = 30 * NS_PER_S,
		.request_limit_ns = 30 * NS_PER_S, .idle_limit_ns = 60 * NS_PER_S,
		.body_max = 16 << 20, .throttle = 1000, .workers = 1,
		.kdf_iterations = 100000,
	};
}

/* "found a string 'x'" without the x, which may be a password in a wrong place. */
static struct str without_value(struct str message)
{
	static const char word[] = ", found ";
	ptrdiff_t found = str_find(message, str_of(word)), quote;
	struct str rest = message;

	if (found < 0)
		return message;
	rest = (struct str){ message.p + found, message.n - (size_t)found };
	quote = str_find(rest, STR(" '"));
	return quote < 0 ? message : (struct str){ message.p, (size_t)(found + quote) };
}

/* Places and words, but never the line itself. */
static void print(const struct diag *d, struct buf *out)
{
	for (size_t i = 0; i < d->count; i++) {
		const struct diag_item *item = &d->items[i];

		if (item->pos.source)
			buf_printf(out, "%.*s", STRF(item->pos.source->name));
		if (item->pos.source && item->pos.line)
			buf_printf(out, ":%u:%u", item->pos.line, item->pos.column);
		buf_printf(out, "%s%.*s", item->pos.source ? ": " : "",
			   STRF(item->pos.line ? without_value(item->message) :
				item->message));
		if (item->hint.n)
			buf_printf(out, "; %.*s", STRF(item->hint));
		buf_char(out, '\n');
	}
	if (d->dropped)
		buf_printf(out, "and %zu more errors\n", d->dropped);
}

int settings_read(const struct settings_form *form, const void *options,
		  const char *config, struct arena *a, void *out,
		  struct buf *complaints)
{
	struct diag diag;
	struct loader l = { .arena = a, .diag = &diag };
	int rc = 0;

	diag_init(&diag, a);
	if (config)
		rc = load_file(&l, form->schema, config, out);
	rc |= load_options(&l, form, options, out);
	if (rc == 0)
		rc = form->check(&l, out);
	print(&diag, complaints);
	return rc;
}

int settings_load(const struct settings_options *options, struct arena *a,
		  struct settings *out, struct buf *complaints)
{
	static const struct settings_form form = {
		&settings_schema, settings_options, check_whole,
	};

	set_defaults(out);
	return settings_read(&form, options, options->config, a, out, complaints);
}
