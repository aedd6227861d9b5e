/*
 * world_server.h - `esimrig server --world FILE`: the reference server as one
 * that lives in a world of somebody else's rig, told of it by a world.json
 * (docs/southbound.md).  In memory, on the clock that the file asks for.
 *
 * It is how the rig shows that its own way of bringing a foreign server into a
 * world works, and what such a server may look like in C.
 */
#ifndef CLI_WORLD_SERVER_H
#define CLI_WORLD_SERVER_H

#include "cli/verb.h"

/* Returns an exit code, when it was told to stop. */
int world_server(const struct verb *v, const char *path);

#endif
