/*
 * world.h - the parties of a scenario, alive: built from what its `world`
 * says, on one loop, with quirk gates and delays between them.
 *
 * The world knows every name that a scenario may use (world_lookup) and
 * every secret in it (world_mask).  What the scenario leaves open (EIDs,
 * ICCIDs, passwords, matching ids) is made up from the seed.
 */
#ifndef SCENARIOS_WORLD_H
#define SCENARIOS_WORLD_H

#include "devices/fleet.h"
#include "devices/gateway.h"
#include "eis/eis.h"
#include "scenarios/delay_gate.h"
#include "scenarios/quirk.h"
#include "scenarios/relay.h"
#include "scenarios/runner.h"
#include "scenarios/template.h"
#include "scenarios/traffic.h"
#include "server/server.h"
#include "sim/map.h"
#include "smdp/smdp.h"
#include "smdp/smds.h"

/* A party that listens: its handler, seen through its gates. */
struct world_host {
	struct str key;			/* "server", "eis", "smdp", key of world.smdps */
	const char *party;		/* in the event log */
	const char *name;		/* host name: "eis.rig" */
	enum quirk_party kind;
	struct delay_gate *delay;	/* or NULL */
	struct http_handler *tap;	/* traffic.h, right in front of it; or NULL */
	struct http_handler *wrapped;	/* of run_target, behind that; or NULL */
	struct http_handler *gate;	/* the quirk gate in front of these */
	struct http_handler *front;	/* of run_front, in front of all; or NULL */
	bool listening;
};

struct world_smdp {
	struct world_host host;
	struct smdp *smdp;
};

struct world_account {
	struct str key, name;
	int64_t customer_id;
	struct str authorization;	/* of a user that only the rig has */
};

struct world_user {
	struct str key, name, password;
	const struct world_account *account;
	enum server_role role;
	struct str authorization;	/* the header's value */
	struct str api_key_id, api_key_secret;	/* or STR_NONE */
};

struct world_code {
	struct str iccid, matching_id, confirmation_code, activation_code, spn;
	const struct world_account *account;
	bool registered;
};

struct world_carrier {
	const struct scenario_carrier *sc;
	struct str key, name, spn;	/* spn.p NULL: none */
	struct world_smdp *smdp;	/* NULL: an address where nobody is */
	struct str smdp_address;
	struct world_code *codes;
	size_t code_count;
};

struct world_device {
	const struct scenario_device *sc;
	struct str key;			/* "router", "fleet[3]" */
	struct str device_id, eid;
	const struct world_account *account;
	const struct device_profile_spec *profiles;
	size_t profile_count;
	struct device *device;
};

struct world_fleet {
	struct str key;
	size_t first, count;		/* of `devices` */
};

struct world_quirk {
	const struct scenario_quirk *sc;
	struct quirk_setting setting;
};

struct world {
	const struct scenario *sc;
	const struct run_options *options;
	struct arena *arena;
	uint64_t seed;
	struct rng made_up;		/* passwords, tokens, matching ids */
	struct loop loop;
	struct eventlog log;
	struct network *net;
	struct quirk_engine *quirks;
	struct traffic *traffic;	/* or NULL */
	struct store *store;		/* this and the next: NULL at a foreign server */
	struct server *server;		/* NULL while it is stopped */
	struct world_host server_host;
	struct relay reports;		/* to a foreign server, behind quirks */
	struct rsp_pki *pki;		/* NULL: no cryptography */
	struct rsp_crypto *crypto;
	struct eis *eis;
	struct world_host eis_host;
	struct world_smdp *smdps;
	size_t smdp_count;
	struct smds *smds;		/* or NULL */
	bool smds_listens;
	struct fleet *fleet;
	struct gateway *gateway;	/* of the fleet */
	struct world_host gateway_host;
	struct world_account *accounts;
	size_t account_count;
	struct world_user *users;
	size_t user_count;
	struct world_carrier *carriers;
	size_t carrier_count;
	struct world_device *devices;
	size_t device_count;
	struct world_fleet *fleets;
	size_t fleet_count;
	struct world_quirk *quirk_list;
	size_t quirk_count;
	struct map objects;		/* key -> struct world_object */
	struct map travel;		/* party -> struct rng */
	struct str eis_token, gateway_token, report_token;
	struct str server_url;		/* how people reach the server under test; or empty */
	bool entered;			/* run_target.leave() is due */
	struct str *secrets;
	size_t secret_count, secret_cap;
	bool settling;			/* set-up: nothing is slow */
	uint64_t serial;		/* of made-up EIDs and ICCIDs */
};

/*
 * Build it all and start listening; nothing has happened yet.  -1: not
 * possible, `err` says why.  world_release() is needed in either case.
 */
int world_init(struct world *w, const struct scenario *sc,
	       const struct run_options *options, struct arena *a,
	       struct err *err);
void world_release(struct world *w);

/* The target's server joins the world, if there is one; before any step. */
int world_enter(struct world *w, struct err *err);
/* Remember something that must never be shown; returns it. */
struct str world_secret(struct world *w, struct str secret);

/* Apply the quirks of the scenario that act while the world runs. */
int world_start_quirks(struct world *w, struct err *err);
/* For template.h: `arg` is the world; knows objects, not saved variables. */
const struct value *world_lookup(void *arg, struct str path, struct arena *a,
				 struct err *err);

/* "router", "fleet[3]": one; "fleet": all of it.  -1 if there is none. */
int world_find_devices(const struct world *w, struct str name, size_t *first,
		       size_t *count, struct err *err);
/* NULL if there is none; an empty key is the first user. */
const struct world_user *world_find_user(const struct world *w, struct str key);

/* ---- More of it, while it lives. ------------------------------------------- */

/* Devices of one kind: they are running, and have not reported.  -1: something
 * of that key is there (ERR_STATE), or it cannot be; what was made stays. */
int world_add_fleet(struct world *w, const struct scenario_fleet *sf, struct err *err);
/* With its codes, which the server is told of if they are registered. */
int world_add_carrier(struct world *w, const struct scenario_carrier *sc,
		      struct err *err);
/* `count` of them like `sc`, which names no ICCID if there are several. */
int world_add_codes(struct world *w, struct world_carrier *c,
		    const struct scenario_code *sc, size_t count, struct err *err);
/* What the scenario's `world` would say of it, as a map in JSON ("fleets":
 * {...}): read and checked as in a file, with the names of this world. */
const struct scenario *world_read_more(struct world *w, struct str json, struct err *err);

/* Stop listening (the server's process ends as well), and start again. */
int world_stop(struct world *w, struct str host_key, struct err *err);
int world_start(struct world *w, struct str host_key, struct err *err);

/* `text` with every secret of the world replaced by "***". */
struct str world_mask(const struct world *w, struct str text, struct arena *a);

/* Reads one device's state as JSON: what expect-device looks at. */
void world_device_json(const struct world_device *d, struct buf *out);

#endif
