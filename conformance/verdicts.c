#include "conformance/verdicts.h"

#include <assert.h>

struct verdict_counts conformance_count(const struct conformance *c,
					struct str group)
{
	struct verdict_counts n = { 0 };

	for (size_t i = 0; i < c->count; i++) {
		const struct check_result *r = &c->results[i];

		assert(r->verdict < VERDICTS);
		if (!group.p || str_eq(group, r->check->group))
			n.of[r->verdict]++;
	}
	return n;
}

size_t conformance_new_fails(const struct conformance *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->count; i++)
		n += c->results[i].verdict == VERDICT_FAIL &&
		     !c->results[i].in_baseline;
	return n;
}

enum verdict conformance_verdict(const struct conformance *c)
{
	struct verdict_counts n = conformance_count(c, STR_NONE);

	if (n.of[VERDICT_ERROR])
		return VERDICT_ERROR;
	if (conformance_new_fails(c) || c->interrupted)
		return VERDICT_FAIL;
	for (size_t i = 0; i < c->finding_count; i++)
		if (c->findings[i].fails)
			return VERDICT_FAIL;
	/* A run in which nothing was shown shows nothing. */
	if (!n.of[VERDICT_PASS] && !n.of[VERDICT_WARN])
		return VERDICT_FAIL;
	return c->depth == DEPTH_WORLD && n.of[VERDICT_NOT_REACHED] ? VERDICT_FAIL :
								       VERDICT_PASS;
}
