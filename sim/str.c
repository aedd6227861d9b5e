#include "sim/str.h"

#include <assert.h>
#include <stdlib.h>

static unsigned char lower(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

bool str_ieq(struct str a, struct str b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (lower(a.p[i]) != lower(b.p[i]))
			return false;
	return true;
}

bool str_starts(struct str s, struct str prefix)
{
	return s.n >= prefix.n && memcmp(s.p, prefix.p, prefix.n) == 0;
}

bool str_ends(struct str s, struct str suffix)
{
	return s.n >= suffix.n &&
	       memcmp(s.p + s.n - suffix.n, suffix.p, suffix.n) == 0;
}

ptrdiff_t str_find(struct str s, struct str needle)
{
	const char *at;

	if (needle.n == 0)
		return 0;
	if (s.n < needle.n)
		return -1;
	at = memmem(s.p, s.n, needle.p, needle.n);
	return at ? at - s.p : -1;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct str str_trim(struct str s)
{
	while (s.n > 0 && is_space(s.p[0]))
		s = (struct str){ s.p + 1, s.n - 1 };
	while (s.n > 0 && is_space(s.p[s.n - 1]))
		s.n--;
	return s;
}

struct str str_split(struct str *s, char sep)
{
	const char *at = s->n ? memchr(s->p, sep, s->n) : NULL;
	struct str head = *s;

	if (!at) {
		*s = STR_NONE;
		return head;
	}
	head.n = (size_t)(at - s->p);
	*s = (struct str){ at + 1, s->n - head.n - 1 };
	return head;
}

int str_to_u64(struct str s, uint64_t max, uint64_t *value)
{
	uint64_t v = 0;

	if (s.n == 0)
		return -1;
	for (size_t i = 0; i < s.n; i++) {
		uint64_t digit = (uint64_t)(s.p[i] - '0');

		if (s.p[i] < '0' || s.p[i] > '9' || v > (max - digit) / 10 ||
		    digit > max)
			return -1;
		v = v * 10 + digit;
	}
	*value = v;
	return 0;
}

/* Length of the UTF-8 sequence at `p`, or 0 if it is malformed. */
static size_t utf8_step(const unsigned char *p, size_t left)
{
	static const struct {
		unsigned char lead_lo, lead_hi, second_lo, second_hi;
		size_t len;
	} forms[] = {	/* RFC 3629, section 4 */
		{ 0xC2, 0xDF, 0x80, 0xBF, 2 }, { 0xE0, 0xE0, 0xA0, 0xBF, 3 },
		{ 0xE1, 0xEC, 0x80, 0xBF, 3 }, { 0xED, 0xED, 0x80, 0x9F, 3 },
		{ 0xEE, 0xEF, 0x80, 0xBF, 3 }, { 0xF0, 0xF0, 0x90, 0xBF, 4 },
		{ 0xF1, 0xF3, 0x80, 0xBF, 4 }, { 0xF4, 0xF4, 0x80, 0x8F, 4 },
	};

	if (p[0] < 0x80)
		return 1;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (p[0] < forms[i].lead_lo || p[0] > forms[i].lead_hi)
			continue;
		if (left < forms[i].len || p[1] < forms[i].second_lo ||
		    p[1] > forms[i].second_hi)
			return 0;
		for (size_t k = 2; k < forms[i].len; k++)
			if (p[k] < 0x80 || p[k] > 0xBF)
				return 0;
		return forms[i].len;
	}
	return 0;
}

bool str_is_utf8(struct str s)
{
	for (size_t i = 0, step; i < s.n; i += step) {
		uint64_t word;

		/* Most text is ASCII: eight bytes at once. */
		if (i + sizeof(word) <= s.n) {
			memcpy(&word, s.p + i, sizeof(word));
			if (!(word & UINT64_C(0x8080808080808080))) {
				step = sizeof(word);
				continue;
			}
		}
		step = utf8_step((const unsigned char *)s.p + i, s.n - i);
		if (step == 0)
			return false;
	}
	return true;
}

enum { NEAREST_MAX = 63 };

static size_t min3(size_t a, size_t b, size_t c)
{
	a = a < b ? a : b;
	return a < c ? a : c;
}

/* Levenshtein distance, one row at a time, ASCII case ignored. */
static size_t distance(struct str a, struct str b)
{
	size_t row[NEAREST_MAX + 1];

	assert(b.n <= NEAREST_MAX);
	for (size_t j = 0; j <= b.n; j++)
		row[j] = j;
	for (size_t i = 1; i <= a.n; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= b.n; j++) {
			size_t above = row[j];
			bool same = lower(a.p[i - 1]) == lower(b.p[j - 1]);

			row[j] = min3(above + 1, row[j - 1] + 1,
				      diagonal + (same ? 0 : 1));
			diagonal = above;
		}
	}
	return row[b.n];
}

int str_nearest(struct str word, const char *const *names, size_t count)
{
	size_t best = word.n / 3 + 1;
	int found = -1;

	if (word.n == 0 || word.n > NEAREST_MAX)
		return -1;
	for (size_t i = 0; i < count; i++) {
		struct str name = str_of(names[i]);
		size_t d;

		if (name.n > NEAREST_MAX)
			continue;
		d = distance(word, name);
		if (d < best || (d == best && found < 0)) {
			best = d;
			found = (int)i;
		}
	}
	return found;
}
