#include "proto/rsp_crypto.h"

#include "proto/eid.h"
#include "proto/openssl.h"
#include "proto/rsp_pki.h"
#include "proto/tlv.h"
#include "sim/map.h"

#include <assert.h>
#include <stdlib.h>

enum {
	SEEN_MAX = 1024,		/* certificates kept in memory, read and checked */
	HASH_BYTES = 32,
	BLOCK = 16,
};

/* A certificate that came before: reading and checking it is done once. */
struct seen {
	unsigned char hash[HASH_BYTES];		/* of its bytes: the key in `by_hash` */
	struct rsp_cert cert;
	bool linked;			/* its issuer's signature was found good */
	unsigned char issuer[HASH_BYTES];	/* that issuer */
};

struct full {
	struct rsp_crypto table;
	struct rsp_pki *pki;
	struct seen *seen[SEEN_MAX];
	size_t seen_count;
	struct map by_hash;
	EVP_KDF *kdf;
	EVP_CIPHER *cbc, *ecb;
	EVP_CIPHER_CTX *cbc_ctx, *ecb_ctx;
	EVP_MAC *mac;
	EVP_MAC_CTX *mac_ctx;
};

static struct full *full_of(const struct rsp_crypto *c)
{
	return c->state;
}

/* ---- Certificates. ------------------------------------------------------------- */

static void forget_seen(struct full *f)
{
	map_release(&f->by_hash);
	f->by_hash = (struct map){ 0 };
	for (size_t i = 0; i < f->seen_count; i++) {
		rsp_cert_release(&f->seen[i]->cert);
		free(f->seen[i]);
	}
	f->seen_count = 0;
}

static struct seen *see(struct full *f, struct str der, enum rsp_problem *why,
			struct err *err)
{
	unsigned char hash[HASH_BYTES];
	struct seen *s;

	SHA256((const unsigned char *)(der.p ? der.p : ""), der.n, hash);
	s = map_get(&f->by_hash, (struct str){ (char *)hash, sizeof(hash) });
	if (s)
		return s;
	s = calloc(1, sizeof(*s));
	assert(s);
	if (rsp_cert_read(&s->cert, der, err) < 0) {
		*why = s->cert.unknown_curve ? RSP_PROBLEM_CURVE : RSP_PROBLEM_FORM;
		free(s);
		return NULL;
	}
	memcpy(s->hash, hash, sizeof(hash));
	f->seen[f->seen_count++] = s;
	map_put(&f->by_hash, (struct str){ (char *)s->hash, sizeof(s->hash) }, s);
	return s;
}

/* Room for the two certificates that one check looks at. */
static void make_room(struct full *f)
{
	if (f->seen_count + 2 > SEEN_MAX)
		forget_seen(f);
}

/* The signature of the issuer, once for each pair. */
static int check_link(struct seen *s, const struct rsp_cert *issuer,
		      const unsigned char issuer_hash[HASH_BYTES], struct err *err)
{
	if (s->linked && memcmp(s->issuer, issuer_hash, HASH_BYTES) == 0)
		return 0;
	if (rsp_cert_check_link(&s->cert, issuer, err) < 0)
		return -1;
	s->linked = true;
	memcpy(s->issuer, issuer_hash, HASH_BYTES);
	return 0;
}

static int problem(struct rsp_certificate *out, enum rsp_problem what)
{
	out->problem = what;
	return -1;
}

static int check_time(const struct rsp_cert *c, int64_t unix_ms, struct rsp_certificate *out,
		      struct err *err)
{
	return rsp_cert_check_time(c, unix_ms, err) < 0 ? problem(out, RSP_PROBLEM_TIME) : 0;
}

static int check_under_ci(struct full *f, struct seen *s, int64_t unix_ms,
			  struct rsp_certificate *out, struct err *err)
{
	unsigned char hash[HASH_BYTES] = { 0 };
	const struct rsp_cert *issuer;

	out->ci = s->cert.has_authority ? rsp_pki_find_ci(f->pki, (struct str){
		(const char *)s->cert.authority, RSP_KEY_ID_BYTES }) : -1;
	if (out->ci < 0) {
		err_set(err, ERR_DENIED,
			"certificate: it is not issued by a CI that is known here");
		return problem(out, RSP_PROBLEM_CI);
	}
	issuer = rsp_pki_ci(f->pki, (size_t)out->ci);
	memcpy(hash, issuer->key_id, RSP_KEY_ID_BYTES);
	if (check_link(s, issuer, hash, err) < 0)
		return problem(out, RSP_PROBLEM_ISSUER);
	if (rsp_pki_revoked(f->pki, &s->cert)) {
		err_set(err, ERR_DENIED, "certificate: it has been revoked");
		return problem(out, RSP_PROBLEM_REVOKED);
	}
	if (rsp_pki_check_crl(f->pki, (size_t)out->ci, unix_ms, err) < 0)
		return problem(out, err->code == ERR_STATE ? RSP_PROBLEM_TIME : RSP_PROBLEM_CRL);
	return check_time(issuer, unix_ms, out, err);
}

static int check_form(const struct seen *s, enum rsp_role role, struct rsp_certificate *out,
		      struct err *err)
{
	if (rsp_cert_check_role(&s->cert, role, err) == 0)
		return 0;
	return problem(out, rsp_cert_role(&s->cert) == (int)role && !s->cert.oid_n &&
			    role != RSP_ROLE_EUICC && s->cert.signs ? RSP_PROBLEM_OID :
								     RSP_PROBLEM_FORM);
}

/* Where `oid` stands in the certificate, so that it lives as long as that. */
static struct str oid_in(struct str der, const struct rsp_cert *c)
{
	const char *at = c->oid_n ? memmem(der.p, der.n, c->oid, c->oid_n) : NULL;

	return at ? (struct str){ at, c->oid_n } : STR_NONE;
}

static int fill_eid(const struct rsp_cert *c, struct rsp_certificate *out,
		    struct err *err)
{
	if (!eid_well_formed(str_of(c->serial_number)))
		return err_set(err, ERR_INVALID,
			       "certificate: its subject's serial number is not an EID");
	memcpy(out->eid, c->serial_number, EID_DIGITS);
	return 0;
}

static int full_check_certificate(const struct rsp_crypto *c, enum rsp_role role,
				  struct str der, struct str issuer, int64_t unix_ms,
				  struct rsp_certificate *out, struct err *err)
{
	struct full *f = full_of(c);
	struct seen *s, *above;

	make_room(f);
	*out = (struct rsp_certificate){ .role = role, .ci = -1 };
	s = see(f, der, &out->problem, err);
	if (!s || check_form(s, role, out, err) < 0)
		return -1;
	if (issuer.p) {
		above = see(f, issuer, &out->problem, err);
		if (!above)
			return -1;
		if (check_link(s, &above->cert, above->hash, err) < 0)
			return problem(out, RSP_PROBLEM_ISSUER);
		out->ci = rsp_pki_find_ci(f->pki, (struct str){
			(char *)above->cert.authority, RSP_KEY_ID_BYTES });
	} else if (check_under_ci(f, s, unix_ms, out, err) < 0) {
		return -1;
	}
	out->curve = s->cert.curve;
	out->oid = oid_in(der, &s->cert);
	if (role == RSP_ROLE_EUICC && fill_eid(&s->cert, out, err) < 0)
		return problem(out, RSP_PROBLEM_FORM);
	return check_time(&s->cert, unix_ms, out, err);
}

static int full_identity(const struct rsp_crypto *c, enum rsp_role role, size_t ci,
			 struct str name, struct str oid, struct arena *a,
			 struct rsp_identity *out, struct err *err)
{
	const struct rsp_pki_identity *id = rsp_pki_get(full_of(c)->pki,
		&(struct rsp_pki_wanted){ .role = role, .ci = ci, .name = name,
					  .oid = oid }, err);

	(void)a;
	*out = (struct rsp_identity){ 0 };
	if (!id)
		return -1;
	if (!id->key)
		return err_set(err, ERR_NOT_FOUND, "the private key of the %s certificate is not there",
			       rsp_role_name(role));
	out->certificate = id->der;
	out->issuer = id->issuer ? id->issuer->der : STR_NONE;
	out->oid = (struct str){ (const char *)id->cert.oid, id->cert.oid_n };
	out->key = id->key;
	return 0;
}

static size_t full_ci_count(const struct rsp_crypto *c)
{
	return rsp_pki_ci_count(full_of(c)->pki);
}

static struct str full_ci_key_id(const struct rsp_crypto *c, size_t ci)
{
	return (struct str){ (const char *)rsp_pki_ci(full_of(c)->pki, ci)->key_id,
			     RSP_KEY_ID_BYTES };
}

static enum rsp_curve full_ci_curve(const struct rsp_crypto *c, size_t ci)
{
	return rsp_pki_ci(full_of(c)->pki, ci)->curve;
}

/* ---- Signatures. ------------------------------------------------------------------ */

static int full_sign(const struct rsp_crypto *c, const struct rsp_identity *id,
		     const struct str *parts, size_t part_count,
		     unsigned char signature[RSP_SIGNATURE_BYTES], struct err *err)
{
	(void)c;
	if (!id->key)
		return err_set(err, ERR_NOT_FOUND, "signature: the private key is not there");
	rsp_key_sign(id->key, parts, part_count, signature);
	return 0;
}

static int full_verify(const struct rsp_crypto *c, struct str certificate,
		       const struct str *parts, size_t part_count,
		       struct str signature, struct err *err)
{
	struct full *f = full_of(c);
	enum rsp_problem why;
	struct seen *s;

	make_room(f);
	s = see(f, certificate, &why, err);
	return s ? rsp_public_key_verify(s->cert.key, parts, part_count, signature,
					 err) : -1;
}

/* ---- Keys of a session. ------------------------------------------------------------ */

static void full_random(const struct rsp_crypto *c, struct rng *rng, void *bytes, size_t n)
{
	int ok = 1;

	if (rsp_pki_repeatable(full_of(c)->pki))
		rng_fill(rng, bytes, n);
	else
		ok = RAND_priv_bytes(bytes, (int)n);
	assert(ok == 1);
}

static int full_make_otpk(const struct rsp_crypto *c, enum rsp_curve curve,
			  struct rng *rng, struct rsp_otpk *k, struct err *err)
{
	unsigned char number[RSP_SECRET_BYTES];
	struct rsp_key *key;

	(void)err;
	full_random(c, rng, number, sizeof(number));
	key = rsp_key_derive(curve, number, true);
	*k = (struct rsp_otpk){ .curve = curve };
	memcpy(k->public_point, rsp_key_point(key), RSP_POINT_BYTES);
	rsp_key_secret(key, k->secret);
	rsp_key_free(key);
	OPENSSL_cleanse(number, sizeof(number));
	return 0;
}

/* ANSI X9.63 with SHA-256 (BSI TR-03111, 4.3.3). */
static void derive(struct full *f, const unsigned char z[RSP_SECRET_BYTES],
		   struct str info, unsigned char *out, size_t n)
{
	EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(f->kdf);
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char[]){ "SHA256" }, 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY,
						  (void *)(uintptr_t)z, RSP_SECRET_BYTES),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO,
						  (void *)(uintptr_t)info.p, info.n),
		OSSL_PARAM_construct_end(),
	};
	int ok = ctx && EVP_KDF_derive(ctx, out, n, params) == 1;

	assert(ok);
	EVP_KDF_CTX_free(ctx);
}

static int full_agree(const struct rsp_crypto *c, const struct rsp_otpk *own,
		      struct str peer_point, struct str host_id, struct str eid,
		      struct rsp_bsp *bsp, struct err *err)
{
	unsigned char z[RSP_SECRET_BYTES], keys[48];
	char packed[EID_DIGITS / 2], info[64];
	size_t n = 0;

	if (host_id.n > 16)
		return err_set(err, ERR_INVALID, "host id: %zu bytes, at most 16", host_id.n);
	if (rsp_ecdh(own->curve, own->secret, peer_point, z, err) < 0)
		return err_prefix(err, "one-time key");
	eid_pack((unsigned char *)packed, eid);
	info[n++] = (char)0x88;		/* AES */
	info[n++] = 0x10;		/* of 16 bytes */
	info[n++] = (char)host_id.n;
	if (host_id.n)
		memcpy(info + n, host_id.p, host_id.n);
	n += host_id.n;
	info[n++] = sizeof(packed);
	memcpy(info + n, packed, sizeof(packed));
	n += sizeof(packed);
	derive(full_of(c), z, (struct str){ info, n }, keys, sizeof(keys));
	*bsp = (struct rsp_bsp){ .block = 1 };
	memcpy(bsp->mcv, keys, BLOCK);
	memcpy(bsp->s_enc, keys + 16, BLOCK);
	memcpy(bsp->s_mac, keys + 32, BLOCK);
	OPENSSL_cleanse(z, sizeof(z));
	OPENSSL_cleanse(keys, sizeof(keys));
	return 0;
}

/* ---- The protected channel (SGP.22, 2.6.4: BSP). -------------------------------------- */

/* The first vector: the block's number, encrypted. */
static void first_vector(struct full *f, const struct rsp_bsp *bsp,
			 unsigned char iv[BLOCK])
{
	unsigned char counter[BLOCK] = { 0 };
	int n = 0, ok;

	for (int i = 0; i < 8; i++)
		counter[BLOCK - 1 - i] = (unsigned char)(bsp->block >> (8 * i));
	ok = EVP_EncryptInit_ex2(f->ecb_ctx, f->ecb, bsp->s_enc, NULL, NULL) == 1 &&
	     EVP_CIPHER_CTX_set_padding(f->ecb_ctx, 0) == 1 &&
	     EVP_EncryptUpdate(f->ecb_ctx, iv, &n, counter, BLOCK) == 1 && n == BLOCK;
	assert(ok);
}

static void run_cbc(struct full *f, const struct rsp_bsp *bsp, bool encrypt,
		    const unsigned char *in, size_t n, unsigned char *out)
{
	unsigned char iv[BLOCK];
	int done = 0, ok;

	first_vector(f, bsp, iv);
	ok = EVP_CipherInit_ex2(f->cbc_ctx, f->cbc, bsp->s_enc, iv, encrypt, NULL) == 1 &&
	     EVP_CIPHER_CTX_set_padding(f->cbc_ctx, 0) == 1 &&
	     EVP_CipherUpdate(f->cbc_ctx, out, &done, in, (int)n) == 1 &&
	     (size_t)done == n;
	assert(ok);
}

/* AES-CMAC over the chaining value, the head of the TLV and its data. */
static void mac(struct full *f, const struct rsp_bsp *bsp, struct str head,
		struct str data, unsigned char out[BLOCK])
{
	size_t n = 0;
	int ok = EVP_MAC_init(f->mac_ctx, bsp->s_mac, BLOCK, NULL) == 1 &&
		 EVP_MAC_update(f->mac_ctx, bsp->mcv, BLOCK) == 1 &&
		 EVP_MAC_update(f->mac_ctx, (const unsigned char *)head.p, head.n) == 1 &&
		 EVP_MAC_update(f->mac_ctx, (const unsigned char *)data.p, data.n) == 1 &&
		 EVP_MAC_final(f->mac_ctx, out, &n, BLOCK) == 1 && n == BLOCK;

	assert(ok);
}

static void put_mac(struct full *f, struct rsp_bsp *bsp, size_t head_at,
		    size_t data_at, struct buf *out)
{
	unsigned char code[BLOCK];

	mac(f, bsp, (struct str){ out->p + head_at, data_at - head_at },
	    (struct str){ out->p + data_at, out->n - data_at }, code);
	buf_add(out, code, RSP_MAC_BYTES);
	memcpy(bsp->mcv, code, BLOCK);
	bsp->block++;
}

static int full_protect(const struct rsp_crypto *c, struct rsp_bsp *bsp, uint32_t tag,
			bool encrypt, struct str plain, struct buf *out,
			struct err *err)
{
	size_t padded = (plain.n / BLOCK + 1) * BLOCK, head_at = out->n, data_at;
	size_t n = encrypt ? padded : plain.n;
	struct full *f = full_of(c);
	char *text;

	tlv_put_head(out, tag, n + RSP_MAC_BYTES);
	data_at = out->n;
	if (!buf_reserve(out, n + RSP_MAC_BYTES))
		return err_set(err, ERR_LIMIT, "package: more than %zu bytes", out->max);
	buf_str(out, plain);
	if (encrypt) {
		buf_char(out, (char)0x80);
		while (out->n < data_at + padded)
			buf_char(out, 0);
		text = out->p + data_at;
		run_cbc(f, bsp, true, (unsigned char *)text, padded, (unsigned char *)text);
	}
	put_mac(f, bsp, head_at, data_at, out);
	return 0;
}

/* The length without its 80 00...; -1 if that is not there. */
static ptrdiff_t without_padding(struct str s)
{
	size_t n = s.n;

	while (n && s.p[n - 1] == 0 && s.n - n < BLOCK)
		n--;
	return n && (unsigned char)s.p[n - 1] == 0x80 ? (ptrdiff_t)n - 1 : -1;
}

/* Over tag and length as they came. */
static int check_mac(struct full *f, struct rsp_bsp *bsp, const struct tlv *t,
		     struct str data, struct err *err)
{
	struct str head = { t->raw.p, t->raw.n - t->value.n };
	unsigned char code[BLOCK];

	mac(f, bsp, head, data, code);
	if (CRYPTO_memcmp(code, data.p + data.n, RSP_MAC_BYTES) != 0)
		return err_set(err, ERR_DENIED,
			       "segment %X, block %llu: its MAC is not the one of this channel",
			       t->tag, (unsigned long long)bsp->block);
	memcpy(bsp->mcv, code, BLOCK);
	return 0;
}

static int decrypt(struct full *f, const struct rsp_bsp *bsp, uint32_t tag,
		   struct str data, struct buf *plain, struct err *err)
{
	ptrdiff_t n;
	struct str text;

	if (data.n == 0 || data.n % BLOCK)
		return err_set(err, ERR_INVALID,
			       "segment %X: %zu bytes, expected whole blocks of %d", tag,
			       data.n, BLOCK);
	if (!buf_reserve(plain, data.n))
		return 0;	/* marked: the caller sees that it is over */
	text = (struct str){ plain->p + plain->n, data.n };
	run_cbc(f, bsp, false, (const unsigned char *)data.p, data.n,
		(unsigned char *)plain->p + plain->n);
	n = without_padding(text);
	if (n < 0)
		return err_set(err, ERR_INVALID, "segment %X: its padding is not 80 00...",
			       tag);
	plain->n += (size_t)n;
	plain->p[plain->n] = '\0';
	return 0;
}

static int full_unprotect(const struct rsp_crypto *c, struct rsp_bsp *bsp,
			  const struct tlv *t, bool encrypt, struct buf *plain,
			  struct err *err)
{
	struct full *f = full_of(c);
	struct str data = { t->value.p, t->value.n - RSP_MAC_BYTES };

	if (t->value.n < RSP_MAC_BYTES)
		return err_set(err, ERR_INVALID,
			       "segment %X: %zu bytes, expected a MAC of %d at its end",
			       t->tag, t->value.n, RSP_MAC_BYTES);
	if (check_mac(f, bsp, t, data, err) < 0)
		return -1;
	if (encrypt && decrypt(f, bsp, t->tag, data, plain, err) < 0)
		return -1;
	if (!encrypt)
		buf_str(plain, data);
	bsp->block++;
	return 0;
}

/* ---- Life. ------------------------------------------------------------------------------ */

static const struct rsp_crypto full_table = {
	.name = "full",
	.sign = full_sign,
	.verify = full_verify,
	.check_certificate = full_check_certificate,
	.identity = full_identity,
	.ci_count = full_ci_count,
	.ci_key_id = full_ci_key_id,
	.ci_curve = full_ci_curve,
	.random = full_random,
	.make_otpk = full_make_otpk,
	.agree = full_agree,
	.protect = full_protect,
	.unprotect = full_unprotect,
};

struct rsp_crypto *rsp_crypto_full_new(struct rsp_pki *pki)
{
	struct full *f = calloc(1, sizeof(*f));
	OSSL_PARAM cipher[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_CIPHER,
						 (char[]){ "AES-128-CBC" }, 0),
		OSSL_PARAM_construct_end(),
	};
	int ok;

	assert(f);
	f->table = full_table;
	f->table.state = f;
	f->table.pki = f->pki = pki;
	f->kdf = EVP_KDF_fetch(NULL, "X963KDF", NULL);
	f->cbc = EVP_CIPHER_fetch(NULL, "AES-128-CBC", NULL);
	f->ecb = EVP_CIPHER_fetch(NULL, "AES-128-ECB", NULL);
	f->mac = EVP_MAC_fetch(NULL, "CMAC", NULL);
	assert(f->kdf && f->cbc && f->ecb && f->mac);
	f->cbc_ctx = EVP_CIPHER_CTX_new();
	f->ecb_ctx = EVP_CIPHER_CTX_new();
	f->mac_ctx = EVP_MAC_CTX_new(f->mac);
	assert(f->cbc_ctx && f->ecb_ctx && f->mac_ctx);
	ok = EVP_MAC_CTX_set_params(f->mac_ctx, cipher);
	assert(ok == 1);
	return &f->table;
}

void rsp_crypto_full_free(struct rsp_crypto *c)
{
	struct full *f = c ? full_of(c) : NULL;

	if (!f)
		return;
	forget_seen(f);
	EVP_KDF_free(f->kdf);
	EVP_CIPHER_free(f->cbc);
	EVP_CIPHER_free(f->ecb);
	EVP_CIPHER_CTX_free(f->cbc_ctx);
	EVP_CIPHER_CTX_free(f->ecb_ctx);
	EVP_MAC_free(f->mac);
	EVP_MAC_CTX_free(f->mac_ctx);
	free(f);
}
