#include "sim/rng.h"

#include <assert.h>
#include <math.h>

static uint64_t mix(uint64_t z)
{
	z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
	return z ^ (z >> 31);
}

/* Each byte and the length go through the full mix: names that differ in one
 * character give unrelated streams. */
static uint64_t absorb(uint64_t h, struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		h = mix(h ^ (unsigned char)s.p[i]) + UINT64_C(0x9E3779B97F4A7C15);
	return mix(h ^ (s.n << 8));
}

void rng_init(struct rng *r, uint64_t seed, struct str actor,
	      struct str purpose)
{
	r->state = absorb(absorb(mix(seed + 1), actor), purpose);
}

uint64_t rng_u64(struct rng *r)
{
	r->state += UINT64_C(0x9E3779B97F4A7C15);
	return mix(r->state);
}

uint64_t rng_below(struct rng *r, uint64_t bound)
{
	uint64_t limit, v;

	assert(bound > 0);
	limit = UINT64_MAX - UINT64_MAX % bound;
	do
		v = rng_u64(r);
	while (v >= limit);
	return v % bound;
}

double rng_unit(struct rng *r)
{
	return ((double)(rng_u64(r) >> 11) + 0.5) / 9007199254740992.0;
}

/* Box and Muller; the second value is thrown away so that a stream has no
 * hidden state. */
double rng_normal(struct rng *r)
{
	double u = rng_unit(r), v = rng_unit(r);

	return sqrt(-2.0 * log(u)) * cos(2.0 * 3.14159265358979323846 * v);
}

void rng_fill(struct rng *r, void *bytes, size_t n)
{
	unsigned char *at = bytes;

	for (size_t i = 0; i < n; i++)
		at[i] = (unsigned char)(rng_u64(r) >> 56);
}

void rng_hex(struct rng *r, char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		text[i] = "0123456789abcdef"[rng_u64(r) >> 60];
	text[n] = '\0';
}

void rng_uuid(struct rng *r, char text[RNG_UUID_SIZE])
{
	rng_hex(r, text, 36);
	text[8] = text[13] = text[18] = text[23] = '-';
	text[14] = '4';
	text[19] = "89ab"[rng_below(r, 4)];
}
