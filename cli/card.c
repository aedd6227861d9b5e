/* esimrig card: one simulated eUICC, for card readers and LPAs of others. */
#include "cli/card_host.h"
#include "cli/output.h"
#include "cli/verb.h"
#include "proto/hex.h"
#include "sim/json.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 1 << 20, VPCD_FRAME_MAX = 65535 };

struct card_options {
	bool help, stdio, require_crl, tolerant;
	const char *pki, *state, *eid, *vpcd, *tcp, *memory, *rules;
};

#define OPTION(name_, field, argument_, help_) \
	{ name_, '\0', OPTION_TEXT, offsetof(struct card_options, field), argument_, help_, 0 }

static const struct option options[] = {
	{ "stdio", 0, OPTION_FLAG, offsetof(struct card_options, stdio), NULL,
	  "Be the card of an LPA that talks JSON lines to its reader, on standard input "
	  "and output", 0 },
	OPTION("vpcd", vpcd, "HOST:PORT",
	       "Be the card in the virtual reader of vsmartcard-vpcd (127.0.0.1:35963), so that "
	       "every PC/SC program sees it"),
	OPTION("tcp", tcp, "ADDR:PORT",
	       "Listen, and take APDUs as lines of hex digits; port 0 takes a free one"),
	OPTION("state", state, "FILE",
	       "What is in the card, from one run to the next (default: all is lost at the end)"),
	OPTION("eid", eid, "EID",
	       "Its EID, 32 digits (default: that of the state, or 89049032...)"),
	OPTION("memory", memory, "BYTES", "Of a new card, for profiles (default: 524288)"),
	OPTION("rules", rules, "RULES",
	       "Of a new card: which operators may set which policy rules, such as "
	       "'ppr2 for 26201 310410; ppr1,ppr2 for any with consent', or none (default: "
	       "'ppr1,ppr2 for any')"),
	OPTION("pki", pki, "DIR", "Certificates and keys; see esimrig pki"),
	{ "require-crl", 0, OPTION_FLAG, offsetof(struct card_options, require_crl), NULL,
	  "Take no server certificate unless a current list of revoked ones of its CI is in "
	  "--pki", 0 },
	{ "tolerant", 0, OPTION_FLAG, offsetof(struct card_options, tolerant), NULL,
	  "Take segments of 1036 bytes, as a known SM-DP+ sends them; SGP.22 allows 1020", 0 },
	OPTION_HELP(struct card_options),
	{ 0 }
};

/* ---- Bytes in and out. ------------------------------------------------------ */

/* A stream of bytes that is read in portions, until it ends. */
struct stream {
	int in, out;
	struct buf bytes;
	size_t used;
};

/* More bytes: 1; 0 at the end or on trouble. */
static int fill(struct stream *s)
{
	char chunk[4096];
	ssize_t n;

	if (s->used) {
		memmove(s->bytes.p, s->bytes.p + s->used, s->bytes.n - s->used);
		s->bytes.n -= s->used;
		s->used = 0;
	}
	do
		n = read(s->in, chunk, sizeof(chunk));
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return 0;
	buf_add(&s->bytes, chunk, (size_t)n);
	return !s->bytes.over;
}

/* The next line, without its end; false at the end. */
static bool next_line(struct stream *s, struct str *line)
{
	for (;;) {
		size_t left = s->bytes.n - s->used;
		struct str rest = left ? (struct str){ s->bytes.p + s->used, left } : STR_NONE;
		const char *end = left ? memchr(rest.p, '\n', left) : NULL;

		if (end) {
			*line = (struct str){ rest.p, (size_t)(end - rest.p) };
			s->used += line->n + 1;
			return true;
		}
		if (!fill(s))
			return false;
	}
}

/* Exactly `n` bytes. */
static bool next_bytes(struct stream *s, size_t n, struct str *bytes)
{
	while (s->bytes.n - s->used < n)
		if (!fill(s))
			return false;
	*bytes = (struct str){ s->bytes.p + s->used, n };
	s->used += n;
	return true;
}

static bool put(struct stream *s, struct str bytes)
{
	struct err err;

	return output_write(s->out, bytes, &err) == 0;
}

/* ---- JSON lines. --------------------------------------------------------------- */

/* What is asked for of the reader, and what comes back. */
struct reader_call {
	struct str func, param;
	bool has_param;
};

static int json_answer(struct card_host *h, const struct reader_call *c,
		       struct arena *a, struct buf *data)
{
	struct str bytes = STR("");
	struct err err;
	uint64_t n;

	if (str_is(c->func, "connect")) {
		isdr_reset(&h->isdr);
		return 0;
	}
	if (str_is(c->func, "disconnect")) {
		isdr_reset(&h->isdr);
		return 0;
	}
	if (str_is(c->func, "logic_channel_close")) {
		/* The number comes as hex digits or in decimal: one digit is both. */
		if (str_to_u64(c->param, ISDR_CHANNELS, &n) == 0)
			isdr_close_channel(&h->isdr, (unsigned)n);
		return 0;
	}
	if (c->has_param && hex_decode(a, c->param, &bytes, &err) < 0)
		return -1;
	if (str_is(c->func, "logic_channel_open"))
		return isdr_open_channel(&h->isdr, bytes);
	if (!str_is(c->func, "transmit"))
		return -1;
	card_host_transmit(h, bytes, data);
	return 0;
}

/* A line of another kind (progress, results) is not for the card. */
static bool read_call(const cJSON *o, struct reader_call *c)
{
	const cJSON *payload = cJSON_GetObjectItemCaseSensitive(o, "payload");
	const cJSON *func = cJSON_GetObjectItemCaseSensitive(payload, "func");
	const cJSON *param = cJSON_GetObjectItemCaseSensitive(payload, "param");
	const cJSON *type = cJSON_GetObjectItemCaseSensitive(o, "type");

	if (!cJSON_IsString(type) || strcmp(type->valuestring, "apdu") != 0 ||
	    !cJSON_IsString(func))
		return false;
	c->func = str_of(func->valuestring);
	c->has_param = cJSON_IsString(param);
	c->param = c->has_param ? str_of(param->valuestring) : STR("");
	return true;
}

static bool answer_line(struct card_host *h, struct stream *s, struct str line)
{
	struct reader_call c;
	struct arena a = { 0 };
	struct buf data, out;
	struct err err;
	cJSON *o = json_parse(line, &err);
	bool good = true;
	int code;

	if (o && read_call(o, &c)) {
		buf_init(&data, ISDR_ANSWER_MAX);
		buf_init(&out, 4 * ISDR_ANSWER_MAX);
		code = json_answer(h, &c, &a, &data);
		buf_printf(&out, "{\"type\":\"apdu\",\"payload\":{\"ecode\":%d", code);
		if (data.n)
			buf_printf(&out, ",\"data\":\"%s\"", hex_of(&a, buf_view(&data)).p);
		buf_z(&out, "}}\n");
		good = put(s, buf_view(&out));
		buf_release(&data);
		buf_release(&out);
	}
	cJSON_Delete(o);
	arena_release(&a);
	return good;
}

static int serve_stdio(const struct verb *v, struct card_host *h)
{
	struct stream s = { .in = STDIN_FILENO, .out = STDOUT_FILENO };
	struct str line;

	(void)v;
	buf_init(&s.bytes, LINE_MAX_BYTES);
	while (next_line(&s, &line) && answer_line(h, &s, line))
		;
	buf_release(&s.bytes);
	return EXIT_PASSED;
}

/* ---- Sockets. ------------------------------------------------------------------- */

/* "host:port" or "[::1]:port" to a socket that is connected, or listens. */
static int open_socket(const char *address, bool listens, struct err *err)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
				  .ai_flags = listens ? AI_PASSIVE : 0 }, *list, *i;
	struct arena a = { 0 };
	char *host = arena_strdup(&a, address), *colon = strrchr(host, ':');
	int fd = -1, rc, one = 1;

	if (!colon) {
		arena_release(&a);
		return err_set(err, ERR_INVALID, "%s: expected an address and a port", address);
	}
	*colon = '\0';
	if (host[0] == '[' && colon[-1] == ']') {
		colon[-1] = '\0';
		host++;
	}
	rc = getaddrinfo(host, colon + 1, &hints, &list);
	if (rc != 0) {
		arena_release(&a);
		return err_set(err, ERR_INVALID, "%s: %s", address, gai_strerror(rc));
	}
	for (i = list; i && fd < 0; i = i->ai_next) {
		fd = socket(i->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fd < 0)
			continue;
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
		rc = listens ? bind(fd, i->ai_addr, i->ai_addrlen) || listen(fd, 1) :
			       connect(fd, i->ai_addr, i->ai_addrlen);
		if (rc != 0) {
			rc = errno;
			close(fd);
			errno = rc;
			fd = -1;
		}
	}
	freeaddrinfo(list);
	arena_release(&a);
	return fd < 0 ? err_set(err, ERR_IO, "%s: %s", address, strerror(errno)) : fd;
}

/* ---- vsmartcard-vpcd. -------------------------------------------------------------- */

/* A frame of the virtual reader: two bytes of length, then bytes.  One byte alone is
 * a command to the card's slot. */
enum { VPCD_OFF, VPCD_ON, VPCD_RESET, VPCD_ATR = 4 };

static bool put_frame(struct stream *s, struct str bytes)
{
	unsigned char head[2] = { (unsigned char)(bytes.n >> 8), (unsigned char)bytes.n };
	struct buf out;
	bool good;

	buf_init(&out, VPCD_FRAME_MAX + 2);
	buf_add(&out, head, sizeof(head));
	buf_str(&out, bytes);
	good = put(s, buf_view(&out));
	buf_release(&out);
	return good;
}

/* Direct convention, T=0, seven historical bytes (7816-4, 12.1.1): applications are
 * selected by full or partial name, and there are four logical channels, whose
 * numbers the card gives. */
static struct str answer_to_reset(void)
{
	static const char atr[] = {
		0x3B, 0x07, (char)0x80, 0x31, (char)0xC0, 0x73, (char)0xC0, 0x01, 0x0B,
	};

	return (struct str){ atr, sizeof(atr) };
}

static bool slot_command(struct card_host *h, struct stream *s, char command)
{
	switch (command) {
	case VPCD_OFF:
	case VPCD_ON:
	case VPCD_RESET:
		isdr_reset(&h->isdr);
		return true;
	case VPCD_ATR:
		return put_frame(s, answer_to_reset());
	}
	return true;
}

static bool answer_apdu(struct card_host *h, struct stream *s, struct str apdu)
{
	struct buf out;
	bool good;

	buf_init(&out, ISDR_ANSWER_MAX);
	card_host_transmit(h, apdu, &out);
	good = put_frame(s, buf_view(&out));
	buf_release(&out);
	return good;
}

static int serve_vpcd(const struct verb *v, struct card_host *h, const char *address)
{
	struct err err = { 0 };
	int fd = open_socket(address, false, &err);
	struct stream s = { .in = fd, .out = fd };
	struct str head, bytes;
	bool good = true;

	if (fd < 0)
		return verb_fail(v, EXIT_RIG, "--vpcd %s", err.msg);
	printf("esimrig card: in the reader at %s\n", address);
	fflush(stdout);
	buf_init(&s.bytes, 2 * VPCD_FRAME_MAX);
	while (good && next_bytes(&s, 2, &head)) {
		size_t n = (size_t)(unsigned char)head.p[0] << 8 | (unsigned char)head.p[1];

		if (!next_bytes(&s, n, &bytes))
			break;
		good = n == 1 ? slot_command(h, &s, bytes.p[0]) :
		       n > 1 ? answer_apdu(h, &s, bytes) : true;
	}
	buf_release(&s.bytes);
	close(fd);
	return EXIT_PASSED;
}

/* ---- Hex digits over TCP. ------------------------------------------------------------ */

static bool answer_hex(struct card_host *h, struct stream *s, struct str line)
{
	struct str apdu, text = str_trim(line);
	struct arena a = { 0 };
	struct buf out, data;
	struct err err;
	bool good;

	buf_init(&out, 4 * ISDR_ANSWER_MAX);
	buf_init(&data, ISDR_ANSWER_MAX);
	if (str_ieq(text, STR("reset"))) {
		isdr_reset(&h->isdr);
		buf_str(&out, hex_of(&a, answer_to_reset()));
	} else if (hex_decode(&a, text, &apdu, &err) < 0) {
		buf_printf(&out, "error: %s", err.msg);
	} else {
		card_host_transmit(h, apdu, &data);
		buf_str(&out, hex_of(&a, buf_view(&data)));
	}
	buf_char(&out, '\n');
	good = put(s, buf_view(&out));
	buf_release(&out);
	buf_release(&data);
	arena_release(&a);
	return good;
}

static void serve_connection(struct card_host *h, int fd)
{
	struct stream s = { .in = fd, .out = fd };
	struct str line;

	buf_init(&s.bytes, 4096);
	isdr_reset(&h->isdr);
	while (next_line(&s, &line) && answer_hex(h, &s, line))
		;
	isdr_reset(&h->isdr);
	buf_release(&s.bytes);
}

static void say_where(int fd)
{
	struct sockaddr_storage at;
	socklen_t n = sizeof(at);
	char host[64], port[16];

	if (getsockname(fd, (struct sockaddr *)&at, &n) == 0 &&
	    getnameinfo((struct sockaddr *)&at, n, host, sizeof(host), port, sizeof(port),
			NI_NUMERICHOST | NI_NUMERICSERV) == 0)
		printf("esimrig card: listening on %s:%s\n", host, port);
	fflush(stdout);
}

/* One reader at a time: there is one card. */
static int serve_tcp(const struct verb *v, struct card_host *h, const char *address)
{
	struct err err = { 0 };
	int fd = open_socket(address, true, &err);

	if (fd < 0)
		return verb_fail(v, EXIT_RIG, "--tcp %s", err.msg);
	say_where(fd);
	for (;;) {
		int peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

		if (peer < 0 && (errno == EINTR || errno == ECONNABORTED))
			continue;
		if (peer < 0)
			break;
		serve_connection(h, peer);
		close(peer);
	}
	close(fd);
	return verb_fail(v, EXIT_RIG, "--tcp %s: %s", address, strerror(errno));
}

/* ---- The verb. --------------------------------------------------------------------------- */

static int serve(const struct verb *v, const struct card_options *o)
{
	struct card_host h;
	struct err err = { 0 };
	int code;

	if (card_host_open(&h, &(struct card_host_config){
			.pki = o->pki, .state = o->state, .eid = o->eid,
			.memory = o->memory, .rules = o->rules,
			.require_crl = o->require_crl, .tolerant = o->tolerant }, &err) < 0)
		return verb_fail(v, EXIT_INVALID, "%s", err.msg);
	signal(SIGPIPE, SIG_IGN);
	code = o->stdio ? serve_stdio(v, &h) : o->vpcd ? serve_vpcd(v, &h, o->vpcd) :
						     serve_tcp(v, &h, o->tcp);
	if (h.err.code != ERR_NONE)
		code = verb_fail(v, EXIT_RIG, "%s", h.err.msg);
	card_host_close(&h);
	return code;
}

static int run(const struct verb *v, int argc, char **argv)
{
	struct card_options o = { 0 };
	int left = verb_parse(v, argc, argv, &o);

	if (left < 0)
		return EXIT_INVALID;
	if (o.help)
		return verb_show_help(v);
	if (left > 0)
		return verb_usage(v, "'%s': no argument is expected", argv[1]);
	if (o.stdio + (o.vpcd != NULL) + (o.tcp != NULL) != 1)
		return verb_usage(v, "expected one of --stdio, --vpcd and --tcp");
	return serve(v, &o);
}

static const char *const about[] = {
	"The card has an ISD-R with all functions of ES10 (SGP.22) and signs with "
	"keys of --pki, which are made when they are not there. An SM-DP+ with the same "
	"directory takes it: esimrig smdp --pki DIR.",
	"With --tcp a line is a command APDU in hex digits and is answered by one; "
	"'reset' takes the power away and is answered by the ATR.",
	NULL
};

const struct verb verb_card = {
	.name = "card", .arguments = "", .summary = "Be an eUICC, for readers and LPAs of others",
	.options = options, .about = about, .run = run,
};
