#include "devices/device.h"
#include "proto/es9.h"
#include "sim/json.h"

#include <assert.h>

/*
 * One row for each thing that is sent.  `make` gives the call, or NULL if
 * there is nothing to send; `taken` looks at the answer.  `announce` may say
 * beforehand what is to come: true puts the sending off to a later turn.
 */
struct outbox_row {
	int64_t retry_ns, retry_max_ns;		/* doubles from one to the other */
	bool (*announce)(struct device *d);
	struct http_call *(*make)(struct device *d);
	bool (*taken)(struct device *d, const struct http_call *c);
};

static bool is_success(const struct http_call *c)
{
	return c->failure == HTTP_OK && c->resp.status >= 200 &&
	       c->resp.status <= 299;
}

static struct buf *scratch(struct device *d)
{
	buf_clear(&d->fleet->scratch);
	return &d->fleet->scratch;
}

/* ---- The result of an order. -------------------------------------------- */

static struct http_call *make_result(struct device *d)
{
	struct buf *body = scratch(d), path;
	struct http_call *c;
	const char *id;
	struct err err;

	if (order_commanded(d)) {
		gateway_take_result(d);
		return NULL;
	}
	if (!order_result(d, body, &id))
		return NULL;
	buf_init(&path, 1024);
	http_escape(&path, str_of(id));
	c = http_call_new(d->fleet->net, device_party(d), "POST", &err,
			  "%s/eis/v1/orders/%.*s/result", d->fleet->eis_url,
			  STRF(buf_view(&path)));
	buf_release(&path);
	assert(c);
	http_call_body(c, "application/json", buf_view(body));
	return c;
}

/* An EIS that does not know the order, or cannot read the result, will not
 * do so the next time. */
static bool is_final_refusal(int status)
{
	switch (status) {
	case 401: case 403: case 408: case 425: case 429:
		return false;
	}
	return status >= 400 && status <= 499;
}

static bool result_taken(struct device *d, const struct http_call *c)
{
	if (!is_success(c) &&
	    !(c->failure == HTTP_OK && is_final_refusal(c->resp.status)))
		return false;
	order_acknowledged(d);
	return true;
}

/* ---- The list of profiles, to the EIS. ---------------------------------- */

static void put_profile(struct json *j, const struct euicc_profile *p)
{
	unsigned char aid[EUICC_AID_BYTES];
	char text[2 * EUICC_AID_BYTES + 1];

	profile_aid(p, aid);
	for (size_t i = 0; i < EUICC_AID_BYTES; i++) {
		text[2 * i] = "0123456789ABCDEF"[aid[i] >> 4];
		text[2 * i + 1] = "0123456789ABCDEF"[aid[i] & 15];
	}
	json_open(j, '{');
	json_putz(j, "iccid", p->iccid);
	json_put(j, "isdpAid", (struct str){ text, 2 * EUICC_AID_BYTES });
	json_putz(j, "state", p->enabled ? "enabled" : "disabled");
	if (p->has_spn)
		json_put(j, "spn", profile_text(p, TEXT_SPN));
	json_put_opt(j, "profileName", profile_text(p, TEXT_NAME));
	json_put_opt(j, "nickname", profile_text(p, TEXT_NICKNAME));
	json_putz(j, "class", profile_class_name((enum profile_class)p->class));
	json_put_opt(j, "smdpAddress", profile_text(p, TEXT_SMDP));
	json_close(j, '}');
}

static struct http_call *make_profiles(struct device *d)
{
	struct buf *body = scratch(d);
	struct json j = json_to(body);
	struct http_call *c;
	struct err err;

	json_open(&j, '{');
	json_put_int(&j, "sequence", d->fleet->sequence_base + ++d->profiles_sequence);
	json_put_int(&j, "remainingMemory", euicc_memory_free(&d->euicc));
	json_key(&j, "profiles");
	json_open(&j, '[');
	for (size_t i = 0; i < d->euicc.profile_count; i++)
		put_profile(&j, &d->euicc.profiles[i]);
	json_close(&j, ']');
	json_close(&j, '}');
	c = http_call_new(d->fleet->net, device_party(d), "PUT", &err,
			  "%s/eis/v1/euicc/%.*s/profiles", d->fleet->eis_url,
			  STRF(device_eid(d)));
	assert(c);
	http_call_body(c, "application/json", buf_view(body));
	return c;
}

static bool profiles_taken(struct device *d, const struct http_call *c)
{
	(void)d;
	return is_success(c);
}

/* ---- Notifications of the card. ----------------------------------------- */

/* The first behind the one that was not taken last time, so that one SM-DP+
 * that is away does not stop those for others. */
static const struct euicc_note *next_note(struct device *d)
{
	const struct euicc_note *n = d->euicc.notes;

	/* Not in the middle of a download: SGP.22 has them come later. */
	if (d->lpa)
		return NULL;
	while (n && n->sequence <= d->note_failed)
		n = n->next;
	return n ? n : d->euicc.notes;
}

static bool announce_note(struct device *d)
{
	const struct euicc_note *n = next_note(d);

	if (!n || n->event != NOTIFY_INSTALL || d->note_announced) {
		d->note_announced = false;
		return false;
	}
	d->note_announced = true;
	EVENT(d->fleet->log, device_party(d), "download-step",
	      F_Z("step", lpa_step_names[LPA_HANDLE_NOTIFICATION]),
	      F_Z("iccid", n->iccid), F_INT("sequence", n->sequence));
	return true;
}

static void remove_note(struct device *d, uint32_t sequence)
{
	struct es10_request rq = {
		.tag = ES10_TAG_REMOVE_NOTIFICATION, .sequence = sequence,
	};
	struct arena none = { 0 };
	struct es10_answer an;

	euicc_call(&d->euicc, &rq, &none, &an);
}

static struct http_call *note_call(struct device *d, const struct euicc_note *n)
{
	struct es9_message m = { .notification = n->der };
	struct buf *json = scratch(d);
	struct err err;

	es9_request_print(json, ES9_HANDLE_NOTIFICATION, &m);
	return lpa_es9_call(d->fleet->net, device_party(d), n->address,
			    es9_function_name(ES9_HANDLE_NOTIFICATION),
			    buf_view(json), &err);
}

static struct http_call *make_note(struct device *d)
{
	const struct euicc_note *n;
	struct http_call *c;

	while ((n = next_note(d))) {
		c = note_call(d, n);
		if (c) {
			EVENT(d->fleet->log, device_party(d), "notification-sent",
			      F_Z("iccid", n->iccid),
			      F_Z("operation", es10_notification_name(n->event)),
			      F_INT("sequence", n->sequence));
			/* Until it is taken: then it is the one to remove. */
			d->note_failed = n->sequence;
			return c;
		}
		remove_note(d, n->sequence);	/* to an address that is none */
	}
	return NULL;
}

static bool note_taken(struct device *d, const struct http_call *c)
{
	if (!is_success(c))
		return false;
	remove_note(d, d->note_failed);
	d->note_failed = 0;
	d->outbox[OUTBOX_NOTIFICATION].again = d->euicc.notes != NULL;
	return true;
}

/* ---- Reports. ----------------------------------------------------------- */

static struct http_call *make_report(struct device *d)
{
	struct buf *body = scratch(d);
	struct http_call *c;
	struct err err;

	d->report_sequence++;
	report_print(d, body);
	c = http_call_new(d->fleet->net, device_party(d), "POST", &err, "%s",
			  d->fleet->report_url);
	assert(c);
	if (d->fleet->authorization.n)
		http_call_header(c, "Authorization", d->fleet->authorization);
	http_call_body(c, "application/json", buf_view(body));
	EVENT(d->fleet->log, device_party(d), "report-sent",
	      F_INT("sequence", d->fleet->sequence_base + d->report_sequence),
	      F_Z("cause", report_cause_name((enum report_cause)d->report_cause)));
	return c;
}

static bool was_applied(const struct http_call *c)
{
	struct err err;
	cJSON *tree = json_parse(c->resp.body, &err);
	bool applied = false;

	json_get_bool(tree, "applied", &applied, &err);
	cJSON_Delete(tree);
	return applied;
}

static bool report_taken(struct device *d, const struct http_call *c)
{
	bool taken = c->failure == HTTP_OK && c->resp.status == 200;
	bool applied = taken && (d->fleet->report_changes ||
				 d->fleet->log->listeners) && was_applied(c);

	if (c->failure == HTTP_OK)
		EVENT(d->fleet->log, device_party(d), "report-answered",
		      F_INT("sequence", d->fleet->sequence_base + d->report_sequence),
		      F_INT("status", c->resp.status), F_BOOL("applied", applied));
	if (!applied)
		report_forget(d);
	if (taken)
		d->report_cause = CAUSE_PERIODIC;
	return taken;
}

/* ---- All of them. ------------------------------------------------------- */

#define MINUTE (60 * NS_PER_S)

static const struct outbox_row rows[OUTBOXES] = {
	[OUTBOX_RESULT] = { 5 * NS_PER_S, 5 * MINUTE,
			    NULL, make_result, result_taken },
	[OUTBOX_PROFILES] = { 10 * NS_PER_S, 10 * MINUTE,
			      NULL, make_profiles, profiles_taken },
	[OUTBOX_NOTIFICATION] = { 10 * NS_PER_S, 60 * MINUTE,
				  announce_note, make_note, note_taken },
	[OUTBOX_REPORT] = { 10 * NS_PER_S, 10 * MINUTE,
			    NULL, make_report, report_taken },
};

static struct device *device_of(struct outbox *b)
{
	struct outbox *first = b - b->kind;

	return (struct device *)((char *)first - offsetof(struct device, outbox));
}

static void retry_later(struct device *d, struct outbox *b)
{
	const struct outbox_row *row = &rows[b->kind];
	int64_t ns = row->retry_ns;

	for (unsigned i = 0; i < b->tries && ns < row->retry_max_ns; i++)
		ns *= 2;
	if (b->tries < UINT8_MAX)
		b->tries++;
	b->again = false;	/* it will be made anew, with all there is */
	loop_arm(d->fleet->loop, &b->timer,
		 ns < row->retry_max_ns ? ns : row->retry_max_ns);
}

/* Taken.  What changed while it was on its way goes next. */
static void settle(struct device *d, struct outbox *b)
{
	bool again = b->again;

	b->wanted = b->again = false;
	b->tries = 0;
	if (b->kind == OUTBOX_REPORT && again)
		outbox_report(d, (enum report_cause)d->report_next,
			      d->report_next == CAUSE_CHANGE ?
			      device_draw_ns(d, DRAW_REPORT) : 0);
	else if (b->kind == OUTBOX_REPORT)
		outbox_report(d, CAUSE_PERIODIC, d->fleet->report_interval_ns);
	else if (again)
		outbox_want(d, (enum outbox_kind)b->kind, 0);
}

static void answered(struct http_call *c)
{
	struct outbox *b = c->owner;
	struct device *d = device_of(b);

	b->call = NULL;
	if (rows[b->kind].taken(d, c))
		settle(d, b);
	else
		retry_later(d, b);
}

static void fire(struct timer *t)
{
	struct outbox *b = (struct outbox *)((char *)t -
			   offsetof(struct outbox, timer));
	struct device *d = device_of(b);
	const struct outbox_row *row = &rows[b->kind];

	if (!d->online)
		return;		/* outbox_link_up() takes it up */
	if (row->announce && row->announce(d)) {
		loop_arm(d->fleet->loop, t, 0);
		return;
	}
	b->call = row->make(d);
	if (!b->call) {
		b->wanted = false;
		return;
	}
	b->call->answer_max = DEVICE_ANSWER_MAX;
	b->call->done = answered;
	b->call->owner = b;
	http_call_send(b->call);
}

void outbox_init(struct device *d)
{
	for (int k = 0; k < OUTBOXES; k++) {
		d->outbox[k].kind = (uint8_t)k;
		d->outbox[k].timer.fire = fire;
	}
}

void outbox_want(struct device *d, enum outbox_kind kind, int64_t delay_ns)
{
	struct outbox *b = &d->outbox[kind];

	if (d->state != DEVICE_RUNNING)
		return;		/* outbox_boot() looks for itself */
	if (b->call) {
		b->again = true;
		return;
	}
	if (b->wanted && timer_armed(&b->timer) && b->tries == 0)
		return;
	b->wanted = true;
	b->tries = 0;
	loop_arm(d->fleet->loop, &b->timer, delay_ns);
}

void outbox_report(struct device *d, enum report_cause cause, int64_t delay_ns)
{
	struct outbox *b = &d->outbox[OUTBOX_REPORT];

	if (!d->fleet->report_url)
		return;
	if (b->call) {
		if (!b->again || cause == CAUSE_REQUESTED)
			d->report_next = (uint8_t)cause;
	} else if (d->report_cause == CAUSE_PERIODIC || cause == CAUSE_REQUESTED) {
		loop_disarm(d->fleet->loop, &b->timer);
		d->report_cause = (uint8_t)cause;
	}
	outbox_want(d, OUTBOX_REPORT, delay_ns);
}

void outbox_boot(struct device *d)
{
	d->outbox[OUTBOX_RESULT].wanted = order_pending(d);
	d->outbox[OUTBOX_PROFILES].wanted = true;
	d->outbox[OUTBOX_NOTIFICATION].wanted = d->euicc.notes != NULL;
	d->outbox[OUTBOX_REPORT].wanted = d->fleet->report_url != NULL;
	d->report_cause = CAUSE_BOOT;
}

/* A periodic report keeps its time; everything else goes now. */
void outbox_link_up(struct device *d)
{
	for (int k = 0; k < OUTBOXES; k++) {
		struct outbox *b = &d->outbox[k];

		if (!b->wanted || (timer_armed(&b->timer) && b->tries == 0))
			continue;
		b->tries = 0;
		loop_arm(d->fleet->loop, &b->timer, 0);
	}
}

static void drop_call(struct outbox *b)
{
	if (b->call && b->kind == OUTBOX_REPORT)
		report_forget(device_of(b));
	if (b->call)
		http_call_cancel(b->call);
	b->call = NULL;
	b->again = false;
}

void outbox_link_down(struct device *d)
{
	for (int k = 0; k < OUTBOXES; k++)
		drop_call(&d->outbox[k]);
	d->note_announced = false;
}

void outbox_stop(struct device *d)
{
	for (int k = 0; k < OUTBOXES; k++) {
		struct outbox *b = &d->outbox[k];

		drop_call(b);
		loop_disarm(d->fleet->loop, &b->timer);
		b->wanted = false;
		b->tries = 0;
	}
	d->report_cause = CAUSE_PERIODIC;
	d->note_announced = false;
}
