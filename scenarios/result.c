#include "scenarios/result.h"

#include <assert.h>

const char *verdict_name(enum verdict v)
{
	static const char *const names[VERDICTS] = {
		"PASS", "FAIL", "ERROR", "SKIP", "NOT REACHED", "WARN",
	};

	assert(v < VERDICTS);
	return names[v];
}

enum verdict verdict_worst(enum verdict a, enum verdict b)
{
	static const int weight[VERDICTS] = {
		[VERDICT_PASS] = 0, [VERDICT_SKIP] = 1, [VERDICT_WARN] = 2,
		[VERDICT_NOT_REACHED] = 3, [VERDICT_FAIL] = 4,
		[VERDICT_ERROR] = 5,
	};

	assert(a < VERDICTS && b < VERDICTS);
	return weight[a] >= weight[b] ? a : b;
}

struct verdict_counts verdict_count(const struct run_result *runs, size_t count)
{
	struct verdict_counts counts = { 0 };

	for (size_t i = 0; i < count; i++) {
		assert(runs[i].verdict < VERDICTS);
		counts.of[runs[i].verdict]++;
	}
	return counts;
}

/*
 * One table per struct drives writing and reading.  Numbers are 8 bytes,
 * little end first; a string is its length and its bytes.
 */
enum kind { KIND_STR, KIND_VERDICT, KIND_UNSIGNED, KIND_U64, KIND_BOOL };

struct member {
	enum kind kind;
	size_t offset;
};

#define STEP(kind, name) { kind, offsetof(struct step_result, name) }
#define RUN(kind, name) { kind, offsetof(struct run_result, name) }

static const struct member step_members[] = {
	STEP(KIND_STR, title), STEP(KIND_VERDICT, verdict),
	STEP(KIND_STR, file), STEP(KIND_UNSIGNED, line),
	STEP(KIND_UNSIGNED, column), STEP(KIND_U64, began.ns),
	STEP(KIND_U64, ended.ns), STEP(KIND_STR, message),
	STEP(KIND_STR, expected), STEP(KIND_STR, actual),
	STEP(KIND_STR, request), STEP(KIND_STR, response),
	STEP(KIND_STR, curl),
};

/* All but the steps, which follow. */
static const struct member run_members[] = {
	RUN(KIND_STR, name), RUN(KIND_STR, file), RUN(KIND_U64, seed),
	RUN(KIND_VERDICT, verdict), RUN(KIND_STR, message),
	RUN(KIND_STR, left_behind),
	RUN(KIND_STR, events), RUN(KIND_BOOL, events_cut),
	RUN(KIND_STR, last_events), RUN(KIND_STR, reproduce),
	RUN(KIND_U64, ended.ns), RUN(KIND_U64, wall_ns),
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Begins every result, so that bytes of something else are noticed. */
static const uint64_t MAGIC = 0x3230746c75736572;	/* "result02" */

/* A step's members without the bytes of its strings: bounds the count. */
enum { STEP_BYTES_MIN = 8 * COUNT(step_members) };

static void put_u64(struct buf *out, uint64_t v)
{
	char bytes[8];

	for (size_t i = 0; i < sizeof(bytes); i++, v >>= 8)
		bytes[i] = (char)(v & 0xFF);
	buf_add(out, bytes, sizeof(bytes));
}

static void put_members(struct buf *out, const struct member *m, size_t count,
			const void *from)
{
	for (; count; count--, m++) {
		const char *at = (const char *)from + m->offset;

		switch (m->kind) {
		case KIND_STR:
			put_u64(out, ((const struct str *)at)->n);
			buf_str(out, *(const struct str *)at);
			break;
		case KIND_VERDICT:
			put_u64(out, *(const enum verdict *)at);
			break;
		case KIND_UNSIGNED:
			put_u64(out, *(const unsigned *)at);
			break;
		case KIND_U64:
			put_u64(out, *(const uint64_t *)at);
			break;
		case KIND_BOOL:
			put_u64(out, *(const bool *)at);
			break;
		}
	}
}

void result_write(struct buf *out, const struct run_result *r)
{
	put_u64(out, MAGIC);
	put_members(out, run_members, COUNT(run_members), r);
	put_u64(out, r->step_count);
	for (size_t i = 0; i < r->step_count; i++)
		put_members(out, step_members, COUNT(step_members), &r->steps[i]);
}

/* What is left of the bytes; `broken` once something did not fit. */
struct reader {
	struct str rest;
	struct arena *arena;
	bool broken;
};

static uint64_t get_u64(struct reader *in, uint64_t max)
{
	uint64_t v = 0;

	if (in->broken || in->rest.n < 8) {
		in->broken = true;
		return 0;
	}
	for (size_t i = 8; i-- > 0;)
		v = v << 8 | (unsigned char)in->rest.p[i];
	in->rest.p += 8;
	in->rest.n -= 8;
	if (v > max)
		in->broken = true;
	return v > max ? 0 : v;
}

static struct str get_str(struct reader *in)
{
	size_t n = (size_t)get_u64(in, SIZE_MAX);
	struct str s = { in->rest.p, n };

	if (n > in->rest.n)
		in->broken = true;
	if (in->broken || n == 0)
		return STR_NONE;
	in->rest.p += n;
	in->rest.n -= n;
	return arena_str(in->arena, s);
}

static void get_members(struct reader *in, const struct member *m,
			size_t count, void *into)
{
	for (; count; count--, m++) {
		char *at = (char *)into + m->offset;

		switch (m->kind) {
		case KIND_STR:
			*(struct str *)at = get_str(in);
			break;
		case KIND_VERDICT:
			*(enum verdict *)at = (enum verdict)get_u64(in, VERDICTS - 1);
			break;
		case KIND_UNSIGNED:
			*(unsigned *)at = (unsigned)get_u64(in, UINT32_MAX);
			break;
		case KIND_U64:
			*(uint64_t *)at = get_u64(in, UINT64_MAX);
			break;
		case KIND_BOOL:
			*(bool *)at = get_u64(in, 1) != 0;
			break;
		}
	}
}

int result_read(struct str bytes, struct arena *a, struct run_result *r,
		struct err *err)
{
	struct reader in = { .rest = bytes, .arena = a };

	*r = (struct run_result){ 0 };
	if (get_u64(&in, UINT64_MAX) != MAGIC)
		return err_set(err, ERR_INVALID,
			       "a result expected, found %zu other bytes", bytes.n);
	get_members(&in, run_members, COUNT(run_members), r);
	r->step_count = (size_t)get_u64(&in, in.rest.n / STEP_BYTES_MIN);
	r->steps = arena_array(a, r->step_count, sizeof(*r->steps));
	for (size_t i = 0; i < r->step_count; i++)
		get_members(&in, step_members, COUNT(step_members), &r->steps[i]);
	if (!in.broken && in.rest.n == 0)
		return 0;
	*r = (struct run_result){ 0 };
	return err_set(err, ERR_INVALID,
		       "a result of %zu bytes is broken near byte %zu", bytes.n,
		       bytes.n - in.rest.n);
}
