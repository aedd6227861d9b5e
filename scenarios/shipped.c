/*
 * The files are a tar archive (POSIX.1-1988, "ustar") that the Makefile makes
 * and the assembler puts into the program.
 */
#include "scenarios/shipped.h"

#include <assert.h>

enum {
	BLOCK = 512,
	/* Fields of a header: where they begin and how long they are. */
	NAME = 0, NAME_MAX_BYTES = 100,
	SIZE = 124, SIZE_DIGITS = 11,
	TYPE = 156,
	PATH_MAX_BYTES = 512,
};

__asm__(".pushsection .rodata\n"
	".globl shipped_archive, shipped_archive_end\n"
	".balign 8\n"
	"shipped_archive:\n"
	".incbin \"" SHIPPED_ARCHIVE "\"\n"
	"shipped_archive_end:\n"
	".byte 0\n"
	".popsection\n");

extern const char shipped_archive[], shipped_archive_end[];

static struct str field(const char *header, size_t at, size_t max)
{
	return (struct str){ header + at, strnlen(header + at, max) };
}

/* Made by us and never changed: it is as it should be. */
static size_t size_of(const char *header)
{
	size_t n = 0;

	for (size_t i = 0; i < SIZE_DIGITS; i++) {
		assert(header[SIZE + i] >= '0' && header[SIZE + i] <= '7');
		n = 8 * n + (size_t)(header[SIZE + i] - '0');
	}
	return n;
}

bool archive_next(struct str archive, size_t *at, struct shipped_file *file)
{
	size_t all = archive.n;

	while (*at + BLOCK <= all && archive.p[*at]) {
		const char *header = archive.p + *at;
		size_t size = size_of(header);

		*at += BLOCK + (size + BLOCK - 1) / BLOCK * BLOCK;
		assert(*at <= all);
		if (header[TYPE] != '0')
			continue;
		file->path = field(header, NAME, NAME_MAX_BYTES);
		file->text = (struct str){ header + BLOCK, size };
		return true;
	}
	return false;
}

bool shipped_next(size_t *at, struct shipped_file *file)
{
	return archive_next((struct str){ shipped_archive,
					  (size_t)(shipped_archive_end - shipped_archive) },
			    at, file);
}

/* Without "." and with ".." taken back; false if it leads out of the tree. */
static bool normalize(const char *path, char out[static PATH_MAX_BYTES], size_t *n)
{
	struct str rest = str_of(path), part;

	*n = 0;
	if (rest.n >= PATH_MAX_BYTES || *path == '/')
		return false;
	while (rest.p) {
		part = str_split(&rest, '/');
		if (part.n == 0 || str_is(part, "."))
			continue;
		if (str_is(part, "..")) {
			if (*n == 0)
				return false;
			while (*n > 0 && out[--*n] != '/')
				continue;
			continue;
		}
		if (*n)
			out[(*n)++] = '/';
		memcpy(out + *n, part.p, part.n);
		*n += part.n;
	}
	return true;
}

bool shipped_find(const char *path, struct shipped_file *file)
{
	char plain[PATH_MAX_BYTES];
	size_t n, at = 0;

	if (!normalize(path, plain, &n))
		return false;
	while (shipped_next(&at, file))
		if (str_eq(file->path, (struct str){ plain, n }))
			return true;
	return false;
}
