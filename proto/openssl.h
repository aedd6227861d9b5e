/*
 * openssl.h - OpenSSL's headers, without the one name that they share with
 * sim/err.h.
 *
 * Include this, never <openssl/...>, in files that also see sim/err.h.
 */
#ifndef PROTO_OPENSSL_H
#define PROTO_OPENSSL_H

#define ERR_STATE OPENSSL_ERR_STATE
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#undef ERR_STATE

#endif
