/*
 * live.h - a world that goes on living: on sockets and a scaled clock, while
 * others look at it, change it, stop its time and make it anew.
 *
 *	live_run() makes the world, plays its script if it has one, lets it live
 *	until somebody wishes for something else, and begins again.
 *
 * Whoever gives orders (control.h) lives on a loop of its own, the guest of
 * each world's loop (loop_host()), so that it outlives worlds and does not
 * feel their time.
 *
 * The one rule: nobody but live_run() makes or ends a world.  Others say what
 * they wish, and are told when it is done.
 */
#ifndef SCENARIOS_LIVE_H
#define SCENARIOS_LIVE_H

#include "scenarios/feed.h"
#include "scenarios/flow.h"
#include "scenarios/life.h"
#include "scenarios/run.h"
#include "scenarios/tap.h"

enum { LIVE_CAPTIONS = 100 };

/* While a clock is paused: libraries that count the machine's time still get
 * timers that fire at some time, and an hour adds a few microseconds. */
#define LIVE_PAUSED_RATE 1e-6

struct live_config {
	const struct scenario *scenario;
	struct loop *guest;
	double rate;			/* simulated seconds per second */
	bool has_seed;
	uint64_t seed;			/* instead of the scenario's */
	uint32_t process;		/* a number of this process: feed.h */
	bool play;			/* the scenario's steps, too */
	bool step_by_step;
	bool life;			/* with background life */
	/* Where a host is to listen, or NULL: anywhere. */
	const char *(*address)(void *arg, const char *host);
	/* A world is there, and begins to live. */
	void (*begun)(void *arg);
	/* Devices, while they are made (runner.h); or NULL. */
	void (*made)(void *arg, size_t done, size_t all);
	/* Each event; the line is its JSON. */
	void (*event)(void *arg, const struct event *e, struct str line);
	void *arg;
};

/* What is known of a device beyond itself. */
struct live_note {
	struct instant changed;
	uint64_t polls;
	bool dirty;			/* to be told of at the end of the turn */
};

struct live_caption {
	struct str text;
	struct instant at;
	int64_t unix_ms;
	bool by_script;
};

struct live_step {
	struct step_result result;
	struct str caption;
	bool running, over;
};

struct live_script {
	struct live_step *steps;
	size_t count, current;
	bool manual, waiting, next, ended;
	struct str message;		/* why it ended early */
};

enum live_wish { LIVE_GOES_ON, LIVE_RESET, LIVE_RESTORE, LIVE_END };

struct live {
	struct live_config config;
	struct feed *feed;
	unsigned generation;		/* worlds so far */
	enum live_wish wish;
	/* Of reset and restore: `done` is told once.  NULL: nobody asked. */
	void (*done)(void *arg, const struct err *err);
	void *done_arg;
	/* The control API's: before a world ends. */
	void (*ending)(void *arg);
	void *ending_arg;
	struct str image;		/* to be restored; owned */
	struct instant began;		/* in it */
	struct err damage;		/* of one: told when the next world is there */
	bool restored_life;		/* as it was in it */
	int64_t restored_every_ns;	/* 0: nothing was restored */
	double rate;
	bool paused;
	uint64_t seed;
	int64_t saved_unix_ms;		/* of the last snapshot in a file; 0: none */

	/* Of this world; `world` is NULL while it is made. */
	struct arena arena;
	struct run_options options;
	struct run_front front;
	struct run *run;
	struct world *world;
	struct tap *tap;
	struct flows *flows;
	struct life *life;
	struct str *grown;		/* what was added: for world_read_more() */
	size_t grown_count;
	struct map by_device_id;	/* -> struct world_device */
	struct live_note *notes;	/* of each device */
	size_t note_count;
	struct eventlog_listener listener;
	struct task publish;
	bool any_dirty;
	bool *dirty_quirks;		/* of quirk_count() */
	uint64_t polls;
	struct live_script script;
	struct live_caption captions[LIVE_CAPTIONS];	/* a ring */
	uint64_t caption_count;

	/* While time passes as fast as it can. */
	bool advancing;
	struct instant target;
	uint64_t until_event;		/* feed_count() of events; 0: no matter */
	bool stop_then;			/* paused at the end */
	struct timer hurry;
	void (*reached)(void *arg, bool reached);
	void *reached_arg;
};

/* Strings and the scenario must live as long. */
struct live *live_new(const struct live_config *config);
void live_free(struct live *l);

/* Until LIVE_END is wished for, or a world cannot be made: -1. */
int live_run(struct live *l, struct err *err);
void live_wish(struct live *l, enum live_wish wish);
/*
 * The next world goes on from that snapshot: before live_run(), or with
 * LIVE_RESTORE.  -1: it is none of this world.  One that turns out to be
 * damaged is told to `done`, and the next world is a fresh one; at the
 * beginning live_run() fails.
 */
int live_put_image(struct live *l, struct str image, struct err *err);

/* ---- Time. ----------------------------------------------------------------- */

/* Ends an advance. */
void live_set_clock(struct live *l, bool paused, double rate);
/*
 * As fast as it can until `target`, or (unless 0) until so many more events;
 * `reached` is told when that is so, or something has ended it.  The clock
 * goes on as before, or is paused if `stop_then`.  -1: another one goes on.
 */
int live_advance(struct live *l, struct instant target, unsigned events, bool stop_then,
		 void (*reached)(void *arg, bool reached), void *arg, struct err *err);

/* ---- Who it is. --------------------------------------------------------------- */

/* The index of a device by its fleet's struct, its party "device/x", its EID
 * or its device id; SIZE_MAX: there is none. */
size_t live_device(const struct live *l, const struct device *d);
size_t live_find_party(const struct live *l, struct str party);
size_t live_find_device_id(const struct live *l, struct str device_id);
/* The world has more devices than before. */
void live_grown(struct live *l);
/* It was made of that; the text is copied. */
void live_note_growth(struct live *l, struct str more);
/* Something about it has changed. */
void live_touch(struct live *l, size_t device);

/* ---- The rest. ------------------------------------------------------------------ */

void live_say(struct live *l, struct str text, bool by_script);
/* The script's next step, if it waits for that. */
void live_next_step(struct live *l);
/* Put into the feed how it is now. */
void live_tell_clock(struct live *l);
void live_tell_script(struct live *l);

#endif
