/* Steps that look at the event log and at devices. */
#include "scenarios/run.h"

/* Does a line of the log fit?  1, 0, or -1 with `err`. */
static int event_fits(struct run *r, const struct scenario_expect_event *want,
		      struct str party, struct str name, struct str line,
		      struct err *err)
{
	cJSON *event;
	struct mismatch m;
	int fits = 1;

	/* Most lines are others: do not parse those. */
	if (str_find(line, name) < 0 || (party.n && str_find(line, party) < 0))
		return 0;
	if (!want->fields.count)
		return 1;
	event = json_parse(line, err);
	if (!event)
		return -1;
	for (size_t i = 0; i < want->fields.count && fits == 1; i++) {
		const struct event_field *f = &want->fields.list[i];
		const struct value *v = template_expand_value(f->want, &r->names,
							      &r->scratch, err);

		if (!v)
			fits = -1;
		else if (match_value(v, cJSON_GetObjectItemCaseSensitive(event,
				     arena_str(&r->scratch, f->key).p),
				     &r->scratch, &m) < 0)
			fits = 0;
	}
	cJSON_Delete(event);
	return fits;
}

static uint64_t start_of(const struct run *r, enum since since)
{
	switch (since) {
	case SINCE_START:
		return 0;
	case SINCE_PREVIOUS_STEP:
		return r->previous_position;
	case SINCE_NOW:
		return r->step_position;
	}
	return 0;
}

struct outcome run_expect_event(struct run *r, const struct scenario_step *s)
{
	const struct scenario_expect_event *want = &s->event;
	uint64_t position = start_of(r, want->since);
	struct str lines = recorder_from(&r->recorder, &position);
	struct str party = STR_NONE, name;
	int64_t count = 0;
	struct err err;
	struct outcome o;

	if (template_expand_str(want->event, &r->names, &r->scratch, &name, &err) < 0 ||
	    (want->party.p && template_expand_str(want->party, &r->names,
						  &r->scratch, &party, &err) < 0))
		return run_error(r, &err);
	name = arena_printf(&r->scratch, "\"event\":\"%.*s\"", STRF(name));
	if (party.n)
		party = arena_printf(&r->scratch, "\"party\":\"%.*s\"", STRF(party));
	while (lines.n) {
		int fits = event_fits(r, want, party, name, str_split(&lines, '\n'),
				      &err);

		if (fits < 0)
			return run_error(r, &err);
		count += fits;
	}
	if (count >= want->at_least && count <= want->at_most)
		return run_pass();
	o = run_fail(r, s->pos, "event %.*s%s%.*s: expected %s%lld, found %lld",
		     STRF(want->event), want->party.n ? " of " : "",
		     STRF(want->party),
		     want->at_least == want->at_most ? "" :
		     count < want->at_least ? "at least " : "at most ",
		     (long long)(count < want->at_least ? want->at_least :
				 want->at_most), (long long)count);
	o.expected = arena_printf(r->arena, "%lld", (long long)want->at_least);
	o.actual = arena_printf(r->arena, "%lld", (long long)count);
	return o;
}

static struct outcome expect_pointer(struct run *r, const struct world_device *d,
				     const struct expectation *e,
				     const cJSON *document)
{
	struct mismatch m = { 0 };
	struct str pointer;
	struct err err;
	const struct value *want = template_expand_value(e->want, &r->names,
							 &r->scratch, &err);
	struct outcome o;

	if (!want || template_expand_str(e->target, &r->names, &r->scratch,
					 &pointer, &err) < 0)
		return run_error(r, &err);
	if (match_pointer(pointer, want, document, &r->scratch, &m) == 0)
		return run_pass();
	o = run_fail(r, e->pos, "device %.*s, %.*s: expected %.*s, found %.*s%s%.*s",
		     STRF(d->key), STRF(m.path), STRF(m.expected), STRF(m.actual),
		     m.reason.n ? ": " : "", STRF(m.reason));
	o.expected = arena_str(r->arena, m.expected);
	o.actual = arena_str(r->arena, m.actual);
	return o;
}

static struct outcome expect_of(struct run *r, const struct world_device *d,
				const struct expectations *list)
{
	struct outcome o = run_pass();
	struct buf text;
	struct err err;
	cJSON *document;

	buf_init(&text, 1 << 20);
	world_device_json(d, &text);
	document = json_parse(buf_view(&text), &err);
	if (!document)
		o = run_error(r, &err);
	for (size_t i = 0; i < list->count && o.verdict == VERDICT_PASS; i++)
		o = expect_pointer(r, d, &list->list[i], document);
	cJSON_Delete(document);
	buf_release(&text);
	return o;
}

struct outcome run_expect_device(struct run *r, const struct scenario_step *s)
{
	struct outcome o = run_pass();
	size_t first, count;
	struct str name;
	struct err err;

	for (size_t i = 0; i < s->devices.count; i++) {
		const struct scenario_expect_device *e = &s->devices.list[i];

		if (template_expand_str(e->device, &r->names, &r->scratch, &name,
					&err) < 0 ||
		    world_find_devices(&r->world, name, &first, &count, &err) < 0)
			return run_error(r, &err);
		for (size_t k = first; k < first + count && o.verdict == VERDICT_PASS;
		     k++)
			o = expect_of(r, &r->world.devices[k], &e->expect);
	}
	return o;
}
