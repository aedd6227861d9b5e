/*
 * device.h - one simulated device from inside: what device.c, order.c, discovery.c,
 * outbox.c, report.c, gateway.c and fleet.c share.  Others use fleet.h and gateway.h.
 *
 *	device.c   power, link, looking for orders
 *	order.c    carrying an order out, also across a power loss
 *	discovery.c looking for profiles that wait for the eUICC
 *	outbox.c   what must reach the EIS, the SM-DP+ and the server
 *	report.c   what stands in a report
 *	gateway.c  commands that need no EIS
 *	fleet.c    making devices, and finding them
 *
 * A device is made to be many: no copy of what a fleet has in common, no
 * memory for what does not happen at the moment, one timer while it idles
 * (and one for its next periodic report).
 *
 * The one rule: everything a device knows is either in flash (marked so) or
 * lost by device_power(d, false).
 */
#ifndef DEVICES_DEVICE_H
#define DEVICES_DEVICE_H

#include "devices/euicc.h"
#include "devices/fleet.h"
#include "devices/lpa.h"
#include "proto/device_id.h"

/* What is drawn from a latency, each from a stream of its own. */
enum device_draw {
	DRAW_POLL, DRAW_BOOT, DRAW_ATTACH, DRAW_REPORT, DRAW_APDU, DRAW_INSTALL,
	DRAWS
};

enum device_state {
	DEVICE_NEW,		/* being made: nothing of it is an event */
	DEVICE_OFF,
	DEVICE_BOOTING,
	DEVICE_RUNNING
};

enum report_cause {
	CAUSE_PERIODIC,		/* also: none is due before */
	CAUSE_CHANGE,
	CAUSE_BOOT,
	CAUSE_REQUESTED
};

enum outbox_kind {
	OUTBOX_RESULT,		/* of an order, to the EIS */
	OUTBOX_PROFILES,	/* the list of profiles, to the EIS */
	OUTBOX_NOTIFICATION,	/* of the card, to the SM-DP+ */
	OUTBOX_REPORT,		/* to the server */
	OUTBOXES
};

/* Something to be sent until it is taken.  Made anew after each boot. */
struct outbox {
	struct timer timer;
	struct http_call *call;
	uint8_t kind;		/* enum outbox_kind */
	uint8_t tries;		/* that failed, since the link came up */
	bool wanted;
	bool again;		/* once more, after the present call */
};

struct device {
	struct fleet *fleet;
	const struct device_latency *latency;
	const char *party;		/* "device/<name>", not terminated */
	struct timer poll_timer;
	struct timer host_timer;	/* booting, then attaching */
	struct http_call *poll_call;
	struct order *order;		/* flash: the last one, or NULL */
	struct lpa *lpa;		/* while a download or a discovery runs */
	struct discovery *discovery;	/* or NULL */
	struct reported *reported;	/* NULL: the next report is of all */
	struct outbox outbox[OUTBOXES];
	struct rng rng[DRAWS];
	struct euicc euicc;		/* flash but for its session */
	int64_t skew_ns;		/* flash */
	uint32_t report_sequence;	/* flash */
	uint32_t profiles_sequence;	/* flash */
	uint32_t note_failed;		/* sequence of the last not taken */
	char id[DEVICE_ID_LENGTH + 1];
	uint8_t party_len;
	uint8_t state;			/* enum device_state */
	uint8_t report_cause;		/* enum report_cause */
	uint8_t report_next;		/* of the report after the present one */
	bool second_link;
	bool forced_down;		/* device_link(d, false) */
	bool online;
	bool note_announced;
	bool enable_dead, install_dead;	/* device_set_enable_without_network() */
};

/* Of an EIS, and of who takes reports: what docs/southbound.md allows a body. */
enum { DEVICE_ANSWER_MAX = 64 << 10 };

/* All devices stand in blocks, so that they never move. */
enum { FLEET_BLOCK = 256 };

struct fleet {
	struct loop *loop;
	struct network *net;
	struct eventlog *log;
	struct gateway *gateway;	/* or NULL */
	uint64_t seed;
	const char *eis_url, *report_url;	/* report_url may be NULL */
	char *poll_url;				/* with room for an EID ... */
	size_t poll_eid;			/* ... here */
	struct str authorization;		/* of reports; empty for none */
	bool report_changes;
	int64_t sequence_base;		/* is added to those of devices */
	int64_t fallback_ns, report_interval_ns;
	struct device_latency latency;
	struct euicc_shared euicc;
	struct arena arena;
	struct buf scratch;		/* for one message at a time */
	struct device **blocks;
	size_t count;
	uint32_t *by_name, *by_eid;	/* index + 1; open addressing */
	size_t table_size;		/* a power of two, of each */
};

int64_t device_draw_ns(struct device *d, enum device_draw what);
/* What the device takes for the calendar time. */
int64_t device_unix_ms(const struct device *d);
/* Look for an order after the usual time, unless one is on. */
void device_arm_poll(struct device *d);
/* Run and attach at once; for a device that is being made. */
void device_start(struct device *d);
/* Drop all that is armed or on its way. */
void device_stop(struct device *d);
/* The card's hook. */
void device_card_changed(struct euicc *e, enum euicc_change what,
			 const struct euicc_profile *p);

/* ---- order.c ------------------------------------------------------------ */

/* What is to be done, in the words of docs/southbound.md. */
struct order_spec {
	struct str id, operation, iccid, activation_code, confirmation_code;
};

/* What came of it.  Texts are the order's, and may be empty. */
struct order_outcome {
	const char *id, *code;
	bool failed;
	struct str message, subject, reason, iccid;
	int64_t completed_ms;		/* by the device's clock */
};

/* An answer of the EIS with an order in it.  False: there is nothing to do. */
bool order_receive(struct device *d, struct str json, struct arena *a);
/* A command of the gateway; none may be pending.  Strings are copied. */
void order_command(struct device *d, const struct order_spec *spec);
/* Is there one whose result has not arrived where it came from, or a discovery
 * that an order has to wait for? */
bool order_pending(const struct device *d);
/* Did the present one, or the last, come from the gateway? */
bool order_commanded(const struct device *d);
/* "download", ...: of the present one, or the last; NULL: there was none. */
const char *order_operation(const struct device *d);
void order_link_up(struct device *d);
void order_link_down(struct device *d);
/* The power goes: nothing of it may stay armed. */
void order_suspend(struct device *d);
/* Is there one in flash? */
bool order_in_flash(const struct device *d);
/* For state.h: what of it is in flash; into a device without one. */
struct json;
void order_state_write(const struct device *d, struct json *j);
struct cJSON;
int order_state_read(struct device *d, const struct cJSON *state, struct err *err);
/* The device has booted: settle what the power loss interrupted. */
void order_resume(struct device *d);
/* False if there is no result to be sent, as with the next. */
bool order_outcome(const struct device *d, struct order_outcome *out);
/* The result's URL tail and body. */
bool order_result(struct device *d, struct buf *body, const char **id);
void order_acknowledged(struct device *d);
void order_free(struct device *d);

/* ---- discovery.c: device_discover() of fleet.h, and its end. -------------- */

/* The power goes: nothing of it is left. */
void discovery_stop(struct device *d);

/* ---- report.c ----------------------------------------------------------- */

/*
 * The body of a report.  Where the fleet reports changes, what it holds is
 * kept, and the next report of a change builds on it ...
 */
void report_print(struct device *d, struct buf *out);
/* ... unless the server has not applied it, or nobody knows. */
void report_forget(struct device *d);
const char *report_cause_name(enum report_cause cause);

/* ---- gateway.c: nothing happens without a gateway. ---------------------- */

/* The device has network, or is through with an order: is there a command? */
void gateway_review(struct device *d);
/* The result of a command stands, and the device has network. */
void gateway_take_result(struct device *d);

/* ---- outbox.c ----------------------------------------------------------- */

void outbox_init(struct device *d);
/* Send it in `delay_ns`, or when there is network; once more if it is on its
 * way.  A time that was set already stands. */
void outbox_want(struct device *d, enum outbox_kind kind, int64_t delay_ns);
/* The same for a report. */
void outbox_report(struct device *d, enum report_cause cause, int64_t delay_ns);
void outbox_boot(struct device *d);
void outbox_link_up(struct device *d);
void outbox_link_down(struct device *d);
void outbox_stop(struct device *d);

#endif
