#include "scenarios/report_ladder.h"
#include "scenarios/report.h"
#include "sim/json.h"

#include <assert.h>
#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

/* Pixels. */
enum {
	ROW_HEIGHT = 22,
	HEAD_HEIGHT = 30,
	TIME_WIDTH = 112,
	LANE_WIDTH = 96,
	TEXT_WIDTH = 640,
};

enum {
	COLUMNS_MAX = 12,
	FOLD_BLOCK_MAX = 12,		/* events that repeat together */
	FOLD_REPEATS_MIN = 2,		/* fewer are shown as they are */
	TEXT_MAX = 92,			/* characters that fit in TEXT_WIDTH */
	NAME_MAX_CHARS = 14,		/* that fit in a lane's head */
	LINES_MAX = 500000,		/* read at all */
};

/* A gap shorter than this is not worth a row. */
static const int64_t GAP_US = 1000000;

enum row_kind { ROW_EVENT, ROW_REQUEST, ROW_RESPONSE };

struct row {
	enum row_kind kind;
	int64_t at_us, sent_us;
	int column;		/* of the party */
	int peer;		/* the other end's, or -1 */
	int64_t id;		/* of the exchange */
	bool bad;		/* an error status or no answer */
	struct str head;	/* what happened: "GET", "204", "order-queued" */
	struct str detail;	/* with what: a path, fields */
	struct str line;	/* as logged */
	uint64_t sign;		/* equal for events that differ in time only */
};

/* What is drawn, from top to bottom. */
enum item_kind { ITEM_ROW, ITEM_GAP, ITEM_FOLD, ITEM_CUT };

struct item {
	enum item_kind kind;
	size_t row;		/* ROW: which; FOLD, CUT: the last one covered */
	size_t block, repeats;	/* FOLD: that many rows, that often again */
	size_t count;		/* CUT: rows left out */
	int64_t from_us, at_us;
	int y;			/* its middle */
};

struct column {
	struct str party;
	int rank;
};

struct ladder {
	struct arena arena;
	const struct run_result *run;
	struct column columns[COLUMNS_MAX];
	int column_count;
	size_t devices_left_out, lines_left_out;
	struct row *rows;
	size_t row_count;
	struct item *items;
	size_t item_count;
	int height;
};

/* ---- Which parties. ---------------------------------------------------- */

/* From left to right as messages usually go. */
static const char *const kinds[] = {
	"client", "rig", "server", "eis", "device", "smdp",
};
enum { KIND_DEVICE = 4, KINDS = 6 };

static int rank_of(struct str party)
{
	struct str kind = party;

	kind = str_split(&party, '/');
	for (int i = 0; i < KINDS; i++)
		if (str_is(kind, kinds[i]))
			return i;
	return KINDS;
}

/* The party of a line without parsing it; the log writes it second. */
static struct str party_of(struct str line)
{
	static const struct str key = { "\"party\":\"", 9 };
	ptrdiff_t at = str_find(line, key);

	if (at < 0)
		return STR_NONE;
	line.p += at + (ptrdiff_t)key.n;
	line.n -= (size_t)at + key.n;
	return str_split(&line, '"');
}

static int column_of(const struct ladder *l, struct str party)
{
	for (int i = 0; i < l->column_count; i++)
		if (str_eq(l->columns[i].party, party))
			return i;
	return -1;
}

static void add_column(struct ladder *l, struct str party)
{
	struct column c = { party, rank_of(party) };
	int at = l->column_count;

	if (at == COLUMNS_MAX)
		return;
	for (; at > 0 && l->columns[at - 1].rank > c.rank; at--)
		l->columns[at] = l->columns[at - 1];
	l->columns[at] = c;
	l->column_count++;
}

/* Is the device spoken of where the run says why it did not pass? */
static bool is_named(const struct run_result *run, struct str party)
{
	const struct step_result *why = report_culprit(run);
	struct str name = party;

	str_split(&name, '/');
	return why && name.n &&
	       (str_find(why->title, name) >= 0 ||
		str_find(why->message, name) >= 0 ||
		str_find(why->expected, name) >= 0);
}

struct party_list {
	struct str *list;
	size_t count, cap;
	size_t *table;		/* hash of the name to place in list, plus one */
};

static uint64_t hash_of(uint64_t h, struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * UINT64_C(0x100000001b3);
	return (h ^ 0xFF) * UINT64_C(0x100000001b3);
}

static const uint64_t HASH_START = UINT64_C(0xcbf29ce484222325);

/* Parties in order of appearance; beyond `cap` they are not kept. */
static void note_party(struct party_list *p, struct str party)
{
	size_t mask = 4 * p->cap - 1;
	size_t at = (size_t)hash_of(HASH_START, party) & mask;

	for (; p->table[at]; at = (at + 1) & mask)
		if (str_eq(p->list[p->table[at] - 1], party))
			return;
	if (p->count == p->cap)
		return;
	p->list[p->count++] = party;
	p->table[at] = p->count;
}

static void find_parties(struct ladder *l, struct party_list *p)
{
	struct str rest = l->run->events;

	p->cap = 1 << 14;
	p->list = arena_array(&l->arena, p->cap, sizeof(*p->list));
	p->table = arena_array(&l->arena, 4 * p->cap, sizeof(*p->table));
	for (size_t n = 0; rest.n && n < LINES_MAX; n++) {
		struct str party = party_of(str_split(&rest, '\n'));

		if (party.n)
			note_party(p, party);
	}
}

static void choose_columns(struct ladder *l)
{
	struct party_list p = { 0 };
	int devices = 0;

	find_parties(l, &p);
	for (int named = 1; named >= 0; named--)
		for (size_t i = 0; i < p.count; i++) {
			if (rank_of(p.list[i]) != KIND_DEVICE ||
			    is_named(l->run, p.list[i]) != (bool)named)
				continue;
			if (devices++ < LADDER_DEVICES_MAX)
				add_column(l, p.list[i]);
			else
				l->devices_left_out++;
		}
	for (size_t i = 0; i < p.count; i++)
		if (rank_of(p.list[i]) != KIND_DEVICE)
			add_column(l, p.list[i]);
}

/* ---- Reading the log. -------------------------------------------------- */

static const char *string_of(const cJSON *o, const char *key)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(o, key);

	return cJSON_IsString(item) ? item->valuestring : "";
}

static int64_t us_of(const cJSON *o, const char *key)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(o, key);

	return cJSON_IsNumber(item) && fabs(item->valuedouble) < 1e12 ?
	       (int64_t)llround(item->valuedouble * 1e6) : 0;
}

static int64_t int_of(const cJSON *o, const char *key)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(o, key);

	return cJSON_IsNumber(item) && fabs(item->valuedouble) < 9e15 ?
	       (int64_t)item->valuedouble : 0;
}

/* "key=value key=value" of everything that has no place of its own. */
static struct str fields_of(struct ladder *l, const cJSON *o)
{
	static const char *const own[] = { "t", "party", "event" };
	struct buf b;
	struct str text;
	const cJSON *item;

	buf_init(&b, 64 * 1024);
	cJSON_ArrayForEach(item, o) {
		bool skip = false;

		for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
			skip |= strcmp(item->string, own[i]) == 0;
		if (skip)
			continue;
		buf_printf(&b, "%s%s=", b.n ? "  " : "", item->string);
		if (cJSON_IsString(item))
			buf_z(&b, item->valuestring);
		else if (cJSON_IsNumber(item))
			buf_printf(&b, "%.15g", item->valuedouble);
		else
			buf_z(&b, cJSON_IsTrue(item) ? "true" :
				  cJSON_IsFalse(item) ? "false" : "...");
	}
	text = arena_str(&l->arena, buf_view(&b));
	buf_release(&b);
	return text;
}

static void read_request(struct ladder *l, struct row *r, const cJSON *o)
{
	const char *query = string_of(o, "query");

	r->kind = ROW_REQUEST;
	r->peer = column_of(l, str_of(string_of(o, "from")));
	r->head = arena_printf(&l->arena, "%s", string_of(o, "method"));
	r->detail = arena_printf(&l->arena, "%s%s%s", string_of(o, "path"),
				 *query ? "?" : "", query);
}

static void read_response(struct ladder *l, struct row *r, const cJSON *o)
{
	const char *failure = string_of(o, "failure");
	int64_t status = int_of(o, "status");

	r->kind = ROW_RESPONSE;
	r->peer = column_of(l, str_of(string_of(o, "to")));
	r->bad = *failure || status >= 400;
	r->head = *failure ? arena_printf(&l->arena, "%s", failure) :
		  arena_printf(&l->arena, "%" PRId64, status);
	/* Whose answer it is: responses follow their requests closely. */
	for (size_t i = l->row_count, tries = 0; i-- > 0 && tries < 2000; tries++)
		if (l->rows[i].kind == ROW_REQUEST && l->rows[i].id == r->id) {
			r->detail = arena_printf(&l->arena, "to %.*s %.*s",
						 STRF(l->rows[i].head),
						 STRF(l->rows[i].detail));
			break;
		}
}

/* Longer identifiers are told apart by their ends, and hide the rest. */
enum { ID_MIN = 20, ID_END = 4 };

static struct str shorten_ids(struct arena *a, struct str s)
{
	struct buf b;
	struct str text;
	size_t n;

	buf_init(&b, s.n + 1);
	for (size_t i = 0; i < s.n; i += n) {
		struct str run = { s.p + i, 0 };

		while (i + run.n < s.n && (isxdigit((unsigned char)run.p[run.n]) ||
					   run.p[run.n] == '-'))
			run.n++;
		n = run.n ? run.n : 1;
		if (run.n < ID_MIN) {
			buf_add(&b, run.p, n);
			continue;
		}
		buf_add(&b, run.p, ID_END);
		buf_z(&b, "\xE2\x80\xA6");
		buf_add(&b, run.p + run.n - ID_END, ID_END);
	}
	text = arena_str(a, buf_view(&b));
	buf_release(&b);
	return text;
}

static bool is_message(const struct row *r)
{
	return r->kind != ROW_EVENT;
}

/* What the event is, but for its time and number. */
static uint64_t sign_of(const struct row *r)
{
	char ends[64];
	uint64_t h;

	snprintf(ends, sizeof(ends), "%d %d %d", r->kind, r->column, r->peer);
	h = hash_of(HASH_START, str_of(ends));
	h = hash_of(h, r->head);
	return hash_of(h, r->detail);
}

static bool read_row(struct ladder *l, struct row *r, struct str line, int column)
{
	struct err err = { 0 };
	cJSON *o = json_parse(line, &err);
	const char *event = string_of(o, "event");

	if (!o)
		return false;
	*r = (struct row){
		.at_us = us_of(o, "t"), .column = column, .peer = -1,
		.id = int_of(o, "id"), .line = line,
	};
	r->sent_us = cJSON_HasObjectItem(o, "sent") ? us_of(o, "sent") : r->at_us;
	if (strcmp(event, "request") == 0) {
		read_request(l, r, o);
	} else if (strcmp(event, "response") == 0) {
		read_response(l, r, o);
	} else {
		r->head = arena_printf(&l->arena, "%s", event);
		r->detail = fields_of(l, o);
	}
	r->sign = sign_of(r);
	r->detail = shorten_ids(&l->arena, r->detail);
	cJSON_Delete(o);
	return true;
}

/* A message between the server, say, and a device that is not shown. */
static bool is_hidden(const struct ladder *l, struct str line)
{
	static const struct str keys[] = {
		{ "\"from\":\"device/", 15 }, { "\"to\":\"device/", 13 },
	};

	for (size_t k = 0; l->devices_left_out && k < 2; k++) {
		ptrdiff_t at = str_find(line, keys[k]);
		struct str rest = line;

		if (at < 0)
			continue;
		at += (ptrdiff_t)keys[k].n - (ptrdiff_t)strlen("device/");
		rest.p += at;
		rest.n -= (size_t)at;
		if (column_of(l, str_split(&rest, '"')) < 0)
			return true;
	}
	return false;
}

static void read_rows(struct ladder *l)
{
	struct str rest = l->run->events;
	size_t lines = 0, cap;

	for (size_t i = 0; i < rest.n; i++)
		lines += rest.p[i] == '\n';
	cap = lines < LINES_MAX ? lines + 1 : LINES_MAX;
	l->rows = arena_array(&l->arena, cap, sizeof(*l->rows));
	for (size_t n = 0; rest.n; n++) {
		struct str line = str_split(&rest, '\n');
		int column = n < cap ? column_of(l, party_of(line)) : -1;

		if (!line.n)
			continue;
		if (column >= 0 && !is_hidden(l, line) &&
		    read_row(l, &l->rows[l->row_count], line, column))
			l->row_count++;
		else
			l->lines_left_out++;
	}
}

/* ---- Layout. ----------------------------------------------------------- */

static size_t repeats_of(const struct ladder *l, size_t at, size_t block)
{
	size_t i = at + block;

	while (i < l->row_count && l->rows[i].sign == l->rows[i - block].sign)
		i++;
	return (i - at) / block - 1;
}

/* The block at `at` whose repetitions cover most rows; false if none do. */
static bool find_fold(const struct ladder *l, size_t at, size_t *block,
		      size_t *repeats)
{
	size_t best = 0;

	/* An exchange begins with its request. */
	if (l->rows[at].kind == ROW_RESPONSE)
		return false;
	for (size_t k = 1; k <= FOLD_BLOCK_MAX && at + k <= l->row_count; k++) {
		size_t n = repeats_of(l, at, k);

		if (n >= FOLD_REPEATS_MIN && n * k > best) {
			best = n * k;
			*block = k;
			*repeats = n;
		}
	}
	return best > 0;
}

static void add_item(struct ladder *l, struct item item)
{
	l->items[l->item_count++] = item;
}

static void add_row(struct ladder *l, size_t row)
{
	int64_t at = l->rows[row].at_us;
	int64_t before = l->item_count ? l->items[l->item_count - 1].at_us : 0;

	if (at - before >= GAP_US)
		add_item(l, (struct item){ .kind = ITEM_GAP, .from_us = before,
					   .at_us = at });
	add_item(l, (struct item){ .kind = ITEM_ROW, .row = row, .at_us = at });
}

static void add_rows(struct ladder *l)
{
	size_t block, repeats;

	for (size_t i = 0; i < l->row_count;) {
		if (!find_fold(l, i, &block, &repeats)) {
			add_row(l, i++);
			continue;
		}
		for (size_t k = 0; k < block; k++)
			add_row(l, i + k);
		i += block * (repeats + 1);
		add_item(l, (struct item){
			.kind = ITEM_FOLD, .block = block, .repeats = repeats,
			.row = i - 1, .at_us = l->rows[i - 1].at_us });
	}
}

/* Keep a third at the start and two thirds, where it ended, of the rest. */
static void cut_middle(struct ladder *l)
{
	size_t first = LADDER_ROWS_MAX / 3, last = LADDER_ROWS_MAX - first;
	size_t drop;
	struct item *cut;

	if (l->item_count <= LADDER_ROWS_MAX + 1)
		return;
	drop = l->item_count - first - last;
	cut = &l->items[first];
	*cut = (struct item){ .kind = ITEM_CUT, .count = drop,
			      .row = l->items[first + drop - 1].row,
			      .at_us = l->items[first + drop - 1].at_us };
	memmove(cut + 1, cut + drop, last * sizeof(*cut));
	l->item_count = first + 1 + last;
}

static void lay_out(struct ladder *l)
{
	/* A row, a gap before it, and as many folds as rows at most. */
	l->items = arena_array(&l->arena, 3 * l->row_count + 1,
			       sizeof(*l->items));
	add_rows(l);
	cut_middle(l);
	for (size_t i = 0; i < l->item_count; i++)
		l->items[i].y = (int)i * ROW_HEIGHT + ROW_HEIGHT / 2;
	l->height = (int)l->item_count * ROW_HEIGHT + ROW_HEIGHT / 2;
}

static int y_in_gap(const struct item *gap, int64_t us)
{
	double part = (double)(us - gap->from_us) /
		      (double)(gap->at_us - gap->from_us);

	return gap->y - ROW_HEIGHT / 2 + (int)(part * ROW_HEIGHT);
}

/* Where a message that arrived in item `i` was sent. */
static int y_of_sending(const struct ladder *l, size_t i)
{
	const struct row *r = &l->rows[l->items[i].row];
	int column = r->peer;
	size_t at = i;

	if (r->sent_us >= r->at_us)
		return l->items[i].y;
	while (at > 0 && l->items[at - 1].at_us > r->sent_us)
		at--;
	if (at == 0)
		return l->items[0].kind == ITEM_GAP ?
		       y_in_gap(&l->items[0], r->sent_us) : 0;
	/* Of several things at that instant, what the sender saw last. */
	for (size_t k = at; k-- > 0 && l->items[k].at_us == r->sent_us;)
		if (l->items[k].kind == ITEM_ROW &&
		    l->rows[l->items[k].row].column == column)
			return l->items[k].y;
	if (l->items[at - 1].at_us == r->sent_us)
		return l->items[at - 1].y;
	if (l->items[at].kind == ITEM_GAP)
		return y_in_gap(&l->items[at], r->sent_us);
	return l->items[at - 1].y + ROW_HEIGHT / 2;
}

/* ---- Drawing. ---------------------------------------------------------- */

static int lane_x(int column)
{
	return TIME_WIDTH + LANE_WIDTH * column + LANE_WIDTH / 2;
}

static int text_x(const struct ladder *l)
{
	return TIME_WIDTH + LANE_WIDTH * l->column_count + 8;
}

/* At most `max` characters, with an ellipsis for what is cut. */
static void put_cut(struct buf *out, struct str s, size_t max)
{
	size_t chars = 0, keep = 0, i = 0;

	while (i < s.n) {
		if (((unsigned char)s.p[i] & 0xC0) != 0x80 && ++chars == max)
			keep = i;
		i++;
	}
	if (chars <= max) {
		report_escape(out, s);
		return;
	}
	report_escape(out, (struct str){ s.p, keep });
	buf_z(out, "\xE2\x80\xA6");
}

static void put_time(struct buf *out, int64_t us)
{
	int64_t ms = us / 1000, s = ms / 1000, h = s / 3600;

	if (h >= 24)
		buf_printf(out, "%" PRId64 "d ", h / 24);
	if (h)
		buf_printf(out, "%" PRId64 ":", h % 24);
	buf_printf(out, "%02" PRId64 ":%02" PRId64 ".%03" PRId64, s / 60 % 60,
		   s % 60, ms % 1000);
}

static void put_time_at(struct buf *out, int64_t us, int y)
{
	buf_printf(out, "<text class=\"t\" x=\"%d\" y=\"%d\">",
		   TIME_WIDTH - 14, y + 4);
	put_time(out, us);
	buf_z(out, "</text>");
}

static void put_band(struct buf *out, const struct ladder *l,
		     const struct item *item, const char *class)
{
	buf_printf(out, "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%d\" "
		   "height=\"%d\"/>", class, TIME_WIDTH,
		   item->y - ROW_HEIGHT / 2 + 2, LANE_WIDTH * l->column_count,
		   ROW_HEIGHT - 4);
}

static void put_note(struct buf *out, const struct ladder *l,
		     const struct item *item)
{
	buf_printf(out, "<text class=\"note\" x=\"%d\" y=\"%d\">", text_x(l),
		   item->y + 4);
	switch (item->kind) {
	case ITEM_ROW:
		break;
	case ITEM_GAP:
		report_length(out, (item->at_us - item->from_us) * 1000);
		buf_z(out, " without events");
		break;
	case ITEM_FOLD:
		if (item->block == 1)
			buf_printf(out, "until here the same, %zu times", item->repeats);
		else
			buf_printf(out, "until here the %zu rows above, %zu times",
				   item->block, item->repeats);
		break;
	case ITEM_CUT:
		buf_printf(out, "%zu rows are left out here", item->count);
		break;
	}
	buf_z(out, "</text>\n");
}

static void draw_arrow(struct buf *out, const struct ladder *l, size_t i)
{
	const struct row *r = &l->rows[l->items[i].row];
	int y = l->items[i].y, x = lane_x(r->column);
	/* From a party that has no column: a short one from the left. */
	int from_x = r->peer < 0 ? x - LANE_WIDTH / 3 : lane_x(r->peer);
	int from_y = r->peer < 0 ? y : y_of_sending(l, i);

	buf_printf(out, "<path class=\"%s%s\" d=\"M%d %dL%d %d\"/>",
		   r->kind == ROW_REQUEST ? "rq" : "rs", r->bad ? " bad" : "",
		   from_x, from_y, x, y);
}

static void draw_row(struct buf *out, const struct ladder *l, size_t i,
		     bool with_time)
{
	const struct item *item = &l->items[i];
	const struct row *r = &l->rows[item->row];
	size_t head;

	buf_printf(out, "<g><title>");
	report_escape(out, r->line);
	buf_printf(out, "</title><rect class=\"hit\" y=\"%d\" height=\"%d\"/>",
		   item->y - ROW_HEIGHT / 2, ROW_HEIGHT);
	if (with_time)
		put_time_at(out, r->at_us, item->y);
	if (is_message(r) && r->peer != r->column)
		draw_arrow(out, l, i);
	else
		buf_printf(out, "<circle class=\"dot\" cx=\"%d\" cy=\"%d\" r=\"4\"/>",
			   lane_x(r->column), item->y);
	buf_printf(out, "<text x=\"%d\" y=\"%d\"><tspan class=\"%s\">",
		   text_x(l), item->y + 4,
		   r->bad ? "bad" : is_message(r) ? "msg" : "ev");
	put_cut(out, r->head, TEXT_MAX);
	buf_z(out, "</tspan> ");
	head = r->head.n < TEXT_MAX - 8 ? r->head.n : TEXT_MAX - 8;
	put_cut(out, r->detail, TEXT_MAX - head);
	buf_z(out, "</text></g>\n");
}

static void draw_head(struct buf *out, const struct ladder *l, int width)
{
	buf_printf(out, "<svg class=\"lh\" width=\"%d\" height=\"%d\">", width,
		   HEAD_HEIGHT);
	for (int i = 0; i < l->column_count; i++) {
		struct str name = l->columns[i].party;

		buf_printf(out, "<g><title>");
		report_escape(out, name);
		buf_printf(out, "</title><text x=\"%d\" y=\"20\">", lane_x(i));
		if (l->columns[i].rank == KIND_DEVICE)
			str_split(&name, '/');
		put_cut(out, name.n ? name : l->columns[i].party, NAME_MAX_CHARS);
		buf_z(out, "</text></g>");
	}
	buf_z(out, "</svg>\n");
}

static void draw_body(struct buf *out, const struct ladder *l, int width)
{
	int64_t shown_us = -1;

	buf_printf(out, "<svg class=\"lb\" width=\"%d\" height=\"%d\">\n", width,
		   l->height);
	for (int i = 0; i < l->column_count; i++)
		buf_printf(out, "<path class=\"lane\" d=\"M%d 0V%d\"/>", lane_x(i),
			   l->height);
	buf_char(out, '\n');
	for (size_t i = 0; i < l->item_count; i++) {
		if (l->items[i].kind == ITEM_ROW)
			continue;
		put_band(out, l, &l->items[i],
			 l->items[i].kind == ITEM_GAP ? "gap" : "fold");
		if (l->items[i].kind == ITEM_FOLD)
			put_time_at(out, l->items[i].at_us, l->items[i].y);
		put_note(out, l, &l->items[i]);
	}
	for (size_t i = 0; i < l->item_count; i++) {
		if (l->items[i].kind != ITEM_ROW)
			continue;
		draw_row(out, l, i, l->items[i].at_us / 1000 != shown_us);
		shown_us = l->items[i].at_us / 1000;
	}
	buf_z(out, "</svg>\n");
}

static void put_notes(struct buf *out, const struct ladder *l)
{
	if (l->run->events_cut)
		buf_z(out, "<p class=\"dim\">The log is longer than what was kept: "
		      "it begins later than the run.</p>\n");
	if (l->devices_left_out)
		buf_printf(out, "<p class=\"dim\">%zu more devices are left out, "
			   "with %zu events of theirs.</p>\n",
			   l->devices_left_out, l->lines_left_out);
	else if (l->lines_left_out)
		buf_printf(out, "<p class=\"dim\">%zu events are left out.</p>\n",
			   l->lines_left_out);
}

void ladder_draw(struct buf *out, const struct run_result *run)
{
	struct ladder l = { .run = run };
	int width;

	choose_columns(&l);
	read_rows(&l);
	if (l.row_count) {
		lay_out(&l);
		width = text_x(&l) + TEXT_WIDTH;
		put_notes(out, &l);
		buf_z(out, "<div class=\"ladder\" tabindex=\"0\">");
		draw_head(out, &l, width);
		draw_body(out, &l, width);
		buf_z(out, "</div>\n");
	}
	arena_release(&l.arena);
}
