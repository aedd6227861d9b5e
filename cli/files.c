#include "cli/files.h"
#include "scenarios/shipped.h"

#include <errno.h>
#include <fts.h>

static void add(struct files *f, struct arena *a, const char *path)
{
	if (f->count == f->cap) {
		const char **list;

		f->cap = f->cap ? 2 * f->cap : 64;
		list = arena_array(a, f->cap, sizeof(*list));
		if (f->count)
			memcpy(list, f->list, f->count * sizeof(*list));
		f->list = list;
	}
	f->list[f->count++] = arena_strdup(a, path);
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static bool is_hidden(const FTSENT *e)
{
	return e->fts_name[0] == '_' || e->fts_name[0] == '.';
}

static int visit(FTS *tree, FTSENT *e, struct arena *a, struct files *out,
		 struct err *err)
{
	bool given = e->fts_level == FTS_ROOTLEVEL;
	struct shipped_file shipped;

	switch (e->fts_info) {
	case FTS_D:
		if (!given && is_hidden(e))
			fts_set(tree, e, FTS_SKIP);
		return 0;
	case FTS_DNR:
	case FTS_ERR:
	case FTS_NS:
		if (given && e->fts_errno == ENOENT &&
		    shipped_find(e->fts_path, &shipped)) {
			add(out, a, e->fts_path);
			return 0;
		}
		return err_set(err, ERR_IO, "%s: %s", e->fts_path,
			       strerror(e->fts_errno));
	case FTS_F:
	case FTS_DEFAULT:
		if (given || (!is_hidden(e) && str_ends(str_of(e->fts_name),
							STR(".yaml"))))
			add(out, a, e->fts_path);
		return 0;
	case FTS_SLNONE:
		return given ? err_set(err, ERR_NOT_FOUND, "%s: leads nowhere",
				       e->fts_path) : 0;
	default:
		return 0;
	}
}

static int find_below(char *path, struct arena *a, struct files *out,
		      struct err *err)
{
	char *roots[] = { path, NULL };
	FTS *tree = fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, by_name);
	size_t before = out->count;
	FTSENT *e;
	int rc = 0;

	if (!tree)
		return err_set(err, ERR_IO, "%s: %s", path, strerror(errno));
	while (rc == 0 && (e = fts_read(tree)) != NULL)
		rc = visit(tree, e, a, out, err);
	fts_close(tree);
	if (rc == 0 && out->count == before)
		return err_set(err, ERR_NOT_FOUND,
			       "%s: no scenarios (*.yaml) in this directory", path);
	return rc;
}

int files_find(char *const *paths, int path_count, struct arena *a,
	       struct files *out, struct err *err)
{
	*out = (struct files){ 0 };
	for (int i = 0; i < path_count; i++) {
		if (!paths[i][0])
			return err_set(err, ERR_INVALID, "a path is empty");
		if (find_below(paths[i], a, out, err) < 0)
			return -1;
	}
	return 0;
}
