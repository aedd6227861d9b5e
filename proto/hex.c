#include "proto/hex.h"

static const char digits[] = "0123456789ABCDEF";

void hex_encode(struct buf *out, struct str bytes)
{
	for (size_t i = 0; i < bytes.n; i++) {
		unsigned char b = (unsigned char)bytes.p[i];
		char pair[2] = { digits[b >> 4], digits[b & 15] };

		buf_add(out, pair, 2);
	}
}

struct str hex_of(struct arena *a, struct str bytes)
{
	char *text = arena_alloc(a, 2 * bytes.n + 1);

	for (size_t i = 0; i < bytes.n; i++) {
		unsigned char b = (unsigned char)bytes.p[i];

		text[2 * i] = digits[b >> 4];
		text[2 * i + 1] = digits[b & 15];
	}
	return (struct str){ text, 2 * bytes.n };
}

static int value_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

int hex_decode(struct arena *a, struct str text, struct str *bytes,
	       struct err *err)
{
	unsigned char *out;

	if (text.n % 2)
		return err_set(err, ERR_INVALID,
			       "hex: %zu digits, expected an even number", text.n);
	out = arena_alloc(a, text.n / 2 + 1);
	for (size_t i = 0; i < text.n; i++) {
		int v = value_of(text.p[i]);

		if (v < 0)
			return err_set(err, ERR_INVALID,
				       "hex: character %zu is no digit", i + 1);
		out[i / 2] = (unsigned char)(out[i / 2] << 4 | v);
	}
	*bytes = (struct str){ (const char *)out, text.n / 2 };
	return 0;
}
