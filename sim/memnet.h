/*
 * memnet.h - the network in memory: messages that travel in simulated time.
 *
 * Nothing is copied between caller and handler but what must outlive the
 * call.  Works on any clock; in virtual time it is the only one.  A call is
 * one allocation, taken from a free list.
 */
#ifndef SIM_MEMNET_H
#define SIM_MEMNET_H

#include "sim/http.h"

/* `log` may be NULL.  Ends with network_release(). */
struct network *memnet_new(struct loop *loop, struct eventlog *log);

#endif
