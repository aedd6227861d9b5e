/*
 * redact.h - the net below: what looks like an activation code loses its
 * secret part before it reaches a log or a person.
 *
 * Callers do not pass secrets to a log in the first place; this is for what
 * slips through, such as a peer's message that quotes its request.
 */
#ifndef PROTO_REDACT_H
#define PROTO_REDACT_H

#include "sim/buf.h"

/* "LPA:1$host$SECRET$1" becomes "LPA:1$host$***"; also without "LPA:",
 * percent-encoded as in a URL, and as often as it occurs in the text.  In place; the text never grows. */
void redact_secrets(struct buf *line);

/* Masks `word`, a secret that is known, where it stands as a word of its own. */
void redact_word(struct buf *line, struct str word);

/* Is there anything in `text` that redact_secrets() would mask? */
bool redact_finds(struct str text);

#endif
