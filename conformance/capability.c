#include "conformance/capability.h"

#include <assert.h>
#include <stdio.h>

#define ROOT "/ws/v1/esim_profiles"

/* Users as in conformance/suites/_standard.yaml, and a row or two. */
static const char usual_world[] =
	"world:\n"
	"  accounts: {acme: {customer_id: 1001}, rival: {customer_id: 2002}}\n"
	"  users:\n"
	"    main: {account: acme, api-key: true}\n"
	"    read_only: {account: acme, role: read-only}\n"
	"    other: {account: rival}\n"
	"  devices:\n"
	"    router: {profiles: [{spn: Bootstrap, status: active}, {spn: Acme}]}\n";

const struct capability capabilities[] = {
	{ "basic-auth", "takes a name and a password (HTTP Basic)",
	  "steps:\n"
	  "  - get: " ROOT "\n"
	  "    expect: {status: 200}\n", DEPTH_WORLD, true },
	{ "api-keys", "takes X-API-KEY-ID and X-API-KEY-SECRET",
	  "steps:\n"
	  "  - get: " ROOT "\n"
	  "    as: nobody\n"
	  "    headers: {X-API-KEY-ID: \"${main.api_key_id}\", X-API-KEY-SECRET: \"${main.api_key_secret}\"}\n"
	  "    expect: {status: 200}\n", DEPTH_WORLD, false },
	{ "second-account", "has a user of another account",
	  "steps:\n"
	  "  - get: " ROOT "\n"
	  "    as: other\n"
	  "    expect: {status: 200}\n", DEPTH_READ, false },
	{ "read-only-user", "has a user who may not change anything",
	  "steps:\n"
	  "  - get: " ROOT "\n"
	  "    as: read_only\n"
	  "    expect: {status: 200}\n", DEPTH_READ, false },
	{ "activation-codes-api", "serves v1/esim_activation_codes",
	  "steps:\n"
	  "  - get: /ws/v1/esim_activation_codes/inventory?size=1\n"
	  "    expect: {status: 200}\n", DEPTH_READ, false },
	{ "esims-api", "serves v1/esims",
	  "steps:\n"
	  "  - get: /ws/v1/esims/inventory?size=1\n"
	  "    expect: {status: 200}\n", DEPTH_READ, false },
	{ "path-suffixes", "takes .json and .csv behind a path",
	  "steps:\n"
	  "  - get: " ROOT "/inventory.json?size=1\n"
	  "    expect: {status: 200}\n", DEPTH_READ, false },
	{ "head", "answers HEAD where it answers GET",
	  "steps:\n"
	  "  - head: " ROOT "/inventory?size=1\n"
	  "    expect: {status: 200}\n", DEPTH_READ, false },
	{ "gzip", "compresses an answer for a client that takes that",
	  "steps:\n"
	  "  - get: " ROOT "/bulk\n"
	  "    headers: {Accept-Encoding: gzip}\n"
	  "    given: {status: 200, headers: {Content-Encoding: gzip}}\n",
	  DEPTH_READ, false },
	{ "throttle", "refuses what is too much (429), and the limit can be set",
	  "  server: {throttle: 2}\n"
	  "steps:\n"
	  "  - get: " ROOT "\n"
	  "  - get: " ROOT "\n"
	  "  - get: " ROOT "\n"
	  "    expect: {status: 429}\n", DEPTH_WORLD, false },
	{ "cursor-alone", "takes a cursor without the parameters that it came with",
	  "steps:\n"
	  "  - get: " ROOT "/inventory?size=1\n"
	  "    given: {status: 200, /cursor: {is-a: string}}\n"
	  "    save: {cursor: /cursor}\n"
	  "  - get: " ROOT "/inventory\n"
	  "    query: {cursor: \"${cursor}\"}\n"
	  "    expect: {status: 200, /list: {length: 1}}\n", DEPTH_READ, true },
	{ "list-post", "takes a list of actions in one POST",
	  "steps:\n"
	  "  - post: " ROOT "/enable\n"
	  "    json:\n"
	  "      - &nobody {device_id: 00000000-00000000-00000000-00000000, eid: \"89049032000000000000000000000012\", iccid: \"8944000000000000000\"}\n"
	  "      - *nobody\n"
	  "    expect: {/list: {length: 2}}\n", DEPTH_WORLD, false },
	{ "relative-times", "understands updated > -1h in a query",
	  "steps:\n"
	  "  - get: " ROOT "/transactions/inventory?size=1\n"
	  "    query: {query: \"created > -1h\"}\n"
	  "    expect: {status: 200}\n", DEPTH_READ, true },
	{ "not-operator", "understands not in a query",
	  "steps:\n"
	  "  - get: " ROOT "/inventory?size=1\n"
	  "    query: {query: \"not iccid = '0'\"}\n"
	  "    expect: {status: 200}\n", DEPTH_READ, false },
	{ "confirmation-codes", "takes confirmation_code beside activation_code",
	  NULL, DEPTH_WORLD, true },
};
const size_t capability_count = sizeof(capabilities) / sizeof(capabilities[0]);

int capability_find(struct str name)
{
	for (size_t i = 0; i < capability_count; i++)
		if (str_is(name, capabilities[i].name))
			return (int)i;
	return -1;
}

static enum capability_answer meaning(const struct run_result *run)
{
	switch (run->verdict) {
	case VERDICT_PASS:
		return CAPABILITY_YES;
	case VERDICT_FAIL:
		return CAPABILITY_NO;
	case VERDICT_ERROR:
	case VERDICT_SKIP:
	case VERDICT_NOT_REACHED:
	case VERDICT_WARN:
	case VERDICTS:
		break;
	}
	return CAPABILITY_UNKNOWN;
}

static struct str reason(const struct run_result *run, struct arena *a)
{
	for (size_t i = 0; i < run->step_count; i++)
		if (run->steps[i].verdict != VERDICT_PASS && run->steps[i].message.n)
			return arena_str(a, run->steps[i].message);
	return arena_str(a, run->message);
}

static void probe(const struct capability *c, const struct run_options *options,
		  struct capability_state *state, struct arena *a)
{
	struct scenario_file file;
	struct run_result run;
	struct arena own = { 0 };
	struct diag d;
	struct str text = arena_printf(&own,
		"name: Is there the capability %s?\n"
		"check: {covers: EP-ROOT-001, depth: read}\n%s%s",
		c->name, usual_world, c->probe);
	int rc;

	diag_init(&d, &own);
	rc = scenario_load_text(arena_printf(&own, "probe of %s", c->name).p, text,
				&own, &file, &d);
	assert(rc == 0);
	runner_run(&file.list[0], options, &own, &run);
	state->probed = meaning(&run);
	if (state->probed != CAPABILITY_YES)
		state->why = reason(&run, a);
	arena_release(&own);
}

static void settle(const struct capability *c, struct capability_state *state,
		   struct arena *a)
{
	enum capability_answer known = state->declared ? state->declared : state->probed;

	state->has = known == CAPABILITY_YES || (known == CAPABILITY_UNKNOWN && c->usual);
	if (state->has)
		return;
	if (state->declared)
		state->why = STR("the target file says that it has not");
	else if (state->probed)
		state->why = arena_printf(a, "the target has not: %.*s", STRF(state->why));
	else
		state->why = STR("nobody says that it has");
}

void capability_probe(const struct run_options *options, enum check_depth depth,
		      const bool *wanted, struct capability_state *states,
		      struct arena *a)
{
	for (size_t i = 0; i < capability_count; i++) {
		const struct capability *c = &capabilities[i];

		if (c->probe && c->depth <= depth && (!wanted || wanted[i]))
			probe(c, options, &states[i], a);
		settle(c, &states[i], a);
	}
}

int capability_finding(size_t index, const struct capability_state *state,
		       struct arena *a, struct str *text, bool *fails)
{
	const struct capability *c = &capabilities[index];

	if (state->declared == CAPABILITY_YES && state->probed == CAPABILITY_NO) {
		*fails = true;
		*text = arena_printf(a, "the target file says that it %s; it does not: %.*s",
				     c->help, STRF(state->why));
		return 1;
	}
	if (state->declared == CAPABILITY_NO && state->probed == CAPABILITY_YES) {
		*fails = false;
		*text = arena_printf(a, "the target file says that it lacks this, but it %s; checks of it were skipped",
				     c->help);
		return 1;
	}
	return 0;
}
