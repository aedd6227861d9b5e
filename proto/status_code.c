#include "proto/status_code.h"

#include <assert.h>

static const struct status_code_row rows[STATUS_CODE_COUNT] = {
	{ "ok", "", "", "" },
#define STATUS_ROW(id, name, subject, reason, message) \
	{ name, subject, reason, message },
	STATUS_CODES(STATUS_ROW)
#undef STATUS_ROW
};

const struct status_code_row *status_code_row(enum status_code code)
{
	assert(code < STATUS_CODE_COUNT);
	return &rows[code];
}

enum status_code status_code_find(struct str subject, struct str reason)
{
	unsigned i = STATUS_OK + 1;

	while (i < STATUS_CODE_COUNT && !(str_is(subject, rows[i].subject) &&
					  str_is(reason, rows[i].reason)))
		i++;
	return (enum status_code)i;
}

enum status_code status_code_named(struct str name)
{
	unsigned i = STATUS_OK;

	while (i < STATUS_CODE_COUNT && !str_is(name, rows[i].name))
		i++;
	return (enum status_code)i;
}
