/*
 * quirk.h - quirks and faults: odd things that the parties of a world do.
 *
 * Each is a named row of one const table (quirk_table.c), from which the
 * validation of scenarios, the engine and docs/quirks.md are made.  A quirk
 * never touches a party's code.  There are three ways to work:
 *
 *	at set-up     changes what carriers, offers and devices are made of,
 *	              before the world is built: quirk_apply_...()
 *	at a gate     a handler in front of a party's handler, which answers,
 *	              delays, drops, repeats or alters exchanges
 *	on an event   waits for an event and then does something to a device
 *
 * The one rule: whenever a quirk does something, it says so in the event log
 * (party "rig", event "quirk"), so that a report can tell why a run is odd.
 *
 * How a world uses it:
 *
 *	parse      quirk_find(); quirk_setting_init(), _put() for each member of
 *	           the mapping, _check() at the end
 *	build      quirk_apply_carriers(), then quirk_apply_offer() and
 *	           quirk_apply_device() for each setting and each thing made
 *	start      quirk_engine_new(); listen with quirk_engine_gate(party,
 *	           handler) in place of the handler; quirk_engine_set() for each
 *	           setting once the fleet is there
 *	run        quirk_engine_set() and quirk_engine_clear() as steps
 *	end        network_release(), then quirk_engine_free()
 */
#ifndef SCENARIOS_QUIRK_H
#define SCENARIOS_QUIRK_H

#include "devices/fleet.h"
#include "sim/buf.h"
#include "smdp/smdp.h"

/* ---- The table. ------------------------------------------------------- */

/* Whose oddity it is; the word before the dot of the name. */
enum quirk_party {
	QUIRK_PARTY_SPN,	/* a carrier's service provider name */
	QUIRK_PARTY_SMDP,
	QUIRK_PARTY_EIS,
	QUIRK_PARTY_DEVICE,
	QUIRK_PARTY_SERVER,
	QUIRK_PARTIES
};

const char *quirk_party_name(enum quirk_party party);

enum quirk_param_kind {
	QUIRK_PARAM_DURATION,	/* "90s", as in duration.h */
	QUIRK_PARAM_INTEGER,	/* from `min` to `max` */
	QUIRK_PARAM_TEXT,
	QUIRK_PARAM_BOOLEAN,	/* "true" or "false" */
	QUIRK_PARAM_CHOICE,	/* one of the words in `choices` */
	QUIRK_PARAM_DEVICE,	/* the name of a device of the world */
	QUIRK_PARAM_CARRIER,	/* the key of a carrier of the world */
	QUIRK_PARAM_SMDP,	/* the name of an SM-DP+ of the world */
	QUIRK_PARAM_KINDS
};

/* "a duration", "a whole number", ...: for messages. */
const char *quirk_param_kind_name(enum quirk_param_kind kind);

struct quirk_param {
	const char *name;	/* NULL ends a list */
	enum quirk_param_kind kind;
	const char *usual;	/* default in words; NULL: must be given; "": none */
	const char *choices;	/* QUIRK_PARAM_CHOICE: "upper lower swapped" */
	int64_t min, max;	/* QUIRK_PARAM_INTEGER */
	const char *help;
};

struct quirk_ops;		/* how it works: quirk_impl.h */

struct quirk_row {
	const char *name;	/* "smdp.http-500" */
	enum quirk_party party;
	unsigned common;	/* QUIRK_WITH_...: the common parameters it takes */
	const struct quirk_param *params;	/* its own */
	const char *does;	/* one sentence: what happens */
	const char *correct;	/* one sentence: what a correct system shows */
	const struct quirk_ops *ops;
	const char *const *words;	/* constants for the implementation */
	bool setup_only;	/* only in `world`, not as a step */
};

/* Common parameters: who is meant, and how often it happens. */
enum {
	QUIRK_WITH_CARRIER = 1,	/* carrier: only this one; default all */
	QUIRK_WITH_SMDP = 2,	/* smdp: only this one; default all */
	QUIRK_WITH_DEVICE = 4,	/* device: only this one; default all */
	QUIRK_WITH_TIMES = 8,	/* times, skip, chance: which occasions */
	QUIRK_WITH_FOR = 16,	/* for: how long it lasts */
};

size_t quirk_count(void);
const struct quirk_row *quirk_row(size_t index);
/* NULL if there is none of that name. */
const struct quirk_row *quirk_find(struct str name);
/* The name that was probably meant, or NULL: for "did you mean". */
const char *quirk_suggest(struct str name);

/* All parameters of a row, its own and the common ones, in order. */
size_t quirk_param_count(const struct quirk_row *row);
const struct quirk_param *quirk_param(const struct quirk_row *row, size_t index);
/* The parameter that was probably meant, or NULL. */
const char *quirk_param_suggest(const struct quirk_row *row, struct str name);

/* docs/quirks.md, whole. */
void quirk_write_markdown(struct buf *out);

/* ---- One use of a quirk, with its parameters. -------------------------- */

enum { QUIRK_PARAMS_MAX = 12 };

struct quirk_value {
	int64_t number;		/* ns, the integer, 0 or 1, index of the choice */
	struct str text;	/* as it was written */
	bool given;		/* or else the default */
};

/* Texts belong to whoever gave them; quirk_engine_set() copies. */
struct quirk_setting {
	const struct quirk_row *row;
	struct quirk_value values[QUIRK_PARAMS_MAX];	/* by quirk_param() index */
};

/* All defaults. */
void quirk_setting_init(struct quirk_setting *s, const struct quirk_row *row);
/* Read a parameter from its text.  -1: unknown, given twice, or not of its
 * kind; `err` names it and what was expected.  Whether a device, carrier or
 * SM-DP+ of that name exists is for the caller to check. */
int quirk_setting_put(struct quirk_setting *s, struct str name,
		      struct str text, struct err *err);
/* Is all there that must be? */
int quirk_setting_check(const struct quirk_setting *s, struct err *err);
/* The value of a parameter; an assert that the row has it. */
const struct quirk_value *quirk_setting_get(const struct quirk_setting *s,
					    const char *name);

/* ---- At set-up. -------------------------------------------------------- */

/* A carrier before its codes are made. */
struct quirk_carrier {
	struct str key;		/* in the scenario: "freds" */
	struct str name;	/* on the contract */
	struct str spn;		/* in the profile; p NULL: the profile has none */
};

/*
 * Change what the setting is about; other settings change nothing.  New
 * texts live in `a`.  -1: not possible in this world; `err` says why.
 */
int quirk_apply_carriers(const struct quirk_setting *s,
			 struct quirk_carrier *list, size_t count,
			 struct arena *a, struct err *err);
/* A profile that `carrier` offers at an SM-DP+, before it is made. */
int quirk_apply_offer(const struct quirk_setting *s, struct str carrier,
		      struct smdp_profile_spec *offer, struct arena *a,
		      struct err *err);

/* An offer as devices may need to know it. */
struct quirk_offer {
	struct str carrier;	/* its key */
	struct str iccid, spn;
};

/* A device before it is made; its list of profiles may be replaced by a copy
 * in `a`. */
int quirk_apply_device(const struct quirk_setting *s, struct device_spec *spec,
		       const struct quirk_offer *offers, size_t offer_count,
		       struct arena *a, struct err *err);

/* ---- While the world runs. --------------------------------------------- */

struct quirk_engine;
struct rsp_crypto;

struct quirk_engine_config {
	struct loop *loop;
	struct network *net;
	struct eventlog *log;
	uint64_t seed;
	/* Path of the reports at the server; NULL: that of docs/southbound.md. */
	const char *report_path;
};

struct quirk_engine *quirk_engine_new(const struct quirk_engine_config *config);
/* The network must have been released. */
void quirk_engine_free(struct quirk_engine *e);
/* How the SM-DP+s of the world sign, for quirks that lie above their signature; NULL:
 * not at all.  Must outlive the engine. */
void quirk_engine_set_crypto(struct quirk_engine *e, const struct rsp_crypto *crypto);
/* Devices for quirks to act on; NULL takes them away again. */
void quirk_engine_set_fleet(struct quirk_engine *e, struct fleet *fleet);

/*
 * A handler to listen with in place of `next`: owned by the engine.  `url`
 * is where it will be reached ("http://eis.rig"), for what a quirk sends
 * again; `name` is the SM-DP+'s name for `smdp:`, else any.  Both are copied.
 */
struct http_handler *quirk_engine_gate(struct quirk_engine *e,
				       enum quirk_party party, const char *name,
				       const char *url,
				       struct http_handler *next);
/* Another handler behind the gate (a party was started anew). */
void quirk_gate_set_next(struct http_handler *gate, struct http_handler *next);

/* From now on.  A setting of the same quirk and targets replaces the earlier
 * one.  -1: not possible now (a set-up quirk is, and does nothing here). */
int quirk_engine_set(struct quirk_engine *e, const struct quirk_setting *s,
		     struct err *err);
/* The settings in force, in the order in which they were set; NULL at the end. */
const struct quirk_setting *quirk_engine_active(const struct quirk_engine *e,
						size_t index);
/* Take back all settings of the quirk, or only those for that device, carrier
 * or SM-DP+ if `target` is not empty.  Returns how many there were. */
size_t quirk_engine_clear(struct quirk_engine *e, struct str name,
			  struct str target);

#endif
