#include "cli/board.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* A worker that is busy for so long is as good as gone. */
#define SILENCE_NS (10 * NS_PER_S)

struct board *board_new(int count, struct err *err)
{
	size_t size = sizeof(struct board) + (size_t)count * sizeof(struct board_place);
	struct board *b = mmap(NULL, size, PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (b == MAP_FAILED) {
		err_set(err, ERR_IO, "no memory to share: %s", strerror(errno));
		return NULL;
	}
	b->size = size;
	b->count = count;
	b->began_ns = clock_machine_ns();
	return b;
}

void board_free(struct board *b)
{
	if (b)
		munmap(b, b->size);
}

struct board_place *board_take(struct board *b, int index)
{
	struct board_place *p = &b->places[index];

	assert(index >= 0 && index < b->count);
	/* What the one before had open is closed. */
	p->net.closed = p->net.accepted;
	p->access.in_flight = 0;
	p->beat_ns = clock_machine_ns();
	p->pid = getpid();
	p->state = BOARD_STARTING;
	return p;
}

int board_missing(const struct board *b)
{
	int64_t now = clock_machine_ns();

	for (int i = 0; b->count > 1 && i < b->count; i++)
		if (b->places[i].state != BOARD_SERVING ||
		    now - b->places[i].beat_ns > SILENCE_NS)
			return i;
	return -1;
}
