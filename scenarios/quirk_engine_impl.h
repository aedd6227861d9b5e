/*
 * quirk_engine_impl.h - the engine of the quirks inside: quirk_engine.c has what is
 * in force and the gates, quirk_letter.c what is sent later, quirk_deed.c what is
 * done to devices.
 */
#ifndef SCENARIOS_QUIRK_ENGINE_IMPL_H
#define SCENARIOS_QUIRK_ENGINE_IMPL_H

#include "scenarios/quirk_impl.h"

/* Events of quirks are of this party. */
#define QUIRK_RIG STR("rig")

struct quirk_deed;

struct quirk_engine {
	struct loop *loop;
	struct network *net;
	struct eventlog *log;
	struct fleet *fleet;		/* may be NULL */
	const struct rsp_crypto *crypto;
	uint64_t seed;
	char *report_path;
	struct quirk_gate *gates;
	struct quirk_active *first, *last;	/* in the order they were set */
	size_t at_gate[QUIRK_PARTIES];	/* how many are in force there */
	size_t listening;		/* how many wait for events */
	struct eventlog_listener listener;
	struct quirk_deed *deeds;
	struct quirk_letter *letters;
	uint64_t next_number;
};

/* Does that device, by its name, fall to the quirk? */
bool quirk_is_meant(const struct quirk_active *q, struct str device);
/* Counts this occasion; does it act on it, by `times`, `skip` and `chance`? */
bool quirk_is_occasion(struct quirk_active *q);

/* quirk_letter.c */
/* Is this one of those that were sent?  Its mark is taken off. */
bool quirk_is_letter(struct quirk_engine *e, struct http_exchange *x);

/* quirk_deed.c */
void quirk_each_device(struct quirk_active *q,
		       void (*fn)(struct quirk_active *, struct device *));
void quirk_begin_device(struct quirk_active *q, struct device *d);
/* Of a quirk that comes and goes: its `beat`. */
void quirk_beat(struct timer *t);
/* The engine's listener: what devices go through is an occasion of some quirks. */
void quirk_hear(struct eventlog_listener *l, const struct event *event, struct str line);
void quirk_forget_deeds(struct quirk_engine *e);

#endif
