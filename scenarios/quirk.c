#include "scenarios/quirk_impl.h"
#include "sim/duration.h"

#include <assert.h>

static const char *const party_names[QUIRK_PARTIES] = {
	"spn", "smdp", "eis", "device", "server",
};

static const char *const kind_names[QUIRK_PARAM_KINDS] = {
	"a duration", "a whole number", "a text", "true or false",
	"one of some words", "the name of a device", "the key of a carrier",
	"the name of an SM-DP+",
};

static const struct {
	unsigned bit;
	struct quirk_param param;
} common[] = {
	{ QUIRK_WITH_CARRIER,
	  { "carrier", QUIRK_PARAM_CARRIER, "", NULL, 0, 0,
	    "only this carrier; all if not given" } },
	{ QUIRK_WITH_SMDP,
	  { "smdp", QUIRK_PARAM_SMDP, "", NULL, 0, 0,
	    "only this SM-DP+; all if not given" } },
	{ QUIRK_WITH_DEVICE,
	  { "device", QUIRK_PARAM_DEVICE, "", NULL, 0, 0,
	    "only this device or fleet; all if not given" } },
	{ QUIRK_WITH_TIMES,
	  { "times", QUIRK_PARAM_INTEGER, "", NULL, 1, 1000000,
	    "how often at most; always if not given" } },
	{ QUIRK_WITH_TIMES,
	  { "skip", QUIRK_PARAM_INTEGER, "0", NULL, 0, 1000000,
	    "how many occasions pass before the first" } },
	{ QUIRK_WITH_TIMES,
	  { "chance", QUIRK_PARAM_INTEGER, "100", NULL, 0, 100,
	    "in how many of 100 occasions" } },
	{ QUIRK_WITH_FOR,
	  { "for", QUIRK_PARAM_DURATION, "", NULL, 0, 0,
	    "how long it lasts; until cleared if not given" } },
};
enum { COMMON = sizeof(common) / sizeof(common[0]) };

const char *quirk_party_name(enum quirk_party party)
{
	assert(party < QUIRK_PARTIES);
	return party_names[party];
}

const char *quirk_param_kind_name(enum quirk_param_kind kind)
{
	assert(kind < QUIRK_PARAM_KINDS);
	return kind_names[kind];
}

size_t quirk_count(void)
{
	return quirk_row_count;
}

const struct quirk_row *quirk_row(size_t index)
{
	assert(index < quirk_row_count);
	return &quirk_rows[index];
}

const struct quirk_row *quirk_find(struct str name)
{
	for (size_t i = 0; i < quirk_row_count; i++)
		if (str_is(name, quirk_rows[i].name))
			return &quirk_rows[i];
	return NULL;
}

enum { NAMES_MAX = 256 };

const char *quirk_suggest(struct str name)
{
	const char *names[NAMES_MAX] = { 0 };
	int best;

	assert(quirk_row_count <= NAMES_MAX);
	for (size_t i = 0; i < quirk_row_count; i++)
		names[i] = quirk_rows[i].name;
	best = str_nearest(name, names, quirk_row_count);
	if (best >= 0)
		return names[best];
	/* The party may have been forgotten: "http-500". */
	for (size_t i = 0; i < quirk_row_count; i++)
		names[i] = strchr(quirk_rows[i].name, '.') + 1;
	best = str_nearest(name, names, quirk_row_count);
	return best >= 0 ? quirk_rows[best].name : NULL;
}

size_t quirk_param_count(const struct quirk_row *row)
{
	size_t n = 0;

	while (row->params && row->params[n].name)
		n++;
	for (size_t i = 0; i < COMMON; i++)
		n += (row->common & common[i].bit) != 0;
	assert(n <= QUIRK_PARAMS_MAX);
	return n;
}

const struct quirk_param *quirk_param(const struct quirk_row *row, size_t index)
{
	const struct quirk_param *own = row->params;

	for (; own && own->name; own++, index--)
		if (index == 0)
			return own;
	for (size_t i = 0; i < COMMON; i++)
		if ((row->common & common[i].bit) && index-- == 0)
			return &common[i].param;
	assert(false);	/* `index` is under the count */
	return NULL;
}

const char *quirk_param_suggest(const struct quirk_row *row, struct str name)
{
	const char *names[QUIRK_PARAMS_MAX] = { 0 };
	size_t count = quirk_param_count(row);
	int best;

	for (size_t i = 0; i < count; i++)
		names[i] = quirk_param(row, i)->name;
	best = str_nearest(name, names, count);
	return best >= 0 ? names[best] : NULL;
}

/* ---- Settings. --------------------------------------------------------- */

/* The index of a parameter of the row, or -1. */
static int find_param(const struct quirk_row *row, struct str name)
{
	size_t count = quirk_param_count(row);

	for (size_t i = 0; i < count; i++)
		if (str_is(name, quirk_param(row, i)->name))
			return (int)i;
	return -1;
}

bool quirk_has(const struct quirk_row *row, const char *param)
{
	return find_param(row, str_of(param)) >= 0;
}

static int read_integer(const struct quirk_param *p, struct str text,
			int64_t *number, struct err *err)
{
	uint64_t v;

	if (str_to_u64(text, INT64_MAX, &v) < 0)
		return err_set(err, ERR_INVALID,
			       "%s: expected a whole number, found '%.*s'",
			       p->name, STRF(text));
	*number = (int64_t)v;
	if (*number < p->min || *number > p->max)
		return err_set(err, ERR_INVALID,
			       "%s: expected a number from %lld to %lld, found %.*s",
			       p->name, (long long)p->min, (long long)p->max,
			       STRF(text));
	return 0;
}

static int read_choice(const struct quirk_param *p, struct str text,
		       int64_t *number, struct err *err)
{
	struct str rest = str_of(p->choices);

	for (*number = 0; rest.p; (*number)++)
		if (str_eq(str_split(&rest, ' '), text))
			return 0;
	return err_set(err, ERR_INVALID, "%s: expected one of: %s; found '%.*s'",
		       p->name, p->choices, STRF(text));
}

static int read_value(const struct quirk_param *p, struct str text,
		      int64_t *number, struct err *err)
{
	switch (p->kind) {
	case QUIRK_PARAM_DURATION:
		if (duration_parse(text, number, err) < 0)
			return err_prefix(err, "%s: ", p->name);
		return 0;
	case QUIRK_PARAM_INTEGER:
		return read_integer(p, text, number, err);
	case QUIRK_PARAM_BOOLEAN:
		*number = str_is(text, "true");
		if (*number || str_is(text, "false"))
			return 0;
		return err_set(err, ERR_INVALID,
			       "%s: expected true or false, found '%.*s'",
			       p->name, STRF(text));
	case QUIRK_PARAM_CHOICE:
		return read_choice(p, text, number, err);
	case QUIRK_PARAM_TEXT:
		return 0;
	case QUIRK_PARAM_DEVICE:
	case QUIRK_PARAM_CARRIER:
	case QUIRK_PARAM_SMDP:
		if (text.n)
			return 0;
		return err_set(err, ERR_INVALID, "%s: expected %s, found nothing",
			       p->name, quirk_param_kind_name(p->kind));
	case QUIRK_PARAM_KINDS:
		break;
	}
	assert(false);	/* every kind is above */
	return -1;
}

void quirk_setting_init(struct quirk_setting *s, const struct quirk_row *row)
{
	size_t count = quirk_param_count(row);
	struct err err;

	*s = (struct quirk_setting){ .row = row };
	for (size_t i = 0; i < count; i++) {
		const struct quirk_param *p = quirk_param(row, i);
		struct quirk_value *v = &s->values[i];
		int rc = 0;

		v->text = STR("");
		if (!p->usual || !*p->usual)
			continue;
		v->text = str_of(p->usual);
		rc = read_value(p, v->text, &v->number, &err);
		assert(rc == 0);	/* the table is sound */
	}
}

int quirk_setting_put(struct quirk_setting *s, struct str name,
		      struct str text, struct err *err)
{
	int i = find_param(s->row, name);
	struct quirk_value *v;
	const char *near;

	if (i < 0) {
		near = quirk_param_suggest(s->row, name);
		return err_set(err, ERR_INVALID,
			       "%s: has no parameter '%.*s'%s%s%s", s->row->name,
			       STRF(name), near ? "; did you mean '" : "",
			       near ? near : "", near ? "'?" : "");
	}
	v = &s->values[i];
	if (v->given)
		return err_set(err, ERR_INVALID, "%s: is given twice",
			       quirk_param(s->row, (size_t)i)->name);
	if (read_value(quirk_param(s->row, (size_t)i), text, &v->number, err) < 0)
		return -1;
	v->text = text;
	v->given = true;
	return 0;
}

int quirk_setting_check(const struct quirk_setting *s, struct err *err)
{
	size_t count = quirk_param_count(s->row);

	for (size_t i = 0; i < count; i++)
		if (!quirk_param(s->row, i)->usual && !s->values[i].given)
			return err_set(err, ERR_INVALID, "%s: '%s' must be given (%s)",
				       s->row->name, quirk_param(s->row, i)->name,
				       quirk_param(s->row, i)->help);
	return 0;
}

const struct quirk_value *quirk_setting_get(const struct quirk_setting *s,
					    const char *name)
{
	int i = find_param(s->row, str_of(name));

	assert(i >= 0);
	return &s->values[i];
}

/* ---- docs/quirks.md. --------------------------------------------------- */

static void write_params(struct buf *out, const struct quirk_param *p)
{
	for (; p && p->name; p++) {
		buf_printf(out, "  - `%s`: ", p->name);
		if (p->choices) {
			struct str rest = str_of(p->choices);

			while (rest.p) {
				struct str word = str_split(&rest, ' ');

				buf_printf(out, "`%.*s`%s", STRF(word),
					   rest.p ? ", " : "");
			}
		} else {
			buf_z(out, quirk_param_kind_name(p->kind));
		}
		if (p->kind == QUIRK_PARAM_INTEGER)
			buf_printf(out, " from %lld to %lld", (long long)p->min,
				   (long long)p->max);
		buf_printf(out, "; %s", p->help);
		if (!p->usual)
			buf_z(out, ". Required");
		else if (*p->usual)
			buf_printf(out, ". Default `%s`", p->usual);
		buf_z(out, "\n");
	}
}

static void write_row(struct buf *out, const struct quirk_row *row)
{
	const char *comma = "";

	buf_printf(out, "\n### %s\n\n%s\n\n*A correct system:* %s\n\n",
		   row->name, row->does, row->correct);
	write_params(out, row->params);
	buf_z(out, "  - common: ");
	for (size_t i = 0; i < COMMON; i++) {
		if (!(row->common & common[i].bit))
			continue;
		buf_printf(out, "%s`%s`", comma, common[i].param.name);
		comma = ", ";
	}
	buf_z(out, row->setup_only ? "; only in `world`, not as a step\n" : "\n");
}

void quirk_write_markdown(struct buf *out)
{
	static const char *const titles[QUIRK_PARTIES] = {
		"Service provider names", "SM-DP+", "EIS", "Devices", "Server",
	};

	buf_printf(out,
		"# Quirks and faults\n\n"
		"Generated from the table in `scenarios/quirk_table.c`; do not edit.\n\n"
		"A quirk makes a party of the world behave oddly without a change to its code. "
		"It stands in a\n"
		"scenario's `world`, or is set and cleared by a step in the middle of a run. "
		"Each time it does\n"
		"something there is an event `quirk` of party `rig` in the event log. There are "
		"%zu of them.\n\n"
		"Common parameters, where a quirk has them:\n\n| name | kind | meaning | default "
		"|\n"
		"|---|---|---|---|\n", quirk_row_count);
	for (size_t i = 0; i < COMMON; i++)
		buf_printf(out, "| `%s` | %s | %s | %s |\n", common[i].param.name,
			   quirk_param_kind_name(common[i].param.kind),
			   common[i].param.help, common[i].param.usual);
	for (int party = 0; party < QUIRK_PARTIES; party++) {
		buf_printf(out, "\n## %s\n", titles[party]);
		for (size_t i = 0; i < quirk_row_count; i++)
			if (quirk_rows[i].party == (enum quirk_party)party)
				write_row(out, &quirk_rows[i]);
	}
}
