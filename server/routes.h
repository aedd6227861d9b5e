/*
 * routes.h - every path that the server answers on, and the forms of its
 * answers.
 *
 * Northbound errors have the API family's shape: error_status, error_message
 * and, where something was sent, error_context, which never shows a secret.
 */
#ifndef SERVER_ROUTES_H
#define SERVER_ROUTES_H

#include "server/auth.h"
#include "sim/json.h"

enum { ANSWER_MAX = 64 << 20 };

/* A request of somebody that we know; in the exchange's arena. */
struct request {
	struct server *s;
	struct http_exchange *x;
	struct user user;
	bool csv;			/* the path ended in .csv */
	struct http_param *params;
	size_t param_count;
};

/* The value of a query parameter, or STR_NONE; none is there twice. */
struct str request_param(const struct request *rq, const char *name);

/* Find the path's row, who is asking, and answer. */
void routes_handle(struct server *s, struct http_exchange *x);
/* The answer to who sends more than `max` bytes, but for its status. */
void routes_too_large(struct http_exchange *x, size_t max);
void routes_malformed(struct http_exchange *x, int status, const char *why);

/* "application/json", or something+json; parameters do not matter. */
bool is_json_type(struct str type);

/* Fills the answer in, and no more; `body` is copied. */
void reply_put_json(struct http_exchange *x, int status, struct str body);
/* Ends the exchange; `body` is copied. */
void reply_json(struct server *s, struct http_exchange *x, int status,
		struct str body);
/* `context` is JSON, or empty. */
void reply_error(struct server *s, struct http_exchange *x, int status,
		 struct str message, struct str context);
/* The status that the code of `err` stands for. */
void reply_err(struct server *s, struct http_exchange *x,
	       const struct err *err);
int status_of(const struct err *err);

#endif
