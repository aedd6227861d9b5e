/* The reference of the language, from the tables that drive its reading. */
#include "scenarios/match.h"
#include "scenarios/schema.h"
#include "scenarios/template.h"

#include <assert.h>

/* In a cell of a table, '|' would end it. */
static void cell(struct buf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '|')
			buf_char(out, '\\');
		buf_char(out, *text);
	}
}

static void words(struct buf *out, const struct schema_word *w)
{
	for (size_t i = 0; w[i].name; i++)
		buf_printf(out, "%s`%s`", i ? ", " : "", w[i].name);
}

static void references(struct buf *out, unsigned refs)
{
	static const struct { unsigned ref; const char *text; } texts[] = {
		{ REF_CARRIER, "a carrier" }, { REF_DEVICE, "a device" },
		{ REF_FLEET, "a fleet" }, { REF_ACCOUNT, "an account" },
		{ REF_USER, "a user" }, { REF_SMDP, "an SM-DP+" },
		{ REF_SERVER, "`server`" }, { REF_EIS, "`eis`" },
		{ REF_GATEWAY, "`gateway`" },
		{ REF_ADDRESS, "a host name" },
	};
	bool some = false;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (!(refs & texts[i].ref))
			continue;
		buf_printf(out, "%s%s", some ? ", " : "", texts[i].text);
		some = true;
	}
}

static void value_cell(struct buf *out, const struct schema_key *key)
{
	switch (key->kind) {
	case KEY_WORD:
	case KEY_WORD_STR:
		words(out, key->words);
		return;
	case KEY_FLAGS:
		buf_z(out, "any of ");
		words(out, key->words);
		return;
	case KEY_REF:
		references(out, key->refs);
		return;
	case KEY_LIST:
		buf_printf(out, "a list: each %s", key->of->name);
		return;
	case KEY_NAMED:
		buf_printf(out, "a map: names, each %s", key->of->name);
		return;
	case KEY_INT:
		buf_z(out, "a whole number");
		if (key->max && key->max < INT32_MAX)
			buf_printf(out, ", %lld to %lld", (long long)key->min,
				   (long long)key->max);
		return;
	case KEY_DURATION:
		buf_z(out, "a duration");
		return;
	case KEY_TIME:
		buf_z(out, "a time, ISO 8601");
		return;
	case KEY_OBJECT:
		buf_z(out, "a map");
		return;
	case KEY_STR:
	case KEY_PROSE:
	case KEY_TEMPLATE:
	case KEY_TEXT:
	case KEY_BOOL:
	case KEY_ANY:
	case KEY_STRS:
	case KEY_CUSTOM:
	case KEY_ELSEWHERE:
	case KEY_KINDS:
		break;
	}
	cell(out, schema_takes(key));
}

static void key_row(struct buf *out, const struct schema_key *key)
{
	buf_printf(out, "| `%s` | ", key->name);
	value_cell(out, key);
	buf_z(out, " | ");
	cell(out, key->required ? "**required**" : key->usual ? key->usual : "");
	buf_z(out, " | ");
	cell(out, key->help);
	buf_z(out, " |\n");
}

static void title(struct buf *out, const char *text)
{
	buf_z(out, "\n### ");
	buf_char(out, text[0] >= 'a' && text[0] <= 'z' ? (char)(text[0] - 32) : text[0]);
	buf_printf(out, "%s\n\n", text + 1);
}

/* "a device" is headed "Device". */
static const char *without_article(const char *name)
{
	static const char *const articles[] = { "a ", "an ", "the " };

	for (size_t i = 0; i < 3; i++)
		if (str_starts(str_of(name), str_of(articles[i])))
			return name + strlen(articles[i]);
	return name;
}

static void keys_table(struct buf *out, const struct schema *schema)
{
	title(out, without_article(schema->name));
	buf_printf(out, "%s\n\n", schema->help);
	buf_z(out, "| key | value | default | |\n|---|---|---|---|\n");
	for (size_t i = 0; i < schema->key_count; i++)
		key_row(out, &schema->keys[i]);
}

static void actions_table(struct buf *out)
{
	title(out, "actions");
	buf_z(out, "A step that does something to a device or a party: `power-off: router`, "
	      "or with arguments `set-memory: {device: router, free: 1000}`. A word alone "
	      "stands for the argument in bold.\n\n"
	      "| action | arguments | |\n|---|---|---|\n");
	for (size_t i = 0; i < ACTIONS; i++) {
		const struct action_form *form = &action_forms[i];

		buf_printf(out, "| `%s` | ", form->name);
		for (size_t k = 0; form->args && k < form->args->key_count; k++) {
			const struct schema_key *key = &form->args->keys[k];
			bool bold = form->short_key &&
				    strcmp(form->short_key, key->name) == 0;

			buf_printf(out, "%s%s`%s`%s: %s", k ? "; " : "", bold ? "**" : "",
				   key->name, bold ? "**" : "", key->help);
		}
		buf_printf(out, " | %s |\n", form->help);
	}
}

static void latency_tables(struct buf *out)
{
	title(out, "latency");
	buf_z(out, "What `world.latency` may name. A latency of one function wins over that "
	      "of its party.\n\n| name | what takes that long |\n|---|---|\n");
	for (size_t i = 0; i < DELAYS; i++)
		buf_printf(out, "| `%s` | %s |\n", scenario_delays[i].name,
			   scenario_delays[i].help);
	buf_z(out, "\nA latency is a duration, `never`, or one of these models:\n\n"
	      "| model | |\n|---|---|\n");
	for (size_t i = 0; i < latency_form_count; i++) {
		const struct latency_form *form = &latency_forms[i];
		const char *name = latency_kind_name(form->kind);

		if (*form->takes)
			buf_printf(out, "| `{%s: %s}` | %s |\n", name, form->takes,
				   form->help);
		else
			buf_printf(out, "| `%s` | %s |\n", name, form->help);
	}
}

static void expectation_tables(struct buf *out)
{
	title(out, "expectations");
	buf_z(out, "`expect` and `until` are maps. A key that begins with `/` is a JSON "
	      "pointer (RFC 6901) into the answer's body; a segment `*` stands for every "
	      "item of a list, of which there must be one. Else it is one of these:\n\n"
	      "| key | |\n|---|---|\n");
	for (size_t i = 0; i < expect_word_count; i++)
		buf_printf(out, "| `%s` | %s |\n", expect_words[i].name,
			   expect_words[i].help);
	buf_z(out, "\nThe value is what must be there. A scalar equals itself (1 is 1.0, not "
	      "\"1\"); a list has the same length and items that match in order; a map "
	      "names members that must be there and match. A map whose keys all are in "
	      "this table is a matcher; all of them must hold:\n\n"
	      "| matcher | matches |\n|---|---|\n");
	for (size_t i = 0; i < matcher_count; i++) {
		buf_printf(out, "| `%s` | ", matchers[i].name);
		cell(out, matchers[i].help);
		buf_z(out, " |\n");
	}
}

static const char *object_title(enum scenario_object object)
{
	switch (object) {
	case OBJECT_CARRIER:
		return "a carrier: `${freds.name}`";
	case OBJECT_CODE:
		return "an activation code: `${freds.codes[0].iccid}`";
	case OBJECT_DEVICE:
		return "a device: `${router.eid}`, `${fleet[3].eid}`";
	case OBJECT_PROFILE:
		return "a profile: `${router.profiles[0].iccid}`";
	case OBJECT_FLEET:
		return "a fleet: `${fleet.count}`";
	case OBJECT_ACCOUNT:
		return "an account: `${acme.customer_id}`";
	case OBJECT_USER:
		return "a user: `${alice.password}`";
	case OBJECT_SMDP:
		return "an SM-DP+: `${smdp.address}`";
	case OBJECT_RUN:
		return "`${run.…}`";
	case OBJECT_SERVER:
		return "`${server.…}`";
	case OBJECT_EIS:
		return "`${eis.…}`";
	case OBJECT_RESPONSE:
		return "`${response.…}`";
	case OBJECT_VARIABLE:
	case OBJECTS:
		break;
	}
	assert(object < OBJECT_VARIABLE);
	return "";
}

static void names_tables(struct buf *out)
{
	title(out, "names in templates");
	buf_z(out, "| of | attribute | |\n|---|---|---|\n");
	for (size_t i = 0; i < scenario_attribute_count; i++) {
		const struct scenario_attribute *a = &scenario_attributes[i];
		bool first = i == 0 || a[-1].object != a->object;

		buf_printf(out, "| %s | `%s%s` | %s |\n",
			   first ? object_title(a->object) : "", a->name,
			   a->list ? "[…]" : "", a->help);
	}
	buf_z(out, "\nA filter may stand behind a name: `${freds.name|quoted}`.\n\n"
	      "| filter | |\n|---|---|\n");
	for (size_t i = 0; i < template_filter_count; i++)
		buf_printf(out, "| `%s` | %s |\n", template_filters[i].name,
			   template_filters[i].help);
}

static void invariants_table(struct buf *out)
{
	title(out, "invariants");
	buf_z(out, "What `always` may list; each is looked at after every event.\n\n"
	      "| name | |\n|---|---|\n");
	for (size_t i = 0; i < INVARIANTS; i++)
		buf_printf(out, "| `%s` | %s |\n", scenario_invariants[i].name,
			   scenario_invariants[i].help);
}

void schema_write_markdown(struct buf *out)
{
	for (size_t i = 0; i < schema_count; i++) {
		keys_table(out, schema_list[i]);
		if (schema_list[i] == &schema_device_latency)
			latency_tables(out);
	}
	actions_table(out);
	expectation_tables(out);
	names_tables(out);
	invariants_table(out);
}
