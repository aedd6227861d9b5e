#include "proto/rsp_pki.h"

#include "proto/eid.h"
#include "proto/openssl.h"
#include "sim/map.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

/* 2020-01-01 and 2049-12-31. */
#define MADE_FROM_MS INT64_C(1577836800000)
#define MADE_UNTIL_MS INT64_C(2524521600000)

/* A key whose certificate has not come yet. */
struct loose_key {
	struct rsp_key *key;
	struct loose_key *next;
};

struct entry {
	struct rsp_pki_identity id;
	char *name;		/* by which it was asked for; NULL: brought, or a CI */
	bool made;
};

struct rsp_pki {
	struct rsp_pki_config config;
	struct entry **entries;
	size_t count, cap;
	size_t ci[RSP_CI_MAX];		/* places of the CIs in `entries` */
	size_t ci_count;
	struct loose_key *keys;
	struct rsp_crl **crls;
	size_t crl_count;
	bool crls_required;
	uint64_t *revoked[RSP_CI_MAX];	/* serials, revoked here */
	size_t revoked_count[RSP_CI_MAX];
	struct map made;		/* name -> struct entry */
	enum rsp_curve later[RSP_CURVES];	/* CIs that are made when one is asked for */
	size_t later_count;
};

static void make_ci(struct rsp_pki *p, enum rsp_curve curve);

/* Keys take time, and most worlds never use theirs. */
static void settle(const struct rsp_pki *constant)
{
	struct rsp_pki *p = (struct rsp_pki *)(uintptr_t)constant;
	size_t count = p->later_count;

	p->later_count = 0;
	for (size_t i = 0; i < count; i++)
		make_ci(p, p->later[i]);
}

struct rsp_pki *rsp_pki_new(const struct rsp_pki_config *config)
{
	struct rsp_pki *p = calloc(1, sizeof(*p));

	assert(p);
	p->config = *config;
	if (!p->config.not_before_ms)
		p->config.not_before_ms = MADE_FROM_MS;
	if (!p->config.not_after_ms)
		p->config.not_after_ms = MADE_UNTIL_MS;
	return p;
}

static void free_entry(struct entry *e)
{
	rsp_cert_release(&e->id.cert);
	rsp_key_free(e->id.key);
	free((char *)(uintptr_t)e->id.der.p);
	free(e->name);
	free(e);
}

void rsp_pki_free(struct rsp_pki *p)
{
	struct loose_key *k;

	if (!p)
		return;
	map_release(&p->made);
	for (size_t i = 0; i < p->count; i++)
		free_entry(p->entries[i]);
	free(p->entries);
	while ((k = p->keys) != NULL) {
		p->keys = k->next;
		rsp_key_free(k->key);
		free(k);
	}
	for (size_t i = 0; i < p->crl_count; i++)
		rsp_crl_free(p->crls[i]);
	free(p->crls);
	for (size_t i = 0; i < RSP_CI_MAX; i++)
		free(p->revoked[i]);
	free(p);
}

bool rsp_pki_repeatable(const struct rsp_pki *p)
{
	return p->config.repeatable;
}

/* ---- What is there. ------------------------------------------------------------- */

size_t rsp_pki_ci_count(const struct rsp_pki *p)
{
	settle(p);
	return p->ci_count;
}

static struct entry *ci_entry(const struct rsp_pki *p, size_t ci)
{
	settle(p);
	assert(ci < p->ci_count);
	return p->entries[p->ci[ci]];
}

const struct rsp_cert *rsp_pki_ci(const struct rsp_pki *p, size_t ci)
{
	return &ci_entry(p, ci)->id.cert;
}

int rsp_pki_find_ci(const struct rsp_pki *p, struct str key_id)
{
	settle(p);
	for (size_t i = 0; i < p->ci_count; i++)
		if (str_eq(key_id, (struct str){ (const char *)rsp_pki_ci(p, i)->key_id,
						 RSP_KEY_ID_BYTES }))
			return (int)i;
	return -1;
}

const struct rsp_pki_identity *rsp_pki_at(const struct rsp_pki *p, size_t i)
{
	settle(p);
	return i < p->count ? &p->entries[i]->id : NULL;
}

bool rsp_pki_is_made(const struct rsp_pki *p, size_t i)
{
	assert(i < p->count);
	return p->entries[i]->made;
}

/* Whose key signed `c`, going by its authority key identifier. */
static struct entry *find_issuer(const struct rsp_pki *p, const struct rsp_cert *c)
{
	for (size_t i = 0; c->has_authority && i < p->count; i++) {
		struct entry *e = p->entries[i];

		if (e->id.cert.has_key_id && e->id.cert.ca && &e->id.cert != c &&
		    memcmp(e->id.cert.key_id, c->authority, RSP_KEY_ID_BYTES) == 0)
			return e;
	}
	return NULL;
}

/* Certificates may come before those that vouch for them. */
static void link_entries(struct rsp_pki *p)
{
	for (size_t i = 0; i < p->count; i++) {
		struct entry *e = p->entries[i], *above;

		if (e->id.role == RSP_ROLE_CI || e->id.issuer)
			continue;
		above = find_issuer(p, &e->id.cert);
		e->id.issuer = above ? &above->id : NULL;
	}
	for (size_t i = 0; i < p->count; i++) {
		struct rsp_pki_identity *id = &p->entries[i]->id;
		const struct rsp_pki_identity *top = id;

		for (int n = 0; top->issuer && n < 4; n++)
			top = top->issuer;
		if (top->role == RSP_ROLE_CI)
			id->ci = top->ci;
	}
}

static struct entry *add_entry(struct rsp_pki *p, struct str der,
			       const struct rsp_cert *cert, enum rsp_role role,
			       struct rsp_key *key)
{
	struct entry *e = calloc(1, sizeof(*e));
	char *bytes = malloc(der.n + 1);

	assert(e && bytes);
	memcpy(bytes, der.p, der.n);
	e->id = (struct rsp_pki_identity){
		.role = role, .ci = -1, .der = { bytes, der.n }, .cert = *cert,
		.key = key,
	};
	if (p->count == p->cap) {
		p->cap = p->cap ? 2 * p->cap : 16;
		p->entries = realloc(p->entries, p->cap * sizeof(*p->entries));
		assert(p->entries);
	}
	if (role == RSP_ROLE_CI) {
		assert(p->ci_count < RSP_CI_MAX);
		e->id.ci = (int)p->ci_count;
		p->ci[p->ci_count++] = p->count;
	}
	p->entries[p->count++] = e;
	return e;
}

/* ---- What a user brings. ---------------------------------------------------------- */

static struct rsp_key *take_key(struct rsp_pki *p, const unsigned char *point)
{
	for (struct loose_key **at = &p->keys; *at; at = &(*at)->next) {
		struct loose_key *k = *at;
		struct rsp_key *key = k->key;

		if (memcmp(rsp_key_point(key), point, RSP_POINT_BYTES) != 0)
			continue;
		*at = k->next;
		free(k);
		return key;
	}
	return NULL;
}

static int add_certificate(struct rsp_pki *p, struct str der, struct err *err)
{
	struct rsp_cert cert;
	int role;

	settle(p);
	for (size_t i = 0; i < p->count; i++)
		if (str_eq(p->entries[i]->id.der, der))
			return 0;
	if (rsp_cert_read(&cert, der, err) < 0)
		return -1;
	role = rsp_cert_role(&cert);
	if (role < 0) {
		rsp_cert_release(&cert);
		return err_set(err, ERR_INVALID,
			       "certificate: expected one of the policies 2.23.146.1.2.1.0 to .7 (SGP.22, 4.5.2)");
	}
	if (role == RSP_ROLE_CI && p->ci_count == RSP_CI_MAX) {
		rsp_cert_release(&cert);
		return err_set(err, ERR_LIMIT, "certificate: more than %d CIs",
			       RSP_CI_MAX);
	}
	add_entry(p, der, &cert, (enum rsp_role)role, take_key(p, cert.point));
	link_entries(p);
	return 0;
}

int rsp_pki_add_certificate(struct rsp_pki *p, struct str bytes, struct err *err)
{
	struct buf der;
	int rc;

	buf_init(&der, 32 << 10);
	rc = rsp_cert_to_der(bytes, &der, err);
	if (rc == 0)
		rc = add_certificate(p, buf_view(&der), err);
	buf_release(&der);
	return rc;
}

int rsp_pki_add_key(struct rsp_pki *p, struct str bytes, struct err *err)
{
	struct rsp_key *key = rsp_key_read(bytes, err);
	struct loose_key *loose;
	bool used = false;

	if (!key)
		return -1;
	/* One key may stand behind several certificates: each gets its own copy. */
	for (size_t i = 0; i < p->count; i++) {
		struct rsp_pki_identity *id = &p->entries[i]->id;

		if (id->key || memcmp(id->cert.point, rsp_key_point(key),
				      RSP_POINT_BYTES) != 0)
			continue;
		id->key = used ? rsp_key_read(bytes, err) : key;
		used = true;
	}
	if (used)
		return 0;
	loose = calloc(1, sizeof(*loose));
	assert(loose);
	loose->key = key;
	loose->next = p->keys;
	p->keys = loose;
	return 0;
}

/* ---- Revocation. --------------------------------------------------------------------- */

int rsp_pki_add_crl(struct rsp_pki *p, struct str der, struct err *err)
{
	struct rsp_crl *crl = NULL;

	err_set(err, ERR_NOT_FOUND, "CRL: no CI is there");
	for (size_t i = 0; i < p->ci_count && !crl; i++)
		crl = rsp_crl_read(der, rsp_pki_ci(p, i), err);
	if (!crl)
		return -1;
	p->crls = realloc(p->crls, (p->crl_count + 1) * sizeof(*p->crls));
	assert(p->crls);
	p->crls[p->crl_count++] = crl;
	return 0;
}

bool rsp_pki_revoked(const struct rsp_pki *p, const struct rsp_cert *c)
{
	for (size_t i = 0; i < p->crl_count; i++)
		if (rsp_crl_has(p->crls[i], c))
			return true;
	return false;
}

void rsp_pki_require_crls(struct rsp_pki *p)
{
	p->crls_required = true;
}

int rsp_pki_check_crl(const struct rsp_pki *p, size_t ci, int64_t unix_ms, struct err *err)
{
	bool any = false;

	if (!p->crls_required)
		return 0;
	for (size_t i = 0; i < p->crl_count; i++) {
		if (!rsp_crl_is_of(p->crls[i], rsp_pki_ci(p, ci)))
			continue;
		if (rsp_crl_is_current(p->crls[i], unix_ms))
			return 0;
		any = true;
	}
	return any ? err_set(err, ERR_STATE, "CRL: that of the CI is out of date") :
		     err_set(err, ERR_NOT_FOUND, "CRL: that of the CI is not there");
}

static uint64_t serial_of(const struct rsp_cert *c)
{
	uint64_t serial = 0;

	ASN1_INTEGER_get_uint64(&serial, X509_get0_serialNumber(c->x509));
	return serial;
}

int rsp_pki_revoke_to(struct rsp_pki *p, const struct rsp_cert *c, struct buf *list,
		      struct err *err)
{
	int ci = c->has_authority ? rsp_pki_find_ci(p, (struct str){
			(const char *)c->authority, RSP_KEY_ID_BYTES }) : -1;
	const struct rsp_pki_identity *issuer;
	size_t start = list->n;
	size_t n;

	if (ci < 0)
		return err_set(err, ERR_NOT_FOUND,
			       "revocation: the certificate is not directly under a CI that is there");
	issuer = &ci_entry(p, (size_t)ci)->id;
	if (!issuer->key)
		return err_set(err, ERR_NOT_FOUND, "revocation: the CI's key is not there");
	n = ++p->revoked_count[ci];
	p->revoked[ci] = realloc(p->revoked[ci], n * sizeof(uint64_t));
	assert(p->revoked[ci]);
	p->revoked[ci][n - 1] = serial_of(c);
	rsp_crl_write(&issuer->cert, issuer->key, p->revoked[ci], n,
		      p->config.not_before_ms, p->config.not_after_ms, list);
	return rsp_pki_add_crl(p, (struct str){ list->p + start, list->n - start }, err);
}

int rsp_pki_revoke(struct rsp_pki *p, const struct rsp_cert *c, struct err *err)
{
	struct buf list;
	int rc;

	buf_init(&list, 1 << 20);
	rc = rsp_pki_revoke_to(p, c, &list, err);
	buf_release(&list);
	return rc;
}

/* ---- Making. -------------------------------------------------------------------------- */

/* 32 bytes that follow from the seed and these words. */
static void derive(const struct rsp_pki *p, const char *what, const char *name,
		   unsigned char out[32])
{
	char text[512];
	int n = snprintf(text, sizeof(text), "esimrig pki %llu %s %s",
			 (unsigned long long)p->config.seed, what, name);

	assert(n > 0 && (size_t)n < sizeof(text));
	SHA256((unsigned char *)text, (size_t)n, out);
}

static struct rsp_key *new_key(const struct rsp_pki *p, enum rsp_curve curve,
			       const char *name)
{
	unsigned char number[RSP_SECRET_BYTES];

	if (!p->config.repeatable)
		return rsp_key_make(curve);
	derive(p, "key", name, number);
	return rsp_key_derive(curve, number, true);
}

/* 63 bits, never 0. */
static uint64_t new_serial(const struct rsp_pki *p, const char *name)
{
	unsigned char bytes[32];
	uint64_t serial = 0;
	int ok = 1;

	if (p->config.repeatable)
		derive(p, "serial", name, bytes);
	else
		ok = RAND_bytes(bytes, sizeof(bytes));
	assert(ok == 1);
	for (int i = 0; i < 8; i++)
		serial = serial << 8 | bytes[i];
	return (serial >> 1) | 1;
}

/* Registered ids of what is made: below 2.999, an arc that is for examples. */
static const char CI_OID[] = { (char)0x88, 0x37, 0x01 };
static const char EUM_OID[] = { (char)0x88, 0x37, 0x0A };

static struct rsp_cert_spec spec_of(const struct rsp_pki *p,
				    const struct rsp_pki_wanted *w,
				    const struct rsp_key *key, const char *name)
{
	struct rsp_cert_spec s = {
		.role = w->role, .fault = w->fault, .serial = new_serial(p, name),
		.not_before_ms = p->config.not_before_ms,
		.not_after_ms = p->config.not_after_ms,
		.curve = rsp_key_curve(key), .point = rsp_key_point(key),
		.organization = STR("esimrig"), .common_name = w->name, .oid = w->oid,
	};

	switch (w->role) {
	case RSP_ROLE_CI:
		s.oid = (struct str){ CI_OID, sizeof(CI_OID) };
		break;
	case RSP_ROLE_EUM:
		s.organization = STR("esimrig EUM");
		s.common_name = STR("esimrig EUM");
		s.serial_number = w->name;
		s.oid = (struct str){ EUM_OID, sizeof(EUM_OID) };
		break;
	case RSP_ROLE_EUICC:
		s.common_name = STR("esimrig eUICC");
		s.serial_number = w->name;
		s.oid = STR_NONE;
		break;
	case RSP_ROLE_DP_TLS:
	case RSP_ROLE_DS_TLS:
		s.host = w->name;
		break;
	case RSP_ROLE_DP_AUTH:
	case RSP_ROLE_DP_PB:
	case RSP_ROLE_DS_AUTH:
	case RSP_ROLES:
		break;
	}
	return s;
}

static struct entry *make(struct rsp_pki *p, const struct rsp_pki_wanted *w,
			  const struct rsp_pki_identity *issuer,
			  enum rsp_curve curve, const char *name)
{
	struct rsp_key *key = new_key(p, curve, name);
	struct rsp_cert_spec spec = spec_of(p, w, key, name);
	struct rsp_cert cert;
	struct entry *e;
	struct buf der;
	struct err err;
	int rc;

	if (w->role == RSP_ROLE_EUICC)
		spec.organization = str_of(issuer->cert.permitted_organization);
	buf_init(&der, 32 << 10);
	rsp_cert_write(&spec, issuer ? &issuer->cert : NULL,
		       issuer ? issuer->key : key, &der);
	rc = rsp_cert_read(&cert, buf_view(&der), &err);
	assert(rc == 0);
	e = add_entry(p, buf_view(&der), &cert, w->role, key);
	buf_release(&der);
	e->made = true;
	e->id.issuer = issuer;
	if (issuer)
		e->id.ci = issuer->ci;
	return e;
}

static void make_ci(struct rsp_pki *p, enum rsp_curve curve)
{
	struct rsp_pki_wanted w = { .role = RSP_ROLE_CI, .name = STR("esimrig CI") };
	char name[64];

	snprintf(name, sizeof(name), "ci %zu %s", p->ci_count, rsp_curve_name(curve));
	make(p, &w, NULL, curve, name);
}

void rsp_pki_make_ci(struct rsp_pki *p, enum rsp_curve curve)
{
	if (p->config.repeatable && p->later_count < RSP_CURVES)
		p->later[p->later_count++] = curve;
	else
		make_ci(p, curve);
}

/* ---- Identities. ------------------------------------------------------------------------ */

static bool is_tls(enum rsp_role role)
{
	return role == RSP_ROLE_DP_TLS || role == RSP_ROLE_DS_TLS;
}

/* As a client looks: for an address, or for a name. */
static bool names_host(const struct rsp_cert *c, struct str host)
{
	char text[256];
	int as_address;

	if (host.n >= sizeof(text))
		return false;
	memcpy(text, host.p, host.n);
	text[host.n] = '\0';
	as_address = X509_check_ip_asc(c->x509, text, 0);	/* -2: it is none */
	return as_address == -2 ? X509_check_host(c->x509, text, host.n,
			X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, NULL) == 1 : as_address == 1;
}

/* What a user brought, or an earlier program, and fits; of TLS the one that is good
 * for longest, and for that host unless `any`. */
static const struct rsp_pki_identity *brought(const struct rsp_pki *p,
					      const struct rsp_pki_wanted *w, bool any)
{
	const struct rsp_pki_identity *best = NULL;

	for (size_t i = 0; i < p->count; i++) {
		const struct rsp_pki_identity *id = &p->entries[i]->id;

		if (p->entries[i]->made || id->role != w->role || !id->key ||
		    id->ci != (int)w->ci)
			continue;
		if (w->role == RSP_ROLE_EUICC && !str_is(w->name, id->cert.serial_number))
			continue;
		if (w->role == RSP_ROLE_EUM &&
		    !str_starts(w->name, str_of(id->cert.permitted_serial)))
			continue;
		if (!is_tls(w->role))
			return id;
		if ((any || names_host(&id->cert, w->name)) &&
		    (!best || best->cert.not_after_ms < id->cert.not_after_ms))
			best = id;
	}
	return best;
}

static struct str first(struct str s, size_t n)
{
	return (struct str){ s.p, s.n < n ? s.n : n };
}

/* Who is to vouch for it. */
static const struct rsp_pki_identity *issuer_for(struct rsp_pki *p,
						 const struct rsp_pki_wanted *w,
						 struct err *err)
{
	struct rsp_pki_wanted eum = { .role = RSP_ROLE_EUM, .ci = w->ci,
				      .name = first(w->name, RSP_IIN_DIGITS) };

	if (w->role == RSP_ROLE_EUICC)
		return rsp_pki_get(p, &eum, err);
	return &ci_entry(p, w->ci)->id;
}

const struct rsp_pki_identity *rsp_pki_get(struct rsp_pki *p,
					   const struct rsp_pki_wanted *w,
					   struct err *err)
{
	const struct rsp_pki_identity *found, *issuer;
	struct entry *e;
	char name[400];
	int n;

	settle(p);
	assert(w->ci < p->ci_count && w->role != RSP_ROLE_CI);
	n = snprintf(name, sizeof(name), "%s %zu %s %.*s", rsp_role_name(w->role), w->ci,
		     rsp_cert_fault_name(w->fault), STRF(w->name));
	if (n < 0 || (size_t)n >= sizeof(name)) {
		err_set(err, ERR_LIMIT, "certificate: the name '%.*s' is too long",
			STRF(first(w->name, 64)));
		return NULL;
	}
	e = map_get(&p->made, str_of(name));
	if (e)
		return &e->id;
	found = w->fault == RSP_CERT_GOOD ? brought(p, w, false) : NULL;
	if (found)
		return found;
	issuer = issuer_for(p, w, err);
	if (!issuer)
		return NULL;
	/* Better one of another name than none. */
	if (!issuer->key && is_tls(w->role) && w->fault == RSP_CERT_GOOD &&
	    (found = brought(p, w, true)))
		return found;
	if (!issuer->key) {
		err_set(err, ERR_NOT_FOUND,
			"no %s certificate with its key is there, and no key of its issuer to make one",
			rsp_role_name(w->role));
		return NULL;
	}
	e = make(p, w, issuer, issuer->cert.curve, name);
	e->name = strdup(name);
	assert(e->name);
	map_put(&p->made, str_of(e->name), e);
	return &e->id;
}
