/* What bash and zsh complete of a command line. */
#include "cli/manual.h"

/* ---- bash. ------------------------------------------------------------------ */

/* "--junit|--tap" and letters: all options of the verb that ask for `kind`. */
static bool bash_pattern(struct buf *out, const struct verb *v, enum argument_kind kind)
{
	bool any = false;

	for (const struct option *o = v->options; o->name; o++) {
		if (!o->argument || argument_kind(o->argument) != kind)
			continue;
		buf_printf(out, "%s--%s", any ? "|" : "\t\t", o->name);
		if (o->letter)
			buf_printf(out, "|-%c", o->letter);
		any = true;
	}
	return any;
}

static void bash_options(struct buf *out, const struct verb *v)
{
	buf_z(out, "\t\tcase $prev in\n");
	if (bash_pattern(out, v, ARGUMENT_FILE))
		buf_z(out, ") _esimrig_files -f; return ;;\n");
	if (bash_pattern(out, v, ARGUMENT_DIRECTORY))
		buf_z(out, ") _esimrig_files -d; return ;;\n");
	for (const struct option *o = v->options; o->name; o++) {
		if (argument_kind(o->argument) != ARGUMENT_WORDS)
			continue;
		buf_printf(out, "\t\t--%s) _esimrig_words '", o->name);
		argument_words(out, o->argument);
		buf_z(out, "'; return ;;\n");
	}
	/* A value that nobody can guess. */
	if (bash_pattern(out, v, ARGUMENT_UNKNOWN))
		buf_z(out, ") return ;;\n");
	buf_z(out, "\t\tesac\n\t\toptions='");
	for (const struct option *o = v->options; o->name; o++)
		buf_printf(out, "%s--%s", o == v->options ? "" : " ", o->name);
	buf_z(out, "'\n");
}

static void bash_verb(struct buf *out, const struct verb *v)
{
	buf_printf(out, "\t%s)\n", v->name);
	bash_options(out, v);
	switch (argument_kind(v->arguments)) {
	case ARGUMENT_FILE:
		buf_z(out, "\t\targuments=-f\n");
		break;
	case ARGUMENT_DIRECTORY:
		buf_z(out, "\t\targuments=-d\n");
		break;
	case ARGUMENT_WORDS:
		buf_z(out, "\t\twords='");
		argument_words(out, v->arguments);
		buf_z(out, "'\n");
		break;
	case ARGUMENT_UNKNOWN:
		break;
	}
	buf_z(out, "\t\t;;\n");
}

static void verb_names(struct buf *out)
{
	for (const struct verb *const *v = verbs; *v; v++)
		buf_printf(out, "%s%s", v == verbs ? "" : " ", (*v)->name);
}

void completion_bash(struct buf *out)
{
	buf_z(out, "# bash completion for esimrig, written from its tables of options\n"
	      "\n"
	      "_esimrig_files()\n"
	      "{\n"
	      "\tcompopt -o filenames 2>/dev/null\n"
	      "\tmapfile -t COMPREPLY < <(compgen \"$1\" -- \"$cur\")\n"
	      "}\n"
	      "\n"
	      "_esimrig_words()\n"
	      "{\n"
	      "\tmapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$cur\")\n"
	      "\t[[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace 2>/dev/null\n"
	      "}\n"
	      "\n"
	      "_esimrig()\n"
	      "{\n"
	      "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
	      "\tlocal options= words= arguments=\n"
	      "\n"
	      "\tCOMPREPLY=()\n"
	      "\t# --name=value comes as three words.\n"
	      "\tif [[ $cur == '=' ]]; then\n"
	      "\t\tcur=\n"
	      "\telif [[ $prev == '=' ]]; then\n"
	      "\t\tprev=${COMP_WORDS[COMP_CWORD-2]}\n"
	      "\tfi\n"
	      "\tif ((COMP_CWORD == 1)); then\n"
	      "\t\t_esimrig_words '");
	verb_names(out);
	buf_z(out, " help --help --version'\n\t\treturn\n\tfi\n\tcase ${COMP_WORDS[1]} in\n");
	for (const struct verb *const *v = verbs; *v; v++)
		bash_verb(out, *v);
	buf_z(out, "\thelp)\n\t\twords='");
	verb_names(out);
	buf_z(out, "'\n\t\t;;\n\tesac\n"
	      "\tif [[ $cur == -* ]]; then\n"
	      "\t\t_esimrig_words \"$options\"\n"
	      "\telif [[ $words ]]; then\n"
	      "\t\t_esimrig_words \"$words\"\n"
	      "\telif [[ $arguments ]]; then\n"
	      "\t\t_esimrig_files \"$arguments\"\n"
	      "\tfi\n"
	      "}\n"
	      "\n"
	      "complete -F _esimrig esimrig\n");
}

/* ---- zsh. ------------------------------------------------------------------- */

/* Within single quotes, and within what _arguments takes apart. */
static void zsh_text(struct buf *out, const char *text, const char *special)
{
	for (; *text; text++) {
		if (*text == '\'')
			buf_z(out, "'\\''");
		else if (strchr(special, *text))
			buf_printf(out, "\\%c", *text);
		else
			buf_char(out, *text);
	}
}

static void zsh_action(struct buf *out, const char *argument)
{
	buf_char(out, ':');
	zsh_text(out, argument, ":\\");
	buf_char(out, ':');
	switch (argument_kind(argument)) {
	case ARGUMENT_FILE:
		buf_z(out, "_files");
		break;
	case ARGUMENT_DIRECTORY:
		buf_z(out, "_files -/");
		break;
	case ARGUMENT_WORDS:
		buf_char(out, '(');
		argument_words(out, argument);
		buf_char(out, ')');
		break;
	case ARGUMENT_UNKNOWN:
		break;
	}
}

static void zsh_option(struct buf *out, const struct option *o)
{
	const char *equals = o->argument ? "=" : "";

	buf_z(out, "\t\t\t");
	if (o->kind == OPTION_LIST && o->letter)
		buf_printf(out, "'*'{-%c+,--%s=}'", o->letter, o->name);
	else if (o->kind == OPTION_LIST)
		buf_printf(out, "'*--%s=", o->name);
	else if (o->letter)
		buf_printf(out, "'(-%c --%s)'{-%c%s,--%s%s}'", o->letter, o->name, o->letter,
			   o->argument ? "+" : "", o->name, equals);
	else
		buf_printf(out, "'--%s%s", o->name, equals);
	buf_char(out, '[');
	zsh_text(out, o->help, "[]\\");
	buf_char(out, ']');
	if (o->argument)
		zsh_action(out, o->argument);
	buf_z(out, "' \\\n");
}

static void zsh_verb(struct buf *out, const struct verb *v)
{
	buf_printf(out, "\t%s)\n\t\t_arguments -s \\\n", v->name);
	for (const struct option *o = v->options; o->name; o++)
		zsh_option(out, o);
	if (argument_kind(v->arguments) == ARGUMENT_WORDS) {
		buf_z(out, "\t\t\t'1:what:(");
		argument_words(out, v->arguments);
		buf_z(out, ")'\n");
	} else if (argument_kind(v->arguments) == ARGUMENT_FILE) {
		buf_z(out, "\t\t\t'*:file:_files'\n");
	} else {
		buf_z(out, "\t\t\t'*: :'\n");
	}
	buf_z(out, "\t\t;;\n");
}

void completion_zsh(struct buf *out)
{
	buf_z(out, "#compdef esimrig\n"
	      "# Written from esimrig's tables of options.\n"
	      "\n"
	      "local -a verbs=(\n");
	for (const struct verb *const *v = verbs; *v; v++) {
		buf_printf(out, "\t'%s:", (*v)->name);
		zsh_text(out, (*v)->summary, ":\\");
		buf_z(out, "'\n");
	}
	buf_z(out, "\t'help:Say what a verb does'\n)\n"
	      "\n"
	      "if ((CURRENT == 2)); then\n"
	      "\t_describe verb verbs\n"
	      "\t_arguments '--help[Say what this does, and end]' "
	      "'--version[Say which version this is]'\n"
	      "\treturn\n"
	      "fi\n"
	      "\n"
	      "local verb=$words[2]\n"
	      "shift words\n"
	      "((CURRENT--))\n"
	      "case $verb in\n");
	for (const struct verb *const *v = verbs; *v; v++)
		zsh_verb(out, *v);
	buf_z(out, "\thelp)\n\t\t_describe verb verbs\n\t\t;;\nesac\n");
}
