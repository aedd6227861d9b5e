#include "server/robust.h"

#include "sim/clock.h"

#include <assert.h>
#include <errno.h>

void robust_init(struct robust *r)
{
	pthread_mutexattr_t attr;
	int rc = pthread_mutexattr_init(&attr);

	rc |= pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	rc |= pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	rc |= pthread_mutex_init(&r->mutex, &attr);
	pthread_mutexattr_destroy(&attr);
	assert(rc == 0);
}

/*
 * An unlock wakes one of those that wait.  If that one is killed before it has
 * the lock, and a newcomer takes it meanwhile, nobody wakes the others any more.
 * So they look for themselves, now and then.
 */
#define NAP_NS (20 * NS_PER_MS)

static int take_until(struct robust *r, int64_t machine_ns)
{
	struct timespec until = { (time_t)(machine_ns / NS_PER_S),
				  (long)(machine_ns % NS_PER_S) };

	return pthread_mutex_clocklock(&r->mutex, CLOCK_MONOTONIC, &until);
}

enum robust_taken robust_take(struct robust *r, int64_t patience_ns)
{
	int rc = pthread_mutex_trylock(&r->mutex);
	int64_t now, end;

	if (rc == EBUSY) {
		now = clock_machine_ns();
		end = now + patience_ns;
		do {
			rc = take_until(r, now + NAP_NS < end ? now + NAP_NS : end);
			now = clock_machine_ns();
		} while (rc == ETIMEDOUT && now < end);
	}
	if (rc == ETIMEDOUT)
		return ROBUST_LATE;
	if (rc == 0)
		return ROBUST_TAKEN;
	assert(rc == EOWNERDEAD);
	rc = pthread_mutex_consistent(&r->mutex);
	assert(rc == 0);
	return ROBUST_INHERITED;
}

void robust_give(struct robust *r)
{
	int rc = pthread_mutex_unlock(&r->mutex);

	assert(rc == 0);
}
