/*
 * golden_test.h - files of the repository that a test reads, and those that must be
 * what the program writes.
 *
 * Tests run from the root of the repository.  With the variable named in the
 * environment such a file is written anew: look at the difference before committing it.
 */
#ifndef SIM_GOLDEN_TEST_H
#define SIM_GOLDEN_TEST_H

#include "sim/buf.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

/* All of it; for the caller to release. */
static inline void golden_read(struct buf *out, const char *path)
{
	FILE *f = fopen(path, "rb");
	char block[4096];
	size_t n;

	buf_init(out, 16 << 20);
	ck_assert_msg(f != NULL, "no %s: run from the root of the repository", path);
	while ((n = fread(block, 1, sizeof(block), f)) > 0)
		buf_add(out, block, n);
	fclose(f);
	ck_assert(!out->over);
}

/* `want` is what the file must hold, to the byte. */
static inline void golden_check(const char *path, struct str want, const char *variable)
{
	struct buf found;

	if (getenv(variable)) {
		FILE *f = fopen(path, "wb");

		ck_assert(f && fwrite(want.p, 1, want.n, f) == want.n && fclose(f) == 0);
	}
	golden_read(&found, path);
	ck_assert_msg(str_eq(buf_view(&found), want),
		      "%s is not what is written now: look, then %s=1 writes it anew",
		      path, variable);
	buf_release(&found);
}

#endif
