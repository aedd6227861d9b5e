/*
 * Goal: each quirk of an SM-DP+ does what its sentence says.
 * Method: probes say in words what must be seen with the quirk; the same
 * without it must be seen to be well.  A row without a probe fails.
 */
#include "scenarios/quirk_probe_test.h"
#include "scenarios/quirk_rsp_test.h"

/* a: the codes; the function that is refused is b. */
static void refused(const struct probe *p)
{
	struct str codes = str_of(p->a), subject = str_split(&codes, '/');
	char url[200], want[100];
	struct answer a;

	snprintf(url, sizeof(url), ES9("%s"), p->b);
	set(p->name, p->params);
	a = ask("POST", url, "{}");
	ck_assert_int_eq(a.status, 200);
	ck_assert_str_eq(a.type, "application/json");
	ck_assert_ptr_nonnull(strstr(a.body, "\"status\":\"Failed\""));
	snprintf(want, sizeof(want), "\"subjectCode\":\"%.*s\"", STRF(subject));
	ck_assert_msg(strstr(a.body, want) != NULL, "%s", a.body);
	snprintf(want, sizeof(want), "\"reasonCode\":\"%.*s\"", STRF(codes));
	ck_assert_msg(strstr(a.body, want) != NULL, "%s", a.body);
	ck_assert_int_eq(w.requests, 0);
	ck_assert_int_eq(acts_of(p->name), 1);
	/* Another function is not refused. */
	a = ask("POST", ES9("cancelSession"), "{}");
	ck_assert_ptr_null(strstr(a.body, "Failed"));
	ck_assert_int_eq(w.requests, 1);
}

static void other_transaction(const struct probe *p)
{
	struct answer a;

	set(p->name, p->params);
	a = ask("POST", ES9("initiateAuthentication"), "{}");
	ck_assert_str_eq(a.body, "{\"header\":{},\"transactionId\":\"0A10\"}");
	ck_assert_int_eq(acts_of(p->name), 1);
	a = ask("POST", ES9("cancelSession"), "{}");
	ck_assert_ptr_nonnull(strstr(a.body, "0A1B"));
}

static void code_consumed(const struct probe *p)
{
	struct answer a;

	set(p->name, p->params);
	a = authenticate_with("CODE-1", "0A01");
	ck_assert_ptr_null(strstr(a.body, "Failed"));
	a = ask("POST", ES9("getBoundProfilePackage"), "{\"transactionId\":\"0A01\"}");
	ck_assert_int_eq(a.failure, HTTP_BROKEN);
	ck_assert_int_eq(w.requests, 2);
	/* Asking for the package again does not help. */
	a = ask("POST", ES9("getBoundProfilePackage"), "{\"transactionId\":\"0A01\"}");
	ck_assert_int_eq(a.failure, HTTP_BROKEN);
	ck_assert_int_eq(w.requests, 2);
	a = authenticate_with("CODE-1", "0A02");
	ck_assert_ptr_nonnull(strstr(a.body, "\"subjectCode\":\"8.2.6\""));
	ck_assert_ptr_nonnull(strstr(a.body, "\"reasonCode\":\"3.8\""));
	a = authenticate_with("CODE-2", "0A03");
	ck_assert_ptr_null(strstr(a.body, "Failed"));
	ck_assert_int_eq(acts_of(p->name), 1);
	ck_assert_ptr_null(strstr(w.events.p, "CODE-1"));
}

/* ---- In the terms of SGP.22. ---------------------------------------------- */

/* a: the function, b: the member that is changed, c: where, as diff() says. */
static void rsp_changed(const struct probe *p)
{
	struct answer good, odd, other;
	struct arena a = { 0 };
	struct buf found;

	w.answer_smdp = answer_rsp;
	good = ask_rsp(p->a);
	set(p->name, p->params);
	w.requests = 0;		/* they make the one-time key of the package */
	odd = ask_rsp(p->a);
	buf_init(&found, 10000);
	diff(&found, "", decoded(&a, good.body, p->b), decoded(&a, odd.body, p->b));
	ck_assert_str_eq(found.p ? found.p : "", p->c);
	ck_assert_int_eq(acts_of(p->name), 1);
	/* Another function's answer is what it was. */
	other = ask_rsp("handleNotification");
	ck_assert_int_eq(acts_of(p->name), 1);
	ck_assert_int_eq(other.status, 200);
	buf_release(&found);
	arena_release(&a);
}

static void replayed(const struct probe *p)
{
	struct answer first, second, third;

	w.answer_smdp = answer_rsp;
	set(p->name, p->params);
	first = ask_rsp("getBoundProfilePackage");
	ck_assert_int_eq(acts_of(p->name), 0);
	second = ask_rsp("getBoundProfilePackage");
	ck_assert_str_eq(second.body, first.body);
	ck_assert_int_eq(acts_of(p->name), 1);
	quirk_engine_clear(w.engine, str_of(p->name), STR(""));
	third = ask_rsp("getBoundProfilePackage");
	ck_assert_str_ne(third.body, first.body);
}

/* a: the X-Admin-Protocol of the answer, b: its Content-Type. */
static void answer_header(const struct probe *p)
{
	struct answer a;

	w.answer_smdp = answer_rsp;
	set(p->name, p->params);
	a = ask("POST", ES9("cancelSession"), "{}");
	ck_assert_str_eq(a.protocol, p->a);
	ck_assert_str_eq(a.type, p->b);
	ck_assert_int_eq(acts_of(p->name), 1);
	quirk_engine_clear(w.engine, str_of(p->name), STR(""));
	a = ask("POST", ES9("cancelSession"), "{}");
	ck_assert_str_eq(a.protocol, ES9_PROTOCOL);
	ck_assert_str_eq(a.type, "application/json");
}

/* a: both headers as they arrive. */
static void request_header(const struct probe *p)
{
	ask("POST", ES9("cancelSession"), "{}");
	ck_assert_str_eq(w.headers.p, ES9_PROTOCOL " application/json\n");
	buf_clear(&w.headers);
	set(p->name, p->params);
	ask("POST", ES9("cancelSession"), "{}");
	ck_assert_str_eq(w.headers.p, p->a);
	ck_assert_int_eq(acts_of(p->name), 1);
}

/* The same answer; in memory nobody sees how many pieces it came in. */
static void same_answer(const struct probe *p)
{
	struct answer good = ask("POST", ES9("cancelSession"), "{}"), odd;

	ck_assert_str_eq(good.connection, "");
	set(p->name, p->params);
	odd = ask("POST", ES9("cancelSession"), "{}");
	ck_assert_str_eq(odd.body, good.body);
	ck_assert_str_eq(odd.connection, p->a);
	ck_assert_int_eq(acts_of(p->name), 1);
}

/* ---- Every row. ---------------------------------------------------------- */

#define INITIATE "initiateAuthentication"
#define AUTHENTICATE "authenticateClient"
#define GET_PACKAGE "getBoundProfilePackage", "boundProfilePackage"

static const struct probe probes[] = {
	{ "smdp.slow", NULL, one_exchange, POST_(ES9("authenticateClient")),
	  A200("20s", "1"), NULL },
	{ "smdp.slow", "function=cancelSession delay=3s", one_exchange,
	  POST_(ES9("cancelSession")), A200("3s", "1"), NULL },
	{ "smdp.never-answers", NULL, one_exchange, POST_(ES9("cancelSession")),
	  "timeout in 30s, party asked 0", NULL },
	{ "smdp.http-500", NULL, one_exchange, POST_(ES9("cancelSession")),
	  "answered 500 in 0s, party asked 0", NULL },
	{ "smdp.http-500", "status=404", one_exchange, POST_(ES9("cancelSession")),
	  "answered 404 in 0s, party asked 0", NULL },
	{ "smdp.unreachable", NULL, one_exchange, POST_(ES9("cancelSession")),
	  "unreachable in 0s, party asked 0", NULL },
	{ "smdp.reset", NULL, one_exchange, POST_(ES9("cancelSession")),
	  "broken in 0s, party asked 0", NULL },
	{ "smdp.answer-lost", NULL, one_exchange, POST_(ES9("cancelSession")),
	  "broken in 0s, party asked 1", NULL },
	{ "smdp.reset-mid-body", NULL, one_exchange, POST_(ES9("cancelSession")),
	  "broken in 0s, party asked 1", NULL },
	{ "smdp.truncated-json", NULL, one_exchange, POST_(ES9("cancelSession")),
	  "answered 200 no JSON in 0s, party asked 1", "{\"header\":{}" },
	{ "smdp.malformed-json", NULL, one_exchange, POST_(ES9("cancelSession")),
	  "answered 200 no JSON in 0s, party asked 1", "\"0A1B\",]" },
	{ "smdp.html-page", NULL, one_exchange, POST_(ES9("cancelSession")),
	  "answered 200 no JSON in 0s, party asked 0", "<title>" },
	{ "smdp.empty-answer", NULL, one_exchange, POST_(ES9("cancelSession")),
	  "answered 200 empty in 0s, party asked 1", NULL },
	{ "smdp.refuses", "subject=8.9 reason=1.1 function=authenticateClient", refused,
	  "8.9/1.1", "authenticateClient", NULL },
	{ "smdp.address-refused", NULL, refused, "8.8.1/3.8", "initiateAuthentication", NULL },
	{ "smdp.security-unsupported", NULL, refused, "8.8.2/3.1",
	  "initiateAuthentication", NULL },
	{ "smdp.version-unsupported", NULL, refused, "8.8.3/3.1",
	  "initiateAuthentication", NULL },
	{ "smdp.certificate-expired", NULL, refused, "8.1.3/6.3", "authenticateClient", NULL },
	{ "smdp.signature-invalid", NULL, refused, "8.1/6.1", "authenticateClient", NULL },
	{ "smdp.memory-insufficient", NULL, refused, "8.1/4.8", "authenticateClient", NULL },
	{ "smdp.matching-id-refused", NULL, refused, "8.2.6/3.8", "authenticateClient", NULL },
	{ "smdp.eid-refused", NULL, refused, "8.1.1/3.8", "authenticateClient", NULL },
	{ "smdp.no-eligible-profile", NULL, refused, "8.2.5/4.3", "authenticateClient", NULL },
	{ "smdp.profile-not-released", NULL, refused, "8.2/1.2", "authenticateClient", NULL },
	{ "smdp.download-order-expired", NULL, refused, "8.8.5/4.10",
	  "authenticateClient", NULL },
	{ "smdp.retries-exceeded", NULL, refused, "8.8.5/6.4", "authenticateClient", NULL },
	{ "smdp.transaction-unknown", NULL, refused, "8.10.1/3.9", "authenticateClient", NULL },
	{ "smdp.confirmation-code-missing", NULL, refused, "8.2.7/2.2",
	  "getBoundProfilePackage", NULL },
	{ "smdp.confirmation-code-refused", NULL, refused, "8.2.7/3.8",
	  "getBoundProfilePackage", NULL },
	{ "smdp.confirmation-code-retries", NULL, refused, "8.2.7/6.4",
	  "getBoundProfilePackage", NULL },
	{ "smdp.package-unavailable", NULL, refused, "8.2/3.7",
	  "getBoundProfilePackage", NULL },
	{ "smdp.wrong-transaction-id", "function=initiateAuthentication", other_transaction,
	  NULL, NULL, NULL },
	{ "smdp.code-consumed", NULL, code_consumed, NULL, NULL, NULL },
	{ "smdp.bad-signature", "what=server-signature1", rsp_changed, INITIATE,
	  "serverSignature1", "5F37" },
	{ "smdp.bad-signature", "what=smdp-signature2", rsp_changed, AUTHENTICATE,
	  "smdpSignature2", "5F37" },
	{ "smdp.bad-signature", "what=package", rsp_changed, GET_PACKAGE,
	  "BF36.BF23.5F37" },
	{ "smdp.bad-certificate", "what=auth", rsp_changed, INITIATE, "serverCertificate",
	  "+30.13" },
	{ "smdp.bad-certificate", "what=auth fault=garbage", rsp_changed, INITIATE,
	  "serverCertificate", "+30.2" },
	{ "smdp.bad-certificate", "what=pb fault=other-server", rsp_changed, AUTHENTICATE,
	  "smdpCertificate", "+30.13" },
	{ "smdp.bad-challenge", "what=euicc", rsp_changed, INITIATE, "serverSigned1", "30.81" },
	{ "smdp.bad-challenge", "what=server", rsp_changed, INITIATE, "serverSigned1", "30.84" },
	{ "smdp.bad-transaction-id", "what=server-signed1", rsp_changed, INITIATE,
	  "serverSigned1", "30.80" },
	{ "smdp.bad-transaction-id", "what=smdp-signed2", rsp_changed, AUTHENTICATE,
	  "smdpSigned2", "30.80" },
	{ "smdp.bad-transaction-id", "what=package", rsp_changed, GET_PACKAGE,
	  "BF36.BF23.80" },
	{ "smdp.bad-address", NULL, rsp_changed, INITIATE, "serverSigned1", "30.83" },
	{ "smdp.unknown-ci", NULL, rsp_changed, INITIATE, "euiccCiPKIdToBeUsed", "4" },
	{ "smdp.bad-metadata", "what=garbage", rsp_changed, AUTHENTICATE, "profileMetadata",
	  "!" },
	{ "smdp.bad-metadata", "what=other-profile", rsp_changed, AUTHENTICATE,
	  "profileMetadata", "BF25.5A" },
	{ "smdp.bad-metadata", "what=other-name", rsp_changed, AUTHENTICATE,
	  "profileMetadata", "BF25.91" },
	{ "smdp.bad-head", "what=operation", rsp_changed, GET_PACKAGE, "BF36.BF23.82" },
	{ "smdp.bad-head", "what=key-type", rsp_changed, GET_PACKAGE, "BF36.BF23.A6.80" },
	{ "smdp.bad-head", "what=key-length", rsp_changed, GET_PACKAGE, "BF36.BF23.A6.81" },
	{ "smdp.bad-head", "what=host-id", rsp_changed, GET_PACKAGE, "BF36.BF23.A6.84" },
	{ "smdp.bad-head", "what=one-time-key", rsp_changed, GET_PACKAGE, "BF36.BF23.5F49" },
	{ "smdp.bad-mac", "what=configure", rsp_changed, GET_PACKAGE, "BF36.A0.87" },
	{ "smdp.bad-mac", "what=metadata", rsp_changed, GET_PACKAGE, "BF36.A1.88" },
	{ "smdp.bad-mac", "what=keys", rsp_changed, GET_PACKAGE, "BF36.A2.87" },
	{ "smdp.bad-mac", NULL, rsp_changed, GET_PACKAGE, "BF36.A3.86" },
	{ "smdp.bad-text", "what=configure", rsp_changed, GET_PACKAGE, "BF36.A0.87" },
	{ "smdp.bad-text", "what=metadata", rsp_changed, GET_PACKAGE, "BF36.A1.88" },
	{ "smdp.bad-text", "what=keys", rsp_changed, GET_PACKAGE, "BF36.A2.87" },
	{ "smdp.bad-text", NULL, rsp_changed, GET_PACKAGE, "BF36.A3.86" },
	{ "smdp.bad-counter", NULL, rsp_changed, GET_PACKAGE, "BF36.A3.86 BF36.A3.86" },
	{ "smdp.bad-counter", "what=repeated", rsp_changed, GET_PACKAGE,
	  "BF36.A3.86 BF36.A3.86 +BF36.A3.86" },
	{ "smdp.bad-counter", "what=missing", rsp_changed, GET_PACKAGE,
	  "BF36.A3.86 BF36.A3.86 -BF36.A3.86" },
	{ "smdp.bad-package", "what=cut", rsp_changed, GET_PACKAGE, "!" },
	{ "smdp.bad-package", "what=no-configure", rsp_changed, GET_PACKAGE,
	  "BF36.A0>A1 BF36.A1>A2 BF36.A2>A3 -BF36.A3" },
	{ "smdp.bad-package", "what=no-metadata", rsp_changed, GET_PACKAGE,
	  "BF36.A1>A2 BF36.A2>A3 -BF36.A3" },
	{ "smdp.bad-package", "what=no-elements", rsp_changed, GET_PACKAGE, "-BF36.A3" },
	{ "smdp.bad-package", "what=out-of-order", rsp_changed, GET_PACKAGE,
	  "BF36.A0>A1 BF36.A1>A0" },
	{ "smdp.bad-package", "what=unknown-part", rsp_changed, GET_PACKAGE, "BF36.A1>A5" },
	{ "smdp.bad-package", "what=wrong-tag", rsp_changed, GET_PACKAGE, "BF36.A3.86>87" },
	{ "smdp.long-segment", "what=metadata", rsp_changed, GET_PACKAGE, "BF36.A1.88(long)" },
	{ "smdp.long-segment", NULL, rsp_changed, GET_PACKAGE, "BF36.A3.86(long)" },
	{ "smdp.package-replayed", NULL, replayed, NULL, NULL, NULL },
	{ "smdp.answer-header", "what=no-protocol", answer_header, "", "application/json",
	  NULL },
	{ "smdp.answer-header", "what=protocol-1", answer_header, "gsma/rsp/v1.1.0",
	  "application/json", NULL },
	{ "smdp.answer-header", "what=no-type", answer_header, ES9_PROTOCOL, "", NULL },
	{ "smdp.answer-header", "what=text function=cancelSession", answer_header,
	  ES9_PROTOCOL, "text/plain", NULL },
	{ "smdp.request-header", "what=no-protocol", request_header, " application/json\n",
	  NULL, NULL },
	{ "smdp.request-header", "what=protocol-3", request_header,
	  "gsma/rsp/v3.0.0 application/json\n", NULL, NULL },
	{ "smdp.request-header", "what=protocol-garbage", request_header,
	  "v2 application/json\n", NULL, NULL },
	{ "smdp.request-header", "what=form", request_header,
	  ES9_PROTOCOL " application/x-www-form-urlencoded\n", NULL, NULL },
	{ "smdp.chunked", "size=3", same_answer, "", NULL, NULL },
	{ "smdp.closes-connection", NULL, same_answer, "close", NULL, NULL },
	{ "smdp.notification-refused", NULL, one_exchange, POST_(ES9("handleNotification")),
	  "answered 500 in 0s, party asked 0", NULL },
	{ "smdp.notification-lost", NULL, one_exchange, POST_(ES9("handleNotification")),
	  "answered 204 in 0s, party asked 0", NULL },
};

int main(void)
{
	return probe_all("scenarios/quirk smdp", probes,
			 sizeof(probes) / sizeof(probes[0]),
			 1u << QUIRK_PARTY_SMDP);
}
