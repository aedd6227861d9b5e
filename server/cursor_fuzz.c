/*
 * Cursors: nothing that a stranger makes is taken, unless he has the key; and
 * with it, whatever is in them, they come out as they went in.
 */
#include "server/page.h"

#include "proto/base64.h"
#include "server/digest.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t key[CURSOR_KEY_SIZE] = "not so secret";

static void forged(struct str text, struct arena *a)
{
	struct page page = { .resource = resource_get(RESOURCE_PROFILES), .customer_id = 1 };
	struct err err;

	assert(cursor_read(text, key, a, &page, &err) < 0);
	assert(str_starts(str_of(err.msg), STR("cursor: ")));
}

/* Signed by the server's own key: an older version of it, or a mistake. */
static void signed_nonsense(struct str raw, struct arena *a)
{
	struct page page = { .resource = resource_get(RESOURCE_PROFILES), .customer_id = 1 };
	uint8_t mac[DIGEST_SIZE];
	struct buf b, text;
	struct str cursor;
	struct err err;
	char *p;

	buf_init(&b, 1 << 20);
	buf_init(&text, 1 << 21);
	buf_str(&b, raw);
	digest_hmac(key, b.p ? b.p : "", b.n, mac);
	buf_add(&b, mac, 16);
	base64_encode(&text, buf_view(&b));
	cursor = arena_str(a, buf_view(&text));
	p = (char *)(uintptr_t)cursor.p;
	for (size_t i = 0; i < cursor.n; i++)
		p[i] = (char)(p[i] == '+' ? '-' : p[i] == '/' ? '_' : p[i]);
	while (cursor.n && p[cursor.n - 1] == '=')
		cursor.n--;
	if (cursor_read(cursor, key, a, &page, &err) < 0)
		assert(str_starts(str_of(err.msg), STR("cursor: ")));
	buf_release(&b);
	buf_release(&text);
}

static void there_and_back(struct str s, struct arena *a)
{
	struct page page = {
		.resource = resource_get(RESOURCE_PROFILES), .customer_id = 1,
		.now_ms = (int64_t)s.n, .size = 7, .query = s,
		.order = resource_attribute(resource_get(RESOURCE_PROFILES), STR("carrier")),
		.descending = s.n % 2, .after = { .text = s, .rid = 5 },
	};
	struct page back = { .resource = page.resource, .customer_id = 1 };
	struct err err;

	if (s.n > 4096)
		return;
	assert(cursor_read(cursor_make(&page, key, a), key, a, &back, &err) == 0);
	assert(str_eq(back.query, s) && str_eq(back.after.text, s));
	assert(back.order == page.order && back.descending == page.descending);
	assert(back.size == 7 && back.now_ms == page.now_ms && back.after.rid == 5);
	back = (struct page){ .resource = page.resource, .customer_id = 2 };
	assert(cursor_read(cursor_make(&page, key, a), key, a, &back, &err) < 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str s = { size ? (const char *)data : "", size };
	struct arena a = { 0 };

	forged(s, &a);
	signed_nonsense(s, &a);
	there_and_back(s, &a);
	arena_release(&a);
	return 0;
}
