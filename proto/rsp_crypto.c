#include "proto/rsp_crypto.h"

#include "proto/rsp.h"

#include <assert.h>
#include <openssl/sha.h>

/* ---- Hashes. ---------------------------------------------------------- */

void rsp_sha256(struct str bytes, unsigned char hash[RSP_HASH_BYTES])
{
	SHA256((const unsigned char *)(bytes.p ? bytes.p : ""), bytes.n, hash);
}

void rsp_hash_cc_of_hash(const unsigned char code_hash[RSP_HASH_BYTES],
			 struct str transaction_id,
			 unsigned char hash[RSP_HASH_BYTES])
{
	char both[RSP_HASH_BYTES + RSP_TRANSACTION_MAX];

	assert(transaction_id.n <= RSP_TRANSACTION_MAX);
	memcpy(both, code_hash, RSP_HASH_BYTES);
	if (transaction_id.n)
		memcpy(both + RSP_HASH_BYTES, transaction_id.p, transaction_id.n);
	rsp_sha256((struct str){ both, RSP_HASH_BYTES + transaction_id.n }, hash);
}

void rsp_hash_cc(struct str code, struct str transaction_id,
		 unsigned char hash[RSP_HASH_BYTES])
{
	unsigned char code_hash[RSP_HASH_BYTES];

	rsp_sha256(code, code_hash);
	rsp_hash_cc_of_hash(code_hash, transaction_id, hash);
}

bool rsp_bytes_equal(struct str a, struct str b)
{
	unsigned char differ = 0;

	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		differ |= (unsigned char)(a.p[i] ^ b.p[i]);
	return differ == 0;
}

/* ---- No cryptography. ------------------------------------------------- */

static const char zeros[RSP_SIGNATURE_BYTES];

static bool all_zero(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i])
			return false;
	return true;
}

static int none_sign(const struct rsp_crypto *c, const struct rsp_identity *id,
		     const struct str *parts, size_t part_count,
		     unsigned char signature[RSP_SIGNATURE_BYTES],
		     struct err *err)
{
	(void)c, (void)id, (void)parts, (void)part_count, (void)err;
	memset(signature, 0, RSP_SIGNATURE_BYTES);
	return 0;
}

/* Zeros are the good signature, so that a spoilt one is noticed here too. */
static int none_verify(const struct rsp_crypto *c, struct str certificate,
		       const struct str *parts, size_t part_count,
		       struct str signature, struct err *err)
{
	(void)c, (void)certificate, (void)parts, (void)part_count;
	if (signature.n != RSP_SIGNATURE_BYTES || !all_zero(signature))
		return err_set(err, ERR_INVALID,
			       "signature: expected %d zero bytes (no cryptography here)",
			       RSP_SIGNATURE_BYTES);
	return 0;
}

/* A placeholder: 30 { 13 role, 0C name, [06 oid] }. */
static struct str placeholder(struct arena *a, enum rsp_role role, struct str name,
			      struct str oid)
{
	struct str made;
	struct buf out;
	size_t mark;

	buf_init(&out, 1024);
	mark = tlv_open(&out, TLV_SEQUENCE);
	tlv_put(&out, TLV_PRINTABLE, str_of(rsp_role_name(role)));
	tlv_put(&out, TLV_UTF8, name);
	if (oid.p)
		tlv_put(&out, TLV_OID, oid);
	tlv_close(&out, mark);
	made = arena_str(a, buf_view(&out));
	buf_release(&out);
	return made;
}

static int none_identity(const struct rsp_crypto *c, enum rsp_role role, size_t ci,
			 struct str name, struct str oid, struct arena *a,
			 struct rsp_identity *out, struct err *err)
{
	/* The EUM's registered id, 2.999.10: an arc that is for examples. */
	static const char eum_oid[] = { (char)0x88, 0x37, 0x0A };

	(void)c, (void)ci, (void)err;
	*out = (struct rsp_identity){ .oid = oid };
	out->certificate = placeholder(a, role, name, oid);
	if (role == RSP_ROLE_EUICC)
		out->issuer = placeholder(a, RSP_ROLE_EUM, STR("esimrig EUM"),
					  (struct str){ eum_oid, sizeof(eum_oid) });
	return 0;
}

struct placeholder {
	struct str role, name, oid;
};

static int read_placeholder(struct str der, struct placeholder *p,
			    struct err *err)
{
	struct tlv t, part;

	*p = (struct placeholder){ 0 };
	if (tlv_whole(der, TLV_SEQUENCE, &t, err) < 0 ||
	    tlv_expect(&t.value, TLV_PRINTABLE, &part, err) < 0)
		return err_prefix(err, "certificate");
	p->role = part.value;
	if (tlv_expect(&t.value, TLV_UTF8, &part, err) < 0)
		return err_prefix(err, "certificate");
	p->name = part.value;
	if (t.value.n) {
		if (tlv_whole(t.value, TLV_OID, &part, err) < 0)
			return err_prefix(err, "certificate");
		p->oid = part.value;
	}
	return 0;
}

static int none_check_certificate(const struct rsp_crypto *c,
				  enum rsp_role role, struct str der,
				  struct str issuer, int64_t unix_ms,
				  struct rsp_certificate *out, struct err *err)
{
	struct placeholder p, above;

	(void)c, (void)unix_ms;
	*out = (struct rsp_certificate){ .role = role, .problem = RSP_PROBLEM_FORM };
	if (read_placeholder(der, &p, err) < 0)
		return -1;
	if (!str_is(p.role, rsp_role_name(role)))
		return err_set(err, ERR_DENIED,
			       "certificate: expected one for %s, found one for '%.*s'",
			       rsp_role_name(role), STRF(p.role));
	out->oid = p.oid;
	if (role != RSP_ROLE_EUICC) {
		out->problem = RSP_PROBLEM_NONE;
		return 0;
	}
	if (!eid_well_formed(p.name))
		return err_set(err, ERR_INVALID,
			       "certificate: its subject is not an EID");
	memcpy(out->eid, p.name.p, EID_DIGITS);
	if (read_placeholder(issuer, &above, err) < 0)
		return err_prefix(err, "issuer");
	if (!str_is(above.role, rsp_role_name(RSP_ROLE_EUM)))
		return err_set(err, ERR_DENIED,
			       "certificate: expected an EUM as its issuer");
	out->problem = RSP_PROBLEM_NONE;
	return 0;
}

static size_t none_ci_count(const struct rsp_crypto *c)
{
	(void)c;
	return 1;
}

static struct str none_ci_key_id(const struct rsp_crypto *c, size_t ci)
{
	(void)c, (void)ci;
	return (struct str){ zeros, RSP_KEY_ID_BYTES };
}

static enum rsp_curve none_ci_curve(const struct rsp_crypto *c, size_t ci)
{
	(void)c, (void)ci;
	return RSP_P256;
}

static void none_random(const struct rsp_crypto *c, struct rng *rng, void *bytes, size_t n)
{
	(void)c;
	rng_fill(rng, bytes, n);
}

/* Differs from session to session, as a real one does. */
static int none_make_otpk(const struct rsp_crypto *c, enum rsp_curve curve,
			  struct rng *rng, struct rsp_otpk *k, struct err *err)
{
	uint64_t mark = rng_u64(rng);

	(void)c, (void)err;
	*k = (struct rsp_otpk){ .public_point = { 0x04 }, .curve = curve };
	memcpy(k->public_point + 1, &mark, sizeof(mark));
	return 0;
}

static int none_agree(const struct rsp_crypto *c, const struct rsp_otpk *own,
		      struct str peer_point, struct str host_id, struct str eid,
		      struct rsp_bsp *bsp, struct err *err)
{
	(void)c, (void)own, (void)host_id, (void)eid;
	if (peer_point.n != RSP_POINT_BYTES || peer_point.p[0] != 0x04)
		return err_set(err, ERR_INVALID,
			       "one-time key: expected an uncompressed point of %d bytes",
			       RSP_POINT_BYTES);
	*bsp = (struct rsp_bsp){ .block = 1 };
	return 0;
}

static int none_protect(const struct rsp_crypto *c, struct rsp_bsp *bsp,
			uint32_t tag, bool encrypt, struct str plain,
			struct buf *out, struct err *err)
{
	(void)c, (void)encrypt, (void)err;
	tlv_put_head(out, tag, plain.n + RSP_MAC_BYTES);
	buf_str(out, plain);
	buf_add(out, zeros, RSP_MAC_BYTES);
	bsp->block++;
	return 0;
}

static int none_unprotect(const struct rsp_crypto *c, struct rsp_bsp *bsp,
			  const struct tlv *t, bool encrypt, struct buf *plain,
			  struct err *err)
{
	struct str value = t->value;
	size_t n = value.n - RSP_MAC_BYTES;

	(void)c, (void)encrypt;
	if (value.n < RSP_MAC_BYTES ||
	    !all_zero((struct str){ value.p + n, RSP_MAC_BYTES }))
		return err_set(err, ERR_INVALID,
			       "segment %X, block %llu: expected a MAC of %d zero bytes at its end",
			       t->tag, (unsigned long long)bsp->block, RSP_MAC_BYTES);
	buf_add(plain, value.p, n);
	bsp->block++;
	return 0;
}

int rsp_ci_find(const struct rsp_crypto *c, struct str key_id)
{
	for (size_t i = 0; i < c->ci_count(c); i++)
		if (str_eq(key_id, c->ci_key_id(c, i)))
			return (int)i;
	return -1;
}

const struct rsp_crypto rsp_crypto_none = {
	.name = "none",
	.sign = none_sign,
	.verify = none_verify,
	.check_certificate = none_check_certificate,
	.identity = none_identity,
	.ci_count = none_ci_count,
	.ci_key_id = none_ci_key_id,
	.ci_curve = none_ci_curve,
	.random = none_random,
	.make_otpk = none_make_otpk,
	.agree = none_agree,
	.protect = none_protect,
	.unprotect = none_unprotect,
};
