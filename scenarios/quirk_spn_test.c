/*
 * Goal: each quirk of a carrier's name does what its sentence says.
 * Method: probes say in words what must be seen with the quirk; the same
 * without it must be seen to be well.  A row without a probe fails.
 */
#include "scenarios/quirk_probe_test.h"

/* a: the SPN before, b: after; c: "absent" if there is none, "refused". */
static void spn_at_setup(const struct probe *p)
{
	struct quirk_carrier list[] = {
		{ STR("acme"), STR("Acme"), STR("Acme SPN") },
		{ STR("freds"), STR("Fred's Fast Wireless Service"), str_of(p->a) },
	};
	char params[100];
	struct quirk_setting s;
	struct arena a = { 0 };
	struct err err = { 0 };
	int rc;

	snprintf(params, sizeof(params), "carrier=freds%s%s", p->params ? " " : "",
		 p->params ? p->params : "");
	ck_assert_msg(read_setting(&s, p->name, params, &a, &err) == 0, "%s", err.msg);
	ck_assert(s.row->setup_only);
	rc = quirk_apply_carriers(&s, list, 2, &a, &err);
	if (p->c && strcmp(p->c, "refused") == 0) {
		ck_assert_int_eq(rc, -1);
		ck_assert_int_eq(err.code, ERR_STATE);
	} else {
		ck_assert_msg(rc == 0, "%s", err.msg);
		ck_assert_msg(str_is(list[1].spn, p->b), "'%.*s', expected '%s'",
			      STRF(list[1].spn), p->b);
		ck_assert_int_eq(list[1].spn.p == NULL, p->c != NULL);
		ck_assert_uint_le(list[1].spn.n, 32);
	}
	ck_assert(str_is(list[1].name, "Fred's Fast Wireless Service"));
	/* Without `carrier` it is all of them, with it the others stay. */
	ck_assert(str_is(list[0].spn, "Acme SPN"));
	arena_release(&a);
}

static void shared_at_setup(const struct probe *p)
{
	struct quirk_carrier list[] = {
		{ STR("acme"), STR("Acme"), STR("Mobile") },
		{ STR("freds"), STR("Fred's"), STR("Fred's") },
		{ STR("zoe"), STR("Zoe"), STR("Zoe") },
	};
	struct quirk_setting s;
	struct arena a = { 0 };
	struct err err = { 0 };

	read_setting(&s, p->name, "carrier=freds with=acme", &a, &err);
	ck_assert_int_eq(quirk_apply_carriers(&s, list, 3, &a, &err), 0);
	ck_assert(str_is(list[1].spn, "Mobile"));
	ck_assert(str_is(list[0].spn, "Mobile"));
	ck_assert(str_is(list[2].spn, "Zoe"));
	read_setting(&s, p->name, "carrier=freds with=nobody", &a, &err);
	ck_assert_int_eq(quirk_apply_carriers(&s, list, 3, &a, &err), -1);
	arena_release(&a);
}

/* ---- Every row. ---------------------------------------------------------- */

static const struct probe probes[] = {
	{ "spn.differs", NULL, spn_at_setup, "Fred's", "Mobile", NULL },
	{ "spn.differs", "spn=Fred's+Fast+Wireless+Service", spn_at_setup, "x", "",
	  "refused" },
	{ "spn.blank", NULL, spn_at_setup, "Fred's", "", NULL },
	{ "spn.absent", NULL, spn_at_setup, "Fred's", "", "absent" },
	{ "spn.other-case", NULL, spn_at_setup, "Fred's m", "FRED'S M", NULL },
	{ "spn.other-case", "form=lower", spn_at_setup, "Fred's M", "fred's m", NULL },
	{ "spn.other-case", "form=swapped", spn_at_setup, "Fred's M", "fRED'S m", NULL },
	{ "spn.leading-spaces", NULL, spn_at_setup, "Mobile", " Mobile", NULL },
	{ "spn.leading-spaces", "count=8", spn_at_setup, "Mobile", "        Mobile", NULL },
	{ "spn.trailing-spaces", NULL, spn_at_setup, "Mobile", "Mobile ", NULL },
	{ "spn.trailing-spaces", "count=3", spn_at_setup,
	  "A name that is rather long, of more than 32", "A name that is rather long, o   ",
	  NULL },
	{ "spn.doubled-spaces", NULL, spn_at_setup, "Fred Mobile", "Fred  Mobile", NULL },
	{ "spn.doubled-spaces", NULL, spn_at_setup, "Mobile", "Mob  ile", NULL },
	{ "spn.accents", NULL, spn_at_setup, "Mobile", "Möbílé", NULL },
	{ "spn.accents", "form=decomposed", spn_at_setup, "Mobile",
	  "Mo\xCC\x88" "bi\xCC\x81le\xCC\x81", NULL },
	{ "spn.accents", NULL, spn_at_setup, "BBB", "", "refused" },
	{ "spn.non-latin", NULL, spn_at_setup, "Mobile", "Мобильный", NULL },
	{ "spn.non-latin", "script=greek", spn_at_setup, "Mobile", "Κινητή", NULL },
	{ "spn.non-latin", "script=arabic", spn_at_setup, "Mobile", "الجوال", NULL },
	{ "spn.non-latin", "script=hebrew", spn_at_setup, "Mobile", "סלולר", NULL },
	{ "spn.non-latin", "script=chinese", spn_at_setup, "Mobile", "移动通信", NULL },
	{ "spn.non-latin", "script=japanese", spn_at_setup, "Mobile", "モバイル", NULL },
	{ "spn.non-latin", "script=thai", spn_at_setup, "Mobile", "มือถือ", NULL },
	{ "spn.look-alike", NULL, spn_at_setup, "Mobile", "Mоbіlе", NULL },
	{ "spn.cut-16", NULL, spn_at_setup, "Fred's Fast Wireless Service",
	  "Fred's Fast Wire", NULL },
	{ "spn.cut-16", NULL, spn_at_setup, "123456789012345é", "123456789012345", NULL },
	{ "spn.cut-16", "whole-characters=false", spn_at_setup, "123456789012345é",
	  "123456789012345\xC3", NULL },
	{ "spn.cut-16", NULL, spn_at_setup, "Mobile", "", "refused" },
	{ "spn.cut-20", NULL, spn_at_setup, "Fred's Fast Wireless Service",
	  "Fred's Fast Wireless", NULL },
	{ "spn.shared", NULL, shared_at_setup, NULL, NULL, NULL },
	{ "spn.quotes", NULL, spn_at_setup, "Mobile", "\"Mobile\"'s", NULL },
	{ "spn.comma", NULL, spn_at_setup, "Mobile", "Mobile, Inc.", NULL },
	{ "spn.newline", NULL, spn_at_setup, "Fred Mobile", "Fred\nMobile", NULL },
	{ "spn.tab", NULL, spn_at_setup, "Mobile", "Mob\tile", NULL },
	{ "spn.formula", NULL, spn_at_setup, "Mobile", "=Mobile", NULL },
	{ "spn.wildcards", NULL, spn_at_setup, "Mobile", "Mobile 100%_", NULL },
	{ "spn.emoji", NULL, spn_at_setup, "Mobile", "Mobile 📶", NULL },
	{ "spn.changes-after-enable", "device=router spn=New+name", done_on_event,
	  "100s spn of " ICCID " is New name", NULL, NULL },
	{ "spn.changes-after-refresh", "device=router", done_on_event,
	  "10s spn of " ICCID " is Mobile", NULL, NULL },
};

int main(void)
{
	return probe_all("scenarios/quirk spn", probes,
			 sizeof(probes) / sizeof(probes[0]),
			 1u << QUIRK_PARTY_SPN);
}
