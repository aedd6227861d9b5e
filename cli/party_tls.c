#include "cli/party_tls.h"

#include "cli/output.h"
#include "sim/tls.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

/* The TLS certificate of the keys: libmicrohttpd takes none on the other curve. */
static int own(const struct party_tls *w, struct arena *a, struct socknet_tls *tls,
	       struct err *err)
{
	const struct rsp_pki_identity *id = NULL;
	struct str host = w->address;
	struct buf pem;

	/* "[::1]:8443", "localhost:8443" */
	if (host.n && host.p[0] == '[') {
		host.p++, host.n--;
		host = str_split(&host, ']');
	} else {
		host = str_split(&host, ':');
	}
	err_set(err, ERR_NOT_FOUND, "no CI on P-256 is there");
	for (size_t ci = 0; ci < rsp_pki_ci_count(w->pki) && !id; ci++)
		if (rsp_pki_ci(w->pki, ci)->curve == RSP_P256)
			id = rsp_pki_get(w->pki, &(struct rsp_pki_wanted){
				.role = w->role, .ci = ci, .name = host, .oid = w->oid }, err);
	if (!id)
		return err_prefix(err, "TLS certificate");
	buf_init(&pem, 64 * 1024);
	rsp_cert_to_pem(id->der, &pem);
	tls->cert = arena_str(a, buf_view(&pem));
	buf_clear(&pem);
	rsp_key_write(id->key, &pem);
	tls->key = arena_str(a, buf_view(&pem));
	buf_release(&pem);
	return 0;
}

int party_tls(const struct party_tls *w, struct arena *a, struct socknet_tls *tls,
	      struct err *err)
{
	if (str_is(w->cert, "none") || (!w->cert.n && !w->pki))
		return 0;
	if (w->cert.n)
		return tls_read_pair(w->cert.p, w->key.p, a, &tls->cert, &tls->key, err) < 0 ?
		       -1 : 1;
	return own(w, a, tls, err) < 0 ? -1 : 1;
}

int party_ci_file(const struct rsp_pki *pki, struct arena *a, const char **path,
		  struct err *err)
{
	int fd = memfd_create("ci.pem", MFD_CLOEXEC), rc;
	struct buf pem;

	if (fd < 0)
		return err_set(err, ERR_IO, "memory for certificates: %s", strerror(errno));
	buf_init(&pem, 1 << 20);
	for (size_t i = 0; rsp_pki_at(pki, i); i++)
		if (rsp_pki_at(pki, i)->role == RSP_ROLE_CI)
			rsp_cert_to_pem(rsp_pki_at(pki, i)->der, &pem);
	rc = output_write(fd, buf_view(&pem), err);
	buf_release(&pem);
	if (rc < 0) {
		close(fd);
		return -1;
	}
	*path = arena_printf(a, "/proc/self/fd/%d", fd).p;
	return fd;
}
