/*
 * world_json.h - what a server that is not ours has to know of a world of the
 * rig, as one JSON file: docs/southbound.md, "world.json".
 *
 * The one rule: it holds passwords, tokens and activation codes, so whoever
 * writes it to a file makes that file readable to nobody else.
 */
#ifndef CONFORMANCE_WORLD_JSON_H
#define CONFORMANCE_WORLD_JSON_H

#include "scenarios/world.h"

/*
 * `listen`: "127.0.0.1:4711" that the server is to take, or empty if its own
 * target file says where it is.  The world must be alive, on sockets.
 */
void world_json(const struct world *w, struct str listen, struct buf *out);

#endif
