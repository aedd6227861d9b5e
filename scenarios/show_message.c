/* Messages, without the secrets in them. */
#include "scenarios/show.h"

#include "proto/redact.h"

#include <stdio.h>

enum { TEXT_SHOWN_MAX = 300, TEXT_CUT_TO = 24 };

/* Members whose value nobody is to see, whoever sends them. */
static const char *const secret_members[] = {
	"activation_code", "activationCode", "confirmation_code", "confirmationCode",
	"matching_id", "matchingId", "password", "api_key_secret", "hashCc", "token",
	"authorization",
};

static bool is_secret(const char *name)
{
	for (size_t i = 0; i < sizeof(secret_members) / sizeof(secret_members[0]); i++)
		if (name && strcmp(name, secret_members[i]) == 0)
			return true;
	return false;
}

/* Whatever of the world's secrets is in it, and what looks like one. */
static struct str clean(const struct world *w, struct str text, struct arena *a)
{
	struct str masked = world_mask(w, text, a);
	struct buf line;

	buf_init(&line, masked.n + 1);
	buf_str(&line, masked);
	redact_secrets(&line);
	masked = arena_str(a, buf_view(&line));
	buf_release(&line);
	return masked;
}

static void put_text(const struct world *w, struct json *j, struct str text)
{
	struct arena a = { 0 };

	if (text.n > TEXT_SHOWN_MAX)
		text = arena_printf(&a, "%.*s... (%zu characters)", TEXT_CUT_TO, text.p,
				    text.n);
	json_str(j, clean(w, text, &a));
	arena_release(&a);
}

static void put_value(const struct world *w, struct json *j, const cJSON *v);

static void put_members(const struct world *w, struct json *j, const cJSON *object)
{
	const cJSON *m;

	json_open(j, '{');
	cJSON_ArrayForEach(m, object) {
		json_key(j, m->string);
		if (is_secret(m->string) && !cJSON_IsNull(m))
			json_str(j, STR("***"));
		else
			put_value(w, j, m);
	}
	json_close(j, '}');
}

static void put_value(const struct world *w, struct json *j, const cJSON *v)
{
	const cJSON *item;
	char *number;

	if (cJSON_IsObject(v)) {
		put_members(w, j, v);
	} else if (cJSON_IsArray(v)) {
		json_open(j, '[');
		cJSON_ArrayForEach(item, v)
			put_value(w, j, item);
		json_close(j, ']');
	} else if (cJSON_IsString(v)) {
		put_text(w, j, str_of(v->valuestring));
	} else {
		number = cJSON_PrintUnformatted(v);
		json_raw(j, str_of(number));
		cJSON_free(number);
	}
}

void show_masked(const struct world *w, struct str body, struct json *j)
{
	struct err err;
	cJSON *tree = json_parse(body, &err);

	if (tree) {
		json_key(j, "body");
		put_value(w, j, tree);
	} else if (body.n) {
		json_key(j, "text");
		put_text(w, j, body);
	}
	cJSON_Delete(tree);
}

static void put_side(const struct world *w, struct json *j, const char *key,
		     const struct tap_side *side)
{
	struct arena a = { 0 };

	json_key(j, key);
	json_open(j, '{');
	json_key(j, "headers");
	json_open(j, '{');
	for (size_t i = 0; i < side->headers.count; i++) {
		json_key(j, side->headers.list[i].name.p);
		json_str(j, clean(w, side->headers.list[i].value, &a));
	}
	json_close(j, '}');
	if (side->omitted)
		json_put_bool(j, "omitted", true);
	else
		show_masked(w, side->body, j);
	json_close(j, '}');
	arena_release(&a);
}

/* What a diagram writes on the arrow. */
static void put_what(struct json *j, const struct message *m)
{
	struct arena a = { 0 };
	struct str operation = STR_NONE, status = STR_NONE;
	struct err err;
	cJSON *tree;

	if (!*m->function) {
		json_put(j, "what", arena_printf(&a, "%.*s %.*s", STRF(m->method),
						 STRF(m->path)));
		arena_release(&a);
		return;
	}
	tree = json_parse(m->response.body.n ? m->response.body : m->request.body, &err);
	if (tree && (json_get_str(tree, "operation", &a, &operation, &err) < 0 ||
		     json_get_str(tree, "status", &a, &status, &err) < 0))
		status = STR_NONE;
	cJSON_Delete(tree);
	json_put(j, "what", arena_printf(&a, "%s%s%.*s%s%.*s", m->function,
		operation.n ? " " : "", STRF(operation),
		status.n ? ": " : "", STRF(status)));
	arena_release(&a);
}

static const char *fault_of(enum http_fault fault)
{
	switch (fault) {
	case HTTP_FAULT_NONE:
		break;
	case HTTP_FAULT_REFUSED:
		return "refused";
	case HTTP_FAULT_RESET:
		return "reset";
	case HTTP_FAULT_CUT:
		return "cut";
	}
	return NULL;
}

static void put_instant(struct json *j, const char *key, struct instant at)
{
	char text[40];

	snprintf(text, sizeof(text), "%lld.%06lld", (long long)(at.ns / NS_PER_S),
		 (long long)(at.ns % NS_PER_S / NS_PER_US));
	json_key(j, key);
	json_raw(j, str_of(text));
}

void show_message(const struct live *l, const struct message *m, bool whole,
		  struct buf *out)
{
	struct json j = json_to(out);
	struct arena a = { 0 };
	struct str path = m->query.n ? arena_printf(&a, "%.*s?%.*s", STRF(m->path),
						    STRF(m->query)) : m->path;

	json_open(&j, '{');
	json_put_int(&j, "id", (int64_t)m->id);
	put_instant(&j, "t", m->asked);
	json_put(&j, "from", m->from);
	json_put(&j, "to", m->to);
	if (m->device < l->world->device_count)
		json_put(&j, "device", l->world->devices[m->device].key);
	json_put_opt(&j, "flow", m->flow);
	json_put(&j, "method", m->method);
	json_put(&j, "path", clean(l->world, path, &a));
	put_what(&j, m);
	if (fault_of(m->fault))
		json_putz(&j, "failure", fault_of(m->fault));
	if (m->fault == HTTP_FAULT_NONE || m->fault == HTTP_FAULT_CUT)
		json_put_int(&j, "status", m->status);
	put_instant(&j, "answered_t", m->answered);
	json_put_int(&j, "request_bytes", (int64_t)m->request.bytes);
	json_put_int(&j, "response_bytes", (int64_t)m->response.bytes);
	if (whole) {
		put_side(l->world, &j, "request", &m->request);
		put_side(l->world, &j, "response", &m->response);
	}
	json_close(&j, '}');
	arena_release(&a);
}
