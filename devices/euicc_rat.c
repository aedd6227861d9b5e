#include "devices/euicc_rat.h"

#include "proto/tlv.h"

#include <assert.h>

enum { CONSENT_REQUIRED = 1 };

#define RULES (PPR_NO_DISABLE | PPR_NO_DELETE)

const struct euicc_rat euicc_rat_open = {
	.count = 1,
	.rules = { { .ppr = RULES, .operator_count = 1,
		     .operators = { { 0xEE, 0xEE, 0xEE } } } },
};

/* ---- From text. ------------------------------------------------------------- */

static int parse_ppr(struct str names, unsigned *ppr, struct err *err)
{
	while (names.n) {
		struct str name = str_trim(str_split(&names, ','));

		if (str_is(name, "ppr1"))
			*ppr |= PPR_NO_DISABLE;
		else if (str_is(name, "ppr2"))
			*ppr |= PPR_NO_DELETE;
		else
			return err_set(err, ERR_INVALID, "'%.*s': expected ppr1 or ppr2",
				       STRF(name));
	}
	return 0;
}

static int add_operator(struct euicc_rule *r, struct str word, struct err *err)
{
	struct str digits = str_is(word, "any") ? STR("xxxxxx") : word;

	if (r->operator_count == RAT_OPERATORS_MAX)
		return err_set(err, ERR_LIMIT, "more than %d operators in one rule",
			       RAT_OPERATORS_MAX);
	if (mcc_mnc_pack(digits, r->operators[r->operator_count]) < 0)
		return err_set(err, ERR_INVALID,
			       "'%.*s': expected an operator's five or six digits, or any",
			       STRF(word));
	r->operator_count++;
	return 0;
}

/* "ppr1,ppr2 for OPERATOR... [with consent]" */
static int parse_rule(struct euicc_rule *r, struct str text, struct err *err)
{
	struct str word = str_split(&text, ' ');

	*r = (struct euicc_rule){ 0 };
	if (parse_ppr(word, &r->ppr, err) < 0)
		return -1;
	text = str_trim(text);
	if (!r->ppr || !str_is(str_split(&text, ' '), "for"))
		return err_set(err, ERR_INVALID,
			       "expected a rule such as 'ppr1,ppr2 for any'");
	while ((text = str_trim(text)).n) {
		word = str_split(&text, ' ');
		if (str_is(word, "with") && str_is(str_trim(text), "consent")) {
			r->consent = true;
			break;
		}
		if (add_operator(r, word, err) < 0)
			return -1;
	}
	return r->operator_count ? 0 :
	       err_set(err, ERR_INVALID, "expected an operator behind 'for'");
}

int euicc_rat_parse(struct euicc_rat *rat, struct str text, struct err *err)
{
	*rat = (struct euicc_rat){ 0 };
	if (str_is(str_trim(text), "none"))
		return 0;
	while (text.n) {
		struct str one = str_trim(str_split(&text, ';'));

		if (rat->count == RAT_RULES_MAX)
			return err_set(err, ERR_LIMIT, "more than %d rules", RAT_RULES_MAX);
		if (parse_rule(&rat->rules[rat->count++], one, err) < 0)
			return -1;
	}
	return rat->count ? 0 : err_set(err, ERR_INVALID, "expected rules, or none");
}

/* ---- To bytes. ---------------------------------------------------------------- */

static void write_rule(const struct euicc_rule *r, struct buf *out)
{
	size_t rule = tlv_open(out, TLV_SEQUENCE), operators, one;

	tlv_put_bits(out, 0x80, r->ppr);
	operators = tlv_open(out, 0xA1);
	for (size_t i = 0; i < r->operator_count; i++) {
		one = tlv_open(out, TLV_SEQUENCE);
		tlv_put(out, 0x80, (struct str){ (const char *)r->operators[i],
						 MCC_MNC_BYTES });
		tlv_close(out, one);
	}
	tlv_close(out, operators);
	tlv_put_bits(out, 0x82, r->consent ? CONSENT_REQUIRED : 0);
	tlv_close(out, rule);
}

void euicc_rat_write(const struct euicc_rat *rat, struct buf *out)
{
	size_t whole = tlv_open(out, 0xBF43), list = tlv_open(out, 0xA0);

	for (size_t i = 0; i < rat->count; i++)
		write_rule(&rat->rules[i], out);
	tlv_close(out, list);
	tlv_close(out, whole);
}

/* ---- From bytes. ---------------------------------------------------------------- */

static int read_operators(struct euicc_rule *r, struct str list, struct err *err)
{
	struct tlv one, digits;
	int rc;

	while ((rc = tlv_next(&list, &one, err)) > 0) {
		if (tlv_find(one.value, 0x80, &digits, err) <= 0 ||
		    digits.value.n != MCC_MNC_BYTES || r->operator_count == RAT_OPERATORS_MAX)
			return err_set(err, ERR_INVALID, "rules: an operator that is none");
		memcpy(r->operators[r->operator_count++], digits.value.p, MCC_MNC_BYTES);
	}
	return rc;
}

static int read_rule(struct euicc_rule *r, struct str value, struct err *err)
{
	struct tlv ppr, operators, flags;
	unsigned bits;

	*r = (struct euicc_rule){ 0 };
	if (tlv_expect(&value, 0x80, &ppr, err) < 0 ||
	    tlv_expect(&value, 0xA1, &operators, err) < 0 ||
	    tlv_expect(&value, 0x82, &flags, err) < 0)
		return err_prefix(err, "rules");
	if (tlv_bits(ppr.value, &r->ppr) < 0 || tlv_bits(flags.value, &bits) < 0)
		return err_set(err, ERR_INVALID, "rules: expected bit strings");
	r->consent = bits & CONSENT_REQUIRED;
	return read_operators(r, operators.value, err);
}

int euicc_rat_read(struct str der, struct euicc_rat *rat, struct err *err)
{
	struct tlv t, list;
	int rc;

	*rat = (struct euicc_rat){ 0 };
	if (tlv_whole(der, 0xBF43, &t, err) < 0 || tlv_whole(t.value, 0xA0, &list, err) < 0)
		return err_prefix(err, "rules");
	while ((rc = tlv_next(&list.value, &t, err)) > 0) {
		if (t.tag != TLV_SEQUENCE || rat->count == RAT_RULES_MAX)
			return err_set(err, ERR_INVALID, "rules: expected at most %d",
				       RAT_RULES_MAX);
		if (read_rule(&rat->rules[rat->count++], t.value, err) < 0)
			return -1;
	}
	return rc;
}

/* ---- Asking it. ----------------------------------------------------------------- */

static bool fits_digits(const unsigned char *want, const unsigned char *have)
{
	for (int i = 0; i < 2 * MCC_MNC_BYTES; i++) {
		int shift = i % 2 ? 4 : 0;
		unsigned w = want[i / 2] >> shift & 0xF, h = have[i / 2] >> shift & 0xF;

		if (w != MCC_MNC_ANY && w != h)
			return false;
	}
	return true;
}

static bool fits(const struct euicc_rule *r, const unsigned char *owner)
{
	for (size_t i = 0; i < r->operator_count; i++)
		if (owner ? fits_digits(r->operators[i], owner) :
			    memcmp(r->operators[i], "\xEE\xEE\xEE", MCC_MNC_BYTES) == 0)
			return true;
	return false;
}

/* For one rule: the first entry that fits decides (2.9.2.2). */
static enum rat_answer allows_one(const struct euicc_rat *rat, unsigned ppr,
				  const unsigned char *owner)
{
	for (size_t i = 0; i < rat->count; i++)
		if ((rat->rules[i].ppr & ppr) && fits(&rat->rules[i], owner))
			return rat->rules[i].consent ? RAT_ASK : RAT_YES;
	return RAT_NO;
}

enum rat_answer euicc_rat_allows(const struct euicc_rat *rat, unsigned ppr,
				 struct str owner)
{
	enum rat_answer answer = RAT_YES;
	const unsigned char *digits = NULL;
	struct tlv t;
	struct err err;

	if (owner.p && tlv_find(owner, 0x80, &t, &err) > 0) {
		if (t.value.n != MCC_MNC_BYTES)
			return RAT_NO;
		digits = (const unsigned char *)t.value.p;
	}
	if (ppr & ~(unsigned)PPR_ALL)
		return RAT_NO;
	for (unsigned bit = PPR_NO_DISABLE; bit <= PPR_NO_DELETE; bit <<= 1) {
		enum rat_answer one = ppr & bit ? allows_one(rat, bit, digits) : RAT_YES;

		answer = one < answer ? one : answer;
	}
	return answer;
}

unsigned euicc_rat_forbidden(const struct euicc_rat *rat)
{
	unsigned allowed = 0;

	for (size_t i = 0; i < rat->count; i++)
		allowed |= rat->rules[i].ppr;
	return RULES & ~allowed;
}
