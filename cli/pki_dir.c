#include "cli/pki_dir.h"

#include "cli/output.h"
#include "proto/hex.h"
#include "sim/file.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX = 64 << 10, FILES_MAX = 4096, DEPTH_MAX = 4 };

/* Keys do not stay in memory that was given back. */
static void wipe(struct buf *b)
{
	if (b->p)
		explicit_bzero(b->p, b->cap);
	buf_release(b);
}

/* ---- Reading. ------------------------------------------------------------- */

struct found {
	char **paths;
	size_t count;
};

static bool is_of_interest(struct str name)
{
	static const char *const endings[] = { ".pem", ".crt", ".cer", ".der", ".key", ".crl" };

	if (str_starts(name, STR("PK_")) || str_starts(name, STR(".")))
		return false;
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
		if (str_ends(name, str_of(endings[i])))
			return true;
	return false;
}

static int find_files(const char *dir, int depth, struct found *f, struct arena *a,
		      struct err *err);

static int find_entry(const char *dir, const char *name, int depth, struct found *f,
		      struct arena *a, struct err *err)
{
	const char *path = arena_printf(a, "%s/%s", dir, name).p;
	struct stat st;

	if (stat(path, &st) < 0)
		return err_set(err, ERR_IO, "%s: %s", path, strerror(errno));
	if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX)
		return find_files(path, depth + 1, f, a, err);
	if (!S_ISREG(st.st_mode) || !is_of_interest(str_of(name)))
		return 0;
	if (f->count == FILES_MAX)
		return err_set(err, ERR_LIMIT, "%s: more than %d files", dir, FILES_MAX);
	f->paths[f->count++] = arena_strdup(a, path);
	return 0;
}

static int find_files(const char *dir, int depth, struct found *f, struct arena *a,
		      struct err *err)
{
	struct dirent **names;
	int n = scandir(dir, &names, NULL, alphasort), rc = 0;

	if (n < 0)
		return err_set(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "%s: %s", dir,
			       strerror(errno));
	for (int i = 0; i < n; i++) {
		if (rc == 0 && names[i]->d_name[0] != '.')
			rc = find_entry(dir, names[i]->d_name, depth, f, a, err);
		free(names[i]);
	}
	free(names);
	return rc;
}

/* The three kinds go in one after the other: a list needs its CI. */
enum kind { KIND_CERTIFICATE, KIND_KEY, KIND_CRL, KINDS };

static enum kind kind_of(const char *path, struct str bytes)
{
	const char *slash = strrchr(path, '/');
	struct str name = str_of(slash ? slash + 1 : path);

	if (str_ends(name, STR(".crl")) || str_starts(name, STR("CRL_")))
		return KIND_CRL;
	if (str_find(bytes, STR("PRIVATE KEY")) >= 0 || str_starts(name, STR("SK_")) ||
	    str_ends(name, STR(".key")))
		return KIND_KEY;
	return KIND_CERTIFICATE;
}

static int add_file(struct rsp_pki *pki, const char *path, enum kind wanted,
		    struct buf *bytes, struct err *err)
{
	int rc = 0;

	buf_clear(bytes);
	if (file_read(path, bytes, err) < 0)
		return -1;
	if (kind_of(path, buf_view(bytes)) != wanted)
		return 0;
	switch (wanted) {
	case KIND_CERTIFICATE:
		rc = rsp_pki_add_certificate(pki, buf_view(bytes), err);
		break;
	case KIND_KEY:
		rc = rsp_pki_add_key(pki, buf_view(bytes), err);
		break;
	case KIND_CRL:
		rc = rsp_pki_add_crl(pki, buf_view(bytes), err);
		break;
	case KINDS:
		break;
	}
	return rc < 0 ? err_prefix(err, "%s", path) : 0;
}

static int add_all(struct rsp_pki *pki, const char *dir, struct arena *a,
		   struct err *err)
{
	struct found f = { .paths = arena_array(a, FILES_MAX, sizeof(char *)) };
	struct buf bytes;
	int rc = 0;

	if (find_files(dir, 0, &f, a, err) < 0)
		return -1;
	buf_init(&bytes, FILE_MAX);
	for (int kind = 0; kind < KINDS; kind++)
		for (size_t i = 0; i < f.count && rc == 0; i++)
			rc = add_file(pki, f.paths[i], (enum kind)kind, &bytes, err);
	wipe(&bytes);
	if (rc == 0 && rsp_pki_ci_count(pki) == 0)
		return err_set(err, ERR_NOT_FOUND,
			       "%s: no CI certificate in it (policy 2.23.146.1.2.1.0)", dir);
	return rc;
}

const char *pki_dir_default(struct arena *a)
{
	const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");

	if (data && *data)
		return arena_printf(a, "%s/esimrig/pki", data).p;
	return arena_printf(a, "%s/.local/share/esimrig/pki", home ? home : ".").p;
}

/* Several programs may be the first to need it: one makes it, the others wait. */
static int lock(const char *dir, int how, int flags)
{
	struct arena a = { 0 };
	int fd = open(arena_printf(&a, "%s/.lock", dir).p, O_RDWR | O_CLOEXEC | flags, 0600);

	arena_release(&a);
	if (fd >= 0)
		flock(fd, how);
	return fd;
}

static void unlock(int fd)
{
	if (fd >= 0)
		close(fd);
}

static int read_locked(struct rsp_pki *pki, const char *dir, struct arena *a,
		       struct err *err)
{
	int fd = lock(dir, LOCK_SH, 0), rc = add_all(pki, dir, a, err);

	unlock(fd);
	return rc;
}

/* Nobody made it yet: it is not there, or somebody is about to make it. */
static bool is_to_be_made(const char *dir, struct arena *a)
{
	return access(dir, F_OK) < 0 ||
	       access(arena_printf(a, "%s/.lock", dir).p, F_OK) == 0;
}

struct rsp_pki *pki_dir_open(const char *dir, struct err *err)
{
	struct rsp_pki *pki = rsp_pki_new(&(struct rsp_pki_config){ 0 });
	struct arena a = { 0 };
	const char *path = dir ? dir : pki_dir_default(&a);
	int rc = read_locked(pki, path, &a, err);

	if (rc < 0 && err->code == ERR_NOT_FOUND && is_to_be_made(path, &a) &&
	    (pki_dir_init(path, err) == 0 || err->code == ERR_STATE))
		rc = read_locked(pki, path, &a, err);
	arena_release(&a);
	if (rc == 0)
		return pki;
	rsp_pki_free(pki);
	return NULL;
}

/* ---- Writing. --------------------------------------------------------------- */

struct str pki_dir_name(const struct rsp_pki_identity *id, struct arena *a)
{
	struct str key = { (const char *)id->cert.key_id, 4 };
	const char *role = rsp_role_name(id->role);
	const char *curve = id->cert.curve == RSP_P256 ? "p256" : "p256bp";

	if (id->role == RSP_ROLE_EUICC)
		return arena_printf(a, "%s-%s-%s-%s", role, id->cert.serial_number, curve,
				    hex_of(a, key).p);
	return arena_printf(a, "%s-%s-%s", role, curve, hex_of(a, key).p);
}

static int make_directory(const char *dir, struct err *err)
{
	struct arena a = { 0 };
	char *path = arena_strdup(&a, dir);
	int rc = 0;

	for (char *c = path + 1; rc == 0; c++) {
		char end = *c;

		if (end != '/' && end != '\0')
			continue;
		*c = '\0';
		if (mkdir(path, 0700) < 0 && errno != EEXIST)
			rc = err_set(err, ERR_IO, "%s: %s", path, strerror(errno));
		*c = end;
		if (end == '\0')
			break;
	}
	arena_release(&a);
	return rc;
}

/* What is there already stays as it is. */
static int write_file(const char *path, struct str bytes, mode_t mode, struct err *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode), rc;

	if (fd < 0 && errno == EEXIST)
		return 0;
	if (fd < 0)
		return err_set(err, ERR_IO, "%s: %s", path, strerror(errno));
	rc = output_write(fd, bytes, err);
	if (close(fd) < 0 && rc == 0)
		rc = err_set(err, ERR_IO, "%s: %s", path, strerror(errno));
	if (rc < 0)
		unlink(path);
	return rc < 0 ? err_prefix(err, "%s", path) : 0;
}

static int save_identity(const struct rsp_pki_identity *id, const char *dir,
			 struct err *err)
{
	struct arena a = { 0 };
	const char *stem = arena_printf(&a, "%s/%.*s", dir, STRF(pki_dir_name(id, &a))).p;
	struct buf text;
	int rc;

	buf_init(&text, FILE_MAX);
	rsp_cert_to_pem(id->der, &text);
	rc = write_file(arena_printf(&a, "%s.pem", stem).p, buf_view(&text), 0644, err);
	if (rc == 0 && id->key) {
		buf_clear(&text);
		rsp_key_write(id->key, &text);
		rc = write_file(arena_printf(&a, "%s.key", stem).p, buf_view(&text), 0600,
				err);
	}
	wipe(&text);
	arena_release(&a);
	return rc;
}

int pki_dir_save(const struct rsp_pki *pki, const char *dir, struct err *err)
{
	const struct rsp_pki_identity *id;
	struct arena a = { 0 };
	const char *path = dir ? dir : pki_dir_default(&a);
	int rc = 0;

	for (size_t i = 0; rc == 0 && (id = rsp_pki_at(pki, i)); i++)
		if (rsp_pki_is_made(pki, i))
			rc = save_identity(id, path, err);
	arena_release(&a);
	return rc;
}

static int revoke_one(struct rsp_pki *pki, struct str bytes, const char *dir, struct arena *a,
		  const char **path, struct err *err)
{
	struct buf der, list;
	struct rsp_cert cert = { 0 };
	int rc;

	buf_init(&der, FILE_MAX);
	buf_init(&list, FILE_MAX);
	rc = rsp_cert_to_der(bytes, &der, err) < 0 ||
	     rsp_cert_read(&cert, buf_view(&der), err) < 0 ||
	     rsp_pki_revoke_to(pki, &cert, &list, err) < 0 ? -1 : 0;
	if (rc == 0) {
		*path = arena_printf(a, "%s/revoked-%s-%s.crl", dir,
				     cert.curve == RSP_P256 ? "p256" : "p256bp",
				     hex_of(a, (struct str){ (char *)cert.key_id, 4 }).p).p;
		rc = write_file(*path, buf_view(&list), 0644, err);
	}
	rsp_cert_release(&cert);
	buf_release(&der);
	buf_release(&list);
	return rc;
}

int pki_dir_revoke(struct rsp_pki *pki, const char *dir, const char *certificate,
		   struct arena *a, const char **path, struct err *err)
{
	struct buf bytes;
	int rc;

	buf_init(&bytes, FILE_MAX);
	rc = file_read(certificate, &bytes, err);
	if (rc == 0 && revoke_one(pki, buf_view(&bytes), dir ? dir : pki_dir_default(a), a,
				  path, err) < 0)
		rc = err_prefix(err, "%s", certificate);
	buf_release(&bytes);
	return rc;
}

static int init_locked(const char *dir, struct err *err)
{
	struct found f = { 0 };
	struct arena a = { 0 };
	struct rsp_pki *pki;
	int rc;

	f.paths = arena_array(&a, FILES_MAX, sizeof(char *));
	rc = find_files(dir, 0, &f, &a, err);
	arena_release(&a);
	if (rc < 0)
		return -1;
	if (f.count)
		return err_set(err, ERR_STATE, "%s: it has certificates or keys already",
			       dir);
	pki = rsp_pki_new(&(struct rsp_pki_config){ 0 });
	rsp_pki_make_ci(pki, RSP_P256);
	rsp_pki_make_ci(pki, RSP_BRAINPOOL);
	rc = pki_dir_save(pki, dir, err);
	rsp_pki_free(pki);
	return rc;
}

int pki_dir_init(const char *dir, struct err *err)
{
	int fd, rc;

	if (make_directory(dir, err) < 0)
		return -1;
	fd = lock(dir, LOCK_EX, O_CREAT);
	if (fd < 0)
		return err_set(err, ERR_IO, "%s/.lock: %s", dir, strerror(errno));
	rc = init_locked(dir, err);
	unlock(fd);
	return rc;
}
