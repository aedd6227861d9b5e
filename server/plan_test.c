/*
 * Goal: in a large store no list and no look-up walks a table, and no page is
 * sorted anew, whatever field it is asked by or sorted by.
 * Method: the server on a file answers requests for every field; each
 * statement that it runs is caught on its connection, and SQLite is asked for
 * its plan.  What may be sorted is named here, again and one by one.
 */
#include "server/rig_test.h"

#include "server/query.h"
#include "server/resource.h"
#include "server/store.h"

#include <sqlite3.h>
#include <unistd.h>

static char dir[64], path[80];
static struct rig r;
static sqlite3 *db;		/* the server's own connection */
static struct buf seen;		/* statements of the server, a line each */

static int caught(unsigned kind, void *arg, void *stmt, void *text)
{
	const char *sql = sqlite3_sql(stmt);

	(void)kind;
	(void)arg;
	(void)text;
	buf_z(&seen, sql);
	buf_char(&seen, '\n');
	return 0;
}

static int watch(sqlite3 *opened, const char **message, const void *api)
{
	(void)message;
	(void)api;
	db = opened;
	return sqlite3_trace_v2(db, SQLITE_TRACE_STMT, caught, NULL);
}

static void setup(void)
{
	snprintf(dir, sizeof(dir), "/tmp/plan_test.XXXXXX");
	ck_assert(mkdtemp(dir) != NULL);
	snprintf(path, sizeof(path), "%s/db", dir);
	buf_init(&seen, 8 << 20);
	sqlite3_auto_extension((void (*)(void))watch);
	rig_init(&r, path);
	sqlite3_cancel_auto_extension((void (*)(void))watch);
}

static void teardown(void)
{
	static const char *const files[] = { "", "-wal", "-shm" };
	char name[100];

	rig_release(&r);
	buf_release(&seen);
	for (size_t i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "%s%s", path, files[i]);
		unlink(name);
	}
	rmdir(dir);
}

/* The plan of `sql`, a step per line: as this connection makes it, which knows
 * what it was told when the store was new. */
static const char *plan_of(struct str sql)
{
	sqlite3_stmt *q;
	struct buf b;
	const char *plan;
	struct str text = arena_printf(&r.arena, "EXPLAIN QUERY PLAN %.*s", STRF(sql));

	ck_assert_msg(sqlite3_prepare_v2(db, text.p, (int)text.n, &q, NULL) ==
		      SQLITE_OK, "%.*s: %s", STRF(text), sqlite3_errmsg(db));
	buf_init(&b, 64 << 10);
	while (sqlite3_step(q) == SQLITE_ROW)
		buf_printf(&b, "%s\n", (const char *)sqlite3_column_text(q, 3));
	sqlite3_finalize(q);
	buf_char(&b, '\0');
	plan = arena_str(&r.arena, buf_view(&b)).p;
	buf_release(&b);
	return plan;
}

/* The list's own statement among those that the last request ran. */
static struct str list_statement(void)
{
	struct str rest = buf_view(&seen), found = STR_NONE;

	while (rest.p) {
		struct str line = str_split(&rest, '\n');

		if (str_find(line, STR("ORDER BY")) >= 0 &&
		    str_find(line, STR("LIMIT ?")) >= 0 &&
		    str_find(line, STR("WHERE customer_id = ?")) >= 0)
			found = arena_str(&r.arena, line);
	}
	ck_assert(found.p != NULL);
	return found;
}

static void ck_plan(struct str sql, bool may_sort)
{
	const char *plan = plan_of(sql);

	ck_assert_msg(!strstr(plan, "SCAN"), "%.*s\n%s", STRF(sql), plan);
	ck_assert_msg(may_sort || !strstr(plan, "TEMP B-TREE"), "%.*s\n%s",
		      STRF(sql), plan);
	/* Not by the account alone, as if there was no order. */
	ck_assert_msg(strstr(plan, "customer_id=?") || strstr(plan, "autoindex"),
		      "%.*s\n%s", STRF(sql), plan);
}

static struct str uri_of(const struct resource *res, const char *rest)
{
	return arena_printf(&r.arena, "%s?size=1%s", res->uri, rest);
}

/* Few clients sort by these, and each index is paid for by every write. */
static const char *const sorted[][2] = {
	{ "esim_profiles/transactions", "action" },
	{ "esim_profiles/transactions", "message" },
	{ "esim_profiles/operations", "cause" },
	{ "esim_profiles/operations", "cause_id" },
	{ "esim_profiles/operations", "created_by" },
	{ "esim_profiles/operations", "message" },
	{ "esim_profiles/operations", "operation" },
	{ "esim_profiles/operations", "source" },
};

static bool is_sorted(const struct resource *res, const char *field)
{
	for (size_t i = 0; i < sizeof(sorted) / sizeof(sorted[0]); i++)
		if (strcmp(sorted[i][0], res->name) == 0 &&
		    strcmp(sorted[i][1], field) == 0)
			return true;
	return false;
}

/* Two rows in each list, so that there is a second page. */
static void fill(void)
{
	static const char *const ids[] = { DEVICE, DEVICE2 };
	static const char *const eids[] = { EID, EID2 };
	static const char *const iccids[] = { ICCID1, ICCID2, ICCID3 };

	rig_report(&r, "[{\"iccid\":\"" ICCID1 "\",\"status\":\"active\",\"carrier\":\"a\"},"
		   "{\"iccid\":\"" ICCID2 "\",\"status\":\"inactive\",\"carrier\":\"b\"}]");
	for (int i = 0; i < 2; i++) {
		ck_status(rig_post(&r, "/ws/v1/esim_activation_codes/inventory",
			arena_printf(&r.arena, "{\"iccid\":\"%s\",\"carrier\":\"x\","
				"\"activation_code\":\"LPA:1$smdp.example.com$S-%d\"}",
				iccids[2 * i], i).p), 201);
		ck_status(rig_post(&r, "/ws/v1/esim_profiles/operations/inventory",
			arena_printf(&r.arena, "{\"device_id\":\"%s\",\"operation\":"
				"\"activate\",\"carrier\":\"c%d\"}", ids[i], i).p), 200);
		ck_status(rig_post(&r, "/ws/v1/esim_profiles/download",
			arena_printf(&r.arena, "{\"device_id\":\"%s\",\"eid\":\"%s\","
				"\"activation_code\":\"LPA:1$smdp.example.com$T-%d\"}",
				ids[i], eids[i], i).p), 200);
	}
	rig_run(&r, 1);
}

static void list(struct str uri)
{
	buf_clear(&seen);
	ck_status(rig_get(&r, uri.p), 200);
}

static void ck_order(const struct resource *res, const struct attribute *at,
		     const char *way)
{
	bool may_sort = is_sorted(res, at->name);

	list(uri_of(res, arena_printf(&r.arena, "&orderby=%s%%20%s", way, at->name).p));
	ck_plan(list_statement(), may_sort);
	list(arena_printf(&r.arena, "%s?cursor=%s", res->uri, json_at(&r, "/cursor")));
	ck_plan(list_statement(), may_sort);
}

static const char *value_for(const struct attribute *at)
{
	switch (at->kind) {
	case ATTRIBUTE_ENUM:
		return arena_printf(&r.arena, "'%s'", at->values[0]).p;
	case ATTRIBUTE_TEXT:
		return "'x'";
	case ATTRIBUTE_INT:
		return "1";
	case ATTRIBUTE_TIME:
		return "-1h";
	}
	return NULL;
}

static void each_attribute(const struct resource *res,
			   void (*check)(const struct resource *, const struct attribute *))
{
	for (size_t i = 0; i < res->count; i++)
		check(res, &res->attributes[i]);
}

static void both_ways(const struct resource *res, const struct attribute *at)
{
	ck_order(res, at, "asc");
	ck_order(res, at, "desc");
}

START_TEST(every_order)
{
	fill();
	for (int i = 0; i < RESOURCES; i++)
		each_attribute(resource_get((enum resource_id)i), both_ways);
}
END_TEST

/* By its index, but for those without one: they are looked for in the order
 * of the list. */
static void equals(const struct resource *res, const struct attribute *at)
{
	struct str text;

	list(uri_of(res, arena_printf(&r.arena, "&query=%s=%s", at->name,
				      value_for(at)).p));
	text = list_statement();
	ck_plan(text, false);
	if (is_sorted(res, at->name) || strcmp(at->name, "customer_id") == 0 ||
	    strcmp(at->match, "place") == 0)
		return;
	ck_assert_msg(strstr(plan_of(text), arena_printf(&r.arena, "%s=?", at->match).p),
		      "%.*s\n%s", STRF(text), plan_of(text));
}

START_TEST(every_field)
{
	fill();
	for (int i = 0; i < RESOURCES; i++)
		each_attribute(resource_get((enum resource_id)i), equals);
}
END_TEST

/* query, orderby and what the plan must use; "sort" says that the few rows of
 * the query are sorted rather than all rows looked through. */
static const struct {
	enum resource_id list;
	const char *rest, *uses;
	bool sort;
} mixed[] = {
	{ RESOURCE_PROFILES, "&query=iccid='1'&orderby=carrier", "iccid=?", true },
	{ RESOURCE_PROFILES, "&query=device_id='1'&orderby=status", "device_id=?", true },
	{ RESOURCE_PROFILES, "&query=status='active'&orderby=carrier", "profiles_by_carrier_key", false },
	{ RESOURCE_PROFILES, "&query=status='active'%20and%20eid='8'", "eid=?", false },
	{ RESOURCE_PROFILES, "&query=iccid='1'%20or%20iccid='2'", "iccid=?", true },
	{ RESOURCE_PROFILES, "&query=status<>'active'", "profiles_page", false },
	{ RESOURCE_PROFILES, "&query=carrier%20startsWith%20'fred'", "carrier_key>? AND carrier_key<?", true },
	{ RESOURCE_PROFILES, "&query=iccid%20startsWith%20'8944'", "iccid>? AND iccid<?", true },
	{ RESOURCE_TRANSACTIONS, "&query=created>-1h", "created>?", true },
	{ RESOURCE_TRANSACTIONS, "&query=updated>=-1h&orderby=updated", "updated>?", false },
	{ RESOURCE_TRANSACTIONS, "&query=status='failed'&orderby=desc%20updated", "transactions_by_updated", false },
	{ RESOURCE_OPERATIONS, "&query=updated>-1h%20and%20status='failed'", "operations_by_", true },
	{ RESOURCE_CODES, "&query=status='available'&orderby=created", "codes_by_created", false },
};

START_TEST(query_and_order)
{
	fill();
	for (size_t i = 0; i < sizeof(mixed) / sizeof(mixed[0]); i++) {
		struct str text;

		list(uri_of(resource_get(mixed[i].list), mixed[i].rest));
		text = list_statement();
		ck_plan(text, mixed[i].sort);
		ck_assert_msg(strstr(plan_of(text), mixed[i].uses), "%.*s\n%s",
			      STRF(text), plan_of(text));
	}
}
END_TEST

/* Everything else that the server runs. */
static const struct {
	const char *name, *sql;
} fixed[] = {
#define X(name, text) { #name, text },
	STORE_SQL(X)
#undef X
};

/* Run when the configuration is read, over all that it may have had before. */
static bool is_administration(const char *name)
{
	static const char *const names[] = {
		"USER_NAMES", "KEY_IDS", "KEYS_OF_NOBODY", "DEVICE_IDS",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

START_TEST(every_statement)
{
	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
		const char *plan = plan_of(str_of(fixed[i].sql));

		/* Indexes of rows that are running, waiting or due, no others. */
		ck_assert_msg(!strstr(plan, "SCAN") || strstr(plan, "_running") ||
			      strstr(plan, "_starting") || strstr(plan, "_waiting") ||
			      strstr(plan, "_due") || is_administration(fixed[i].name),
			      "%s: %s\n%s", fixed[i].name, fixed[i].sql, plan);
	}
}
END_TEST

static void item(const struct resource *res)
{
	struct str rest, line = STR_NONE;
	struct buf out;
	struct json j;

	buf_init(&out, 4096);
	j = json_to(&out);
	buf_clear(&seen);
	resource_item(r.server, res->id, 1, STR("1"), &r.arena, &j);
	rest = buf_view(&seen);
	while (rest.n)
		line = str_split(&rest, '\n');
	ck_assert(str_find(line, str_of(res->table)) >= 0);
	ck_assert_msg(strstr(plan_of(line), arena_printf(&r.arena, "%s=?", res->key).p),
		      "%.*s\n%s", STRF(line), plan_of(line));
	buf_release(&out);
}

START_TEST(every_item)
{
	for (int i = 0; i < RESOURCES; i++)
		item(resource_get((enum resource_id)i));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("server/plan");
	TCase *tc = tcase_create("plans");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, every_order);
	tcase_add_test(tc, every_field);
	tcase_add_test(tc, query_and_order);
	tcase_add_test(tc, every_statement);
	tcase_add_test(tc, every_item);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
