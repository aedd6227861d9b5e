#include "conformance/target_secret.h"

#include "conformance/check.h"
#include "proto/base64.h"
#include "scenarios/yaml.h"
#include "sim/duration.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define AT(type, field) .offset = offsetof(struct type, field)
#define SCHEMA(keys_) .keys = (keys_), .key_count = COUNT(keys_)

enum {
	REQUESTS_MAX = 64, SECRETS_MAX = 1024, SCALE_MAX = 1000,
	WORLDS_MAX = 256,
	USUAL_RATE = 20, USUAL_REQUESTS = 4,	/* per second; at once */
	USUAL_WORLDS = 4,
};

#define USUAL_TIMEOUT_NS (30 * NS_PER_S)
#define USUAL_READY_NS (15 * NS_PER_S)
#define USUAL_END_NS (3 * NS_PER_S)

static void *field_of(const struct schema_key *key, void *object)
{
	return (char *)object + key->offset;
}

/* ---- Values that no kind of key covers. ----------------------------------- */

static int read_text(struct loader *l, const struct schema_key *key,
		     const struct value *v, void *object)
{
	struct str *out = field_of(key, object);

	if (target_text(l, v, out) < 0)
		return -1;
	return out->n ? 0 : diag_add(l->diag, v->pos, v->width, "'%s' is empty", key->name);
}

static int read_path(struct loader *l, const struct schema_key *key,
		     const struct value *v, void *object)
{
	return target_path(l, v, field_of(key, object));
}

/* An absolute URL without credentials and query. */
static const char *bad_url(struct str url)
{
	struct str rest = url;

	if (str_starts(url, STR("http://")))
		rest = (struct str){ url.p + 7, url.n - 7 };
	else if (str_starts(url, STR("https://")))
		rest = (struct str){ url.p + 8, url.n - 8 };
	else
		return "expected http://host or https://host";
	if (rest.n == 0 || rest.p[0] == '/')
		return "it names no host";
	if (memchr(rest.p, '?', rest.n) || memchr(rest.p, '#', rest.n))
		return "a query cannot stand there";
	if (memchr(rest.p, '@', rest.n))
		return "credentials stand in 'auth'";
	for (size_t i = 0; i < rest.n; i++)
		if ((unsigned char)rest.p[i] <= ' ' || rest.p[i] == 0x7F)
			return "it has a space or a control character";
	return NULL;
}

static int read_url(struct loader *l, const struct schema_key *key,
		    const struct value *v, void *object)
{
	struct str *out = field_of(key, object);
	const char *why;

	if (target_text(l, v, out) < 0)
		return -1;
	why = bad_url(*out);
	return why ? diag_add(l->diag, v->pos, v->width, "'url': %s", why) : 0;
}

/* "5/s", "100/min", or a number per second, as the time between two. */
static int parse_rate(struct str text, int64_t *gap_ns)
{
	char copy[40], unit[8] = "s", rest;
	double per;

	if (text.n == 0 || text.n >= sizeof(copy))
		return -1;
	snprintf(copy, sizeof(copy), "%.*s", STRF(text));
	if (sscanf(copy, "%lf / %7[a-z] %c", &per, unit, &rest) != 2 &&
	    sscanf(copy, "%lf %c", &per, &rest) != 1)
		return -1;
	if (strcmp(unit, "min") == 0)
		per /= 60;
	else if (strcmp(unit, "h") == 0)
		per /= 3600;
	else if (strcmp(unit, "s") != 0)
		return -1;
	if (!(per >= 1e-3 && per <= 1e6))
		return -1;
	*gap_ns = (int64_t)(1e9 / per);
	return 0;
}

static int read_rate(struct loader *l, const struct schema_key *key,
		     const struct value *v, void *object)
{
	if (v->kind != VALUE_LIST && v->kind != VALUE_MAP &&
	    parse_rate(v->text, field_of(key, object)) == 0)
		return 0;
	return load_mismatch(l, v, key->takes);
}

static int read_scale(struct loader *l, const struct schema_key *key,
		      const struct value *v, void *object)
{
	double x = v->kind == VALUE_INT ? (double)v->as.i :
		   v->kind == VALUE_FLOAT ? v->as.f : 0;

	if (!(x >= 1 && x <= SCALE_MAX))
		return load_mismatch(l, v, key->takes);
	*(double *)field_of(key, object) = x;
	return 0;
}

static int read_headers(struct loader *l, const struct schema_key *key,
			const struct value *v, void *object)
{
	struct target *t = object;
	int rc = 0;

	if (v->kind != VALUE_MAP)
		return load_mismatch(l, v, key->takes);
	t->headers.list = arena_array(l->arena, v->count, sizeof(*t->headers.list));
	for (size_t i = 0; i < v->count; i++) {
		struct target_header *h = &t->headers.list[t->headers.count++];

		h->name = arena_str(l->arena, v->members[i].key);
		rc |= target_text(l, v->members[i].value, &h->value);
		for (size_t k = 0; k < h->name.n; k++)
			if ((unsigned char)h->name.p[k] <= ' ' || h->name.p[k] == ':')
				rc = diag_add(l->diag, v->members[i].pos,
					      v->members[i].width,
					      "that is no name of a header");
	}
	return rc;
}

static int unknown_capability(struct loader *l, const struct member *m)
{
	const char *names[CAPABILITIES_MAX];

	for (size_t i = 0; i < capability_count; i++)
		names[i] = capabilities[i].name;
	diag_add(l->diag, m->pos, m->width, "there is no capability '%.*s'",
		 STRF(m->key));
	diag_did_you_mean(l->diag, m->key, names, capability_count);
	return -1;
}

static int read_capabilities(struct loader *l, const struct schema_key *key,
			     const struct value *v, void *object)
{
	struct target *t = object;
	int rc = 0;

	if (v->kind != VALUE_MAP)
		return load_mismatch(l, v, key->takes);
	for (size_t i = 0; i < v->count; i++) {
		const struct member *m = &v->members[i];
		int index = capability_find(m->key);

		if (index < 0)
			rc = unknown_capability(l, m);
		else if (m->value->kind != VALUE_BOOL)
			rc = load_mismatch(l, m->value, "true or false");
		else
			t->declared[index] = m->value->as.b ? CAPABILITY_YES :
							      CAPABILITY_NO;
	}
	return rc;
}

static int read_tolerances(struct loader *l, const struct schema_key *key,
			   const struct value *v, void *object)
{
	struct target *t = object;
	int rc = 0;

	if (v->kind != VALUE_MAP)
		return load_mismatch(l, v, key->takes);
	t->tolerances.list = arena_array(l->arena, v->count, sizeof(*t->tolerances.list));
	for (size_t i = 0; i < v->count; i++) {
		const struct member *m = &v->members[i];

		if (m->value->kind != VALUE_STR || m->value->text.n == 0)
			rc = diag_add(l->diag, m->pos, m->width,
				      "%.*s: expected a sentence that says why",
				      STRF(m->key));
		t->tolerances.list[t->tolerances.count++] = (struct target_tolerance){
			m->pos, m->key, m->value->text,
		};
	}
	return rc;
}

static int read_world(struct loader *l, const struct schema_key *key,
		      const struct value *v, void *object)
{
	struct target *t = object;

	if (v->kind != VALUE_MAP)
		return load_mismatch(l, v, key->takes);
	t->world = target_expand(l, v);
	return t->world ? 0 : -1;
}

/* ---- Credentials. ---------------------------------------------------------- */

struct pair {
	bool given;
	struct str name, secret;
};

struct auth_form {
	struct str bearer;		/* first: an offset of 0 is no `given` */
	struct pair basic, api_key;
};

#define SECRET(type, name_, field, needed) \
	{ name_, KEY_CUSTOM, needed, AT(type, field), .read = read_text, \
	  .takes = "a text, ${env:NAME} or file:PATH" }

static const struct schema_key basic_keys[] = {
	SECRET(pair, "user", name, true), SECRET(pair, "password", secret, true),
};
static const struct schema basic_schema = {
	.name = "'basic'", .size = sizeof(struct pair), .pos_offset = SCHEMA_NO_POS,
	SCHEMA(basic_keys),
};
static const struct schema_key api_key_keys[] = {
	SECRET(pair, "id", name, true), SECRET(pair, "secret", secret, true),
};
static const struct schema api_key_schema = {
	.name = "'api-key'", .size = sizeof(struct pair), .pos_offset = SCHEMA_NO_POS,
	SCHEMA(api_key_keys),
};
static const struct schema_key auth_keys[] = {
	{ "basic", KEY_OBJECT, AT(auth_form, basic), .of = &basic_schema,
	  .given = offsetof(struct auth_form, basic.given) },
	{ "api-key", KEY_OBJECT, AT(auth_form, api_key), .of = &api_key_schema,
	  .given = offsetof(struct auth_form, api_key.given) },
	SECRET(auth_form, "bearer", bearer, false),
};
static const struct schema auth_schema = {
	.name = "credentials", .size = sizeof(struct auth_form),
	.pos_offset = SCHEMA_NO_POS, SCHEMA(auth_keys),
};

static int load_auth(struct loader *l, const struct value *v, struct target_auth *auth)
{
	struct auth_form form = { 0 };

	if (load_object(l, &auth_schema, v, &form) < 0)
		return -1;
	if (form.basic.given + form.api_key.given + (form.bearer.n > 0) != 1)
		return diag_add(l->diag, v->pos, v->width,
				"expected one of basic, api-key and bearer");
	*auth = (struct target_auth){ .pos = v->pos };
	if (form.basic.given) {
		auth->kind = AUTH_BASIC;
		auth->name = form.basic.name;
		auth->secret = form.basic.secret;
	} else if (form.api_key.given) {
		auth->kind = AUTH_API_KEY;
		auth->name = form.api_key.name;
		auth->secret = form.api_key.secret;
	} else {
		auth->kind = AUTH_BEARER;
		auth->secret = form.bearer;
	}
	return 0;
}

static struct target_user *add_user(struct target *t, struct arena *a, struct str key)
{
	struct target_user *list = arena_array(a, t->users.count + 1, sizeof(*list));

	if (t->users.count)
		memcpy(list, t->users.list, t->users.count * sizeof(*list));
	t->users.list = list;
	list[t->users.count].key = key;
	return &list[t->users.count++];
}

static struct target_user *find_user(struct target *t, struct str key)
{
	for (size_t i = 0; i < t->users.count; i++)
		if (str_eq(t->users.list[i].key, key))
			return &t->users.list[i];
	return NULL;
}

static int add_auth(struct loader *l, struct target *t, struct str key,
		    const struct value *v)
{
	if (find_user(t, key))
		return diag_add(l->diag, v->pos, v->width,
				"'auth' and 'users' both have credentials of %.*s",
				STRF(key));
	return load_auth(l, v, &add_user(t, l->arena, key)->auth);
}

static int read_auth(struct loader *l, const struct schema_key *key,
		     const struct value *v, void *object)
{
	(void)key;
	return add_auth(l, object, STR("main"), v);
}

static int read_users(struct loader *l, const struct schema_key *key,
		      const struct value *v, void *object)
{
	int rc = 0;

	if (v->kind != VALUE_MAP)
		return load_mismatch(l, v, key->takes);
	for (size_t i = 0; i < v->count; i++)
		rc |= add_auth(l, object, v->members[i].key, v->members[i].value);
	return rc;
}

/* ---- The table. -------------------------------------------------------------- */

#define CUSTOM(type, name_, field, reader, what) \
	{ name_, KEY_CUSTOM, AT(type, field), .read = reader, .takes = what }

static const struct schema_key tls_keys[] = {
	CUSTOM(target_tls, "ca", ca, read_path, "a path"),
	CUSTOM(target_tls, "cert", cert, read_path, "a path"),
	CUSTOM(target_tls, "key", key, read_path, "a path"),
	{ "insecure", KEY_BOOL, AT(target_tls, insecure) },
};
static const struct schema tls_schema = {
	.name = "'tls'", .size = sizeof(struct target_tls), .pos_offset = SCHEMA_NO_POS,
	SCHEMA(tls_keys),
};

static const struct schema_key launch_keys[] = {
	{ "command", KEY_STRS, AT(target_launch, command) },
	{ "prepare", KEY_STRS, AT(target_launch, prepare) },
	CUSTOM(target_launch, "scale", scale, read_scale, "a number from 1 to 1000"),
	{ "at-once", KEY_INT, AT(target_launch, at_once), .min = 1, .max = WORLDS_MAX },
	{ "longest-wait", KEY_DURATION, AT(target_launch, wait_max_ns) },
	{ "ready", KEY_DURATION, AT(target_launch, ready_ns) },
	{ "grace", KEY_DURATION, AT(target_launch, end_ns) },
};
static const struct schema launch_schema = {
	.name = "'launch'", .size = sizeof(struct target_launch),
	.pos_offset = offsetof(struct target_launch, pos), SCHEMA(launch_keys),
};

static const struct schema_word depth_words[] = {
	{ "read", DEPTH_READ, NULL },
	{ "actions", DEPTH_ACTIONS, NULL },
	{ "world", DEPTH_WORLD, NULL },
	{ NULL, 0, NULL }
};

static const struct schema_key target_keys[] = {
	CUSTOM(target, "name", name, read_text, "a string"),
	CUSTOM(target, "url", url, read_url, "a URL"),
	CUSTOM(target, "auth", users, read_auth, "credentials"),
	CUSTOM(target, "users", users, read_users, "a map: users, each with credentials"),
	CUSTOM(target, "headers", headers, read_headers, "a map: names of headers"),
	{ "tls", KEY_OBJECT, AT(target, tls), .of = &tls_schema },
	CUSTOM(target, "rate", gap_ns, read_rate, "a rate such as 5/s or 100/min"),
	{ "max-requests", KEY_INT, AT(target, max_requests), .min = 1, .max = REQUESTS_MAX },
	{ "timeout", KEY_DURATION, AT(target, timeout_ns) },
	CUSTOM(target, "capabilities", declared, read_capabilities,
	       "a map: names of capabilities, each true or false"),
	CUSTOM(target, "tolerances", tolerances, read_tolerances,
	       "a map: ids of requirements, each with a reason"),
	{ "depth", KEY_WORD, AT(target, depth_word),
	  .given = offsetof(struct target, depth_given), .words = depth_words },
	CUSTOM(target, "world", world, read_world, "a map as in a scenario"),
	{ "launch", KEY_OBJECT, AT(target, launch), .of = &launch_schema,
	  .given = offsetof(struct target, launch.given) },
};
static const struct schema target_schema = {
	.name = "a target", .size = sizeof(struct target), .pos_offset = SCHEMA_NO_POS,
	SCHEMA(target_keys),
};

/* ---- What no row can say. ------------------------------------------------------ */

static int check_launch(struct loader *l, const struct target *t)
{
	const struct target_launch *how = &t->launch;

	if ((how->command.count > 0) + (how->prepare.count > 0) != 1)
		return diag_add(l->diag, how->pos, 1,
				"'launch' needs 'command' (runs as long as a world) or 'prepare' (ends before it), and not both");
	if (how->at_once > 1 && t->url.n)
		return diag_add(l->diag, how->pos, 1,
				"'at-once': a server that is at 'url' is in one world at a time");
	if (how->prepare.count && !t->url.n)
		return diag_add(l->diag, how->pos, 1,
				"'prepare' needs 'url': where the server is then");
	return 0;
}

static int check_depth(struct loader *l, const struct target *t)
{
	struct pos top = t->root ? t->root->pos : (struct pos){ 0 };

	if (t->depth == DEPTH_WORLD && !t->launch.given)
		return diag_add(l->diag, top, 1,
				"depth world needs 'launch': how the server gets into a world");
	if (t->depth == DEPTH_ACTIONS && !t->world)
		return diag_add(l->diag, top, 1,
				"depth actions needs 'world': the devices and codes that may be used");
	if (t->depth != DEPTH_WORLD && !t->url.n)
		return diag_add(l->diag, top, 1, "which server? It needs 'url'");
	return 0;
}

static int check_whole(struct loader *l, struct target *t)
{
	int rc = 0;

	if (t->depth_given)
		t->depth = (enum check_depth)t->depth_word;
	else
		t->depth = t->launch.given ? DEPTH_WORLD :
			   t->world ? DEPTH_ACTIONS : DEPTH_READ;
	if (t->launch.given)
		rc = check_launch(l, t);
	if (!t->launch.at_once)
		t->launch.at_once = t->url.n ? 1 : USUAL_WORLDS;
	if (!t->tls.cert.n != !t->tls.key.n)
		rc = diag_add(l->diag, t->root->pos, 1,
			      "tls: 'cert' and 'key': one needs the other");
	return rc | check_depth(l, t);
}

static void set_defaults(struct target *t)
{
	*t = (struct target){
		.gap_ns = NS_PER_S / USUAL_RATE, .max_requests = USUAL_REQUESTS,
		.timeout_ns = USUAL_TIMEOUT_NS,
		.launch = { .scale = 1, .ready_ns = USUAL_READY_NS, .end_ns = USUAL_END_NS },
	};
}

static struct str folder_of(const char *path, struct arena *a)
{
	const char *slash = strrchr(path, '/');

	return slash ? arena_printf(a, "%.*s", (int)(slash - path), path) : STR("");
}

/* ---- What may not be shown. ------------------------------------------------------ */

static void add_secret(struct target *t, struct arena *a, struct str secret)
{
	if (!t->secrets)
		t->secrets = arena_array(a, SECRETS_MAX, sizeof(*t->secrets));
	if (secret.n && t->secret_count < SECRETS_MAX)
		t->secrets[t->secret_count++] = arena_str(a, secret);
}

static void collect_secrets(struct target *t, struct arena *a)
{
	t->secret_count = 0;
	for (size_t i = 0; i < t->users.count; i++) {
		const struct target_auth *auth = &t->users.list[i].auth;
		struct buf pair;

		add_secret(t, a, auth->secret);
		if (auth->kind != AUTH_BASIC)
			continue;
		buf_init(&pair, 64 << 10);
		base64_encode(&pair, arena_printf(a, "%.*s:%.*s", STRF(auth->name),
						  STRF(auth->secret)));
		add_secret(t, a, buf_view(&pair));
		buf_release(&pair);
	}
	for (size_t i = 0; i < t->headers.count; i++)
		add_secret(t, a, t->headers.list[i].value);
}

struct str target_mask(const struct target *t, struct str text, struct arena *a)
{
	for (size_t i = 0; i < t->secret_count; i++) {
		struct str secret = t->secrets[i], done = STR("");
		ptrdiff_t at;

		while ((at = str_find(text, secret)) >= 0) {
			done = arena_printf(a, "%.*s%.*s***", STRF(done), (int)at, text.p);
			text = (struct str){ text.p + at + secret.n,
					     text.n - (size_t)at - secret.n };
		}
		if (done.n)
			text = arena_printf(a, "%.*s%.*s", STRF(done), STRF(text));
	}
	return text;
}

/* Top-level keys whose values are no secrets. */
static bool is_open(struct str key)
{
	static const char *const open_keys[] = {
		"name", "url", "tls", "rate", "max-requests", "timeout",
		"capabilities", "tolerances", "depth", "launch",
	};

	for (size_t i = 0; i < COUNT(open_keys); i++)
		if (str_is(key, open_keys[i]))
			return true;
	return false;
}

static size_t line_start(struct str text, unsigned line)
{
	size_t at = 0;

	for (unsigned n = 1; n < line && at < text.n; n++) {
		const char *end = memchr(text.p + at, '\n', text.n - at);

		at = end ? (size_t)(end - text.p) + 1 : text.n;
	}
	return at;
}

/* From where a scalar begins, as long as it is; all lines of a long one. */
static void cover(const struct value *v, struct str file, char *text)
{
	size_t at = line_start(file, v->pos.line), end;

	for (unsigned column = 1; column < v->pos.column && at < file.n; column++)
		for (at++; at < file.n && ((unsigned char)file.p[at] & 0xC0) == 0x80;)
			at++;
	end = at + v->width;
	if (memchr(v->text.p ? v->text.p : "", '\n', v->text.n))
		end += 2 * v->text.n + 64;
	for (; at < end && at < file.n; at++)
		if (text[at] != '\n')
			text[at] = '*';
}

static void cover_all(const struct value *v, struct str file, char *text)
{
	for (size_t i = 0; v->kind == VALUE_LIST && i < v->count; i++)
		cover_all(v->items[i], file, text);
	for (size_t i = 0; v->kind == VALUE_MAP && i < v->count; i++)
		cover_all(v->members[i].value, file, text);
	if (v->kind != VALUE_LIST && v->kind != VALUE_MAP)
		cover(v, file, text);
}

/* The file as it may be shown, or NULL if nothing of it may. */
static struct source *open_part(const struct target *t, struct arena *a)
{
	struct source *s;
	char *text;

	if (!t->root || t->root->kind != VALUE_MAP)
		return NULL;
	text = arena_strdup(a, arena_str(a, t->source->text).p);
	for (size_t i = 0; i < t->root->count; i++)
		if (!is_open(t->root->members[i].key))
			cover_all(t->root->members[i].value, t->source->text, text);
	s = ARENA_NEW(a, struct source);
	*s = (struct source){ t->source->name, { text, t->source->text.n } };
	return s;
}

/* ", found a string 'x'" without the x, if it may not be shown. */
static struct str open_message(const struct diag_item *item, const struct source *shown,
			       struct arena *a)
{
	ptrdiff_t found = str_find(item->message, STR(", found ")), quote;
	struct str rest;
	size_t at = line_start(shown->text, item->pos.line) + item->pos.column - 1;

	if (found < 0 || at >= shown->text.n || shown->text.p[at] != '*')
		return item->message;
	rest = (struct str){ item->message.p + found, item->message.n - (size_t)found };
	quote = str_find(rest, STR(" '"));
	return quote < 0 ? item->message :
	       arena_str(a, (struct str){ item->message.p, (size_t)(found + quote) });
}

void target_print_diag(const struct target *t, const struct diag *d,
		       struct arena *a, struct buf *out)
{
	struct source *shown = open_part(t, a), *no_text;
	struct diag copy = *d;

	no_text = ARENA_NEW(a, struct source);
	for (size_t i = 0; i < copy.count; i++) {
		struct diag_item *item = &copy.items[i];

		if (!t->source || item->pos.source != t->source)
			continue;
		*no_text = (struct source){ t->source->name, STR("(not shown)\n") };
		if (shown)
			item->message = open_message(item, shown, a);
		item->pos.source = shown ? shown : no_text;
	}
	diag_print(&copy, out);
}

/* ---- Reading. ---------------------------------------------------------------------- */

static int load_source(struct target *t, const struct source *source, struct arena *a,
		       struct diag *d)
{
	struct loader l = { .arena = a, .diag = d };

	t->source = source;
	t->root = yaml_parse(source, a, d);
	if (!t->root || load_object(&l, &target_schema, t->root, t) < 0 ||
	    check_whole(&l, t) < 0)
		return -1;
	for (size_t i = 1; i < t->users.count; i++)
		if (str_is(t->users.list[i].key, "main")) {
			struct target_user first = t->users.list[i];

			t->users.list[i] = t->users.list[0];
			t->users.list[0] = first;
		}
	collect_secrets(t, a);
	if (!t->name.n)
		t->name = t->file;
	return 0;
}

int target_load(struct target *t, const char *path, struct arena *a, struct diag *d)
{
	const struct source *source;

	set_defaults(t);
	t->file = arena_str(a, str_of(path));
	t->launch.folder = folder_of(path, a);
	source = yaml_read(path, (struct pos){ 0 }, a, d);
	return source ? load_source(t, source, a, d) : -1;
}

int target_load_text(struct target *t, const char *name, struct str text,
		     struct arena *a, struct diag *d)
{
	struct source *source = ARENA_NEW(a, struct source);

	set_defaults(t);
	t->file = arena_str(a, str_of(name));
	t->launch.folder = folder_of(name, a);
	*source = (struct source){ t->file, arena_str(a, text) };
	return load_source(t, source, a, d);
}

int target_from_url(struct target *t, const char *url, struct arena *a,
		    struct err *err)
{
	const char *why = bad_url(str_of(url));

	set_defaults(t);
	if (why)
		return err_set(err, ERR_INVALID, "URL of the target: %s", why);
	t->url = t->name = arena_str(a, str_of(url));
	t->depth = DEPTH_READ;
	return 0;
}

/* ---- Options. ------------------------------------------------------------------------ */

/* Its credentials of `main` are replaced. */
static struct target_auth *main_auth(struct target *t, struct arena *a)
{
	struct target_user *u = find_user(t, STR("main"));

	return u ? &u->auth : &add_user(t, a, STR("main"))->auth;
}

static int apply_pair(struct target *t, enum target_auth_kind kind, const char *text,
		      const char *option, struct arena *a, struct err *err)
{
	struct str rest, name;

	if (target_text_of(text, option, a, &rest, err) < 0)
		return -1;
	name = str_split(&rest, ':');
	if (!rest.p || name.n == 0)
		return err_set(err, ERR_INVALID, "%s: expected two parts with a colon between",
			       option);
	*main_auth(t, a) = (struct target_auth){ .kind = kind, .name = arena_str(a, name),
						 .secret = arena_str(a, rest) };
	return 0;
}

static int apply_header(struct target *t, const char *text, struct arena *a,
			struct err *err)
{
	struct target_header *list;
	struct str rest, name;

	if (target_text_of(text, "--header", a, &rest, err) < 0)
		return -1;
	name = str_split(&rest, ':');
	if (!rest.p || name.n == 0)
		return err_set(err, ERR_INVALID, "--header: expected 'Name: value'");
	list = arena_array(a, t->headers.count + 1, sizeof(*list));
	if (t->headers.count)
		memcpy(list, t->headers.list, t->headers.count * sizeof(*list));
	list[t->headers.count] = (struct target_header){ arena_str(a, name),
							 arena_str(a, str_trim(rest)) };
	t->headers.list = list;
	t->headers.count++;
	return 0;
}

static int apply_numbers(struct target *t, const struct target_options *o,
			 struct err *err)
{
	if (o->rate && parse_rate(str_of(o->rate), &t->gap_ns) < 0)
		return err_set(err, ERR_INVALID,
			       "--rate: expected a rate such as 5/s or 100/min");
	if (o->timeout && duration_parse(str_of(o->timeout), &t->timeout_ns, err) < 0)
		return err_prefix(err, "--timeout");
	return 0;
}

int target_apply(struct target *t, const struct target_options *o, struct arena *a,
		 struct err *err)
{
	struct target_auth bearer = { .kind = AUTH_BEARER };

	if ((o->user && apply_pair(t, AUTH_BASIC, o->user, "--user", a, err) < 0) ||
	    (o->api_key && apply_pair(t, AUTH_API_KEY, o->api_key, "--api-key", a,
				      err) < 0) ||
	    (o->header && apply_header(t, o->header, a, err) < 0) ||
	    apply_numbers(t, o, err) < 0)
		return -1;
	if (o->bearer) {
		if (target_text_of(o->bearer, "--bearer", a, &bearer.secret, err) < 0)
			return -1;
		*main_auth(t, a) = bearer;
	}
	if (o->ca_file)
		t->tls.ca = arena_str(a, str_of(o->ca_file));
	if (o->cert_file)
		t->tls.cert = arena_str(a, str_of(o->cert_file));
	if (o->key_file)
		t->tls.key = arena_str(a, str_of(o->key_file));
	t->tls.insecure |= o->insecure;
	collect_secrets(t, a);
	return 0;
}

struct str target_tolerates(const struct target *t, struct str id)
{
	for (size_t i = 0; i < t->tolerances.count; i++)
		if (str_eq(t->tolerances.list[i].id, id))
			return t->tolerances.list[i].comment;
	return STR_NONE;
}
