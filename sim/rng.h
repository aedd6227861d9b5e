/*
 * rng.h - seeded random streams, one per (seed, actor, purpose).
 *
 * Adding a device, or a draw for another purpose, disturbs no other stream.
 * A stream is eight bytes (SplitMix64), so that a device can afford several.
 * Not for keys that must be secret.
 */
#ifndef SIM_RNG_H
#define SIM_RNG_H

#include "sim/str.h"

struct rng {
	uint64_t state;
};

/* `actor` and `purpose` name the stream: "device/router", "poll". */
void rng_init(struct rng *r, uint64_t seed, struct str actor,
	      struct str purpose);

uint64_t rng_u64(struct rng *r);
/* Uniform in [0, bound), without bias; bound > 0. */
uint64_t rng_below(struct rng *r, uint64_t bound);
/* Uniform in (0, 1): never 0, so that its logarithm is finite. */
double rng_unit(struct rng *r);
/* Standard normal. */
double rng_normal(struct rng *r);
void rng_fill(struct rng *r, void *bytes, size_t n);
/* `n` random lower-case hex digits, NUL-terminated: for identifiers. */
void rng_hex(struct rng *r, char *text, size_t n);
/* A version-4 UUID (RFC 4122) in its text form. */
enum { RNG_UUID_SIZE = 37 };
void rng_uuid(struct rng *r, char text[RNG_UUID_SIZE]);

#endif
