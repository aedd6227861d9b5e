#include "server/digest.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

/* Looked for by its name once: OpenSSL 3 takes longer over that than over
 * the digest of a short text.  It never changes. */
static const EVP_MD *sha256(void)
{
	static EVP_MD *found;

	if (!found)
		found = EVP_MD_fetch(NULL, "SHA256", NULL);
	assert(found);
	return found;
}

void digest_sha256(const void *bytes, size_t n, uint8_t digest[DIGEST_SIZE])
{
	/* Kept: to make one takes as long as the digest of a short text. */
	static EVP_MD_CTX *ctx;
	unsigned size = DIGEST_SIZE;

	if (!ctx)
		ctx = EVP_MD_CTX_new();
	assert(ctx);
	if (EVP_DigestInit_ex2(ctx, sha256(), NULL) != 1 ||
	    EVP_DigestUpdate(ctx, n ? bytes : "", n) != 1 ||
	    EVP_DigestFinal_ex(ctx, digest, &size) != 1 || size != DIGEST_SIZE)
		assert(false);
}

void digest_hmac(const uint8_t key[DIGEST_SIZE], const void *bytes, size_t n,
		 uint8_t mac[DIGEST_SIZE])
{
	unsigned size = DIGEST_SIZE;
	unsigned char *done = HMAC(sha256(), key, DIGEST_SIZE,
				   n ? bytes : (const void *)"", n, mac, &size);

	assert(done && size == DIGEST_SIZE);
}

void digest_pbkdf2(const void *password, size_t n, const uint8_t *salt,
		   size_t salt_size, int iterations, uint8_t hash[DIGEST_SIZE])
{
	int ok = PKCS5_PBKDF2_HMAC(n ? password : "", (int)n, salt,
				   (int)salt_size, iterations, sha256(),
				   DIGEST_SIZE, hash);

	assert(ok == 1);
}

bool digest_same(const void *a, const void *b, size_t n)
{
	return CRYPTO_memcmp(a, b, n) == 0;
}

bool digest_random(void *bytes, size_t n)
{
	return RAND_bytes(bytes, (int)n) == 1;
}

void digest_wipe(void *bytes, size_t n)
{
	if (n)
		OPENSSL_cleanse(bytes, n);
}
