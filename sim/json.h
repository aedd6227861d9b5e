/*
 * json.h - writing JSON into a buffer, and reading members of a cJSON tree.
 *
 * The writer puts commas itself and escapes what must be escaped; bytes that
 * are not UTF-8 become U+FFFD, so what leaves is always valid JSON.  Reading
 * is cJSON's work; a tree never leaves the function that parsed it, and the
 * getters here take what is needed out of it.
 */
#ifndef SIM_JSON_H
#define SIM_JSON_H

#include "sim/arena.h"
#include "sim/buf.h"
#include "sim/err.h"

#include <cjson/cJSON.h>

struct json {
	struct buf *out;
	bool comma;	/* the next item needs one before it */
};

static inline struct json json_to(struct buf *out)
{
	return (struct json){ .out = out };
}

void json_open(struct json *j, char bracket);	/* '{' or '[' */
void json_close(struct json *j, char bracket);	/* '}' or ']' */
void json_key(struct json *j, const char *key);

/* One value: after json_key() in an object, alone in an array. */
void json_str(struct json *j, struct str s);
void json_int(struct json *j, int64_t v);
void json_bool(struct json *j, bool v);
void json_null(struct json *j);
/* `raw` is JSON already. */
void json_raw(struct json *j, struct str raw);

/* Key and value at once; the _opt forms write nothing for an empty string. */
void json_put(struct json *j, const char *key, struct str value);
void json_put_opt(struct json *j, const char *key, struct str value);
void json_putz(struct json *j, const char *key, const char *value);
void json_put_int(struct json *j, const char *key, int64_t value);
void json_put_bool(struct json *j, const char *key, bool value);

/* Only the quoted, escaped string. */
void json_quote(struct buf *out, struct str s);

/*
 * Parse a whole text as one JSON value.  NULL with `err` that names the byte
 * where it went wrong: an empty text, bytes behind the value, not UTF-8, a
 * NUL byte, nesting deeper than 100.  The caller frees it with cJSON_Delete().
 */
cJSON *json_parse(struct str text, struct err *err);

/*
 * The string member `key` of `object`, copied into `a`: 1 if it is there,
 * 0 if it is absent or null (`*value` is then STR_NONE), -1 with `err` if it
 * is of another type, or there twice: readers differ in which they take.  Key
 * case counts.
 */
int json_get_str(const cJSON *object, const char *key, struct arena *a,
		 struct str *value, struct err *err);
/* The same for whole numbers (up to 2^53 in size) and booleans. */
int json_get_int(const cJSON *object, const char *key, int64_t *value,
		 struct err *err);
int json_get_bool(const cJSON *object, const char *key, bool *value,
		  struct err *err);
/* The same for lists; NULL if there is none. */
int json_get_list(const cJSON *object, const char *key, const cJSON **value,
		  struct err *err);
/* -1: it is there twice; for members that are not looked at otherwise. */
int json_once(const cJSON *object, const char *key, struct err *err);
/* "an object", "a string", ... for messages. */
const char *json_kind(const cJSON *value);

#endif
