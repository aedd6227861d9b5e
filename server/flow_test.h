/*
 * flow_test.h - whole flows through a server: a world of rig_test.h, the paths
 * of its API, and what an action or an operation begins with.
 */
#ifndef SERVER_FLOW_TEST_H
#define SERVER_FLOW_TEST_H

#include "server/rig_test.h"

#define OPS "/ws/v1/esim_profiles/operations/inventory"
#define PROFILES "/ws/v1/esim_profiles/inventory"
#define CODES "/ws/v1/esim_activation_codes/inventory"
#define ONE_PROFILE(iccid, spn, status) \
	"{\"id\":1,\"iccid\":\"" iccid "\",\"carrier\":\"" spn "\"," \
	"\"status\":\"" status "\",\"type\":\"operational\"}"
#define BOOT "{\"id\":0,\"iccid\":\"" ICCID3 "\",\"carrier\":\"Boot\"," \
	"\"status\":\"%s\",\"type\":\"bootstrap\"}"
#define TARGET "\"device_id\":\"" DEVICE "\",\"eid\":\"" EID "\""
#define OPERATION(kind, carrier) "{\"device_id\":\"" DEVICE "\",\"operation\":\"" kind \
	"\",\"carrier\":\"" carrier "\"}"
#define FREDS "Fred's Fast Wireless Service"

static struct rig r;

static inline void setup(void)
{
	rig_init(&r, NULL);
}

static inline void teardown(void)
{
	/* Whatever happened, no secret is in the log. */
	ck_assert(!rig_logged(&r, "SECRET"));
	ck_assert(!rig_logged(&r, "token"));
	rig_release(&r);
}

static inline void add_code(const char *iccid, const char *carrier, const char *secret)
{
	struct str body = arena_printf(&r.arena, "{\"iccid\":\"%s\",\"carrier\":\"%s\","
		"\"activation_code\":\"%s\"}", iccid, carrier, secret);

	ck_status(rig_post(&r, CODES, body.p), 201);
	ck_assert(str_find(r.body, STR("SECRET")) < 0);
}

static inline const char *start(const char *path, const char *body)
{
	ck_status(rig_post(&r, path, body), 200);
	return arena_strdup(&r.arena, json_at(&r, strstr(path, "operations") ?
					      "/id" : "/transaction"));
}

static inline void get_op(const char *id)
{
	ck_status(rig_get(&r, arena_printf(&r.arena, OPS "/%s", id).p), 200);
}

static inline void get_progress(const char *id)
{
	ck_status(rig_get(&r, arena_printf(&r.arena,
		"/ws/v1/esim_profiles/progress/%s", id).p), 200);
}

static inline void two_profiles_and_a_code(void)
{
	char *list = arena_strdup(&r.arena, "[" ONE_PROFILE(ICCID1, "Mobile", "inactive")
				  "," BOOT "]");
	struct str text = arena_printf(&r.arena, list, "active");

	ck_status(rig_report(&r, text.p), 200);
	add_code(ICCID2, FREDS, SECRET2);
}

#endif
