/* What only an SM-DP+ can do wrong (SGP.22, 5.6). */
#include "scenarios/quirk_impl.h"
#include "proto/es9.h"
#include "proto/rsp.h"
#include "sim/json.h"

#include <assert.h>

enum { ANSWER_MAX = 4096 };

static void refuse(struct quirk_pass *p, enum status_code code)
{
	struct buf out;

	buf_init(&out, ANSWER_MAX);
	es9_refusal_print(&out, code);
	http_respond_json(p->x, 200, buf_view(&out));
	buf_release(&out);
}

/* words: function, name of the status code */
static enum quirk_move refusal(struct quirk_active *q, struct quirk_pass *p)
{
	enum status_code code = status_code_named(str_of(
					q->setting.row->words[1]));

	assert(code != STATUS_CODE_COUNT);	/* the table is sound */
	if (!quirk_is_function(q, p) || !quirk_acts(q, p))
		return QUIRK_PASS;
	refuse(p, code);
	return QUIRK_TAKEN;
}

static enum quirk_move refusal_free(struct quirk_active *q, struct quirk_pass *p)
{
	struct buf out;
	struct json j;

	if (!quirk_is_function(q, p) || !quirk_acts(q, p))
		return QUIRK_PASS;
	buf_init(&out, ANSWER_MAX);
	j = json_to(&out);
	json_open(&j, '{');
	json_key(&j, "header");
	json_open(&j, '{');
	json_key(&j, "functionExecutionStatus");
	json_open(&j, '{');
	json_putz(&j, "status", "Failed");
	json_key(&j, "statusCodeData");
	json_open(&j, '{');
	json_put(&j, "subjectCode", quirk_text(q, "subject"));
	json_put(&j, "reasonCode", quirk_text(q, "reason"));
	json_put_opt(&j, "message", quirk_text(q, "message"));
	for (int i = 0; i < 4; i++)
		json_close(&j, '}');
	http_respond_json(p->x, 200, buf_view(&out));
	buf_release(&out);
	return QUIRK_TAKEN;
}

/* The last digit becomes another. */
static void change_transaction(struct quirk_active *q, struct quirk_pass *p)
{
	struct str *body = &p->x->resp.body;
	struct str id = quirk_member(p, *body, "transactionId");
	ptrdiff_t at = id.n ? str_find(*body, id) : -1;
	char *text;

	if (at < 0 || !quirk_acts(q, p))
		return;
	*body = arena_str(p->x->arena, *body);
	text = (char *)body->p + at + id.n - 1;
	*text = *text == '0' ? '1' : '0';
}

static enum quirk_move wrong_transaction(struct quirk_active *q,
					 struct quirk_pass *p)
{
	if (quirk_is_function(q, p))
		quirk_on_reply(q, p, change_transaction);
	return QUIRK_PASS;
}

/* ---- The code is used up, but the package never arrived. --------------- */

struct session {
	struct str transaction, matching_id;
	bool used;
	struct session *next;
};

static struct str matching_id_of(struct arena *a, struct str der)
{
	struct rsp_authenticate_response r;
	struct rsp_euicc_signed1 signed1;
	struct err err;

	if (rsp_authenticate_response_read(der, &r, &err) < 0 || !r.ok ||
	    rsp_euicc_signed1_read(r.euicc_signed1, &signed1, &err) < 0)
		return STR_NONE;
	return arena_str(a, signed1.context.matching_id);
}

static struct session *find_session(const struct quirk_active *q,
				    struct str transaction)
{
	struct session *s = q->state;

	while (s && !str_eq(s->transaction, transaction))
		s = s->next;
	return s;
}

static bool is_used(const struct quirk_active *q, struct str matching_id)
{
	for (const struct session *s = q->state; s; s = s->next)
		if (s->used && str_eq(s->matching_id, matching_id))
			return true;
	return false;
}

static enum quirk_move meet_code(struct quirk_active *q, struct quirk_pass *p)
{
	struct es9_message m = { 0 };
	struct session *s;
	struct str id;
	struct err err;

	if (es9_request_parse(p->x->req.body, ES9_AUTHENTICATE_CLIENT,
			      p->x->arena, &m, &err) < 0)
		return QUIRK_PASS;
	id = matching_id_of(p->x->arena, m.authenticate_response);
	if (is_used(q, id)) {
		refuse(p, STATUS_MATCHING_ID_REFUSED);
		return QUIRK_TAKEN;
	}
	s = ARENA_NEW(&q->arena, struct session);
	s->transaction = arena_str(&q->arena,
			quirk_member(p, p->x->req.body, "transactionId"));
	s->matching_id = arena_str(&q->arena, id);
	s->next = q->state;
	q->state = s;
	return QUIRK_PASS;
}

static enum quirk_move break_off(struct quirk_pass *p)
{
	p->x->resp.fault = HTTP_FAULT_RESET;
	http_reply(p->x);
	return QUIRK_TAKEN;
}

static void use_up(struct quirk_active *q, struct quirk_pass *p)
{
	struct session *s = find_session(q,
			quirk_member(p, p->x->req.body, "transactionId"));

	if (!s || !quirk_acts(q, p))
		return;
	s->used = true;
	p->x->resp.fault = HTTP_FAULT_CUT;
}

static enum quirk_move code_consumed(struct quirk_active *q,
				     struct quirk_pass *p)
{
	struct session *s;

	if (!quirk_is_about(q, p))
		return QUIRK_PASS;
	if (strcmp(p->function, "authenticateClient") == 0)
		return meet_code(q, p);
	if (strcmp(p->function, "getBoundProfilePackage") != 0)
		return QUIRK_PASS;
	s = find_session(q, quirk_member(p, p->x->req.body, "transactionId"));
	if (s && s->used)
		return break_off(p);
	quirk_on_reply(q, p, use_up);
	return QUIRK_PASS;
}

const struct quirk_ops
	quirk_refusal = { .request = refusal },
	quirk_refusal_free = { .request = refusal_free },
	quirk_wrong_transaction = { .request = wrong_transaction },
	quirk_code_consumed = { .request = code_consumed };
