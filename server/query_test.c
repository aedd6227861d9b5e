/*
 * Goal: a query selects the rows that its words mean, and nothing that is
 * not a query gets past the parser.
 * Method: profiles of every sort are reported to a server; each query stands
 * beside the same condition in C, and both must choose the same ICCIDs.
 */
#include "server/rig_test.h"

#include "server/query.h"

#include <ctype.h>
#include <strings.h>

struct row {
	const char *iccid, *carrier, *status, *type;	/* carrier NULL: no SPN */
	int id;
};

static const struct row rows[] = {
	{ "8944000000000000001", "Mobile", "inactive", "operational", 1 },
	{ "8944000000000000002", "MOBILE", "active", "operational", 2 },
	{ "8944000000000000003", "Fred's Fast Wireless", "inactive", "operational", 3 },
	{ "8944000000000000004", "T\xC3\xA9l\xC3\xA9" "com", "inactive", "test", 10 },
	{ "8944000000000000013", "T\xC3\xABst", "inactive", "operational", 4 },
	{ "8944000000000000005", NULL, "inactive", "bootstrap", 20 },
	{ "8944000000000000006", "", "inactive", "bootstrap", 21 },
	{ "8944000000000000007", "100% sure", "inactive", "operational", 7 },
	{ "8944000000000000008", "Mobile Plus", "inactive", "test", 8 },
	{ "8944000000000000009", "My Mobile", "inactive", "operational", 9 },
	{ "8944000000000000010", "and", "inactive", "operational", 100 },
	{ "8933000000000000011", "Zed", "inactive", "Operational", 5 },
	{ "89330000000000000128", "a\\b_c", "inactive", "operational", 6 },
	{ "8933000000000000014", "~tilde", "inactive", "operational", 31 },
	{ "8933000000000000015", "o~", "inactive", "operational", 32 },
	{ "8933000000000000016", "o\xDF\xBF", "inactive", "operational", 33 },
	{ "8933000000000000017", "o\xE3\x82\xBD", "inactive", "operational", 34 },
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static struct rig r;

/* ---- Conditions in C; text compares without regard to case. ------------ */

static const char *spn(const struct row *p)
{
	return p->carrier ? p->carrier : "";
}

static bool begins(const char *s, const char *with)
{
	return strncasecmp(s, with, strlen(with)) == 0;
}

static bool ends(const char *s, const char *with)
{
	size_t n = strlen(s), k = strlen(with);

	return n >= k && strcasecmp(s + n - k, with) == 0;
}

#define P(name, condition) \
	static bool name(const struct row *p) { return condition; }

P(all, p != NULL)
P(none, p == NULL)
P(mobile, strcasecmp(spn(p), "mobile") == 0)
P(not_mobile, strcasecmp(spn(p), "mobile") != 0)
P(active, strcmp(p->status, "active") == 0)
P(fred, strcasecmp(spn(p), "Fred's Fast Wireless") == 0)
P(telecom, strcmp(spn(p), "T\xC3\xA9l\xC3\xA9" "com") == 0)
P(blank, spn(p)[0] == '\0')
P(id_eq_10, p->id == 10)
P(id_lt_7, p->id < 7)
P(id_le_7, p->id <= 7)
P(id_gt_20, p->id > 20)
P(id_ge_20, p->id >= 20)
P(id_between, p->id > 2 && p->id < 9)
P(from_8933, begins(p->iccid, "8933"))
P(carrier_mo, begins(spn(p), "mo"))
P(ends_mobile, ends(spn(p), "mobile"))
P(has_space, strchr(spn(p), ' ') != NULL)
P(has_percent, strchr(spn(p), '%') != NULL)
P(has_underscore, strchr(spn(p), '_') != NULL)
P(has_backslash, strchr(spn(p), '\\') != NULL)
P(is_and, strcasecmp(spn(p), "and") == 0)
P(after_n, strcasecmp(spn(p), "n") > 0)
P(type_op, strcasecmp(p->type, "operational") == 0)
P(a_or_b_and_c, p->id == 1 || (p->id > 5 && mobile(p)))
P(a_or_b_both_c, (p->id == 1 || p->id > 5) && type_op(p))
P(not_a_and_b, !mobile(p) && p->id < 10)
P(not_group, !(mobile(p) || p->id > 9))
P(test_type, strcmp(p->type, "test") == 0)
P(te_prefix, begins(spn(p), "t\xC3\xA9"))
P(tilde_prefix, begins(spn(p), "~"))
P(o_tilde_prefix, begins(spn(p), "o~"))
P(o_7ff_prefix, begins(spn(p), "o\xDF\xBF"))

static const struct {
	const char *query;
	bool (*selects)(const struct row *);
} queries[] = {
	{ "", all },
	{ "  ", all },
	{ "carrier = 'Mobile'", mobile },
	{ "carrier='mobile'", mobile },
	{ "CARRIER = 'MOBILE'", mobile },
	{ "\tcarrier\n=\r'Mobile' ", mobile },
	{ "carrier <> 'Mobile'", not_mobile },
	{ "carrier != 'Mobile'", not_mobile },
	{ "not carrier = 'Mobile'", not_mobile },
	{ "NOT NOT carrier='mobile'", mobile },
	{ "carrier = 'Fred''s Fast Wireless'", fred },
	{ "carrier = 'T\xC3\x89L\xC3\x89" "COM'", telecom },
	{ "carrier startswith 'T\xC3\x89'", te_prefix },
	{ "carrier = ''", blank },
	{ "normalized_carrier = 'mobile'", mobile },
	{ "normalized_carrier = 'freds fast wireless'", fred },
	{ "status = 'active'", active },
	{ "status = 'ACTIVE'", active },
	{ "status <> 'inactive'", active },
	{ "id = 10", id_eq_10 },
	{ "id=10", id_eq_10 },
	{ "id < 7", id_lt_7 },
	{ "id <= 7", id_le_7 },
	{ "id<=7", id_le_7 },
	{ "id > 20", id_gt_20 },
	{ "id >= 20", id_ge_20 },
	{ "id >= -5", all },
	{ "id = 9223372036854775807", none },
	{ "id > 2 and id < 9", id_between },
	{ "id>2 AND id<9", id_between },
	{ "iccid startsWith '8933'", from_8933 },
	{ "iccid STARTSWITH '8933'", from_8933 },
	{ "carrier startsWith 'Mo'", carrier_mo },
	{ "carrier startsWith ''", all },
	{ "carrier endsWith 'mobile'", ends_mobile },
	{ "carrier endsWith ''", all },
	{ "carrier endsWith 'a very long text that is longer than any carrier'", none },
	{ "carrier contains ' '", has_space },
	{ "carrier contains ''", all },
	{ "carrier contains '%'", has_percent },
	{ "carrier contains '_'", has_underscore },
	{ "carrier contains '\\'", has_backslash },
	{ "carrier contains '\"'", none },
	{ "carrier = 'and'", is_and },
	{ "carrier = 'and' and carrier='and'", is_and },
	{ "carrier > 'n'", after_n },
	{ "type = 'operational'", type_op },
	{ "type contains 'EST'", test_type },
	{ "id = 1 or id > 5 and carrier = 'mobile'", a_or_b_and_c },
	{ "carrier = 'mobile' and id > 5 or id = 1", a_or_b_and_c },
	{ "(id = 1 or id > 5) and type='operational'", a_or_b_both_c },
	{ "not carrier='mobile' and id < 10", not_a_and_b },
	{ "not (carrier='mobile' or id > 9)", not_group },
	{ "((((id = 10))))", id_eq_10 },
	{ "customer_id = 1", all },
	{ "customer_id = 2", none },
	{ "device_id = '" DEVICE "'", all },
	{ "device_id = '00000000-00000000-0040ffff-ff8001b0'", all },
	{ "eid = '" EID "'", all },
	{ "carrier = 'x'' or ''1''=''1'", none },
	{ "carrier = '?' or iccid = '?1'", none },
	{ "carrier = '\xF4\x8F\xBF\xBF'", none },
	{ "carrier startsWith '\xF4\x8F\xBF\xBF'", none },
	{ "carrier startsWith 'z\xED\x9F\xBF'", none },
	/* Each of them the last code point of as many bytes. */
	{ "carrier startsWith '~'", tilde_prefix },
	{ "carrier startsWith 'o~'", o_tilde_prefix },
	{ "carrier startsWith '\x7F'", none },
	{ "carrier startsWith 'o\xDF\xBF'", o_7ff_prefix },
	{ "carrier startsWith 'o\xEF\xBF\xBF'", none },
};

static void setup(void)
{
	struct buf list;

	rig_init(&r, NULL);
	buf_init(&list, 1 << 20);
	for (size_t i = 0; i < ROWS; i++) {
		buf_printf(&list, "%s{\"iccid\":\"%s\",\"status\":\"%s\",\"type\":\"%s\",\"id\":%d",
			   i ? "," : "[", rows[i].iccid, rows[i].status, rows[i].type, rows[i].id);
		if (rows[i].carrier) {
			buf_z(&list, ",\"carrier\":");
			json_quote(&list, str_of(rows[i].carrier));
		}
		buf_char(&list, '}');
	}
	buf_char(&list, ']');
	ck_assert_int_eq(rig_report(&r, list.p), 200);
	buf_release(&list);
}

static void teardown(void)
{
	rig_release(&r);
}

static int get(const char *path, const char *query)
{
	struct buf b;
	int status;

	buf_init(&b, 64 << 10);
	buf_printf(&b, "%s?query=", path);
	http_escape(&b, str_of(query));
	status = rig_get(&r, b.p);
	buf_release(&b);
	return status;
}

START_TEST(selects)
{
	for (size_t k = 0; k < sizeof(queries) / sizeof(queries[0]); k++) {
		int wanted = 0;

		ck_assert_msg(get("/ws/v1/esim_profiles/inventory", queries[k].query) == 200,
			      "%s: %.*s", queries[k].query, STRF(r.body));
		for (size_t i = 0; i < ROWS; i++) {
			struct str needle = arena_printf(&r.arena, "\"iccid\":\"%s\"",
							 rows[i].iccid);
			bool got = str_find(r.body, needle) >= 0;
			bool want = queries[k].selects(&rows[i]);

			wanted += want;
			ck_assert_msg(got == want, "%s: %s is %s", queries[k].query,
				      rows[i].iccid, got ? "there" : "missing");
		}
		ck_json(&r, "/count", arena_printf(&r.arena, "%d", wanted).p);
	}
}
END_TEST

static const struct {
	const char *query, *position, *token;
} errors[] = {
	{ "carier = 'x'", "position 1", "carier" },
	{ "carrier = ", "position 11", "the end" },
	{ "carrier", "position 8", "the end" },
	{ "carrier = x", "position 11", "x" },
	{ "carrier = 5", "position 11", "5" },
	{ "carrier == 'x'", "position 10", "=" },
	{ "carrier like 'x'", "position 9", "like" },
	{ "carrier = 'x", "position 11", "'x" },
	{ "carrier = \"x\"", "position 11", "\"" },
	{ "carrier = 'x' 'y'", "position 15", "'y'" },
	{ "carrier = 'x' and", "position 18", "the end" },
	{ "carrier = 'x' and or", "position 19", "or" },
	{ "(carrier = 'x'", "position 15", "the end" },
	{ "carrier = 'x')", "position 14", ")" },
	{ "()", "position 2", ")" },
	{ "not", "position 4", "the end" },
	{ "id = 'x'", "position 6", "'x'" },
	{ "id = -", "position 6", "-" },
	{ "id = -1h", "position 6", "-1h" },
	{ "id = 1x", "position 6", "1x" },
	{ "id = 1and id = 2", "position 6", "1and" },
	{ "id = 99999999999999999999", "position 6", "99999999999999999999" },
	{ "id contains 1", "position 4", "contains" },
	{ "status = 'activ'", "position 10", "'activ'" },
	{ "status = active", "position 10", "active" },
	{ "; drop table profiles", "position 1", ";" },
	{ "carrier = 'x' -- ", "position 15", "-" },
	{ "rid = 1", "position 1", "rid" },
	{ "carrier_key = 'x'", "position 1", "carrier_key" },
	{ "\xE4\xB8\xAD = 1", "position 1", "\xE4\xB8\xAD" },
};

START_TEST(errors_name_the_place)
{
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		const char *message;

		ck_assert_msg(get("/ws/v1/esim_profiles/inventory", errors[i].query) == 400,
			      "%s: %.*s", errors[i].query, STRF(r.body));
		message = json_at(&r, "/error_message");
		ck_assert_msg(strstr(message, errors[i].position) &&
			      strstr(message, errors[i].token) &&
			      strstr(message, "expected"), "%s: %s", errors[i].query, message);
	}
}
END_TEST

static const struct {
	const char *query;
	int count;
} times[] = {	/* operations made at 0:00:00, 0:30:00 and 1:00:00; it is 1:30:00 */
	{ "created > -40m", 1 },
	{ "created > -1h", 1 },
	{ "created >= -1h", 2 },
	{ "created < -59M", 2 },
	{ "created > -1d", 3 },
	{ "created > -1w", 3 },
	{ "created > -0h", 0 },
	{ "created = '2026-01-01T00:30:00.000Z'", 1 },
	{ "created = '2026-01-01T00:30:00Z'", 1 },
	{ "created <> '2026-01-01T00:30:00.000Z'", 2 },
	{ "created > '2026-01-01T00:30:00.000Z'", 1 },
	{ "created >= '2026-01-01t00:30:00.000z'", -1 },
	{ "created > '2026-01-01'", -1 },
	{ "created > -1s", -1 },
	{ "created > -1hh", -1 },
	{ "created > -1h5", -1 },
	{ "created > -1h30m", -1 },
	{ "created > -1d2h3m", -1 },
	{ "created > 1h", -1 },
	{ "created > 5", -1 },
	{ "created > -99999999999999999h", -1 },
	{ "created contains '2026'", -1 },
	{ "status = 'failed' and created < -1h and job_id = 1", 1 },
};

START_TEST(times_before_now)
{
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(rig_post(&r, "/ws/v1/esim_profiles/operations/inventory",
			"{\"device_id\":\"" DEVICE "\",\"operation\":\"enable\",\"carrier\":\"nobody\"}"), 200);
		rig_run(&r, 1800);
	}
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		int status = get("/ws/v1/esim_profiles/operations/inventory", times[i].query);

		ck_assert_msg(status == (times[i].count < 0 ? 400 : 200), "%s: %.*s",
			      times[i].query, STRF(r.body));
		if (times[i].count >= 0)
			ck_json(&r, "/count", arena_printf(&r.arena, "%d", times[i].count).p);
	}
}
END_TEST

/* "not not ... id = 1", "((id = 1))", "id = 1 or id = 1 ...", spaces. */
static struct str repeated(const char *before, const char *middle,
			   const char *after, int n)
{
	struct str s;
	struct buf b;

	buf_init(&b, 1 << 20);
	for (int i = 0; i < n; i++)
		buf_z(&b, before);
	buf_z(&b, middle);
	for (int i = 0; i < n; i++)
		buf_z(&b, after);
	s = arena_str(&r.arena, buf_view(&b));
	buf_release(&b);
	return s;
}

static int compile(struct str text)
{
	struct query query;
	struct err err = { 0 };

	return query_compile(resource_get(RESOURCE_PROFILES), text, 0, &r.arena,
			     &query, &err);
}

START_TEST(limits)
{
	ck_assert_int_eq(compile(repeated("(", "id=1", ")", 32)), 0);
	ck_assert_int_lt(compile(repeated("(", "id=1", ")", 33)), 0);
	ck_assert_int_eq(compile(repeated("not ", "id=1", "", 32)), 0);
	ck_assert_int_lt(compile(repeated("not ", "id=1", "", 33)), 0);
	ck_assert_int_eq(compile(repeated("not (", "id=1", ")", 16)), 0);
	ck_assert_int_lt(compile(repeated("not (", "id=1", ")", 17)), 0);
	ck_assert_int_lt(compile(repeated("(", "", "", 4000)), 0);
	ck_assert_int_eq(compile(repeated("iccid startswith'a'or ", "id=1", "", 99)), 0);
	ck_assert_int_lt(compile(repeated("iccid startswith'a'or ", "id=1", "", 100)), 0);
	ck_assert_int_eq(compile(repeated("id=1 or ", "id=1", "", 99)), 0);
	ck_assert_int_lt(compile(repeated("id=1 or ", "id=1", "", 100)), 0);
	ck_assert_int_eq(compile(repeated(" ", "id=1", "", 4092)), 0);
	ck_assert_int_lt(compile(repeated(" ", "id=1", "", 4093)), 0);
	ck_assert_int_lt(compile((struct str){ "id=1\0", 5 }), 0);
	ck_assert_int_lt(compile(STR("carrier='\xFF'")), 0);
}
END_TEST

/* Any bytes: an answer, and no statement that SQLite would not take. */
START_TEST(any_words)
{
	static const char *const words[] = {
		"carrier", "id", "status", "=", "<>", "<", ">=", "startsWith", "contains",
		"endsWith", "and", "or", "not", "(", ")", "'x'", "'active'", "''", "5", "-5",
		"-1h", "'", "-", "%", "\xC3\xA9", ";", "created", "type",
	};
	struct rng rng;

	rng_init(&rng, 3, STR("test"), STR("words"));
	for (int i = 0; i < 1500; i++) {
		struct buf b;
		int status;

		buf_init(&b, 4096);
		for (uint64_t n = rng_below(&rng, 9); n; n--)
			buf_printf(&b, "%s%s", rng_below(&rng, 2) ? " " : "",
				   words[rng_below(&rng, sizeof(words) / sizeof(words[0]))]);
		status = get("/ws/v1/esim_profiles/inventory", b.n ? b.p : "");
		ck_assert_msg(status == 200 || status == 400, "%d: %s", status, b.p);
		buf_release(&b);
	}
}
END_TEST

/* ---- docs/query.md. ---------------------------------------------------- */

static void read_page(struct buf *got)
{
	FILE *f = fopen("docs/query.md", "r");
	char chunk[4096];
	size_t n;

	ck_assert_msg(f != NULL, "docs/query.md: run this where it is");
	buf_init(got, 1 << 20);
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		buf_add(got, chunk, n);
	fclose(f);
}

START_TEST(fields_are_documented)
{
	struct buf want, got;

	read_page(&got);
	buf_init(&want, 1 << 20);
	resources_print(&want);
	if (str_find(buf_view(&got), buf_view(&want)) < 0)
		ck_abort_msg("docs/query.md is not up to date; its tables are to be:\n%s",
			     want.p);
	buf_release(&want);
	buf_release(&got);
}
END_TEST

/* Each line of a block "```query" selects; each row of errors is answered so. */
START_TEST(examples_are_true)
{
	struct buf page;
	struct str rest;
	int queries_seen = 0, errors_seen = 0;
	bool inside = false;

	read_page(&page);
	rest = buf_view(&page);
	while (rest.p) {
		struct str line = str_split(&rest, '\n');

		if (str_starts(line, STR("```"))) {
			inside = str_is(line, "```query");
		} else if (inside) {
			const char *path = str_find(line, STR("created")) >= 0 ||
					   str_find(line, STR("updated")) >= 0 ?
				"/ws/v1/esim_profiles/transactions/inventory" :
				"/ws/v1/esim_profiles/inventory";

			ck_assert_msg(get(path, arena_str(&r.arena, line).p) == 200,
				      "%.*s: %.*s", STRF(line), STRF(r.body));
			queries_seen++;
		} else if (str_starts(line, STR("| `")) && str_find(line, STR("query: at")) > 0) {
			struct str cell = line, query, message;

			str_split(&cell, '`');
			query = str_split(&cell, '`');
			str_split(&cell, '`');
			message = str_split(&cell, '`');
			get("/ws/v1/esim_profiles/inventory", arena_str(&r.arena, query).p);
			ck_assert_int_eq(r.status, 400);
			ck_assert_str_eq(json_at(&r, "/error_message"),
					 arena_str(&r.arena, message).p);
			errors_seen++;
		}
	}
	ck_assert_int_gt(queries_seen, 8);
	ck_assert_int_gt(errors_seen, 5);
	buf_release(&page);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("server/query");
	TCase *tc = tcase_create("query");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, selects);
	tcase_add_test(tc, errors_name_the_place);
	tcase_add_test(tc, times_before_now);
	tcase_add_test(tc, limits);
	tcase_add_test(tc, any_words);
	tcase_add_test(tc, fields_are_documented);
	tcase_add_test(tc, examples_are_true);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
