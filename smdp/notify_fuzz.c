/*
 * Any bytes as a notification of an eUICC (a ProfileInstallationResult, or another one), to an
 * SM-DP+ that has delivered a profile: it is taken or refused, and what is taken moves
 * the profile to no state but installed, error or released.
 */
#include "sim/memnet.h"
#include "smdp/internal.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ICCID "8944000000000000991"

/* Made once; the profile is set back before each. */
static struct {
	struct loop loop;
	struct eventlog log;
	struct network *net;
	struct smdp *smdp;
} world;

static void make_world(void)
{
	struct err err;

	loop_init(&world.loop, CLOCK_KIND_VIRTUAL, 1.0, CLOCK_EPOCH_MS);
	eventlog_init(&world.log, &world.loop.clock);
	world.net = memnet_new(&world.loop, &world.log);
	world.smdp = smdp_new(&(struct smdp_config){
		.loop = &world.loop, .net = world.net, .log = &world.log, .seed = 1,
		.party = "smdp", .address = "smdp.example.com" }, &err);
	if (!world.smdp || smdp_add_profile(world.smdp, &(struct smdp_profile_spec){
			.iccid = STR(ICCID), .matching_id = STR("MID"), .spn = STR("Mobile") },
			&err) < 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = { 0 };
	struct smdp_profile *p;
	struct err err;

	if (!world.smdp)
		make_world();
	p = smdp_find_profile(world.smdp, STR(ICCID));
	p->state = SMDP_DOWNLOADED;
	p->attempts = 1;
	p->notification_count = 0;
	smdp_forget_deliveries(world.smdp, p);
	smdp_keep_delivery(world.smdp, p, STR("0123456789ABCDEF"));
	memcpy(p->bound_eid, "89049032000000000000000000000197", EID_SIZE);
	err = (struct err){ 0 };
	if (smdp_take_notification(world.smdp, (struct str){ (const char *)data, size }, &a,
				   &err) < 0 && !err.msg[0])
		abort();
	if (p->state != SMDP_DOWNLOADED && p->state != SMDP_INSTALLED &&
	    p->state != SMDP_ERROR && p->state != SMDP_RELEASED)
		abort();
	arena_release(&a);
	return 0;
}
