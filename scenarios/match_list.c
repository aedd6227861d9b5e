/* Matchers of lists: what is twice in them, how they are sorted, and what of
 * them a condition leaves. */
#include "scenarios/match_impl.h"

#include "proto/spn.h"

#include <stdlib.h>
#include <utf8proc.h>

/* Lists of `unordered` that are longer are refused. */
enum { UNORDERED_MAX = 1000 };

/* The member `name` of an item; NULL also if it is null or an empty text. */
static const cJSON *member_of(const cJSON *item, struct str name)
{
	const cJSON *m = cJSON_IsObject(item) ?
			 cJSON_GetObjectItemCaseSensitive(item, name.p) : NULL;

	if (!m || cJSON_IsNull(m) || (cJSON_IsString(m) && !m->valuestring[0]))
		return NULL;
	return m;
}

static int list_items(const cJSON *list, const cJSON ***items, size_t *count,
		      struct arena *a)
{
	const cJSON *item;

	if (!cJSON_IsArray(list))
		return -1;
	*count = (size_t)cJSON_GetArraySize(list);
	*items = arena_array(a, *count + 1, sizeof(**items));
	*count = 0;
	cJSON_ArrayForEach(item, list)
		(*items)[(*count)++] = item;
	return 0;
}

static struct str print_value(const struct value *v, struct arena *a)
{
	struct buf b;
	struct str s;

	buf_init(&b, 2000);
	match_print(&b, v);
	s = arena_str(a, buf_view(&b));
	buf_release(&b);
	return s;
}

/* ---- unordered ---------------------------------------------------------- */

/* Pairs expected items with the actual ones that match them. */
struct pairing {
	size_t n;
	bool *fits;	/* [expected * n + actual] */
	size_t *taker;	/* of an actual item, plus one; 0 if free */
	bool *seen;
};

/* An augmenting path for expected item `e` (Kuhn). */
static bool pair_up(struct pairing *p, size_t e)
{
	for (size_t k = 0; k < p->n; k++) {
		if (!p->fits[e * p->n + k] || p->seen[k])
			continue;
		p->seen[k] = true;
		if (p->taker[k] == 0 || pair_up(p, p->taker[k] - 1)) {
			p->taker[k] = e + 1;
			return true;
		}
	}
	return false;
}

int match_unordered(const struct value *arg, const cJSON *actual, struct arena *a,
		    struct mismatch *out)
{
	struct pairing p = { .n = arg->count };
	struct mismatch ignored;
	const cJSON *item;
	size_t k = 0;

	if (arg->kind != VALUE_LIST)
		return match_fail("unordered", arg, actual, a, out, "takes a list");
	if (!cJSON_IsArray(actual))
		return match_fail("unordered", arg, actual, a, out, "not a list");
	if ((size_t)cJSON_GetArraySize(actual) != p.n || p.n > UNORDERED_MAX) {
		match_fail("unordered", arg, actual, a, out, "");
		out->reason = arena_printf(a, "%d items, expected %zu",
					   cJSON_GetArraySize(actual), p.n);
		return -1;
	}
	p.fits = arena_array(a, p.n * p.n, sizeof(bool));
	p.taker = arena_array(a, p.n, sizeof(size_t));
	p.seen = arena_array(a, p.n, sizeof(bool));
	cJSON_ArrayForEach(item, actual) {
		for (size_t e = 0; e < p.n; e++)
			p.fits[e * p.n + k] =
				match_value(arg->items[e], item, a, &ignored) == 0;
		k++;
	}
	for (size_t e = 0; e < p.n; e++) {
		memset(p.seen, 0, p.n * sizeof(bool));
		if (pair_up(&p, e))
			continue;
		match_fail("unordered", arg, actual, a, out, "");
		out->reason = arena_printf(a, "nothing is left for %.*s",
					   STRF(print_value(arg->items[e], a)));
		return -1;
	}
	return 0;
}

/* ---- unique ------------------------------------------------------------- */

struct keyed {
	struct str key;
	size_t at;
};

static void add_printed(struct buf *b, const cJSON *json)
{
	char *text = json ? cJSON_PrintUnformatted(json) : NULL;

	if (text)
		buf_z(b, text);
	buf_char(b, '\n');
	cJSON_free(text);
}

/* What makes an item the same as another. */
static struct str item_key(const struct value *fields, const cJSON *item,
			   struct arena *a)
{
	struct buf b;
	struct str s;

	buf_init(&b, 1 << 20);
	if (fields->kind == VALUE_LIST)
		for (size_t i = 0; i < fields->count; i++)
			add_printed(&b, member_of(item, fields->items[i]->text));
	else
		add_printed(&b, fields->kind == VALUE_BOOL ? item :
			    member_of(item, fields->text));
	s = arena_str(a, buf_view(&b));
	buf_release(&b);
	return s;
}

static int by_key(const void *left, const void *right)
{
	const struct keyed *l = left, *r = right;
	size_t n = l->key.n < r->key.n ? l->key.n : r->key.n;
	int sign = memcmp(l->key.p, r->key.p, n);

	if (!sign)
		sign = (l->key.n > r->key.n) - (l->key.n < r->key.n);
	return sign ? sign : (l->at > r->at) - (l->at < r->at);
}

int match_unique(const struct value *arg, const cJSON *actual, struct arena *a,
		 struct mismatch *out)
{
	const cJSON **items;
	struct keyed *keys;
	size_t n;

	if (list_items(actual, &items, &n, a) < 0)
		return match_fail("unique", arg, actual, a, out, "not a list");
	keys = arena_array(a, n + 1, sizeof(*keys));
	for (size_t i = 0; i < n; i++)
		keys[i] = (struct keyed){ item_key(arg, items[i], a), i };
	qsort(keys, n, sizeof(*keys), by_key);
	for (size_t i = 1; i < n; i++)
		if (str_eq(keys[i - 1].key, keys[i].key)) {
			match_fail("unique", arg, items[keys[i].at], a, out, "");
			out->reason = arena_printf(a, "items %zu and %zu are alike",
						   keys[i - 1].at, keys[i].at);
			return -1;
		}
	return 0;
}

/* ---- sorted ------------------------------------------------------------- */

/*
 * Servers and their databases sort text in different ways, and none of them
 * is wrong.  A list is sorted if it is so in one of these.
 */
enum reading {
	READING_CODE_POINTS,
	READING_NO_CASE,
	READING_NO_ACCENTS,	/* nor case */
	READING_LETTERS,	/* letters and digits only, without case and accents */
	READINGS
};

bool match_order(struct str text, struct str *field, bool *down)
{
	struct str rest = str_trim(text), first = str_split(&rest, ' ');

	*down = str_ieq(first, STR("desc"));
	*field = first;
	if (*down || str_ieq(first, STR("asc")))
		*field = rest.p ? str_trim(rest) : STR("");
	else if (rest.p)
		return false;
	return !memchr(field->p, ' ', field->n);
}

static struct str only_letters(struct str s, struct arena *a)
{
	struct buf b;
	struct str out;

	buf_init(&b, s.n + 1);
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z'))
			buf_char(&b, (char)c);
	}
	out = arena_str(a, buf_view(&b));
	buf_release(&b);
	return out;
}

static struct str without_accents(struct str s, struct arena *a)
{
	utf8proc_uint8_t *mapped = NULL;
	utf8proc_ssize_t n;
	struct str out;

	n = utf8proc_map((const utf8proc_uint8_t *)s.p, (utf8proc_ssize_t)s.n, &mapped,
			 UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_CASEFOLD |
			 UTF8PROC_STRIPMARK);
	if (n < 0)
		return spn_fold(a, s);
	out = arena_str(a, (struct str){ (const char *)mapped, (size_t)n });
	free(mapped);
	return out;
}

static struct str as_read(struct str s, enum reading reading, struct arena *a)
{
	switch (reading) {
	case READING_CODE_POINTS:
		return s;
	case READING_NO_CASE:
		return spn_fold(a, s);
	case READING_NO_ACCENTS:
		return without_accents(s, a);
	case READING_LETTERS:
		return only_letters(without_accents(s, a), a);
	case READINGS:
		break;
	}
	return s;
}

static bool is_digits(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.n > 0;
}

static int bytes_sign(struct str l, struct str r)
{
	size_t n = l.n < r.n ? l.n : r.n;
	int sign = n ? memcmp(l.p, r.p, n) : 0;

	return sign ? sign : (l.n > r.n) - (l.n < r.n);
}

/* Numbers stand before texts, if a field should have both. */
static int order_sign(const cJSON *l, const cJSON *r, enum reading reading,
		      struct arena *a)
{
	struct str left = match_text(l), right = match_text(r);

	if (!left.p || !right.p) {
		if (left.p || right.p)
			return left.p ? 1 : -1;
		return (l->valuedouble > r->valuedouble) -
		       (l->valuedouble < r->valuedouble);
	}
	/* "9" before "10" is a way to sort as well. */
	if (reading == READING_LETTERS && is_digits(left) && is_digits(right) &&
	    left.n != right.n)
		return left.n < right.n ? -1 : 1;
	return bytes_sign(as_read(left, reading, a), as_read(right, reading, a));
}

/* The first pair that is the wrong way round: the index of its second item,
 * or `n`.  `values` has none that are NULL. */
static size_t disorder(const cJSON **values, size_t n, bool down,
		       enum reading reading, struct arena *a)
{
	for (size_t i = 1; i < n; i++) {
		int sign = order_sign(values[i - 1], values[i], reading, a);

		if (down ? sign < 0 : sign > 0)
			return i;
	}
	return n;
}

/* Cut items without the field off both ends; -1 if some are left within. */
static int trim_unset(const cJSON ***values, size_t *n, size_t *skipped)
{
	*skipped = 0;
	if (*n && !(*values)[0])
		while (*n && !(*values)[0]) {
			++*values;
			--*n;
			++*skipped;
		}
	else
		while (*n && !(*values)[*n - 1])
			--*n;
	for (size_t i = 0; i < *n; i++)
		if (!(*values)[i])
			return -1;
	return 0;
}

int match_sorted(const struct value *arg, const cJSON *actual, struct arena *a,
		 struct mismatch *out)
{
	const cJSON **items, **values;
	struct str field;
	size_t n, skipped, at = 0, worst = 0;
	bool down;

	if (list_items(actual, &items, &n, a) < 0)
		return match_fail("sorted", arg, actual, a, out, "not a list");
	if (!match_order(arg->text, &field, &down))
		return match_fail("sorted", arg, actual, a, out,
				  "expected asc field, desc field or field");
	field = arena_str(a, field);
	values = arena_array(a, n + 1, sizeof(*values));
	for (size_t i = 0; i < n; i++)
		values[i] = field.n ? member_of(items[i], field) : items[i];
	if (trim_unset(&values, &n, &skipped) < 0)
		return match_fail("sorted", arg, actual, a, out,
				  "items without the field stand between others");
	for (int reading = 0; reading < READINGS; reading++) {
		at = disorder(values, n, down, (enum reading)reading, a);
		if (at == n)
			return 0;
		worst = at > worst ? at : worst;
	}
	match_fail("sorted", arg, values[worst], a, out, "");
	out->reason = arena_printf(a, "item %zu must not stand behind item %zu",
				   worst + skipped, worst + skipped - 1);
	match_prepend(out, a, arena_printf(a, "%zu", worst + skipped));
	return -1;
}

/* ---- selects ------------------------------------------------------------ */

/* A list, or a page {list, cursor}: what is left out of a page may follow. */
struct page_view {
	const struct value *list;
	bool partial;
};

static struct page_view page_of(const struct value *v)
{
	const struct value *cursor = value_get(v, "cursor");

	return (struct page_view){
		.list = v->kind == VALUE_MAP ? value_get(v, "list") : v,
		.partial = cursor && cursor->kind == VALUE_STR && cursor->text.n,
	};
}

static bool json_is_partial(const cJSON *page)
{
	const cJSON *cursor = cJSON_IsObject(page) ?
		cJSON_GetObjectItemCaseSensitive(page, "cursor") : NULL;

	return cJSON_IsString(cursor) && cursor->valuestring[0];
}

/* Item `i` of the selection is not what it should be. */
static int selects_wrong(const struct value *arg, const struct value *is,
			 const cJSON *should, size_t i, struct arena *a,
			 struct mismatch *out)
{
	const char *reason = !should ? "%zu items match, and here is one more" :
			     !is ? "%zu items are there, and this one is missing" :
			     "item %zu of what matches is another";

	match_fail("selects", value_get(arg, "those"), should, a, out, "");
	out->expected = out->actual;	/* what matches is what was expected */
	if (!should)
		out->expected = STR("nothing");
	out->actual = is ? print_value(is, a) : STR("nothing");
	out->reason = arena_printf(a, reason, i);
	return -1;
}

int match_selects(const struct value *arg, const cJSON *actual, struct arena *a,
		  struct mismatch *out)
{
	const struct value *those = value_get(arg, "those"), *as = value_get(arg, "as");
	const cJSON *list = cJSON_IsObject(actual) ?
		cJSON_GetObjectItemCaseSensitive(actual, "list") : actual;
	struct mismatch ignored;
	struct page_view page;
	const cJSON **items;
	size_t n, at = 0;

	if (!those || !as || list_items(list, &items, &n, a) < 0)
		return match_fail("selects", arg, actual, a, out,
				  "not a list, and no page with a list");
	page = page_of(as);
	if (!page.list || page.list->kind != VALUE_LIST)
		return match_fail("selects", as, actual, a, out,
				  "'as' is not a list, and no page with a list");
	for (size_t i = 0; i < n; i++) {
		if (match_value(those, items[i], a, &ignored) < 0)
			continue;
		if (at == page.list->count)
			return page.partial ? 0 :
			       selects_wrong(arg, NULL, items[i], at, a, out);
		if (!match_deep_equal(page.list->items[at], items[i]))
			return selects_wrong(arg, page.list->items[at], items[i],
					     at, a, out);
		at++;
	}
	if (at < page.list->count && !json_is_partial(actual))
		return selects_wrong(arg, page.list->items[at], NULL, at, a, out);
	return 0;
}
