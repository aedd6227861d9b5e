/*
 * quirk_probe_test.h - what a quirk does, as a row of words.
 *
 * A probe names a row of the table of quirks, its parameters, and in words of
 * its own what must be seen with it; without it the same must be seen to be
 * well.  A test program has the probes of some parties, and each of those
 * parties' rows must have one.
 */
#ifndef SCENARIOS_QUIRK_PROBE_TEST_H
#define SCENARIOS_QUIRK_PROBE_TEST_H

#include "scenarios/quirk_rig_test.h"
#include "sim/json.h"

struct probe {
	const char *name;	/* of the row */
	const char *params;
	void (*run)(const struct probe *p);
	const char *a, *b, *c;	/* the probe's own: what to do and to expect */
};

#define A200(s, n) "answered 200 in " s ", party asked " n
#define POST_(url) "POST " url
#define GET_(url) "GET " url

/* "answered 200 in 20s, party asked 1", with what is odd about the body. */
static inline const char *outcome(const struct answer *a, int requests)
{
	static char text[200];
	char body[64] = "";
	struct err err;
	cJSON *tree = a->body[0] ? json_parse(str_of(a->body), &err) : NULL;

	if (a->failure == HTTP_OK)
		snprintf(body, sizeof(body), " %d%s", a->status,
			 a->body[0] && !tree ? " no JSON" :
			 a->status == 200 && !a->body[0] ? " empty" : "");
	cJSON_Delete(tree);
	snprintf(text, sizeof(text), "%s%s in %llds, party asked %d",
		 http_failure_name(a->failure), body,
		 (long long)(a->took_ns / NS_PER_S), requests);
	return text;
}

/* a: "METHOD url", b: the outcome with the quirk, c: text in the answer. */
static inline void one_exchange(const struct probe *p)
{
	struct str rest = str_of(p->a);
	struct str method = str_split(&rest, ' ');
	char verb[8];
	struct answer a;
	bool get;

	snprintf(verb, sizeof(verb), "%.*s", STRF(method));
	get = strcmp(verb, "GET") == 0;
	for (int round = 0; round < 3; round++) {
		bool odd = round == 1;
		const char *found;

		if (odd)
			set(p->name, p->params);
		else
			quirk_engine_clear(w.engine, str_of(p->name), STR(""));
		w.requests = 0;
		a = ask(verb, rest.p, get ? NULL : "{\"eid\":\"" EID "\",\"cause\":\"boot\"}");
		found = outcome(&a, w.requests);
		if (odd) {
			ck_assert_str_eq(found, p->b);
			ck_assert_msg(!p->c || strstr(a.body, p->c), "%s", a.body);
			ck_assert_int_eq(acts_of(p->name), 1);
		} else {
			ck_assert_int_eq(a.failure, HTTP_OK);
			ck_assert_int_eq(a.took_ns, 0);
			ck_assert_int_eq(w.requests, 1);
			ck_assert_int_eq(a.status / 100, 2);
			ck_assert(strstr(found, "JSON") == NULL);
		}
	}
}

/* Three messages 10 s apart, from two devices: a is what the party must have
 * seen within the hour: "0s 1, 10s 2, 20s 3".  b: the messages' URL. */
static inline void messages(const struct probe *p)
{
	struct buf found;
	struct answer a;

	set(p->name, p->params);
	for (int i = 1; i <= 3; i++) {
		char body[300];

		snprintf(body, sizeof(body), "{\"eid\":\"" EID "\",\"sequence\":%d,"
			 "\"cause\":\"change\",\"complete\":true,"
			 "\"profiles\":[\"list %d\"]}", i, i);
		a = ask("POST", p->b, body);
		ck_assert_int_eq(a.failure, HTTP_OK);
		ck_assert_int_eq(a.status / 100, 2);
		ck_assert_int_eq(a.took_ns, 0);
		ck_assert(a.status != 200 || strstr(a.body, "\"applied\":true"));
		run_s(10);
	}
	run_s(3600);
	buf_init(&found, 10000);
	for (const char *at = w.seen.p; at && *at; at = strchr(at, '\n') + 1) {
		const char *n = strstr(at, "\"sequence\":");

		buf_printf(&found, "%s%.*s %c", found.n ? ", " : "",
			   (int)strcspn(at, " "), at, n ? n[11] : '?');
	}
	ck_assert_str_eq(found.p ? found.p : "", p->a);
	buf_release(&found);
	ck_assert_int_gt(acts_of(p->name), 0);
}

/* What a device goes through; a: what is done to it, the whole time. */
static inline void done_on_event(const struct probe *p)
{
	static const struct {
		const char *name, *step;
		int n;
	} events[] = {
		{ "power-on", NULL, 0 }, { "boot-complete", NULL, 0 },
		{ "order-received", NULL, 0 },
		{ "download-step", "get-euicc-challenge", 0 },
		{ "download-step", "initiate-authentication", 0 },
		{ "download-step", "authenticate-client", 0 },
		{ "download-step", "load-segment", 1 },
		{ "download-step", "load-segment", 2 },
		{ "download-step", "store-result", 0 },
		{ "profile-installed", NULL, 0 }, { "profile-enabled", NULL, 0 },
		{ "report-sent", NULL, 0 },
	};
	struct device *router = &w.fleet.devices[0];

	set(p->name, p->params);
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		size_t before = router->log.n;

		/* The other device is not meant. */
		happens("device/fleet[0]", events[i].name, events[i].step,
			events[i].n, ICCID);
		happens("device/router", events[i].name, events[i].step,
			events[i].n, ICCID);
		/* Nothing happens from within the event. */
		ck_assert_uint_eq(router->log.n, before);
		run_s(10);
	}
	run_s(100);
	ck_assert_str_eq(router->log.p, p->a);
	ck_assert_uint_eq(w.fleet.devices[1].log.n, 0);
	ck_assert_int_eq(acts_of(p->name), 1);
}

/* ---- A program of them. -------------------------------------------------- */

static struct {
	const struct probe *list;
	size_t count;
	unsigned parties;	/* a bit for each */
} probed;

START_TEST(every_probe)
{
	const struct probe *p = &probed.list[_i];
	const struct quirk_row *row = quirk_find(str_of(p->name));

	ck_assert_msg(row && probed.parties & 1u << row->party, "%s: of no party here", p->name);
	p->run(p);
}
END_TEST

START_TEST(every_row_has_a_probe)
{
	for (size_t i = 0; i < quirk_count(); i++) {
		bool found = !(probed.parties & 1u << quirk_row(i)->party);

		for (size_t k = 0; k < probed.count; k++)
			found |= strcmp(probed.list[k].name, quirk_row(i)->name) == 0;
		ck_assert_msg(found, "no probe for %s", quirk_row(i)->name);
	}
}
END_TEST

static inline int probe_all(const char *name, const struct probe *list, size_t count,
			    unsigned parties)
{
	Suite *suite = suite_create(name);
	TCase *tc = tcase_create("probes"), *table = tcase_create("table");
	SRunner *runner;
	int failed;

	probed.list = list;
	probed.count = count;
	probed.parties = parties;
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, every_probe, 0, (int)count);
	tcase_add_test(table, every_row_has_a_probe);
	suite_add_tcase(suite, tc);
	suite_add_tcase(suite, table);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
