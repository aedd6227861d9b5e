#include "sim/clock.h"

#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static int64_t machine_ns(clockid_t which)
{
	struct timespec ts;
	int rc = clock_gettime(which, &ts);

	assert(rc == 0);
	return (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

int64_t clock_machine_ns(void)
{
	return machine_ns(CLOCK_MONOTONIC);
}

int64_t clock_machine_unix_ms(void)
{
	return machine_ns(CLOCK_REALTIME) / NS_PER_MS;
}

void clock_init(struct clock *c, enum clock_kind kind, double rate,
		int64_t unix_epoch_ms)
{
	assert(rate > 0);
	assert(kind != CLOCK_KIND_REAL || rate == 1.0);
	*c = (struct clock){
		.kind = kind,
		.rate = rate,
		.start_ns = clock_machine_ns(),
		.unix_epoch_ms = unix_epoch_ms,
	};
}

int clock_parse(struct str text, enum clock_kind *kind, double *rate,
		struct err *err)
{
	struct str prefix = STR("scaled=");
	char number[32] = "", *end = number;

	*rate = 1.0;
	if (str_is(text, "virtual")) {
		*kind = CLOCK_KIND_VIRTUAL;
		return 0;
	}
	if (str_is(text, "real")) {
		*kind = CLOCK_KIND_REAL;
		return 0;
	}
	if (str_starts(text, prefix) && text.n - prefix.n < sizeof(number)) {
		memcpy(number, text.p + prefix.n, text.n - prefix.n);
		*rate = strtod(number, &end);
	}
	if (end == number || *end || !(*rate > 0) || *rate > 1e6)
		return err_set(err, ERR_INVALID,
			       "clock '%.*s': expected virtual, real or scaled=N "
			       "with N over 0 and at most 1000000", STRF(text));
	*kind = CLOCK_KIND_SCALED;
	return 0;
}

void clock_tick(struct clock *c)
{
	int64_t elapsed_ns;

	if (c->kind == CLOCK_KIND_VIRTUAL)
		return;
	elapsed_ns = clock_machine_ns() - c->start_ns;
	if (c->kind == CLOCK_KIND_SCALED)
		elapsed_ns = (int64_t)((double)elapsed_ns * c->rate);
	elapsed_ns += c->base.ns;
	assert(elapsed_ns >= c->now.ns);
	c->now.ns = elapsed_ns;
}

void clock_set_rate(struct clock *c, double rate)
{
	assert(c->kind == CLOCK_KIND_SCALED && rate > 0);
	clock_tick(c);
	c->base = c->now;
	c->start_ns = clock_machine_ns();
	c->rate = rate;
}

void clock_skip(struct clock *c, int64_t ns)
{
	assert(c->kind == CLOCK_KIND_SCALED && ns >= 0);
	c->base.ns += ns;
	clock_tick(c);
}

void clock_jump(struct clock *c, struct instant at)
{
	assert(c->kind == CLOCK_KIND_SCALED && at.ns >= c->now.ns);
	c->base = c->now = at;
	c->start_ns = clock_machine_ns();
}

int clock_poll_ms(const struct clock *c, struct instant deadline)
{
	double ms;

	if (c->kind == CLOCK_KIND_VIRTUAL || deadline.ns <= c->now.ns)
		return 0;
	if (deadline.ns == INSTANT_NEVER.ns)
		return -1;
	/* Round up: waking early would spin until the deadline passes. */
	ms = (double)(deadline.ns - c->now.ns) / c->rate / 1e6 + 1;
	return ms < INT_MAX ? (int)ms : INT_MAX;
}

void clock_idle_until(struct clock *c, struct instant deadline)
{
	if (c->kind != CLOCK_KIND_VIRTUAL || deadline.ns == INSTANT_NEVER.ns)
		return;
	assert(deadline.ns >= c->now.ns);
	c->now = deadline;
}

/* Days since 1970-01-01 and back: the proleptic Gregorian calendar, with
 * years that begin in March so that the leap day is the last. */
static int64_t days_from_date(int64_t y, int64_t m, int64_t d)
{
	int64_t era, yoe, doy;

	y -= m <= 2;
	era = (y >= 0 ? y : y - 399) / 400;
	yoe = y - era * 400;
	doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static void date_from_days(int64_t days, int64_t *y, int64_t *m, int64_t *d)
{
	int64_t era, doe, yoe, doy, mp;

	days += 719468;
	era = (days >= 0 ? days : days - 146096) / 146097;
	doe = days - era * 146097;
	yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	mp = (5 * doy + 2) / 153;
	*d = doy - (153 * mp + 2) / 5 + 1;
	*m = mp < 10 ? mp + 3 : mp - 9;
	*y = yoe + era * 400 + (*m <= 2);
}

static void put_digits(char *at, int64_t v, int width)
{
	for (int i = width - 1; i >= 0; i--, v /= 10)
		at[i] = (char)('0' + v % 10);
}

void clock_iso_to(int64_t unix_ms, char text[CLOCK_ISO_SIZE])
{
	int64_t day_ms = 86400000;
	int64_t days = unix_ms / day_ms - (unix_ms % day_ms < 0);
	int64_t ms = unix_ms - days * day_ms, y, m, d;

	date_from_days(days, &y, &m, &d);
	memcpy(text, "0000-00-00T00:00:00.000Z", 25);
	put_digits(text, y, 4);
	put_digits(text + 5, m, 2);
	put_digits(text + 8, d, 2);
	put_digits(text + 11, ms / 3600000, 2);
	put_digits(text + 14, ms / 60000 % 60, 2);
	put_digits(text + 17, ms / 1000 % 60, 2);
	put_digits(text + 20, ms % 1000, 3);
}

struct str clock_iso(int64_t unix_ms, struct arena *a)
{
	char text[CLOCK_ISO_SIZE];

	clock_iso_to(unix_ms, text);
	return arena_str(a, str_of(text));
}

/* Reads `width` digits at *at; -1 if they are not digits. */
static int64_t take_digits(struct str *s, size_t width)
{
	uint64_t v;

	if (s->n < width ||
	    str_to_u64((struct str){ s->p, width }, 999999999, &v) < 0)
		return -1;
	*s = (struct str){ s->p + width, s->n - width };
	return (int64_t)v;
}

static bool take_char(struct str *s, char c)
{
	if (s->n == 0 || s->p[0] != c)
		return false;
	*s = (struct str){ s->p + 1, s->n - 1 };
	return true;
}

/* The part behind the seconds: [.fraction] then Z, or +hh:mm, -hh:mm. */
static int take_tail(struct str *s, int64_t *ms, int64_t *offset_min)
{
	int64_t h, m, unit = 100;
	char sign;

	if (take_char(s, '.')) {
		if (s->n == 0 || s->p[0] < '0' || s->p[0] > '9')
			return -1;
		for (; s->n && s->p[0] >= '0' && s->p[0] <= '9'; unit /= 10)
			*ms += take_digits(s, 1) * unit;
	}
	*offset_min = 0;
	if (take_char(s, 'Z') || take_char(s, 'z'))
		return s->n ? -1 : 0;
	sign = s->n ? s->p[0] : '\0';
	if (!take_char(s, '+') && !take_char(s, '-'))
		return -1;
	h = take_digits(s, 2);
	if (h < 0 || h > 23)
		return -1;
	take_char(s, ':');
	m = take_digits(s, 2);
	if (m < 0 || m > 59 || s->n)
		return -1;
	*offset_min = (h * 60 + m) * (sign == '-' ? -1 : 1);
	return 0;
}

int clock_parse_iso(struct str text, int64_t *unix_ms, struct err *err)
{
	struct str s = text;
	int64_t v[6], ms = 0, offset_min;
	static const int64_t hi[6] = { 9999, 12, 31, 23, 59, 59 };
	static const int64_t lo[6] = { 0, 1, 1, 0, 0, 0 };
	int64_t y, m, d;

	for (int i = 0; i < 6; i++) {
		v[i] = take_digits(&s, i == 0 ? 4 : 2);
		if (v[i] < lo[i] || v[i] > hi[i] ||
		    (i < 5 && !take_char(&s, "--T::"[i])))
			goto bad;
	}
	if (take_tail(&s, &ms, &offset_min) < 0)
		goto bad;
	date_from_days(days_from_date(v[0], v[1], v[2]), &y, &m, &d);
	if (y != v[0] || m != v[1] || d != v[2])
		goto bad;	/* 30 February */
	*unix_ms = ((days_from_date(v[0], v[1], v[2]) * 24 + v[3]) * 60 + v[4] -
		    offset_min) * 60000 + v[5] * 1000 + ms;
	return 0;
bad:
	return err_set(err, ERR_INVALID,
		       "time '%.*s': expected the form 2026-01-31T23:59:59.000Z",
		       STRF(text));
}
