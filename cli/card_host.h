/*
 * card_host.h - a card in this process, with its keys and its flash in files:
 * what `esimrig card` and `esimrig lpa` put behind their contacts.
 *
 * The flash is written after every command that changed it, in a file beside
 * it that then takes its place, so that it is whole whenever this ends.
 */
#ifndef CLI_CARD_HOST_H
#define CLI_CARD_HOST_H

#include "devices/isdr.h"
#include "proto/rsp_pki.h"

struct card_host_config {
	const char *pki;		/* directory, or NULL: the default one */
	const char *state;		/* file, or NULL: none */
	const char *eid;		/* or NULL */
	bool tolerant;			/* of struct euicc_shared */
	bool require_crl;		/* rsp_pki_require_crls() */
	/* Of a card that is not there yet; NULL: the usual ones. */
	const char *rules;		/* euicc_rat_parse() */
	const char *memory;		/* bytes, in digits */
};

struct card_host {
	struct rsp_pki *pki;
	struct rsp_crypto *crypto;
	struct clock clock;		/* real */
	struct euicc_shared shared;
	struct euicc card;
	struct isdr isdr;
	char eid[EID_SIZE];
	const char *state;
	struct buf flash;		/* as it was last written */
	struct err err;			/* why the flash could not be written */
};

int card_host_open(struct card_host *h, const struct card_host_config *config,
		   struct err *err);
void card_host_close(struct card_host *h);

/* isdr_transmit(), and the flash is kept. */
void card_host_transmit(struct card_host *h, struct str apdu, struct buf *out);
/* Write the flash if it is not what it was; -1 is in `h->err` too. */
int card_host_keep(struct card_host *h);

#endif
