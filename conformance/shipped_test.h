/*
 * shipped_test.h - the checks and the ledger that the project ships, loaded for a test.
 */
#ifndef CONFORMANCE_SHIPPED_TEST_H
#define CONFORMANCE_SHIPPED_TEST_H

#include "conformance/check.h"
#include "conformance/ledger.h"

#include <check.h>

#define LEDGER "conformance/requirements.yaml"

static struct arena arena;
static struct suite suite;
static struct ledger ledger;
static struct diag diag;

static inline void must(int rc)
{
	struct buf out;

	if (rc == 0)
		return;
	buf_init(&out, 1 << 20);
	diag_print(&diag, &out);
	ck_abort_msg("%s", out.p);
}

static inline void set_up(void)
{
	arena = (struct arena){ 0 };
	diag_init(&diag, &arena);
	must(suite_load(&suite, CONFORMANCE_SUITES, NULL, &arena, &diag));
	must(ledger_load(&ledger, LEDGER, &arena, &diag));
}

static inline void tear_down(void)
{
	suite_release(&suite);
	ledger_release(&ledger);
	arena_release(&arena);
}

#endif
