/*
 * bench_rsp.h - many cards that download profiles from an SM-DP+, for
 * `esimrig bench rsp`.
 *
 * A market is the SM-DP+ with its profiles; buyers are cards with their LPAs,
 * on any network that reaches it.  Each card downloads one profile after the
 * other and hands its notification in, so that a download here is what SGP.22
 * (3.1.3) has from initiateAuthentication to handleNotification.
 */
#ifndef CLI_BENCH_RSP_H
#define CLI_BENCH_RSP_H

#include "devices/lpa.h"
#include "smdp/smdp.h"

enum { BENCH_SEATS = 16 };		/* downloads side by side */

#define BENCH_SMDP "smdp.example.com"

/* Profiles `first` to `first + count - 1`, each with a matching id of its own. */
int bench_rsp_offer(struct smdp *s, unsigned first, unsigned count, struct err *err);

struct buyer {
	struct buyers *all;
	unsigned number;	/* of its profile */
	struct euicc card;	/* in use if `sits` */
	bool sits;
	char eid[EID_SIZE];
	struct lpa *lpa;
	struct http_call *note;
	struct task next;
};

struct buyers {
	struct loop *loop;
	struct network *net;
	struct eventlog *log;
	struct euicc_shared shared;
	struct buyer list[BENCH_SEATS];
	bool leave;		/* go away once the SM-DP+ has said what it has */
	unsigned next, end;	/* numbers of the profiles to come */
	unsigned busy;
	struct err err;		/* of the first that failed */
	bool failed;
};

/* `log` is without listeners, `crypto` knows the SM-DP+'s CI. */
void buyers_init(struct buyers *b, struct loop *loop, struct network *net,
		 struct eventlog *log, const struct rsp_crypto *crypto);
void buyers_release(struct buyers *b);
/* Make the keys and certificates of those cards beforehand. */
int buyers_prepare(struct buyers *b, unsigned first, unsigned count, struct err *err);
/*
 * Download so many profiles, from number `first` on, each to a card of its own,
 * BENCH_SEATS side by side; runs the loop until that is done.
 */
int buyers_download(struct buyers *b, unsigned first, unsigned count, struct err *err);

#endif
