#include "devices/gateway_impl.h"

#include <assert.h>
#include <stdlib.h>

enum { ANSWER_MAX = 1 << 20 };

const char *const gateway_operations[GATEWAY_OPERATIONS] = {
	"download", "enable", "disable", "delete",
};

static const struct {
	const char *name, *event;
} states[COMMAND_STATES] = {
	[COMMAND_QUEUED] = { "queued", "command-queued" },
	[COMMAND_DELIVERED] = { "delivered", "command-delivered" },
	[COMMAND_COMPLETE] = { "complete", "command-complete" },
	[COMMAND_FAILED] = { "failed", "command-failed" },
	[COMMAND_EXPIRED] = { "expired", "command-expired" },
	[COMMAND_CANCELLED] = { "cancelled", "command-cancelled" },
};

const char *command_state_name(enum command_state state)
{
	assert(state < COMMAND_STATES);
	return states[state].name;
}

static bool has_ended(const struct command *c)
{
	return c->state > COMMAND_DELIVERED;
}

static int64_t now_ms(const struct gateway *g)
{
	return clock_unix_ms(&g->loop->clock);
}

static char *copy(struct str s)
{
	char *z = malloc(s.n + 1);

	assert(z);
	if (s.n)
		memcpy(z, s.p, s.n);
	z[s.n] = '\0';
	return z;
}

static void forget(char **secret)
{
	if (*secret)
		explicit_bzero(*secret, strlen(*secret));
	free(*secret);
	*secret = NULL;
}

static void forget_secrets(struct command *c)
{
	forget(&c->activation_code);
	forget(&c->confirmation_code);
	forget(&c->matching_id);
}

static void command_free(struct command *c)
{
	forget_secrets(c);
	free(c->reference);
	free(c->result);
	free(c->late);
	free(c);
}

/* ---- Life. -------------------------------------------------------------- */

struct gateway *gateway_new(const struct gateway_config *config)
{
	struct gateway *g = calloc(1, sizeof(*g));

	assert(g && !config->fleet->gateway);
	g->handler.handle = gateway_handle;
	g->loop = config->loop;
	g->log = config->log;
	g->fleet = config->fleet;
	g->fleet->gateway = g;
	rng_init(&g->ids, config->seed, GATEWAY_PARTY, STR("command-ids"));
	buf_init(&g->out, ANSWER_MAX);
	if (config->token)
		g->token = copy(str_of(config->token));
	return g;
}

void gateway_free(struct gateway *g)
{
	struct command_queue *q, *next_queue;
	struct command *c, *next;

	if (!g)
		return;
	for (q = g->all; q; q = next_queue) {
		next_queue = q->next;
		for (c = q->first; c; c = next) {
			next = c->next;
			loop_disarm(g->loop, &c->expiry);
			command_free(c);
		}
		free(q);
	}
	map_release(&g->devices);
	map_release(&g->queues);
	map_release(&g->commands);
	map_release(&g->references);
	buf_release(&g->out);
	g->fleet->gateway = NULL;
	free(g->token);
	free(g);
}

struct http_handler *gateway_handler(struct gateway *g)
{
	return &g->handler;
}

/* ---- Devices. ----------------------------------------------------------- */

static struct str upper(struct str s, struct arena *a)
{
	char *text = arena_alloc(a, s.n + 1);

	for (size_t i = 0; i < s.n; i++)
		text[i] = (char)(s.p[i] >= 'a' && s.p[i] <= 'z' ?
				 s.p[i] - 'a' + 'A' : s.p[i]);
	return (struct str){ text, s.n };
}

struct device *gateway_find_device(struct gateway *g, struct str id, struct arena *a)
{
	if (!device_id_well_formed(id))
		return NULL;
	/* A fleet only grows, and its devices stay where they are. */
	for (; g->known < fleet_count(g->fleet); g->known++) {
		struct device *d = fleet_device(g->fleet, g->known);

		map_put(&g->devices, upper(device_id(d), &g->fleet->arena), d);
	}
	return map_get(&g->devices, upper(id, a));
}

const struct command_queue *gateway_find_queue(const struct gateway *g,
					       const struct device *d)
{
	return map_get(&g->queues, device_id(d));
}

static struct command_queue *queue_of(struct gateway *g, struct device *d)
{
	struct command_queue *q = map_get(&g->queues, device_id(d));

	if (q)
		return q;
	q = calloc(1, sizeof(*q));
	assert(q);
	q->device = d;
	q->next = g->all;
	g->all = q;
	map_put(&g->queues, device_id(d), q);
	return q;
}

/* ---- What becomes of a command. ----------------------------------------- */

static void tell(const struct command *c, const char *event)
{
	const struct command_result *r = c->result;

	EVENT(c->gateway->log, GATEWAY_PARTY, event, F_Z("command", c->id),
	      F_STR("device_id", device_id(c->queue->device)),
	      F_Z("operation", c->operation),
	      F_STR("iccid", r && r->iccid.n ? r->iccid : str_of(c->iccid)),
	      F_Z("reference", c->reference),
	      F_STR("code", r ? r->code : STR_NONE),
	      F_STR("subject", r ? r->subject : STR_NONE),
	      F_STR("reason", r ? r->reason : STR_NONE));
}

static void drop_oldest_ended(struct gateway *g, struct command_queue *q)
{
	struct command *older = NULL, *c = q->first;

	for (; !has_ended(c); c = c->next)
		older = c;
	if (older)
		older->next = c->next;
	else
		q->first = c->next;
	if (q->last == c)
		q->last = older;
	map_take(&g->commands, str_of(c->id));
	if (c->reference[0])
		map_take(&g->references, str_of(c->reference));
	command_free(c);
	q->ended--;
}

static void enter(struct command *c, enum command_state state)
{
	c->state = state;
	c->updated_ms = now_ms(c->gateway);
	tell(c, states[state].event);
}

static void end(struct command *c, enum command_state state)
{
	struct command_queue *q = c->queue;

	assert(!has_ended(c));
	loop_disarm(c->gateway->loop, &c->expiry);
	forget_secrets(c);
	q->waiting--;
	q->ended++;
	enter(c, state);
	if (q->ended > COMMANDS_ENDED_MAX)
		drop_oldest_ended(c->gateway, q);
}

static void expire(struct timer *t)
{
	end((struct command *)((char *)t - offsetof(struct command, expiry)),
	    COMMAND_EXPIRED);
}

/* Give the device the next command, if it can take one. */
void gateway_review(struct device *d)
{
	struct gateway *g = d->fleet->gateway;
	struct command_queue *q = g ? map_get(&g->queues, device_id(d)) : NULL;
	struct command *c = q ? q->first : NULL;

	if (!device_online(d) || order_pending(d))
		return;
	while (c && c->state != COMMAND_QUEUED)
		c = c->next;
	if (!c)
		return;
	enter(c, COMMAND_DELIVERED);
	order_command(d, &(struct order_spec){
		.id = str_of(c->id), .operation = str_of(c->operation),
		.iccid = str_of(c->iccid),
		.activation_code = str_of(c->activation_code),
		.confirmation_code = str_of(c->confirmation_code),
	});
}

struct command *gateway_place(struct gateway *g, const struct command_spec *spec)
{
	struct command_queue *q = queue_of(g, spec->device);
	struct command *c;

	if (q->waiting >= COMMANDS_WAITING_MAX)
		return NULL;
	c = calloc(1, sizeof(*c));
	assert(c && spec->iccid.n < sizeof(c->iccid));
	c->gateway = g;
	c->queue = q;
	c->operation = spec->operation;
	rng_hex(&g->ids, c->id, COMMAND_ID_SIZE - 1);
	if (spec->iccid.n)
		memcpy(c->iccid, spec->iccid.p, spec->iccid.n);
	c->reference = copy(spec->reference);
	c->activation_code = copy(spec->activation_code);
	c->confirmation_code = copy(spec->confirmation_code);
	c->matching_id = copy(spec->matching_id);
	c->created_ms = now_ms(g);
	c->expires_ms = c->created_ms + spec->expires_in_s * 1000;
	c->expiry.fire = expire;
	loop_arm(g->loop, &c->expiry, spec->expires_in_s * NS_PER_S);
	map_put(&g->commands, str_of(c->id), c);
	if (c->reference[0])
		map_put(&g->references, str_of(c->reference), c);
	if (q->last)
		q->last->next = c;
	else
		q->first = c;
	q->last = c;
	q->waiting++;
	enter(c, COMMAND_QUEUED);
	gateway_review(spec->device);
	return c;
}

int gateway_cancel(struct command *c)
{
	if (c->state != COMMAND_QUEUED)
		return -1;
	end(c, COMMAND_CANCELLED);
	return 0;
}

/* ---- Results, from the device. ------------------------------------------ */

static struct str pack(char **at, struct str s)
{
	struct str packed = { *at, s.n };

	if (s.n)
		memcpy(*at, s.p, s.n);
	*at += s.n;
	return packed;
}

/* A message may quote the code that it is about; afterwards nobody can tell. */
static struct str clean(const struct command *c, struct str message)
{
	const char *secrets[] = { c->matching_id, c->confirmation_code };

	if (has_ended(c))
		return STR_NONE;
	for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++)
		if (secrets[i][0] && str_find(message, str_of(secrets[i])) >= 0)
			return STR("(not shown: it quotes a secret of the command)");
	return message;
}

static struct command_result *keep(const struct command *c,
				   const struct order_outcome *o)
{
	struct str message = clean(c, o->message);
	struct str iccid = o->iccid.n ? o->iccid : str_of(c->iccid);
	struct command_result *r;
	char *at;

	r = malloc(sizeof(*r) + strlen(o->code) + message.n + o->subject.n +
		   o->reason.n + iccid.n);
	assert(r);
	at = (char *)(r + 1);
	*r = (struct command_result){
		.failed = o->failed, .completed_ms = o->completed_ms,
		.code = pack(&at, str_of(o->code)), .message = pack(&at, message),
		.subject = pack(&at, o->subject), .reason = pack(&at, o->reason),
		.iccid = pack(&at, iccid),
	};
	return r;
}

void gateway_take_result(struct device *d)
{
	struct gateway *g = d->fleet->gateway;
	struct order_outcome o;
	struct command *c;

	if (!order_outcome(d, &o))
		return;
	c = g ? map_get(&g->commands, str_of(o.id)) : NULL;
	if (c && has_ended(c)) {
		if (!c->late && c->state == COMMAND_EXPIRED)
			c->late = keep(c, &o);
		EVENT(g->log, GATEWAY_PARTY, "result-ignored",
		      F_Z("command", c->id), F_Z("why", "late"));
	} else if (c) {
		c->result = keep(c, &o);
		end(c, o.failed ? COMMAND_FAILED : COMMAND_COMPLETE);
	}
	order_acknowledged(d);
}
