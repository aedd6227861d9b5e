/* What an SM-DP+ says wrongly before there is a package, and what a device says wrongly
 * to it (SGP.22, 5.6.1 to 5.6.5). */
#include "scenarios/quirk_rsp.h"
#include "proto/base64.h"
#include "proto/rsp_pki.h"

#include <assert.h>

enum { DER_MAX = 1 << 20 };

#define BYTES(array) ((struct str){ (const char *)(array), sizeof(array) })

/* ---- DER. ---------------------------------------------------------------- */

static struct str take(struct arena *a, struct buf *b)
{
	struct str s = b->over ? STR_NONE : arena_str(a, buf_view(b));

	buf_release(b);
	return s;
}

struct str quirk_der(struct arena *a, uint32_t tag, struct str value)
{
	struct buf b;

	buf_init(&b, DER_MAX);
	tlv_put(&b, tag, value);
	return take(a, &b);
}

struct str quirk_der_find(struct str der, const uint32_t *path)
{
	struct tlv t = { .raw = der };
	struct err err;

	for (; *path; path++) {
		if (tlv_find(der, *path, &t, &err) <= 0)
			return STR_NONE;
		der = t.value;
	}
	return t.raw;
}

struct str quirk_der_replace(struct arena *a, struct str der, const uint32_t *path,
			     struct str with)
{
	bool replaced = false;
	struct buf b;
	struct tlv t;
	struct err err;

	buf_init(&b, DER_MAX);
	while (tlv_next(&der, &t, &err) > 0) {
		if (replaced || t.tag != path[0]) {
			buf_str(&b, t.raw);
			continue;
		}
		replaced = true;
		if (path[1])
			tlv_put(&b, t.tag, quirk_der_replace(a, t.value, path + 1, with));
		else
			buf_str(&b, with);
	}
	return take(a, &b);
}

struct str quirk_der_altered(struct arena *a, struct str t, const struct quirk_fault *f)
{
	struct str copy = arena_str(a, t);
	struct err err;
	struct tlv old;

	if (f->value.p) {
		if (tlv_next(&t, &old, &err) <= 0)
			return STR_NONE;
		return quirk_der(a, old.tag, f->value);
	}
	((char *)copy.p)[copy.n - 1] ^= 1;
	return copy;
}

/* ---- Members. ------------------------------------------------------------- */

struct str quirk_bytes(const struct quirk_pass *p, struct str json, const char *key)
{
	struct str text = quirk_member(p, json, key), bytes;
	struct err err;

	if (!text.n || base64_decode(p->x->arena, text, &bytes, &err) < 0)
		return STR_NONE;
	return bytes;
}

void quirk_edit_put(struct quirk_edit *e, const char *key, struct str bytes)
{
	assert(e->count < QUIRK_EDITS_MAX);
	e->list[e->count].key = key;
	e->list[e->count++].bytes = bytes;
}

static struct str *body_of(struct quirk_pass *p, const struct quirk_fault *f)
{
	return f->request ? &p->x->req.body : &p->x->resp.body;
}

/* The message with another value of a base64 member. */
static void set_member(struct quirk_pass *p, struct str *body, const char *key,
		       struct str bytes)
{
	struct str old = quirk_member(p, *body, key);
	ptrdiff_t at = old.n ? str_find(*body, old) : -1;
	struct buf b;

	if (at < 0)
		return;
	buf_init(&b, 2 * DER_MAX);
	buf_add(&b, body->p, (size_t)at);
	base64_encode(&b, bytes);
	buf_add(&b, body->p + at + old.n, body->n - (size_t)at - old.n);
	*body = take(p->x->arena, &b);
}

/* A world has one CI, so that it need not be asked which. */
struct str quirk_sign(struct quirk_active *q, struct quirk_pass *p, enum rsp_role role,
		      struct str first, struct str second)
{
	const struct rsp_crypto *c = quirk_crypto(q);
	struct rsp_identity id;
	struct buf b;
	struct err err;

	if (c->identity(c, role, 0, quirk_host(p), STR_NONE, p->x->arena, &id, &err) < 0)
		return STR_NONE;
	buf_init(&b, 256);
	if (rsp_sign(c, &id, first, second, &b, &err) < 0)
		buf_clear(&b);
	return b.n ? take(p->x->arena, &b) : (buf_release(&b), STR_NONE);
}

/* ---- Faults. -------------------------------------------------------------- */

/* The TLV at the path is another; whoever signed it has not. */
static bool alter(struct quirk_active *q, struct quirk_pass *p, const struct quirk_fault *f,
		  struct quirk_edit *e)
{
	struct str der = quirk_bytes(p, *body_of(p, f), f->member);
	struct str t = quirk_der_find(der, f->path);

	(void)q;
	if (!t.n)
		return false;
	quirk_edit_put(e, f->member, quirk_der_replace(p->x->arena, der, f->path,
			quirk_der_altered(p->x->arena, t, f)));
	return true;
}

/* The same in serverSigned1, signed anew. */
static bool alter_signed1(struct quirk_active *q, struct quirk_pass *p,
			  const struct quirk_fault *f, struct quirk_edit *e)
{
	struct str signature;

	if (!alter(q, p, f, e))
		return false;
	signature = quirk_sign(q, p, RSP_ROLE_DP_AUTH, e->list[0].bytes, STR_NONE);
	quirk_edit_put(e, "serverSignature1", signature);
	return signature.n != 0;
}

/* The same in smdpSigned2: its signature is over the eUICC's, too. */
static bool alter_signed2(struct quirk_active *q, struct quirk_pass *p,
			  const struct quirk_fault *f, struct quirk_edit *e)
{
	struct rsp_authenticate_response r;
	struct str signature;
	struct err err;

	if (!alter(q, p, f, e) ||
	    rsp_authenticate_response_read(quirk_bytes(p, p->x->req.body,
			"authenticateServerResponse"), &r, &err) < 0 || !r.ok)
		return false;
	signature = quirk_sign(q, p, RSP_ROLE_DP_PB, e->list[0].bytes, r.euicc_signature1);
	quirk_edit_put(e, "smdpSignature2", signature);
	return signature.n != 0;
}

/* A certificate with a fault of that name, or none if there is no such fault here. */
static struct str faulty_certificate(struct quirk_active *q, struct quirk_pass *p,
				     enum rsp_role role, struct str fault)
{
	struct rsp_pki_wanted wanted = { .role = role, .name = quirk_host(p),
					 .oid = STR("\x88\x37\x0A") };
	const struct rsp_crypto *c = quirk_crypto(q);
	const struct rsp_pki_identity *id;
	struct err err;

	for (int i = 1; i < RSP_CERT_FAULTS; i++)
		if (str_is(fault, rsp_cert_fault_name((enum rsp_cert_fault)i)))
			wanted.fault = (enum rsp_cert_fault)i;
	if (wanted.fault == RSP_CERT_GOOD || !c->pki)
		return STR_NONE;
	id = rsp_pki_get(c->pki, &wanted, &err);
	return id ? id->der : STR_NONE;
}

/* A good certificate, but not the one that belongs here. */
static struct str misplaced_certificate(struct quirk_active *q, struct quirk_pass *p,
					enum rsp_role role, bool other_server)
{
	const struct rsp_crypto *c = quirk_crypto(q);
	struct rsp_identity id;
	struct err err;

	if (!other_server)
		role = role == RSP_ROLE_DP_AUTH ? RSP_ROLE_DP_PB : RSP_ROLE_DP_AUTH;
	if (c->identity(c, role, 0, other_server ? STR("elsewhere.example.com") :
			quirk_host(p), other_server ? STR("\x88\x37\x0B") :
			STR("\x88\x37\x0A"), p->x->arena, &id, &err) < 0)
		return STR_NONE;
	return id.certificate;
}

static bool swap_certificate(struct quirk_active *q, struct quirk_pass *p,
			     const struct quirk_fault *f, struct quirk_edit *e)
{
	enum rsp_role role = str_is(quirk_text(q, "what"), "auth") ? RSP_ROLE_DP_AUTH :
								     RSP_ROLE_DP_PB;
	struct str fault = quirk_text(q, "fault"), der;

	if (str_is(fault, "garbage"))
		der = STR("\x30\x03\x02\x01\x01");
	else if (str_is(fault, "other-role") || str_is(fault, "other-server"))
		der = misplaced_certificate(q, p, role, str_is(fault, "other-server"));
	else
		der = faulty_certificate(q, p, role, fault);
	quirk_edit_put(e, f->member, der);
	return der.n != 0;
}

#define ROW(quirk_, what_, function_, edit_, member_, ...) \
	{ .quirk = "smdp." quirk_, .what = what_, .function = ES9_##function_, \
	  .edit = edit_, .member = member_, __VA_ARGS__ }
#define AT(...) .path = { __VA_ARGS__ }

static const struct quirk_fault faults[] = {
	ROW("bad-signature", "server-signature1", INITIATE_AUTHENTICATION, alter,
	    "serverSignature1", AT(RSP_TAG_SIGNATURE)),
	ROW("bad-challenge", "euicc", INITIATE_AUTHENTICATION, alter_signed1,
	    "serverSigned1", AT(TLV_SEQUENCE, 0x81)),
	ROW("bad-challenge", "server", INITIATE_AUTHENTICATION, alter_signed1,
	    "serverSigned1", AT(TLV_SEQUENCE, 0x84)),
	ROW("bad-transaction-id", "server-signed1", INITIATE_AUTHENTICATION, alter_signed1,
	    "serverSigned1", AT(TLV_SEQUENCE, 0x80)),
	ROW("bad-address", NULL, INITIATE_AUTHENTICATION, alter_signed1,
	    "serverSigned1", AT(TLV_SEQUENCE, 0x83), .value = STR("elsewhere.example.com")),
	ROW("unknown-ci", NULL, INITIATE_AUTHENTICATION, alter,
	    "euiccCiPKIdToBeUsed", AT(TLV_OCTETS)),
	ROW("bad-certificate", "auth", INITIATE_AUTHENTICATION, swap_certificate,
	    "serverCertificate"),
	ROW("bad-signature", "smdp-signature2", AUTHENTICATE_CLIENT, alter,
	    "smdpSignature2", AT(RSP_TAG_SIGNATURE)),
	ROW("bad-transaction-id", "smdp-signed2", AUTHENTICATE_CLIENT, alter_signed2,
	    "smdpSigned2", AT(TLV_SEQUENCE, 0x80)),
	ROW("bad-certificate", "pb", AUTHENTICATE_CLIENT, swap_certificate,
	    "smdpCertificate"),
	ROW("bad-metadata", "garbage", AUTHENTICATE_CLIENT, alter,
	    "profileMetadata", AT(0xBF25), .value = STR("\x5A\x7F")),
	ROW("bad-metadata", "other-profile", AUTHENTICATE_CLIENT, alter,
	    "profileMetadata", AT(0xBF25, 0x5A)),
	ROW("bad-metadata", "other-name", AUTHENTICATE_CLIENT, alter,
	    "profileMetadata", AT(0xBF25, 0x91), .value = STR("Another")),
#undef ROW
#define ROW(quirk_, what_, function_, member_, ...) \
	{ .quirk = "device." quirk_, .what = what_, .function = ES9_##function_, \
	  .request = true, .edit = alter, .member = member_, __VA_ARGS__ }
	ROW("bad-signature", "client", AUTHENTICATE_CLIENT, "authenticateServerResponse",
	    AT(RSP_TAG_AUTHENTICATE, 0xA0, RSP_TAG_SIGNATURE)),
	ROW("bad-signature", "prepared", GET_BOUND_PROFILE_PACKAGE, "prepareDownloadResponse",
	    AT(RSP_TAG_PREPARE, 0xA0, RSP_TAG_SIGNATURE)),
	ROW("bad-signature", "cancel", CANCEL_SESSION, "cancelSessionResponse",
	    AT(RSP_TAG_CANCEL, 0xA0, RSP_TAG_SIGNATURE)),
	ROW("bad-signature", "result", HANDLE_NOTIFICATION, "pendingNotification",
	    AT(RSP_TAG_INSTALL_RESULT, RSP_TAG_SIGNATURE)),
	ROW("bad-challenge", NULL, AUTHENTICATE_CLIENT, "authenticateServerResponse",
	    AT(RSP_TAG_AUTHENTICATE, 0xA0, TLV_SEQUENCE, 0x84)),
	ROW("bad-transaction-id", "client", AUTHENTICATE_CLIENT, "authenticateServerResponse",
	    AT(RSP_TAG_AUTHENTICATE, 0xA0, TLV_SEQUENCE, 0x80)),
	ROW("bad-transaction-id", "prepared", GET_BOUND_PROFILE_PACKAGE,
	    "prepareDownloadResponse", AT(RSP_TAG_PREPARE, 0xA0, TLV_SEQUENCE, 0x80)),
};
#undef ROW
#undef AT

static const struct quirk_fault *find_in(const struct quirk_fault *list, size_t count,
					 const struct quirk_active *q)
{
	const struct quirk_row *row = q->setting.row;

	for (size_t i = 0; i < count; i++)
		if (strcmp(list[i].quirk, row->name) == 0 &&
		    (!list[i].what || str_is(quirk_text(q, "what"), list[i].what)))
			return &list[i];
	return NULL;
}

static const struct quirk_fault *find_fault(const struct quirk_active *q)
{
	const struct quirk_fault *f = find_in(faults, sizeof(faults) / sizeof(faults[0]), q);

	if (!f)
		f = find_in(quirk_bpp_faults, quirk_bpp_fault_count, q);
	assert(f);		/* the table is sound */
	return f;
}

static void spoil(struct quirk_active *q, struct quirk_pass *p)
{
	const struct quirk_fault *f = find_fault(q);
	struct quirk_edit e = { 0 };

	if ((!f->request && p->x->resp.status != 200) || !f->edit(q, p, f, &e) ||
	    !quirk_acts(q, p))
		return;
	for (size_t i = 0; i < e.count; i++)
		set_member(p, body_of(p, f), e.list[i].key, e.list[i].bytes);
}

static enum quirk_move fault(struct quirk_active *q, struct quirk_pass *p)
{
	const struct quirk_fault *f = find_fault(q);

	if (strcmp(p->function, es9_function_name(f->function)) != 0)
		return QUIRK_PASS;
	if (f->request)
		spoil(q, p);
	else
		quirk_on_reply(q, p, spoil);
	return QUIRK_PASS;
}

const struct quirk_ops
	quirk_rsp_fault = { .request = fault },
	quirk_rsp_device_fault = { .request = fault, .gates = QUIRK_AT(SMDP) };
