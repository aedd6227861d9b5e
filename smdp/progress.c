/* handleDownloadProgressInfo: the operator hears how a download goes (SGP.22, 5.3.5). */
#include "smdp/internal.h"

#include "proto/base64.h"
#include "sim/json.h"

#include <stdio.h>

static void put_status(struct json *j, enum status_code code)
{
	const struct status_code_row *row = status_code_row(code);

	json_key(j, "notificationPointStatus");
	json_open(j, '{');
	json_putz(j, "status", code == STATUS_OK ? "Executed-Success" : "Failed");
	if (code != STATUS_OK) {
		json_key(j, "statusCodeData");
		json_open(j, '{');
		json_putz(j, "subjectCode", row->subject);
		json_putz(j, "reasonCode", row->reason);
		json_putz(j, "message", row->message);
		json_close(j, '}');
	}
	json_close(j, '}');
}

/* Base64, as the eUICC signed it. */
static void put_result(struct json *j, struct str result)
{
	json_key(j, "resultData");
	buf_char(j->out, '"');
	base64_encode(j->out, result);
	buf_char(j->out, '"');
	j->comma = true;
}

static void print(struct smdp *s, struct buf *out, struct arena *a,
		  const struct smdp_profile *p, const char *eid, enum smdp_point point,
		  enum status_code code, struct str result)
{
	struct str now = clock_iso(clock_unix_ms(&s->loop->clock), a);
	struct json j = json_to(out);
	char call[24];

	snprintf(call, sizeof(call), "%llu", (unsigned long long)++s->told);
	json_open(&j, '{');
	json_key(&j, "header");
	json_open(&j, '{');
	json_putz(&j, "functionRequesterIdentifier", s->address);
	json_putz(&j, "functionCallIdentifier", call);
	json_close(&j, '}');
	json_putz(&j, "eid", eid);
	json_putz(&j, "iccid", p->iccid);
	json_put(&j, "profileType", p->type);
	/* Without parts of a second: 2026-01-01T00:00:00Z. */
	json_put(&j, "timestamp", arena_printf(a, "%.*sZ", 19, now.p));
	json_put_int(&j, "notificationPointId", point);
	put_status(&j, code);
	if (result.n)
		put_result(&j, result);
	json_close(&j, '}');
}

void smdp_tell_progress(struct smdp *s, const struct smdp_profile *p, const char *eid,
			enum smdp_point point, enum status_code code, struct str result)
{
	struct arena a = { 0 };
	struct buf body;

	if (!s->operator_url)
		return;
	buf_init(&body, SMDP_BODY_MAX);
	print(s, &body, &a, p, eid, point, code, result);
	if (!body.over)
		smdp_send(s, SMDP_TO_OPERATOR, p->iccid, point, buf_view(&body));
	buf_release(&body);
	arena_release(&a);
}
