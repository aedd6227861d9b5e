/* What an SM-DP+ does wrong with a bound profile package (SGP.22, 2.5.5 and 5.6.2). */
#include "scenarios/quirk_rsp.h"
#include "proto/rsp_bpp.h"

enum { PACKAGE_MAX = 1 << 20, PARTS_MAX = 64 };

#define MEMBER "boundProfilePackage"
#define HEAD 0xBF23

static struct str package(const struct quirk_pass *p)
{
	return quirk_bytes(p, p->x->resp.body, MEMBER);
}

/* The TLV at the path is another, and nothing else is. */
static bool alter(struct quirk_active *q, struct quirk_pass *p, const struct quirk_fault *f,
		  struct quirk_edit *e)
{
	struct str bpp = package(p), t = quirk_der_find(bpp, f->path);

	(void)q;
	if (!t.n)
		return false;
	quirk_edit_put(e, MEMBER, quirk_der_replace(p->x->arena, bpp, f->path,
			quirk_der_altered(p->x->arena, t, f)));
	return true;
}

/* ---- The head, signed anew. ------------------------------------------------ */

/* The eUICC's one-time key, over which the head is signed as well. */
static struct str euicc_key(struct quirk_pass *p)
{
	struct str der = quirk_bytes(p, p->x->req.body, "prepareDownloadResponse");
	struct rsp_prepare_response r;
	struct rsp_euicc_signed2 signed2;
	struct err err;

	if (rsp_prepare_response_read(der, &r, &err) < 0 || !r.ok ||
	    rsp_euicc_signed2_read(r.euicc_signed2, &signed2, &err) < 0)
		return STR_NONE;
	return quirk_der(p->x->arena, 0x5F49, signed2.euicc_otpk);
}

static bool alter_head(struct quirk_active *q, struct quirk_pass *p,
		       const struct quirk_fault *f, struct quirk_edit *e)
{
	static const uint32_t head_path[] = { RSP_TAG_PACKAGE, HEAD, 0 };
	static const uint32_t signature_path[] = { RSP_TAG_PACKAGE, HEAD,
						   RSP_TAG_SIGNATURE, 0 };
	struct str key = euicc_key(p), head, old, signature;
	struct tlv t;
	struct err err;

	if (!key.n || !alter(q, p, f, e))
		return false;
	head = quirk_der_find(e->list[0].bytes, head_path);
	old = quirk_der_find(e->list[0].bytes, signature_path);
	if (!old.n || tlv_whole(head, HEAD, &t, &err) < 0)
		return false;
	signature = quirk_sign(q, p, RSP_ROLE_DP_PB, (struct str){
		t.value.p, (size_t)(old.p - t.value.p) }, key);
	e->list[0].bytes = quirk_der_replace(p->x->arena, e->list[0].bytes, signature_path,
					     signature);
	return signature.n != 0;
}

/* ---- What is protected. ----------------------------------------------------- */

/* The first byte of the value: the MAC stands at its end. */
static bool alter_text(struct quirk_active *q, struct quirk_pass *p,
		       const struct quirk_fault *f, struct quirk_edit *e)
{
	struct str bpp = package(p), t = quirk_der_find(bpp, f->path), value = t;
	uint32_t tag;
	size_t n;
	struct err err;

	(void)q;
	if (!t.n || tlv_head(&value, &tag, &n, &err) < 0 || !value.n)
		return false;
	t = arena_str(p->x->arena, t);
	((char *)t.p)[t.n - value.n] ^= 1;
	quirk_edit_put(e, MEMBER, quirk_der_replace(p->x->arena, bpp, f->path, t));
	return true;
}

/* More bytes than a segment may have (2.5.5), before the MAC. */
static bool lengthen(struct quirk_active *q, struct quirk_pass *p,
		     const struct quirk_fault *f, struct quirk_edit *e)
{
	static const char more[RSP_SEGMENT_MAX];
	struct str bpp = package(p), t = quirk_der_find(bpp, f->path);
	struct tlv old;
	struct buf b;
	struct err err;

	(void)q;
	if (!t.n || tlv_next(&t, &old, &err) <= 0 || old.value.n < RSP_MAC_BYTES)
		return false;
	buf_init(&b, PACKAGE_MAX);
	buf_add(&b, old.value.p, old.value.n - RSP_MAC_BYTES);
	buf_add(&b, more, RSP_SEGMENT_MAX - (old.value.n % RSP_SEGMENT_MAX));
	buf_add(&b, old.value.p + old.value.n - RSP_MAC_BYTES, RSP_MAC_BYTES);
	quirk_edit_put(e, MEMBER, quirk_der_replace(p->x->arena, bpp, f->path,
			quirk_der(p->x->arena, old.tag, buf_view(&b))));
	buf_release(&b);
	return true;
}

/* ---- The order of things. --------------------------------------------------- */

/* The TLVs within the one at the path; how many. */
static size_t parts_of(struct str t, struct str *list)
{
	struct tlv outer, part;
	struct err err;
	size_t n = 0;

	if (!t.n || tlv_next(&t, &outer, &err) <= 0)
		return 0;
	while (n < PARTS_MAX && tlv_next(&outer.value, &part, &err) > 0)
		list[n++] = part.raw;
	return n;
}

static void put_parts(struct quirk_pass *p, const struct quirk_fault *f,
		      const struct str *list, size_t n, struct quirk_edit *e)
{
	const uint32_t *last = f->path;
	struct buf b;

	while (last[1])
		last++;
	buf_init(&b, PACKAGE_MAX);
	for (size_t i = 0; i < n; i++)
		buf_str(&b, list[i]);
	quirk_edit_put(e, MEMBER, quirk_der_replace(p->x->arena, package(p), f->path,
			quirk_der(p->x->arena, *last, buf_view(&b))));
	buf_release(&b);
}

/* Segments of the profile in another order, once more, or not at all: each is good
 * by itself, but its number is not the one that it was protected with. */
static bool reorder(struct quirk_active *q, struct quirk_pass *p,
		    const struct quirk_fault *f, struct quirk_edit *e)
{
	struct str list[PARTS_MAX + 1], what = quirk_text(q, "what"), first;
	size_t n = parts_of(quirk_der_find(package(p), f->path), list);

	if (n < 2 || n == PARTS_MAX)
		return false;
	first = list[0];
	if (str_is(what, "repeated")) {
		memmove(&list[1], &list[0], n++ * sizeof(list[0]));
	} else if (str_is(what, "missing")) {
		memmove(&list[0], &list[1], --n * sizeof(list[0]));
	} else {
		list[0] = list[1];
		list[1] = first;
	}
	put_parts(p, f, list, n, e);
	return true;
}

/* The metadata come before the ISD-P is made. */
static bool swap_sequences(struct quirk_active *q, struct quirk_pass *p,
			   const struct quirk_fault *f, struct quirk_edit *e)
{
	struct str list[PARTS_MAX], part;
	size_t n = parts_of(package(p), list);

	(void)q;
	if (n < 3)
		return false;
	part = list[1];
	list[1] = list[2];
	list[2] = part;
	put_parts(p, f, list, n, e);
	return true;
}

static bool leave_out(struct quirk_active *q, struct quirk_pass *p,
		      const struct quirk_fault *f, struct quirk_edit *e)
{
	struct str bpp = package(p);

	(void)q;
	if (!quirk_der_find(bpp, f->path).n)
		return false;
	quirk_edit_put(e, MEMBER, quirk_der_replace(p->x->arena, bpp, f->path, STR_NONE));
	return true;
}

/* The value of the fault is the new tag, of one byte as the old one. */
static bool rename_part(struct quirk_active *q, struct quirk_pass *p,
			const struct quirk_fault *f, struct quirk_edit *e)
{
	struct str bpp = package(p), t = quirk_der_find(bpp, f->path);

	(void)q;
	if (!t.n)
		return false;
	t = arena_str(p->x->arena, t);
	((char *)t.p)[0] = f->value.p[0];
	quirk_edit_put(e, MEMBER, quirk_der_replace(p->x->arena, bpp, f->path, t));
	return true;
}

/* The end is missing, and the length at its beginning says so. */
static bool cut(struct quirk_active *q, struct quirk_pass *p, const struct quirk_fault *f,
		struct quirk_edit *e)
{
	struct str bpp = package(p);

	(void)q, (void)f;
	bpp.n -= bpp.n / 3;
	quirk_edit_put(e, MEMBER, bpp);
	return bpp.n != 0;
}

/* ---- An earlier one. --------------------------------------------------------- */

/* The first package that went by, whomever it was for. */
static bool replay(struct quirk_active *q, struct quirk_pass *p, const struct quirk_fault *f,
		   struct quirk_edit *e)
{
	struct str *first = q->state, now = package(p);

	(void)f;
	if (!now.n)
		return false;
	if (first) {
		quirk_edit_put(e, MEMBER, *first);
		return true;
	}
	first = ARENA_NEW(&q->arena, struct str);
	*first = arena_str(&q->arena, now);
	q->state = first;
	return false;
}

#define ROW(quirk_, what_, edit_, ...) \
	{ .quirk = "smdp." quirk_, .what = what_, .edit = edit_, .member = MEMBER, \
	  .function = ES9_GET_BOUND_PROFILE_PACKAGE, __VA_ARGS__ }
#define AT(...) .path = { RSP_TAG_PACKAGE, __VA_ARGS__ }
#define CRT 0xA6

const struct quirk_fault quirk_bpp_faults[] = {
	ROW("bad-signature", "package", alter, AT(HEAD, RSP_TAG_SIGNATURE)),
	ROW("bad-transaction-id", "package", alter_head, AT(HEAD, 0x80)),
	ROW("bad-head", "operation", alter_head, AT(HEAD, 0x82), .value = STR("\x02")),
	ROW("bad-head", "key-type", alter_head, AT(HEAD, CRT, 0x80), .value = STR("\x80")),
	ROW("bad-head", "key-length", alter_head, AT(HEAD, CRT, 0x81), .value = STR("\x20")),
	ROW("bad-head", "host-id", alter_head, AT(HEAD, CRT, 0x84)),
	ROW("bad-head", "one-time-key", alter_head, AT(HEAD, 0x5F49)),
	ROW("bad-mac", "configure", alter, AT(0xA0, 0x87)),
	ROW("bad-mac", "metadata", alter, AT(0xA1, 0x88)),
	ROW("bad-mac", "keys", alter, AT(0xA2, 0x87)),
	ROW("bad-mac", "elements", alter, AT(0xA3, 0x86)),
	ROW("bad-text", "configure", alter_text, AT(0xA0, 0x87)),
	ROW("bad-text", "metadata", alter_text, AT(0xA1, 0x88)),
	ROW("bad-text", "keys", alter_text, AT(0xA2, 0x87)),
	ROW("bad-text", "elements", alter_text, AT(0xA3, 0x86)),
	ROW("bad-counter", NULL, reorder, AT(0xA3)),
	ROW("long-segment", "metadata", lengthen, AT(0xA1, 0x88)),
	ROW("long-segment", "elements", lengthen, AT(0xA3, 0x86)),
	ROW("bad-package", "cut", cut),
	ROW("bad-package", "no-configure", leave_out, AT(0xA0)),
	ROW("bad-package", "no-metadata", leave_out, AT(0xA1)),
	ROW("bad-package", "no-elements", leave_out, AT(0xA3)),
	ROW("bad-package", "out-of-order", swap_sequences, .path = { RSP_TAG_PACKAGE }),
	ROW("bad-package", "unknown-part", rename_part, AT(0xA1), .value = STR("\xA5")),
	ROW("bad-package", "wrong-tag", rename_part, AT(0xA3, 0x86), .value = STR("\x87")),
	ROW("package-replayed", NULL, replay),
};
const size_t quirk_bpp_fault_count = sizeof(quirk_bpp_faults) / sizeof(quirk_bpp_faults[0]);
