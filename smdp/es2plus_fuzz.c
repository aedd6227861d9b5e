/*
 * An operator that says anything: the SM-DP+ always answers in the form that SGP.22
 * asks for, and what it keeps of an order stays consistent.
 *
 * The input is a row of requests.  Each is made of members with good values, or others,
 * or it is a body as it stands there.
 */
#include "proto/es9.h"
#include "sim/json.h"
#include "sim/fuzz.h"
#include "sim/memnet.h"
#include "smdp/smdp.h"

#include <stdlib.h>

#define ICCID_A "8944000000001234567"
#define ICCID_B "8944000000000000019"
#define URL "https://smdp.example.com/gsma/rsp2/es2plus/"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct world {
	struct loop loop;
	struct eventlog log;
	struct network *net;
	struct smdp *smdp;
	struct arena arena;
	struct str in;
} w;

/* cancelSession's answer has a header and nothing else, as any of these has at least. */
static void answered(struct http_call *c)
{
	struct es9_message m;
	struct es9_status st;
	struct err err;

	loop_stop(&w.loop);
	if (c->failure != HTTP_OK || c->resp.status != 200 ||
	    es9_answer_parse(c->resp.body, ES9_CANCEL_SESSION, &w.arena, &m, &st, &err) < 0)
		abort();
	if (st.failed && (!st.subject_code.n || !st.reason_code.n || st.message.n > 128))
		abort();
}

static void send_body(const char *function, struct str body)
{
	struct err err = { 0 };
	struct http_call *c = http_call_new(w.net, STR("op"), "POST", &err, URL "%s", function);

	http_call_body(c, "application/json", body);
	http_call_header(c, "X-Admin-Protocol", STR(ES9_PROTOCOL));
	c->done = answered;
	http_call_send(c);
	if (loop_run(&w.loop, &err) < 0)
		abort();
}

/* A value of the list, or some bytes of the input where they are text. */
static void put_member(struct json *j, const char *key, const char *const *values,
		       unsigned count)
{
	unsigned which = fuzz_byte(&w.in) % (count + 2);
	struct str own;

	if (which == count)
		return;
	if (which < count) {
		json_putz(j, key, values[which]);
		return;
	}
	own = fuzz_bytes(&w.in, fuzz_byte(&w.in) % 40);
	if (str_is_utf8(own))
		json_put(j, key, own);
}

#define VALUES(...) (const char *const[]){ __VA_ARGS__ }, \
	sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(const char *)

static void send_made(const char *function)
{
	struct json j;
	struct buf b;

	buf_init(&b, 1 << 16);
	j = json_to(&b);
	json_open(&j, '{');
	json_key(&j, "header");
	json_open(&j, '{');
	put_member(&j, "functionRequesterIdentifier", VALUES("op"));
	put_member(&j, "functionCallIdentifier", VALUES("1"));
	json_close(&j, '}');
	put_member(&j, "iccid", VALUES(ICCID_A, ICCID_B, "12", ""));
	put_member(&j, "eid", VALUES("89049032000000000000000000000163",
				     "89049032000000000000000012345678946", ""));
	put_member(&j, "profileType", VALUES("default", "gold"));
	put_member(&j, "matchingId", VALUES("MID-1", "MID-2", "", "a b"));
	put_member(&j, "confirmationCode", VALUES("1234", ""));
	put_member(&j, "smdsAddress", VALUES("smds.example.com", ""));
	put_member(&j, "finalProfileStatusIndicator", VALUES("Available", "Unavailable", "X"));
	if (fuzz_byte(&w.in) & 1)
		json_put_bool(&j, "releaseFlag", true);
	json_close(&j, '}');
	send_body(function, buf_view(&b));
	buf_release(&b);
}

static void send_one(void)
{
	static const char *const functions[] = { "downloadOrder", "confirmOrder",
						 "cancelOrder", "releaseProfile" };
	unsigned how = fuzz_byte(&w.in);

	if (how & 4)
		send_made(functions[how & 3]);
	else
		send_body(functions[how & 3], fuzz_bytes(&w.in, fuzz_byte(&w.in) << 4));
}

static void stock(const char *iccid)
{
	struct smdp_profile_spec spec = { .iccid = str_of(iccid), .spn = STR("Mobile") };
	struct err err;

	if (smdp_stock_profile(w.smdp, &spec, &err) < 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct smdp_config config = { .loop = &w.loop, .log = &w.log, .seed = 1,
				      .party = "smdp", .address = "smdp.example.com" };
	struct err err;

	w = (struct world){ .in = { (const char *)data, size } };
	loop_init(&w.loop, CLOCK_KIND_VIRTUAL, 1.0, CLOCK_EPOCH_MS);
	eventlog_init(&w.log, &w.loop.clock);
	config.net = w.net = memnet_new(&w.loop, NULL);
	w.smdp = smdp_new(&config, &err);
	if (!w.smdp || network_listen(w.net, "smdp.example.com", "smdp",
				      smdp_handler(w.smdp), &err) < 0)
		abort();
	stock(ICCID_A);
	stock(ICCID_B);
	while (w.in.n)
		send_one();
	network_unlisten(w.net, "smdp.example.com");
	smdp_free(w.smdp);
	network_release(w.net);
	eventlog_release(&w.log);
	arena_release(&w.arena);
	loop_release(&w.loop);
	return 0;
}
