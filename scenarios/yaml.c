#include "scenarios/yaml.h"
#include "scenarios/shipped.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <yaml.h>

/* ---- Reading the file. -------------------------------------------------- */

static int read_all(int fd, char *p, size_t size, size_t *n)
{
	ssize_t got;

	for (*n = 0; *n < size; *n += (size_t)got) {
		got = read(fd, p + *n, size - *n);
		if (got < 0 && errno == EINTR)
			got = 0;
		else if (got < 0)
			return -1;
		else if (got == 0)
			break;
	}
	return 0;
}

static int check_file(const struct stat *st, struct pos at, const char *path,
		      struct diag *d)
{
	if (S_ISDIR(st->st_mode))
		return diag_add(d, at, 1, "%s: a directory; expected a YAML file",
				path);
	if (!S_ISREG(st->st_mode))
		return diag_add(d, at, 1, "%s: not a regular file", path);
	if (st->st_size > YAML_SIZE_MAX)
		return diag_add(d, at, 1,
				"%s: %lld bytes; expected at most %d",
				path, (long long)st->st_size, YAML_SIZE_MAX);
	return 0;
}

/* Editors put a byte order mark before a text; libyaml, told that it is UTF-8, stumbles. */
static struct str behind_mark(struct str text)
{
	struct str mark = STR("\xEF\xBB\xBF");

	return str_starts(text, mark) ?
	       (struct str){ text.p + mark.n, text.n - mark.n } : text;
}

static struct source *new_source(struct arena *a, const char *path, struct str text)
{
	struct source *source = ARENA_NEW(a, struct source);

	source->name = arena_str(a, str_of(path));
	source->text = text;
	return source;
}

static struct source *read_shipped(const char *path, struct arena *a)
{
	struct shipped_file file;

	return shipped_find(path, &file) ?
	       new_source(a, path, arena_str(a, file.text)) : NULL;
}

struct source *yaml_read(const char *path, struct pos from, struct arena *a,
			 struct diag *d)
{
	/* A FIFO must not make us wait. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct source *source = NULL;
	struct stat st;
	size_t size, n;
	char *text;

	if (fd < 0) {
		int why = errno;

		source = why == ENOENT || why == ENOTDIR ? read_shipped(path, a) : NULL;
		if (!source)
			diag_add(d, from, 1, "%s: %s", path, strerror(why));
		return source;
	}
	if (fstat(fd, &st) < 0 || check_file(&st, from, path, d) < 0)
		goto out;
	size = (size_t)st.st_size;
	text = arena_alloc(a, size + 1);
	if (read_all(fd, text, size, &n) < 0) {
		diag_add(d, from, 1, "%s: %s", path, strerror(errno));
		goto out;
	}
	source = new_source(a, path, behind_mark((struct str){ text, n }));
out:
	close(fd);
	return source;
}

/* ---- Types of plain scalars (YAML 1.2.2, section 10.3.2). --------------- */

static bool is_one_of(struct str s, const char *const words[3])
{
	for (int i = 0; i < 3; i++)
		if (str_is(s, words[i]))
			return true;
	return false;
}

static size_t skip_digits(struct str s, size_t i)
{
	while (i < s.n && s.p[i] >= '0' && s.p[i] <= '9')
		i++;
	return i;
}

static bool is_based(struct str s, char mark, const char *digits)
{
	if (s.n < 3 || s.n > 17 || s.p[0] != '0' || s.p[1] != mark)
		return false;
	for (size_t i = 2; i < s.n; i++)
		if (!strchr(digits, s.p[i]))
			return false;
	return true;
}

/* [-+]? [0-9]+, or the same with a fraction or an exponent. */
static bool is_number(struct str s, bool *fraction)
{
	size_t i = s.n && (s.p[0] == '-' || s.p[0] == '+'), from = i, whole;

	*fraction = false;
	i = skip_digits(s, i);
	whole = i - from;
	if (i < s.n && s.p[i] == '.') {
		*fraction = true;
		from = ++i;
		i = skip_digits(s, i);
		whole += i - from;
	}
	if (whole == 0)
		return false;
	if (i < s.n && (s.p[i] == 'e' || s.p[i] == 'E')) {
		*fraction = true;
		i++;
		if (i < s.n && (s.p[i] == '-' || s.p[i] == '+'))
			i++;
		from = i;
		i = skip_digits(s, i);
		if (i == from)
			return false;
	}
	return i == s.n;
}

/* A number that no int64_t holds stays text: an EID keeps its digits. */
static void resolve_int(struct value *v, int base)
{
	const char *digits = v->text.p + (base == 10 ? 0 : 2);
	char *end;

	errno = 0;
	v->as.i = strtoll(digits, &end, base);
	if (errno == 0)
		v->kind = VALUE_INT;
}

static bool resolve_special_float(struct value *v)
{
	static const char *const inf[3] = { ".inf", ".Inf", ".INF" };
	static const char *const nan[3] = { ".nan", ".NaN", ".NAN" };
	struct str s = v->text;
	bool minus = s.n && s.p[0] == '-';

	if (is_one_of(s, nan)) {
		v->as.f = NAN;
		return true;
	}
	if (s.n && (s.p[0] == '-' || s.p[0] == '+'))
		s = (struct str){ s.p + 1, s.n - 1 };
	if (!is_one_of(s, inf))
		return false;
	v->as.f = minus ? -INFINITY : INFINITY;
	return true;
}

static void resolve_number(struct value *v)
{
	bool fraction;

	if (is_based(v->text, 'x', "0123456789abcdefABCDEF")) {
		resolve_int(v, 16);
	} else if (is_based(v->text, 'o', "01234567")) {
		resolve_int(v, 8);
	} else if (is_number(v->text, &fraction)) {
		if (!fraction) {
			resolve_int(v, 10);
			return;
		}
		v->as.f = strtod(v->text.p, NULL);
		v->kind = VALUE_FLOAT;
	} else if (resolve_special_float(v)) {
		v->kind = VALUE_FLOAT;
	}
}

void yaml_resolve(struct value *v)
{
	static const char *const nulls[3] = { "null", "Null", "NULL" };
	static const char *const trues[3] = { "true", "True", "TRUE" };
	static const char *const falses[3] = { "false", "False", "FALSE" };
	struct str s = v->text;

	v->kind = VALUE_STR;
	if (s.n == 0 || str_is(s, "~") || is_one_of(s, nulls)) {
		v->kind = VALUE_NULL;
	} else if (is_one_of(s, trues) || is_one_of(s, falses)) {
		v->kind = VALUE_BOOL;
		v->as.b = s.p[0] == 't' || s.p[0] == 'T';
	} else if ((s.p[0] >= '0' && s.p[0] <= '9') || s.p[0] == '-' ||
		   s.p[0] == '+' || s.p[0] == '.') {
		resolve_number(v);
	}
}

/* ---- Events into a tree. ------------------------------------------------ */

struct anchor {
	struct str name;
	const struct value *value;	/* NULL while it is being read */
};

struct builder {
	yaml_parser_t parser;
	const struct source *source;
	struct arena *arena;
	struct diag *diag;
	struct anchor anchors[YAML_ANCHORS_MAX];
	size_t anchor_count;
	/* Members (of lists: without keys) of all open collections. */
	struct member *stack;
	size_t stack_len, stack_cap;
	size_t nodes;			/* aliases written out */
};

static struct pos pos_of(const struct builder *b, yaml_mark_t mark)
{
	return (struct pos){ b->source, (unsigned)mark.line + 1,
			     (unsigned)mark.column + 1 };
}

static unsigned width_of(const yaml_event_t *e)
{
	if (e->end_mark.line != e->start_mark.line ||
	    e->end_mark.column <= e->start_mark.column)
		return 1;
	return (unsigned)(e->end_mark.column - e->start_mark.column);
}

/* libyaml's words for what people do most are of no help to them. */
static int parser_error(struct builder *b)
{
	const yaml_parser_t *p = &b->parser;
	struct pos pos = pos_of(b, p->problem_mark);
	const char *problem = p->problem ? p->problem : "not YAML";
	struct str line = pos_line(pos);

	if (strstr(problem, "cannot start any token") && pos.column <= line.n &&
	    line.p[pos.column - 1] == '\t')
		return diag_add(b->diag, pos, 1,
				"a tab cannot indent in YAML; expected spaces");
	diag_add(b->diag, pos, 1, "not YAML: %s%s%s", problem,
		 p->context ? " " : "", p->context ? p->context : "");
	if (strstr(problem, "mapping values are not allowed"))
		diag_hint(b->diag, "a text with ': ' in it needs quotes");
	else if (strstr(problem, "cannot start any token"))
		diag_hint(b->diag, "a text that begins so needs quotes");
	else if (p->context && p->context_mark.line + 1 < pos.line)
		diag_hint(b->diag, "that began in line %zu",
			  p->context_mark.line + 1);
	return -1;
}

static int next_event(struct builder *b, yaml_event_t *e)
{
	if (!yaml_parser_parse(&b->parser, e))
		return parser_error(b);
	return 0;
}

static int push(struct builder *b, struct member m)
{
	if (b->stack_len == b->stack_cap) {
		b->stack_cap = b->stack_cap ? 2 * b->stack_cap : 64;
		b->stack = realloc(b->stack, b->stack_cap * sizeof(*b->stack));
		assert(b->stack);
	}
	b->stack[b->stack_len++] = m;
	return 0;
}

static int count_nodes(struct builder *b, struct pos pos, size_t n)
{
	b->nodes += n;
	if (b->nodes > YAML_NODES_MAX)
		return diag_add(b->diag, pos, 1,
				"more than %d values, aliases (*x) written out",
				YAML_NODES_MAX);
	return 0;
}

static int define_anchor(struct builder *b, const yaml_char_t *name,
			 struct pos pos, size_t *slot)
{
	*slot = SIZE_MAX;
	if (!name)
		return 0;
	if (b->anchor_count == YAML_ANCHORS_MAX)
		return diag_add(b->diag, pos, 1, "more than %d anchors (&x)",
				YAML_ANCHORS_MAX);
	*slot = b->anchor_count++;
	b->anchors[*slot] = (struct anchor){
		.name = arena_str(b->arena, str_of((const char *)name)),
	};
	return 0;
}

static int check_tag(struct builder *b, const yaml_char_t *tag, struct pos pos,
		     const char *allowed)
{
	if (!tag || strcmp((const char *)tag, "!") == 0 ||
	    strcmp((const char *)tag, allowed) == 0)
		return 0;
	return diag_add(b->diag, pos, 1,
			"tag '%s' is not supported; only !!str is", (const char *)tag);
}

static const struct value *read_node(struct builder *b, yaml_event_t *e,
				     unsigned depth);

static const struct value *read_alias(struct builder *b, const yaml_event_t *e,
				      unsigned depth)
{
	struct str name = str_of((const char *)e->data.alias.anchor);
	struct pos pos = pos_of(b, e->start_mark);
	const struct value *v;

	/* From the end: a name may be defined anew. */
	for (size_t i = b->anchor_count; i-- > 0;) {
		if (!str_eq(b->anchors[i].name, name))
			continue;
		v = b->anchors[i].value;
		if (!v) {
			diag_add(b->diag, pos, width_of(e),
				 "*%.*s stands inside the value it names",
				 STRF(name));
			return NULL;
		}
		if (depth + v->height > YAML_DEPTH_MAX) {
			diag_add(b->diag, pos, width_of(e),
				 "nested deeper than %d levels", YAML_DEPTH_MAX);
			return NULL;
		}
		return count_nodes(b, pos, v->weight) < 0 ? NULL : v;
	}
	diag_add(b->diag, pos, width_of(e), "no anchor &%.*s before this",
		 STRF(name));
	return NULL;
}

static const struct value *read_scalar(struct builder *b, const yaml_event_t *e)
{
	struct pos pos = pos_of(b, e->start_mark);
	struct value *v = value_new(b->arena, VALUE_STR, pos);
	const char *tag = (const char *)e->data.scalar.tag;
	size_t slot;

	if (check_tag(b, e->data.scalar.tag, pos, YAML_STR_TAG) < 0 ||
	    define_anchor(b, e->data.scalar.anchor, pos, &slot) < 0 ||
	    count_nodes(b, pos, 1) < 0)
		return NULL;
	v->width = width_of(e);
	v->text = arena_str(b->arena, (struct str){
		(const char *)e->data.scalar.value, e->data.scalar.length });
	if (memchr(v->text.p, '\0', v->text.n)) {
		diag_add(b->diag, pos, v->width, "a text with a NUL byte (\\0)");
		return NULL;
	}
	v->quoted = e->data.scalar.style != YAML_PLAIN_SCALAR_STYLE || tag;
	if (!v->quoted)
		yaml_resolve(v);
	v->templated = str_find(v->text, STR("${")) >= 0;
	if (slot != SIZE_MAX)
		b->anchors[slot].value = v;
	return v;
}

/* Counts, and the members read since `base`, off the stack. */
static void finish(struct builder *b, struct value *v, size_t base)
{
	struct member *m, *members;
	const struct value **items;

	v->count = b->stack_len - base;
	b->stack_len = base;
	if (v->count == 0)
		return;
	m = b->stack + base;
	for (size_t i = 0; i < v->count; i++) {
		v->weight += m[i].value->weight;
		if (m[i].value->height + 1 > v->height)
			v->height = m[i].value->height + 1;
		v->templated |= m[i].value->templated ||
				(m[i].key.p && str_find(m[i].key, STR("${")) >= 0);
	}
	if (v->kind == VALUE_MAP) {
		members = arena_array(b->arena, v->count, sizeof(*m));
		memcpy(members, m, v->count * sizeof(*m));
		v->members = members;
		return;
	}
	items = arena_array(b->arena, v->count, sizeof(*items));
	for (size_t i = 0; i < v->count; i++)
		items[i] = m[i].value;
	v->items = items;
}

static int read_items(struct builder *b, unsigned depth)
{
	struct member m = { 0 };
	yaml_event_t e;

	for (;;) {
		if (next_event(b, &e) < 0)
			return -1;
		if (e.type == YAML_SEQUENCE_END_EVENT)
			break;
		m.value = read_node(b, &e, depth);
		yaml_event_delete(&e);
		if (!m.value)
			return -1;
		push(b, m);
	}
	yaml_event_delete(&e);
	return 0;
}

static int read_key(struct builder *b, const yaml_event_t *e, struct member *m)
{
	struct pos pos = pos_of(b, e->start_mark);

	if (e->type != YAML_SCALAR_EVENT)
		return diag_add(b->diag, pos, 1, "expected a text as a key, found %s",
				e->type == YAML_ALIAS_EVENT ? "an alias" :
				e->type == YAML_MAPPING_START_EVENT ? "a map" : "a list");
	m->key = arena_str(b->arena, (struct str){
		(const char *)e->data.scalar.value, e->data.scalar.length });
	m->pos = pos;
	m->width = width_of(e);
	if (str_is(m->key, "<<") &&
	    e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE) {
		diag_add(b->diag, pos, 2, "merge keys (<<) are not YAML 1.2");
		diag_hint(b->diag, "use include, or an alias for the whole map");
		return -1;
	}
	return 0;
}

static int read_members(struct builder *b, unsigned depth)
{
	yaml_event_t e;
	int rc;

	for (;;) {
		struct member m = { 0 };

		if (next_event(b, &e) < 0)
			return -1;
		if (e.type == YAML_MAPPING_END_EVENT)
			break;
		rc = read_key(b, &e, &m);
		yaml_event_delete(&e);
		if (rc < 0 || next_event(b, &e) < 0)
			return -1;
		m.value = read_node(b, &e, depth);
		yaml_event_delete(&e);
		if (!m.value)
			return -1;
		push(b, m);
	}
	yaml_event_delete(&e);
	return 0;
}

static int check_duplicates(struct builder *b, struct value *map)
{
	const struct member *again = value_index(map, b->arena);

	if (!again)
		return 0;
	diag_add(b->diag, again->pos, again->width, "key '%.*s' is given twice",
		 STRF(again->key));
	diag_hint(b->diag, "first in line %u", value_member(map, again->key)->pos.line);
	return -1;
}

static const struct value *read_collection(struct builder *b,
					   const yaml_event_t *e, unsigned depth)
{
	bool map = e->type == YAML_MAPPING_START_EVENT;
	struct pos pos = pos_of(b, e->start_mark);
	struct value *v = value_new(b->arena, map ? VALUE_MAP : VALUE_LIST, pos);
	size_t slot, base = b->stack_len;

	if (depth >= YAML_DEPTH_MAX) {
		diag_add(b->diag, pos, 1, "nested deeper than %d levels",
			 YAML_DEPTH_MAX);
		return NULL;
	}
	if (check_tag(b, map ? e->data.mapping_start.tag :
		      e->data.sequence_start.tag, pos,
		      map ? YAML_MAP_TAG : YAML_SEQ_TAG) < 0 ||
	    define_anchor(b, map ? e->data.mapping_start.anchor :
			  e->data.sequence_start.anchor, pos, &slot) < 0 ||
	    count_nodes(b, pos, 1) < 0)
		return NULL;
	if ((map ? read_members(b, depth + 1) : read_items(b, depth + 1)) < 0)
		return NULL;
	finish(b, v, base);
	if (map && check_duplicates(b, v) < 0)
		return NULL;
	if (slot != SIZE_MAX)
		b->anchors[slot].value = v;
	return v;
}

/* `e` is the node's first event; it stays the caller's. */
static const struct value *read_node(struct builder *b, yaml_event_t *e,
				     unsigned depth)
{
	if (e->type == YAML_ALIAS_EVENT)
		return read_alias(b, e, depth);
	if (e->type == YAML_SCALAR_EVENT)
		return read_scalar(b, e);
	assert(e->type == YAML_SEQUENCE_START_EVENT ||
	       e->type == YAML_MAPPING_START_EVENT);
	return read_collection(b, e, depth);
}

static int skip_event(struct builder *b, yaml_event_type_t *type, struct pos *pos)
{
	yaml_event_t e;

	if (next_event(b, &e) < 0)
		return -1;
	*type = e.type;
	*pos = pos_of(b, e.start_mark);
	yaml_event_delete(&e);
	return 0;
}

static const struct value *read_document(struct builder *b)
{
	struct pos start = { b->source, 1, 1 }, pos;
	const struct value *root;
	yaml_event_type_t type;
	yaml_event_t e;

	if (skip_event(b, &type, &pos) < 0 ||		/* stream start */
	    skip_event(b, &type, &pos) < 0)
		return NULL;
	if (type == YAML_STREAM_END_EVENT) {
		diag_add(b->diag, start, 1, "nothing in it; expected YAML");
		return NULL;
	}
	if (next_event(b, &e) < 0)
		return NULL;
	root = read_node(b, &e, 0);
	yaml_event_delete(&e);
	if (!root || skip_event(b, &type, &pos) < 0 ||	/* document end */
	    skip_event(b, &type, &pos) < 0)
		return NULL;
	if (type != YAML_STREAM_END_EVENT) {
		diag_add(b->diag, pos, 1, "a second document; expected one in a file");
		return NULL;
	}
	return root;
}

/* ---- Bytes that cannot be YAML. ----------------------------------------- */

static struct pos pos_of_byte(const struct source *source, size_t at)
{
	struct pos pos = { source, 1, 1 };

	for (size_t i = 0; i < at; i++) {
		unsigned char c = (unsigned char)source->text.p[i];

		if (c == '\n') {
			pos.line++;
			pos.column = 1;
		} else if ((c & 0xC0) != 0x80) {
			pos.column++;
		}
	}
	return pos;
}

/* The first byte that is not UTF-8, in a text that is not. */
static size_t bad_byte(struct str s)
{
	size_t at = 0, n;

	while (at < s.n) {
		for (n = 1; n <= 4 && n <= s.n - at; n++)
			if (str_is_utf8((struct str){ s.p + at, n }))
				break;
		if (n > 4 || n > s.n - at)
			return at;
		at += n;
	}
	return 0;
}

static int check_bytes(const struct source *source, struct diag *d)
{
	struct str s = source->text;
	const char *nul = s.n ? memchr(s.p, '\0', s.n) : NULL;
	struct pos file = { source, 0, 0 };
	size_t at;

	if (s.n > YAML_SIZE_MAX)
		return diag_add(d, file, 1, "%zu bytes; expected at most %d",
				s.n, YAML_SIZE_MAX);
	if (nul)
		return diag_add(d, file, 1,
				"a binary file (byte %td is NUL); expected YAML",
				nul - s.p + 1);
	if (str_is_utf8(s))
		return 0;
	at = bad_byte(s);
	return diag_add(d, pos_of_byte(source, at), 1,
			"byte 0x%02X is not UTF-8", (unsigned char)s.p[at]);
}

const struct value *yaml_parse(const struct source *source, struct arena *a,
			       struct diag *d)
{
	const struct value *root = NULL;
	struct builder *b;

	if (check_bytes(source, d) < 0)
		return NULL;
	b = calloc(1, sizeof(*b));
	assert(b);
	b->source = source;
	b->arena = a;
	b->diag = d;
	if (!yaml_parser_initialize(&b->parser)) {
		diag_add(d, (struct pos){ source, 0, 0 }, 1, "out of memory");
		goto out;
	}
	yaml_parser_set_encoding(&b->parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&b->parser,
				     (const unsigned char *)source->text.p,
				     source->text.n);
	root = read_document(b);
	yaml_parser_delete(&b->parser);
out:
	free(b->stack);
	free(b);
	return root;
}
