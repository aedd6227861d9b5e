/*
 * mask.h - the net below evidence: what has the form of a secret is masked
 * before a report is written.
 *
 * Who records an exchange masks the secrets that it knows.  This is for those
 * that nobody knew of: a password that a server under test puts into an
 * answer, a token in a header that it sent.  It goes by where such things
 * stand: headers of authorization and cookies, members and parameters with
 * names like "password", `curl -u`, a password in a URL, activation codes.
 */
#ifndef CONFORMANCE_MASK_H
#define CONFORMANCE_MASK_H

#include "sim/arena.h"
#include "sim/buf.h"

/* `text`, or a copy in `a` in which secrets are "***". */
struct str mask_secrets(struct str text, struct arena *a);

#endif
