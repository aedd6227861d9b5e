#include "devices/device.h"
#include "sim/json.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { ORDER_ID_MAX = 64, MESSAGE_MAX = 200, CODE_MAX = 16, SECRET_MAX = 1024 };

enum operation { OP_DOWNLOAD, OP_ENABLE, OP_DISABLE, OP_DELETE, OP_UNKNOWN };

static const char *const operation_names[] = {
	[OP_DOWNLOAD] = "download", [OP_ENABLE] = "enable",
	[OP_DISABLE] = "disable", [OP_DELETE] = "delete",
};

enum phase {
	PHASE_RUNNING,	/* received, and not done with the card */
	PHASE_TRIAL,	/* the card is switched; does that give network? */
	PHASE_DONE	/* the result stands */
};

/*
 * An order is in flash from the moment it is received, so that after a power
 * loss the device knows what it was at; when it is done it stays there with
 * its result, so that the same order is never carried out twice.
 */
struct order {
	struct device *device;
	struct timer timer;		/* the command; then the fallback */
	enum operation operation;
	enum phase phase;
	bool commanded;			/* by the gateway: it has the result */
	bool acknowledged;
	bool failed;
	const char *code;		/* of docs/southbound.md */
	int64_t completed_ms;
	char id[ORDER_ID_MAX + 1];
	char iccid[ICCID_SIZE];		/* download: once it is known */
	char earlier[ICCID_SIZE];	/* enabled before the trial; may be "" */
	char message[MESSAGE_MAX], subject[CODE_MAX], reason[CODE_MAX];
	char *activation_code, *confirmation_code;	/* until it is done */
};

bool order_pending(const struct device *d)
{
	return (d->order && !d->order->acknowledged) || d->discovery;
}

bool order_commanded(const struct device *d)
{
	return d->order && d->order->commanded;
}

const char *order_operation(const struct device *d)
{
	return d->order && d->order->operation != OP_UNKNOWN ?
	       operation_names[d->order->operation] : NULL;
}

static void forget_secrets(struct order *o)
{
	free(o->activation_code);
	free(o->confirmation_code);
	o->activation_code = o->confirmation_code = NULL;
}

/* ---- The result. -------------------------------------------------------- */

static void done(struct order *o, bool ok, const char *code, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
static void done(struct order *o, bool ok, const char *code, const char *fmt, ...)
{
	struct device *d = o->device;
	va_list ap;

	assert(o->phase != PHASE_DONE);
	loop_disarm(d->fleet->loop, &o->timer);
	forget_secrets(o);
	o->phase = PHASE_DONE;
	o->failed = !ok;
	o->code = code;
	o->completed_ms = device_unix_ms(d);
	va_start(ap, fmt);
	vsnprintf(o->message, sizeof(o->message), fmt, ap);
	va_end(ap);
	EVENT(d->fleet->log, device_party(d), "order-result",
	      F_Z("order", o->id), F_Z("status", ok ? "complete" : "failed"),
	      F_Z("code", code), F_Z("iccid", o->iccid));
	outbox_want(d, OUTBOX_RESULT, 0);
}

static void refused(struct order *o, enum es10_function f, int code)
{
	const char *name = es10_result_name(f, code);

	done(o, false, name ? name : "undefinedError", "%s: %s",
	     es10_function_name(f), name ? name : "undefined error");
}

bool order_outcome(const struct device *d, struct order_outcome *out)
{
	const struct order *o = d->order;

	if (!o || o->phase != PHASE_DONE || o->acknowledged)
		return false;
	*out = (struct order_outcome){
		.id = o->id, .failed = o->failed, .code = o->code,
		.message = str_of(o->message), .subject = str_of(o->subject),
		.reason = str_of(o->reason), .iccid = str_of(o->iccid),
		.completed_ms = o->completed_ms,
	};
	return true;
}

bool order_result(struct device *d, struct buf *body, const char **id)
{
	struct json j = json_to(body);
	struct order_outcome o;
	char time[CLOCK_ISO_SIZE];

	if (!order_outcome(d, &o))
		return false;
	clock_iso_to(o.completed_ms, time);
	json_open(&j, '{');
	json_put(&j, "eid", device_eid(d));
	json_putz(&j, "status", o.failed ? "failed" : "complete");
	json_putz(&j, "code", o.code);
	json_put_opt(&j, "message", o.message);
	json_put_opt(&j, "subjectCode", o.subject);
	json_put_opt(&j, "reasonCode", o.reason);
	json_put_opt(&j, "iccid", o.iccid);
	json_putz(&j, "completed", time);
	json_close(&j, '}');
	*id = o.id;
	return true;
}

void order_acknowledged(struct device *d)
{
	if (d->order && d->order->phase == PHASE_DONE)
		d->order->acknowledged = true;
	device_arm_poll(d);
	gateway_review(d);
}

/* ---- Switching profiles, and going back. -------------------------------- */

/* The card has changed.  With a second link that was all; otherwise the new
 * profile has to show that it gives network. */
static void begin_trial(struct order *o, const char *earlier)
{
	struct device *d = o->device;

	o->phase = PHASE_TRIAL;
	memcpy(o->earlier, earlier, sizeof(o->earlier));
	if (d->online)
		done(o, true, "ok", "%s", "");
	else
		loop_arm(d->fleet->loop, &o->timer, d->fleet->fallback_ns);
}

static void fall_back(struct order *o)
{
	struct device *d = o->device;
	struct euicc_profile *now = euicc_active(&d->euicc);
	char from[ICCID_SIZE] = "";

	if (now)
		memcpy(from, now->iccid, sizeof(from));
	EVENT(d->fleet->log, device_party(d), "fallback", F_Z("order", o->id),
	      F_Z("from", from), F_Z("to", o->earlier));
	euicc_switch(&d->euicc, euicc_find(&d->euicc, str_of(o->earlier)));
	done(o, false, "noNetwork", "no network with %s; went back to %s",
	     from[0] ? from : "no profile",
	     o->earlier[0] ? o->earlier : "no profile");
}

/* One of ES10c's functions on a profile. */
static int command(struct device *d, enum es10_tag tag, const char *iccid)
{
	struct es10_request rq = { .tag = tag, .iccid = str_of(iccid) };
	struct es10_answer an;
	struct arena none = { 0 };

	euicc_call(&d->euicc, &rq, &none, &an);
	return an.code;
}

static void note_active(struct device *d, char iccid[ICCID_SIZE])
{
	const struct euicc_profile *p = euicc_active(&d->euicc);

	memset(iccid, 0, ICCID_SIZE);
	if (p)
		memcpy(iccid, p->iccid, ICCID_SIZE);
}

static void enable(struct order *o)
{
	struct device *d = o->device;
	struct euicc_profile *p = euicc_find(&d->euicc, str_of(o->iccid));
	bool was_dead = p && p->no_network;
	char earlier[ICCID_SIZE];
	int code;

	note_active(d, earlier);
	/* Before the switch: the card's hook looks at it. */
	if (p && d->enable_dead)
		p->no_network = true;
	code = command(d, ES10_TAG_ENABLE_PROFILE, o->iccid);
	if (code != ES10_OK) {
		if (p)
			p->no_network = was_dead;
		refused(o, ES10_ENABLE_PROFILE, code);
		return;
	}
	d->enable_dead = false;
	begin_trial(o, earlier);
}

/* The profile that is there to get a device on the air again. */
static const struct euicc_profile *find_bootstrap(const struct device *d,
						  const char *but)
{
	for (size_t i = 0; i < d->euicc.profile_count; i++) {
		const struct euicc_profile *p = &d->euicc.profiles[i];

		if (p->class == PROFILE_CLASS_PROVISIONING &&
		    strcmp(p->iccid, but) != 0)
			return p;
	}
	return NULL;
}

static void disable(struct order *o)
{
	struct device *d = o->device;
	const struct euicc_profile *bootstrap;
	char earlier[ICCID_SIZE], next[ICCID_SIZE];
	int code;

	note_active(d, earlier);
	code = command(d, ES10_TAG_DISABLE_PROFILE, o->iccid);
	if (code != ES10_OK) {
		refused(o, ES10_DISABLE_PROFILE, code);
		return;
	}
	bootstrap = d->second_link ? NULL : find_bootstrap(d, o->iccid);
	if (bootstrap) {
		memcpy(next, bootstrap->iccid, sizeof(next));
		command(d, ES10_TAG_ENABLE_PROFILE, next);
	}
	begin_trial(o, earlier);
}

static void delete(struct order *o)
{
	int code = command(o->device, ES10_TAG_DELETE_PROFILE, o->iccid);

	if (code == ES10_OK)
		done(o, true, "ok", "%s", "");
	else
		refused(o, ES10_DELETE_PROFILE, code);
}

/* ---- Download. ---------------------------------------------------------- */

static int64_t apdu_ns(void *arg)
{
	return device_draw_ns(arg, DRAW_APDU);
}

static int64_t install_ns(void *arg)
{
	return device_draw_ns(arg, DRAW_INSTALL);
}

static bool online(void *arg)
{
	return device_online(arg);
}

/* From now on a profile of this ICCID is the one of this order, unless the
 * card had it before. */
static void learned(void *arg, const char *iccid)
{
	struct device *d = arg;

	if (!euicc_find(&d->euicc, str_of(iccid)))
		memcpy(d->order->iccid, iccid, strlen(iccid) + 1);
}

static void copy_text(char *to, size_t size, struct str s)
{
	size_t n = s.n < size ? s.n : size - 1;

	if (n)
		memcpy(to, s.p, n);
	to[n] = '\0';
}

static void downloaded(void *arg, const struct lpa_result *r)
{
	struct device *d = arg;
	struct order *o = d->order;

	copy_text(o->subject, sizeof(o->subject), r->subject);
	copy_text(o->reason, sizeof(o->reason), r->reason);
	if (r->iccid[0])
		memcpy(o->iccid, r->iccid, sizeof(o->iccid));
	done(o, r->ok, r->code, "%.*s", STRF(r->message));
	lpa_free(d->lpa);
	d->lpa = NULL;
	outbox_want(d, OUTBOX_NOTIFICATION, 0);
}

static void download(struct order *o)
{
	struct device *d = o->device;
	struct lpa_config config = {
		.loop = d->fleet->loop, .net = d->fleet->net,
		.log = d->fleet->log, .party = device_party(d),
		.order = str_of(o->id), .euicc = &d->euicc, .consent = true, .arg = d,
		.apdu_ns = apdu_ns, .install_ns = install_ns, .online = online,
		.learned = learned, .done = downloaded,
	};
	struct activation_code ac = { 0 };
	struct err err;

	if (!o->activation_code && d->euicc.default_smdp) {
		ac.smdp_address = str_of(d->euicc.default_smdp);
	} else if (!o->activation_code) {
		done(o, false, "downloadFailed", "no activation code");
		return;
	} else if (activation_code_parse(str_of(o->activation_code), &ac, &err) < 0) {
		done(o, false, "downloadFailed", "%s", err.msg);
		return;
	}
	d->lpa = lpa_start(&config, &ac, str_of(o->confirmation_code));
}

/* ---- From the EIS or the gateway to the card. --------------------------- */

static void fire(struct timer *t)
{
	struct order *o = (struct order *)((char *)t -
			  offsetof(struct order, timer));

	if (o->phase == PHASE_TRIAL) {
		fall_back(o);
		return;
	}
	switch (o->operation) {
	case OP_DOWNLOAD:
		download(o);
		return;
	case OP_ENABLE:
		enable(o);
		return;
	case OP_DISABLE:
		disable(o);
		return;
	case OP_DELETE:
		delete(o);
		return;
	case OP_UNKNOWN:
		done(o, false, "undefinedError", "no such operation");
		return;
	}
}

/* The order in an answer; -1 if there is none that could be answered. */
static int read_order(struct str json, struct arena *a, struct order_spec *w)
{
	struct {
		const char *key;
		struct str *value;
		size_t max;
	} members[] = {
		{ "id", &w->id, ORDER_ID_MAX },
		{ "operation", &w->operation, SECRET_MAX },
		{ "iccid", &w->iccid, ICCID_DIGITS_MAX },
		{ "activationCode", &w->activation_code, SECRET_MAX },
		{ "confirmationCode", &w->confirmation_code, SECRET_MAX },
	};
	struct err err;
	cJSON *tree = json_parse(json, &err);
	int rc = cJSON_IsObject(tree) ? 0 : -1;

	for (size_t i = 0; rc == 0 && i < sizeof(members) / sizeof(members[0]); i++) {
		if (json_get_str(tree, members[i].key, a, members[i].value, &err) < 0)
			rc = -1;
		else if (members[i].value->n > members[i].max)
			rc = -1;
	}
	cJSON_Delete(tree);
	return w->id.n ? rc : -1;
}

static enum operation operation_of(struct str name)
{
	for (int i = 0; i < OP_UNKNOWN; i++)
		if (str_is(name, operation_names[i]))
			return (enum operation)i;
	return OP_UNKNOWN;
}

static char *copy(struct str s)
{
	char *z = s.n ? strndup(s.p, s.n) : NULL;

	assert(z || !s.n);
	return z;
}

static struct order *begin(struct device *d, const struct order_spec *spec)
{
	struct order *o;

	order_free(d);
	o = calloc(1, sizeof(*o));
	assert(o);
	d->order = o;
	o->device = d;
	o->timer.fire = fire;
	o->operation = operation_of(spec->operation);
	memcpy(o->id, spec->id.p, spec->id.n);
	if (spec->iccid.n && o->operation != OP_DOWNLOAD)
		memcpy(o->iccid, spec->iccid.p, spec->iccid.n);
	o->activation_code = copy(spec->activation_code);
	o->confirmation_code = copy(spec->confirmation_code);
	EVENT(d->fleet->log, device_party(d), "order-received",
	      F_Z("order", o->id), F_STR("operation", spec->operation),
	      F_Z("iccid", o->iccid));
	loop_arm(d->fleet->loop, &o->timer, o->operation == OP_DOWNLOAD ? 0 :
		 device_draw_ns(d, DRAW_APDU));
	return o;
}

bool order_receive(struct device *d, struct str json, struct arena *a)
{
	struct order_spec spec = { 0 };

	if (read_order(json, a, &spec) < 0)
		return false;
	if (d->order && str_is(spec.id, d->order->id)) {
		d->order->acknowledged = false;
		outbox_want(d, OUTBOX_RESULT, 0);
		return true;
	}
	/* A command came while the EIS was asked: its order comes again. */
	if (!order_pending(d))
		begin(d, &spec);
	return true;
}

void order_command(struct device *d, const struct order_spec *spec)
{
	assert(!order_pending(d) && spec->id.n <= ORDER_ID_MAX);
	loop_disarm(d->fleet->loop, &d->poll_timer);
	begin(d, spec)->commanded = true;
}

/* ---- Link and power. ---------------------------------------------------- */

void order_link_up(struct device *d)
{
	if (d->order && d->order->phase == PHASE_TRIAL)
		done(d->order, true, "ok", "%s", "");
}

void order_link_down(struct device *d)
{
	if (d->lpa)
		lpa_link_lost(d->lpa);
}

void order_suspend(struct device *d)
{
	if (d->order)
		loop_disarm(d->fleet->loop, &d->order->timer);
}

void order_resume(struct device *d)
{
	struct order *o = d->order;

	if (!o)
		return;
	switch (o->phase) {
	case PHASE_TRIAL:
		loop_arm(d->fleet->loop, &o->timer, d->fleet->fallback_ns);
		return;
	case PHASE_RUNNING:
		/* Only a download has a long time between order and effect. */
		if (o->operation == OP_DOWNLOAD && o->iccid[0] &&
		    euicc_find(&d->euicc, str_of(o->iccid)))
			done(o, true, "ok", "%s", "the power was lost, but not the profile");
		else
			done(o, false, "interrupted", "%s", "the power was lost before it was done");
		return;
	case PHASE_DONE:
		return;
	}
}

void order_free(struct device *d)
{
	struct order *o = d->order;

	if (!o)
		return;
	loop_disarm(d->fleet->loop, &o->timer);
	forget_secrets(o);
	free(o);
	d->order = NULL;
}

/* ---- Its state, for another process. ------------------------------------ */

static const char *const phase_names[] = {
	[PHASE_RUNNING] = "running", [PHASE_TRIAL] = "trial", [PHASE_DONE] = "done",
};

bool order_in_flash(const struct device *d)
{
	return d->order && d->order->operation != OP_UNKNOWN;
}

void order_state_write(const struct device *d, struct json *j)
{
	const struct order *o = d->order;

	json_open(j, '{');
	json_putz(j, "id", o->id);
	json_putz(j, "operation", operation_names[o->operation]);
	json_putz(j, "phase", phase_names[o->phase]);
	json_put_bool(j, "commanded", o->commanded);
	json_put_bool(j, "acknowledged", o->acknowledged);
	json_put_bool(j, "failed", o->failed);
	json_put_opt(j, "code", str_of(o->code));
	json_put_int(j, "completed", o->completed_ms);
	json_put_opt(j, "iccid", str_of(o->iccid));
	json_put_opt(j, "earlier", str_of(o->earlier));
	json_put_opt(j, "message", str_of(o->message));
	json_put_opt(j, "subject", str_of(o->subject));
	json_put_opt(j, "reason", str_of(o->reason));
	json_put_opt(j, "activation_code", str_of(o->activation_code));
	json_put_opt(j, "confirmation_code", str_of(o->confirmation_code));
	json_close(j, '}');
}

/* A text with room for it; -1: it is too long. */
static int take(const cJSON *state, const char *key, char *to, size_t size,
		struct err *err)
{
	struct arena a = { 0 };
	struct str text;
	int rc = json_get_str(state, key, &a, &text, err);

	if (rc > 0 && text.n >= size)
		rc = err_set(err, ERR_INVALID, "order: its %s is too long", key);
	else if (rc > 0)
		memcpy(to, text.p, text.n);
	arena_release(&a);
	return rc < 0 ? -1 : 0;
}

static int read_phase(struct order *o, struct str name, struct err *err)
{
	for (int i = PHASE_RUNNING; i <= PHASE_DONE; i++) {
		o->phase = (enum phase)i;
		if (str_is(name, phase_names[i]))
			return 0;
	}
	return err_set(err, ERR_INVALID, "order: it is in no phase");
}

static int read_state(struct order *o, const cJSON *state, struct arena *a,
		      struct err *err)
{
	struct str operation = STR_NONE, phase = STR_NONE, code = STR_NONE,
		activation = STR_NONE, confirmation = STR_NONE;

	if (take(state, "id", o->id, sizeof(o->id), err) < 0 ||
	    take(state, "iccid", o->iccid, sizeof(o->iccid), err) < 0 ||
	    take(state, "earlier", o->earlier, sizeof(o->earlier), err) < 0 ||
	    take(state, "message", o->message, sizeof(o->message), err) < 0 ||
	    take(state, "subject", o->subject, sizeof(o->subject), err) < 0 ||
	    take(state, "reason", o->reason, sizeof(o->reason), err) < 0 ||
	    json_get_str(state, "operation", a, &operation, err) < 0 ||
	    json_get_str(state, "phase", a, &phase, err) < 0 ||
	    json_get_str(state, "code", a, &code, err) < 0 ||
	    json_get_str(state, "activation_code", a, &activation, err) < 0 ||
	    json_get_str(state, "confirmation_code", a, &confirmation, err) < 0 ||
	    json_get_bool(state, "commanded", &o->commanded, err) < 0 ||
	    json_get_bool(state, "acknowledged", &o->acknowledged, err) < 0 ||
	    json_get_bool(state, "failed", &o->failed, err) < 0 ||
	    json_get_int(state, "completed", &o->completed_ms, err) < 0 ||
	    read_phase(o, phase, err) < 0)
		return -1;
	o->operation = operation_of(operation);
	if (!o->id[0] || o->operation == OP_UNKNOWN || (o->phase == PHASE_DONE && !code.n))
		return err_set(err, ERR_INVALID, "order: something is missing");
	o->code = code.n ? arena_str(&o->device->fleet->arena, code).p : NULL;
	o->activation_code = copy(activation);
	o->confirmation_code = copy(confirmation);
	return 0;
}

int order_state_read(struct device *d, const cJSON *state, struct err *err)
{
	struct order *o = calloc(1, sizeof(*o));
	struct arena a = { 0 };
	int rc;

	assert(o);
	order_free(d);
	d->order = o;
	o->device = d;
	o->timer.fire = fire;
	rc = read_state(o, state, &a, err);
	arena_release(&a);
	if (rc < 0)
		order_free(d);
	return rc;
}
