#include "server/resource.h"

#include "proto/spn.h"
#include "server/core.h"

#include <assert.h>
#include <stdio.h>

enum { SELECT_MAX = 4096 };

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static const char *const profile_statuses[] = { "active", "inactive", NULL };
static const char *const actions[] = { "download", "enable", "disable", "delete", NULL };
static const char *const transaction_statuses[] = {
	"in_progress", "complete", "failed", "unknown", NULL
};
static const char *const operation_kinds[] = { "activate", "download", "enable", NULL };
static const char *const operation_statuses[] = {
	"starting", "download", "download_verify", "enable", "enable_verify",
	"failed", "successful", NULL
};
static const char *const causes[] = { "request", "automation", "template", NULL };
static const char *const code_statuses[] = { "available", "in_use", "used", "refused", NULL };

/* Rows of the tables below, by the form that the store keeps. */
#define PLAIN(name) { name, ATTRIBUTE_TEXT, name, name, CASE_LOWER, NULL }
#define MAYBE(name, key) { name, ATTRIBUTE_TEXT, name, key, CASE_LOWER, NULL }
#define FREE(name) { name, ATTRIBUTE_TEXT, name, "fold(" name ")", CASE_FOLD, NULL }
#define KEYED(name, column, key) \
	{ name, ATTRIBUTE_TEXT, column, key, CASE_FOLD, NULL }
#define UPPER(name, column, key) \
	{ name, ATTRIBUTE_TEXT, column, key, CASE_UPPER, NULL }
#define INT(name, column, key) { name, ATTRIBUTE_INT, column, key, CASE_LOWER, NULL }
#define TIME(name, column, key) { name, ATTRIBUTE_TIME, column, key, CASE_LOWER, NULL }
#define ENUM(name, values) { name, ATTRIBUTE_ENUM, name, name, CASE_LOWER, values }

static const struct attribute profiles[] = {
	KEYED("carrier", "carrier", "carrier_key"),
	INT("customer_id", "customer_id", "customer_id"),
	UPPER("device_id", "device_id", "device_id"),
	PLAIN("eid"),
	PLAIN("iccid"),
	INT("id", "number", "number_key"),
	KEYED("normalized_carrier", "nullif(normalized_carrier, '')", "normalized_carrier"),
	ENUM("status", profile_statuses),
	KEYED("type", "type", "type_key"),
};

static const struct attribute transactions[] = {
	ENUM("action", actions),
	TIME("created", "created", "created"),
	INT("customer_id", "customer_id", "customer_id"),
	UPPER("device_id", "device_id", "device_id"),
	PLAIN("eid"),
	MAYBE("iccid", "iccid_key"),
	FREE("message"),
	PLAIN("message_code"),
	ENUM("status", transaction_statuses),
	{ "transaction", ATTRIBUTE_TEXT, "id", "id", CASE_LOWER, NULL },
	TIME("updated", "updated", "updated"),
};

static const struct attribute operations[] = {
	KEYED("carrier", "carrier", "carrier_key"),
	ENUM("cause", causes),
	FREE("cause_id"),
	TIME("created", "created", "created"),
	FREE("created_by"),
	INT("customer_id", "customer_id", "customer_id"),
	UPPER("device_id", "device_id", "device_id"),
	MAYBE("download_tx", "download_key"),
	PLAIN("eid"),
	MAYBE("enable_tx", "enable_key"),
	MAYBE("iccid", "iccid_key"),
	PLAIN("id"),
	INT("job_id", "rid", "place"),
	FREE("message"),
	PLAIN("message_code"),
	ENUM("operation", operation_kinds),
	FREE("source"),
	ENUM("status", operation_statuses),
	TIME("updated", "updated", "updated"),
};

static const struct attribute codes[] = {
	KEYED("carrier", "carrier", "carrier_key"),
	TIME("created", "created", "created"),
	INT("customer_id", "customer_id", "customer_id"),
	UPPER("device_id", "device_id", "device_key"),
	PLAIN("iccid"),
	KEYED("normalized_carrier", "nullif(normalized_carrier, '')", "normalized_carrier"),
	ENUM("status", code_statuses),
	TIME("updated", "updated", "updated"),
};

static const struct attribute esims[] = {
	INT("customer_id", "customer_id", "customer_id"),
	UPPER("device_id", "device_id", "device_id"),
	MAYBE("eid", "eid_key"),
};

static const struct attribute devices[] = {
	INT("customer_id", "customer_id", "customer_id"),
	MAYBE("eid", "eid_key"),
	UPPER("id", "device_id", "device_id"),
	TIME("last_update", "reported", "reported_key"),
};

static const struct resource resources[RESOURCES] = {
	[RESOURCE_PROFILES] = {
		RESOURCE_PROFILES, "esim_profiles", "/ws/v1/esim_profiles/inventory",
		"profiles", NULL, "iccid", CASE_LOWER, "updated",
		profiles, COUNT(profiles) },
	[RESOURCE_TRANSACTIONS] = {
		RESOURCE_TRANSACTIONS, "esim_profiles/transactions",
		"/ws/v1/esim_profiles/transactions/inventory",
		"transactions", NULL, "id", CASE_LOWER, NULL,
		transactions, COUNT(transactions) },
	[RESOURCE_OPERATIONS] = {
		RESOURCE_OPERATIONS, "esim_profiles/operations",
		"/ws/v1/esim_profiles/operations/inventory",
		"operations", NULL, "id", CASE_LOWER, NULL,
		operations, COUNT(operations) },
	[RESOURCE_CODES] = {
		RESOURCE_CODES, "esim_activation_codes",
		"/ws/v1/esim_activation_codes/inventory",
		"codes", NULL, "iccid", CASE_LOWER, NULL, codes, COUNT(codes) },
	[RESOURCE_ESIMS] = {
		RESOURCE_ESIMS, "esims", "/ws/v1/esims/inventory",
		"devices", "eid IS NOT NULL", "eid", CASE_LOWER, NULL,
		esims, COUNT(esims) },
	[RESOURCE_DEVICES] = {
		RESOURCE_DEVICES, "devices", "/ws/v1/devices/inventory",
		"devices", NULL, "device_id", CASE_UPPER, NULL,
		devices, COUNT(devices) },
};

const struct resource *resource_get(enum resource_id id)
{
	assert(id < RESOURCES);
	return &resources[id];
}

const struct attribute *resource_attribute(const struct resource *r,
					   struct str name)
{
	for (size_t i = 0; i < r->count; i++)
		if (str_ieq(name, str_of(r->attributes[i].name)))
			return &r->attributes[i];
	return NULL;
}

/* ---- Documentation. ---------------------------------------------------- */

static void print_kind(const struct attribute *at, struct buf *out)
{
	switch (at->kind) {
	case ATTRIBUTE_TEXT:
		buf_z(out, "text");
		break;
	case ATTRIBUTE_ENUM:
		for (const char *const *v = at->values; *v; v++)
			buf_printf(out, "%s`%s`", v == at->values ? "one of " : ", ", *v);
		break;
	case ATTRIBUTE_INT:
		buf_z(out, "number");
		break;
	case ATTRIBUTE_TIME:
		buf_z(out, "time");
		break;
	}
}

void resources_print(struct buf *out)
{
	for (int i = 0; i < RESOURCES; i++) {
		const struct resource *r = &resources[i];

		buf_printf(out, "\n### %s\n\n`%s`\n\n| field | kind |\n|---|---|\n",
			   r->name, r->uri);
		for (size_t k = 0; k < r->count; k++) {
			buf_printf(out, "| `%s` | ", r->attributes[k].name);
			print_kind(&r->attributes[k], out);
			buf_z(out, " |\n");
		}
	}
}

/* ---- Rows. ------------------------------------------------------------- */

struct str resource_letters(enum attribute_case letters, struct str value,
			    struct arena *a)
{
	char *p;

	if (letters != CASE_UPPER)
		return spn_fold(a, value);
	p = arena_alloc(a, value.n + 1);
	for (size_t i = 0; i < value.n; i++)
		p[i] = (char)(value.p[i] >= 'a' && value.p[i] <= 'z' ?
			      value.p[i] - 32 : value.p[i]);
	return (struct str){ p, value.n };
}

void resource_select(const struct resource *r, const char *extra, struct buf *sql)
{
	buf_z(sql, "SELECT ");
	for (size_t i = 0; i < r->count; i++) {
		buf_z(sql, r->attributes[i].column);
		buf_z(sql, ", ");
	}
	buf_printf(sql, "%s FROM %s WHERE customer_id = ?", extra, r->table);
	if (r->where)
		buf_printf(sql, " AND %s", r->where);
}

static void put_time(struct json *j, const char *name, int64_t unix_ms)
{
	char time[CLOCK_ISO_SIZE];

	clock_iso_to(unix_ms, time);
	json_putz(j, name, time);
}

void resource_row(const struct resource *r, struct stmt *q, struct json *j)
{
	json_open(j, '{');
	for (size_t i = 0; i < r->count; i++) {
		const struct attribute *at = &r->attributes[i];
		int column = (int)i;
		struct str text;

		switch (at->kind) {
		case ATTRIBUTE_TEXT:
		case ATTRIBUTE_ENUM:
			text = stmt_peek(q, column);
			if (text.p)
				json_put(j, at->name, text);
			break;
		case ATTRIBUTE_INT:
			if (!stmt_is_null(q, column))
				json_put_int(j, at->name, stmt_i64(q, column));
			break;
		case ATTRIBUTE_TIME:
			if (!stmt_is_null(q, column))
				put_time(j, at->name, stmt_i64(q, column));
			break;
		}
	}
	json_close(j, '}');
}

struct str resource_item_sql(const struct resource *r, struct arena *a)
{
	struct buf sql;
	struct str text;

	buf_init(&sql, SELECT_MAX);
	resource_select(r, r->latest ? r->latest : "0", &sql);
	buf_printf(&sql, " AND %s = ?%s", r->key, r->latest ? " ORDER BY place" : "");
	text = arena_str(a, buf_view(&sql));
	buf_release(&sql);
	return text;
}

/*
 * The latest of the rows of `q`, of equals the one that was made last.  There
 * is nearly always one: to have SQLite sort them takes longer than to look.
 */
static bool put_latest(const struct resource *r, struct stmt *q, struct json *j)
{
	const struct json before = *j;
	size_t start = j->out->n;
	int64_t latest = INT64_MIN;
	bool found = false;

	while (stmt_row(q)) {
		int64_t its_time = stmt_i64(q, (int)r->count);

		if (its_time < latest)
			continue;
		found = true;
		latest = its_time;
		*j = before;
		j->out->n = start;
		resource_row(r, q, j);
		if (!r->latest) {	/* the key is a row's own */
			stmt_end(q);
			break;
		}
	}
	return found;
}

bool resource_item(struct server *s, enum resource_id id, int64_t customer_id,
		   struct str key, struct arena *a, struct json *j)
{
	const struct resource *r = resource_get(id);
	struct stmt *q = store_query(s->store, s->item_sql[id]);

	stmt_str(stmt_int(q, customer_id), resource_letters(r->key_letters, key, a));
	return put_latest(r, q, j);
}
