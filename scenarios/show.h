/*
 * show.h - a living world as JSON, for the control API and its stream: the
 * schemas of control.openapi.yaml, one function each.
 *
 * The one rule: no secret gets out but where the schema says so.
 */
#ifndef SCENARIOS_SHOW_H
#define SCENARIOS_SHOW_H

#include "scenarios/live.h"

void show_world(const struct live *l, struct buf *out);
void show_clock(const struct live *l, struct buf *out);
void show_life(const struct live *l, struct buf *out);
void show_device(const struct live *l, size_t index, struct buf *out);
void show_fleet(const struct world_fleet *f, struct buf *out);
void show_carrier(const struct world_carrier *c, struct buf *out);
void show_code(const struct world_carrier *c, const struct world_code *code, bool reveal,
	       struct buf *out);
void show_user(const struct world_user *u, struct buf *out);
void show_quirk(const struct live *l, const struct quirk_row *row, struct buf *out);
void show_flow(const struct live *l, const struct flow *f, struct buf *out);
/* `whole`: with headers and bodies. */
void show_message(const struct live *l, const struct message *m, bool whole,
		  struct buf *out);
void show_transaction(const struct live *l, const struct flow_row *row, struct buf *out);
void show_operation(const struct live *l, const struct flow_row *row, struct buf *out);
void show_script(const struct live *l, struct buf *out);
void show_caption(const struct live_caption *c, struct buf *out);

/* Parties by number: server, EIS, gateway, SM-DP+s. */
struct show_party {
	struct str key;
	const char *party, *host;
	bool listening;
};
bool show_party_at(const struct live *l, size_t index, struct show_party *p);
void show_party(const struct live *l, const struct show_party *p, struct buf *out);

/* The activation code as people pass it on; masked unless `reveal`. */
struct str show_activation_code(const struct world_carrier *c,
				const struct world_code *code, bool reveal,
				struct arena *a);
/* The carrier that a profile came from, or NULL. */
const struct world_carrier *show_carrier_of(const struct world *w, struct str iccid);
/* JSON (or else text) without its secrets, long strings cut. */
void show_masked(const struct world *w, struct str body, struct json *j);

#endif
