#include "sim/file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int file_read_fd(int fd, const char *name, struct buf *out, struct err *err)
{
	char block[16384];
	ssize_t n = 0;

	while (!out->over && (n = read(fd, block, sizeof(block))) > 0)
		buf_add(out, block, (size_t)n);
	if (n < 0)
		return err_set(err, ERR_IO, "%s: %s", name, strerror(errno));
	if (out->over)
		return err_set(err, ERR_LIMIT, "%s: longer than %zu bytes", name, out->max);
	return 0;
}

int file_read(const char *path, struct buf *out, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY), rc;

	if (fd < 0)
		return err_set(err, ERR_IO, "%s: %s", path, strerror(errno));
	rc = file_read_fd(fd, path, out, err);
	close(fd);
	return rc;
}
