#include "cli/page.h"

#include "scenarios/shipped.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

#define FOLDER "cli/dashboard/"

enum { FILES_MAX = 128, ETAG_SIZE = 24 };

struct page_file {
	struct str name, body, packed;	/* packed: owned; empty: it is not worth it */
	const char *type;
	char etag[ETAG_SIZE];
};

struct page {
	struct http_handler handler;	/* first */
	struct page_file files[FILES_MAX];
	size_t count;
};

__asm__(".pushsection .rodata\n"
	".globl page_archive, page_archive_end\n"
	".balign 8\n"
	"page_archive:\n"
	".incbin \"" PAGE_ARCHIVE "\"\n"
	"page_archive_end:\n"
	".byte 0\n"
	".popsection\n");

extern const char page_archive[], page_archive_end[];

static const struct {
	const char *end, *type;
} types[] = {
	{ ".html", "text/html; charset=utf-8" }, { ".css", "text/css; charset=utf-8" },
	{ ".js", "text/javascript; charset=utf-8" }, { ".svg", "image/svg+xml" },
	{ ".json", "application/json" }, { ".woff2", "font/woff2" },
};

/* What the page may do: use what comes from here, and nothing else. */
static const char *const headers[][2] = {
	{ "Content-Security-Policy", "default-src 'none'; script-src 'self'; "
	  "style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
	  "connect-src 'self'; base-uri 'none'; form-action 'none'; "
	  "frame-ancestors 'none'" },
	{ "X-Content-Type-Options", "nosniff" },
	{ "Referrer-Policy", "no-referrer" },
	{ "Cross-Origin-Opener-Policy", "same-origin" },
	{ "Cross-Origin-Resource-Policy", "same-origin" },
	{ "Cache-Control", "no-cache" },
	{ "Vary", "Accept-Encoding" },
};

static const char *type_of(struct str name)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (str_ends(name, str_of(types[i].end)))
			return types[i].type;
	return "application/octet-stream";
}

static struct str pack(struct str body)
{
	z_stream z = { 0 };
	size_t room;
	char *out;
	int rc = deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY);

	assert(rc == Z_OK);
	room = deflateBound(&z, body.n);
	out = malloc(room);
	assert(out);
	z.next_in = (unsigned char *)(uintptr_t)body.p;
	z.avail_in = (unsigned)body.n;
	z.next_out = (unsigned char *)out;
	z.avail_out = (unsigned)room;
	rc = deflate(&z, Z_FINISH);
	assert(rc == Z_STREAM_END);
	room = z.total_out;
	deflateEnd(&z);
	if (room < body.n)
		return (struct str){ out, room };
	free(out);
	return STR_NONE;
}

static void add(struct page *p, const struct shipped_file *shipped)
{
	struct page_file *f = &p->files[p->count];
	struct str folder = STR(FOLDER);

	if (p->count == FILES_MAX || !str_starts(shipped->path, folder))
		return;
	p->count++;
	f->name = (struct str){ shipped->path.p + folder.n, shipped->path.n - folder.n };
	f->body = shipped->text;
	f->packed = pack(f->body);
	f->type = type_of(f->name);
	snprintf(f->etag, sizeof(f->etag), "\"%08lx-%zx\"",
		 crc32(0, (const unsigned char *)f->body.p, (unsigned)f->body.n),
		 f->body.n);
}

static const struct page_file *find(const struct page *p, struct str path)
{
	struct str name = { path.p + 1, path.n - 1 };

	if (!name.n)
		name = STR("index.html");
	for (size_t i = 0; i < p->count; i++)
		if (str_eq(p->files[i].name, name))
			return &p->files[i];
	return NULL;
}

static bool wants_gzip(const struct http_exchange *x)
{
	struct str list = http_header(&x->req.headers, "Accept-Encoding");

	while (list.p) {
		struct str one = str_trim(str_split(&list, ','));

		if (str_ieq(one, STR("gzip")))
			return true;
	}
	return false;
}

static void send_file(const struct page_file *f, struct http_exchange *x)
{
	struct str known = http_header(&x->req.headers, "If-None-Match");
	bool packed = f->packed.n && wants_gzip(x);

	http_header_set(&x->resp.headers, x->arena, STR("ETag"), str_of(f->etag));
	if (known.p && str_find(known, str_of(f->etag)) >= 0) {
		http_respond(x, 304, NULL, STR_NONE);
		return;
	}
	if (packed)
		http_header_set(&x->resp.headers, x->arena, STR("Content-Encoding"),
				STR("gzip"));
	http_respond(x, 200, f->type, packed ? f->packed : f->body);
}

static void handle(struct http_handler *h, struct http_exchange *x)
{
	const struct page *p = (struct page *)h;
	const struct page_file *f = find(p, x->req.path);

	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		http_header_set(&x->resp.headers, x->arena, str_of(headers[i][0]),
				str_of(headers[i][1]));
	if (!str_is(x->req.method, "GET") && !str_is(x->req.method, "HEAD")) {
		http_header_set(&x->resp.headers, x->arena, STR("Allow"), STR("GET, HEAD"));
		http_respond(x, 405, "text/plain", STR("only GET\n"));
	} else if (f) {
		send_file(f, x);
	} else {
		http_respond(x, 404, "text/plain", STR("there is no such page\n"));
	}
}

struct page *page_new(void)
{
	struct str archive = { page_archive, (size_t)(page_archive_end - page_archive) };
	struct page *p = calloc(1, sizeof(*p));
	struct shipped_file file;
	size_t at = 0;

	assert(p);
	p->handler.handle = handle;
	while (archive_next(archive, &at, &file))
		add(p, &file);
	return p;
}

void page_free(struct page *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->count; i++)
		free((char *)(uintptr_t)p->files[i].packed.p);
	free(p);
}

struct http_handler *page_handler(struct page *p)
{
	return &p->handler;
}
