/*
 * fleet.h - all simulated devices of a world, and what can be done to one.
 *
 * A device is a host (power, reboot, link, clock, reporting), an LPA (ES9+
 * client, EIS client) and an eUICC.  It has network only through its active
 * profile, or through a second link where the world gives it one.  An idle
 * device costs at most 1 KiB.
 */
#ifndef DEVICES_FLEET_H
#define DEVICES_FLEET_H

#include "sim/http.h"
#include "sim/latency.h"

struct fleet;
struct device;
struct rsp_crypto;

/* How long the things a device does take.  Zeroed: no time. */
struct device_latency {
	struct latency poll;	/* from one look at the EIS to the next; at least 1 s */
	struct latency boot;	/* power on to running */
	struct latency attach;	/* running, or a new active profile, to network */
	struct latency report;	/* a change to its report */
	struct latency apdu;	/* one command to the eUICC */
	struct latency install;	/* writing a profile into the eUICC */
};

/* Strings and latencies are copied.  Zero numbers mean [defaults]. */
struct fleet_config {
	struct loop *loop;
	struct network *net;
	struct eventlog *log;
	uint64_t seed;
	const char *eis_url;		/* "http://eis.rig" */
	const char *report_url;		/* NULL: devices do not report */
	const char *report_token;
	bool report_changes;		/* after a change: only what changed */
	/* Behind which sequences of reports and profile lists begin: where devices
	 * forget theirs, it must rise from one fleet to the next [0]. */
	int64_t sequence_base;
	int64_t fallback_ns;		/* without network on a new profile [5 min] */
	int64_t report_interval_ns;	/* periodic reports [24 h] */
	struct device_latency latency;	/* for devices that have none of their own */
	const struct rsp_crypto *crypto;	/* of the eUICCs; NULL: none; must outlive it */
};

struct fleet *fleet_new(const struct fleet_config *config, struct err *err);
/* Before network_release(): calls on their way are taken back. */
void fleet_free(struct fleet *f);

/* A profile that is in the eUICC from the start.  Strings are copied. */
struct device_profile_spec {
	struct str iccid;
	struct str spn;			/* p NULL: the profile has none */
	struct str profile_name, nickname, smdp_address;
	struct str class_name;		/* "operational", "provisioning" (bootstrap), "test" */
	bool active;
	bool no_network;		/* enabling it gives no network */
	unsigned ppr;
	uint32_t memory;
};

struct device_spec {
	struct str name;		/* party is "device/<name>" */
	struct str device_id;		/* four groups of eight hex digits */
	struct str eid;			/* 32 digits */
	const struct device_profile_spec *profiles;
	size_t profile_count;
	uint32_t memory;		/* for profiles, bytes; 0: a usual size */
	bool second_link;		/* has network whatever its profiles do */
	bool off;			/* is not powered at the start */
	bool reuse_numbers;		/* a new profile takes the lowest free number */
	struct str default_smdp;	/* SM-DP+ address set in the eUICC */
	struct str root_smds;		/* SM-DS address in the eUICC */
	const struct device_latency *latency;	/* own, or NULL; must outlive the fleet */
};

/*
 * One more device.  A powered one is running and attached at once, with its
 * poll timer armed.  It tells the EIS its profile list at once (one device a
 * microsecond after the other), but does not report by itself:
 * device_report_now().
 */
struct device *fleet_add(struct fleet *f, const struct device_spec *spec,
			 struct err *err);
size_t fleet_count(const struct fleet *f);
struct device *fleet_device(struct fleet *f, size_t index);
struct device *fleet_find(struct fleet *f, struct str name);
struct device *fleet_find_eid(struct fleet *f, struct str eid);

/* ---- What can be done to a device. ------------------------------------ */

void device_power(struct device *d, bool on);	/* off loses what is not in flash */
void device_reboot(struct device *d);
void device_link(struct device *d, bool up);	/* all its network, by force */
void device_report_now(struct device *d);	/* cause "requested" */
void device_poll_now(struct device *d);		/* ask the EIS at once */
/*
 * Look for profiles that wait for this eUICC, and download them: at its default
 * SM-DP+, and at those that its SM-DS names.  -1: it does not run, has an order
 * to carry out, or knows neither of the two.
 */
int device_discover(struct device *d, struct err *err);
void device_set_clock_skew(struct device *d, int64_t skew_ns);
void device_set_memory(struct device *d, uint32_t free_bytes);
/* Attributes of an installed profile; -1 if the device has no such ICCID. */
int device_set_spn(struct device *d, struct str iccid, struct str spn,
		   struct err *err);
int device_set_no_network(struct device *d, struct str iccid, bool no_network,
			  struct err *err);
/* Make the next enabled, or any later installed, profile without network. */
void device_set_enable_without_network(struct device *d, bool on);
/* The card refuses enable and disable with catBusy. */
void device_set_card_busy(struct device *d, bool on);

/* ---- What can be seen of it. ------------------------------------------ */

struct device_profile_view {
	struct str iccid, spn, profile_name, nickname;
	const char *class_name;
	unsigned number;
	bool active;
};

struct str device_name(const struct device *d);
struct str device_party(const struct device *d);
struct str device_id(const struct device *d);
struct str device_eid(const struct device *d);
bool device_online(const struct device *d);

enum device_power_state { DEVICE_POWER_OFF, DEVICE_POWER_BOOTING, DEVICE_POWER_ON };

struct device_view {
	enum device_power_state power;
	bool link_down;			/* by device_link() */
	bool second_link;
	uint32_t memory_free, report_sequence;
	int64_t skew_ns;
	const char *order;		/* "download", ...: the last one; NULL: none */
	bool order_pending;
};
void device_look(const struct device *d, struct device_view *view);
size_t device_profile_count(const struct device *d);
void device_profile(const struct device *d, size_t index,
		    struct device_profile_view *view);

#endif
