#include "sim/tls_pem.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdio.h>

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

/* ---- Whose certificate is not believed. --------------------------------------- */

/* The name that people know it by: common name, or all there is. */
static void put_name(X509_NAME *name, char *to, size_t size)
{
	if (X509_NAME_get_text_by_NID(name, NID_commonName, to, (int)size) <= 0)
		X509_NAME_oneline(name, to, (int)size);
	for (; *to; to++)
		if ((unsigned char)*to < ' ' || (unsigned char)*to > '~')
			*to = '?';
}

static int verify(int good, X509_STORE_CTX *store)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct tls_refused *r = ssl ? SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)) : NULL;
	X509 *x = X509_STORE_CTX_get_current_cert(store);
	char subject[64] = "", issuer[64] = "";

	if (good || !r || !x || *r->who)
		return good;
	put_name(X509_get_subject_name(x), subject, sizeof(subject));
	put_name(X509_get_issuer_name(x), issuer, sizeof(issuer));
	snprintf(r->who, sizeof(r->who), "the certificate of '%s', which '%s' issued: %s",
		 subject, issuer,
		 X509_verify_cert_error_string(X509_STORE_CTX_get_error(store)));
	return good;
}

void tls_watch(void *ssl_ctx, struct tls_refused *r)
{
	SSL_CTX_set_app_data(ssl_ctx, (char *)r);
	SSL_CTX_set_verify(ssl_ctx, SSL_CTX_get_verify_mode(ssl_ctx), verify);
}
