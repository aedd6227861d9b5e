/*
 * bench_peer.h - what `esimrig bench server` loads: the reference server, and
 * the floor beside it, each in a process of its own, and so is the EIS that the
 * server calls.
 *
 * A peer is forked and says where it listens once it is ready.  What is measured
 * sits on one processor; the load generator and the EIS have the others.  A peer
 * ends with peer_stop(), or with its parent.
 */
#ifndef CLI_BENCH_PEER_H
#define CLI_BENCH_PEER_H

#include "sim/socknet.h"

#include <sched.h>
#include <sys/types.h>

/* Processors: the first one is the peers', the others the caller's. */
struct seats {
	cpu_set_t all;
	bool shared;		/* there is only one */
};

/* The caller leaves the peers' processor, and may return to it. */
void seats_take(struct seats *s);
void seats_leave(const struct seats *s);

struct peer {
	pid_t pid;		/* 0: there is none */
	char address[SOCKNET_ADDRESS_SIZE];
};

/* What a peer does: it says that it is ready, or why not, and serves for ever. */
typedef void peer_fn(const void *arg, int ready_fd);
void peer_is_ready(int ready_fd, const char *address);
_Noreturn void peer_is_not(int ready_fd, const struct err *err);
/* `arg` lives in both processes. */
int peer_start(struct peer *p, const struct seats *seats, peer_fn *fn,
	       const void *arg, struct err *err);

/* So many devices of an account, with so many profiles each, the first of
 * them active if there are several.  Numbers go on from the group before. */
struct bench_fill {
	int64_t customer_id;
	uint64_t devices;
	unsigned profiles;
};

struct bench_server_spec {
	const char *db;
	struct bench_fill fill[2];
	const struct peer *eis;		/* that knows the devices, or NULL */
};

/* User names and passwords of the accounts 1 and 2, as they go over the wire. */
#define BENCH_BASIC_1 "YmVuY2g6YmVuY2g="
#define BENCH_BASIC_2 "cG9zdHM6cG9zdHM="

enum { BENCH_ID_SIZE = 40 };

/* Device `n` of all, and profile `n` of all, from 0. */
void bench_device_id(char id[BENCH_ID_SIZE], uint64_t n);
void bench_eid(char eid[BENCH_ID_SIZE], uint64_t n);
void bench_iccid(char iccid[BENCH_ID_SIZE], uint64_t n);

/* The reference server on sockets and a real clock, on a store in a file. */
int peer_start_server(struct peer *p, const struct seats *seats,
		      const struct bench_server_spec *spec, struct err *err);

/* The EIS of so many devices, on the caller's processors. */
int peer_start_eis(struct peer *p, const struct seats *seats, uint64_t devices,
		   struct err *err);

/* Bare libmicrohttpd: GET /0 is answered with sizes[0] bytes, and so on. */
int peer_start_floor(struct peer *p, const struct seats *seats,
		     const size_t *sizes, size_t count, struct err *err);

/* Seconds of its processor that it has used so far; 0 if nobody can tell. */
double peer_busy_s(const struct peer *p);

void peer_stop(struct peer *p);

#endif
