/*
 * activation_code.h - "LPA:1$<SM-DP+ address>$<matching id>[$<oid>][$1]"
 * (SGP.22, 4.1).
 *
 * The matching id is a secret: it goes to the SM-DP+ and nowhere else, so no
 * message of this module holds any part of the code.
 */
#ifndef PROTO_ACTIVATION_CODE_H
#define PROTO_ACTIVATION_CODE_H

#include "sim/buf.h"
#include "sim/err.h"

enum { ACTIVATION_CODE_MAX = 255 };

struct activation_code {
	struct str smdp_address;	/* host, with ":port" where it is not 443 */
	struct str matching_id;		/* may be empty */
	struct str oid;			/* of the SM-DP+; empty if not given */
	bool cc_required;		/* the user must enter a confirmation code */
};

/*
 * `ac` points into `text`.  "LPA:" may be missing or in lower case; spaces
 * around the code are ignored.  -1 says what is wrong, without quoting.
 */
int activation_code_parse(struct str text, struct activation_code *ac,
			  struct err *err);

/* The code in its usual form, with "LPA:". */
void activation_code_print(struct buf *out, const struct activation_code *ac);

#endif
