#include "cli/conform_target.h"
#include "cli/running.h"
#include "cli/verb.h"

#include <stdio.h>
#include <unistd.h>

/* Of the machine, for an answer of the reference server. */
#define PATIENCE_NS (20 * NS_PER_S)

/* ---- Whom. ----------------------------------------------------------------- */

static bool is_url(const char *text)
{
	return str_starts(str_of(text), STR("http://")) ||
	       str_starts(str_of(text), STR("https://"));
}

static void print(const struct judged *t, const struct diag *d, struct arena *a)
{
	struct buf out;

	buf_init(&out, 1 << 20);
	judged_print_diag(t, d, a, &out);
	fwrite(out.p ? out.p : "", 1, out.n, stderr);
	buf_release(&out);
}

void judged_print_diag(const struct judged *t, const struct diag *d,
		       struct arena *a, struct buf *out)
{
	if (t->target.root)
		target_print_diag(&t->target, d, a, out);
	else
		diag_print(d, out);
}

static const char *first_given(const struct judged_options *o)
{
	return o->clock ? "--clock" : o->net ? "--net" : NULL;
}

static const char *target_option(const struct target_options *o)
{
	return o->user ? "--user" : o->api_key ? "--api-key" : o->bearer ? "--bearer" :
	       o->header ? "--header" : o->ca_file ? "--ca" : o->cert_file ? "--cert" :
	       o->key_file ? "--key" : o->insecure ? "--insecure" : o->rate ? "--rate" :
	       o->timeout ? "--timeout" : NULL;
}

/* On a fast clock, a busy machine must not look like a server that hangs. */
static int64_t be_patient(void *arg, struct http_call *c, struct str user)
{
	double real_ns = (double)c->timeout_ns / c->net->loop->clock.rate;

	(void)arg;
	(void)user;
	if (c->net->loop->clock.kind == CLOCK_KIND_SCALED &&
	    c->timeout_ns == HTTP_TIMEOUT_NS && real_ns < (double)PATIENCE_NS)
		c->timeout_ns = (int64_t)((double)PATIENCE_NS *
					  c->net->loop->clock.rate);
	return 0;
}

static int open_reference(struct judged *t, struct err *err)
{
	const char *given = target_option(&t->o.of_target);

	if (given)
		return err_set(err, ERR_INVALID, "%s is for other targets than reference",
			       given);
	if (t->o.record)
		return err_set(err, ERR_INVALID, "--record is for other targets than "
			       "reference: that one can be had again");
	t->is_reference = true;
	t->depth = DEPTH_WORLD;
	t->name = STR("reference");
	t->reference.request = be_patient;
	t->run.target = &t->reference;
	return running_read_clock(&t->o.clock, &t->o.net, &t->run, err);
}

static int open_recording(struct judged *t, struct arena *a, struct err *err)
{
	const char *given = t->o.target ? "--target" : first_given(&t->o);

	if (given)
		return err_set(err, ERR_INVALID, "--rejudge asks nobody: no %s", given);
	t->recording = recording_open(t->o.rejudge, &t->head, a, err);
	if (!t->recording)
		return -1;
	t->depth = t->head.depth;
	t->name = t->head.target_name;
	t->url = t->head.target_url;
	t->run.clock = CLOCK_KIND_VIRTUAL;
	t->run.rate = 1;
	t->run.target = recording_seam(t->recording);
	t->run.has_seed = t->head.has_seed;
	t->run.seed = t->head.seed;
	return 0;
}

static int open_target(struct judged *t, struct arena *a, struct diag *d,
		       struct err *err)
{
	const char *given = first_given(&t->o);
	int rc;

	if (given)
		return err_set(err, ERR_INVALID, "%s is for the reference server: "
			       "another one lives in real time, on a network", given);
	rc = is_url(t->o.target) ? target_from_url(&t->target, t->o.target, a, err) :
				   target_load(&t->target, t->o.target, a, d);
	if (rc < 0 || target_apply(&t->target, &t->o.of_target, a, err) < 0)
		return -1;
	t->depth = t->target.depth;
	t->name = t->target.name;
	t->url = t->target.url;
	return 0;
}

/* ---- How. ------------------------------------------------------------------ */

static int choose_depth(struct judged *t, struct err *err)
{
	enum check_depth depth;

	if (!t->o.depth)
		return 0;
	if (depth_parse(str_of(t->o.depth), &depth) < 0)
		return err_set(err, ERR_INVALID,
			       "--depth %s: expected read, actions or world", t->o.depth);
	if (depth > t->depth)
		return err_set(err, ERR_INVALID, "--depth %s: this target allows %s at most",
			       t->o.depth, depth_name(t->depth));
	t->depth = depth;
	return 0;
}

/* How many may ask at once, of a target that others need as well. */
static size_t bearable(const struct judged *t)
{
	if (t->is_reference || t->recording)
		return running_processors();
	if (t->depth == DEPTH_WORLD)
		return (size_t)t->target.launch.at_once;
	if (t->depth == DEPTH_ACTIONS)
		return 1;
	return t->target.max_requests > 0 ? (size_t)t->target.max_requests : 1;
}

static int choose_workers(struct judged *t, struct err *err)
{
	t->workers = t->o.jobs == SIZE_MAX ? bearable(t) : t->o.jobs;
	if (t->is_reference || t->recording || t->workers <= bearable(t))
		return 0;
	if (t->depth == DEPTH_WORLD && !t->target.url.n)
		return 0;
	if (t->depth == DEPTH_WORLD)
		return err_set(err, ERR_INVALID, "-j %zu: the target has one address, so it "
			       "is in one world at a time", t->workers);
	if (t->depth == DEPTH_ACTIONS)
		return err_set(err, ERR_INVALID, "-j %zu: at depth actions the checks share "
			       "the devices, so one goes after the other", t->workers);
	return err_set(err, ERR_INVALID, "-j %zu: the target takes %zu requests at once",
		       t->workers, bearable(t));
}

/* A person sees why nothing moves. */
static void tell(void *arg, struct str what, int64_t waits_ns)
{
	const struct judged *t = arg;

	if (t->progress && waits_ns > 0)
		fprintf(stderr, "\r\x1b[K%.*s: waiting %lld s", STRF(what),
			(long long)((waits_ns + NS_PER_S - 1) / NS_PER_S));
}

static void connect_link(struct judged *t)
{
	struct err err;		/* without turns it goes as well */

	/* Each worker paces itself: together they are as gentle as one. */
	if (t->workers > 1)
		t->target.gap_ns *= (int64_t)t->workers;
	link_init(&t->link, &t->target, t->depth, &t->run);
	if (t->depth == DEPTH_WORLD && t->workers > 1)
		turns_init(&t->link.turns, running_processors(), &err);
	t->progress = isatty(STDERR_FILENO);
	t->link.tell = tell;
	t->link.tell_arg = t;
	t->o.clock = t->run.clock == CLOCK_KIND_REAL ? "real" : "scaled";
	t->o.net = "http";
}

static int open_whom(struct judged *t, struct arena *a, struct diag *d,
		     struct err *err)
{
	if (t->o.rejudge)
		return open_recording(t, a, err);
	if (!t->o.target)
		return err_set(err, ERR_INVALID, "which server? Give --target");
	if (strcmp(t->o.target, "reference") == 0)
		return open_reference(t, err);
	return open_target(t, a, d, err);
}

int judged_open(struct judged *t, const struct judged_options *o,
		const struct verb *v, struct arena *a)
{
	struct err err = { 0 };
	struct diag d;
	int rc;

	*t = (struct judged){ .o = *o, .link.turns = TURNS_NONE };
	diag_init(&d, a);
	rc = open_whom(t, a, &d, &err);
	if (rc == 0)
		rc = choose_depth(t, &err);
	if (rc == 0)
		rc = choose_workers(t, &err);
	if (d.count) {
		print(t, &d, a);
		return EXIT_INVALID;
	}
	if (rc < 0)
		return verb_usage(v, "%s", err.msg);
	if (o->has_seed) {
		t->run.has_seed = true;
		t->run.seed = o->seed;
	}
	if (!t->is_reference && !o->rejudge)
		connect_link(t);
	/* A verdict is to rest on downloads as they really are. */
	if (running_read_rsp(o->rsp ? o->rsp : "full", &t->run, &err) < 0)
		return verb_usage(v, "%s", err.msg);
	return EXIT_PASSED;
}

int judged_close(struct judged *t, struct err *err)
{
	struct recording *r = t->recording;

	t->recording = NULL;
	turns_release(&t->link.turns);
	return r ? recording_close(r, err) : 0;
}

/* ---- What passes. ------------------------------------------------------------ */

int judged_record(struct judged *t, const struct conformance *c, struct err *err)
{
	struct recording_head head = {
		.target_name = c->target_name, .target_url = c->target_url,
		.suite_version = c->suite_version, .suite_hash = c->suite_hash,
		.depth = c->depth, .has_seed = t->run.has_seed, .seed = t->run.seed,
	};

	if (!t->o.record)
		return 0;
	t->recording = recording_create(t->o.record, &head, err);
	t->link.recording = t->recording;
	return t->recording ? 0 : err_prefix(err, "--record");
}

static void begin(void *arg, const struct check *c)
{
	struct judged *t = arg;

	if (t->recording)
		recording_begin(t->recording, c->id);
	if (!t->o.rejudge)
		link_await_turn(&t->link);
}

static void settle(void *arg, const struct check *c, struct run_result *run,
		   struct arena *a)
{
	recording_settle(((struct judged *)arg)->recording, c->scenario, run, a);
}

static struct str tolerates(void *arg, struct str id)
{
	return target_tolerates(&((struct judged *)arg)->target, id);
}

void judged_fill(struct judged *t, struct judge *j)
{
	j->options = &t->run;
	j->around_arg = j->tolerates_arg = t;
	if (!t->is_reference)
		j->before = begin;
	if (t->o.rejudge)
		j->after = settle;
	j->recorded = t->o.rejudge != NULL;
	if (!t->is_reference && !t->o.rejudge)
		j->tolerates = tolerates;
}

/* ---- What it can. ------------------------------------------------------------- */

struct finding *conformance_add_finding(struct conformance *c, struct arena *a)
{
	struct finding *list = arena_array(a, c->finding_count + 1, sizeof(*list));

	if (c->finding_count)
		memcpy(list, c->findings, c->finding_count * sizeof(*list));
	c->findings = list;
	return &list[c->finding_count++];
}

static struct str lacks(void *arg, struct str capability)
{
	const struct judged *t = arg;
	int index = capability_find(capability);

	if (index < 0)
		return STR("nobody knows what that is");
	if (t->states[index].has)
		return STR_NONE;
	return t->states[index].why.p ? t->states[index].why : STR("");
}

static void add_findings(struct judged *t, struct conformance *c, struct arena *a)
{
	for (size_t i = 0; i < capability_count; i++) {
		struct finding f = { 0 };

		if (capability_finding(i, &t->states[i], a, &f.text, &f.fails) == 0)
			continue;
		f.title = arena_printf(a, "capability %s", capabilities[i].name);
		*conformance_add_finding(c, a) = f;
	}
}

void judged_probe(struct judged *t, struct plan_config *config,
		  struct conformance *c, struct arena *a)
{
	bool wanted[CAPABILITIES_MAX] = { false };

	if (t->is_reference)
		return;		/* it has them all; the checks say so */
	for (size_t i = 0; i < capability_count; i++) {
		t->states[i].declared = t->target.declared[i];
		wanted[i] = t->states[i].declared != CAPABILITY_UNKNOWN ||
			    plan_needs(config, str_of(capabilities[i].name));
	}
	if (t->recording)
		recording_begin(t->recording, STR("capabilities"));
	t->run.no_events = true;
	capability_probe(&t->run, t->depth, wanted, t->states, a);
	add_findings(t, c, a);
	if (t->link.server[0])
		c->target_server = arena_str(a, str_of(t->link.server));
	config->lacks = lacks;
	config->arg = t;
}
