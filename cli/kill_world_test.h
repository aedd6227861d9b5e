/*
 * kill_world_test.h - the world of a server that is killed: registry, devices,
 * and what they know that it must know as well.
 *
 * What was answered is remembered by name; what was asked and not answered may
 * or may not have happened.  The registry has each order once and lets a device
 * carry it out at once.
 */
#ifndef CLI_KILL_WORLD_TEST_H
#define CLI_KILL_WORLD_TEST_H

#include "sim/json.h"
#include "sim/rng.h"
#include "sim/socknet.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	DEVICES = 16,
	CLIENTS = 24,
	ON_DEVICE_MAX = 8,
	ID_SIZE = 40,
	MAYBES_MAX = 64,
	DYING_MS = 300,			/* more than it takes to die and be missed */
};

#define TOKEN "Basic YW5uOnB3"		/* ann:pw */

static inline void must(int rc, const struct err *err)
{
	ck_assert_msg(rc == 0, "%s", err->msg);
}

static inline void device_name(int i, char text[ID_SIZE])
{
	snprintf(text, ID_SIZE, "00000000-00000000-0040FFFF-FF80%04X", (unsigned)i);
}

static inline void eid_name(int i, char text[ID_SIZE])
{
	snprintf(text, ID_SIZE, "890490320000010000000000000%05d", i);
}

/* ---- What is known. ---------------------------------------------------- */

/* Names by hash; values are never taken out. */
struct names {
	struct name {
		char text[ID_SIZE];
		char status[16];
		int64_t since_ns;	/* when we heard of the status */
	} *list;
	size_t count, cap;
	uint32_t *slots;	/* index + 1, or 0 */
	size_t slot_count;
};

static inline size_t slot_of(const struct names *n, struct str text)
{
	uint64_t h = UINT64_C(14695981039346656037);
	size_t at;

	for (size_t i = 0; i < text.n; i++)
		h = (h ^ (unsigned char)text.p[i]) * UINT64_C(1099511628211);
	at = (size_t)h & (n->slot_count - 1);
	while (n->slots[at] && !str_is(text, n->list[n->slots[at] - 1].text))
		at = (at + 1) & (n->slot_count - 1);
	return at;
}

static inline struct name *name_find(const struct names *n, struct str text)
{
	uint32_t i = n->slot_count ? n->slots[slot_of(n, text)] : 0;

	return i ? &n->list[i - 1] : NULL;
}

static inline struct name *name_add(struct names *n, struct str text)
{
	ck_assert_uint_lt(text.n, ID_SIZE);
	if (2 * n->count >= n->slot_count) {
		n->slot_count = n->slot_count ? 2 * n->slot_count : 1024;
		n->cap = n->slot_count;
		free(n->slots);
		n->slots = calloc(n->slot_count, sizeof(*n->slots));
		n->list = realloc(n->list, n->cap * sizeof(*n->list));
		ck_assert(n->slots && n->list);
		for (size_t i = 0; i < n->count; i++)
			n->slots[slot_of(n, str_of(n->list[i].text))] = (uint32_t)i + 1;
	}
	n->list[n->count] = (struct name){ 0 };
	memcpy(n->list[n->count].text, text.p, text.n);
	n->slots[slot_of(n, text)] = (uint32_t)n->count + 1;
	return &n->list[n->count++];
}

static inline void names_release(struct names *n)
{
	free(n->list);
	free(n->slots);
	*n = (struct names){ 0 };
}

/* The profiles of a device, as text: "iccid+" if active, "iccid-", sorted. */
struct profiles {
	char iccid[ON_DEVICE_MAX][24];
	bool active[ON_DEVICE_MAX];
	int count;
};

struct device {
	struct profiles has;		/* what is on it */
	struct profiles acked;		/* of the last report that was answered */
	struct profiles maybe[MAYBES_MAX];	/* of later ones that were not */
	int maybes;
	int64_t sequence;
	bool reporting;
};

struct client {
	int device;
	int64_t sent_ns;
	char text[ID_SIZE];		/* transaction, iccid */
	struct profiles list;		/* of the report on its way */
	bool busy;
};

static struct kill_world {
	struct loop loop;
	struct network *net;
	struct http_handler eis;
	char eis_address[SOCKNET_ADDRESS_SIZE], address[SOCKNET_ADDRESS_SIZE];
	char dir[64], path[80], config[80];
	struct rng rng;
	pid_t pid;			/* of the server, or 0 */
	bool workers;			/* it is the program, with several of them */
	int64_t killed_ns;		/* when the last of those was killed */
	bool killing;			/* no more requests; they may fail */
	bool settling;			/* only reports and progress */
	int open;			/* requests on their way */
	int answers_left;		/* before the loop stops */
	struct timer alarm, watchdog;
	struct device devices[DEVICES];
	struct client clients[CLIENTS];
	struct names orders;		/* by reference; status */
	struct orders { int device; char operation[12], iccid[24], code[24]; } *order;
	struct names transactions, operations, codes;
	struct names found;		/* of the list that is being read */
	uint64_t next_code;
	unsigned long answered, refused, lost;
	struct str list;		/* answer to fetch() */
	struct arena arena;
} w;

static inline int draw(int bound)
{
	return (int)rng_below(&w.rng, (uint64_t)bound);
}

static inline bool profiles_same(const struct profiles *a, const struct profiles *b)
{
	if (a->count != b->count)
		return false;
	for (int i = 0; i < a->count; i++) {
		int k = 0;

		while (k < b->count && (strcmp(a->iccid[i], b->iccid[k]) != 0 ||
					a->active[i] != b->active[k]))
			k++;
		if (k == b->count)
			return false;
	}
	return true;
}

/* ---- The registry and its devices. ------------------------------------- */

static inline int find_profile(const struct profiles *p, const char *iccid)
{
	for (int i = 0; i < p->count; i++)
		if (strcmp(p->iccid[i], iccid) == 0)
			return i;
	return -1;
}

/* The device does it: the result's code. */
static inline const char *carry_out(const struct orders *o)
{
	struct profiles *p = &w.devices[o->device].has;
	int at = find_profile(p, o->iccid);

	if (strcmp(o->operation, "download") == 0) {
		if (at >= 0)
			return "duplicateIccid";
		if (p->count == ON_DEVICE_MAX)
			return "memoryFull";
		snprintf(p->iccid[p->count], sizeof(p->iccid[0]), "%s", o->iccid);
		p->active[p->count++] = false;
		return "ok";
	}
	if (at < 0)
		return "iccidOrAidNotFound";
	if (strcmp(o->operation, "delete") == 0) {
		p->count--;
		memmove(p->iccid[at], p->iccid[p->count], sizeof(p->iccid[0]));
		p->active[at] = p->active[p->count];
		return "ok";
	}
	if (strcmp(o->operation, "enable") == 0)
		for (int i = 0; i < p->count; i++)
			p->active[i] = false;
	p->active[at] = strcmp(o->operation, "enable") == 0;
	return "ok";
}

static inline void take(char *to, size_t size, const cJSON *o, const char *key)
{
	const cJSON *m = cJSON_GetObjectItemCaseSensitive(o, key);

	snprintf(to, size, "%s", cJSON_IsString(m) ? m->valuestring : "");
}

static inline int device_of_eid(const char *eid)
{
	char text[ID_SIZE];

	for (int i = 0; i < DEVICES; i++) {
		eid_name(i, text);
		if (strcmp(eid, text) == 0)
			return i;
	}
	ck_abort_msg("order for the unknown EID %s", eid);
}

static inline bool is_open(const struct name *n)
{
	return strcmp(n->status, "queued") == 0 || strcmp(n->status, "delivered") == 0;
}

/* Requests that exclude each other: the server takes one, and refuses the other. */
static inline void check_alone(const struct orders *o)
{
	for (size_t i = 0; i < w.orders.count; i++)
		ck_assert_msg(&w.order[i] == o || !is_open(&w.orders.list[i]) ||
			      w.order[i].device != o->device ||
			      strcmp(w.order[i].iccid, o->iccid) != 0,
			      "two open orders for profile %s of device %d: %s, %s", o->iccid,
			      o->device, w.order[i].operation, o->operation);
}

static inline size_t place_order(struct str body)
{
	char reference[ID_SIZE], eid[ID_SIZE], code[100];
	struct err err;
	cJSON *tree = json_parse(body, &err);
	struct orders *o;
	struct name *n;

	ck_assert_msg(tree != NULL, "%s", err.msg);
	take(reference, sizeof(reference), tree, "reference");
	n = name_find(&w.orders, str_of(reference));
	if (!n) {
		n = name_add(&w.orders, str_of(reference));
		w.order = realloc(w.order, w.orders.cap * sizeof(*w.order));
		ck_assert(w.order != NULL);
		o = &w.order[n - w.orders.list];
		take(eid, sizeof(eid), tree, "eid");
		o->device = device_of_eid(eid);
		take(o->operation, sizeof(o->operation), tree, "operation");
		take(o->iccid, sizeof(o->iccid), tree, "iccid");
		take(code, sizeof(code), tree, "activationCode");
		check_alone(o);
		snprintf(n->status, sizeof(n->status), "queued");
		o->code[0] = '\0';
	}
	cJSON_Delete(tree);
	return (size_t)(n - w.orders.list);
}

static inline void look_at_order(size_t i)
{
	struct name *n = &w.orders.list[i];
	struct orders *o = &w.order[i];

	if (!is_open(n) || draw(3) == 0)
		return;
	snprintf(o->code, sizeof(o->code), "%s", draw(20) ? carry_out(o) : "catBusy");
	snprintf(n->status, sizeof(n->status), "%s",
		 strcmp(o->code, "ok") == 0 ? "complete" : "failed");
}

static inline void eis_answer(struct http_exchange *x, void *arg)
{
	(void)arg;
	http_reply(x);
}

static inline void eis_handle(struct http_handler *h, struct http_exchange *x)
{
	static const char prefix[] = "/eis/v1/orders/o";
	struct str path = x->req.path;
	uint64_t i;

	(void)h;
	if (str_is(x->req.method, "POST")) {
		i = place_order(x->req.body);
	} else {
		ck_assert(str_starts(path, str_of(prefix)));
		path = (struct str){ path.p + strlen(prefix), path.n - strlen(prefix) };
		ck_assert_int_eq(str_to_u64(path, w.orders.count - 1, &i), 0);
		look_at_order(i);
	}
	x->resp.status = 200;
	http_header_set(&x->resp.headers, x->arena, STR("Content-Type"), STR("application/json"));
	x->resp.body = arena_printf(x->arena, "{\"id\":\"o%zu\",\"status\":\"%s\","
		"\"result\":{\"code\":\"%s\",\"iccid\":\"%s\"}}", (size_t)i,
		w.orders.list[i].status, w.order[i].code, w.order[i].iccid);
	http_delay(x, draw(3) * NS_PER_MS / 2, eis_answer, NULL);
}

#endif
