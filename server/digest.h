/*
 * digest.h - the few functions of OpenSSL that the server needs, in a file of
 * their own because its headers and sim/err.h use one name for two things.
 */
#ifndef SERVER_DIGEST_H
#define SERVER_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DIGEST_SIZE = 32 };

void digest_sha256(const void *bytes, size_t n, uint8_t digest[DIGEST_SIZE]);
void digest_hmac(const uint8_t key[DIGEST_SIZE], const void *bytes, size_t n,
		 uint8_t mac[DIGEST_SIZE]);
/* PBKDF2 with HMAC-SHA256 (RFC 8018). */
void digest_pbkdf2(const void *password, size_t n, const uint8_t *salt,
		   size_t salt_size, int iterations, uint8_t hash[DIGEST_SIZE]);
/* Takes the same time wherever they differ. */
bool digest_same(const void *a, const void *b, size_t n);
/* From the machine: unpredictable, so never in a simulated world. */
bool digest_random(void *bytes, size_t n);
/* Overwrite a secret; the compiler may not leave it out. */
void digest_wipe(void *bytes, size_t n);

#endif
