/* Where in a document, by JSON pointer; "*" is each item of a list. */
#include "scenarios/match_impl.h"

/* One segment, with ~1 and ~0 undone; in `text`, or -1 if it is too long. */
static int unescape_segment(struct str s, char *text, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (n + 1 >= size)
			return -1;
		if (c == '~' && i + 1 < s.n && (s.p[i + 1] == '0' || s.p[i + 1] == '1'))
			c = s.p[++i] == '0' ? '~' : '/';
		text[n++] = c;
	}
	text[n] = '\0';
	return 0;
}

static const cJSON *step_into(const cJSON *json, struct str segment)
{
	char text[256];
	uint64_t index;

	if (cJSON_IsArray(json)) {
		if (str_to_u64(segment, INT32_MAX, &index) < 0 ||
		    (segment.n > 1 && segment.p[0] == '0'))
			return NULL;
		return cJSON_GetArrayItem(json, (int)index);
	}
	if (!cJSON_IsObject(json) ||
	    unescape_segment(segment, text, sizeof(text)) < 0)
		return NULL;
	return cJSON_GetObjectItemCaseSensitive(json, text);
}

/* Cut "/segment" off the front of `pointer`. */
static struct str next_segment(struct str *pointer)
{
	struct str rest = { pointer->p + 1, pointer->n - 1 };
	struct str segment = rest;
	const char *slash = rest.n ? memchr(rest.p, '/', rest.n) : NULL;

	if (slash)
		segment.n = (size_t)(slash - rest.p);
	*pointer = (struct str){ rest.p + segment.n, rest.n - segment.n };
	return segment;
}

const cJSON *match_find(const cJSON *document, struct str pointer)
{
	if (pointer.n && pointer.p[0] != '/')
		return NULL;
	while (pointer.n && document)
		document = step_into(document, next_segment(&pointer));
	return document;
}

static int match_from(struct str pointer, struct str done,
		      const struct value *expected, const cJSON *json,
		      struct arena *a, struct mismatch *out)
{
	struct str rest = pointer, segment, path;
	const cJSON *item;
	int i = 0;

	while (rest.n && json) {
		segment = next_segment(&rest);
		if (!str_is(segment, "*") || cJSON_IsObject(json)) {
			json = step_into(json, segment);
			continue;
		}
		path = (struct str){ pointer.p,
				     (size_t)(segment.p - 1 - pointer.p) };
		if (!cJSON_IsArray(json) || !json->child) {
			match_differ(expected, json, a, out,
			       cJSON_IsArray(json) ? "the list is empty" : "not a list");
			out->path = arena_printf(a, "%.*s%.*s", STRF(done), STRF(path));
			return -1;
		}
		cJSON_ArrayForEach(item, json) {
			struct str here = arena_printf(a, "%.*s%.*s/%d", STRF(done),
						       STRF(path), i++);

			if (match_from(rest, here, expected, item, a, out) < 0)
				return -1;
		}
		return 0;
	}
	if (match_value(expected, json, a, out) == 0)
		return 0;
	out->path = arena_printf(a, "%.*s%.*s%.*s", STRF(done), STRF(pointer),
				 STRF(out->path));
	return -1;
}

int match_pointer(struct str pointer, const struct value *expected,
		  const cJSON *document, struct arena *a, struct mismatch *out)
{
	if (pointer.n && pointer.p[0] != '/') {
		match_differ(expected, NULL, a, out, "not a JSON pointer");
		out->path = pointer;
		return -1;
	}
	return match_from(pointer, STR(""), expected, document, a, out);
}
