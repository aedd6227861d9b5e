#include "sim/tls_pem.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

static BIO *reader(const char *pem, size_t n)
{
	return n <= INT_MAX ? BIO_new_mem_buf(pem, (int)n) : NULL;
}

/* A key with a passphrase would make it ask on the terminal. */
static int no_passphrase(char *out, int size, int writing, void *arg)
{
	(void)out;
	(void)size;
	(void)writing;
	(void)arg;
	return -1;
}

static X509 *first_certificate(const char *pem, size_t n)
{
	BIO *in = reader(pem, n);
	X509 *x = in ? PEM_read_bio_X509(in, NULL, no_passphrase, NULL) : NULL;

	BIO_free(in);
	ERR_clear_error();
	return x;
}

static EVP_PKEY *private_key(const char *pem, size_t n)
{
	BIO *in = reader(pem, n);
	EVP_PKEY *key = in ? PEM_read_bio_PrivateKey(in, NULL, no_passphrase, NULL) :
			NULL;

	BIO_free(in);
	ERR_clear_error();
	return key;
}

const char *tls_pem_certificates(const char *pem, size_t n)
{
	X509 *x = first_certificate(pem, n);

	X509_free(x);
	return x ? NULL : "expected a certificate (PEM), found none that can be read";
}

const char *tls_pem_key(const char *pem, size_t n)
{
	EVP_PKEY *key = private_key(pem, n);

	EVP_PKEY_free(key);
	return key ? NULL :
	       "expected a private key (PEM, without passphrase), found none that can be read";
}

const char *tls_pem_pair(const char *cert, size_t cert_n, const char *key_pem,
			 size_t key_n)
{
	X509 *x = first_certificate(cert, cert_n);
	EVP_PKEY *key = private_key(key_pem, key_n);
	int fits = x && key && X509_check_private_key(x, key) == 1;

	X509_free(x);
	EVP_PKEY_free(key);
	ERR_clear_error();
	return fits ? NULL : "the key does not belong to the certificate";
}
