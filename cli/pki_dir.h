/*
 * pki_dir.h - certificates and keys in the files of a directory.
 *
 * Everything below it is read, in the order of the names: certificates (.pem,
 * .crt, .cer, .der), private keys (the same, or .key), lists of revoked
 * certificates (.crl).  What a file is, its content says, so that sets made
 * elsewhere fit as they are: in those of SGP.26 CERT_* are certificates and
 * SK_* private keys; PK_* (public keys alone) are passed over.
 */
#ifndef CLI_PKI_DIR_H
#define CLI_PKI_DIR_H

#include "proto/rsp_pki.h"
#include "sim/arena.h"

/* Where it is if nobody says: $XDG_DATA_HOME/esimrig/pki or ~/.local/share/... */
const char *pki_dir_default(struct arena *a);

/*
 * The set in `dir` (NULL: the default one), which is made if it is not there.
 * What is made later is made from the machine's randomness.
 */
struct rsp_pki *pki_dir_open(const char *dir, struct err *err);
/* A new one with a CI for each curve, in an empty or new directory. */
int pki_dir_init(const char *dir, struct err *err);
/* Write what the set has and the directory has not; `dir` as above. */
int pki_dir_save(const struct rsp_pki *pki, const char *dir, struct err *err);

/* From now on the certificate in that file is revoked: a list is written to a file in the
 * directory, whose path is in memory of `a`. */
int pki_dir_revoke(struct rsp_pki *pki, const char *dir, const char *certificate,
		   struct arena *a, const char **path, struct err *err);

/* "dp-tls-P-256-1A2B3C4D": without the ending. */
struct str pki_dir_name(const struct rsp_pki_identity *id, struct arena *a);

#endif
