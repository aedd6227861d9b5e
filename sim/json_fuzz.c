/* Whatever json_parse() accepts must survive being written and read again. */
#include "sim/json.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size };
	struct err err = { 0 };
	struct arena a = { 0 };
	cJSON *tree = json_parse(text, &err), *again;
	struct str value;
	int64_t number;
	struct buf b;
	char *copy;
	bool truth;

	assert(tree || err.msg[0]);
	if (tree) {
		copy = cJSON_PrintUnformatted(tree);
		assert(copy);
		again = json_parse(str_of(copy), &err);
		assert(again);
		cJSON_Delete(again);
		cJSON_free(copy);
		json_get_str(tree, "a", &a, &value, &err);
		json_get_int(tree, "a", &number, &err);
		json_get_bool(tree, "a", &truth, &err);
		cJSON_Delete(tree);
	}
	/* What we write is JSON, whatever the bytes; but no NUL is read. */
	buf_init(&b, 1 << 24);
	json_quote(&b, text);
	tree = json_parse(buf_view(&b), &err);
	if (size && memchr(data, '\0', size))
		assert(!tree);
	else
		assert(tree && cJSON_IsString(tree));
	cJSON_Delete(tree);
	buf_release(&b);
	arena_release(&a);
	return 0;
}
