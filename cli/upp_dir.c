#include "cli/upp_dir.h"

#include "proto/rsp_upp.h"
#include "sim/file.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { FILES_MAX = 10000 };

/* The matching id that a file is named by; empty: it is no package. */
static struct str id_of(const char *name)
{
	static const char *const endings[] = { ".der", ".upp", ".bin" };
	struct str s = str_of(name);

	for (size_t i = 0; s.n && s.p[0] != '.' && i < sizeof(endings) / sizeof(endings[0]); i++)
		if (str_ends(s, str_of(endings[i])))
			return (struct str){ s.p, s.n - strlen(endings[i]) };
	return STR("");
}

static int read_package(const char *path, struct arena *a, struct str *bytes,
			struct err *err)
{
	struct buf all;
	int rc;

	buf_init(&all, RSP_UPP_MAX);
	rc = file_read(path, &all, err);
	if (rc == 0 && !all.n)
		rc = err_set(err, ERR_INVALID, "%s: it is empty, expected a profile package",
			     path);
	*bytes = arena_str(a, buf_view(&all));
	buf_release(&all);
	return rc;
}

static int add(struct upp_dir *dir, const char *path, struct str id, struct arena *a,
	       struct err *err)
{
	struct upp_file *f = &dir->files[dir->count];

	*f = (struct upp_file){ .matching_id = arena_str(a, id) };
	if (upp_dir_find(dir, id))
		return err_set(err, ERR_INVALID, "%s: there is another file of that name",
			       path);
	if (read_package(path, a, &f->bytes, err) < 0)
		return -1;
	dir->count++;
	return 0;
}

int upp_dir_read(const char *path, struct arena *a, struct upp_dir *dir, struct err *err)
{
	struct dirent **names;
	int n = scandir(path, &names, NULL, alphasort), rc = 0;

	*dir = (struct upp_dir){ 0 };
	if (n < 0)
		return err_set(err, ERR_IO, "%s: %s", path, strerror(errno));
	if (n > FILES_MAX)
		rc = err_set(err, ERR_LIMIT, "%s: more than %d files", path, FILES_MAX);
	else
		dir->files = arena_array(a, (size_t)n, sizeof(*dir->files));
	for (int i = 0; i < n; i++) {
		struct str id = id_of(names[i]->d_name);

		if (rc == 0 && id.n)
			rc = add(dir, arena_printf(a, "%s/%s", path, names[i]->d_name).p,
				 id, a, err);
		free(names[i]);
	}
	free(names);
	return rc;
}

struct upp_file *upp_dir_find(const struct upp_dir *dir, struct str matching_id)
{
	for (size_t i = 0; i < dir->count; i++)
		if (str_eq(dir->files[i].matching_id, matching_id))
			return &dir->files[i];
	return NULL;
}
