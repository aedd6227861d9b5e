/*
 * control_impl.h - what the files of the control API share.  For
 * scenarios/control*.c only.
 */
#ifndef SCENARIOS_CONTROL_IMPL_H
#define SCENARIOS_CONTROL_IMPL_H

#include "scenarios/control.h"
#include "scenarios/show.h"
#include "sim/json.h"

struct control_stream;
struct control_errand;

struct control {
	struct http_handler handler;	/* first */
	struct control_config config;
	struct live *live;
	struct control_stream *streams;
	size_t stream_count;
	/* Those who wait for an answer to something that takes its time. */
	struct http_exchange *advance, *remake;
	struct control_errand *errands;
};

enum { CONTROL_OUT_MAX = 64 << 20 };

/* ---- Answers. --------------------------------------------------------------- */

/* {"error": {"code", "message", "field"}}; `field` may be NULL. */
void control_refuse(struct http_exchange *x, int status, const char *code,
		    const char *field, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
/* `out` is JSON, or empty; released. */
void control_answer(struct http_exchange *x, int status, struct buf *out);

/* {"count": n, "list": [...]}, item by item. */
struct control_list {
	struct buf out;
	struct buf items;
	size_t count;
	int status;			/* 200, unless changed */
};
void control_list_begin(struct control_list *l);
/* Where the next item is to be written. */
struct buf *control_list_item(struct control_list *l);
/* `total` is left out if it is SIZE_MAX. */
void control_list_end(struct control_list *l, size_t total, struct http_exchange *x);

/* ---- Questions. --------------------------------------------------------------- */

/*
 * The body as an object with no other members than `allowed` ("paused rate").
 * NULL: it has been answered.  Without a body: an empty object if `optional`.
 * To be deleted by the caller.
 */
cJSON *control_body(struct http_exchange *x, const char *allowed, bool optional);
/* Members; -1: it has been answered.  What is not there stays as it is. */
int control_get_str(struct http_exchange *x, const cJSON *body, const char *key,
		    struct str *value);
int control_get_int(struct http_exchange *x, const cJSON *body, const char *key,
		    int64_t min, int64_t max, int64_t *value);
int control_get_bool(struct http_exchange *x, const cJSON *body, const char *key,
		     bool *value);
int control_get_duration(struct http_exchange *x, const cJSON *body, const char *key,
			 bool negative, int64_t *ns);

/* Parameters of the query; -1: it has been answered. */
int control_param(struct http_exchange *x, const char *name, struct str *value);
int control_param_bool(struct http_exchange *x, const char *name, bool *given, bool *value);
int control_param_int(struct http_exchange *x, const char *name, int64_t min,
		      int64_t max, int64_t *value);
/* limit and offset. */
int control_page(struct http_exchange *x, size_t *skip, size_t *limit);

/* ---- Routes, by file. ---------------------------------------------------------- */

typedef void control_fn(void *control, struct http_exchange *x, const struct str *args);

/* control_world.c */
control_fn control_get_world, control_reset, control_get_snapshot, control_put_snapshot,
	control_get_life, control_put_life, control_get_clock, control_put_clock,
	control_advance, control_step;
/* control_things.c */
control_fn control_list_devices, control_get_device, control_act_on_device,
	control_list_fleets, control_add_fleet, control_list_carriers,
	control_add_carrier, control_add_codes, control_list_codes, control_get_code,
	control_get_qr, control_list_users;
/* control_parties.c */
control_fn control_list_parties, control_put_party, control_list_quirks,
	control_set_quirk, control_clear_quirk;
/* control_traffic.c */
control_fn control_list_flows, control_get_flow, control_list_messages,
	control_get_message, control_list_transactions, control_list_operations,
	control_send_request;
/* The world ends: nobody will answer them. */
void control_drop_errands(void *control);
/* control_stream.c */
control_fn control_get_events, control_get_history, control_get_script,
	control_put_script, control_next_step, control_list_captions,
	control_add_caption;
void control_streams_free(struct control *c);

#endif
