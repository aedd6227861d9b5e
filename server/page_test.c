/*
 * Goal: whoever follows the cursors sees every row that was there all along
 * exactly once and in order, whatever comes and goes meanwhile; and a cursor
 * is good for nothing else.
 * Method: page through profiles while reports add, remove and change others
 * at random; the test keeps its own list of what was never touched.
 */
#include "server/rig_test.h"
#include "server/store.h"

#include "server/page.h"
#include "sim/rng.h"

#define INVENTORY "/ws/v1/esim_profiles/inventory"

enum { PROFILES = 120, ROUNDS = 6 };

/* Of profile i: the even ones stay, the odd ones come and go. */
struct profile {
	char iccid[21];
	const char *carrier;
	bool there;
};

static struct rig r;
static struct profile profiles[PROFILES];

static const char *const carriers[] = {
	"Mobile", "mobile", "MOBILE", "Zed", "", "\xC3\x89tal", "10", "9", NULL,
};

static void report(void)
{
	struct buf list;
	bool comma = false;

	buf_init(&list, 1 << 20);
	buf_char(&list, '[');
	for (int i = 0; i < PROFILES; i++) {
		const struct profile *p = &profiles[i];

		if (!p->there)
			continue;
		buf_printf(&list, "%s{\"iccid\":\"%s\",\"status\":\"inactive\",\"id\":%d",
			   comma ? "," : "", p->iccid, i % 7);
		if (p->carrier)
			buf_printf(&list, ",\"carrier\":\"%s\"", p->carrier);
		buf_char(&list, '}');
		comma = true;
	}
	buf_char(&list, ']');
	ck_assert_int_eq(rig_report(&r, list.p), 200);
	buf_release(&list);
}

static void setup(void)
{
	rig_init(&r, NULL);
	for (int i = 0; i < PROFILES; i++) {
		snprintf(profiles[i].iccid, sizeof(profiles[i].iccid), "894400000000000%04d",
			 (i * 7919) % 10000);
		profiles[i].carrier = carriers[i % 9];
		profiles[i].there = true;
	}
	report();
}

static void teardown(void)
{
	rig_release(&r);
}

static void disturb(struct rng *rng)
{
	for (int k = 0; k < 10; k++) {
		int i = 1 + 2 * (int)rng_below(rng, PROFILES / 2);

		profiles[i].there = rng_below(rng, 2);
		profiles[i].carrier = carriers[rng_below(rng, 9)];
	}
	report();
}

/* What a page shows, in order. */
static int seen[PROFILES], order[4 * PROFILES], ordered;

static void note_page(int *count)
{
	*count = (int)rig_number(str_of(json_at(&r, "/count")));
	for (int k = 0; k < *count; k++) {
		const char *iccid = json_at(&r, arena_printf(&r.arena,
						"/list/%d/iccid", k).p);
		int i = 0;

		while (i < PROFILES && strcmp(profiles[i].iccid, iccid) != 0)
			i++;
		ck_assert_int_lt(i, PROFILES);
		seen[i]++;
		ck_assert_int_lt(ordered, 4 * PROFILES);
		order[ordered++] = i;
	}
}

static const struct {
	const char *orderby;
	int sign;		/* of the order of `key`; 0: not checked */
	enum { KEY_NONE, KEY_ICCID, KEY_ID, KEY_CARRIER } key;
} orders[] = {
	{ "", 0, KEY_NONE },
	{ "asc%20iccid", 1, KEY_ICCID },
	{ "iccid", 1, KEY_ICCID },
	{ "desc%20iccid", -1, KEY_ICCID },
	{ "iccid%20desc", -1, KEY_ICCID },
	{ "DESC%20ICCID", -1, KEY_ICCID },
	{ "asc%20id", 1, KEY_ID },
	{ "desc%20id", -1, KEY_ID },
	{ "asc%20carrier", 1, KEY_CARRIER },
	{ "desc%20carrier", -1, KEY_CARRIER },
	{ "desc%20status", 0, KEY_NONE },	/* all the same: the tie decides */
	{ "customer_id", 0, KEY_NONE },
};

/* Case does not count, and no carrier is like an empty one. */
static int compare(int key, int a, int b)
{
	static const char *const ranks[] = { "", "10", "9", "mobile", "zed", "\xC3\xA9tal" };
	static const char *const as_ranked[9] = {
		"mobile", "mobile", "mobile", "zed", "", "\xC3\xA9tal", "10", "9", "",
	};
	int rank[2] = { 0 }, index[2] = { a % 9, b % 9 };

	if (key == KEY_ICCID)
		return strcmp(profiles[a].iccid, profiles[b].iccid);
	if (key == KEY_ID)
		return a % 7 - b % 7;
	for (int k = 0; k < 2; k++)
		while (strcmp(ranks[rank[k]], as_ranked[index[k]]) != 0)
			rank[k]++;
	return rank[0] - rank[1];
}

static void walk(struct rng *rng, int which, bool alone)
{
	struct str path = arena_printf(&r.arena, INVENTORY "?size=%d&orderby=%s",
				       3 + (int)rng_below(rng, 20), orders[which].orderby);
	int pages = 0, count;

	memset(seen, 0, sizeof(seen));
	ordered = 0;
	for (;;) {
		const char *cursor, *next;

		ck_status(rig_get(&r, path.p), 200);
		note_page(&count);
		cursor = json_at(&r, "/cursor");
		next = json_at(&r, "/next_uri");
		ck_assert_int_lt(pages++, PROFILES);
		if (strcmp(cursor, "(absent)") == 0) {
			ck_assert_str_eq(next, "(absent)");
			return;
		}
		ck_assert_int_eq(count, (int)rig_number(str_of(json_at(&r, "/size"))));
		disturb(rng);
		path = alone ? str_of(next) : arena_printf(&r.arena,
			INVENTORY "?cursor=%s&orderby=%s&size=%d", cursor,
			orders[which].orderby, 3 + (int)rng_below(rng, 20));
	}
}

START_TEST(nothing_skipped_nothing_twice)
{
	struct rng rng;

	rng_init(&rng, (uint64_t)_i, STR("test"), STR("pages"));
	for (int round = 0; round < ROUNDS; round++) {
		int before = -1;

		walk(&rng, _i, round % 2);
		for (int i = 0; i < PROFILES; i += 2)
			ck_assert_msg(seen[i] == 1, "orderby=%s: %s was seen %d times",
				      orders[_i].orderby, profiles[i].iccid, seen[i]);
		for (int k = 0; k < ordered; k++) {
			if (order[k] % 2)
				continue;	/* may have changed since */
			ck_assert(before < 0 || !orders[_i].sign ||
				  orders[_i].sign * compare((int)orders[_i].key, before,
							    order[k]) <= 0);
			before = order[k];
		}
	}
}
END_TEST

START_TEST(full_page_without_more_has_no_cursor)
{
	rig_get(&r, INVENTORY "?size=120");
	ck_json(&r, "/count", "120");
	ck_json(&r, "/cursor", "(absent)");
	rig_get(&r, INVENTORY "?size=99999999999999999999999");
	ck_json(&r, "/size", "1000");
	rig_get(&r, INVENTORY "?size=119");
	ck_json(&r, "/count", "119");
	ck_assert_str_ne(json_at(&r, "/cursor"), "(absent)");
	rig_get(&r, INVENTORY);
	ck_json(&r, "/count", "120");
	ck_json(&r, "/size", "1000");
}
END_TEST

/* Rows that are all equal: as they were made, and back. */
START_TEST(ties_go_the_way_of_the_order)
{
	static const char *const ways[] = { "", "asc%20type", "type", "desc%20type" };
	int made[PROFILES], count;

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		ordered = 0;
		ck_status(rig_get(&r, arena_printf(&r.arena, INVENTORY "?orderby=%s",
						   ways[i]).p), 200);
		note_page(&count);
		ck_assert_int_eq(count, PROFILES);
		if (i == 0)
			memcpy(made, order, sizeof(made));
		for (int k = 0; k < PROFILES; k++)
			ck_assert_int_eq(order[k], made[i == 3 ? PROFILES - 1 - k : k]);
	}
}
END_TEST

START_TEST(cursor_carries_the_query)
{
	const char *cursor;

	rig_get(&r, INVENTORY "?size=5&query=id%3D3&orderby=desc%20iccid");
	cursor = arena_strdup(&r.arena, json_at(&r, "/cursor"));
	for (int k = 0; k < 40 && strcmp(cursor, "(absent)") != 0; k++) {
		ck_status(rig_get(&r, arena_printf(&r.arena, INVENTORY "?cursor=%s", cursor).p), 200);
		ck_assert(str_find(r.body, STR("\"id\":2")) < 0);
		ck_json(&r, "/size", "5");
		cursor = arena_strdup(&r.arena, json_at(&r, "/cursor"));
	}
	ck_assert_str_eq(cursor, "(absent)");
}
END_TEST

/* A client that sends all that it sent before, and that is nothing. */
START_TEST(cursor_beside_an_empty_query)
{
	static const char *const queries[] = { "query=", "query=%20", "query", "orderby=&query=" };

	for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
		const char *cursor;

		ck_status(rig_get(&r, arena_printf(&r.arena, INVENTORY "?size=5&%s", queries[i]).p), 200);
		cursor = arena_strdup(&r.arena, json_at(&r, "/cursor"));
		ck_status(rig_get(&r, arena_printf(&r.arena, INVENTORY "?size=5&%s&cursor=%s",
						   queries[i], cursor).p), 200);
		ck_json(&r, "/count", "5");
	}
}
END_TEST

/* One query may take so many steps; it is refused, and nothing else is. */
START_TEST(query_without_end)
{
	static const char *const lists[] = { INVENTORY "?query=", "/ws/v1/esim_profiles/bulk?query=" };
	struct buf query;

	buf_init(&query, 10000);
	for (int i = 0; i < 100; i++)
		buf_printf(&query, "%scarrier%%20contains'no%d'", i ? "%20or%20" : "", i);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		const char *path = arena_printf(&r.arena, "%s%s", lists[i], query.p).p;

		store_set_steps(r.store, 10000);
		for (int k = 0; k < 3; k++) {
			ck_status(rig_get(&r, path), 400);
			ck_assert(strstr(json_at(&r, "/error_message"), "take too long"));
			/* Many a small one does not add up. */
			for (int n = 0; n < 20; n++)
				ck_status(rig_get(&r, INVENTORY "?query=carrier%20contains'no'"), 200);
		}
		ck_status(rig_post(&r, "/ws/v1/esim_profiles/operations/inventory", "{\"device_id\":\"" DEVICE "\",\"operation\":"
				   "\"enable\",\"carrier\":\"x\"}"), 200);
		rig_run(&r, 1);
		store_set_steps(r.store, 0);
		ck_status(rig_get(&r, path), 200);
	}
	buf_release(&query);
}
END_TEST

START_TEST(cursor_is_good_for_nothing_else)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	const char *cursor;
	char *bad;

#define WITH(path, more) arena_printf(&r.arena, path "?cursor=%s" more, cursor).p
	rig_get(&r, INVENTORY "?size=5&query=id%3D3");
	cursor = arena_strdup(&r.arena, json_at(&r, "/cursor"));
	ck_status(rig_get(&r, WITH(INVENTORY, "")), 200);
	ck_status(rig_get(&r, WITH(INVENTORY, "&query=id%%3D3")), 200);
	ck_status(rig_get(&r, WITH(INVENTORY, "&query=id%%3D4")), 400);
	ck_status(rig_get(&r, WITH(INVENTORY, "&orderby=iccid")), 400);
	ck_status(rig_get(&r, WITH("/ws/v1/esims/inventory", "")), 400);
	ck_status(rig_as(&r, "bob", "GET", WITH(INVENTORY, ""), NULL), 400);
	ck_status(rig_get(&r, WITH(INVENTORY, "A")), 400);
	/* One without a query would otherwise do for any list. */
	rig_get(&r, INVENTORY "?size=5");
	cursor = arena_strdup(&r.arena, json_at(&r, "/cursor"));
	ck_status(rig_get(&r, WITH("/ws/v1/devices/inventory", "")), 400);
	/* One ordered by a field that the other list has not is no stranger's. */
	rig_get(&r, INVENTORY "?size=5&orderby=iccid");
	cursor = arena_strdup(&r.arena, json_at(&r, "/cursor"));
	ck_status(rig_get(&r, WITH("/ws/v1/devices/inventory", "")), 400);
	ck_json(&r, "/error_message", "cursor: it belongs to another list");
	ck_status(rig_get(&r, WITH(INVENTORY, "")), 200);
	/* Any letter changed, and any length cut. */
	for (size_t i = 0; i < strlen(cursor); i++) {
		bad = arena_strdup(&r.arena, cursor);
		bad[i] = letters[((size_t)(strchr(letters, bad[i]) - letters) + 1) % 64];
		ck_status(rig_get(&r, arena_printf(&r.arena, INVENTORY "?cursor=%s", bad).p), 400);
		bad = arena_strdup(&r.arena, cursor);
		bad[i] = '\0';
		if (i > 0)
			ck_status(rig_get(&r, arena_printf(&r.arena, INVENTORY "?cursor=%s", bad).p), 400);
	}
	/* It outlives the server, not another server's key. */
	rig_restart(&r);
	ck_status(rig_get(&r, WITH(INVENTORY, "")), 200);
}
END_TEST

START_TEST(relative_time_stands_still)
{
	const char *cursor;

	for (int i = 0; i < 3; i++)
		rig_post(&r, "/ws/v1/esim_profiles/operations/inventory",
			 "{\"device_id\":\"" DEVICE "\",\"operation\":\"enable\",\"carrier\":\"nobody\"}"),
		rig_run(&r, 1);
	rig_get(&r, "/ws/v1/esim_profiles/operations/inventory?size=2&query=created>-1h");
	cursor = arena_strdup(&r.arena, json_at(&r, "/cursor"));
	rig_run(&r, 7200);
	rig_get(&r, WITH("/ws/v1/esim_profiles/operations/inventory", ""));
	ck_json(&r, "/count", "1");
	rig_get(&r, "/ws/v1/esim_profiles/operations/inventory?query=created>-1h");
	ck_json(&r, "/count", "0");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("server/page");
	TCase *tc = tcase_create("page");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, nothing_skipped_nothing_twice, 0,
			    sizeof(orders) / sizeof(orders[0]));
	tcase_add_test(tc, full_page_without_more_has_no_cursor);
	tcase_add_test(tc, ties_go_the_way_of_the_order);
	tcase_add_test(tc, cursor_carries_the_query);
	tcase_add_test(tc, cursor_beside_an_empty_query);
	tcase_add_test(tc, query_without_end);
	tcase_add_test(tc, cursor_is_good_for_nothing_else);
	tcase_add_test(tc, relative_time_stands_still);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
