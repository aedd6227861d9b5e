#include "conformance/turns.h"

#include "sim/clock.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { LOOK_MS = 10 };

int turns_init(struct turns *t, size_t at_once, struct err *err)
{
	assert(at_once > 0);
	*t = (struct turns){ memfd_create("turns", MFD_CLOEXEC), at_once, at_once };
	return t->fd < 0 ? err_set(err, ERR_IO, "turns: %s", strerror(errno)) : 0;
}

void turns_release(struct turns *t)
{
	if (t->fd >= 0)
		close(t->fd);
	t->fd = -1;
}

/* A turn is a byte's lock, which the kernel gives back for the dead. */
static int lock(const struct turns *t, size_t turn, short type)
{
	struct flock l = {
		.l_type = type, .l_whence = SEEK_SET, .l_start = (off_t)turn, .l_len = 1,
	};

	return fcntl(t->fd, F_SETLK, &l);
}

int turns_take(struct turns *t, int64_t limit_ns)
{
	int64_t give_up_ns = clock_machine_ns() + limit_ns;

	assert(t->mine == t->at_once);
	while (t->fd >= 0) {
		for (size_t i = 0; i < t->at_once; i++)
			if (lock(t, i, F_WRLCK) == 0) {
				t->mine = i;
				return 0;
			}
		if (clock_machine_ns() >= give_up_ns)
			break;
		poll(NULL, 0, LOOK_MS);
	}
	return -1;
}

void turns_give(struct turns *t)
{
	if (t->mine == t->at_once)
		return;
	lock(t, t->mine, F_UNLCK);
	t->mine = t->at_once;
}
