/*
 * SM-DP+s and devices that say anything: the SM-DS always answers in the form that
 * SGP.22 asks for, and what it keeps stays within its bounds.
 *
 * The input is a row of requests.  Each is made of members with good values, or others,
 * or it is a body as it stands there.
 */
#include "proto/base64.h"
#include "proto/es11.h"
#include "proto/rsp.h"
#include "sim/fuzz.h"
#include "sim/memnet.h"
#include "smdp/smds.h"

#include <stdlib.h>

#define URL "https://smds.example.com/gsma/rsp2/"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct world {
	struct loop loop;
	struct eventlog log;
	struct network *net;
	struct smds *smds;
	struct arena arena;
	struct str in;
	struct str transaction;		/* of the last session that began */
} w;

static const char *const paths[] = {
	"es12/registerEvent", "es12/deleteEvent", "es9plus/initiateAuthentication",
	"es9plus/authenticateClient",
};

static void answered(struct http_call *c)
{
	struct es11_event *list;
	struct es9_message m;
	struct es9_status st;
	struct str id;
	struct err err;
	size_t count;

	loop_stop(&w.loop);
	if (c->failure != HTTP_OK || c->resp.status != 200 ||
	    es9_answer_parse(c->resp.body, ES9_CANCEL_SESSION, &w.arena, &m, &st, &err) < 0)
		abort();
	if (st.failed && (!st.subject_code.n || !st.reason_code.n || st.message.n > 128))
		abort();
	if (str_ends(c->req.path, STR("authenticateClient")) &&
	    es11_answer_parse(c->resp.body, &w.arena, &id, &list, &count, &st, &err) < 0)
		abort();
	if (!st.failed && str_ends(c->req.path, STR("initiateAuthentication")) &&
	    es9_answer_parse(c->resp.body, ES9_INITIATE_AUTHENTICATION, &w.arena, &m, &st,
			     &err) == 0)
		w.transaction = m.transaction_id;
}

static void send_body(const char *path, struct str body)
{
	struct err err = { 0 };
	struct http_call *c = http_call_new(w.net, STR("x"), "POST", &err, URL "%s", path);

	http_call_body(c, "application/json", body);
	http_call_header(c, "X-Admin-Protocol", STR(ES9_PROTOCOL));
	c->done = answered;
	http_call_send(c);
	if (loop_run(&w.loop, &err) < 0)
		abort();
}

/* A value of the list, or some bytes of the input. */
static struct str choose(const char *const *values, unsigned count)
{
	unsigned which = fuzz_byte(&w.in) % (count + 1);
	struct str own;

	if (which < count)
		return str_of(values[which]);
	own = fuzz_bytes(&w.in, fuzz_byte(&w.in));
	return str_is_utf8(own) && own.p ? own : STR("");
}

#define CHOOSE(...) choose((const char *const[]){ __VA_ARGS__ }, \
	sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(const char *))

static void make_event(enum es12_function f, struct buf *b)
{
	struct es12_request q = { .call = STR("1") };

	q.requester = CHOOSE("dp1", "dp2", "");
	q.eid = CHOOSE("89049032000000000000000000000163",
		       "89049032000000000000000012345678946", "");
	q.event_id = CHOOSE("A", "B", "C", "");
	q.address = CHOOSE("dp1.example", "");
	es12_request_print(b, f, &q);
}

static void make_session(unsigned which, struct buf *b)
{
	struct es9_message m = { .smdp_address = STR("smds.example.com") };
	struct str id = rsp_crypto_none.ci_key_id(&rsp_crypto_none, 0);
	struct buf keys, info;

	buf_init(&keys, 100);
	buf_init(&info, 1000);
	tlv_put(&keys, TLV_OCTETS, id);
	rsp_euicc_info1_write(&info, &(struct rsp_euicc_info1){ .svn = STR("\x02\x02\x02"),
		.ci_verify = buf_view(&keys), .ci_sign = buf_view(&keys) });
	m.euicc_challenge = STR("0123456789ABCDEF");
	m.euicc_info1 = fuzz_byte(&w.in) & 1 ?
		fuzz_bytes(&w.in, fuzz_byte(&w.in)) : buf_view(&info);
	m.transaction_id = w.transaction.p ? w.transaction : STR("none");
	m.authenticate_response = fuzz_bytes(&w.in, fuzz_byte(&w.in) << 2);
	if (!m.euicc_info1.p)
		m.euicc_info1 = STR("");
	if (!m.authenticate_response.p)
		m.authenticate_response = STR("");
	es9_request_print(b, which == 2 ? ES9_INITIATE_AUTHENTICATION :
					  ES9_AUTHENTICATE_CLIENT, &m);
	buf_release(&keys);
	buf_release(&info);
}

static void send_one(void)
{
	unsigned how = fuzz_byte(&w.in);
	struct buf b;

	if (!(how & 4)) {
		send_body(paths[how & 3], fuzz_bytes(&w.in, fuzz_byte(&w.in) << 4));
		return;
	}
	buf_init(&b, 1 << 16);
	if ((how & 3) < 2)
		make_event((enum es12_function)(how & 1), &b);
	else
		make_session(how & 3, &b);
	send_body(paths[how & 3], buf_view(&b));
	buf_release(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err;

	w = (struct world){ .in = { (const char *)data, size } };
	loop_init(&w.loop, CLOCK_KIND_VIRTUAL, 1.0, CLOCK_EPOCH_MS);
	eventlog_init(&w.log, &w.loop.clock);
	w.net = memnet_new(&w.loop, NULL);
	w.smds = smds_new(&(struct smds_config){ .loop = &w.loop, .log = &w.log, .seed = 1,
		.party = "smds", .address = "smds.example.com" }, &err);
	if (!w.smds || network_listen(w.net, "smds.example.com", "smds",
				      smds_handler(w.smds), &err) < 0)
		abort();
	while (w.in.n)
		send_one();
	network_unlisten(w.net, "smds.example.com");
	smds_free(w.smds);
	network_release(w.net);
	eventlog_release(&w.log);
	arena_release(&w.arena);
	loop_release(&w.loop);
	return 0;
}
