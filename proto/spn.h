/*
 * spn.h - when two carrier names are the same name.
 *
 * The name on a contract and the SPN in a profile are typed by different
 * people.  The normalised form is what the API shows as normalized_carrier
 * and what operations match by:
 *
 *	1. bytes that are not UTF-8 become U+FFFD, one each
 *	2. the signs (R), (C), TM and SM are dropped (NFKC would spell them out)
 *	3. Unicode NFKC with full case folding; what Unicode ignores by default
 *	   (soft hyphen, zero-width joiner, variation selectors) is dropped
 *	4. punctuation (general category P) is dropped; symbols such as + stay
 *	5. separators and control characters become a space, runs of them one,
 *	   and none is left at either end
 *
 * So "T-Mobile", "t-mobile " and "TMobile" are one; "T Mobile" is another,
 * and accents count: "Telecom" is not "Telecom" with an accent, however that
 * is encoded.  The form is stable: normalising it again changes nothing.
 */
#ifndef PROTO_SPN_H
#define PROTO_SPN_H

#include "sim/arena.h"

/* The normalised form, in `a`; empty if nothing is left. */
struct str spn_normalize(struct arena *a, struct str name);

/* Step 1 and case folding alone: for comparing text without regard to case. */
struct str spn_fold(struct arena *a, struct str text);

#endif
