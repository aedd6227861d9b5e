#include "proto/rsp_ec.h"

#include "proto/openssl.h"
#include "proto/tlv.h"

#include <assert.h>
#include <stdlib.h>

struct rsp_key {
	enum rsp_curve curve;
	bool repeatable;
	BIGNUM *secret;
	unsigned char point[RSP_POINT_BYTES];
	EVP_PKEY *pkey;		/* unless repeatable */
};

struct rsp_public_key {
	EVP_PKEY *pkey;
};

/* ---- Curves. -------------------------------------------------------------- */

static const struct {
	const char *name;
	int nid;
	struct str oid;
} curves[RSP_CURVES] = {
	[RSP_P256] = { "prime256v1", NID_X9_62_prime256v1,
		       { "\x2A\x86\x48\xCE\x3D\x03\x01\x07", 8 } },
	[RSP_BRAINPOOL] = { "brainpoolP256r1", NID_brainpoolP256r1,
			    { "\x2B\x24\x03\x03\x02\x08\x01\x01\x07", 9 } },
};

const char *rsp_curve_name(enum rsp_curve curve)
{
	return curves[curve].name;
}

struct str rsp_curve_oid(enum rsp_curve curve)
{
	return curves[curve].oid;
}

/* Made once: they are constants, but OpenSSL has to work them out. */
static const EC_GROUP *group(enum rsp_curve curve)
{
	static EC_GROUP *made[RSP_CURVES];

	if (!made[curve])
		made[curve] = EC_GROUP_new_by_curve_name(curves[curve].nid);
	assert(made[curve]);
	return made[curve];
}

static const EVP_MD *sha256(void)
{
	static EVP_MD *found;

	if (!found)
		found = EVP_MD_fetch(NULL, "SHA256", NULL);
	assert(found);
	return found;
}

static void hash_parts(const struct str *parts, size_t count,
		       unsigned char hash[SHA256_DIGEST_LENGTH])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int ok = ctx && EVP_DigestInit_ex(ctx, sha256(), NULL) == 1;

	for (size_t i = 0; i < count; i++)
		ok = ok && EVP_DigestUpdate(ctx, parts[i].p, parts[i].n) == 1;
	ok = ok && EVP_DigestFinal_ex(ctx, hash, NULL) == 1;
	assert(ok);
	EVP_MD_CTX_free(ctx);
}

/* ---- Keys. ---------------------------------------------------------------- */

/* An OpenSSL key of a point and, unless NULL, its secret number. */
static EVP_PKEY *make_pkey(enum rsp_curve curve, const unsigned char *point,
			   const BIGNUM *secret)
{
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	OSSL_PARAM *params = NULL;
	EVP_PKEY *pkey = NULL;
	bool ok;

	assert(build && ctx);
	ok = OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME,
					     curves[curve].name, 0) == 1 &&
	     OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY,
					      point, RSP_POINT_BYTES) == 1 &&
	     (!secret || OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY,
						secret) == 1) &&
	     (params = OSSL_PARAM_BLD_to_param(build)) != NULL &&
	     EVP_PKEY_fromdata_init(ctx) == 1 &&
	     EVP_PKEY_fromdata(ctx, &pkey, secret ? EVP_PKEY_KEYPAIR :
			       EVP_PKEY_PUBLIC_KEY, params) == 1;
	if (!ok)
		pkey = NULL;
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	EVP_PKEY_CTX_free(ctx);
	return pkey;
}

/* Takes `secret` over, which is between 1 and the order. */
static struct rsp_key *key_of(enum rsp_curve curve, BIGNUM *secret,
			      bool repeatable)
{
	struct rsp_key *k = calloc(1, sizeof(*k));
	const EC_GROUP *g = group(curve);
	EC_POINT *point = EC_POINT_new(g);
	bool ok;

	assert(k && point);
	k->curve = curve;
	k->repeatable = repeatable;
	k->secret = secret;
	ok = EC_POINT_mul(g, point, secret, NULL, NULL, NULL) == 1 &&
	     EC_POINT_point2oct(g, point, POINT_CONVERSION_UNCOMPRESSED,
				k->point, sizeof(k->point), NULL) ==
	     sizeof(k->point);
	assert(ok);
	EC_POINT_free(point);
	if (!repeatable) {
		k->pkey = make_pkey(curve, k->point, secret);
		assert(k->pkey);
	}
	return k;
}

struct rsp_key *rsp_key_derive(enum rsp_curve curve,
			       const unsigned char number[RSP_SECRET_BYTES],
			       bool repeatable)
{
	BIGNUM *secret = BN_secure_new(), *most = BN_new();
	BN_CTX *ctx = BN_CTX_new();
	bool ok;

	/* 1 to order - 1. */
	ok = secret && most && ctx &&
	     BN_bin2bn(number, RSP_SECRET_BYTES, secret) &&
	     BN_copy(most, EC_GROUP_get0_order(group(curve))) &&
	     BN_sub_word(most, 1) == 1 &&
	     BN_mod(secret, secret, most, ctx) == 1 &&
	     BN_add_word(secret, 1) == 1;
	assert(ok);
	BN_set_flags(secret, BN_FLG_CONSTTIME);
	BN_free(most);
	BN_CTX_free(ctx);
	return key_of(curve, secret, repeatable);
}

struct rsp_key *rsp_key_make(enum rsp_curve curve)
{
	unsigned char number[RSP_SECRET_BYTES];
	struct rsp_key *k;
	int ok = RAND_priv_bytes(number, sizeof(number));

	assert(ok == 1);
	k = rsp_key_derive(curve, number, false);
	OPENSSL_cleanse(number, sizeof(number));
	return k;
}

static struct rsp_key *key_of_pkey(EVP_PKEY *pkey, struct err *err)
{
	char name[64];
	BIGNUM *secret = NULL;

	if (EVP_PKEY_get_utf8_string_param(pkey, OSSL_PKEY_PARAM_GROUP_NAME, name,
					   sizeof(name), NULL) == 1 &&
	    EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_PRIV_KEY, &secret) == 1)
		for (int c = 0; c < RSP_CURVES; c++)
			if (strcmp(name, curves[c].name) == 0)
				return key_of((enum rsp_curve)c, secret, false);
	BN_clear_free(secret);
	err_set(err, ERR_INVALID,
		"private key: expected one on %s or %s", curves[RSP_P256].name,
		curves[RSP_BRAINPOOL].name);
	return NULL;
}

/* A password is never asked for. */
static int no_password(char *text, int size, int writing, void *arg)
{
	(void)text, (void)size, (void)writing, (void)arg;
	return -1;
}

struct rsp_key *rsp_key_read(struct str bytes, struct err *err)
{
	const unsigned char *p = (const unsigned char *)bytes.p;
	EVP_PKEY *pkey = NULL;
	struct rsp_key *k;
	BIO *bio;

	if (bytes.n > 1 << 16) {
		err_set(err, ERR_LIMIT, "private key: %zu bytes are too many", bytes.n);
		return NULL;
	}
	bio = BIO_new_mem_buf(bytes.p, (int)bytes.n);
	assert(bio);
	if (bytes.n && bytes.p[0] == 0x30)
		pkey = d2i_AutoPrivateKey(NULL, &p, (long)bytes.n);
	else
		pkey = PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL);
	BIO_free(bio);
	if (!pkey) {
		err_set(err, ERR_INVALID,
			"private key: expected PEM or DER, without a password");
		return NULL;
	}
	k = key_of_pkey(pkey, err);
	EVP_PKEY_free(pkey);
	return k;
}

void rsp_key_write(const struct rsp_key *k, struct buf *out)
{
	BIO *bio = BIO_new(BIO_s_mem());
	EVP_PKEY *pkey = k->pkey ? k->pkey : make_pkey(k->curve, k->point, k->secret);
	char *text;
	long n;
	int ok;

	assert(bio && pkey);
	ok = PEM_write_bio_PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL);
	assert(ok == 1);
	n = BIO_get_mem_data(bio, &text);
	buf_add(out, text, (size_t)n);
	BIO_free(bio);
	if (!k->pkey)
		EVP_PKEY_free(pkey);
}

void rsp_key_free(struct rsp_key *k)
{
	if (!k)
		return;
	BN_clear_free(k->secret);
	EVP_PKEY_free(k->pkey);
	free(k);
}

enum rsp_curve rsp_key_curve(const struct rsp_key *k)
{
	return k->curve;
}

const unsigned char *rsp_key_point(const struct rsp_key *k)
{
	return k->point;
}

void rsp_key_secret(const struct rsp_key *k,
		    unsigned char secret[RSP_SECRET_BYTES])
{
	int n = BN_bn2binpad(k->secret, secret, RSP_SECRET_BYTES);

	assert(n == RSP_SECRET_BYTES);
}

void rsp_key_id(const unsigned char point[RSP_POINT_BYTES],
		unsigned char id[RSP_KEY_ID_BYTES])
{
	int ok = EVP_Q_digest(NULL, "SHA1", NULL, point, RSP_POINT_BYTES, id, NULL);

	assert(ok == 1);
}

/* ---- Signing. -------------------------------------------------------------- */

static void hmac(unsigned char key[32], const struct str *parts, size_t count,
		 unsigned char out[32])
{
	unsigned char text[32 + 1 + 32 + 32];
	size_t n = 0;
	unsigned size = 32;

	for (size_t i = 0; i < count; i++) {
		memcpy(text + n, parts[i].p, parts[i].n);
		n += parts[i].n;
	}
	HMAC(sha256(), key, 32, text, n, out, &size);
	OPENSSL_cleanse(text, sizeof(text));
}

/* The generator of RFC 6979, 3.2: its state, and what it was made from. */
struct nonces {
	unsigned char k[32], v[32];
};

#define V(n) ((struct str){ (char *)(n)->v, 32 })

static void nonces_update(struct nonces *n, char round, struct str x, struct str h)
{
	struct str parts[] = { V(n), { &round, 1 }, x, h };

	hmac(n->k, parts, x.n ? 4 : 2, n->k);
	hmac(n->k, parts, 1, n->v);
}

/* `secret` and `digest` (below the order) are 32 bytes each. */
static void nonces_init(struct nonces *n, const unsigned char *secret,
			const unsigned char *digest)
{
	struct str x = { (const char *)secret, 32 }, h = { (const char *)digest, 32 };

	memset(n->v, 1, sizeof(n->v));
	memset(n->k, 0, sizeof(n->k));
	nonces_update(n, 0, x, h);
	nonces_update(n, 1, x, h);
}

static void nonces_next(struct nonces *n, BIGNUM *out)
{
	struct str v = V(n);

	hmac(n->k, &v, 1, n->v);
	BN_bin2bn(n->v, sizeof(n->v), out);
	BN_set_flags(out, BN_FLG_CONSTTIME);
}

/* r and s for one nonce; false if that one is not fit. */
static bool try_nonce(const struct rsp_key *key, const BIGNUM *e, BIGNUM *k,
		      BIGNUM *r, BIGNUM *s, BN_CTX *ctx)
{
	const EC_GROUP *g = group(key->curve);
	const BIGNUM *order = EC_GROUP_get0_order(g);
	EC_POINT *point;
	bool ok;

	if (BN_is_zero(k) || BN_cmp(k, order) >= 0)
		return false;
	point = EC_POINT_new(g);
	ok = point && EC_POINT_mul(g, point, k, NULL, NULL, ctx) == 1 &&
	     EC_POINT_get_affine_coordinates(g, point, r, NULL, ctx) == 1 &&
	     BN_nnmod(r, r, order, ctx) == 1 &&
	     BN_mod_inverse(k, k, order, ctx) != NULL &&
	     BN_mod_mul(s, r, key->secret, order, ctx) == 1 &&
	     BN_mod_add(s, s, e, order, ctx) == 1 &&
	     BN_mod_mul(s, s, k, order, ctx) == 1;
	assert(ok);
	EC_POINT_free(point);
	return !BN_is_zero(r) && !BN_is_zero(s);
}

static void sign_repeatable(const struct rsp_key *k, const unsigned char *hash,
			    unsigned char signature[RSP_SIGNATURE_BYTES])
{
	BN_CTX *ctx = BN_CTX_secure_new();
	BIGNUM *e, *nonce, *r, *s;
	unsigned char secret[RSP_SECRET_BYTES], digest[32];
	struct nonces n;
	int ok;

	assert(ctx);
	BN_CTX_start(ctx);
	e = BN_CTX_get(ctx);
	nonce = BN_CTX_get(ctx);
	r = BN_CTX_get(ctx);
	s = BN_CTX_get(ctx);
	assert(s);
	BN_bin2bn(hash, 32, e);
	ok = BN_nnmod(e, e, EC_GROUP_get0_order(group(k->curve)), ctx);
	assert(ok == 1);
	BN_bn2binpad(e, digest, sizeof(digest));
	rsp_key_secret(k, secret);
	nonces_init(&n, secret, digest);
	nonces_next(&n, nonce);
	while (!try_nonce(k, e, nonce, r, s, ctx)) {
		nonces_update(&n, 0, (struct str){ "", 0 }, (struct str){ "", 0 });
		nonces_next(&n, nonce);
	}
	BN_bn2binpad(r, signature, 32);
	BN_bn2binpad(s, signature + 32, 32);
	OPENSSL_cleanse(secret, sizeof(secret));
	OPENSSL_cleanse(&n, sizeof(n));
	BN_CTX_end(ctx);
	BN_CTX_free(ctx);
}

static void sign_random(const struct rsp_key *k, const unsigned char *hash,
			unsigned char signature[RSP_SIGNATURE_BYTES])
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(k->pkey, NULL);
	unsigned char der[80];
	const unsigned char *p = der;
	size_t n = sizeof(der);
	ECDSA_SIG *sig;
	bool ok = ctx && EVP_PKEY_sign_init(ctx) == 1 &&
		  EVP_PKEY_sign(ctx, der, &n, hash, 32) == 1;

	assert(ok);
	sig = d2i_ECDSA_SIG(NULL, &p, (long)n);
	assert(sig);
	BN_bn2binpad(ECDSA_SIG_get0_r(sig), signature, 32);
	BN_bn2binpad(ECDSA_SIG_get0_s(sig), signature + 32, 32);
	ECDSA_SIG_free(sig);
	EVP_PKEY_CTX_free(ctx);
}

void rsp_key_sign(const struct rsp_key *k, const struct str *parts, size_t count,
		  unsigned char signature[RSP_SIGNATURE_BYTES])
{
	unsigned char hash[32];

	hash_parts(parts, count, hash);
	if (k->repeatable)
		sign_repeatable(k, hash, signature);
	else
		sign_random(k, hash, signature);
}

/* ---- Verifying. ------------------------------------------------------------ */

/* The point that the bytes are, or NULL. */
static EC_POINT *read_point(enum rsp_curve curve, struct str bytes, struct err *err)
{
	const EC_GROUP *g = group(curve);
	EC_POINT *p;

	if (bytes.n != RSP_POINT_BYTES || bytes.p[0] != 0x04) {
		err_set(err, ERR_INVALID,
			"public key: expected an uncompressed point of %d bytes",
			RSP_POINT_BYTES);
		return NULL;
	}
	p = EC_POINT_new(g);
	assert(p);
	if (EC_POINT_oct2point(g, p, (const unsigned char *)bytes.p, bytes.n,
			       NULL) == 1 && !EC_POINT_is_at_infinity(g, p))
		return p;
	EC_POINT_free(p);
	err_set(err, ERR_INVALID, "public key: the point is not on %s",
		curves[curve].name);
	return NULL;
}

struct rsp_public_key *rsp_public_key_new(enum rsp_curve curve, struct str point,
					  struct err *err)
{
	EC_POINT *p = read_point(curve, point, err);
	struct rsp_public_key *k;

	if (!p)
		return NULL;
	EC_POINT_free(p);
	k = calloc(1, sizeof(*k));
	assert(k);
	k->pkey = make_pkey(curve, (const unsigned char *)point.p, NULL);
	assert(k->pkey);
	return k;
}

void rsp_public_key_free(struct rsp_public_key *k)
{
	if (!k)
		return;
	EVP_PKEY_free(k->pkey);
	free(k);
}

/* An unsigned number of 32 bytes as a DER INTEGER. */
static void put_integer(struct buf *out, const unsigned char *p)
{
	size_t n = 32;

	while (n > 1 && *p == 0) {
		p++;
		n--;
	}
	tlv_put_head(out, TLV_INTEGER, n + (*p >= 0x80));
	if (*p >= 0x80)
		buf_char(out, 0);
	buf_add(out, p, n);
}

void rsp_signature_to_der(const unsigned char raw[RSP_SIGNATURE_BYTES],
			  struct buf *out)
{
	size_t mark = tlv_open(out, TLV_SEQUENCE);

	put_integer(out, raw);
	put_integer(out, raw + 32);
	tlv_close(out, mark);
}

int rsp_public_key_verify(const struct rsp_public_key *k,
			  const struct str *parts, size_t count,
			  struct str signature, struct err *err)
{
	unsigned char hash[32];
	EVP_PKEY_CTX *ctx;
	struct buf der;
	int good;

	if (signature.n != RSP_SIGNATURE_BYTES)
		return err_set(err, ERR_INVALID, "signature: %zu bytes, expected %d",
			       signature.n, RSP_SIGNATURE_BYTES);
	hash_parts(parts, count, hash);
	buf_init(&der, 128);
	rsp_signature_to_der((const unsigned char *)signature.p, &der);
	ctx = EVP_PKEY_CTX_new(k->pkey, NULL);
	good = ctx && EVP_PKEY_verify_init(ctx) == 1 ?
	       EVP_PKEY_verify(ctx, (const unsigned char *)der.p, der.n, hash,
			       sizeof(hash)) : 0;
	EVP_PKEY_CTX_free(ctx);
	buf_release(&der);
	if (good != 1)
		return err_set(err, ERR_DENIED,
			       "signature: it is not one of this key over these bytes");
	return 0;
}

/* ---- Key agreement. --------------------------------------------------------- */

int rsp_ecdh(enum rsp_curve curve, const unsigned char secret[RSP_SECRET_BYTES],
	     struct str peer_point, unsigned char z[RSP_SECRET_BYTES],
	     struct err *err)
{
	const EC_GROUP *g = group(curve);
	EC_POINT *p = read_point(curve, peer_point, err);
	BIGNUM *d, *x;
	bool ok;

	if (!p)
		return -1;
	d = BN_secure_new();
	x = BN_secure_new();
	ok = d && x && BN_bin2bn(secret, RSP_SECRET_BYTES, d);
	assert(ok);
	BN_set_flags(d, BN_FLG_CONSTTIME);
	ok = EC_POINT_mul(g, p, NULL, p, d, NULL) == 1 &&
	     !EC_POINT_is_at_infinity(g, p) &&
	     EC_POINT_get_affine_coordinates(g, p, x, NULL, NULL) == 1 &&
	     BN_bn2binpad(x, z, RSP_SECRET_BYTES) == RSP_SECRET_BYTES;
	BN_clear_free(d);
	BN_clear_free(x);
	EC_POINT_clear_free(p);
	if (!ok)
		return err_set(err, ERR_INVALID,
			       "key agreement: the shared point is at infinity");
	return 0;
}
