#include "scenarios/invariant.h"

#include <assert.h>
#include <stdlib.h>

struct invariants {
	struct eventlog_listener listener;
	struct world *world;
	const struct scenario_invariant *on[INVARIANTS];
	struct invariant_break broken;
	struct world_device *changed;	/* in the last callback, or NULL */
	bool all_changed;
	struct map parties;		/* "device/router" -> struct world_device */
	struct map reports;		/* device id -> unsigned: reports being read */
	unsigned other_reports;		/* sent by somebody who is no device */
	struct map transactions;	/* id -> its last event, a string */
	struct map operations;		/* id -> const struct op_status */
	struct map places;		/* ICCID -> struct world_device */
	struct map open_reports;	/* exchange id, as text -> counter above */
};

static void broke(struct invariants *inv, enum invariant_id id, struct str message)
{
	if (inv->broken.invariant)
		return;
	inv->broken = (struct invariant_break){
		inv->on[id], loop_now(&inv->world->loop), message,
	};
}

/* ---- One function for each invariant that watches events. -------------- */

static unsigned *counter(struct invariants *inv, const struct event *e)
{
	struct str from = event_str(e, "from");
	const struct world_device *d = map_get(&inv->parties, from);
	unsigned *n;

	if (!d)
		return &inv->other_reports;
	n = map_get(&inv->reports, d->device_id);
	if (!n) {
		n = ARENA_NEW(inv->world->arena, unsigned);
		map_put(&inv->reports, d->device_id, n);
	}
	return n;
}

static struct str exchange_key(struct invariants *inv, const struct event *e)
{
	const struct field *id = event_field(e, "id");

	return arena_printf(inv->world->arena, "%lld",
			    id ? (long long)id->i : -1LL);
}

static void see_rows(struct invariants *inv, const struct event *e)
{
	struct str device, path = event_str(e, "path");
	const unsigned *reading;
	unsigned *n;

	if (strcmp(e->name, "request") == 0 && str_is(e->party, "server") &&
	    str_starts(path, STR("/southbound/"))) {
		n = counter(inv, e);
		++*n;
		map_put(&inv->open_reports, exchange_key(inv, e), n);
		return;
	}
	if (strcmp(e->name, "response") == 0 && inv->open_reports.count) {
		n = map_take(&inv->open_reports, exchange_key(inv, e));
		if (n)
			--*n;
		return;
	}
	if (!str_is(e->party, "server") ||
	    !str_starts(str_of(e->name), STR("profile-row-")))
		return;
	device = event_str(e, "device_id");
	reading = device.n ? map_get(&inv->reports, device) : NULL;
	if ((!reading || !*reading) && !inv->other_reports)
		broke(inv, INVARIANT_ROWS_FOLLOW_REPORTS,
		      arena_printf(inv->world->arena,
			"the server logged %s for ICCID %.*s of device %.*s, but no "
			"report of that device was being read", e->name,
			STRF(event_str(e, "iccid")), STRF(device)));
}

static void see_transactions(struct invariants *inv, const struct event *e)
{
	static const struct str ends[] = {
		{ "transaction-complete", 20 }, { "transaction-failed", 18 },
	};
	struct str id = event_str(e, "transaction"), name = str_of(e->name);
	const char *last;

	if (!str_starts(name, STR("transaction-")) || !id.n)
		return;
	last = map_get(&inv->transactions, id);
	if (last) {
		broke(inv, INVARIANT_TERMINAL_TRANSACTIONS_STAY,
		      arena_printf(inv->world->arena,
			"transaction %.*s had ended (%s), and then came %s",
			STRF(id), last, e->name));
		return;
	}
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (str_eq(name, ends[i]))
			map_put(&inv->transactions,
				arena_str(inv->world->arena, id),
				arena_strdup(inv->world->arena, e->name));
}

struct op_status {
	const char *name;
	int rank;	/* may only grow; 9 stays */
};

static const struct op_status op_statuses[] = {
	{ "starting", 0 }, { "download", 1 }, { "download_verify", 2 },
	{ "enable", 3 }, { "enable_verify", 4 }, { "failed", 9 },
	{ "successful", 9 },
};

static const struct op_status *find_op_status(struct str name)
{
	for (size_t i = 0; i < sizeof(op_statuses) / sizeof(op_statuses[0]); i++)
		if (str_is(name, op_statuses[i].name))
			return &op_statuses[i];
	return NULL;
}

static void see_operations(struct invariants *inv, const struct event *e)
{
	struct str id = event_str(e, "operation"), status = event_str(e, "status");
	const struct op_status *last, *now;

	if (strcmp(e->name, "operation-status") != 0)
		return;
	now = find_op_status(status);
	last = map_get(&inv->operations, id);
	if (!now || (last && (last->rank == 9 || now->rank <= last->rank))) {
		broke(inv, INVARIANT_OPERATIONS_MOVE_FORWARD,
		      arena_printf(inv->world->arena,
			"operation %.*s went from %s to %.*s", STRF(id),
			last ? last->name : "nothing", STRF(status)));
		return;
	}
	map_put(&inv->operations, last ? id : arena_str(inv->world->arena, id),
		(void *)(uintptr_t)now);
}

static void see_places(struct invariants *inv, const struct event *e)
{
	struct world_device *d = map_get(&inv->parties, e->party), *other;
	struct str iccid = event_str(e, "iccid");

	if (!d || !iccid.n)
		return;
	if (strcmp(e->name, "profile-deleted") == 0) {
		if (map_get(&inv->places, iccid) == d)
			map_take(&inv->places, iccid);
		return;
	}
	if (strcmp(e->name, "profile-installed") != 0)
		return;
	other = map_get(&inv->places, iccid);
	if (other && other != d)
		broke(inv, INVARIANT_ICCID_IN_ONE_PLACE,
		      arena_printf(inv->world->arena,
			"ICCID %.*s is in %.*s and now in %.*s as well",
			STRF(iccid), STRF(other->key), STRF(d->key)));
	else if (!other)
		map_put(&inv->places, arena_str(inv->world->arena, iccid), d);
}

static bool is_word_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z');
}

enum { CHANCE_BYTES = 8 };

/* Part of a longer word, or of a JSON number ("n":4711, 63.4711)? */
static bool by_chance(struct str line, size_t at, size_t end)
{
	char before = at > 0 ? line.p[at - 1] : ' ';

	return is_word_char(before) || before == '.' ||
	       (before == ':' && at > 1 && line.p[at - 2] == '"') ||
	       (end < line.n && (is_word_char(line.p[end]) || line.p[end] == '.'));
}

/* Is `secret` in `line`?  A short one must stand alone: a confirmation code
 * of four digits is in many numbers and identifiers by chance. */
static bool holds_secret(struct str line, struct str secret)
{
	size_t from = 0;
	ptrdiff_t at;

	while ((at = str_find((struct str){ line.p + from, line.n - from }, secret)) >= 0) {
		from += (size_t)at;
		if (secret.n >= CHANCE_BYTES || !by_chance(line, from, from + secret.n))
			return true;
		from++;
	}
	return false;
}

static void see_secrets(struct invariants *inv, const struct event *e,
			struct str line)
{
	const struct world *w = inv->world;

	for (size_t i = 0; i < w->secret_count; i++)
		if (holds_secret(line, w->secrets[i]))
			broke(inv, INVARIANT_NO_SECRET_IN_LOG,
			      arena_printf(w->arena,
				"the event %s of %.*s holds a secret", e->name,
				STRF(e->party)));
}

static void see(struct eventlog_listener *l, const struct event *e, struct str line)
{
	struct invariants *inv = (struct invariants *)l;

	if (inv->on[INVARIANT_ROWS_FOLLOW_REPORTS])
		see_rows(inv, e);
	if (inv->on[INVARIANT_TERMINAL_TRANSACTIONS_STAY])
		see_transactions(inv, e);
	if (inv->on[INVARIANT_OPERATIONS_MOVE_FORWARD])
		see_operations(inv, e);
	if (inv->on[INVARIANT_ICCID_IN_ONE_PLACE])
		see_places(inv, e);
	if (inv->on[INVARIANT_NO_SECRET_IN_LOG])
		see_secrets(inv, e, line);
	if (inv->on[INVARIANT_AT_MOST_ONE_ACTIVE_PROFILE] &&
	    str_starts(e->party, STR("device/"))) {
		struct world_device *d = map_get(&inv->parties, e->party);

		inv->all_changed |= inv->changed && inv->changed != d;
		inv->changed = d;
	}
}

/* ---- The one that looks at devices. ------------------------------------ */

static void check_active(struct invariants *inv, const struct world_device *d)
{
	struct device_profile_view p;
	size_t active = 0;

	for (size_t i = 0; i < device_profile_count(d->device); i++) {
		device_profile(d->device, i, &p);
		active += p.active;
	}
	if (active > 1)
		broke(inv, INVARIANT_AT_MOST_ONE_ACTIVE_PROFILE,
		      arena_printf(inv->world->arena,
			"device %.*s has %zu active profiles", STRF(d->key), active));
}

const struct invariant_break *invariants_check(struct invariants *inv)
{
	struct world *w = inv->world;

	if (inv->all_changed)
		for (size_t i = 0; i < w->device_count; i++)
			check_active(inv, &w->devices[i]);
	else if (inv->changed)
		check_active(inv, inv->changed);
	inv->changed = NULL;
	inv->all_changed = false;
	return &inv->broken;
}

struct invariants *invariants_new(struct world *w)
{
	const struct scenario *sc = w->sc;
	struct invariants *inv;

	if (!sc->always.count)
		return NULL;
	inv = calloc(1, sizeof(*inv));
	assert(inv);
	inv->world = w;
	for (size_t i = 0; i < sc->always.count; i++)
		inv->on[sc->always.list[i].id] = &sc->always.list[i];
	for (size_t i = 0; i < w->device_count; i++) {
		struct world_device *d = &w->devices[i];

		map_put(&inv->parties, device_party(d->device), d);
		for (size_t k = 0; k < d->profile_count; k++)
			map_put(&inv->places, d->profiles[k].iccid, d);
	}
	inv->listener.tell = see;
	inv->listener.wants_line = inv->on[INVARIANT_NO_SECRET_IN_LOG] != NULL;
	eventlog_listen(&w->log, &inv->listener);
	return inv;
}

void invariants_free(struct invariants *inv)
{
	if (!inv)
		return;
	eventlog_unlisten(&inv->world->log, &inv->listener);
	map_release(&inv->parties);
	map_release(&inv->reports);
	map_release(&inv->transactions);
	map_release(&inv->operations);
	map_release(&inv->places);
	map_release(&inv->open_reports);
	free(inv);
}
