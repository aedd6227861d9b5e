#include "devices/device.h"

#include <assert.h>
#include <stdlib.h>

enum { SCRATCH_MAX = 1024 * 1024, NAME_MAX_BYTES = 200, TABLE_MIN = 64 };

static const int64_t FALLBACK_NS = 300 * NS_PER_S;
static const int64_t REPORT_INTERVAL_NS = 24 * 3600 * NS_PER_S;

/* ---- The whole. --------------------------------------------------------- */

/* Can `url` be called?  Then it can be later, whatever path is added. */
static int try_url(struct network *net, const char *what, const char *url,
		   struct err *err)
{
	struct http_call *c = http_call_new(net, STR("device"), "GET", err,
					    "%s", url);

	if (!c)
		return err_prefix(err, "%s", what);
	http_call_cancel(c);
	return 0;
}

struct fleet *fleet_new(const struct fleet_config *config, struct err *err)
{
	struct fleet *f;

	if (try_url(config->net, "eis_url", config->eis_url, err) < 0 ||
	    (config->report_url && try_url(config->net, "report_url",
					   config->report_url, err) < 0))
		return NULL;
	f = calloc(1, sizeof(*f));
	assert(f);
	f->loop = config->loop;
	f->net = config->net;
	f->log = config->log;
	f->seed = config->seed;
	f->eis_url = arena_strdup(&f->arena, config->eis_url);
	if (config->report_url)
		f->report_url = arena_strdup(&f->arena, config->report_url);
	if (config->report_token)
		f->authorization = arena_printf(&f->arena, "Bearer %s",
						config->report_token);
	f->report_changes = config->report_changes;
	f->sequence_base = config->sequence_base;
	f->fallback_ns = config->fallback_ns ? config->fallback_ns : FALLBACK_NS;
	f->report_interval_ns = config->report_interval_ns ?
				config->report_interval_ns : REPORT_INTERVAL_NS;
	f->latency = config->latency;
	f->euicc = (struct euicc_shared){
		.crypto = config->crypto ? config->crypto : &rsp_crypto_none,
		.clock = &config->loop->clock,
		.changed = device_card_changed,
	};
	buf_init(&f->scratch, SCRATCH_MAX);
	f->poll_url = arena_strdup(&f->arena, arena_printf(&f->arena,
		"%s/eis/v1/euicc/%0*d/orders/next", f->eis_url, EID_DIGITS, 0).p);
	f->poll_eid = strlen(f->eis_url) + strlen("/eis/v1/euicc/");
	return f;
}

void fleet_free(struct fleet *f)
{
	size_t blocks;

	if (!f)
		return;
	for (size_t i = 0; i < f->count; i++) {
		struct device *d = fleet_device(f, i);

		device_stop(d);
		order_free(d);
		report_forget(d);
		euicc_release(&d->euicc);
	}
	blocks = (f->count + FLEET_BLOCK - 1) / FLEET_BLOCK;
	for (size_t i = 0; i < blocks; i++)
		free(f->blocks[i]);
	free(f->blocks);
	free(f->by_name);
	free(f->by_eid);
	buf_release(&f->scratch);
	arena_release(&f->arena);
	free(f);
}

size_t fleet_count(const struct fleet *f)
{
	return f->count;
}

struct device *fleet_device(struct fleet *f, size_t index)
{
	assert(index < f->count);
	return &f->blocks[index / FLEET_BLOCK][index % FLEET_BLOCK];
}

/* ---- By name and by EID: four bytes for an entry, where a map has 32. ---- */

static size_t hash(struct str s)
{
	uint64_t h = UINT64_C(0xCBF29CE484222325);	/* FNV-1a */

	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * UINT64_C(0x100000001B3);
	return (size_t)(h ^ (h >> 32));
}

/* The slot where `key` is, or would be. */
static uint32_t *slot(struct fleet *f, uint32_t *table,
		      struct str (*key_of)(const struct device *), struct str key)
{
	size_t i = hash(key) & (f->table_size - 1);

	while (table[i] && !str_eq(key_of(fleet_device(f, table[i] - 1)), key))
		i = (i + 1) & (f->table_size - 1);
	return &table[i];
}

static struct device *find(struct fleet *f, uint32_t *table,
			   struct str (*key_of)(const struct device *),
			   struct str key)
{
	uint32_t index = f->table_size ? *slot(f, table, key_of, key) : 0;

	return index ? fleet_device(f, index - 1) : NULL;
}

struct device *fleet_find(struct fleet *f, struct str name)
{
	return find(f, f->by_name, device_name, name);
}

struct device *fleet_find_eid(struct fleet *f, struct str eid)
{
	return find(f, f->by_eid, device_eid, eid);
}

static void enter(struct fleet *f, size_t index)
{
	struct device *d = fleet_device(f, index);

	*slot(f, f->by_name, device_name, device_name(d)) = (uint32_t)index + 1;
	*slot(f, f->by_eid, device_eid, device_eid(d)) = (uint32_t)index + 1;
}

/* At most half full. */
static void grow_tables(struct fleet *f)
{
	if (2 * (f->count + 1) <= f->table_size)
		return;
	f->table_size = f->table_size ? 2 * f->table_size : TABLE_MIN;
	free(f->by_name);
	free(f->by_eid);
	f->by_name = calloc(f->table_size, sizeof(*f->by_name));
	f->by_eid = calloc(f->table_size, sizeof(*f->by_eid));
	assert(f->by_name && f->by_eid);
	for (size_t i = 0; i < f->count; i++)
		enter(f, i);
}

/* ---- One more device. --------------------------------------------------- */

/* A zeroed device behind the last one; it counts from enter(). */
static struct device *next_device(struct fleet *f)
{
	size_t block = f->count / FLEET_BLOCK, at = f->count % FLEET_BLOCK;

	if (at == 0) {
		f->blocks = realloc(f->blocks, (block + 1) * sizeof(*f->blocks));
		assert(f->blocks);
		f->blocks[block] = calloc(FLEET_BLOCK, sizeof(struct device));
		assert(f->blocks[block]);
	}
	return &f->blocks[block][at];
}

static int check_spec(struct fleet *f, const struct device_spec *spec,
		      struct err *err)
{
	if (spec->name.n == 0 || spec->name.n > NAME_MAX_BYTES)
		return err_set(err, ERR_INVALID,
			       "device name of %zu bytes: expected 1 to %d",
			       spec->name.n, NAME_MAX_BYTES);
	if (!device_id_well_formed(spec->device_id))
		return err_set(err, ERR_INVALID,
			       "device %.*s: device id '%.*s' is not four groups of eight hex digits",
			       STRF(spec->name), STRF(spec->device_id));
	if (!eid_well_formed(spec->eid))
		return err_set(err, ERR_INVALID,
			       "device %.*s: EID '%.*s' is not 32 digits",
			       STRF(spec->name), STRF(spec->eid));
	if (fleet_find(f, spec->name))
		return err_set(err, ERR_STATE, "device %.*s: there is one of that name",
			       STRF(spec->name));
	if (fleet_find_eid(f, spec->eid))
		return err_set(err, ERR_STATE, "device %.*s: another has EID %.*s",
			       STRF(spec->name), STRF(spec->eid));
	if (f->count >= UINT32_MAX / 4)
		return err_set(err, ERR_LIMIT, "too many devices");
	return 0;
}

static int add_profile(struct device *d, const struct device_profile_spec *ps,
		       struct err *err)
{
	struct euicc_profile_spec spec = {
		.iccid = ps->iccid, .ppr = ps->ppr, .memory = ps->memory,
		.class = PROFILE_CLASS_OPERATIONAL, .no_network = ps->no_network,
		.text = {
			[TEXT_SPN] = ps->spn, [TEXT_NAME] = ps->profile_name,
			[TEXT_NICKNAME] = ps->nickname,
			[TEXT_SMDP] = ps->smdp_address,
		},
	};
	struct buf config;
	int code;

	if (ps->class_name.n &&
	    profile_class_parse(ps->class_name, &spec.class) < 0)
		return err_set(err, ERR_INVALID,
			       "%.*s, profile %.*s: class '%.*s', expected operational, "
			       "provisioning (bootstrap) or test",
			       STRF(device_party(d)), STRF(ps->iccid), STRF(ps->class_name));
	if (ps->active && euicc_active(&d->euicc))
		return err_set(err, ERR_INVALID,
			       "%.*s, profile %.*s: another one is active already",
			       STRF(device_party(d)), STRF(ps->iccid));
	buf_init(&config, 2 * EUICC_TEXT_MAX);
	if (ps->smdp_address.n) {
		rsp_notification_config_write(&config, NOTIFY_ENABLE |
					      NOTIFY_DISABLE | NOTIFY_DELETE,
					      ps->smdp_address);
		spec.text[TEXT_NOTIFY] = buf_view(&config);
	}
	code = euicc_install(&d->euicc, &spec);
	buf_release(&config);
	if (code != ES10_OK)
		return err_set(err, ERR_INVALID, "%.*s, profile %.*s: %s",
			       STRF(device_party(d)), STRF(ps->iccid),
			       es10_result_name(ES10_LOAD_PACKAGE, code));
	/* It has been so since the factory: nobody is told. */
	euicc_find(&d->euicc, ps->iccid)->enabled = ps->active;
	return 0;
}

/* Party and EID, one behind the other; gives the EID. */
static struct str name_it(struct fleet *f, struct device *d,
			  const struct device_spec *spec)
{
	struct str both = arena_printf(&f->arena, "device/%.*s%.*s",
				       STRF(spec->name), STRF(spec->eid));

	d->party = both.p;
	d->party_len = (uint8_t)(both.n - EID_DIGITS);
	memcpy(d->id, spec->device_id.p, DEVICE_ID_LENGTH);
	return (struct str){ both.p + d->party_len, EID_DIGITS };
}

static void seed_it(struct fleet *f, struct device *d)
{
	static const char *const purposes[DRAWS] = {
		[DRAW_POLL] = "poll", [DRAW_BOOT] = "boot",
		[DRAW_ATTACH] = "attach", [DRAW_REPORT] = "report",
		[DRAW_APDU] = "apdu", [DRAW_INSTALL] = "install",
	};

	for (int i = 0; i < DRAWS; i++)
		rng_init(&d->rng[i], f->seed, device_party(d),
			 str_of(purposes[i]));
}

struct device *fleet_add(struct fleet *f, const struct device_spec *spec,
			 struct err *err)
{
	struct device *d;
	struct str eid;
	struct rng rng;

	if (check_spec(f, spec, err) < 0)
		return NULL;
	grow_tables(f);
	d = next_device(f);
	d->fleet = f;
	d->latency = spec->latency ? spec->latency : &f->latency;
	d->second_link = spec->second_link;
	eid = name_it(f, d, spec);
	seed_it(f, d);
	rng_init(&rng, f->seed, device_party(d), STR("euicc"));
	euicc_init(&d->euicc, &f->euicc, eid, spec->memory, rng);
	d->euicc.reuse_numbers = spec->reuse_numbers;
	if (spec->default_smdp.n)
		d->euicc.default_smdp = strndup(spec->default_smdp.p,
						spec->default_smdp.n);
	if (spec->root_smds.n)
		d->euicc.root_smds = strndup(spec->root_smds.p, spec->root_smds.n);
	for (size_t i = 0; i < spec->profile_count; i++) {
		if (add_profile(d, &spec->profiles[i], err) == 0)
			continue;
		euicc_release(&d->euicc);
		/* The place is for the next one, or for nobody. */
		if (f->count % FLEET_BLOCK == 0)
			free(f->blocks[f->count / FLEET_BLOCK]);
		else
			*d = (struct device){ 0 };
		return NULL;
	}
	f->count++;
	enter(f, f->count - 1);
	outbox_init(d);
	d->state = spec->off ? DEVICE_OFF : DEVICE_RUNNING;
	device_start(d);
	return d;
}
