/*
 * resource.h - the inventories and their fields, each a const table.
 *
 * One row of a table says how a field is called, where it is in the store,
 * how it is compared and what kind it is.  The query language, orderby,
 * JSON, CSV and the documentation all follow it.
 */
#ifndef SERVER_RESOURCE_H
#define SERVER_RESOURCE_H

#include "sim/json.h"

struct server;
struct stmt;

enum resource_id {
	RESOURCE_PROFILES,
	RESOURCE_TRANSACTIONS,
	RESOURCE_OPERATIONS,
	RESOURCE_CODES,
	RESOURCE_ESIMS,
	RESOURCE_DEVICES,
	RESOURCES
};

enum attribute_kind { ATTRIBUTE_TEXT, ATTRIBUTE_ENUM, ATTRIBUTE_INT, ATTRIBUTE_TIME };

/* How a value in a query is brought to the form that `match` has. */
enum attribute_case { CASE_LOWER, CASE_UPPER, CASE_FOLD };

struct attribute {
	const char *name;
	enum attribute_kind kind;
	const char *column;	/* SQL for output; NULL: the field is left out */
	const char *match;	/* SQL to compare and sort by; never NULL */
	enum attribute_case letters;	/* for text and enumerations */
	const char *const *values;	/* of an enumeration; ends with NULL */
};

struct resource {
	enum resource_id id;
	const char *name;	/* "esim_profiles": for messages */
	const char *uri;	/* of its inventory */
	const char *table;
	const char *where;	/* what else holds for its rows, or NULL */
	const char *key;	/* column that names one */
	enum attribute_case key_letters;
	const char *latest;	/* the row with most of this counts, or NULL: `key`
				 * is no other row's */
	const struct attribute *attributes;
	size_t count;
};

const struct resource *resource_get(enum resource_id id);
/* By field name without regard to case, or NULL. */
const struct attribute *resource_attribute(const struct resource *r,
					   struct str name);

/* The fields of all resources, as the tables of docs/query.md. */
void resources_print(struct buf *out);

/* "SELECT <all columns>, <extra> FROM <table> WHERE customer_id = ?[ AND where]" */
void resource_select(const struct resource *r, const char *extra, struct buf *sql);
/* The row that a statement made so stands on, as a JSON object. */
void resource_row(const struct resource *r, struct stmt *q, struct json *j);

/* The statement of resource_item(), made once for all. */
struct str resource_item_sql(const struct resource *r, struct arena *a);
/* The item with that key in that account; false if there is none. */
bool resource_item(struct server *s, enum resource_id id, int64_t customer_id,
		   struct str key, struct arena *a, struct json *j);

/* A value in the case that comparison wants, in `a`. */
struct str resource_letters(enum attribute_case letters, struct str value,
			    struct arena *a);

#endif
