/*
 * page.h - inventories a page at a time: query, orderby, size, cursor.
 *
 * A page continues behind the last row of the one before it (by the value
 * sorted by, then by row), so rows that come and go meanwhile make no other
 * row skipped or repeated.  A cursor holds all that the next page needs, so
 * it can be sent alone; it is signed with the server's key and good for one
 * resource of one account.
 */
#ifndef SERVER_PAGE_H
#define SERVER_PAGE_H

#include "server/routes.h"
#include "server/resource.h"

enum { PAGE_SIZE_MAX = 1000, CURSOR_KEY_SIZE = 32 };

/* What a page is of, and where it begins. */
struct page {
	const struct resource *resource;
	int64_t customer_id;
	int64_t now_ms;			/* that relative times count from */
	int64_t size;
	struct str query;		/* may be empty */
	const struct attribute *order;	/* NULL: as they came */
	bool descending;
	bool has_after;			/* behind this row: */
	struct page_row {
		struct str text;	/* p NULL: it is a number */
		int64_t number;
		int64_t rid;
	} after;
};

/* "asc field", "desc field", "field", or "field asc|desc". */
int page_order_parse(struct str text, struct page *page, struct err *err);

struct str cursor_make(const struct page *page, const uint8_t key[CURSOR_KEY_SIZE],
		       struct arena *a);
/* Into `page`, whose resource and customer_id are set and must be its own. */
int cursor_read(struct str cursor, const uint8_t key[CURSOR_KEY_SIZE],
		struct arena *a, struct page *page, struct err *err);

/* Answer GET .../inventory and GET .../bulk. */
void page_answer(struct request *rq, enum resource_id id);
void bulk_answer(struct request *rq, enum resource_id id);

#endif
