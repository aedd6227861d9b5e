#include "cli/manual.h"

enum { LINE_WIDTH = 72 };

/* ---- Text as roff. ------------------------------------------------------- */

static void put_code_point(struct buf *out, struct str *rest)
{
	unsigned char c = (unsigned char)rest->p[0];
	size_t n = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;
	unsigned code = c & (0x7Fu >> n);

	for (size_t i = 1; i < n && i < rest->n; i++)
		code = code << 6 | ((unsigned char)rest->p[i] & 0x3F);
	buf_printf(out, "\\[u%04X]", code);
	if (n > rest->n)
		n = rest->n;
	*rest = (struct str){ rest->p + n, rest->n - n };
}

/* Every character for itself; `literal`: also a hyphen that may be copied. */
static void put_text(struct buf *out, struct str s, bool literal)
{
	while (s.n) {
		if ((unsigned char)s.p[0] >= 0x80) {
			put_code_point(out, &s);
			continue;
		}
		switch (s.p[0]) {
		case '\\':
			buf_z(out, "\\e");
			break;
		case '\'':
			buf_z(out, "\\(aq");
			break;
		case '`':
			buf_z(out, "\\(ga");
			break;
		case '^':
			buf_z(out, "\\(ha");
			break;
		case '~':
			buf_z(out, "\\(ti");
			break;
		case '-':
			buf_z(out, literal ? "\\-" : "-");
			break;
		default:
			buf_char(out, s.p[0]);
		}
		s = (struct str){ s.p + 1, s.n - 1 };
	}
}

/* An option is typed as it stands, and so is what is in backquotes. */
static void put_word(struct buf *out, struct str word, bool *bold)
{
	bool option = str_starts(word, STR("--")) ||
		      (word.n == 2 && word.p[0] == '-' && word.p[1] != ' ');

	while (word.n) {
		const char *tick = memchr(word.p, '`', word.n);
		size_t n = tick ? (size_t)(tick - word.p) : word.n;

		put_text(out, (struct str){ word.p, n }, option || *bold);
		if (!tick)
			return;
		buf_z(out, *bold ? "\\fR" : "\\fB");
		*bold = !*bold;
		word = (struct str){ tick + 1, word.n - n - 1 };
	}
}

static bool ends_sentence(struct str word)
{
	return str_ends(word, STR(".")) && !str_ends(word, STR("..."));
}

/* Filled; a sentence begins on a line of its own. */
static void put_prose(struct buf *out, const char *text)
{
	struct str rest = str_of(text);
	size_t column = 0;
	bool bold = false;

	while (rest.p) {
		struct str word = str_split(&rest, ' ');

		if (!word.n)
			continue;
		if (column && column + 1 + word.n > LINE_WIDTH) {
			buf_char(out, '\n');
			column = 0;
		} else if (column) {
			buf_char(out, ' ');
			column++;
		}
		/* Nothing at the beginning of a line is a request. */
		if (!column && (word.p[0] == '.' || word.p[0] == '\''))
			buf_z(out, "\\&");
		put_word(out, word, &bold);
		column += word.n;
		if (ends_sentence(word) && !bold) {
			buf_char(out, '\n');
			column = 0;
		}
	}
	if (bold)
		buf_z(out, "\\fR");
	if (column)
		buf_char(out, '\n');
}

/* Lines as they are, but for what all of them are indented by. */
static void put_example(struct buf *out, const char *text)
{
	struct str rest = str_of(text);
	size_t indent = strspn(text, " ");

	buf_z(out, ".RS 4\n.EX\n");
	while (rest.p) {
		struct str line = str_split(&rest, '\n');
		size_t n = 0;

		while (n < indent && n < line.n && line.p[n] == ' ')
			n++;
		line = (struct str){ line.p + n, line.n - n };
		if (line.n && (line.p[0] == '.' || line.p[0] == '\''))
			buf_z(out, "\\&");
		put_text(out, line, true);
		buf_char(out, '\n');
	}
	buf_z(out, ".EE\n.RE\n");
}

static void put_head(struct buf *out, const char *name, const char *summary)
{
	buf_z(out, ".\\\" Written from the program's tables of options.\n.TH ESIMRIG");
	for (const char *c = name; *c; c++) {
		if (c == name)
			buf_z(out, "\\-");
		buf_char(out, *c >= 'a' && *c <= 'z' ? (char)(*c - 32) : *c);
	}
	buf_printf(out, " 1 %s \"esimrig %s\" \"User Commands\"\n.SH NAME\nesimrig%s%s \\- ",
		   ESIMRIG_DATE, ESIMRIG_VERSION, *name ? "\\-" : "", name);
	put_text(out, str_of(summary), false);
	buf_char(out, '\n');
}

/* ---- A verb. ------------------------------------------------------------- */

/* "[OPTION]... PATH...": what stands for something else is in italics. */
static void put_synopsis(struct buf *out, const struct verb *v)
{
	struct str rest = str_of(v->arguments);

	buf_printf(out, ".SH SYNOPSIS\n.B esimrig %s\n[\\fIOPTION\\fR]...\n", v->name);
	while (rest.p) {
		struct str word = str_split(&rest, ' ');
		bool literal = false;

		if (!word.n)
			continue;
		for (size_t i = 0; i < word.n; i++)
			literal |= word.p[i] >= 'a' && word.p[i] <= 'z';
		buf_z(out, literal || word.p[0] == '-' ? ".B " : ".I ");
		put_text(out, word, true);
		buf_char(out, '\n');
	}
}

static void put_options(struct buf *out, const struct option *table)
{
	buf_z(out, ".SH OPTIONS\n");
	for (const struct option *o = table; o->name; o++) {
		buf_z(out, ".TP\n");
		if (o->letter)
			buf_printf(out, "\\fB\\-%c\\fR, ", o->letter);
		buf_z(out, "\\fB\\-\\-");
		put_text(out, str_of(o->name), true);
		buf_z(out, "\\fR");
		if (o->argument) {
			buf_z(out, argument_kind(o->argument) == ARGUMENT_WORDS ? " " : " \\fI");
			put_text(out, str_of(o->argument), true);
			buf_z(out, "\\fR");
		}
		buf_char(out, '\n');
		put_prose(out, o->help);
	}
}

/* What stands under a heading of its own. */
static const struct {
	const char *begins, *heading;
} headings[] = {
	{ "Exit codes:", "EXIT STATUS" },
	{ "Examples:", "EXAMPLES" },
};
enum { HEADINGS = sizeof(headings) / sizeof(headings[0]), NO_HEADING = HEADINGS };

static size_t heading_of(const char *paragraph)
{
	for (size_t i = 0; i < HEADINGS; i++)
		if (str_starts(str_of(paragraph), str_of(headings[i].begins)))
			return i;
	return NO_HEADING;
}

/* The paragraphs under one of the headings, or under none, where a sentence
 * stands already.  Examples go with what is before them. */
static bool put_about(struct buf *out, const char *const *about, size_t wanted)
{
	size_t at = NO_HEADING;
	bool any = wanted == NO_HEADING;

	for (; *about; about++) {
		bool example = (*about)[0] == ' ';
		size_t here = heading_of(*about);
		const char *text = *about;

		if (!example)
			at = here;
		if (at != wanted)
			continue;
		if (here != NO_HEADING && !example)
			text += strlen(headings[here].begins);
		if (here != NO_HEADING && !example)
			buf_printf(out, ".SH %s\n", headings[here].heading);
		else if (any)
			buf_z(out, ".PP\n");
		if (example)
			put_example(out, text);
		else
			put_prose(out, text);
		any = example || *text;
	}
	return any;
}

static void put_exit_codes(struct buf *out)
{
	buf_z(out, ".SH EXIT STATUS\n"
	      ".TP\n0\nEverything passed.\n"
	      ".TP\n1\nSomething did not pass.\n"
	      ".TP\n2\nWrong usage, or input that is not valid.\n"
	      ".TP\n3\nThe rig's own trouble.\n");
}

void manual_verb(struct buf *out, const struct verb *v)
{
	struct buf sentence;

	buf_init(&sentence, 1000);
	buf_printf(&sentence, "%s.", v->summary);
	put_head(out, v->name, v->summary);
	put_synopsis(out, v);
	buf_z(out, ".SH DESCRIPTION\n");
	put_prose(out, sentence.p);
	buf_release(&sentence);
	put_about(out, v->about, NO_HEADING);
	put_options(out, v->options);
	for (size_t i = 0; i < HEADINGS; i++)
		if (!put_about(out, v->about, i) && i == 0)
			put_exit_codes(out);
	buf_z(out, ".SH SEE ALSO\n.BR esimrig (1)\n");
}

void manual_overview(struct buf *out)
{
	put_head(out, "", "a rig for eSIM profile management");
	buf_z(out, ".SH SYNOPSIS\n.B esimrig\n.I VERB\n[\\fIOPTION\\fR]...\n"
	      "[\\fIARGUMENT\\fR]...\n.br\n.B esimrig\n.I VERB\n.B \\-\\-help\n.br\n"
	      ".B esimrig \\-\\-version\n.SH DESCRIPTION\n");
	put_prose(out, "Simulated devices with an eUICC, an SM-DP+, an EIS and a server of the "
		  "esim_profiles API, driven by scenarios: in virtual time in one process, or over "
		  "sockets. Each verb has a page of its own.");
	buf_z(out, ".SH VERBS\n");
	for (const struct verb *const *v = verbs; *v; v++) {
		buf_printf(out, ".TP\n.BR esimrig\\-%s (1)\n", (*v)->name);
		put_prose(out, (*v)->summary);
	}
	put_exit_codes(out);
	buf_z(out, ".SH ENVIRONMENT\n.TP\n.B NO_COLOR\nIf it is set and not empty, nothing is in "
	      "colour.\n.TP\n.B XDG_DATA_HOME\nWhere keys and certificates are kept, in "
	      "esimrig/pki below it\n(default: ~/.local/share).\n.SH SEE ALSO\n");
	for (const struct verb *const *v = verbs; *v; v++)
		buf_printf(out, ".BR esimrig\\-%s (1)%s\n", (*v)->name, v[1] ? "," : "");
}

/* ---- What arguments ask for. ---------------------------------------------- */

enum argument_kind argument_kind(const char *argument)
{
	struct str s = argument ? str_of(argument) : STR("");

	if (str_starts(s, STR("FILE")) || str_starts(s, STR("PATH")))
		return ARGUMENT_FILE;
	if (str_starts(s, STR("DIR")))
		return ARGUMENT_DIRECTORY;
	if (s.n && s.p[0] == '[')
		s = (struct str){ s.p + 1, s.n - 1 };
	s = str_split(&s, ' ');
	return s.n && s.p[0] >= 'a' && s.p[0] <= 'z' && memchr(s.p, '|', s.n) ?
	       ARGUMENT_WORDS : ARGUMENT_UNKNOWN;
}

void argument_words(struct buf *out, const char *argument)
{
	struct str rest = str_of(argument), all = str_split(&rest, ' ');
	bool any = false;

	while (all.p) {
		struct str word = str_split(&all, '|');
		size_t n = 0;

		if (word.n && word.p[0] == '[')
			word = (struct str){ word.p + 1, word.n - 1 };
		/* Of "scaled=N" and "x]..." what is to be typed. */
		while (n < word.n && ((word.p[n] >= 'a' && word.p[n] <= 'z') ||
				      word.p[n] == '-' || word.p[n] == '='))
			n++;
		if (!n)
			continue;
		if (any)
			buf_char(out, ' ');
		buf_add(out, word.p, n);
		any = true;
	}
}
