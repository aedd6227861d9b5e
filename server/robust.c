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

static int take_until(struct robust *r, int64_t machine_ns)
{
	struct timespec until = { (time_t)(machine_ns / NS_PER_S),
				  (long)(machine_ns % NS_PER_S) };

	return pthread_mutex_clocklock(&r->mutex, CLOCK_MONOTONIC, &until);
}

enum robust_taken robust_take(struct robust *r, int64_t patience_ns)
{
	int rc = pthread_mutex_trylock(&r->mutex);

	if (rc == EBUSY)
		rc = take_until(r, clock_machine_ns() + patience_ns);
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
