#include "server/share.h"

#include "server/robust.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

enum { ASKED_MAX = 64 };

struct share {
	size_t size;
	int bell;			/* the same number in all processes */
	struct robust turn;
	_Atomic uint64_t commits;
	_Atomic int64_t asked[ASKED_MAX];	/* 0: free */
	size_t throttles[SHARE_THROTTLES];	/* where in this memory */
};

static size_t aligned(size_t n)
{
	return (n + 63) & ~(size_t)63;
}

struct share *share_new(struct err *err)
{
	size_t head = aligned(sizeof(struct share)), each = aligned(throttle_table_size());
	size_t size = head + SHARE_THROTTLES * each;
	int bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	struct share *sh;

	if (bell < 0) {
		err_set(err, ERR_IO, "no bell for the workers: %s", strerror(errno));
		return NULL;
	}
	sh = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (sh == MAP_FAILED) {
		err_set(err, ERR_IO, "no memory to share: %s", strerror(errno));
		close(bell);
		return NULL;
	}
	sh->size = size;
	sh->bell = bell;
	robust_init(&sh->turn);
	for (size_t i = 0; i < SHARE_THROTTLES; i++) {
		sh->throttles[i] = head + i * each;
		throttle_table_init(share_throttle(sh, (enum share_throttle)i));
	}
	return sh;
}

void share_free(struct share *sh)
{
	if (!sh)
		return;
	close(sh->bell);
	munmap(sh, sh->size);
}

bool share_take_turn(struct share *sh, int64_t patience_ns)
{
	/* What a dead one had begun, the database has taken back. */
	return robust_take(&sh->turn, patience_ns) != ROBUST_LATE;
}

void share_give_turn(struct share *sh)
{
	robust_give(&sh->turn);
}

void share_committed(struct share *sh)
{
	atomic_fetch_add(&sh->commits, 1);
}

uint64_t share_commits(const struct share *sh)
{
	return atomic_load(&sh->commits);
}

int share_bell(const struct share *sh)
{
	return sh->bell;
}

void share_ring(struct share *sh)
{
	const uint64_t once = 1;
	/* It can only fail when it has rung already, and very often. */
	ssize_t n = write(sh->bell, &once, sizeof(once));

	assert(n == (ssize_t)sizeof(once) || errno == EAGAIN);
}

void share_heard(struct share *sh)
{
	uint64_t rings;
	ssize_t n = read(sh->bell, &rings, sizeof(rings));

	assert(n == (ssize_t)sizeof(rings) || errno == EAGAIN);
}

void share_ask(struct share *sh, int64_t rid)
{
	assert(rid != 0);
	for (size_t i = 0; i < ASKED_MAX; i++) {
		int64_t nobody = 0;

		if (atomic_compare_exchange_strong(&sh->asked[i], &nobody, rid))
			break;
	}
	share_ring(sh);
}

int64_t share_asked(struct share *sh)
{
	for (size_t i = 0; i < ASKED_MAX; i++) {
		int64_t rid = atomic_exchange(&sh->asked[i], 0);

		if (rid)
			return rid;
	}
	return 0;
}

struct throttle_table *share_throttle(struct share *sh, enum share_throttle which)
{
	return (struct throttle_table *)(void *)((char *)sh + sh->throttles[which]);
}
