#include "conformance/journal.h"

#include "proto/base64.h"
#include "sim/json.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { JOURNAL_SCHEMA = 1, LINE_BYTES_MAX = 512 << 20 };

static int failed(const struct journal *j, struct err *err)
{
	return err_set(err, ERR_IO, "%s: %s", j->path, strerror(errno));
}

static int write_line(struct journal *j, struct str line, struct err *err)
{
	while (line.n) {
		ssize_t n = write(j->fd, line.p, line.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return failed(j, err);
		line.p += n;
		line.n -= (size_t)n;
	}
	return 0;
}

static int write_head(struct journal *j, const struct journal_key *key,
		      struct err *err)
{
	struct buf line;
	struct json w;
	int rc;

	buf_init(&line, 1 << 16);
	w = json_to(&line);
	json_open(&w, '{');
	json_put_int(&w, "journal", JOURNAL_SCHEMA);
	json_put(&w, "suite", key->suite_hash);
	json_put(&w, "target", key->target);
	json_put(&w, "options", key->options);
	json_key(&w, "seed");
	buf_printf(&line, "\"%llu\"}\n", (unsigned long long)key->seed);
	rc = write_line(j, buf_view(&line), err);
	buf_release(&line);
	return rc;
}

/* One member of the head is what it must be. */
static int same(const struct journal *j, const cJSON *head, const char *name,
		struct str now, struct arena *a, struct err *err)
{
	struct str was;

	if (json_get_str(head, name, a, &was, err) < 0)
		return err_prefix(err, "%s", j->path);
	if (str_eq(was, now))
		return 0;
	return err_set(err, ERR_STATE, "%s is of another %s: '%.*s', not '%.*s'",
		       j->path, name, STRF(was), STRF(now));
}

static int check_head(const struct journal *j, struct str line,
		      const struct journal_key *key, struct arena *a,
		      struct err *err)
{
	struct str seed = arena_printf(a, "%llu", (unsigned long long)key->seed);
	cJSON *head = json_parse(line, err);
	int64_t schema = 0;
	int rc;

	if (!head || json_get_int(head, "journal", &schema, err) < 0 ||
	    schema != JOURNAL_SCHEMA) {
		cJSON_Delete(head);
		return err_set(err, ERR_INVALID, "%s: this is no journal of conform",
			       j->path);
	}
	rc = same(j, head, "suite", key->suite_hash, a, err);
	if (rc == 0)
		rc = same(j, head, "target", key->target, a, err);
	if (rc == 0)
		rc = same(j, head, "options", key->options, a, err);
	if (rc == 0)
		rc = same(j, head, "seed", seed, a, err);
	cJSON_Delete(head);
	return rc;
}

/* A line that was cut off, or that somebody wrote into it, is not there. */
static void take_line(struct journal *j, struct str line, struct arena *a)
{
	struct str id, text, *bytes = ARENA_NEW(a, struct str);
	struct err err;
	cJSON *entry = json_parse(line, &err);

	if (json_get_str(entry, "check", a, &id, &err) == 1 &&
	    json_get_str(entry, "result", a, &text, &err) == 1 &&
	    base64_decode(a, text, bytes, &err) == 0) {
		j->count += map_get(&j->results, id) == NULL;
		map_put(&j->results, id, bytes);
	}
	cJSON_Delete(entry);
}

static int read_all(const struct journal *j, struct buf *out, struct err *err)
{
	char block[65536];
	ssize_t n;

	while ((n = read(j->fd, block, sizeof(block))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return failed(j, err);
		buf_add(out, block, (size_t)n);
	}
	return out->over ? err_set(err, ERR_LIMIT, "%s is too large", j->path) : 0;
}

/* Lines end in a newline; what is behind the last one is cut off. */
static int take_text(struct journal *j, struct str text,
		     const struct journal_key *key, struct arena *a,
		     struct err *err)
{
	size_t whole = text.n;

	while (whole > 0 && text.p[whole - 1] != '\n')
		whole--;
	if (whole < text.n && ftruncate(j->fd, (off_t)whole) < 0)
		return failed(j, err);
	text.n = whole;
	if (!text.n)
		return write_head(j, key, err);
	if (check_head(j, str_split(&text, '\n'), key, a, err) < 0)
		return -1;
	while (text.p && text.n)
		take_line(j, str_split(&text, '\n'), a);
	return 0;
}

int journal_open(struct journal *j, const char *path, const struct journal_key *key,
		 struct arena *a, struct err *err)
{
	struct buf text;
	int rc;

	*j = (struct journal){ .path = path };
	j->fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (j->fd < 0)
		return failed(j, err);
	buf_init(&text, LINE_BYTES_MAX);
	rc = read_all(j, &text, err);
	if (rc == 0)
		rc = take_text(j, buf_view(&text), key, a, err);
	buf_release(&text);
	return rc;
}

void journal_close(struct journal *j)
{
	map_release(&j->results);
	if (j->path && j->fd >= 0)
		close(j->fd);
	*j = (struct journal){ .fd = -1 };
}

struct str journal_find(const struct journal *j, struct str id)
{
	const struct str *bytes = map_get(&j->results, id);

	return bytes ? *bytes : STR_NONE;
}

int journal_add(struct journal *j, struct str id, struct str bytes, struct err *err)
{
	struct buf line;
	struct json w;
	int rc;

	buf_init(&line, LINE_BYTES_MAX);
	w = json_to(&line);
	json_open(&w, '{');
	json_put(&w, "check", id);
	json_key(&w, "result");
	buf_char(&line, '"');
	base64_encode(&line, bytes);
	buf_z(&line, "\"}\n");
	rc = line.over ? err_set(err, ERR_LIMIT, "%s: the result of %.*s is too large",
				 j->path, STRF(id)) :
			 write_line(j, buf_view(&line), err);
	buf_release(&line);
	return rc;
}
