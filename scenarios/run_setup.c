/*
 * What happens before the first step: the server learns of the registered
 * activation codes, as any client would tell it (one under test: as it is
 * configured), and of the devices' profiles, by their reports.  Nothing is slow and no quirk acts meanwhile.
 */
#include "scenarios/run.h"

#include "sim/json.h"

enum { CODES_PER_REQUEST = 200 };

/* How long a set-up may take on a clock that runs. */
static const int64_t SETUP_LIMIT_NS = INT64_C(3600) * NS_PER_S;
static const int64_t FOREIGN_LIMIT_NS = INT64_C(60) * NS_PER_S;
/* Until a server that was just started answers. */
static const int64_t START_LIMIT_NS = INT64_C(30) * NS_PER_S;
static const int64_t START_EVERY_NS = 100 * NS_PER_MS;

static void put_code(struct json *j, const struct world_carrier *carrier,
		     const struct world_code *code)
{
	json_open(j, '{');
	json_put(j, "iccid", code->iccid);
	json_put(j, "carrier", carrier->name);
	json_put(j, "activation_code", code->activation_code);
	json_put_opt(j, "confirmation_code", code->confirmation_code);
	json_close(j, '}');
}

static int post_codes(struct run *r, const struct world_account *account,
		      struct str body, struct err *err)
{
	struct http_call *c = http_call_new(r->world.net, STR("rig"), "POST", err,
		"http://server.rig/ws/v1/esim_activation_codes/inventory");
	struct outcome o;

	if (!c)
		return -1;
	http_call_header(c, "Authorization", account->authorization);
	http_call_body(c, "application/json", body);
	o = run_send(r, c);
	if (o.verdict != VERDICT_PASS)
		return err_set(err, ERR_IO, "set-up: %.*s", STRF(o.message));
	if (r->response.failure == HTTP_OK && r->response.status < 202)
		return 0;
	return err_set(err, ERR_IO,
		       "set-up: the server refused the activation codes: %.*s %.200s",
		       STRF(r->response.why), r->response.body.p);
}

/* One request for the codes of an account in carriers, from the first that
 * was not sent yet; moves the pair (carrier, code). */
static size_t put_batch(const struct run *r, const struct world_account *account,
			size_t *carrier, size_t *code, struct buf *out)
{
	const struct world *w = &r->world;
	struct json j = json_to(out);
	size_t n = 0;

	buf_clear(out);
	json_open(&j, '[');
	for (; *carrier < w->carrier_count; ++*carrier, *code = 0) {
		const struct world_carrier *c = &w->carriers[*carrier];

		for (; *code < c->code_count && n < CODES_PER_REQUEST; ++*code) {
			const struct world_code *k = &c->codes[*code];

			if (!k->registered || k->account != account)
				continue;
			put_code(&j, c, k);
			n++;
		}
		if (*code < c->code_count)
			break;
	}
	json_close(&j, ']');
	return n;
}

/* A server under test need not be able to take them from a client. */
static int configure_codes(struct world *w, struct err *err)
{
	for (size_t i = 0; i < w->carrier_count; i++)
		for (size_t k = 0; k < w->carriers[i].code_count; k++) {
			const struct world_code *c = &w->carriers[i].codes[k];

			if (c->registered &&
			    server_add_code(w->server, c->account->customer_id,
					    c->iccid, w->carriers[i].name,
					    c->activation_code,
					    c->confirmation_code, err) < 0)
				return err_prefix(err, "set-up");
		}
	return 0;
}

static int register_codes(struct run *r, struct err *err)
{
	struct buf body;
	int rc = 0;

	if (!r->world.server)
		return 0;
	if (r->options->target)
		return configure_codes(&r->world, err);
	buf_init(&body, 1 << 20);
	for (size_t i = 0; i < r->world.account_count && rc == 0; i++) {
		size_t carrier = 0, code = 0;

		while (rc == 0 && put_batch(r, &r->world.accounts[i], &carrier,
					    &code, &body) > 0)
			rc = post_codes(r, &r->world.accounts[i],
					buf_view(&body), err);
	}
	buf_release(&body);
	return rc;
}

/* Counts the devices whose report was answered. */
struct reports {
	struct eventlog_listener listener;
	struct run *run;
	size_t missing;
};

static void see_report(struct eventlog_listener *l, const struct event *e,
		       struct str line)
{
	struct reports *reports = (struct reports *)l;

	(void)line;
	if (strcmp(e->name, "report-answered") == 0 && reports->missing > 0 &&
	    --reports->missing == 0)
		run_wake(reports->run);
}

static int first_reports(struct run *r, struct err *err)
{
	struct world *w = &r->world;
	struct reports reports = { .listener.tell = see_report, .run = r };
	enum run_wake wake = RUN_WOKEN;

	if (!w->fleet || w->sc->world.device_options.no_reports ||
	    w->sc->world.device_options.no_first_report)
		return 0;
	eventlog_listen(&w->log, &reports.listener);
	for (size_t i = 0; i < w->device_count; i++) {
		if (!device_online(w->devices[i].device) || w->devices[i].sc->unknown)
			continue;
		reports.missing++;
		device_report_now(w->devices[i].device);
	}
	if (reports.missing)
		wake = run_wait(r, w->server ? SETUP_LIMIT_NS : FOREIGN_LIMIT_NS);
	eventlog_unlisten(&w->log, &reports.listener);
	if (wake == RUN_WOKEN)
		return 0;
	return err_set(err, ERR_TIMEOUT, "set-up: %zu devices could not report their profiles",
		       reports.missing);
}

/* Any answer will do. */
static int await_server(struct run *r, struct err *err)
{
	const struct run_target *t = r->options->target;
	int64_t began_ns = loop_now(&r->world.loop).ns;

	if (!t || !t->foreign || t->no_parties)
		return 0;
	do {
		struct http_call *c = http_call_new(r->world.net, STR("rig"), "GET",
						    err, "http://server.rig/ws/v1/esim_profiles");

		if (!c)
			return -1;
		c->timeout_ns = START_LIMIT_NS;
		r->to_server = false;
		if (run_send(r, c).verdict == VERDICT_PASS &&
		    r->response.failure == HTTP_OK)
			return 0;
	} while (loop_now(&r->world.loop).ns - began_ns < START_LIMIT_NS &&
		 run_wait(r, START_EVERY_NS) == RUN_ALARM);
	return err_set(err, ERR_TIMEOUT, "set-up: the server does not answer: %.*s",
		       STRF(r->response.why));
}

/* A server with a clock of its own has gone on at the full rate. */
static void catch_up(struct run *r, int64_t began_ns)
{
	const struct run_target *t = r->options->target;
	int64_t took_ns = clock_machine_ns() - began_ns;

	if (t && t->foreign)
		clock_skip(&r->world.loop.clock,
			   (int64_t)((double)took_ns * (r->options->rate - 1)));
}

int run_setup(struct run *r, struct err *err)
{
	struct clock *clock = &r->world.loop.clock;
	bool scaled = clock->kind == CLOCK_KIND_SCALED;
	int64_t began_ns = clock_machine_ns();

	/* Everybody talks at once: on a fast clock they would time out. */
	if (scaled)
		clock_set_rate(clock, 1.0);
	r->world.settling = true;
	if (await_server(r, err) < 0 || register_codes(r, err) < 0 || first_reports(r, err) < 0)
		return -1;
	r->world.settling = false;
	if (scaled) {
		clock_set_rate(clock, r->options->rate);
		catch_up(r, began_ns);
	}
	return world_start_quirks(&r->world, err);
}
