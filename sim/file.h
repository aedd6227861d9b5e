/*
 * file.h - a whole file into a buffer.
 *
 * The buffer's maximum is the limit, so one without an end (a device, a pipe
 * that somebody keeps writing to) is refused when that much has been read.
 */
#ifndef SIM_FILE_H
#define SIM_FILE_H

#include "sim/buf.h"
#include "sim/err.h"

/* Adds to `out` what is in `path`.  ERR_IO; ERR_LIMIT: it is longer than out->max. */
int file_read(const char *path, struct buf *out, struct err *err);
/* The same for what is open and goes by `name`; it stays open. */
int file_read_fd(int fd, const char *name, struct buf *out, struct err *err);

#endif
