#include "conformance/defects/sections.h"

#include <assert.h>

/* ---- All of them. -------------------------------------------------------------- */

static const struct section_row {
	const char *title;
	const struct defect *list;
	const size_t *count;
} sections[] = {
	{ "Root, inventory, item, bulk", defects_reading, &defects_reading_count },
	{ "Query, order, pages", defects_query, &defects_query_count },
	{ "Transactions, actions, profile rows", defects_actions, &defects_actions_count },
	{ "Operations, carriers", defects_operations, &defects_operations_count },
	{ "Access, errors, robustness", defects_access, &defects_access_count },
	{ "Plausible bugs of a rushed developer", defects_rushed, &defects_rushed_count },
};

enum { SECTIONS = sizeof(sections) / sizeof(sections[0]) };

size_t defect_count(void)
{
	size_t n = 0;

	for (size_t i = 0; i < SECTIONS; i++)
		n += *sections[i].count;
	return n;
}

const struct defect *defect_at(size_t i)
{
	for (size_t s = 0; s < SECTIONS; s++) {
		if (i < *sections[s].count)
			return &sections[s].list[i];
		i -= *sections[s].count;
	}
	assert(false);	/* no such defect */
	return NULL;
}

const char *defect_section(size_t i)
{
	for (size_t s = 0; s < SECTIONS; s++) {
		if (i < *sections[s].count)
			return sections[s].title;
		i -= *sections[s].count;
	}
	return "";
}

const struct defect *defect_find(struct str name)
{
	for (size_t i = 0; i < defect_count(); i++)
		if (str_is(name, defect_at(i)->name))
			return defect_at(i);
	return NULL;
}
