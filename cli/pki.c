/* esimrig pki: certificates and keys of remote SIM provisioning, in files. */
#include "cli/output.h"
#include "cli/pki_dir.h"
#include "cli/verb.h"
#include "proto/eid.h"
#include "sim/clock.h"

#include <stdlib.h>
#include <unistd.h>

struct pki_options {
	bool help;
	const char *pki, *name, *fault, *curve;
};

#define OPTION(name_, field, argument_, help_) \
	{ name_, '\0', OPTION_TEXT, offsetof(struct pki_options, field), argument_, help_, 0 }

static const struct option options[] = {
	OPTION("pki", pki, "DIR",
	       "The directory (default: $XDG_DATA_HOME/esimrig/pki, or "
	       "~/.local/share/esimrig/pki)"),
	OPTION("name", name, "NAME",
	       "Of what is made: a host name, an EID, or the 8 digits that an EUM's EIDs "
	       "begin with"),
	OPTION("curve", curve, "CURVE", "p256 (default) or brainpool: under the CI on that curve"),
	OPTION("fault", fault, "FAULT",
	       "Make it bad: expired, not-yet-valid, wrong-policy, wrong-key-usage, "
	       "wrong-issuer, wrong-authority, wrong-constraint, wrong-signature"),
	OPTION_HELP(struct pki_options),
	{ 0 }
};

static int say(const struct verb *v, struct buf *out)
{
	struct err err = { 0 };
	int code = EXIT_PASSED;

	if (output_write(STDOUT_FILENO, buf_view(out), &err) < 0)
		code = verb_fail(v, EXIT_RIG, "standard output: %s", err.msg);
	return code;
}

/* ---- init. ------------------------------------------------------------------ */

static int init(const struct verb *v, const struct pki_options *o, const char *dir,
		struct buf *out)
{
	struct arena a = { 0 };
	const char *path = dir ? dir : o->pki ? o->pki : pki_dir_default(&a);
	struct err err = { 0 };
	int code = EXIT_PASSED;

	if (pki_dir_init(path, &err) < 0)
		code = verb_fail(v, err.code == ERR_STATE ? EXIT_INVALID : EXIT_RIG, "%s",
				 err.msg);
	else
		buf_printf(out, "%s: a CI on P-256 and one on brainpoolP256r1\n", path);
	arena_release(&a);
	return code;
}

/* ---- show. ------------------------------------------------------------------- */

static void show_one(const struct rsp_pki *pki, const struct rsp_pki_identity *id,
		     struct buf *out)
{
	const struct rsp_cert *c = &id->cert;
	char until[CLOCK_ISO_SIZE];
	struct arena a = { 0 };

	clock_iso_to(c->not_after_ms, until);
	buf_printf(out, "%-8s %-10s until %.10s  %s%s%s%s%s\n", rsp_role_name(id->role),
		   c->curve == RSP_P256 ? "P-256" : "brainpool", until,
		   id->key ? "with key" : "no key  ",
		   id->role != RSP_ROLE_CI && !id->issuer ? "  its issuer is not there" : "",
		   rsp_pki_revoked(pki, c) ? "  revoked" : "",
		   c->serial_number[0] ? "  " : c->permitted_serial[0] ? "  EIDs of " : "",
		   c->serial_number[0] ? c->serial_number : c->permitted_serial);
	arena_release(&a);
}

static int show(struct rsp_pki *pki, struct buf *out)
{
	const struct rsp_pki_identity *id;

	for (size_t i = 0; (id = rsp_pki_at(pki, i)); i++)
		show_one(pki, id, out);
	return EXIT_PASSED;
}

/* ---- make. -------------------------------------------------------------------- */

static int find_word(const char *word, const char *(*name)(int), int count)
{
	for (int i = 0; i < count; i++)
		if (strcmp(word, name(i)) == 0)
			return i;
	return -1;
}

static const char *role_name(int i)
{
	return rsp_role_name((enum rsp_role)i);
}

static const char *fault_name(int i)
{
	return rsp_cert_fault_name((enum rsp_cert_fault)i);
}

/* The first CI on the curve that was asked for; -1 if there is none. */
static int find_ci(const struct rsp_pki *pki, const char *curve, struct err *err)
{
	enum rsp_curve want = RSP_P256;

	if (curve && strcmp(curve, "brainpool") == 0)
		want = RSP_BRAINPOOL;
	else if (curve && strcmp(curve, "p256") != 0)
		return err_set(err, ERR_INVALID, "--curve %s: expected p256 or brainpool",
			       curve);
	for (size_t i = 0; i < rsp_pki_ci_count(pki); i++)
		if (rsp_pki_ci(pki, i)->curve == want)
			return (int)i;
	return err_set(err, ERR_NOT_FOUND, "no CI on %s is there", rsp_curve_name(want));
}

/* Is the name one for that role? */
static int check_name(enum rsp_role role, struct str name, struct err *err)
{
	uint64_t number;

	if (role == RSP_ROLE_EUICC && !eid_well_formed(name))
		return err_set(err, ERR_INVALID, "--name: expected an EID, 32 digits");
	if (role == RSP_ROLE_EUM && (name.n != RSP_IIN_DIGITS ||
				     str_to_u64(name, UINT64_MAX, &number) < 0))
		return err_set(err, ERR_INVALID, "--name: expected %d digits", RSP_IIN_DIGITS);
	if (!name.n || name.n > 100)
		return err_set(err, ERR_INVALID, "--name: expected a host name");
	return 0;
}

static int make(struct rsp_pki *pki, const struct pki_options *o, const char *role_word,
		struct buf *out, struct err *err)
{
	int role = find_word(role_word, role_name, RSP_ROLES);
	int fault = o->fault ? find_word(o->fault, fault_name, RSP_CERT_FAULTS) : 0;
	int ci = find_ci(pki, o->curve, err);
	const struct rsp_pki_identity *id;
	struct arena a = { 0 };

	if (role < 0 || role == RSP_ROLE_CI)
		return err_set(err, ERR_INVALID,
			       "'%s': expected eum, euicc, dp-auth, dp-pb, dp-tls, ds-auth or ds-tls", role_word);
	if (fault < 0)
		return err_set(err, ERR_INVALID, "--fault %s: no such fault", o->fault);
	if (ci < 0)
		return -1;
	if (check_name((enum rsp_role)role, str_of(o->name ? o->name : ""), err) < 0)
		return -1;
	id = rsp_pki_get(pki, &(struct rsp_pki_wanted){
		.role = (enum rsp_role)role, .ci = (size_t)ci, .name = str_of(o->name),
		.oid = role == RSP_ROLE_DS_AUTH || role == RSP_ROLE_DS_TLS ?
		       STR("\x88\x37\x0B") : STR("\x88\x37\x0A"), .fault = (enum rsp_cert_fault)fault }, err);
	if (!id)
		return -1;
	buf_printf(out, "%.*s\n", STRF(pki_dir_name(id, &a)));
	arena_release(&a);
	return 0;
}

/* ---- revoke. ------------------------------------------------------------------ */

static int revoke_file(struct rsp_pki *pki, const struct pki_options *o, const char *file,
		       struct buf *out, struct err *err)
{
	struct arena a = { 0 };
	const char *path = NULL;
	int rc = pki_dir_revoke(pki, o->pki, file, &a, &path, err);

	if (rc == 0)
		buf_printf(out, "%s\n", path);
	arena_release(&a);
	return rc;
}

/* ---- The verb. ------------------------------------------------------------------ */

static int with_pki(const struct verb *v, const struct pki_options *o, const char *what,
		    const char *argument, struct buf *out)
{
	struct err err = { 0 };
	struct rsp_pki *pki = pki_dir_open(o->pki, &err);
	int code = EXIT_PASSED;

	if (!pki)
		return verb_fail(v, EXIT_INVALID, "%s", err.msg);
	if (strcmp(what, "show") == 0)
		code = show(pki, out);
	else if (strcmp(what, "revoke") == 0)
		code = revoke_file(pki, o, argument, out, &err) < 0 ?
		       verb_fail(v, EXIT_INVALID, "%s", err.msg) : EXIT_PASSED;
	else if (make(pki, o, argument, out, &err) < 0)
		code = verb_usage(v, "make %s: %s", argument, err.msg);
	else if (pki_dir_save(pki, o->pki, &err) < 0)
		code = verb_fail(v, EXIT_RIG, "%s", err.msg);
	rsp_pki_free(pki);
	return code;
}

static int run(const struct verb *v, int argc, char **argv)
{
	struct pki_options o = { 0 };
	int left = verb_parse(v, argc, argv, &o), code;
	const char *what = left > 0 ? argv[1] : NULL, *argument = left > 1 ? argv[2] : NULL;
	struct buf out;

	if (left < 0)
		return EXIT_INVALID;
	if (o.help)
		return verb_show_help(v);
	if (!what)
		return verb_usage(v, "expected init, show, make or revoke");
	buf_init(&out, 1 << 20);
	if (strcmp(what, "init") == 0 && left <= 2)
		code = init(v, &o, argument, &out);
	else if (strcmp(what, "show") == 0 && left == 1)
		code = with_pki(v, &o, what, NULL, &out);
	else if ((strcmp(what, "make") == 0 || strcmp(what, "revoke") == 0) && left == 2)
		code = with_pki(v, &o, what, argument, &out);
	else
		code = verb_usage(v, "'%s': expected init [DIR], show, make ROLE, or revoke FILE", what);
	if (code == EXIT_PASSED)
		code = say(v, &out);
	buf_release(&out);
	return code;
}

static const char *const about[] = {
	"init [DIR] makes a CI on P-256 and one on brainpoolP256r1. What is below them "
	"(EUM, eUICC, SM-DP+, SM-DS) is made when smdp, card or lpa need it, and kept there "
	"too. show lists what is there. make ROLE makes one certificate: eum, euicc, "
	"dp-auth, dp-pb or dp-tls of an SM-DP+, ds-auth or ds-tls of an SM-DS; with --fault a bad "
	"one, for tests. revoke FILE has the CI revoke that certificate: its list goes into the "
	"directory, and is heeded by all that use it.",
	"A directory may also hold certificates and keys made elsewhere, in PEM or DER, "
	"also in directories below: which key belongs to which certificate, and who "
	"issued it, is found out. In sets that name their files as SGP.26 does, CERT_* are "
	"certificates, SK_* private keys, and PK_* are not needed.",
	"  esimrig pki make dp-auth --name smdp.example.com --fault expired",
	NULL
};

const struct verb verb_pki = {
	.name = "pki", .arguments = "init|show|make|revoke [ARGUMENT]",
	.summary = "Make and show certificates of SGP.22",
	.options = options, .about = about, .run = run,
};
