#include "conformance/target_secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { SECRET_MAX = 4096 };

/* What stands in a file, without the line's end that editors leave. */
static int read_file(const char *path, struct arena *a, struct str *out,
		     struct err *err)
{
	char text[SECRET_MAX + 2];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));
	int why = errno;

	if (fd >= 0)
		close(fd);
	if (n < 0)
		return err_set(err, ERR_IO, "cannot read %s: %s", path, strerror(why));
	while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == '\r'))
		n--;
	if (n == 0 || n > SECRET_MAX || memchr(text, '\0', (size_t)n))
		return err_set(err, ERR_INVALID,
			       "%s: expected one secret of at most %d bytes", path,
			       SECRET_MAX);
	*out = arena_str(a, (struct str){ text, (size_t)n });
	return 0;
}

/* Relative to the file that names it; to where we are, on a command line. */
static struct str beside(const char *file, struct str path, struct arena *a)
{
	const char *slash = file ? strrchr(file, '/') : NULL;

	if (!slash || (path.n && path.p[0] == '/'))
		return arena_str(a, path);
	return arena_printf(a, "%.*s/%.*s", (int)(slash - file), file, STRF(path));
}

/* "${env:NAME}" wherever it stands. */
static int fill_in(struct str text, struct arena *a, struct str *out, struct err *err)
{
	static const char open_word[] = "${env:";
	struct buf b;
	ptrdiff_t at;
	int rc = 0;

	buf_init(&b, 1 << 20);
	while (rc == 0 && (at = str_find(text, str_of(open_word))) >= 0) {
		struct str name = { text.p + at + sizeof(open_word) - 1,
				    text.n - (size_t)at - sizeof(open_word) + 1 };
		const char *end = memchr(name.p, '}', name.n), *value;

		buf_add(&b, text.p, (size_t)at);
		if (!end) {
			rc = err_set(err, ERR_INVALID, "${env: without a }");
			break;
		}
		text = (struct str){ end + 1, (size_t)(name.p + name.n - end - 1) };
		name.n = (size_t)(end - name.p);
		value = getenv(arena_str(a, name).p);
		if (value)
			buf_z(&b, value);
		else
			rc = err_set(err, ERR_NOT_FOUND,
				     "the environment has no variable %.*s", STRF(name));
	}
	buf_str(&b, text);
	*out = arena_str(a, buf_view(&b));
	buf_release(&b);
	return rc;
}

static int find(struct str text, const char *file, struct arena *a, struct str *out,
		struct err *err)
{
	struct str prefix = STR("file:");

	if (!str_starts(text, prefix))
		return fill_in(text, a, out, err);
	text = (struct str){ text.p + prefix.n, text.n - prefix.n };
	if (text.n == 0)
		return err_set(err, ERR_INVALID, "file: needs a path");
	return read_file(beside(file, text, a).p, a, out, err);
}

int target_text_of(const char *text, const char *from, struct arena *a,
		   struct str *out, struct err *err)
{
	if (find(str_of(text), NULL, a, out, err) < 0)
		return err_prefix(err, "%s", from);
	return 0;
}

static const char *file_of(const struct value *v)
{
	return v->pos.source ? v->pos.source->name.p : NULL;
}

int target_text(struct loader *l, const struct value *v, struct str *out)
{
	struct err err;

	if (v->kind == VALUE_LIST || v->kind == VALUE_MAP || v->kind == VALUE_NULL)
		return diag_add(l->diag, v->pos, v->width, "expected a string, found %s",
				value_kind_name(v->kind));
	if (find(v->text, file_of(v), l->arena, out, &err) < 0)
		return diag_add(l->diag, v->pos, v->width, "%s", err.msg);
	if (memchr(out->p, '\0', out->n) || memchr(out->p, '\n', out->n) ||
	    memchr(out->p, '\r', out->n))
		return diag_add(l->diag, v->pos, v->width, "expected one line");
	return 0;
}

int target_path(struct loader *l, const struct value *v, struct str *out)
{
	if (v->kind != VALUE_STR || v->text.n == 0)
		return diag_add(l->diag, v->pos, v->width, "expected a path, found %s",
				value_kind_name(v->kind));
	*out = beside(file_of(v), v->text, l->arena);
	return 0;
}

static const struct value *expand_scalar(struct loader *l, const struct value *v)
{
	struct value *copy;
	struct str text;

	if (v->kind != VALUE_STR || (str_find(v->text, STR("${env:")) < 0 &&
				     !str_starts(v->text, STR("file:"))))
		return v;
	if (target_text(l, v, &text) < 0)
		return NULL;
	copy = ARENA_NEW(l->arena, struct value);
	*copy = *v;
	copy->text = text;
	copy->templated = str_find(text, STR("${")) >= 0;
	return copy;
}

const struct value *target_expand(struct loader *l, const struct value *v)
{
	struct value *copy;
	struct member *members;
	const struct value **items;
	bool good = true;

	if (v->kind != VALUE_LIST && v->kind != VALUE_MAP)
		return expand_scalar(l, v);
	copy = ARENA_NEW(l->arena, struct value);
	*copy = *v;
	members = arena_array(l->arena, v->kind == VALUE_MAP ? v->count : 0,
			      sizeof(*members));
	items = arena_array(l->arena, v->kind == VALUE_LIST ? v->count : 0,
			    sizeof(*items));
	for (size_t i = 0; i < v->count; i++) {
		if (v->kind == VALUE_LIST) {
			items[i] = target_expand(l, v->items[i]);
			good = good && items[i];
		} else {
			members[i] = v->members[i];
			members[i].value = target_expand(l, v->members[i].value);
			good = good && members[i].value;
		}
	}
	if (v->kind == VALUE_LIST)
		copy->items = items;
	else
		copy->members = members;
	return good ? copy : NULL;
}
