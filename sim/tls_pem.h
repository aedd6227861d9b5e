/*
 * tls_pem.h - what OpenSSL thinks of PEM texts; in a file of its own because
 * its headers and sim/err.h use one name for two things.
 */
#ifndef SIM_TLS_PEM_H
#define SIM_TLS_PEM_H

#include <stddef.h>

/* NULL if it is good, or what is wrong, in words. */
const char *tls_pem_certificates(const char *pem, size_t n);
const char *tls_pem_key(const char *pem, size_t n);
/* Both are good; do they belong together? */
const char *tls_pem_pair(const char *cert, size_t cert_n, const char *key,
			 size_t key_n);

/* ---- Whose certificate is not believed. --------------------------------------- */

enum { TLS_REFUSED_MAX = 240 };

/* "the certificate of X, which Y issued: it has expired"; empty as long as there is none. */
struct tls_refused {
	char who[TLS_REFUSED_MAX];
};

/* Before a handshake with that SSL_CTX: the first certificate that OpenSSL does not take is
 * told in `r`, which must live as long as the handshake.  What is taken does not change. */
void tls_watch(void *ssl_ctx, struct tls_refused *r);

#endif
