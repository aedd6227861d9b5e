#include "server/messages.h"

#include <assert.h>

static const struct {
	const char *code, *from, *text;
} table[MSG_COUNT] = {
#define X(name, code, from, text) { code, from, text },
	MESSAGES(X)
#undef X
};

static const struct {
	const char *result;
	enum message message;
} results[] = {
	{ "iccidOrAidNotFound", MSG_ICCID_NOT_FOUND },
	{ "profileNotInDisabledState", MSG_NOT_DISABLED },
	{ "profileNotInEnabledState", MSG_NOT_ENABLED },
	{ "disallowedByPolicy", MSG_DISALLOWED_BY_POLICY },
	{ "wrongProfileReenabling", MSG_WRONG_REENABLING },
	{ "catBusy", MSG_CAT_BUSY },
	{ "undefinedError", MSG_UNDEFINED_ERROR },
	{ "downloadFailed", MSG_DOWNLOAD_FAILED },
	{ "noNetwork", MSG_NO_NETWORK },
	{ "memoryFull", MSG_MEMORY_FULL },
	{ "duplicateIccid", MSG_DUPLICATE_ICCID },
	{ "interrupted", MSG_INTERRUPTED },
	{ "smdpUnreachable", MSG_SMDP_UNREACHABLE },
	{ "smdpRefused", MSG_SMDP_REFUSED },
};

const char *message_code(enum message m)
{
	assert(m < MSG_COUNT);
	return table[m].code;
}

const char *message_text(enum message m)
{
	assert(m < MSG_COUNT);
	return table[m].text;
}

enum message message_of_result(struct str result_code)
{
	for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++)
		if (str_is(result_code, results[i].result))
			return results[i].message;
	return MSG_DEVICE_FAILED;
}

void messages_print(struct buf *out)
{
	buf_z(out, "| `message_code` | from | text |\n|---|---|---|\n");
	for (size_t i = 0; i < MSG_COUNT; i++)
		buf_printf(out, "| `%s` | %s | %s |\n", table[i].code,
			   table[i].from, table[i].text);
}
