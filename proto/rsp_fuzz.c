/*
 * Any bytes as any object: reading ends without a crash, and what was read
 * can be written and read again.
 */
#include "proto/es11.h"
#include "proto/rsp_bpp.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void objects(struct str in)
{
	union { struct rsp_install_data d; char room[1024]; } object, again;
	struct err err;
	struct buf out;

	buf_init(&out, 1 << 20);
	for (size_t i = 0; rsp_messages[i]; i++) {
		const struct tlv_message *m = rsp_messages[i];

		if (m->size > sizeof(object) || tlv_read(m, in, &object, &err) < 0)
			continue;
		buf_clear(&out);
		tlv_write(m, &out, &object);
		if (tlv_read(m, buf_view(&out), &again, &err) < 0)
			abort();
	}
	buf_release(&out);
}

static void package(struct str in)
{
	static const struct rsp_otpk key = { .public_point = { 4 } };
	struct rsp_bpp_reader r;
	struct arena a = { 0 };
	struct str *segments;
	struct err err;
	size_t n = 0, i = 0;

	rsp_bpp_reader_init(&r, &rsp_crypto_none, &key,
			    STR("89049032000000000000000000000163"),
			    STR("0123456789ABCDEF"), STR(""));
	if (rsp_bpp_split(in, &a, &segments, &n, &err) == 0)
		while (i < n && rsp_bpp_reader_feed(&r, segments[i], &err) == 0)
			i++;
	rsp_bpp_reader_release(&r);
	arena_release(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str in = { (const char *)data, size };
	struct rsp_notification n;
	struct es9_message m;
	struct es9_status st;
	struct es12_request event;
	struct es11_event *events;
	size_t event_count;
	struct str id;
	struct arena a = { 0 };
	struct err err;
	struct rsp_upp upp;

	objects(in);
	package(in);
	rsp_notification_read(in, &n, &err);
	rsp_upp_read(in, &upp, &err);
	for (unsigned f = 0; f < ES9_FUNCTIONS; f++) {
		es9_request_parse(in, (enum es9_function)f, &a, &m, &err);
		es9_answer_parse(in, (enum es9_function)f, &a, &m, &st, &err);
	}
	es11_answer_parse(in, &a, &id, &events, &event_count, &st, &err);
	es12_request_parse(in, &a, &event, &err);
	arena_release(&a);
	return 0;
}
