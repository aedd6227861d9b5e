/* A list of many pages as one answer. */
#include "scenarios/run.h"

#include "sim/json.h"

/* A server whose cursors never end must not keep us for ever. */
enum { PAGES_MAX = 2000, BYTES_MAX = 256 << 20 };

struct follow {
	struct run *run;
	struct buf rows, pages;		/* insides of two JSON lists */
	size_t row_count, page_count;
	struct buf cursor;		/* empty: that was the last page */
};

/* The items of `list` go on behind those before them. */
static void take_rows(struct follow *f, const cJSON *list)
{
	const cJSON *row;
	size_t n = 0;

	cJSON_ArrayForEach(row, list) {
		char *text = cJSON_PrintUnformatted(row);

		if (f->row_count++)
			buf_char(&f->rows, ',');
		buf_z(&f->rows, text ? text : "null");
		cJSON_free(text);
		n++;
	}
	if (f->page_count++)
		buf_char(&f->pages, ',');
	buf_u64(&f->pages, n);
}

static void take_cursor(struct follow *f, const cJSON *cursor)
{
	buf_clear(&f->cursor);
	if (cJSON_IsString(cursor))
		buf_z(&f->cursor, cursor->valuestring);
	else if (cJSON_IsNumber(cursor))
		buf_printf(&f->cursor, "%.17g", cursor->valuedouble);
}

/* 1: a page was taken; 0: the answer is none, and is left as it is. */
static int take_page(struct follow *f)
{
	const struct run_response *resp = &f->run->response;
	struct err err;
	cJSON *page;
	const cJSON *list;
	int taken = 0;

	if (resp->failure != HTTP_OK || resp->status != 200)
		return 0;
	page = json_parse(resp->body, &err);
	list = cJSON_GetObjectItemCaseSensitive(page, "list");
	if (cJSON_IsArray(list)) {
		take_rows(f, list);
		take_cursor(f, cJSON_GetObjectItemCaseSensitive(page, "cursor"));
		taken = 1;
	}
	cJSON_Delete(page);
	return taken;
}

/* `url` without a cursor of its own, and this one behind it. */
static struct str next_url(struct follow *f, struct str url)
{
	struct run *r = f->run;
	struct buf out;
	struct str whole;

	buf_init(&out, 1 << 20);
	buf_str(&out, url);
	buf_char(&out, str_find(url, STR("?")) < 0 ? '?' : '&');
	buf_z(&out, "cursor=");
	http_escape(&out, buf_view(&f->cursor));
	whole = arena_str(&r->scratch, buf_view(&out));
	buf_release(&out);
	return whole;
}

static void make_whole(struct follow *f)
{
	struct run *r = f->run;
	struct buf out;

	buf_init(&out, BYTES_MAX);
	buf_printf(&out, "{\"count\":%zu,\"pages\":[", f->row_count);
	buf_str(&out, buf_view(&f->pages));
	buf_z(&out, "],\"list\":[");
	buf_str(&out, buf_view(&f->rows));
	buf_z(&out, "]}");
	r->response.body = arena_str(&r->answer, buf_view(&out));
	buf_release(&out);
}

static struct outcome pages(struct follow *f, const struct scenario_request *q,
			    struct str url)
{
	struct outcome o = run_ask(f->run, q, url);

	while (o.verdict == VERDICT_PASS && take_page(f) == 1) {
		if (!f->cursor.n) {
			make_whole(f);
			return o;
		}
		if (f->page_count == PAGES_MAX || f->rows.over)
			return run_fail(f->run, (struct pos){ 0 },
					"the cursors lead on and on: %zu pages with %zu rows, and still no end",
					f->page_count, f->row_count);
		o = run_ask(f->run, q, next_url(f, url));
	}
	return o;
}

struct outcome run_follow(struct run *r, const struct scenario_request *q,
			  struct str url)
{
	struct follow f = { .run = r };
	struct outcome o;

	buf_init(&f.rows, BYTES_MAX / 2);
	buf_init(&f.pages, 1 << 20);
	buf_init(&f.cursor, 1 << 16);
	o = pages(&f, q, url);
	buf_release(&f.rows);
	buf_release(&f.pages);
	buf_release(&f.cursor);
	return o;
}
