/*
 * When an edit does nothing: what has to be there for it, as a table.  It
 * spares the gallery the checks that a defect cannot touch; an edit that is
 * not in the table is never idle.
 */
#include "conformance/defects/edit_partly.h"
#include "conformance/defects/edit_picky.h"
#include "conformance/defects/edits.h"

static bool without(struct edit *e, const char *name)
{
	return !param_get(e, name).p;
}

static bool without_query(struct edit *e)
{
	return without(e, "query");
}

static bool without_orderby(struct edit *e)
{
	return without(e, "orderby");
}

static bool without_size(struct edit *e)
{
	return without(e, "size");
}

static bool without_cursor(struct edit *e)
{
	return without(e, "cursor");
}

static bool without_fields(struct edit *e)
{
	return without(e, "fields");
}

static bool without_any(struct edit *e)
{
	struct str list = str_of(e->arg), name;

	while (next_item(&list, ' ', &name))
		if (!without(e, arena_str(e->x->arena, name).p))
			return false;
	return true;
}

static bool with_size(struct edit *e)
{
	return !without_size(e) || !without_cursor(e);
}

static bool is_harmless(struct edit *e)
{
	return !edit_is_bad(e);
}

static bool is_writer(struct edit *e)
{
	const struct world_user *u = edit_user(e);

	return !u || u->role != SERVER_ROLE_READ_ONLY;
}

static bool without_key(struct edit *e)
{
	return !http_header(&e->req.headers, "X-API-KEY-ID").p;
}

static bool without_suffix(struct edit *e)
{
	return !str_ends(e->req.path, str_of(e->arg));
}

static bool body_lacks(const struct edit *e, const char *text)
{
	return str_find(e->req.body, str_of(text)) < 0;
}

static bool not_such_cause(struct edit *e)
{
	return e->arg[0] && body_lacks(e, arena_printf(e->x->arena, "\"%s\"", e->arg).p);
}

/* complete=true makes another report of one that is not. */
static bool is_complete(struct edit *e)
{
	return str_ends(str_of(e->arg), STR("true")) && body_lacks(e, "false");
}

static bool without_removed(struct edit *e)
{
	return body_lacks(e, "removed");
}

/* "operation:delete=disable", "activate=download": the word that is changed. */
static bool without_word(struct edit *e)
{
	struct str left = str_of(e->arg), word = str_split(&left, '=');

	if (str_find(word, STR(":")) >= 0)
		str_split(&word, ':');
	return !e->replying && str_find(e->req.body, word) < 0;
}

static bool is_sound_json(struct edit *e)
{
	struct err err;
	cJSON *tree = json_parse(e->req.body, &err);

	cJSON_Delete(tree);
	return tree || !str_is(e->req.method, "POST");
}

static bool has_member(struct edit *e)
{
	return !body_lacks(e, arena_printf(e->x->arena, "\"%s\"", e->arg).p);
}

static const struct {
	edit_fn *fn;
	bool (*idle)(struct edit *e);
} rows[] = {
	{ query_swap, without_query },
	{ query_text_swap, without_query },
	{ query_without, without_query },
	{ query_left, without_query },
	{ query_or_first, without_query },
	{ query_first, without_query },
	{ query_units, without_query },
	{ query_ahead, without_query },
	{ query_quotes, without_query },
	{ query_days, without_query },
	{ query_wildcards, without_query },
	{ query_trims, without_query },
	{ query_refuse, without_query },
	{ query_in_page, without_query },
	{ rows_none_if, without_query },
	{ rows_case, without_query },
	{ rows_digits, without_query },
	{ order_flip, without_orderby },
	{ order_up, without_orderby },
	{ order_by, without_orderby },
	{ order_bare, without_orderby },
	{ order_in_page, without_orderby },
	{ order_digits, without_orderby },
	{ order_case, without_orderby },
	{ order_loses, without_orderby },
	{ order_alone, without_orderby },
	{ page_more, without_size },
	{ param_cap, without_size },
	{ param_add, without_size },
	{ page_default, with_size },
	{ cursor_skips, without_cursor },
	{ cursor_once, without_cursor },
	{ cursor_500, without_cursor },
	{ cursor_default_size, without_cursor },
	{ csv_rows_all, without_fields },
	{ param_sort, without_fields },
	{ param_drop, without_any },
	{ server_error_if, is_harmless },
	{ drops_if, is_harmless },
	{ waits_if, is_harmless },
	{ readers_not, is_writer },
	{ keys_not, without_key },
	{ as_key, without_key },
	{ suffix_404, without_suffix },
	{ report_lost, not_such_cause },
	{ report_put, is_complete },
	{ report_gone, without_removed },
	{ member_map, without_word },
	{ op_as, without_word },
	{ not_json_500, is_sound_json },
	{ dies_of_bad_input, is_sound_json },
	{ member_required, has_member },
};

bool edit_is_idle(edit_fn *fn, struct edit *e)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].fn == fn)
			return rows[i].idle(e);
	return picky_is_idle(fn, e) || partly_is_idle(fn, e);
}
