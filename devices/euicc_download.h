/*
 * euicc_download.h - the card's part in a download: the ES10b functions that
 * need a session (SGP.22, 5.7.5 to 5.7.14), and what the card signs.
 *
 * Rows of the table in euicc.c; nobody else calls them.  The session begins
 * with a challenge and ends with the last segment, a cancellation, an error
 * or the power.
 */
#ifndef DEVICES_EUICC_DOWNLOAD_H
#define DEVICES_EUICC_DOWNLOAD_H

#include "devices/euicc.h"

void euicc_session_end(struct euicc *e);

#define ES10_FUNCTION(name) \
	void name(struct euicc *e, const struct es10_request *rq, \
		  struct arena *a, struct es10_answer *an)
ES10_FUNCTION(euicc_get_challenge);
ES10_FUNCTION(euicc_get_info1);
ES10_FUNCTION(euicc_get_info2);
ES10_FUNCTION(euicc_get_rat);
ES10_FUNCTION(euicc_authenticate_server);
ES10_FUNCTION(euicc_prepare_download);
ES10_FUNCTION(euicc_load_package);
ES10_FUNCTION(euicc_cancel_session);
#undef ES10_FUNCTION

/* Keep a one-time key pair for a further try of the same download from that SM-DP+. */
void euicc_keep_key(struct euicc *e, const struct rsp_otpk *otpk, struct str oid);
/* An OtherSignedNotification, in memory of `a`. */
struct str euicc_sign_note(struct euicc *e, struct arena *a, int ci, uint32_t sequence,
			   unsigned event, const char *iccid, struct str address);
/* Keep a pending notification until its SM-DP+ has it; strings are copied. */
void euicc_add_note(struct euicc *e, uint32_t sequence, unsigned event,
		    const char *iccid, struct str address, struct str der);

#endif
