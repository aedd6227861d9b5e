#include "sim/tls.h"

#include "sim/file.h"
#include "sim/tls_pem.h"

enum { PEM_MAX = 4 << 20 };	/* all authorities of a machine are 250 KB */

static int read_good(const char *path, const char *(*check)(const char *, size_t),
		     struct arena *a, struct str *text, struct err *err)
{
	const char *wrong;
	struct buf b;
	int rc;

	buf_init(&b, PEM_MAX);
	rc = file_read(path, &b, err);
	if (rc < 0)
		err_prefix(err, "cannot read");
	wrong = rc == 0 ? check(buf_view(&b).p, b.n) : NULL;
	if (wrong)
		rc = err_set(err, ERR_INVALID, "%s: %s", path, wrong);
	if (rc == 0 && a)
		*text = arena_str(a, buf_view(&b));
	if (b.p)
		memset(b.p, 0, b.n);
	buf_release(&b);
	return rc;
}

int tls_read_pair(const char *cert_path, const char *key_path, struct arena *a,
		  struct str *cert, struct str *key, struct err *err)
{
	const char *wrong;

	if (read_good(cert_path, tls_pem_certificates, a, cert, err) < 0 ||
	    read_good(key_path, tls_pem_key, a, key, err) < 0)
		return -1;
	wrong = tls_pem_pair(cert->p, cert->n, key->p, key->n);
	if (wrong)
		return err_set(err, ERR_INVALID, "%s and %s: %s", cert_path, key_path,
			       wrong);
	return 0;
}

int tls_check_ca_file(const char *path, struct err *err)
{
	return read_good(path, tls_pem_certificates, NULL, NULL, err);
}
