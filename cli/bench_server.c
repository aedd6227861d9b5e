/*
 * What a request costs at the reference server, over sockets.
 *
 * The server and its floor are processes on one processor, the load generator
 * (load.h) and the EIS have another; both get the same load in turns of half a second, and
 * the median turn counts.  Rates are per second that the process had the
 * processor: under full load that is the wall's second on a machine that does
 * nothing else, and it stays the same on one that does.
 */
#include "cli/bench.h"

#include "cli/bench_peer.h"
#include "cli/load.h"
#include "server/store.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	CONNECTIONS = 64,
	TURNS = 5,
	PAGE_ROWS = 1000,
	BULK_ROWS = 20000,
	POSTS = 24000,		/* that are measured */
	POST_TURNS = 3,
	POSTS_PER_TURN = POSTS / POST_TURNS,
	FLOOR_COMMITS = POSTS_PER_TURN / CONNECTIONS,
	IDLE_MS = 20,
	SMALL = 10000, LARGE = 1000000,	/* profiles */
	PER_DEVICE = 4,
	LOOKS = 500,
	TEXT_MAX = 64 << 20,
};

#define TURN_S 0.5
/* Of IDLE_MS; whoever takes less has nothing to do. */
#define IDLE_BUSY_S 0.001

static const char floor_is[] =
	"bare libmicrohttpd, a constant as long, the same load from esimrig's own generator";

/* ---- Files. ------------------------------------------------------------ */

struct place {
	char dir[200];
};

/* Not /tmp: that may be memory, and commits would cost nothing. */
static int make_place(struct place *p, struct err *err)
{
	const char *base = getenv("TMPDIR");

	snprintf(p->dir, sizeof(p->dir), "%.150s/esimrig-bench.XXXXXX",
		 base && *base ? base : "/var/tmp");
	if (mkdtemp(p->dir))
		return 0;
	return err_set(err, ERR_IO, "%s: %s", p->dir, strerror(errno));
}

static void file_in(const struct place *p, const char *name, char path[300])
{
	snprintf(path, 300, "%s/%s", p->dir, name);
}

static void remove_db(const struct place *p, const char *name)
{
	static const char *const tails[] = { "", "-wal", "-shm" };
	char path[300], with_tail[320];

	file_in(p, name, path);
	for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
		snprintf(with_tail, sizeof(with_tail), "%s%s", path, tails[i]);
		unlink(with_tail);
	}
}

/* ---- Requests. --------------------------------------------------------- */

static void put_get(struct buf *out, const char *basic, const char *path)
{
	buf_printf(out, "GET %s HTTP/1.1\r\nHost: bench.rig\r\n"
			"Authorization: Basic %s\r\n\r\n", path, basic);
}

/* One path, again and again. */
struct target {
	const char *basic, *path;
};

static int write_path(void *arg, uint64_t n, struct buf *out)
{
	const struct target *t = arg;

	(void)n;
	put_get(out, t->basic, t->path);
	return 0;
}

/* A path that ends with an ICCID: one of `count`, from all over the table. */
struct some_profile {
	const char *before;
	uint64_t count;
};

static int write_profile(void *arg, uint64_t n, struct buf *out)
{
	const struct some_profile *some = arg;
	char iccid[BENCH_ID_SIZE], path[200];

	bench_iccid(iccid, n * UINT64_C(7919) % some->count);
	snprintf(path, sizeof(path), "%s%s", some->before, iccid);
	put_get(out, BENCH_BASIC_1, path);
	return 0;
}

/* How a transaction goes: one of CONNECTIONS, or always the first. */
struct some_progress {
	char id[CONNECTIONS][RNG_UUID_SIZE];
	uint64_t count;
};

static int write_progress(void *arg, uint64_t n, struct buf *out)
{
	const struct some_progress *some = arg;
	char path[200];

	snprintf(path, sizeof(path), "/ws/v1/esim_profiles/progress/%s",
		 some->id[n % some->count]);
	put_get(out, BENCH_BASIC_2, path);
	return 0;
}

/* Of each device from here on, the one profile that it has. */
struct posts {
	uint64_t device, profile;
};

static int write_enable(void *arg, uint64_t n, struct buf *out)
{
	const struct posts *posts = arg;
	char id[BENCH_ID_SIZE], eid[BENCH_ID_SIZE], iccid[BENCH_ID_SIZE], body[300];
	int size;

	bench_device_id(id, posts->device + n);
	bench_eid(eid, posts->device + n);
	bench_iccid(iccid, posts->profile + n);
	size = snprintf(body, sizeof(body),
			"{\"device_id\":\"%s\",\"eid\":\"%s\",\"iccid\":\"%s\"}",
			id, eid, iccid);
	buf_printf(out, "POST /ws/v1/esim_profiles/enable HTTP/1.1\r\n"
			"Host: bench.rig\r\nAuthorization: Basic " BENCH_BASIC_2 "\r\n"
			"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		   size, body);
	return 0;
}

/* ---- Runs. ------------------------------------------------------------- */

/* The median turn of each. */
struct measured {
	double per_s;		/* of its processor's time, if that is known */
	double wall_per_s, median_us, p99_us;
};

/* A turn. */
struct turn {
	struct load_result r;
	double busy_s;
};

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *list, size_t n)
{
	qsort(list, n, sizeof(*list), by_value);
	return list[n / 2];
}

static void middle(const struct turn *list, size_t n, struct measured *m)
{
	double rate[TURNS], wall[TURNS], half[TURNS], tail[TURNS];

	assert(n <= TURNS);
	for (size_t i = 0; i < n; i++) {
		double answers = (double)list[i].r.answers;

		wall[i] = answers / list[i].r.seconds;
		rate[i] = list[i].busy_s > 0 ? answers / list[i].busy_s : wall[i];
		half[i] = list[i].r.median_us;
		tail[i] = list[i].r.p99_us;
	}
	*m = (struct measured){ median(rate, n), median(wall, n), median(half, n),
				median(tail, n) };
}

static int take_turn(const struct load *l, const struct peer *p, struct turn *t,
		     struct err *err)
{
	double before = peer_busy_s(p);
	int rc = load_run(l, &t->r, err);

	t->busy_s = peer_busy_s(p) - before;
	return rc;
}

/* One request, and the body of its answer. */
static int fetch(const struct peer *p, int (*write)(void *, uint64_t, struct buf *),
		 void *arg, struct buf *body, struct err *err)
{
	struct load l = { .address = p->address, .connections = 1, .requests = 1,
			  .status = 200, .write = write, .arg = arg, .body = body };
	struct load_result r;

	buf_clear(body);
	return load_run(&l, &r, err);
}

/* The text of a member of the answer, without reading the rest of it. */
static int find_text(const struct buf *body, const char *key, char *text,
		     size_t size, struct err *err)
{
	char start[40];
	struct str rest = buf_view(body);
	ptrdiff_t at;

	snprintf(start, sizeof(start), "\"%s\":\"", key);
	at = str_find(rest, str_of(start));
	if (at < 0)
		return err_set(err, ERR_STATE, "bench: an answer without \"%s\": %.*s",
			       key, (int)(rest.n < 200 ? rest.n : 200), rest.p);
	at += (ptrdiff_t)strlen(start);
	rest = (struct str){ rest.p + at, rest.n - (size_t)at };
	rest = str_split(&rest, '"');
	snprintf(text, size, "%.*s", STRF(rest));
	return 0;
}

/* `of` at the server, and the floor's constant number `which`, in turns. */
static int compare(const struct load *of, const struct peer *server,
		   const struct peer *floor, unsigned which,
		   struct measured *value, struct measured *least, struct bench_pace *pace, struct err *err)
{
	char path[16];
	struct target constant = { BENCH_BASIC_1, path };
	struct load bare = *of;
	struct turn values[TURNS], leasts[TURNS];

	snprintf(path, sizeof(path), "/%u", which);
	bare.address = floor->address;
	bare.write = write_path;
	bare.arg = &constant;
	for (int i = 0; i < TURNS; i++) {
		if (take_turn(&bare, floor, &leasts[i], err) < 0 ||
		    take_turn(of, server, &values[i], err) < 0)
			return -1;
		bench_step(pace);
	}
	middle(values, TURNS, value);
	middle(leasts, TURNS, least);
	return 0;
}

/* ---- Reading: one row, progress, a page, a bulk. ----------------------- */

enum { ONE, PROGRESS, SHARED, PAGE, BULK, READS };

struct reading {
	const char *name;
	int (*write)(void *arg, uint64_t n, struct buf *out);
	void *arg;
	unsigned connections;
	double ratio, ms;	/* the goal: either of them */
};

static void put_figures(struct bench_figure f[3], const struct reading *r,
			const struct measured *value, const struct measured *least)
{
	if (r->ratio > 0)
		f[0] = (struct bench_figure){
			r->name, "req/s", floor_is, BENCH_RATIO_AT_LEAST, r->ratio,
			value->per_s, least->per_s,
		};
	else
		f[0] = (struct bench_figure){
			r->name, "ms", floor_is, BENCH_VALUE_AT_MOST, r->ms,
			value->median_us / 1e3, least->median_us / 1e3,
		};
	f[1] = (struct bench_figure){
		"  p99, and the floor's", "ms", NULL, BENCH_SHOWN, 0,
		value->p99_us / 1e3, least->p99_us / 1e3,
	};
	f[2] = r->ratio > 0 ? (struct bench_figure){
		"  per second on the wall", "req/s", NULL, BENCH_SHOWN, 0,
		value->wall_per_s, least->wall_per_s,
	} : (struct bench_figure){
		"  of its processor's time, each", "ms", NULL, BENCH_SHOWN, 0,
		1e3 / value->per_s, 1e3 / least->per_s,
	};
}

static int read_all(const struct peer *server, const struct seats *seats,
		    const struct reading *list, struct bench_figure *f,
		    struct bench_pace *pace, struct err *err)
{
	struct peer floor = { 0 };
	struct measured value, least;
	size_t sizes[READS];
	struct buf body;
	int rc = 0;

	buf_init(&body, TEXT_MAX);
	for (int i = 0; rc == 0 && i < READS; i++) {
		rc = fetch(server, list[i].write, list[i].arg, &body, err);
		sizes[i] = body.n;
	}
	if (rc == 0)
		rc = peer_start_floor(&floor, seats, sizes, READS, err);
	for (unsigned i = 0; rc == 0 && i < READS; i++) {
		struct load l = {
			.address = server->address, .connections = list[i].connections,
			.seconds = TURN_S, .status = 200, .write = list[i].write,
			.arg = list[i].arg,
		};

		rc = compare(&l, server, &floor, i, &value, &least, pace, err);
		if (rc == 0)
			put_figures(f + 3 * i, &list[i], &value, &least);
	}
	peer_stop(&floor);
	buf_release(&body);
	return rc;
}

/* Transactions that run, with orders that wait at the EIS. */
static int begin_transactions(const struct peer *server, struct posts *posts,
			      struct some_progress *some, struct err *err)
{
	struct buf body;
	int rc = 0;

	buf_init(&body, TEXT_MAX);
	for (some->count = 0; rc == 0 && some->count < CONNECTIONS; some->count++) {
		rc = fetch(server, write_enable, posts, &body, err);
		posts->device++;
		posts->profile++;
		if (rc == 0)
			rc = find_text(&body, "transaction", some->id[some->count],
				       RNG_UUID_SIZE, err);
	}
	buf_release(&body);
	return rc;
}

static int bench_reads(const struct peer *server, const struct seats *seats,
		       struct posts *posts, struct bench_figure *f, struct bench_pace *pace, struct err *err)
{
	struct some_profile one = { "/ws/v1/esim_profiles/inventory/", BULK_ROWS };
	struct some_progress each, same;
	struct target page = { BENCH_BASIC_1, "/ws/v1/esim_profiles/inventory" };
	struct target bulk = { BENCH_BASIC_1, "/ws/v1/esim_profiles/bulk" };
	const struct reading list[READS] = {
		[ONE] = { "GET one profile, 64 connections", write_profile, &one,
			  CONNECTIONS, 0.5, 0 },
		[PROGRESS] = { "GET progress of 64 transactions, EIS asked",
			       write_progress, &each, CONNECTIONS, 0.15, 0 },
		[SHARED] = { "GET progress of one, 64 connections, EIS asked",
			     write_progress, &same, CONNECTIONS, 0.15, 0 },
		[PAGE] = { "a page of 1,000 rows, median", write_path, &page, 1,
			   0, 3.0 },
		[BULK] = { "bulk of 20,000 rows, median", write_path, &bulk, 1,
			   0, 60.0 },
	};

	if (begin_transactions(server, posts, &each, err) < 0)
		return -1;
	same = each;
	same.count = 1;
	return read_all(server, seats, list, f, pace, err);
}

/* ---- Writing: what SQLite allows, and what the server makes of it. ------ */

static void add_transaction(struct store *st, int64_t n)
{
	struct stmt *q = store_sql(st, SQL_TX_ADD);
	char id[RNG_UUID_SIZE], device[BENCH_ID_SIZE], eid[BENCH_ID_SIZE];
	char iccid[BENCH_ID_SIZE];

	/* As random as the server's ids: that is what the index costs. */
	snprintf(id, sizeof(id), "%08x-0000-4000-8000-%012llx",
		 (unsigned)n * 2654435761u, (unsigned long long)n);
	bench_device_id(device, (uint64_t)n);
	bench_eid(eid, (uint64_t)n);
	bench_iccid(iccid, (uint64_t)n);
	stmt_int(stmt_str(q, str_of(id)), 2);
	stmt_str(stmt_str(stmt_str(q, str_of(device)), str_of(eid)), str_of(iccid));
	stmt_str(stmt_str(stmt_str(q, STR("enable")), STR("accepted")), STR("accepted"));
	stmt_int(stmt_int(q, n), STMT_NULL);
	stmt_str(stmt_int(stmt_str(q, STR_NONE), STMT_NULL), STR_NONE);
	stmt_run(stmt_int(q, STMT_NULL));
}

/* Rows per second, from number `n` on, with a commit for every 64. */
static int commits_per_s(struct store *st, int64_t n, double *per_s, struct err *err)
{
	int64_t began = clock_machine_ns();

	for (int i = 0; i < FLOOR_COMMITS; i++) {
		for (int k = 0; k < CONNECTIONS; k++)
			add_transaction(st, n++);
		if (store_commit(st, err) < 0)
			return -1;
	}
	*per_s = (double)(FLOOR_COMMITS * CONNECTIONS) * 1e9 /
		 (double)(clock_machine_ns() - began);
	return 0;
}

/* Until the server has nothing to do: then the EIS has every order.  Seconds
 * since `began_ns`, or 0 if nobody can tell. */
static double all_done_s(const struct peer *server, int64_t began_ns)
{
	double before, now = peer_busy_s(server);
	int64_t done_ns = 0;

	while (now > 0) {
		done_ns = clock_machine_ns();
		before = now;
		poll(NULL, 0, IDLE_MS);
		now = peer_busy_s(server);
		if (now - before < IDLE_BUSY_S)
			break;
	}
	return done_ns ? (double)(done_ns - began_ns) / 1e9 : 0;
}

/*
 * The floor has a store of its own, which grows with the server's: what a row
 * costs depends on how many there are, as each commit writes the pages of
 * random keys.
 */
static int bench_posts(const struct peer *server, struct store *floor_store,
		       struct posts posts, struct bench_figure f[4], struct bench_pace *pace, struct err *err)
{
	struct turn results[POST_TURNS];
	double floors[POST_TURNS], done_s[POST_TURNS], floor;
	int64_t began_ns;
	struct measured m;
	struct load l = {
		.address = server->address, .connections = CONNECTIONS,
		.requests = POSTS_PER_TURN, .status = 200, .write = write_enable,
		.arg = &posts,
	};

	for (int i = 0; i < POST_TURNS; i++) {
		if (commits_per_s(floor_store, i * POSTS_PER_TURN, &floors[i], err) < 0)
			return -1;
		began_ns = clock_machine_ns();
		if (take_turn(&l, server, &results[i], err) < 0)
			return -1;
		done_s[i] = all_done_s(server, began_ns);
		posts.device += POSTS_PER_TURN;
		posts.profile += POSTS_PER_TURN;
		bench_step(pace);
	}
	middle(results, POST_TURNS, &m);
	floor = median(floors, POST_TURNS);
	f[0] = (struct bench_figure){
		"POST enable with durable commit, 64 connections", "req/s",
		"the same rows by SQLite alone, a WAL commit (FULL) for every 64",
		BENCH_VALUE_AT_LEAST, floor / 2 > 4000 ? floor / 2 : 4000,
		m.wall_per_s, floor,
	};
	f[1] = (struct bench_figure){
		"  p99", "ms", NULL, BENCH_SHOWN, 0, m.p99_us / 1e3, 0,
	};
	f[2] = (struct bench_figure){
		"  per second of the processor", "req/s", NULL, BENCH_SHOWN, 0, m.per_s, 0,
	};
	f[3] = (struct bench_figure){
		"  until the EIS has every order", "req/s", NULL, BENCH_SHOWN, 0,
		POSTS_PER_TURN / median(done_s, POST_TURNS), 0,
	};
	return 0;
}

static int bench_writes(const struct peer *server, const struct place *place,
			struct posts posts, struct bench_figure f[4], struct bench_pace *pace, struct err *err)
{
	struct store *st;
	char path[300];
	int rc;

	file_in(place, "floor.db", path);
	st = store_open(path, err);
	if (!st)
		return -1;
	rc = bench_posts(server, st, posts, f, pace, err);
	store_close(st);
	remove_db(place, "floor.db");
	return rc;
}

enum { SERVER_FIGURES = 3 * READS + 4 };

int bench_server(struct bench_figure *f, int max, struct bench_pace *pace, struct err *err)
{
	struct peer server = { 0 }, eis = { 0 };
	/* Two profiles each for reading; one each for enabling. */
	struct bench_server_spec spec = {
		.fill = { { 1, BULK_ROWS / 2, 2 }, { 2, CONNECTIONS + POSTS, 1 } }, .eis = &eis,
	};
	struct posts posts = { BULK_ROWS / 2, BULK_ROWS };
	struct place place;
	struct seats seats;
	char path[300];
	int rc;

	assert(max >= SERVER_FIGURES);
	if (make_place(&place, err) < 0)
		return -1;
	file_in(&place, "server.db", path);
	spec.db = path;
	seats_take(&seats);
	rc = peer_start_eis(&eis, &seats, BULK_ROWS / 2 + CONNECTIONS + POSTS, err);
	if (rc == 0)
		rc = peer_start_server(&server, &seats, &spec, err);
	if (rc == 0)
		rc = bench_reads(&server, &seats, &posts, f, pace, err);
	if (rc == 0)
		rc = bench_writes(&server, &place, posts, f + 3 * READS, pace, err);
	peer_stop(&server);
	peer_stop(&eis);
	seats_leave(&seats);
	remove_db(&place, "server.db");
	rmdir(place.dir);
	return rc < 0 ? -1 : SERVER_FIGURES;
}

/* ---- A million rows. --------------------------------------------------- */

enum { BY_KEY, BY_WORD, DEEP, LOOKUPS };

static const char *const lookup_names[LOOKUPS] = {
	[BY_KEY] = "query by device_id among 1,000,000, median",
	[BY_WORD] = "query by carrier, first page, median",
	[DEEP] = "page of 1,000, nine tenths into the list, median",
};

/* `arg` is how many devices there are. */
static int write_by_key(void *arg, uint64_t n, struct buf *out)
{
	const uint64_t *devices = arg;
	char id[BENCH_ID_SIZE], path[200];

	bench_device_id(id, n * UINT64_C(7919) % *devices);
	snprintf(path, sizeof(path),
		 "/ws/v1/esim_profiles/inventory?query=device_id%%3D'%s'", id);
	put_get(out, BENCH_BASIC_1, path);
	return 0;
}

/* The path of a page after so many others. */
static int go_deep(const struct peer *p, uint64_t pages, char path[1000],
		   struct err *err)
{
	struct target t = { BENCH_BASIC_1, path };
	char cursor[900];
	struct buf body;
	int rc = 0;

	buf_init(&body, TEXT_MAX);
	snprintf(path, 1000, "/ws/v1/esim_profiles/inventory?orderby=iccid");
	for (uint64_t i = 0; rc == 0 && i < pages; i++) {
		rc = fetch(p, write_path, &t, &body, err);
		if (rc == 0)
			rc = find_text(&body, "cursor", cursor, sizeof(cursor), err);
		if (rc == 0)
			snprintf(path, 1000, "/ws/v1/esim_profiles/inventory?cursor=%.899s",
				 cursor);
	}
	buf_release(&body);
	return rc;
}

/* Medians of single requests, in us. */
static int look_up(const struct peer *p, uint64_t rows, double us[LOOKUPS],
		   struct bench_pace *pace, struct err *err)
{
	uint64_t devices = rows / PER_DEVICE;
	char deep_path[1000];
	struct target deep = { BENCH_BASIC_1, deep_path };
	struct target word = { BENCH_BASIC_1,
		"/ws/v1/esim_profiles/inventory?query=carrier%3D'Carrier%207'&size=100" };
	struct load list[LOOKUPS] = {
		[BY_KEY] = { .write = write_by_key, .arg = &devices },
		[BY_WORD] = { .write = write_path, .arg = &word },
		[DEEP] = { .write = write_path, .arg = &deep },
	};
	struct load_result r;

	bench_step(pace);		/* the store is filled */
	if (go_deep(p, rows / PAGE_ROWS * 9 / 10, deep_path, err) < 0)
		return -1;
	for (int i = 0; i < LOOKUPS; i++) {
		list[i].address = p->address;
		list[i].connections = 1;
		list[i].requests = LOOKS;
		list[i].status = 200;
		if (load_run(&list[i], &r, err) < 0)
			return -1;
		us[i] = r.median_us;
		bench_step(pace);
	}
	return 0;
}

static int look_up_among(const struct place *place, const struct seats *seats,
			 uint64_t rows, double us[LOOKUPS], double *fill_s,
			 struct bench_pace *pace, struct err *err)
{
	struct bench_server_spec spec = { .fill = { { 1, rows / PER_DEVICE, PER_DEVICE } } };
	struct peer server = { 0 };
	int64_t began = clock_machine_ns();
	char path[300];
	int rc;

	file_in(place, "rows.db", path);
	spec.db = path;
	rc = peer_start_server(&server, seats, &spec, err);
	*fill_s = (double)(clock_machine_ns() - began) / 1e9;
	if (rc == 0)
		rc = look_up(&server, rows, us, pace, err);
	peer_stop(&server);
	remove_db(place, "rows.db");
	return rc;
}

int bench_million(struct bench_figure *f, int max, struct bench_pace *pace, struct err *err)
{
	double small[LOOKUPS], large[LOOKUPS], fill_s = 0;
	struct place place;
	struct seats seats;
	int rc;

	assert(max >= LOOKUPS + 1);
	if (make_place(&place, err) < 0)
		return -1;
	seats_take(&seats);
	rc = look_up_among(&place, &seats, SMALL, small, &fill_s, pace, err);
	if (rc == 0)
		rc = look_up_among(&place, &seats, LARGE, large, &fill_s, pace, err);
	seats_leave(&seats);
	rmdir(place.dir);
	for (int i = 0; rc == 0 && i < LOOKUPS; i++)
		f[i] = (struct bench_figure){
			lookup_names[i], "us", "the same among 10,000",
			BENCH_RATIO_AT_MOST, 5.0, large[i], small[i],
		};
	f[LOOKUPS] = (struct bench_figure){
		"  filling the store", "s", NULL, BENCH_SHOWN, 0, fill_s, 0,
	};
	return rc < 0 ? -1 : LOOKUPS + 1;
}
