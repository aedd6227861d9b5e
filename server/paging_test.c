/*
 * Goal: of every inventory, in every order, whoever follows the cursors sees
 * each row that was there all along exactly once and in its place, while others
 * come, go and change.
 * Method: an inventory has rows that are left alone and rows that are not.
 * Between any two pages the latter are added, removed and changed at random.
 * What was seen of the former is held against the test's own list, and their
 * order against the values that the pages themselves show.
 * (page_test.c does the same for profiles, and looks at cursors.)
 */
#include "server/rig_test.h"

#include "server/resource.h"
#include "sim/rng.h"

#include <strings.h>

enum {
	CALM = 25, RESTLESS = 25, ROWS_MAX = 400, PAGE_MAX = 12,
	DISTURBED_MAX = 25,	/* pages; else there might be more rows for ever */
};

struct row {
	char key[64];
	bool calm;
	bool there;
	int seen;
};

/* An inventory, and what can be done to its rows. */
struct inventory {
	enum resource_id id;
	const char *key;		/* member of a row that names it */
	void (*begin)(void);		/* make the rows that are left alone ... */
	void (*disturb)(void);		/* ... and do something to others */
};

static struct rig r;
static struct rng rng;
static struct row rows[ROWS_MAX];
static int row_count;

static struct row *add_row(const char *key, bool calm)
{
	struct row *row = &rows[row_count++];

	ck_assert_int_lt(row_count, ROWS_MAX);
	*row = (struct row){ .calm = calm, .there = true };
	snprintf(row->key, sizeof(row->key), "%s", key);
	return row;
}

static struct row *restless_row(void)
{
	int i;

	do
		i = (int)rng_below(&rng, (uint64_t)row_count);
	while (rows[i].calm);
	return &rows[i];
}

/* ---- Devices, and their eSIMs. --------------------------------------------- */

/* Row i has device i and its EID; which of the two is the key, `by_eid` says. */
static bool by_eid;
static int64_t sequences[ROWS_MAX];

static const char *name_device(int i)
{
	return arena_printf(&r.arena, "00000000-00000000-0040FFFF-%08X", (i * 7919) % 65536).p;
}

static const char *name_eid(int i)
{
	return arena_printf(&r.arena, "890490320000010000000000%08d", (i * 104729) % 1000000).p;
}

static void add_device(int i)
{
	struct err err = { 0 };

	rig_ok(server_add_device(r.server, 1, str_of(name_device(i)), str_of(name_eid(i)), &err),
	       &err);
	rows[i].there = true;
}

static void keep_devices(void)
{
	struct str *names = arena_array(&r.arena, (size_t)row_count + 1, sizeof(*names));
	struct err err = { 0 };
	size_t n = 0;

	for (int i = 0; i < row_count; i++)
		if (rows[i].there)
			names[n++] = str_of(name_device(i));
	names[n++] = STR(OTHERS);
	rig_ok(server_keep_only(r.server, SERVER_DEVICES, names, n, &err), &err);
}

static void report_device(int i)
{
	const char *body = arena_printf(&r.arena, "{\"device_id\":\"%s\",\"eid\":\"%s\","
		"\"sequence\":%lld,\"profiles\":[]}", name_device(i), name_eid(i),
		(long long)++sequences[i]).p;

	ck_status(rig_as(&r, "Bearer report-token", "POST", "/southbound/v1/device_reports",
			 body), 200);
}

static void begin_devices(void)
{
	for (int i = 0; i < CALM + RESTLESS; i++) {
		add_row(by_eid ? name_eid(i) : name_device(i), i % 2);
		add_device(i);
		if (i % 3 == 0)
			report_device(i);
		rig_run(&r, 0.01);
	}
	keep_devices();		/* nothing else than these */
}

static void disturb_devices(void)
{
	for (int k = 0; k < 4; k++) {
		int i = (int)(restless_row() - rows);

		if (rng_below(&rng, 2))
			add_device(i);
		else
			rows[i].there = false;
	}
	keep_devices();
	for (int k = 0; k < 3; k++) {
		int i = (int)(restless_row() - rows);

		if (rows[i].there)
			report_device(i);
	}
}

static void begin_esims(void)
{
	by_eid = true;
	begin_devices();
}

/* ---- Activation codes. ------------------------------------------------------- */

#define CODES_URI "/ws/v1/esim_activation_codes/inventory"

static void add_code(struct row *row)
{
	static const char *const carriers[] = { "Mobile", "mobile", "Zed", "Acme" };

	ck_status(rig_post(&r, CODES_URI, arena_printf(&r.arena,
		"{\"iccid\":\"%s\",\"carrier\":\"%s\",\"activation_code\":"
		"\"LPA:1$smdp.example.com$C-%s\"}", row->key, carriers[rng_below(&rng, 4)],
		row->key).p), 201);
	row->there = true;
}

static void remove_code(struct row *row)
{
	ck_status(rig_as(&r, "ann", "DELETE", arena_printf(&r.arena, CODES_URI "/%s",
							   row->key).p, NULL), 204);
	row->there = false;
}

static void begin_codes(void)
{
	char iccid[24];

	for (int i = 0; i < CALM + RESTLESS; i++) {
		snprintf(iccid, sizeof(iccid), "894400000000000%04d", (i * 7919) % 10000);
		add_code(add_row(iccid, i % 2));
		rig_run(&r, 0.01);
	}
}

/* One that goes and comes again has another carrier, and a new time. */
static void disturb_codes(void)
{
	for (int k = 0; k < 5; k++) {
		struct row *row = restless_row();

		if (row->there)
			remove_code(row);
		else
			add_code(row);
	}
}

/* ---- Transactions. ------------------------------------------------------------ */

static void download(bool calm)
{
	static const char *const devices[] = { DEVICE, DEVICE2 };
	static const char *const eids[] = { EID, EID2 };
	int i = row_count % 2;

	ck_status(rig_post(&r, "/ws/v1/esim_profiles/download", arena_printf(&r.arena,
		"{\"device_id\":\"%s\",\"eid\":\"%s\",\"activation_code\":"
		"\"LPA:1$smdp.example.com$T-%d\"}", devices[i], eids[i], row_count).p), 200);
	add_row(json_at(&r, "/transaction"), calm);
}

/* What the EIS refuses has ended; what it does not answer is tried again. */
static void begin_transactions(void)
{
	for (int i = 0; i < CALM; i++) {
		r.eis_status = i % 3 ? 400 : 409;
		download(true);
		rig_run(&r, 0.5);
	}
	r.eis_status = 503;
	for (int i = 0; i < RESTLESS; i++)
		download(false);
}

static void disturb_transactions(void)
{
	r.eis_status = rng_below(&rng, 4) ? 503 : 400;
	download(false);
	rig_run(&r, (double)(1 + rng_below(&rng, 30)));
}

/* ---- Operations. --------------------------------------------------------------- */

static void operate(bool calm)
{
	static const char *const kinds[] = { "activate", "download", "enable" };
	static const char *const carriers[] = { "nobody", "Nobody", "somebody", "9" };
	int i = row_count;

	ck_status(rig_post(&r, "/ws/v1/esim_profiles/operations/inventory", arena_printf(
		&r.arena, "{\"device_id\":\"%s\",\"operation\":\"%s\",\"carrier\":\"%s\"}",
		i % 2 ? DEVICE : DEVICE2, kinds[i % 3], carriers[i % 4]).p), 200);
	add_row(json_at(&r, "/id"), calm);
}

/* Nobody has what they ask for, so they fail as soon as time passes. */
static void begin_operations(void)
{
	for (int i = 0; i < CALM; i++) {
		operate(true);
		rig_run(&r, 0.7);
	}
	for (int i = 0; i < RESTLESS; i++)
		operate(false);
}

static void disturb_operations(void)
{
	int count = 1 + (int)rng_below(&rng, 3);

	for (int k = 0; k < count; k++)
		operate(false);
	if (rng_below(&rng, 2))
		rig_run(&r, 0.3);
}

/* ---- Walking. -------------------------------------------------------------------- */

static const struct inventory inventories[] = {
	{ RESOURCE_DEVICES, "id", begin_devices, disturb_devices },
	{ RESOURCE_ESIMS, "eid", begin_esims, disturb_devices },
	{ RESOURCE_CODES, "iccid", begin_codes, disturb_codes },
	{ RESOURCE_TRANSACTIONS, "transaction", begin_transactions, disturb_transactions },
	{ RESOURCE_OPERATIONS, "id", begin_operations, disturb_operations },
};
enum { INVENTORIES = sizeof(inventories) / sizeof(inventories[0]) };

static struct row *find_row(const char *key)
{
	for (int i = 0; i < row_count; i++)
		if (strcasecmp(rows[i].key, key) == 0)
			return &rows[i];
	ck_abort_msg("a row that nobody made: %s", key);
}

/* A missing text is like an empty one, and letters are alike. */
static int compare(const cJSON *a, const cJSON *b)
{
	if (cJSON_IsNumber(a) && cJSON_IsNumber(b))
		return (a->valuedouble > b->valuedouble) - (a->valuedouble < b->valuedouble);
	return strcasecmp(cJSON_IsString(a) ? a->valuestring : "",
			  cJSON_IsString(b) ? b->valuestring : "");
}

struct walk {
	const struct inventory *of;
	const char *field;		/* NULL: in the order that nobody asked for */
	int sign;			/* -1: downwards */
	cJSON *last;			/* value of the last calm row; NULL: none yet */
};

static void note_row(struct walk *w, const cJSON *item)
{
	const cJSON *key = cJSON_GetObjectItemCaseSensitive(item, w->of->key);
	cJSON *value = !w->field ? NULL :
		       cJSON_Duplicate(cJSON_GetObjectItemCaseSensitive(item, w->field), 1);
	struct row *row;

	ck_assert(cJSON_IsString(key));
	row = find_row(key->valuestring);
	row->seen++;
	if (!row->calm || !w->field) {
		cJSON_Delete(value);
		return;
	}
	if (!value)
		value = cJSON_CreateString("");
	ck_assert_msg(!w->last || w->sign * compare(w->last, value) <= 0,
		      "%s: %s out of its place", w->field, row->key);
	cJSON_Delete(w->last);
	w->last = value;
}

/* The path of the next page, or NULL. */
static const char *note_page(struct walk *w, int size)
{
	struct err err;
	cJSON *tree = json_parse(r.body, &err);
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(tree, "list"), *item;
	const cJSON *next = cJSON_GetObjectItemCaseSensitive(tree, "next_uri");
	const char *path = cJSON_IsString(next) ? arena_strdup(&r.arena, next->valuestring) : NULL;

	ck_assert_int_le(cJSON_GetArraySize(list), size);
	ck_assert(!path || cJSON_GetArraySize(list) == size);
	cJSON_ArrayForEach(item, list)
		note_row(w, item);
	cJSON_Delete(tree);
	return path;
}

static void walk(const struct inventory *of, const char *field, int sign)
{
	struct walk w = { of, field, sign, NULL };
	int size = 1 + (int)rng_below(&rng, PAGE_MAX), pages = 0;
	const char *path = arena_printf(&r.arena, "%s?size=%d%s%s%s",
					resource_get(of->id)->uri, size,
					!field ? "" : sign > 0 ? "&orderby=asc" : "&orderby=desc",
					field ? "%20" : "", field ? field : "").p;

	for (int i = 0; i < row_count; i++)
		rows[i].seen = 0;
	while (path) {
		ck_status(rig_get(&r, path), 200);
		path = note_page(&w, size);
		if (pages < DISTURBED_MAX)
			of->disturb();
		ck_assert_int_lt(pages++, ROWS_MAX);
	}
	cJSON_Delete(w.last);
	for (int i = 0; i < row_count; i++) {
		if (rows[i].calm)
			ck_assert_msg(rows[i].seen == 1, "%s by %s: %s was seen %d times",
				      resource_get(of->id)->uri, field ? field : "nothing",
				      rows[i].key, rows[i].seen);
		/* What does not change its place is not passed twice, either. */
		else if (field && strcmp(field, of->key) == 0)
			ck_assert_int_le(rows[i].seen, 1);
	}
}

START_TEST(every_order_of_every_inventory)
{
	const struct inventory *of = &inventories[_i / 2];
	const struct resource *res = resource_get(of->id);

	rng_init(&rng, (uint64_t)_i, STR("test"), STR("paging"));
	for (size_t i = 0; i <= res->count; i++) {
		rig_init(&r, NULL);
		row_count = 0;
		by_eid = false;
		memset(sequences, 0, sizeof(sequences));
		of->begin();
		walk(of, i < res->count ? res->attributes[i].name : NULL, _i % 2 ? -1 : 1);
		rig_release(&r);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("server/paging");
	TCase *tc = tcase_create("paging");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, every_order_of_every_inventory, 0, 2 * INVENTORIES);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
