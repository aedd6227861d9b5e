#include "cli/metrics.h"

#include "server/store.h"
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
static void labels(struct buf *out, const struct access_class *c)
{
	buf_printf(out, "method=\"%s\",endpoint=\"%s\"", c->method ? c->method : "any",
		   c->pattern ? c->pattern : "other");
}

/* ---- Requests. ---------------------------------------------------------- */

static void put_requests(struct buf *out, const struct access *a)
{
	static const char name[] = "esimrig_http_requests_total";

	head(out, name, "counter", "Requests that were answered.");
	for (size_t i = 0; i < a->class_count; i++)
		for (int status = 0; status < ACCESS_STATUS_MAX; status++) {
			if (!a->classes[i].answers[status])
				continue;
			buf_printf(out, "%s{", name);
			labels(out, &a->classes[i]);
			buf_printf(out, ",status=\"%d\"} %llu\n", status,
				   (unsigned long long)a->classes[i].answers[status]);
		}
}

static void put_times(struct buf *out, const struct access *a)
{
	static const char name[] = "esimrig_http_request_duration_seconds";

	head(out, name, "histogram", "From the whole request to its answer.");
	for (size_t i = 0; i < a->class_count; i++) {
		const struct access_class *c = &a->classes[i];
		uint64_t sum = 0;

		if (!c->count)
			continue;
		for (size_t b = 0; b < ACCESS_BUCKETS; b++) {
			sum += c->took[b];
			buf_printf(out, "%s_bucket{", name);
			labels(out, c);
			buf_printf(out, ",le=\"%g\"} %llu\n", access_bounds_us[b] / 1e6,
				   (unsigned long long)sum);
		}
		buf_printf(out, "%s_bucket{", name);
		labels(out, c);
		buf_printf(out, ",le=\"+Inf\"} %llu\n%s_sum{",
			   (unsigned long long)c->count, name);
		labels(out, c);
		buf_printf(out, "} %.9f\n%s_count{", (double)c->took_ns / 1e9, name);
		labels(out, c);
		buf_printf(out, "} %llu\n", (unsigned long long)c->count);
	}
}

/* ---- The store. --------------------------------------------------------- */

static void put_transactions(struct buf *out, struct store *store)
{
	static const char name[] = "esimrig_transactions";
	struct stmt *q = store_query(store, STR("SELECT status, count(*) FROM transactions"
						" GROUP BY status ORDER BY status"));
	head(out, name, "gauge", "Transactions that the database holds.");
	while (stmt_row(q)) {
		buf_printf(out, "%s{status=\"%.*s\"}", name, STRF(stmt_peek(q, 0)));
		buf_printf(out, " %lld\n", (long long)stmt_i64(q, 1));
	}
}

/* ---- The process. ------------------------------------------------------- */

/* Pages: all, and those in memory. */
static void put_memory(struct buf *out)
{
	char text[128] = "";
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
	struct str rest = { text, n > 0 ? (size_t)n : 0 };
	double page = (double)sysconf(_SC_PAGESIZE);
	uint64_t pages = 0;

	if (fd >= 0)
		close(fd);
	if (str_to_u64(str_split(&rest, ' '), UINT64_MAX, &pages) == 0)
		one(out, "process_virtual_memory_bytes", "gauge", "Address space.",
		    (double)pages * page);
	if (str_to_u64(str_split(&rest, ' '), UINT64_MAX, &pages) == 0)
		one(out, "process_resident_memory_bytes", "gauge", "Memory in use.",
		    (double)pages * page);
}

static void put_calls(struct buf *out, const struct network *net)
{
	static const char name[] = "esimrig_eis_calls_total";
	struct socknet_counts n = socknet_counts(net);

	head(out, name, "counter", "Calls to the EIS, by how they ended.");
	for (int i = 0; i < SOCKNET_FAILURES; i++)
		buf_printf(out, "%s{outcome=\"%s\"} %llu\n", name,
			   i == HTTP_OK ? "answered" :
			   http_failure_name((enum http_failure)i),
			   (unsigned long long)n.calls[i]);
	one(out, "esimrig_connections", "gauge", "Open connections of clients.",
	    (double)socknet_connections(net));
	one(out, "esimrig_connections_total", "counter",
	    "Connections of clients since the start.", (double)n.accepted);
	one(out, "esimrig_requests_too_large_total", "counter",
	    "Requests refused for their size.", (double)n.too_large);
}

static void put_all(struct metrics *m, struct buf *out)
{
	put_requests(out, m->access);
	put_times(out, m->access);
	one(out, "esimrig_http_requests_in_flight", "gauge",
	    "Requests that are not answered so far.", (double)m->access->in_flight);
	one(out, "esimrig_access_log_lost_total", "counter",
	    "Writes to the access log that failed.", (double)m->access->lost);
	put_calls(out, m->service->net);
	put_transactions(out, m->store);
	one(out, "esimrig_store_commits_total", "counter",
	    "Write transactions that were committed.",
	    (double)store_commits(m->store));
	put_memory(out);
	one(out, "esimrig_uptime_seconds", "gauge", "Since the start.",
	    (double)loop_now(&m->service->loop).ns / 1e9);
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

	(void)args;
	if (m->service->stopping)
		http_respond(x, 503, "text/plain", STR("stopping\n"));
	else if (!store_answers(m->store))
		http_respond(x, 503, "text/plain", STR("the database cannot be read\n"));
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
		  const struct access *access)
{
	*m = (struct metrics){ { handle }, service, store, access };
}
