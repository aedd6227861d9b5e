/*
 * err.h - what went wrong, for a person and for a program.
 *
 * A function that can fail for reasons outside the program returns 0 or -1
 * and takes a last argument `struct err *err`, never NULL, which it fills
 * when it returns -1.  The caller owns it; nothing needs freeing.
 * Programmer errors are asserts, not errs.  A message names both sides:
 * what was there and what was expected.
 */
#ifndef SIM_ERR_H
#define SIM_ERR_H

enum err_code {
	ERR_NONE,
	ERR_INVALID,	/* the input does not have the right form */
	ERR_STATE,	/* right form, but not possible now */
	ERR_NOT_FOUND,
	ERR_IO,		/* a file, the network or the machine failed */
	ERR_LIMIT,	/* more than was allowed */
	ERR_TIMEOUT,
	ERR_DENIED,
};

struct err {
	enum err_code code;
	char msg[400];
};

/* Fill `err` and return -1, so that a failure is one line. */
int err_set(struct err *err, enum err_code code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Put "text: " before the message of `err`; returns -1 like err_set(). */
int err_prefix(struct err *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
