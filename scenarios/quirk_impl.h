/*
 * quirk_impl.h - how quirks work inside: what quirk_table.c names and
 * quirk_engine.c drives.  For scenarios/quirk*.c only.
 *
 * A quirk that is in force is a `struct quirk_active`; it stays allocated
 * until the engine ends, because exchanges on their way may still refer to it.
 */
#ifndef SCENARIOS_QUIRK_IMPL_H
#define SCENARIOS_QUIRK_IMPL_H

#include "scenarios/quirk.h"

struct quirk_active;
struct quirk_gate;
struct quirk_pass;

/* What a quirk does with a request at a gate. */
enum quirk_move {
	QUIRK_PASS,		/* nothing, or has changed it: it goes on */
	QUIRK_WAIT,		/* it goes on in pass->wait_ns */
	QUIRK_TAKEN,		/* answered, or put off for ever */
};

/* Every member may be left out. */
struct quirk_ops {
	/* At set-up: the SPN that a carrier's profiles get instead. */
	int (*spn)(const struct quirk_setting *s, struct quirk_carrier *c,
		   struct arena *a, struct err *err);
	int (*carriers)(const struct quirk_setting *s,
			struct quirk_carrier *list, size_t count,
			struct err *err);
	void (*offer)(struct smdp_profile_spec *offer);
	int (*device)(const struct quirk_setting *s, struct device_spec *spec,
		      const struct quirk_offer *offers, size_t offer_count,
		      struct arena *a, struct err *err);
	/* While the world runs: to every device that is meant. */
	void (*begin)(struct quirk_active *q, struct device *d);
	void (*end)(struct quirk_active *q, struct device *d);
	int64_t (*beat)(struct quirk_active *q, struct device *d);
	/* At the gates of the parties whose bits are in `gates`; 0: only those
	 * of the row's own party. */
	unsigned gates;
	enum quirk_move (*request)(struct quirk_active *q, struct quirk_pass *p);
	/* Is this event an occasion?  It may not act on anything itself. */
	bool (*occasion)(struct quirk_active *q, const struct event *e);
	/* What then happens to the device, in the next turn. */
	void (*act)(struct quirk_active *q, struct device *d, struct str iccid);
};

#define QUIRK_AT(party) (1u << QUIRK_PARTY_##party)

struct quirk_active {
	struct quirk_engine *engine;
	struct quirk_setting setting;	/* texts in `arena` */
	struct quirk_active *next;	/* set later */
	bool off;
	int64_t seen, acted;		/* occasions */
	struct rng rng;
	struct timer over;		/* the end of `for` */
	struct timer beat;
	bool up;			/* of a beat */
	void *state;			/* of the implementation, in `arena` */
	struct arena arena;
};

struct quirk_gate {
	struct http_handler handler;
	struct quirk_engine *engine;
	enum quirk_party party;
	char *name, *url;
	struct http_handler *next;
	struct quirk_gate *older;
};

/* One exchange on its way through a gate. */
struct quirk_pass {
	struct http_exchange *x;
	struct quirk_gate *gate;
	const char *function;		/* "result", "authenticateClient"; "" */
	struct str id;			/* of the order in the path, or empty */
	struct quirk_active *next;	/* to be asked when it goes on */
	int64_t wait_ns;
};

/* The table (quirk_table.c). */
extern const struct quirk_row quirk_rows[];
extern const size_t quirk_row_count;

/* ---- For implementations (quirk_engine.c). ----------------------------- */

struct str quirk_text(const struct quirk_active *q, const char *param);
int64_t quirk_number(const struct quirk_active *q, const char *param);
/* Is the parameter one of the row's? */
bool quirk_has(const struct quirk_row *row, const char *param);
int64_t quirk_now_ns(const struct quirk_active *q);
/* How the world signs; never NULL. */
const struct rsp_crypto *quirk_crypto(const struct quirk_active *q);
/* The name under which the party behind the gate is reached. */
struct str quirk_host(const struct quirk_pass *p);

/* Is it the function that the row's first word, or `function`, asks for? */
bool quirk_is_function(const struct quirk_active *q,
		       const struct quirk_pass *p);
/* Is the exchange that of the device that is meant? */
bool quirk_is_about(const struct quirk_active *q, const struct quirk_pass *p);
/* It is an occasion: does the quirk act this time?  If so it is counted and
 * said in the event log. */
bool quirk_acts(struct quirk_active *q, struct quirk_pass *p);

/* Call `fn` when the reply comes back, if the quirk is still in force. */
void quirk_on_reply(struct quirk_active *q, struct quirk_pass *p,
		    void (*fn)(struct quirk_active *q, struct quirk_pass *p));

/* The EID that the path or the body names, or STR_NONE. */
struct str quirk_eid(const struct quirk_pass *p);
/* A string member of a JSON text, in the exchange's arena, or STR_NONE. */
struct str quirk_member(const struct quirk_pass *p, struct str json,
			const char *key);

/*
 * A copy of a request, to be sent to the party behind the gate by the rig
 * itself, past all quirks.  Ends by being sent or dropped.
 */
struct quirk_letter;
struct quirk_letter *quirk_letter_copy(struct quirk_active *q,
				       const struct quirk_pass *p);
/* The same caller and headers, but another request, without a body. */
struct quirk_letter *quirk_letter_new(struct quirk_active *q,
				      const struct quirk_pass *p,
				      const char *method, struct str path);
void quirk_letter_send(struct quirk_letter *letter, int64_t delay_ns);
/* A letter that waits to be sent is known by its number: is it there still,
 * and let it go at once. */
uint64_t quirk_letter_number(const struct quirk_letter *letter);
bool quirk_letter_waits(const struct quirk_active *q, uint64_t number);
void quirk_letter_hurry(struct quirk_active *q, uint64_t number);
void quirk_letter_drop(struct quirk_letter *letter);

/* Act on a device in `delay_ns`, as ops->act does. */
void quirk_later(struct quirk_active *q, struct device *d, struct str iccid,
		 int64_t delay_ns,
		 void (*fn)(struct quirk_active *, struct device *, struct str));

/* ---- The implementations, by file. ------------------------------------- */

extern const struct quirk_ops
	/* quirk_setup.c */
	quirk_spn_differs, quirk_spn_blank, quirk_spn_absent, quirk_spn_case,
	quirk_spn_leading, quirk_spn_trailing, quirk_spn_doubled,
	quirk_spn_accents, quirk_spn_script, quirk_spn_look_alike,
	quirk_spn_cut, quirk_spn_shared, quirk_spn_around, quirk_spn_newline,
	quirk_no_disable, quirk_no_delete, quirk_duplicate_iccid,
	quirk_reuse_numbers,
	/* quirk_http.c */
	quirk_slow, quirk_never, quirk_status, quirk_unreachable, quirk_reset,
	quirk_cut, quirk_truncated, quirk_malformed, quirk_html, quirk_empty,
	quirk_answer_lost, quirk_answer_header,
	quirk_request_header, quirk_chunked, quirk_closes,
	/* quirk_rsp.c, quirk_bpp.c */
	quirk_rsp_fault, quirk_rsp_device_fault,
	/* quirk_smdp.c */
	quirk_refusal, quirk_refusal_free, quirk_wrong_transaction,
	quirk_code_consumed,
	/* quirk_mail.c */
	quirk_lost, quirk_late, quirk_twice, quirk_reordered,
	quirk_report_lost, quirk_report_late, quirk_report_twice,
	quirk_report_reordered, quirk_report_replayed, quirk_report_stale,
	quirk_report_cut,
	/* quirk_eis.c */
	quirk_stale_answer, quirk_vanishes, quirk_expires, quirk_again,
	quirk_early, quirk_failed_though_done, quirk_download_denied,
	quirk_success_claimed,
	/* quirk_device.c */
	quirk_spn_after_enable, quirk_spn_after_refresh, quirk_offline,
	quirk_powered_off, quirk_flapping, quirk_reboots, quirk_loses_power,
	quirk_reboots_after, quirk_memory_full, quirk_clock_skew,
	quirk_no_network;

#endif
