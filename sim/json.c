#include "sim/json.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

enum { JSON_DEPTH_MAX = 100 };

static void separate(struct json *j)
{
	if (j->comma)
		buf_char(j->out, ',');
	j->comma = true;
}

void json_open(struct json *j, char bracket)
{
	separate(j);
	buf_char(j->out, bracket);
	j->comma = false;
}

void json_close(struct json *j, char bracket)
{
	buf_char(j->out, bracket);
	j->comma = true;
}

void json_key(struct json *j, const char *key)
{
	separate(j);
	json_quote(j->out, str_of(key));
	buf_char(j->out, ':');
	j->comma = false;
}

static void quote_char(struct buf *out, unsigned char c)
{
	static const char digits[] = "0123456789abcdef";
	static const char *const names[256] = {
		['"'] = "\\\"", ['\\'] = "\\\\", ['\n'] = "\\n",
		['\r'] = "\\r", ['\t'] = "\\t", ['\b'] = "\\b", ['\f'] = "\\f",
	};

	if (names[c])
		buf_z(out, names[c]);
	else if (c < 0x20 || c == 0x7F)
		buf_add(out, (const char[]){ '\\', 'u', '0', '0', digits[c >> 4],
					     digits[c & 15] }, 6);
	else
		buf_char(out, (char)c);
}

static bool is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x7F && c != '"' && c != '\\';
}

/* Is each of eight bytes plain?  One that is not sets the highest bit of its
 * own in one of the terms; what it borrows from others changes nothing then. */
static bool eight_plain(const char *p)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), high = ones << 7;
	uint64_t v, quote, slash;

	memcpy(&v, p, sizeof(v));
	quote = v ^ ones * '"';
	slash = v ^ ones * '\\';
	return !((v | (v - ones * 0x20) | (v + ones) | (quote - ones) |
		  (slash - ones)) & high);
}

/* How many plain bytes `s` begins with. */
static size_t plain_run(struct str s)
{
	size_t n = 0;

	while (n + 8 <= s.n && eight_plain(s.p + n))
		n += 8;
	while (n < s.n && is_plain((unsigned char)s.p[n]))
		n++;
	return n;
}

static void quote_plain(struct buf *out, struct str s)
{
	char *p;

	if (!buf_reserve(out, s.n + 2))
		return;
	p = out->p + out->n;
	*p++ = '"';
	if (s.n)
		memcpy(p, s.p, s.n);
	p += s.n;
	*p++ = '"';
	*p = '\0';
	out->n += s.n + 2;
}

/* How many bytes the character at `p` has, which is not ASCII; 0: it is none. */
static size_t character(const char *p, size_t n)
{
	for (size_t k = 2; k <= 4 && k <= n; k++)
		if (str_is_utf8((struct str){ p, k }))
			return k;
	return 0;
}

void json_quote(struct buf *out, struct str s)
{
	size_t run = plain_run(s);
	bool utf8;

	if (run == s.n) {
		quote_plain(out, s);
		return;
	}
	utf8 = str_is_utf8(s);
	buf_char(out, '"');
	for (;;) {
		unsigned char c;

		buf_add(out, s.p, run);
		if (run == s.n)
			break;
		c = (unsigned char)s.p[run];
		if (c >= 0x80 && !utf8) {
			size_t n = character(s.p + run, s.n - run);

			buf_add(out, n ? s.p + run : "\xEF\xBF\xBD", n ? n : 3);
			run += n ? n - 1 : 0;
		} else {
			quote_char(out, c);
		}
		s = (struct str){ s.p + run + 1, s.n - run - 1 };
		run = plain_run(s);
	}
	buf_char(out, '"');
}

void json_str(struct json *j, struct str s)
{
	separate(j);
	json_quote(j->out, s);
}

void json_int(struct json *j, int64_t v)
{
	separate(j);
	if (v < 0)
		buf_printf(j->out, "%" PRId64, v);
	else
		buf_u64(j->out, (uint64_t)v);
}

void json_bool(struct json *j, bool v)
{
	separate(j);
	buf_z(j->out, v ? "true" : "false");
}

void json_null(struct json *j)
{
	separate(j);
	buf_z(j->out, "null");
}

void json_raw(struct json *j, struct str raw)
{
	separate(j);
	buf_str(j->out, raw);
}

void json_put(struct json *j, const char *key, struct str value)
{
	json_key(j, key);
	json_str(j, value);
}

void json_put_opt(struct json *j, const char *key, struct str value)
{
	if (value.n)
		json_put(j, key, value);
}

void json_putz(struct json *j, const char *key, const char *value)
{
	json_put(j, key, str_of(value));
}

void json_put_int(struct json *j, const char *key, int64_t value)
{
	json_key(j, key);
	json_int(j, value);
}

void json_put_bool(struct json *j, const char *key, bool value)
{
	json_key(j, key);
	json_bool(j, value);
}

/* cJSON recurses, and ends its strings with a NUL: neither a bomb nor an
 * escaped NUL must reach it. */
static int check_form(struct str text, struct err *err)
{
	int depth = 0;
	bool quoted = false;

	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];

		if (quoted) {
			if (c == '\\' && str_starts((struct str){ text.p + i, text.n - i },
						     STR("\\u0000")))
				return err_set(err, ERR_INVALID,
					       "JSON at byte %zu: a NUL character", i);
			if (c == '\\')
				i++;
			else if (c == '"')
				quoted = false;
		} else if (c == '"') {
			quoted = true;
		} else if (c == '{' || c == '[') {
			if (++depth > JSON_DEPTH_MAX)
				return err_set(err, ERR_LIMIT,
					"JSON at byte %zu: nested deeper than %d levels",
					i, JSON_DEPTH_MAX);
		} else if (c == '}' || c == ']') {
			depth--;
		}
	}
	return 0;
}

cJSON *json_parse(struct str text, struct err *err)
{
	const char *end = NULL;
	cJSON *tree;

	if (str_trim(text).n == 0) {
		err_set(err, ERR_INVALID, "JSON expected, found nothing");
		return NULL;
	}
	if (memchr(text.p, '\0', text.n) || !str_is_utf8(text)) {
		err_set(err, ERR_INVALID,
			"JSON expected, found bytes that are not UTF-8 text");
		return NULL;
	}
	if (check_form(text, err) < 0)
		return NULL;
	tree = cJSON_ParseWithLengthOpts(text.p, text.n, &end, 0);
	if (!tree) {
		err_set(err, ERR_INVALID, "JSON at byte %td: syntax error",
			end ? end - text.p : 0);
		return NULL;
	}
	if (str_trim((struct str){ end, text.n - (size_t)(end - text.p) }).n) {
		err_set(err, ERR_INVALID,
			"JSON at byte %td: expected the end, found more text",
			end - text.p);
		cJSON_Delete(tree);
		return NULL;
	}
	return tree;
}

const char *json_kind(const cJSON *value)
{
	if (!value)
		return "nothing";
	if (cJSON_IsObject(value))
		return "an object";
	if (cJSON_IsArray(value))
		return "a list";
	if (cJSON_IsString(value))
		return "a string";
	if (cJSON_IsNumber(value))
		return "a number";
	if (cJSON_IsBool(value))
		return "a boolean";
	return "null";
}

/* 0: there is none. */
static int find(const cJSON *object, const char *key, const cJSON **item,
		struct err *err)
{
	*item = cJSON_GetObjectItemCaseSensitive(object, key);
	if (!*item)
		return 0;
	for (const cJSON *o = (*item)->next; o; o = o->next)
		if (strcmp(o->string, key) == 0)
			return err_set(err, ERR_INVALID, "\"%s\": it is there twice", key);
	return cJSON_IsNull(*item) ? 0 : 1;
}

static int wrong_kind(const char *key, const char *want, const cJSON *got,
		      struct err *err)
{
	return err_set(err, ERR_INVALID, "\"%s\": expected %s, found %s", key,
		       want, json_kind(got));
}

int json_get_str(const cJSON *object, const char *key, struct arena *a,
		 struct str *value, struct err *err)
{
	const cJSON *item;
	int there = find(object, key, &item, err);

	*value = STR_NONE;
	if (there <= 0)
		return there;
	if (!cJSON_IsString(item))
		return wrong_kind(key, "a string", item, err);
	*value = arena_str(a, str_of(item->valuestring));
	return 1;
}

int json_get_int(const cJSON *object, const char *key, int64_t *value,
		 struct err *err)
{
	const cJSON *item;
	int there = find(object, key, &item, err);

	if (there <= 0)
		return there;
	if (!cJSON_IsNumber(item) || floor(item->valuedouble) != item->valuedouble ||
	    fabs(item->valuedouble) > 9007199254740992.0)
		return wrong_kind(key, "a whole number", item, err);
	*value = (int64_t)item->valuedouble;
	return 1;
}

int json_get_bool(const cJSON *object, const char *key, bool *value,
		  struct err *err)
{
	const cJSON *item;
	int there = find(object, key, &item, err);

	if (there <= 0)
		return there;
	if (!cJSON_IsBool(item))
		return wrong_kind(key, "a boolean", item, err);
	*value = cJSON_IsTrue(item);
	return 1;
}

int json_get_list(const cJSON *object, const char *key, const cJSON **value,
		  struct err *err)
{
	const cJSON *item;
	int there = find(object, key, &item, err);

	*value = NULL;
	if (there <= 0)
		return there;
	if (!cJSON_IsArray(item))
		return wrong_kind(key, "a list", item, err);
	*value = item;
	return 1;
}

int json_once(const cJSON *object, const char *key, struct err *err)
{
	const cJSON *item;

	return find(object, key, &item, err) < 0 ? -1 : 0;
}
