#include "cli/bench_peer.h"

#include "eis/eis.h"
#include "proto/eid.h"
#include "proto/iccid.h"
#include "proto/spn.h"
#include "server/store.h"

#include <assert.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FLOOR_SIZES_MAX = 8, CARRIERS = 50, ROWS_PER_COMMIT = 100000 };

/* ---- Processors. ------------------------------------------------------- */

static size_t peers_processor(const struct seats *s)
{
	size_t cpu = 0;

	while (cpu < CPU_SETSIZE - 1 && !CPU_ISSET(cpu, &s->all))
		cpu++;
	return cpu;
}

void seats_take(struct seats *s)
{
	cpu_set_t others;

	s->shared = sched_getaffinity(0, sizeof(s->all), &s->all) < 0 ||
		    CPU_COUNT(&s->all) < 2;
	if (s->shared)
		return;
	others = s->all;
	CPU_CLR(peers_processor(s), &others);
	sched_setaffinity(0, sizeof(others), &others);
}

void seats_leave(const struct seats *s)
{
	if (!s->shared)
		sched_setaffinity(0, sizeof(s->all), &s->all);
}

static void sit_down(const struct seats *s)
{
	cpu_set_t one;

	if (s->shared)
		return;
	CPU_ZERO(&one);
	CPU_SET(peers_processor(s), &one);
	sched_setaffinity(0, sizeof(one), &one);
}

/* ---- The process. ------------------------------------------------------ */

void peer_is_ready(int fd, const char *line)
{
	ssize_t n = write(fd, line, strlen(line));

	if (n < 0 || close(fd) < 0)
		_exit(1);
}

void peer_is_not(int fd, const struct err *err)
{
	char line[sizeof(err->msg) + 2];

	snprintf(line, sizeof(line), "!%s", err->msg);
	peer_is_ready(fd, line);
	_exit(1);
}

static int read_line(int fd, char *line, size_t size)
{
	size_t n = 0;
	ssize_t got;

	while (n + 1 < size && (got = read(fd, line + n, size - 1 - n)) > 0)
		n += (size_t)got;
	line[n] = '\0';
	return n > 0 ? 0 : -1;
}

int peer_start(struct peer *p, const struct seats *seats, peer_fn *fn,
	       const void *arg, struct err *err)
{
	char line[sizeof(err->msg)];
	int fds[2], rc;

	if (pipe(fds) < 0)
		return err_set(err, ERR_IO, "pipe: %s", strerror(errno));
	p->pid = fork();
	if (p->pid < 0) {
		close(fds[0]);
		close(fds[1]);
		p->pid = 0;
		return err_set(err, ERR_IO, "fork: %s", strerror(errno));
	}
	if (p->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(fds[0]);
		sit_down(seats);
		fn(arg, fds[1]);
		_exit(1);
	}
	close(fds[1]);
	rc = read_line(fds[0], line, sizeof(line));
	close(fds[0]);
	if (rc == 0 && line[0] != '!') {
		snprintf(p->address, sizeof(p->address), "%.*s",
			 (int)sizeof(p->address) - 1, line);
		return 0;
	}
	peer_stop(p);
	return err_set(err, ERR_IO, "the process to be measured: %s",
		       rc == 0 ? line + 1 : "it ended");
}

double peer_busy_s(const struct peer *p)
{
	unsigned long long ns = 0;
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/schedstat", (int)p->pid);
	f = fopen(path, "r");
	if (!f)
		return 0;
	if (fscanf(f, "%llu", &ns) != 1)
		ns = 0;
	fclose(f);
	return (double)ns / 1e9;
}

void peer_stop(struct peer *p)
{
	if (p->pid == 0)
		return;
	kill(p->pid, SIGKILL);
	waitpid(p->pid, NULL, 0);
	p->pid = 0;
}

/* ---- Rows. ------------------------------------------------------------- */

void bench_device_id(char id[BENCH_ID_SIZE], uint64_t n)
{
	snprintf(id, BENCH_ID_SIZE, "00000000-00000000-%08X-%08X",
		 (unsigned)(n >> 32), (unsigned)n);
}

void bench_eid(char eid[BENCH_ID_SIZE], uint64_t n)
{
	eid_make(eid, STR("89049032"), n + 1);
}

void bench_iccid(char iccid[BENCH_ID_SIZE], uint64_t n)
{
	iccid_make(iccid, STR("894400"), n + 1);
}

struct filling {
	struct store *store;
	int64_t now_ms;
	uint64_t device, profile;	/* numbers of the next */
	struct arena arena;
};

static void add_profile(struct filling *f, int64_t customer_id, const char *id,
			const char *eid, unsigned number, bool active)
{
	struct stmt *q = store_sql(f->store, SQL_PROFILE_ADD);
	char iccid[BENCH_ID_SIZE], name[32];
	struct str carrier = { name, 0 };

	bench_iccid(iccid, f->profile++);
	carrier.n = (size_t)snprintf(name, sizeof(name), "Carrier %u",
				     (unsigned)(f->profile % CARRIERS));
	stmt_int(stmt_str(stmt_str(q, str_of(id)), str_of(iccid)), customer_id);
	stmt_int(stmt_str(q, str_of(eid)), number);
	stmt_str(stmt_str(q, carrier), spn_fold(&f->arena, carrier));
	stmt_str(q, spn_normalize(&f->arena, carrier));
	stmt_str(q, active ? STR("active") : STR("inactive"));
	stmt_int(stmt_str(q, STR("operational")), f->now_ms);
	stmt_run(q);
	arena_clear(&f->arena);
}

static int fill(struct filling *f, const struct bench_fill *what, struct err *err)
{
	char id[BENCH_ID_SIZE], eid[BENCH_ID_SIZE];

	for (uint64_t d = 0; d < what->devices; d++, f->device++) {
		struct stmt *q = store_sql(f->store, SQL_DEVICE_ADD);

		bench_device_id(id, f->device);
		bench_eid(eid, f->device);
		stmt_int(stmt_str(q, str_of(id)), what->customer_id);
		stmt_int(stmt_str(q, str_of(eid)), f->now_ms);
		stmt_run(q);
		for (unsigned k = 0; k < what->profiles; k++)
			add_profile(f, what->customer_id, id, eid, k,
				    k == 0 && what->profiles > 1);
		if (f->profile % ROWS_PER_COMMIT < what->profiles &&
		    store_commit(f->store, err) < 0)
			return -1;
	}
	return store_commit(f->store, err);
}

/* ---- The reference server. --------------------------------------------- */

/* For ever: it ends with the process. */
struct world {
	struct loop loop;
	struct eventlog log;
	struct network *net;
	struct store *store;
	struct server *server;
	struct eis *eis;
};

static int set_up_net(struct world *w, struct err *err)
{
	loop_init(&w->loop, CLOCK_KIND_REAL, 1.0, clock_machine_unix_ms());
	eventlog_init(&w->log, &w->loop.clock);
	w->net = socknet_new(&w->loop, &w->log, err);
	return w->net ? 0 : -1;
}

static int add_users(struct server *s, struct err *err)
{
	if (server_add_account(s, 1, STR("bench"), err) < 0 ||
	    server_add_account(s, 2, STR("posts"), err) < 0 ||
	    server_add_user(s, 1, STR("bench"), STR("bench"), SERVER_ROLE_USER, err) < 0)
		return -1;
	return server_add_user(s, 2, STR("posts"), STR("posts"), SERVER_ROLE_USER, err);
}

static int add_rows(struct world *w, const struct bench_server_spec *spec,
		    struct err *err)
{
	struct filling f = { .store = w->store,
			     .now_ms = clock_unix_ms(&w->loop.clock) };
	size_t count = sizeof(spec->fill) / sizeof(spec->fill[0]);
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = fill(&f, &spec->fill[i], err);
	arena_release(&f.arena);
	return rc;
}

static int set_up(struct world *w, const struct bench_server_spec *spec,
		  char address[SOCKNET_ADDRESS_SIZE], struct err *err)
{
	struct server_config config = { .loop = &w->loop, .log = &w->log, .seed = 1 };
	char eis_url[SOCKNET_ADDRESS_SIZE + 8];

	if (set_up_net(w, err) < 0)
		return -1;
	config.net = w->net;
	if (spec->eis) {
		snprintf(eis_url, sizeof(eis_url), "http://%s", spec->eis->address);
		config.eis_url = eis_url;
		socknet_allow_outside(w->net, true);
	}
	w->store = config.store = store_open(spec->db, err);
	if (!w->store || add_rows(w, spec, err) < 0)
		return -1;
	w->server = server_new(&config, err);
	if (!w->server || add_users(w->server, err) < 0)
		return -1;
	return socknet_listen(w->net, "server.rig", "server",
			      server_handler(w->server), "127.0.0.1:0", address, err);
}

static void serve_world(const void *arg, int ready_fd)
{
	static const struct world none;
	struct world w = none;
	char address[SOCKNET_ADDRESS_SIZE];
	struct err err;

	if (set_up(&w, arg, address, &err) < 0)
		peer_is_not(ready_fd, &err);
	peer_is_ready(ready_fd, address);
	loop_run(&w.loop, &err);
}

int peer_start_server(struct peer *p, const struct seats *seats,
		      const struct bench_server_spec *spec, struct err *err)
{
	return peer_start(p, seats, serve_world, spec, err);
}

/* ---- Its EIS. ---------------------------------------------------------- */

static int set_up_eis(struct world *w, uint64_t devices, char address[SOCKNET_ADDRESS_SIZE],
		      struct err *err)
{
	struct eis_config config = { .loop = &w->loop, .log = &w->log, .seed = 1 };
	char eid[BENCH_ID_SIZE];

	if (set_up_net(w, err) < 0)
		return -1;
	config.net = w->net;
	w->eis = eis_new(&config);
	for (uint64_t i = 0; i < devices; i++) {
		struct eis_euicc_spec record = { .eum_id = STR("2.999.1") };

		bench_eid(eid, i);
		record.eid = str_of(eid);
		if (eis_register(w->eis, &record, err) < 0)
			return -1;
	}
	return socknet_listen(w->net, "eis.rig", "eis", eis_handler(w->eis), "127.0.0.1:0",
			      address, err);
}

static void serve_eis(const void *arg, int ready_fd)
{
	static const struct world none;
	struct world w = none;
	char address[SOCKNET_ADDRESS_SIZE];
	struct err err;

	if (set_up_eis(&w, *(const uint64_t *)arg, address, &err) < 0)
		peer_is_not(ready_fd, &err);
	peer_is_ready(ready_fd, address);
	loop_run(&w.loop, &err);
}

int peer_start_eis(struct peer *p, const struct seats *seats, uint64_t devices,
		   struct err *err)
{
	const struct seats others = { seats->all, .shared = true };

	return peer_start(p, &others, serve_eis, &devices, err);
}

/* ---- The floor. -------------------------------------------------------- */

struct floor {
	const size_t *sizes;
	size_t count;
	struct MHD_Response *responses[FLOOR_SIZES_MAX];
};

static enum MHD_Result answer_constant(void *cls, struct MHD_Connection *conn,
				       const char *url, const char *method,
				       const char *version, const char *bytes,
				       size_t *size, void **ctx)
{
	const struct floor *f = cls;
	unsigned which = (unsigned)(url[1] - '0');

	(void)method;
	(void)version;
	(void)bytes;
	(void)size;
	if (!*ctx) {		/* the head: the body, if any, is still to come */
		*ctx = (void *)(uintptr_t)f;
		return MHD_YES;
	}
	if (which >= f->count)
		return MHD_NO;
	return MHD_queue_response(conn, MHD_HTTP_OK, f->responses[which]);
}

static void make_constants(struct floor *f)
{
	for (size_t i = 0; i < f->count; i++) {
		char *text = malloc(f->sizes[i] + 1);

		assert(text);
		memset(text, 'x', f->sizes[i]);
		f->responses[i] = MHD_create_response_from_buffer(f->sizes[i], text,
							MHD_RESPMEM_MUST_FREE);
		assert(f->responses[i]);
		MHD_add_response_header(f->responses[i], "Content-Type",
					"application/json");
	}
}

static void serve_floor(const void *arg, int ready_fd)
{
	struct floor f = *(const struct floor *)arg;
	const struct sockaddr_in any = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	struct MHD_Daemon *d;
	struct err err;
	char address[SOCKNET_ADDRESS_SIZE];

	make_constants(&f);
	d = MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, answer_constant, &f,
			     MHD_OPTION_SOCK_ADDR, &any, MHD_OPTION_END);
	if (!d) {
		err_set(&err, ERR_IO, "libmicrohttpd does not start");
		peer_is_not(ready_fd, &err);
	}
	snprintf(address, sizeof(address), "127.0.0.1:%u",
		 MHD_get_daemon_info(d, MHD_DAEMON_INFO_BIND_PORT)->port);
	peer_is_ready(ready_fd, address);
	for (;;)
		MHD_run_wait(d, -1);
}

int peer_start_floor(struct peer *p, const struct seats *seats,
		     const size_t *sizes, size_t count, struct err *err)
{
	const struct floor f = { .sizes = sizes, .count = count };

	assert(count <= FLOOR_SIZES_MAX);
	return peer_start(p, seats, serve_floor, &f, err);
}
