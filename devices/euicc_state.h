/*
 * euicc_state.h - what is in a card's flash, as bytes: so that a card outlives
 * the process that plays it.
 *
 * TLVs, with a version in front.  What is read is trusted no more than a peer:
 * a card that could not be is refused, and then there is none.
 */
#ifndef DEVICES_EUICC_STATE_H
#define DEVICES_EUICC_STATE_H

#include "devices/euicc.h"

enum { EUICC_STATE_MAX = 16 << 20 };

void euicc_state_write(const struct euicc *e, struct buf *out);
/*
 * Fill a card that euicc_init() made and nothing has happened to.  -1: `bytes`
 * are not the state of a card with that EID; the card stays empty.
 */
int euicc_state_read(struct euicc *e, struct str bytes, struct err *err);

#endif
