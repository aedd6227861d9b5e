#include "conformance/comparison.h"

#include "sim/file.h"
#include "sim/json.h"

enum { REPORT_MAX = 256 << 20, SCHEMA = 1 };

const char *change_name(enum change c)
{
	static const char *const names[CHANGES] = {
		[CHANGE_NONE] = "same", [CHANGE_BROKEN] = "broken",
		[CHANGE_MENDED] = "mended", [CHANGE_OTHER] = "other",
		[CHANGE_NEW] = "new", [CHANGE_GONE] = "gone",
	};

	return names[c];
}

/* ---- Reading. ----------------------------------------------------------- */

static int verdict_of(struct str name, enum verdict *v)
{
	for (size_t i = 0; i < VERDICTS; i++)
		if (str_is(name, verdict_name((enum verdict)i))) {
			*v = (enum verdict)i;
			return 0;
		}
	return -1;
}

static int read_check(struct comparison *o, const cJSON *item, struct arena *a,
		      struct err *err)
{
	struct comparison_entry *e = &o->list[o->count];
	struct str verdict;

	if (json_get_str(item, "id", a, &e->id, err) < 0 ||
	    json_get_str(item, "verdict", a, &verdict, err) < 0)
		return -1;
	if (!e->id.n || verdict_of(verdict, &e->verdict) < 0)
		return err_set(err, ERR_INVALID,
			       "check %zu: expected an id and a verdict", o->count + 1);
	if (map_get(&o->by_id, e->id))
		return err_set(err, ERR_INVALID, "%.*s stands there twice",
			       STRF(e->id));
	map_put(&o->by_id, e->id, e);
	o->count++;
	return 0;
}

static int read_checks(struct comparison *o, const cJSON *checks, struct arena *a,
		       struct err *err)
{
	const cJSON *item;

	if (!cJSON_IsArray(checks))
		return err_set(err, ERR_INVALID, "'checks': expected a list, found %s",
			       checks ? json_kind(checks) : "nothing");
	o->list = arena_array(a, (size_t)cJSON_GetArraySize(checks), sizeof(*o->list));
	cJSON_ArrayForEach(item, checks)
		if (read_check(o, item, a, err) < 0)
			return -1;
	return 0;
}

static int read_head(struct comparison *o, const cJSON *root, struct arena *a,
		     struct err *err)
{
	const cJSON *suite = cJSON_GetObjectItemCaseSensitive(root, "suite");
	const cJSON *target = cJSON_GetObjectItemCaseSensitive(root, "target");
	struct str kind;
	int64_t schema;

	if (!cJSON_IsObject(root) ||
	    json_get_str(root, "kind", a, &kind, err) <= 0 ||
	    !str_is(kind, "conformance"))
		return err_set(err, ERR_INVALID, "expected a JSON report of esimrig conform");
	if (json_get_int(root, "schema", &schema, err) <= 0 || schema != SCHEMA)
		return err_set(err, ERR_INVALID,
			       "a report of another schema than %d", SCHEMA);
	if (json_get_str(root, "version", a, &o->rig_version, err) < 0 ||
	    json_get_str(root, "depth", a, &o->depth, err) < 0)
		return -1;
	if (!cJSON_IsObject(suite) || !cJSON_IsObject(target))
		return err_set(err, ERR_INVALID, "expected 'suite' and 'target'");
	if (json_get_str(suite, "version", a, &o->suite_version, err) < 0 ||
	    json_get_str(suite, "hash", a, &o->suite_hash, err) < 0 ||
	    json_get_str(target, "name", a, &o->target_name, err) < 0 ||
	    json_get_str(target, "url", a, &o->target_url, err) < 0)
		return -1;
	return 0;
}

int comparison_read(struct comparison *o, const char *name, struct str text,
		    struct arena *a, struct err *err)
{
	cJSON *root;
	int rc;

	*o = (struct comparison){ .name = arena_str(a, str_of(name)) };
	root = json_parse(text, err);
	rc = !root ? -1 : read_head(o, root, a, err);
	if (rc == 0)
		rc = read_checks(o, cJSON_GetObjectItemCaseSensitive(root, "checks"), a,
				 err);
	cJSON_Delete(root);
	return rc < 0 ? err_prefix(err, "%s", name) : 0;
}

int comparison_load(struct comparison *o, const char *path, struct arena *a,
		    struct err *err)
{
	struct buf text;
	int rc;

	*o = (struct comparison){ 0 };
	buf_init(&text, REPORT_MAX);
	rc = file_read(path, &text, err);
	if (rc == 0)
		rc = comparison_read(o, path, buf_view(&text), a, err);
	buf_release(&text);
	return rc;
}

void comparison_release(struct comparison *o)
{
	map_release(&o->by_id);
	*o = (struct comparison){ 0 };
}

/* ---- Comparing. --------------------------------------------------------- */

static bool is_bad(enum verdict v)
{
	return v == VERDICT_FAIL || v == VERDICT_ERROR;
}

enum change comparison_of(const struct comparison *old,
			  const struct check_result *r, enum verdict *was)
{
	const struct comparison_entry *e = map_get(&old->by_id, r->check->id);

	if (!e)
		return CHANGE_NEW;
	*was = e->verdict;
	if (e->verdict == r->verdict)
		return CHANGE_NONE;
	if (is_bad(r->verdict) && !is_bad(e->verdict))
		return CHANGE_BROKEN;
	if (is_bad(e->verdict) && r->verdict == VERDICT_PASS)
		return CHANGE_MENDED;
	return CHANGE_OTHER;
}

static void add(struct differences *d, enum change kind, enum change change,
		struct str id, enum verdict was, enum verdict is)
{
	if (change != kind)
		return;
	d->of[change]++;
	if (change != CHANGE_NONE)
		d->list[d->count++] = (struct difference){
			.change = change, .id = id, .was = was, .is = is,
		};
}

void comparison_differences(const struct comparison *old,
			    const struct conformance *c, struct arena *a,
			    struct differences *out)
{
	*out = (struct differences){ 0 };
	out->list = arena_array(a, c->count + old->count, sizeof(*out->list));
	for (enum change kind = CHANGE_NONE; kind < CHANGE_GONE; kind++)
		for (size_t i = 0; i < c->count; i++) {
			const struct check_result *r = &c->results[i];
			enum verdict was = VERDICT_PASS;
			enum change change = comparison_of(old, r, &was);

			add(out, kind, change, r->check->id, was, r->verdict);
		}
	/* What --only left out is not gone. */
	for (size_t i = 0; i < old->count; i++)
		if (!suite_find(c->suite, old->list[i].id))
			add(out, CHANGE_GONE, CHANGE_GONE, old->list[i].id,
			    old->list[i].verdict, VERDICT_PASS);
}
