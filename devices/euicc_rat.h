/*
 * euicc_rat.h - the Rules Authorisation Table (SGP.22, 2.9.2): which operators may
 * give their profiles which policy rules.
 *
 * It is made with the card and never changes.  A profile whose rules it does not
 * allow is not installed; an LPA reads it to refuse one before that, and to ask
 * the user where it says so.  Operators are mobile country and network codes,
 * digit by digit, where E stands for any.
 */
#ifndef DEVICES_EUICC_RAT_H
#define DEVICES_EUICC_RAT_H

#include "proto/profile.h"
#include "sim/buf.h"
#include "sim/err.h"

enum { RAT_RULES_MAX = 16, RAT_OPERATORS_MAX = 16 };

struct euicc_rule {
	unsigned ppr;			/* set of PPR_... that it is about */
	bool consent;			/* the user is to be asked */
	uint8_t operator_count;
	unsigned char operators[RAT_OPERATORS_MAX][MCC_MNC_BYTES];
};

struct euicc_rat {
	size_t count;
	struct euicc_rule rules[RAT_RULES_MAX];
};

/* Any operator may set any rule, and nobody is asked. */
extern const struct euicc_rat euicc_rat_open;

/*
 * "ppr1,ppr2 for any; ppr2 for 26201 310410 with consent", or "none".  An operator
 * is five or six digits; x is any digit.
 */
int euicc_rat_parse(struct euicc_rat *rat, struct str text, struct err *err);
/* A whole BF43, the answer of GetRAT. */
void euicc_rat_write(const struct euicc_rat *rat, struct buf *out);
int euicc_rat_read(struct str der, struct euicc_rat *rat, struct err *err);

enum rat_answer { RAT_NO, RAT_ASK, RAT_YES };	/* RAT_ASK: yes, if the user agrees */

/* May a profile of that owner have these rules?  `owner` is the content of its
 * profileOwner, or STR_NONE: then only a rule for any operator fits. */
enum rat_answer euicc_rat_allows(const struct euicc_rat *rat, unsigned ppr,
				 struct str owner);
/* Rules that no profile may have: forbiddenProfilePolicyRules of EUICCInfo2. */
unsigned euicc_rat_forbidden(const struct euicc_rat *rat);

#endif
