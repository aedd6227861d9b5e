/*
 * Goal: each quirk of an EIS or a server does what its sentence says.
 * Method: probes say in words what must be seen with the quirk; the same
 * without it must be seen to be well.  A row without a probe fails.
 */
#include "scenarios/quirk_probe_test.h"

static void stale_answers(const struct probe *p)
{
	const char *url = p->a;
	struct answer first, later;

	set(p->name, p->params);
	first = ask("GET", url, NULL);
	w.status = "complete";
	later = ask("GET", url, NULL);
	ck_assert_str_eq(later.body, first.body);
	ck_assert_int_eq(acts_of(p->name), 1);
	ck_assert_int_eq(w.requests, 2);
	quirk_engine_clear(w.engine, str_of(p->name), STR(""));
	later = ask("GET", url, NULL);
	ck_assert_str_ne(later.body, first.body);
}

/* a: the status that the EIS has, b: the one that is told. */
static void untrue_status(const struct probe *p)
{
	char want[64];
	struct answer a;

	w.status = p->a;
	set(p->name, p->params);
	a = ask("GET", ORDERS "/o1", NULL);
	snprintf(want, sizeof(want), "\"status\":\"%s\"", p->b);
	ck_assert_msg(strstr(a.body, want) != NULL, "%s", a.body);
	ck_assert_msg(strstr(a.body, p->c) != NULL, "%s", a.body);
	ck_assert_ptr_nonnull(strstr(a.body, "\"id\":\"o1\""));
	ck_assert_int_eq(acts_of(p->name), 1);
	w.status = "expired";
	a = ask("GET", ORDERS "/o1", NULL);
	ck_assert_ptr_nonnull(strstr(a.body, "\"status\":\"expired\""));
	ck_assert_int_eq(acts_of(p->name), 1);
}

static void order_vanishes(const struct probe *p)
{
	struct answer a;

	set(p->name, p->params);
	a = ask_as("server", "POST", ORDERS, PLACE);
	ck_assert_int_eq(a.status, 201);
	run_s(1);
	ck_assert_int_eq(count_of(&w.seen, "DELETE o1"), 1);
	a = ask_as("server", "GET", ORDERS "/o1", NULL);
	ck_assert_int_eq(a.status, 404);
	ck_assert_ptr_nonnull(strstr(a.body, "unknown-order"));
	a = ask_as("server", "GET", "http://eis.rig/eis/v1/euicc/" EID "/orders",
		   NULL);
	ck_assert_str_eq(a.body, "{\"orders\":[{\"id\":\"o2\"}]}");
	w.order = "{\"id\":\"o1\",\"operation\":\"enable\"}";
	a = ask("GET", NEXT, NULL);
	ck_assert_int_eq(a.status, 204);
	w.order = "{\"id\":\"o2\",\"operation\":\"enable\"}";
	a = ask("GET", NEXT, NULL);
	ck_assert_int_eq(a.status, 200);
	ck_assert_int_ge(acts_of(p->name), 1);
}

static void order_expires(const struct probe *p)
{
	struct answer a;

	set(p->name, p->params);
	a = ask_as("server", "POST", ORDERS, PLACE);
	ck_assert_int_eq(a.status, 201);
	ck_assert_int_eq(count_of(&w.seen, "\"expiresIn\":7}"), 1);
	ck_assert_int_eq(count_of(&w.seen, "3600"), 0);
	w.order = "{\"id\":\"o1\",\"operation\":\"enable\"}";
	a = ask("GET", NEXT, NULL);
	ck_assert_int_eq(a.status, 204);
	ck_assert_int_eq(w.requests, 1);
	run_s(6);
	ck_assert_int_eq(ask("GET", NEXT, NULL).status, 204);
	run_s(2);
	ck_assert_int_eq(ask("GET", NEXT, NULL).status, 200);
	ck_assert_int_eq(acts_of(p->name), 1);
}

static void order_again(const struct probe *p)
{
	struct answer a;

	set(p->name, p->params);
	w.order = "{\"id\":\"o1\",\"operation\":\"enable\"}";
	ck_assert_int_eq(ask("GET", NEXT, NULL).status, 200);
	w.order = NULL;
	ck_assert_int_eq(ask("GET", NEXT, NULL).status, 204);
	ck_assert_int_eq(acts_of(p->name), 0);
	ask("POST", RESULT, DONE);
	a = ask("GET", NEXT, NULL);
	ck_assert_int_eq(a.status, 200);
	ck_assert_str_eq(a.body, "{\"id\":\"o1\",\"operation\":\"enable\"}");
	ck_assert_int_eq(acts_of(p->name), 1);
	ask("POST", RESULT, DONE);
	ck_assert_int_eq(ask("GET", NEXT, NULL).status, 204);
}

/* ---- Every row. ---------------------------------------------------------- */

static const struct probe probes[] = {
	{ "eis.stale-record", NULL, stale_answers, RECORD, NULL, NULL },
	{ "eis.stale-status", NULL, stale_answers, ORDERS "/o1", NULL, NULL },
	{ "eis.complete-early", NULL, untrue_status, "queued", "complete",
	  "\"code\":\"ok\"" },
	{ "eis.complete-early", NULL, untrue_status, "delivered", "complete", ICCID },
	{ "eis.failed-though-done", NULL, untrue_status, "complete", "failed",
	  "\"code\":\"undefinedError\"" },
	{ "eis.result-late", "by=100s", messages, "100s 1, 110s 2, 120s 3", RESULT, NULL },
	{ "eis.result-twice", "gap=3s", messages, "0s 1, 3s 1, 10s 2, 13s 2, 20s 3, 23s 3",
	  RESULT, NULL },
	{ "eis.result-out-of-order", NULL, messages, "10s 2, 10s 1, 620s 3", RESULT, NULL },
	{ "eis.result-out-of-order", "within=4s", messages, "4s 1, 14s 2, 24s 3", RESULT,
	  NULL },
	{ "eis.result-lost", "times=1", messages, "10s 2, 20s 3", RESULT, NULL },
	{ "eis.order-vanishes", NULL, order_vanishes, NULL, NULL, NULL },
	{ "eis.order-expires", "after=7s", order_expires, NULL, NULL, NULL },
	{ "eis.order-again", NULL, order_again, NULL, NULL, NULL },
	{ "eis.profiles-lost", NULL, one_exchange,
	  "PUT http://eis.rig/eis/v1/euicc/" EID "/profiles",
	  "answered 204 in 0s, party asked 0", NULL },
	{ "eis.notification-lost", NULL, one_exchange,
	  POST_("http://eis.rig/eis/v1/notifications"),
	  "answered 204 in 0s, party asked 0", NULL },
	{ "eis.unreachable", NULL, one_exchange, GET_(NEXT),
	  "unreachable in 0s, party asked 0", NULL },
	{ "eis.http-503", "function=nextOrder", one_exchange, GET_(NEXT),
	  "answered 503 in 0s, party asked 0", NULL },
	{ "eis.slow", "function=record", one_exchange, GET_(RECORD), A200("20s", "1"), NULL },
	{ "eis.never-answers", "function=orderStatus", one_exchange, GET_(ORDERS "/o1"),
	  "timeout in 30s, party asked 0", NULL },
	{ "eis.malformed-json", NULL, one_exchange, GET_(RECORD),
	  "answered 200 no JSON in 0s, party asked 1", NULL },

	{ "server.unreachable", NULL, one_exchange, GET_("http://server.rig/ws/v1/x"),
	  "unreachable in 0s, party asked 0", NULL },
	{ "server.reports-refused", NULL, one_exchange, POST_(REPORTS),
	  "answered 503 in 0s, party asked 0", NULL },
	{ "server.report-answer-lost", NULL, one_exchange, POST_(REPORTS),
	  "broken in 0s, party asked 1", NULL },
	{ "server.slow", "function=api delay=9s", one_exchange,
	  GET_("http://server.rig/ws/v1/x"), A200("9s", "1"), NULL },
	{ "server.http-500", "function=api", one_exchange, GET_("http://server.rig/ws/v1/x"),
	  "answered 500 in 0s, party asked 0", NULL },
};

int main(void)
{
	return probe_all("scenarios/quirk eis server", probes,
			 sizeof(probes) / sizeof(probes[0]),
			 1u << QUIRK_PARTY_EIS |
			 1u << QUIRK_PARTY_SERVER);
}
