#include "server/syncer.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

struct aio {
	struct syncer syncer;	/* first: an aio is a syncer */
	struct loop *loop;
	struct watch watch;	/* the kernel tells an eventfd */
	aio_context_t context;
	int fd;
	bool busy;
};

/* The C library has no names for these. */
static int setup(unsigned most, aio_context_t *context)
{
	return (int)syscall(SYS_io_setup, most, context);
}

static int submit(aio_context_t context, struct iocb *one)
{
	return (int)syscall(SYS_io_submit, context, 1L, &one);
}

static int get(aio_context_t context, struct io_event *one)
{
	return (int)syscall(SYS_io_getevents, context, 1L, 1L, one, NULL);
}

/* The kernel's worker is bound to our processor, and a loop that always has
 * something to do would keep it waiting for milliseconds. */
static void give_way(struct syncer *y)
{
	(void)y;
	sched_yield();
}

static int start(struct syncer *y)
{
	struct aio *a = (struct aio *)y;
	struct iocb sync = {
		.aio_lio_opcode = IOCB_CMD_FDSYNC, .aio_fildes = (uint32_t)a->fd,
		.aio_flags = IOCB_FLAG_RESFD, .aio_resfd = (uint32_t)a->watch.fd,
	};

	assert(!a->busy);
	if (submit(a->context, &sync) != 1)
		return -1;
	a->busy = true;
	give_way(y);
	return 0;
}

static void hear(struct aio *a)
{
	uint64_t count;

	if (read(a->watch.fd, &count, sizeof(count)) < 0)
		assert(errno == EAGAIN);
}

/* What became of the one that was begun: 0 or an errno. */
static int finish(struct aio *a)
{
	struct io_event event;
	int n, error;

	while ((n = get(a->context, &event)) < 0 && errno == EINTR)
		;
	error = n == 1 ? (int)-event.res : errno;
	a->busy = false;
	hear(a);
	return error;
}

static void ready(struct watch *w, uint32_t events)
{
	struct aio *a = (struct aio *)((char *)w - offsetof(struct aio, watch));

	(void)events;
	if (a->busy)
		a->syncer.done(&a->syncer, finish(a));
	else
		hear(a);	/* the kernel told only after we had looked */
}

static int wait_for(struct syncer *y)
{
	struct aio *a = (struct aio *)y;

	if (a->busy)
		finish(a);	/* what follows covers it */
	return fdatasync(a->fd);
}

static void release(struct aio *a)
{
	if (a->context)
		syscall(SYS_io_destroy, a->context);	/* waits for what is busy */
	if (a->watch.fd >= 0)
		close(a->watch.fd);
	if (a->fd >= 0)
		close(a->fd);
	free(a);
}

static void close_aio(struct syncer *y)
{
	struct aio *a = (struct aio *)y;

	loop_unwatch(a->loop, &a->watch);
	release(a);
}

struct syncer *syncer_open(struct loop *loop, const char *path)
{
	struct aio *a = loop->clock.kind == CLOCK_KIND_VIRTUAL ? NULL :
			calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	*a = (struct aio){
		.syncer = { .start = start, .wait = wait_for, .give_way = give_way,
			    .close = close_aio },
		.loop = loop,
		.watch = { eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), ready },
		.fd = open(path, O_RDONLY | O_CLOEXEC),
	};
	/* Whether the kernel does it, only a first one tells. */
	if (a->watch.fd < 0 || a->fd < 0 || setup(1, &a->context) < 0 ||
	    start(&a->syncer) < 0 || finish(a) != 0) {
		release(a);
		return NULL;
	}
	loop_watch(loop, &a->watch, EPOLLIN);
	return &a->syncer;
}
