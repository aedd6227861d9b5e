/*
 * isdr.h - the card at its contacts: APDUs to the ISD-R (ISO/IEC 7816-4;
 * SGP.22, 5.7.1 and 5.7.2).
 *
 * SELECT, MANAGE CHANNEL, TERMINAL CAPABILITY, STORE DATA in blocks and GET
 * RESPONSE; what they carry are commands of ES10 (es10_der.h).  Every command
 * has an answer of at least a status word, whatever came.
 */
#ifndef DEVICES_ISDR_H
#define DEVICES_ISDR_H

#include "devices/es10_der.h"

enum { ISDR_CHANNELS = 4, ISDR_APDU_MAX = 5 + 255 + 1, ISDR_ANSWER_MAX = 256 + 2 };

struct isdr_channel {
	bool open;
	bool selected;			/* the ISD-R */
	unsigned next_block;		/* of STORE DATA */
	struct buf command;		/* its blocks so far */
	struct buf answer;		/* what GET RESPONSE gives */
	size_t sent;			/* of it */
};

struct isdr {
	struct euicc *e;
	struct isdr_channel channels[ISDR_CHANNELS];
};

void isdr_init(struct isdr *i, struct euicc *e);
void isdr_release(struct isdr *i);
/* The power goes: channels close, a running download is lost. */
void isdr_reset(struct isdr *i);

/* One command in; at most ISDR_ANSWER_MAX bytes, with the status word last, are
 * added to `out`. */
void isdr_transmit(struct isdr *i, struct str apdu, struct buf *out);

/* The application identifier of every ISD-R. */
struct str isdr_aid(void);
/* A way in beside MANAGE CHANNEL, for readers that have a function of their own:
 * the channel on which `aid` is selected, or -1. */
int isdr_open_channel(struct isdr *i, struct str aid);
void isdr_close_channel(struct isdr *i, unsigned channel);

#endif
