/*
 * esimrig explain: a requirement or a check in words.
 *
 * What is found: a requirement by its id; checks by an id, or by a file or
 * group of them; nothing is asked of anybody.
 */
#include "cli/output.h"
#include "cli/selection.h"
#include "cli/verb.h"
#include "conformance/capability.h"
#include "conformance/coverage.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct explain_command {
	bool help, list;
	const char *suites;
};

#define AT(member) offsetof(struct explain_command, member)

static const struct option options[] = {
	{ "list", 'l', OPTION_FLAG, AT(list), NULL,
	  "Every requirement in a line, or those of the areas or ids named", 0 },
	{ "suites", 0, OPTION_TEXT, AT(suites), "DIR",
	  "The checks. Default: conformance/suites here, or those that the program carries",
	  0 },
	OPTION_HELP(struct explain_command),
	{ 0 }
};

enum { INDENT = 2, COLUMN = 16, OUT_MAX = 64 << 20 };

struct page {
	const struct verb *verb;
	struct buf out;
	struct arena arena;
	struct suite suite;
	struct ledger ledger;
	struct coverage coverage;
};

/* ---- Pieces. ------------------------------------------------------------ */

static void put_text(struct page *p, struct str text, size_t indent)
{
	buf_printf(&p->out, "%*s", (int)indent, "");
	options_wrap(&p->out, arena_str(&p->arena, str_trim(text)).p, indent, indent);
}

/* "Section:     Inventory", wrapped below itself. */
static void put_named(struct page *p, const char *name, struct str text)
{
	if (!text.n)
		return;
	buf_printf(&p->out, "  %-*s", COLUMN - INDENT, name);
	options_wrap(&p->out, arena_str(&p->arena, text).p, COLUMN, COLUMN);
}

static struct str requirement_head(struct page *p, const struct requirement *r)
{
	return arena_printf(&p->arena, "%.*s (%s, %s)", STRF(r->id),
			    level_name(r->level), provenance_name(r->provenance));
}

static void put_capability(struct page *p, struct str name)
{
	int i = capability_find(name);

	put_named(p, "Needs:", i < 0 ? name :
		  arena_printf(&p->arena, "the capability %.*s: %s", STRF(name),
			       capabilities[i].help));
}

static void put_place(struct page *p, const struct check *c, size_t indent)
{
	buf_printf(&p->out, "%*s%.*s:%u\n", (int)indent, "",
		   STRF(c->scenario->file), c->scenario->check.pos.line);
}

/* ---- What a failure means. ---------------------------------------------- */

static void put_meaning(struct page *p, const struct requirement *r)
{
	bool usual = requirement_fails(r, false, false);
	bool strict = requirement_fails(r, true, false);
	bool conventions = requirement_fails(r, false, true);

	put_named(p, "If it fails:",
		  usual ? STR("the target fails") :
		  strict ? STR("a warning; with --strict, the target fails") :
		  conventions ? STR("a warning; with --conventions, the target fails") :
				STR("a warning, whatever the options"));
}

static const char *const level_words[LEVELS] = {
	[LEVEL_MUST] = "MUST", [LEVEL_SHOULD] = "SHOULD", [LEVEL_MAY] = "MAY",
	[LEVEL_AMBIGUOUS] = ("AMBIGUOUS: it can be read in more than one way, and what "
			     "is accepted is said here"),
};

static const char *const provenance_words[PROVENANCES] = {
	[PROVENANCE_DOCUMENTED] = "documented: the specification says so",
	[PROVENANCE_CONVENTION] = "convention: a habit of the API's family",
	[PROVENANCE_OURS] = "ours: nothing public says, the rig chose",
};

/* ---- A requirement. ----------------------------------------------------- */

static void put_one_check(struct page *p, const struct check *c)
{
	buf_printf(&p->out, "    %.*s, depth %s\n", STRF(c->id), depth_name(c->depth));
	put_text(p, c->title, 8);
	put_place(p, c, 8);
}

/* Those that are judged by the row, or those that are not. */
static void put_checks(struct page *p, const struct coverage_row *row, bool by_it)
{
	const char *title = by_it ? "Checks that are judged by it:" :
				    "Checks that touch it, and are judged by another:";
	bool any = false;

	for (size_t i = 0; i < row->count; i++) {
		const struct check *c = row->checks[i];

		if (str_eq(c->covers.list[0], row->r->id) != by_it)
			continue;
		if (!any)
			buf_printf(&p->out, "\n  %s\n", title);
		any = true;
		put_one_check(p, c);
	}
}

static void explain_requirement(struct page *p, const struct requirement *r)
{
	const struct coverage_row *row = &p->coverage.rows[r - p->ledger.list];

	buf_printf(&p->out, "%.*s\n", STRF(r->id));
	put_text(p, r->text, INDENT);
	buf_char(&p->out, '\n');
	put_named(p, "Section:", r->section);
	put_named(p, "Area:", str_of(requirement_areas[r->area].title));
	put_named(p, "Level:", str_of(level_words[r->level]));
	put_named(p, "From:", str_of(provenance_words[r->provenance]));
	put_named(p, "Since:", arena_printf(&p->arena, "version %.*s of the API",
					    STRF(r->since)));
	if (r->needs.n)
		put_capability(p, r->needs);
	if (row->count)
		put_meaning(p, r);
	else
		put_named(p, "No check:", r->excluded);
	put_checks(p, row, true);
	put_checks(p, row, false);
}

/* ---- A check. ----------------------------------------------------------- */

static struct str quoted(struct page *p, struct str s)
{
	struct buf b;
	struct str text;

	buf_init(&b, 64 * 1024);
	selection_shell_quote(&b, s);
	text = arena_str(&p->arena, buf_view(&b));
	buf_release(&b);
	return text;
}

static void put_covers(struct page *p, const struct check *c)
{
	for (size_t i = 0; i < c->covers.count; i++) {
		const struct requirement *r = ledger_find(&p->ledger, c->covers.list[i]);
		struct str head = r ? requirement_head(p, r) : c->covers.list[i];

		put_named(p, i == 0 ? "Judged by:" : i == 1 ? "Touches:" : "",
			  r ? arena_printf(&p->arena, "%.*s: %.*s", STRF(head),
					   STRF(r->text)) : head);
		if (i == 0 && r)
			put_meaning(p, r);
	}
}

static void explain_check(struct page *p, const struct check *c)
{
	static const char *const depths[DEPTHS] = {
		[DEPTH_READ] = "read: it only asks",
		[DEPTH_ACTIONS] = "actions: it acts on devices that the target names",
		[DEPTH_WORLD] = "world: it needs a world of the rig",
	};
	struct str name = arena_printf(&p->arena, "=%.*s", STRF(c->title));

	buf_printf(&p->out, "%.*s\n", STRF(c->id));
	put_text(p, c->title, INDENT);
	if (c->description.n)
		put_text(p, c->description, INDENT);
	buf_char(&p->out, '\n');
	put_covers(p, c);
	put_named(p, "Depth:", str_of(depths[c->depth]));
	for (size_t i = 0; i < c->needs.count; i++)
		put_capability(p, c->needs.list[i]);
	for (size_t i = 0; i < c->scenario->check.after.count; i++)
		put_named(p, i ? "" : "After:", c->scenario->check.after.list[i]);
	buf_printf(&p->out, "  %-*s", COLUMN - INDENT, "Written:");
	put_place(p, c, 0);
	buf_printf(&p->out, "  %-*sesimrig conform --target reference --only %.*s\n",
		   COLUMN - INDENT, "Try it:", STRF(quoted(p, c->id)));
	buf_printf(&p->out, "  %-*sesimrig run %.*s", COLUMN - INDENT, "",
		   STRF(quoted(p, c->scenario->file)));
	if (c->scenario->case_name.n)
		buf_printf(&p->out, " --filter %.*s", STRF(quoted(p, name)));
	buf_char(&p->out, '\n');
}

/* ---- A capability. ------------------------------------------------------ */

static bool needs(const struct check *c, struct str name)
{
	for (size_t i = 0; i < c->needs.count; i++)
		if (str_eq(c->needs.list[i], name))
			return true;
	return false;
}

static void explain_capability(struct page *p, size_t index)
{
	const struct capability *c = &capabilities[index];
	struct str name = str_of(c->name);
	size_t count = 0;

	for (size_t i = 0; i < p->suite.count; i++)
		count += needs(&p->suite.checks[i], name);
	buf_printf(&p->out, "%s\n", c->name);
	put_text(p, str_of(c->help), INDENT);
	buf_char(&p->out, '\n');
	put_named(p, "Is:", STR("a capability: a server may lack it without being wrong; "
				"checks that need it are then skipped"));
	put_named(p, "Found out:", str_of(c->probe ? "by asking the target" :
						     "from the target file"));
	put_named(p, "If unknown:", str_of(c->usual ? "taken for granted" :
						      "taken to be missing"));
	put_named(p, "Needed by:", arena_printf(&p->arena, "%zu check%s", count,
						count == 1 ? "" : "s"));
	for (size_t i = 0; i < p->suite.count; i++)
		if (needs(&p->suite.checks[i], name))
			buf_printf(&p->out, "    %.*s\n", STRF(p->suite.checks[i].id));
}

/* ---- Finding them. ------------------------------------------------------ */

static int no_such(struct page *p, const char *word)
{
	size_t count = p->ledger.count + 2 * p->suite.count + capability_count, n = 0;
	const char **names = arena_array(&p->arena, count, sizeof(*names));
	int near;

	for (size_t i = 0; i < p->ledger.count; i++)
		names[n++] = arena_str(&p->arena, p->ledger.list[i].id).p;
	for (size_t i = 0; i < p->suite.count; i++) {
		names[n++] = arena_str(&p->arena, p->suite.checks[i].id).p;
		names[n++] = arena_str(&p->arena, p->suite.checks[i].file_id).p;
	}
	for (size_t i = 0; i < capability_count; i++)
		names[n++] = capabilities[i].name;
	near = str_nearest(str_of(word), names, n);
	if (near >= 0)
		return verb_fail(p->verb, EXIT_INVALID, "there is no requirement and no "
				 "check '%s'; did you mean '%s'?", word, names[near]);
	return verb_fail(p->verb, EXIT_INVALID, "there is no requirement and no check "
			 "'%s'; --list shows all requirements", word);
}

static bool explain_checks(struct page *p, const char *word)
{
	bool found = false;

	for (size_t i = 0; i < p->suite.count; i++) {
		if (!check_id_fits(p->suite.checks[i].id, str_of(word)))
			continue;
		if (found)
			buf_char(&p->out, '\n');
		found = true;
		explain_check(p, &p->suite.checks[i]);
	}
	return found;
}

static int explain_word(struct page *p, const char *word)
{
	const struct requirement *r = ledger_find(&p->ledger, str_of(word));
	int capability = capability_find(str_of(word));
	bool found = r || capability >= 0;

	if (r)
		explain_requirement(p, r);
	else if (capability >= 0)
		explain_capability(p, (size_t)capability);
	if (!found)
		found = explain_checks(p, word);
	return found ? EXIT_PASSED : no_such(p, word);
}

/* Is it of an area ("inv"), or does its id begin with the word? */
static bool is_meant(const struct requirement *r, const char *word)
{
	struct str s = str_of(word);

	return str_ieq(s, str_of(requirement_areas[r->area].word)) ||
	       (r->id.n >= s.n && str_ieq((struct str){ r->id.p, s.n }, s));
}

static int list_word(struct page *p, const char *word)
{
	bool found = !word;

	for (size_t i = 0; i < p->ledger.count; i++) {
		const struct requirement *r = &p->ledger.list[i];

		if (word && !is_meant(r, word))
			continue;
		found = true;
		buf_printf(&p->out, "%-13.*s %-9s %-10s  %.*s\n", STRF(r->id),
			   level_name(r->level), provenance_name(r->provenance),
			   STRF(r->text));
	}
	return found ? EXIT_PASSED : no_such(p, word);
}

static int explain_words(struct page *p, bool list, int count, char *const *words)
{
	int code = EXIT_PASSED;

	if (list && !count)
		return list_word(p, NULL);
	for (int i = 0; i < count && code == EXIT_PASSED; i++) {
		if (i && !list)
			buf_char(&p->out, '\n');
		code = list ? list_word(p, words[i]) : explain_word(p, words[i]);
	}
	return code;
}

/* ---- The whole. --------------------------------------------------------- */

static int load(struct page *p, const char *suites)
{
	const char *dir = suites ? suites : CONFORMANCE_SUITES;
	const char *ledger = ledger_path(dir, &p->arena);
	struct buf out;
	struct diag d;
	int rc;

	diag_init(&d, &p->arena);
	rc = suite_load(&p->suite, dir, NULL, &p->arena, &d);
	if (rc == 0)
		rc = ledger_load(&p->ledger, ledger, &p->arena, &d);
	if (rc == 0) {
		coverage_build(&p->coverage, &p->ledger, &p->suite, &p->arena);
		return EXIT_PASSED;
	}
	buf_init(&out, 1 << 20);
	diag_print(&d, &out);
	fwrite(out.p ? out.p : "", 1, out.n, stderr);
	buf_release(&out);
	return EXIT_INVALID;
}

static int explain_all(struct page *p, const struct explain_command *c, int words,
		       char *const *argv)
{
	struct err err = { 0 };
	int code = load(p, c->suites);

	if (code == EXIT_PASSED)
		code = explain_words(p, c->list, words, argv);
	if (output_write(STDOUT_FILENO, buf_view(&p->out), &err) < 0)
		code = verb_fail(p->verb, EXIT_RIG, "standard output: %s", err.msg);
	return code;
}

static int explain(const struct verb *v, int argc, char **argv)
{
	struct explain_command c = { 0 };
	struct page p = { .verb = v };
	int words = verb_parse(v, argc, argv, &c), code;

	if (words < 0)
		return EXIT_INVALID;
	if (c.help)
		return verb_show_help(v);
	if (words == 0 && !c.list)
		return verb_usage(v, "what? Name a requirement or a check");
	buf_init(&p.out, OUT_MAX);
	code = explain_all(&p, &c, words, argv + 1);
	buf_release(&p.out);
	ledger_release(&p.ledger);
	suite_release(&p.suite);
	arena_release(&p.arena);
	return code;
}

static const char *const about[] = {
	"ID is that of a requirement (EP-INV-007) or of a check (query/operators); a "
	"check's group, a file without its case, and patterns with * and ? mean all that "
	"fit. Capabilities of servers have names, too (second-account).",
	"Says what a requirement asks for and where that stands, what a failing check of "
	"it means, and which checks those are.",
	NULL
};

const struct verb verb_explain = {
	.name = "explain", .arguments = "ID...",
	.summary = "One requirement: what it says, where from, which checks",
	.options = options, .about = about, .run = explain,
};
