#include "cli/metrics.h"

#include "server/share.h"
#include "server/store.h"
#include "server/transactions.h"
#include "sim/socknet.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum { TEXT_MAX = 4 << 20 };

#define TEXT_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* ---- Pieces. ------------------------------------------------------------ */

static void head(struct buf *out, const char *name, const char *type, const char *help)
{
	buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void one(struct buf *out, const char *name, const char *type, const char *help,
		double value)
{
	head(out, name, type, help);
	buf_printf(out, "%s %.15g\n", name, value);
}

/* method="GET",endpoint="/ws/v1/..." */
static void labels(struct buf *out, size_t class)
{
	const struct access_name *c = &access_names[class];

	buf_printf(out, "method=\"%s\",endpoint=\"%s\"", c->method ? c->method : "any",
		   c->pattern ? c->pattern : "other");
}

/* ---- Requests. ---------------------------------------------------------- */

static void add_class(struct access_class *sum, const struct access_class *c)
{
	for (size_t i = 0; i < ACCESS_STATUS_MAX; i++)
		sum->answers[i] += c->answers[i];
	for (size_t i = 0; i < ACCESS_BUCKETS; i++)
		sum->took[i] += c->took[i];
	sum->count += c->count;
	sum->took_ns += c->took_ns;
}

/* Of all workers.  One that counts meanwhile is a little ahead, or not yet. */
static struct access_counts *sum_access(const struct board *b, struct arena *a)
{
	struct access_counts *sum = ARENA_NEW(a, struct access_counts);

	*sum = (struct access_counts){ 0 };
	for (int i = 0; i < b->count; i++) {
		const struct access_counts *c = &b->places[i].access;

		sum->in_flight += c->in_flight;
		sum->lost += c->lost;
		for (size_t k = 0; k < ACCESS_CLASSES; k++)
			add_class(&sum->classes[k], &c->classes[k]);
	}
	return sum;
}

static void put_requests(struct buf *out, const struct access_counts *a)
{
	static const char name[] = "esimrig_http_requests_total";

	head(out, name, "counter", "Requests that were answered.");
	for (size_t i = 0; i < ACCESS_CLASSES; i++)
		for (int status = 0; status < ACCESS_STATUS_MAX; status++) {
			if (!a->classes[i].answers[status])
				continue;
			buf_printf(out, "%s{", name);
			labels(out, i);
			buf_printf(out, ",status=\"%d\"} %llu\n", status,
				   (unsigned long long)a->classes[i].answers[status]);
		}
}

static void put_times(struct buf *out, const struct access_counts *a)
{
	static const char name[] = "esimrig_http_request_duration_seconds";

	head(out, name, "histogram", "From the whole request to its answer.");
	for (size_t i = 0; i < ACCESS_CLASSES; i++) {
		const struct access_class *c = &a->classes[i];
		uint64_t sum = 0;

		if (!c->count)
			continue;
		for (size_t b = 0; b < ACCESS_BUCKETS; b++) {
			sum += c->took[b];
			buf_printf(out, "%s_bucket{", name);
			labels(out, i);
			buf_printf(out, ",le=\"%g\"} %llu\n", access_bounds_us[b] / 1e6,
				   (unsigned long long)sum);
		}
		buf_printf(out, "%s_bucket{", name);
		labels(out, i);
		buf_printf(out, ",le=\"+Inf\"} %llu\n%s_sum{",
			   (unsigned long long)c->count, name);
		labels(out, i);
		buf_printf(out, "} %.9f\n%s_count{", (double)c->took_ns / 1e9, name);
		labels(out, i);
		buf_printf(out, "} %llu\n", (unsigned long long)c->count);
	}
}

/* ---- The store. --------------------------------------------------------- */

static void put_transactions(struct buf *out, struct store *store)
{
	static const char name[] = "esimrig_transactions";

	head(out, name, "gauge", "Transactions that the database holds.");
	for (int i = 0; i < TRANSACTION_STATUSES; i++) {
		const char *status = transaction_status_name((enum transaction_status)i);
		struct stmt *q = stmt_str(store_sql(store, SQL_TX_COUNT), str_of(status));

		if (!stmt_row(q))
			continue;	/* the store fails; /healthz says so */
		buf_printf(out, "%s{status=\"%s\"} %lld\n", name, status,
			   (long long)stmt_i64(q, 0));
		stmt_end(q);
	}
}

/* ---- The processes. ----------------------------------------------------- */

/* Pages: all, and those in memory. */
static void add_memory(pid_t pid, uint64_t *all, uint64_t *resident)
{
	char path[40], text[128] = "";
	uint64_t pages = 0;
	struct str rest;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%ld/statm", (long)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	rest = (struct str){ text, n > 0 ? (size_t)n : 0 };
	if (str_to_u64(str_split(&rest, ' '), UINT64_MAX, &pages) == 0)
		*all += pages;
	if (str_to_u64(str_split(&rest, ' '), UINT64_MAX, &pages) == 0)
		*resident += pages;
}

static void put_memory(struct buf *out, const struct board *b)
{
	double page = (double)sysconf(_SC_PAGESIZE);
	uint64_t all = 0, resident = 0;

	for (int i = 0; i < b->count; i++)
		if (b->places[i].state != BOARD_DOWN)
			add_memory(b->places[i].pid, &all, &resident);
	one(out, "process_virtual_memory_bytes", "gauge", "Address space.",
	    (double)all * page);
	one(out, "process_resident_memory_bytes", "gauge", "Memory in use.",
	    (double)resident * page);
}

static struct socknet_counts sum_net(const struct board *b)
{
	struct socknet_counts sum = { 0 };

	for (int i = 0; i < b->count; i++) {
		const struct socknet_counts *n = &b->places[i].net;

		sum.accepted += n->accepted;
		sum.closed += n->closed;
		sum.too_large += n->too_large;
		sum.too_slow += n->too_slow;
		for (int k = 0; k < SOCKNET_FAILURES; k++)
			sum.calls[k] += n->calls[k];
	}
	return sum;
}

static void put_net(struct buf *out, const struct board *b)
{
	static const char name[] = "esimrig_eis_calls_total";
	struct socknet_counts n = sum_net(b);

	head(out, name, "counter", "Calls to the EIS, by how they ended.");
	for (int i = 0; i < SOCKNET_FAILURES; i++)
		buf_printf(out, "%s{outcome=\"%s\"} %llu\n", name,
			   i == HTTP_OK ? "answered" :
			   http_failure_name((enum http_failure)i),
			   (unsigned long long)n.calls[i]);
	one(out, "esimrig_connections", "gauge", "Open connections of clients.",
	    (double)(n.accepted - n.closed));
	one(out, "esimrig_connections_total", "counter",
	    "Connections of clients since the start.", (double)n.accepted);
	one(out, "esimrig_requests_too_large_total", "counter",
	    "Requests refused for their size.", (double)n.too_large);
}

static void put_workers(struct buf *out, const struct board *b)
{
	int serving = 0;

	for (int i = 0; i < b->count; i++)
		serving += b->places[i].state == BOARD_SERVING;
	one(out, "esimrig_workers", "gauge", "Processes that serve.", serving);
	one(out, "esimrig_worker_restarts_total", "counter",
	    "Workers that took the place of one that died.", (double)b->restarts);
}

static void put_all(struct metrics *m, struct buf *out)
{
	struct arena a = { 0 };
	const struct access_counts *sum = sum_access(m->board, &a);

	put_requests(out, sum);
	put_times(out, sum);
	one(out, "esimrig_http_requests_in_flight", "gauge",
	    "Requests that are not answered so far.", (double)sum->in_flight);
	one(out, "esimrig_access_log_lost_total", "counter",
	    "Writes to the access log that failed.", (double)sum->lost);
	arena_release(&a);
	put_net(out, m->board);
	put_transactions(out, m->store);
	one(out, "esimrig_store_commits_total", "counter",
	    "Write transactions that were committed.",
	    (double)(m->share ? share_commits(m->share) : store_commits(m->store)));
	put_workers(out, m->board);
	put_memory(out, m->board);
	one(out, "esimrig_uptime_seconds", "gauge", "Since the start.",
	    (double)(clock_machine_ns() - m->board->began_ns) / 1e9);
}

/* ---- Health. ------------------------------------------------------------ */

/* Can the database be read?  A failure stays until the turn ends. */
static bool store_answers(struct store *store)
{
	struct err err;
	struct stmt *q;
	bool row;

	if (store_failed(store))
		return false;
	q = stmt_str(store_sql(store, SQL_META_GET), STR("boots"));
	row = stmt_row(q);
	if (row)
		stmt_end(q);
	if (store_failed(store) && !store_writing(store))
		store_commit(store, &err);
	return row;
}

static void get_health(void *ctx, struct http_exchange *x, const struct str *args)
{
	struct metrics *m = ctx;
	int missing = board_missing(m->board);

	(void)args;
	if (m->service->stopping)
		http_respond(x, 503, "text/plain", STR("stopping\n"));
	else if (!store_answers(m->store))
		http_respond(x, 503, "text/plain", STR("the database cannot be read\n"));
	else if (missing >= 0)
		http_respond(x, 503, "text/plain",
			     arena_printf(x->arena, "worker %d does not serve\n", missing));
	else
		http_respond(x, 200, "text/plain", STR("ok\n"));
}

static void get_metrics(void *ctx, struct http_exchange *x, const struct str *args)
{
	struct buf out;

	(void)args;
	buf_init(&out, TEXT_MAX);
	put_all(ctx, &out);
	http_respond(x, 200, TEXT_TYPE, buf_view(&out));
	buf_release(&out);
}

static const struct route routes[] = {
	{ "GET", "/metrics", get_metrics },
	{ "GET", "/healthz", get_health },
	{ NULL, NULL, NULL }
};

static void handle(struct http_handler *h, struct http_exchange *x)
{
	struct str allow = STR_NONE;

	switch (route_dispatch(routes, h, x, &allow)) {
	case ROUTE_DONE:
		return;
	case ROUTE_NO_METHOD:
		http_header_add(&x->resp.headers, x->arena, STR("Allow"), allow);
		http_respond(x, 405, NULL, STR_NONE);
		return;
	case ROUTE_NO_PATH:
	case ROUTE_BAD_PATH:
		http_respond(x, 404, "text/plain", STR("there are /metrics and /healthz\n"));
		return;
	}
}

void metrics_init(struct metrics *m, struct service *service, struct store *store,
		  const struct share *share, const struct board *board)
{
	*m = (struct metrics){ { handle }, service, store, share, board };
}
