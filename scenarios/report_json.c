/*
 * JSON, schema 1.  Members are only ever added to a schema; what changes its
 * meaning or goes away makes it the next one.  Times are in milliseconds.
 */
#include "scenarios/report.h"
#include "sim/json.h"

#include <stdio.h>

static void put_ms(struct json *j, const char *key, int64_t ns)
{
	json_key(j, key);
	buf_printf(j->out, "%.3f", (double)ns / 1e6);
	j->comma = true;
}

/* The next item of a list begins a line, so that a person can read it too. */
static void next_line(struct json *j)
{
	buf_z(j->out, j->comma ? ",\n" : "\n");
	j->comma = false;
}

/* Numbers of JSON hold 53 bits in most readers: a seed has 64. */
static void put_seed(struct json *j, uint64_t seed)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)seed);
	json_putz(j, "seed", text);
}

static void put_step(struct json *j, const struct step_result *s)
{
	json_open(j, '{');
	json_put(j, "title", s->title);
	json_putz(j, "verdict", verdict_name(s->verdict));
	json_put(j, "file", s->file);
	json_put_int(j, "line", s->line);
	json_put_int(j, "column", s->column);
	put_ms(j, "began_ms", s->began.ns);
	put_ms(j, "ended_ms", s->ended.ns);
	json_put_opt(j, "message", s->message);
	json_put_opt(j, "expected", s->expected);
	json_put_opt(j, "actual", s->actual);
	json_put_opt(j, "request", s->request);
	json_put_opt(j, "response", s->response);
	json_put_opt(j, "curl", s->curl);
	json_close(j, '}');
}

static void put_run(struct json *j, const struct run_result *run)
{
	json_open(j, '{');
	json_put(j, "name", run->name);
	json_put(j, "file", run->file);
	put_seed(j, run->seed);
	json_putz(j, "verdict", verdict_name(run->verdict));
	put_ms(j, "simulated_ms", run->ended.ns);
	put_ms(j, "wall_ms", run->wall_ns);
	json_put_opt(j, "message", run->message);
	json_put_opt(j, "left_behind", run->left_behind);
	json_put_opt(j, "last_events", run->last_events);
	json_put_opt(j, "reproduce", run->reproduce);
	json_key(j, "steps");
	json_open(j, '[');
	for (size_t i = 0; i < run->step_count; i++) {
		next_line(j);
		put_step(j, &run->steps[i]);
	}
	json_close(j, ']');
	json_close(j, '}');
}

static void put_options(struct json *j, const struct report *r)
{
	json_key(j, "options");
	json_open(j, '{');
	json_putz(j, "clock", r->clock);
	json_putz(j, "net", r->net);
	if (r->has_seed)
		put_seed(j, r->seed);
	json_close(j, '}');
}

static void put_summary(struct json *j, const struct report *r)
{
	static const char *const keys[VERDICTS] = {
		"passed", "failed", "errors", "skipped", "not_reached", "warnings",
	};
	struct verdict_counts n = verdict_count(r->runs, r->run_count);

	json_key(j, "summary");
	json_open(j, '{');
	json_put_int(j, "runs", (int64_t)r->run_count);
	for (size_t v = 0; v < VERDICTS; v++)
		json_put_int(j, keys[v], (int64_t)n.of[v]);
	json_close(j, '}');
}

void report_json(struct buf *out, const struct report *r)
{
	struct json j = json_to(out);

	json_open(&j, '{');
	json_put_int(&j, "schema", 1);
	json_putz(&j, "tool", "esimrig");
	json_putz(&j, "version", r->version);
	put_options(&j, r);
	put_summary(&j, r);
	json_key(&j, "runs");
	json_open(&j, '[');
	for (size_t i = 0; i < r->run_count; i++) {
		next_line(&j);
		put_run(&j, &r->runs[i]);
	}
	json_close(&j, ']');
	json_close(&j, '}');
	buf_char(out, '\n');
}
