#include "cli/output.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

int output_open(struct output *o, const char *path, struct err *err)
{
	*o = (struct output){ .path = path, .fd = STDOUT_FILENO };
	if (output_is_stdout(o)) {
		if (fcntl(o->fd, F_GETFL) != -1 &&
		    (fcntl(o->fd, F_GETFL) & O_ACCMODE) != O_RDONLY)
			return 0;
		return err_set(err, ERR_IO, "standard output is closed");
	}
	o->fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY, 0666);
	if (o->fd < 0)
		return err_set(err, ERR_IO, "cannot write %s: %s", path,
			       strerror(errno));
	return 0;
}

bool output_is_stdout(const struct output *o)
{
	return o->path && strcmp(o->path, "-") == 0;
}

bool output_same(const struct output *a, const struct output *b)
{
	struct stat x, y;

	return a->path && b->path && fstat(a->fd, &x) == 0 &&
	       fstat(b->fd, &y) == 0 && x.st_dev == y.st_dev &&
	       x.st_ino == y.st_ino && !S_ISCHR(x.st_mode);
}

int output_write(int fd, struct str bytes, struct err *err)
{
	while (bytes.n) {
		ssize_t n = write(fd, bytes.p, bytes.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set(err, ERR_IO, "%s", strerror(errno));
		bytes.p += n;
		bytes.n -= (size_t)n;
	}
	return 0;
}

int output_add(struct output *o, struct str bytes, struct err *err)
{
	/* Pipes and devices have nothing to cut. */
	if (!o->written && !output_is_stdout(o) && ftruncate(o->fd, 0) < 0 &&
	    errno != EINVAL)
		return err_set(err, ERR_IO, "cannot write %s: %s", o->path,
			       strerror(errno));
	o->written = true;
	if (output_write(o->fd, bytes, err) < 0)
		return err_prefix(err, "cannot write %s",
				  output_is_stdout(o) ? "standard output" : o->path);
	return 0;
}

int output_close(struct output *o, struct err *err)
{
	int fd = o->fd;
	const char *path = o->path;
	bool is_stdout = output_is_stdout(o);

	*o = (struct output){ 0 };
	if (!path || is_stdout || close(fd) == 0)
		return 0;
	return err_set(err, ERR_IO, "cannot write %s: %s", path, strerror(errno));
}
