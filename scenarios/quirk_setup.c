/* Quirks that change what carriers, offers and devices are made of. */
#include "scenarios/quirk_impl.h"

#include "proto/profile.h"

#include <assert.h>

/* The most that a profile's metadata holds (SGP.22, 4.1: StoreMetadata). */
enum { SPN_MAX = 32 };

/* At most `n` bytes of it, and no character in parts. */
static struct str cut(struct str s, size_t n)
{
	if (s.n <= n)
		return s;
	while (n && ((unsigned char)s.p[n] & 0xC0) == 0x80)
		n--;
	return (struct str){ s.p, n };
}

/* before + spn + after, with as much of the SPN as there is room for. */
static struct str around(struct arena *a, const char *before, struct str spn,
			 const char *after)
{
	size_t room = SPN_MAX - strlen(before) - strlen(after);

	return arena_printf(a, "%s%.*s%s", before, STRF(cut(spn, room)), after);
}

static struct str own_text(const struct quirk_setting *s, const char *param,
			   struct arena *a)
{
	return arena_str(a, quirk_setting_get(s, param)->text);
}

static int spn_differs(const struct quirk_setting *s, struct quirk_carrier *c,
		       struct arena *a, struct err *err)
{
	struct str spn = own_text(s, "spn", a);

	if (str_eq(spn, c->name))
		return err_set(err, ERR_STATE,
			       "spn: '%.*s' is the contract name of carrier %.*s, so it does not "
			       "differ",
			       STRF(spn), STRF(c->key));
	c->spn = spn;
	return 0;
}

static int spn_blank(const struct quirk_setting *s, struct quirk_carrier *c,
		     struct arena *a, struct err *err)
{
	(void)s, (void)a, (void)err;
	c->spn = STR("");
	return 0;
}

static int spn_absent(const struct quirk_setting *s, struct quirk_carrier *c,
		      struct arena *a, struct err *err)
{
	(void)s, (void)a, (void)err;
	c->spn = STR_NONE;
	return 0;
}

enum { FORM_UPPER, FORM_LOWER, FORM_SWAPPED };

static char other_case(char c, int64_t form)
{
	bool is_upper = c >= 'A' && c <= 'Z', is_lower = c >= 'a' && c <= 'z';

	if (is_lower && form != FORM_LOWER)
		return (char)(c - 'a' + 'A');
	if (is_upper && form != FORM_UPPER)
		return (char)(c - 'A' + 'a');
	return c;
}

static int spn_case(const struct quirk_setting *s, struct quirk_carrier *c,
		    struct arena *a, struct err *err)
{
	int64_t form = quirk_setting_get(s, "form")->number;
	char *text = arena_alloc(a, c->spn.n + 1);

	(void)err;
	for (size_t i = 0; i < c->spn.n; i++)
		text[i] = other_case(c->spn.p[i], form);
	c->spn = (struct str){ text, c->spn.n };
	return 0;
}

static const char *blanks(int64_t count)
{
	static const char eight[] = "        ";

	return eight + 8 - count;
}

static int spn_leading(const struct quirk_setting *s, struct quirk_carrier *c,
		       struct arena *a, struct err *err)
{
	(void)err;
	c->spn = around(a, blanks(quirk_setting_get(s, "count")->number), c->spn,
			"");
	return 0;
}

static int spn_trailing(const struct quirk_setting *s, struct quirk_carrier *c,
			struct arena *a, struct err *err)
{
	(void)err;
	c->spn = around(a, "", c->spn,
			blanks(quirk_setting_get(s, "count")->number));
	return 0;
}

/* Where to break a name in two: its first space, or a character boundary
 * near the middle. */
static struct str first_half(struct str s)
{
	const char *space = s.n ? memchr(s.p, ' ', s.n) : NULL;

	return space ? (struct str){ s.p, (size_t)(space - s.p) } :
		       cut(s, (s.n + 1) / 2);
}

static struct str broken_by(struct arena *a, struct str s, const char *between)
{
	struct str one = first_half(s);
	struct str two = { s.p + one.n, s.n - one.n };

	if (two.n && two.p[0] == ' ')
		two = (struct str){ two.p + 1, two.n - 1 };
	return cut(arena_printf(a, "%.*s%s%.*s", STRF(one), between, STRF(two)),
		   SPN_MAX);
}

static int spn_doubled(const struct quirk_setting *s, struct quirk_carrier *c,
		       struct arena *a, struct err *err)
{
	(void)s, (void)err;
	c->spn = broken_by(a, c->spn, "  ");
	return 0;
}

static int spn_newline(const struct quirk_setting *s, struct quirk_carrier *c,
		       struct arena *a, struct err *err)
{
	(void)err;
	c->spn = broken_by(a, c->spn, s->row->words[0]);
	return 0;
}

/* Each letter of `from` becomes the text in `to` at its place. */
static struct str replaced(struct arena *a, struct str s, const char *from,
			   const char *const *to)
{
	struct buf out;
	struct str result;

	buf_init(&out, 4096);
	for (size_t i = 0; i < s.n; i++) {
		const char *at = s.p[i] ? strchr(from, s.p[i]) : NULL;

		if (at)
			buf_z(&out, to[at - from]);
		else
			buf_char(&out, s.p[i]);
	}
	result = arena_str(a, cut(buf_view(&out), SPN_MAX));
	buf_release(&out);
	return result;
}

/* What cannot have the quirk would be a test of nothing. */
static int no_effect(const struct quirk_carrier *c, struct str before,
		     struct err *err)
{
	if (!str_eq(before, c->spn))
		return 0;
	return err_set(err, ERR_STATE,
		       "the SPN '%.*s' of carrier %.*s stays as it is: it has nothing to change",
		       STRF(before), STRF(c->key));
}

static int spn_accents(const struct quirk_setting *s, struct quirk_carrier *c,
		       struct arena *a, struct err *err)
{
	static const char *const composed[] = {
		"\xC3\xA1", "\xC3\xA9", "\xC3\xAD", "\xC3\xB6", "\xC3\xBC",
		"\xC3\xA7", "\xC3\xB1",
	};
	static const char *const decomposed[] = {
		"a\xCC\x81", "e\xCC\x81", "i\xCC\x81", "o\xCC\x88", "u\xCC\x88",
		"c\xCC\xA7", "n\xCC\x83",
	};
	struct str before = c->spn;

	c->spn = replaced(a, before, "aeioucn",
			  quirk_setting_get(s, "form")->number ? decomposed :
								 composed);
	return no_effect(c, before, err);
}

static int spn_look_alike(const struct quirk_setting *s, struct quirk_carrier *c,
			  struct arena *a, struct err *err)
{
	/* Cyrillic a, e, o, p, c, x, i. */
	static const char *const cyrillic[] = {
		"\xD0\xB0", "\xD0\xB5", "\xD0\xBE", "\xD1\x80", "\xD1\x81",
		"\xD1\x85", "\xD1\x96",
	};
	struct str before = c->spn;

	(void)s;
	c->spn = replaced(a, before, "aeopcxi", cyrillic);
	return no_effect(c, before, err);
}

/* "Mobile", in the order of the parameter's choices. */
static int spn_script(const struct quirk_setting *s, struct quirk_carrier *c,
		      struct arena *a, struct err *err)
{
	static const char *const names[] = {
		"Мобильный", "Κινητή", "الجوال", "סלולר", "移动通信",
		"モバイル", "มือถือ",
	};

	(void)err;
	c->spn = str_of(arena_strdup(a,
			names[quirk_setting_get(s, "script")->number]));
	return 0;
}

static int spn_cut(const struct quirk_setting *s, struct quirk_carrier *c,
		   struct arena *a, struct err *err)
{
	struct str before = c->spn;
	uint64_t n = 0;
	int rc = str_to_u64(str_of(s->row->words[0]), SPN_MAX, &n);

	(void)a;
	assert(rc == 0);	/* the table is sound */
	if (quirk_setting_get(s, "whole-characters")->number)
		c->spn = cut(before, n);
	else if (before.n > n)
		c->spn.n = n;
	return no_effect(c, before, err);
}

static int spn_around(const struct quirk_setting *s, struct quirk_carrier *c,
		      struct arena *a, struct err *err)
{
	(void)err;
	c->spn = around(a, s->row->words[0], c->spn, s->row->words[1]);
	return 0;
}

static int carriers_share(const struct quirk_setting *s,
			  struct quirk_carrier *list, size_t count,
			  struct err *err)
{
	struct str only = quirk_setting_get(s, "carrier")->text;
	struct str with = quirk_setting_get(s, "with")->text;
	const struct quirk_carrier *other = NULL;

	for (size_t i = 0; i < count; i++)
		if (str_eq(list[i].key, with))
			other = &list[i];
	if (!other)
		return err_set(err, ERR_NOT_FOUND, "with: there is no carrier '%.*s'",
			       STRF(with));
	for (size_t i = 0; i < count; i++)
		if (!only.n || str_eq(list[i].key, only))
			list[i].spn = other->spn;
	return 0;
}

const struct quirk_ops
	quirk_spn_differs = { .spn = spn_differs },
	quirk_spn_blank = { .spn = spn_blank },
	quirk_spn_absent = { .spn = spn_absent },
	quirk_spn_case = { .spn = spn_case },
	quirk_spn_leading = { .spn = spn_leading },
	quirk_spn_trailing = { .spn = spn_trailing },
	quirk_spn_doubled = { .spn = spn_doubled },
	quirk_spn_accents = { .spn = spn_accents },
	quirk_spn_script = { .spn = spn_script },
	quirk_spn_look_alike = { .spn = spn_look_alike },
	quirk_spn_cut = { .spn = spn_cut },
	quirk_spn_around = { .spn = spn_around },
	quirk_spn_newline = { .spn = spn_newline },
	quirk_spn_shared = { .carriers = carriers_share };

int quirk_apply_carriers(const struct quirk_setting *s,
			 struct quirk_carrier *list, size_t count,
			 struct arena *a, struct err *err)
{
	const struct quirk_ops *ops = s->row->ops;
	struct str only;

	if (ops->carriers)
		return ops->carriers(s, list, count, err);
	if (!ops->spn)
		return 0;
	only = quirk_setting_get(s, "carrier")->text;
	for (size_t i = 0; i < count; i++) {
		if (only.n && !str_eq(list[i].key, only))
			continue;
		if (ops->spn(s, &list[i], a, err) < 0)
			return -1;
	}
	return 0;
}

/* ---- Offers and devices. ----------------------------------------------- */

/* A copy of the profiles, with room for `more`. */
static struct device_profile_spec *own_profiles(struct device_spec *spec,
						struct arena *a, size_t more)
{
	struct device_profile_spec *list =
		arena_array(a, spec->profile_count + more, sizeof(*list));

	if (spec->profile_count)
		memcpy(list, spec->profiles, spec->profile_count * sizeof(*list));
	spec->profiles = list;
	return list;
}

/* With a carrier named and no device, only its offers are meant. */
static bool only_offers(const struct quirk_setting *s)
{
	return quirk_setting_get(s, "carrier")->text.n &&
	       !quirk_setting_get(s, "device")->text.n;
}

static void add_rule(struct device_spec *spec, struct arena *a, unsigned rule)
{
	struct device_profile_spec *list = own_profiles(spec, a, 0);

	for (size_t i = 0; i < spec->profile_count; i++)
		list[i].ppr |= rule;
}

static int device_no_disable(const struct quirk_setting *s,
			     struct device_spec *spec,
			     const struct quirk_offer *offers,
			     size_t offer_count, struct arena *a,
			     struct err *err)
{
	(void)offers, (void)offer_count, (void)err;
	if (!only_offers(s))
		add_rule(spec, a, PPR_NO_DISABLE);
	return 0;
}

static int device_no_delete(const struct quirk_setting *s,
			    struct device_spec *spec,
			    const struct quirk_offer *offers,
			    size_t offer_count, struct arena *a,
			    struct err *err)
{
	(void)offers, (void)offer_count, (void)err;
	if (!only_offers(s))
		add_rule(spec, a, PPR_NO_DELETE);
	return 0;
}

static void offer_no_disable(struct smdp_profile_spec *offer)
{
	offer->ppr |= PPR_NO_DISABLE;
}

static void offer_no_delete(struct smdp_profile_spec *offer)
{
	offer->ppr |= PPR_NO_DELETE;
}

static int device_duplicate(const struct quirk_setting *s,
			    struct device_spec *spec,
			    const struct quirk_offer *offers,
			    size_t offer_count, struct arena *a, struct err *err)
{
	struct str carrier = quirk_setting_get(s, "carrier")->text;
	const struct quirk_offer *same = NULL;
	struct device_profile_spec *list;

	for (size_t i = 0; i < offer_count && !same; i++)
		if (!carrier.n || str_eq(offers[i].carrier, carrier))
			same = &offers[i];
	if (!same)
		return err_set(err, ERR_NOT_FOUND, "no carrier offers a profile whose ICCID "
		"could be taken");
	list = own_profiles(spec, a, 1);
	list[spec->profile_count++] = (struct device_profile_spec){
		.iccid = same->iccid, .spn = own_text(s, "spn", a),
		.profile_name = STR("duplicate"),
		.class_name = STR("operational"),
	};
	return 0;
}

static int device_reuse(const struct quirk_setting *s, struct device_spec *spec,
			const struct quirk_offer *offers, size_t offer_count,
			struct arena *a, struct err *err)
{
	(void)s, (void)offers, (void)offer_count, (void)a, (void)err;
	spec->reuse_numbers = true;
	return 0;
}

const struct quirk_ops
	quirk_no_disable = { .device = device_no_disable,
			     .offer = offer_no_disable },
	quirk_no_delete = { .device = device_no_delete,
			    .offer = offer_no_delete },
	quirk_duplicate_iccid = { .device = device_duplicate },
	quirk_reuse_numbers = { .device = device_reuse };

int quirk_apply_offer(const struct quirk_setting *s, struct str carrier,
		      struct smdp_profile_spec *offer, struct arena *a,
		      struct err *err)
{
	struct str only;

	(void)a, (void)err;
	if (!s->row->ops->offer)
		return 0;
	only = quirk_setting_get(s, "carrier")->text;
	/* With a device named and no carrier, only its own profiles are meant. */
	if (only.n ? str_eq(only, carrier) :
		     !quirk_setting_get(s, "device")->text.n)
		s->row->ops->offer(offer);
	return 0;
}

int quirk_apply_device(const struct quirk_setting *s, struct device_spec *spec,
		       const struct quirk_offer *offers, size_t offer_count,
		       struct arena *a, struct err *err)
{
	struct str only;

	if (!s->row->ops->device)
		return 0;
	only = quirk_setting_get(s, "device")->text;
	if (only.n && !str_eq(only, spec->name) &&
	    !(str_starts(spec->name, only) && spec->name.p[only.n] == '['))
		return 0;
	return s->row->ops->device(s, spec, offers, offer_count, a, err);
}
