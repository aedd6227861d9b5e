/*
 * tls.h - certificates and keys in PEM files, read and looked at before they
 * are used, so that what is wrong with them is said in words.
 */
#ifndef SIM_TLS_H
#define SIM_TLS_H

#include "sim/arena.h"
#include "sim/err.h"

/* A chain (the host's own first) and its private key.  -1: a file cannot be
 * read, is no PEM, or the key is not the certificate's. */
int tls_read_pair(const char *cert_path, const char *key_path, struct arena *a,
		  struct str *cert, struct str *key, struct err *err);
/* -1: `path` has no certificate in it. */
int tls_check_ca_file(const char *path, struct err *err);

#endif
