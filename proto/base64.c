#include "proto/base64.h"

static const char alphabet[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(struct buf *out, struct str bytes)
{
	const unsigned char *p = (const unsigned char *)bytes.p;
	size_t n = bytes.n;
	char quad[4];

	for (; n >= 3; p += 3, n -= 3) {
		quad[0] = alphabet[p[0] >> 2];
		quad[1] = alphabet[(p[0] & 3) << 4 | p[1] >> 4];
		quad[2] = alphabet[(p[1] & 15) << 2 | p[2] >> 6];
		quad[3] = alphabet[p[2] & 63];
		buf_add(out, quad, 4);
	}
	if (n == 0)
		return;
	quad[0] = alphabet[p[0] >> 2];
	quad[1] = alphabet[(p[0] & 3) << 4 | (n == 2 ? p[1] >> 4 : 0)];
	quad[2] = n == 2 ? alphabet[(p[1] & 15) << 2] : '=';
	quad[3] = '=';
	buf_add(out, quad, 4);
}

/* The six bits of a character, or -1. */
static int six_bits(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

int base64_decode(struct arena *a, struct str text, struct str *bytes,
		  struct err *err)
{
	size_t pad = str_ends(text, STR("==")) ? 2 : str_ends(text, STR("=")) ? 1 : 0;
	unsigned char *out;
	uint32_t bits = 0;
	size_t n = 0;

	if (text.n % 4 != 0)
		return err_set(err, ERR_INVALID,
			       "base64: %zu characters, expected a multiple of 4",
			       text.n);
	out = arena_alloc(a, text.n / 4 * 3 + 1);
	for (size_t i = 0; i < text.n - pad; i++) {
		int six = six_bits(text.p[i]);

		if (six < 0)
			return err_set(err, ERR_INVALID,
				       "base64: character %zu is not of its alphabet",
				       i + 1);
		bits = bits << 6 | (uint32_t)six;
		if (i % 4 > 0)
			out[n++] = (unsigned char)(bits >> (6 - 2 * (i % 4)));
	}
	/* The last group of a padded text has bits left over: all zero. */
	if ((pad == 1 && (bits & 3)) || (pad == 2 && (bits & 15)))
		return err_set(err, ERR_INVALID,
			       "base64: expected zero bits before the padding");
	*bytes = (struct str){ (const char *)out, n };
	return 0;
}
