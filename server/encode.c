#define ZLIB_CONST
#include "server/encode.h"

#include "server/digest.h"

#include <assert.h>
#include <zlib.h>

enum {
	Q_ONE = 1000,		/* weights in thousandths */
	Q_NONE = -1,		/* not mentioned */
	RAW_MAX = 1 << 20,	/* of a piece */
	CHUNK = 16 << 10,
	TAG_BYTES = 12,
};

/* ---- Which one. -------------------------------------------------------- */

/* "1", "0.75"; what is malformed is not wanted. */
static int read_q(struct str s)
{
	int q, unit = Q_ONE;

	if (s.n == 0 || (s.p[0] != '0' && s.p[0] != '1') || s.n > 5 ||
	    (s.n > 1 && s.p[1] != '.'))
		return 0;
	q = (s.p[0] - '0') * Q_ONE;
	for (size_t i = 2; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return 0;
		unit /= 10;
		q += (s.p[i] - '0') * unit;
	}
	return q <= Q_ONE ? q : 0;
}

static int weight_of(struct str item)
{
	while (item.p) {
		struct str param = str_split(&item, ';');
		struct str name = str_trim(str_split(&param, '='));

		if (str_ieq(name, STR("q")))
			return read_q(str_trim(param));
	}
	return Q_ONE;
}

enum coding coding_wanted(struct str accept)
{
	int gzip = Q_NONE, deflate = Q_NONE, identity = Q_NONE, any = Q_NONE;

	while (accept.p) {
		struct str item = str_split(&accept, ',');
		struct str name = str_trim(str_split(&item, ';'));
		int q = weight_of(item);

		if (str_ieq(name, STR("gzip")) || str_ieq(name, STR("x-gzip")))
			gzip = q;
		else if (str_ieq(name, STR("deflate")))
			deflate = q;
		else if (str_ieq(name, STR("identity")))
			identity = q;
		else if (str_is(name, "*"))
			any = q;
	}
	gzip = gzip == Q_NONE ? any : gzip;
	deflate = deflate == Q_NONE ? any : deflate;
	if (gzip > 0 && gzip >= deflate && gzip >= identity)
		return CODING_GZIP;
	if (deflate > 0 && deflate >= identity)
		return CODING_DEFLATE;
	return CODING_IDENTITY;
}

/* ---- Compressing. ------------------------------------------------------ */

struct packer {
	struct http_stream stream;	/* first */
	struct http_stream *inner;
	struct buf raw;
	z_stream z;
};

static bool start(z_stream *z, enum coding coding)
{
	enum { ZLIB_BITS = 15, GZIP_BITS = 16 + ZLIB_BITS, MEMORY = 8 };

	return deflateInit2(z, Z_BEST_SPEED, Z_DEFLATED,
			    coding == CODING_GZIP ? GZIP_BITS : ZLIB_BITS,
			    MEMORY, Z_DEFAULT_STRATEGY) == Z_OK;
}

static void feed(z_stream *z, struct str in, bool last, struct buf *out)
{
	int rc;

	z->next_in = (const Bytef *)in.p;
	z->avail_in = (uInt)in.n;
	do {
		if (!buf_reserve(out, CHUNK))
			return;		/* `over`: who reads it notices */
		z->next_out = (Bytef *)out->p + out->n;
		z->avail_out = CHUNK;
		rc = deflate(z, last ? Z_FINISH : Z_NO_FLUSH);
		assert(rc != Z_STREAM_ERROR);
		out->n += CHUNK - z->avail_out;
		out->p[out->n] = '\0';
	} while (z->avail_out == 0);
}

static int next_piece(struct http_stream *st, struct buf *out)
{
	struct packer *p = (struct packer *)st;
	size_t before = out->n;
	int rc = 1;

	/* The first pieces may all stay inside the compressor. */
	while (rc > 0 && out->n == before) {
		buf_clear(&p->raw);
		rc = p->inner->next(p->inner, &p->raw);
		if (rc >= 0)
			feed(&p->z, buf_view(&p->raw), rc == 0, out);
		if (p->raw.over || out->over)
			return -1;
	}
	return rc;
}

static void close_packer(struct http_stream *st)
{
	struct packer *p = (struct packer *)st;

	p->inner->close(p->inner);
	deflateEnd(&p->z);
	buf_release(&p->raw);
}

static bool pack_stream(struct http_exchange *x, enum coding coding)
{
	struct packer *p = ARENA_NEW(x->arena, struct packer);

	if (!start(&p->z, coding))
		return false;
	p->stream = (struct http_stream){ .next = next_piece, .close = close_packer };
	p->inner = x->resp.stream;
	buf_init(&p->raw, RAW_MAX);
	x->resp.stream = &p->stream;
	return true;
}

static bool pack_body(struct http_exchange *x, enum coding coding)
{
	struct str body = x->resp.body;
	z_stream z = { 0 };
	struct buf out;
	bool good;

	if (!start(&z, coding))
		return false;
	buf_init(&out, body.n + CHUNK);
	feed(&z, body, true, &out);
	deflateEnd(&z);
	good = !out.over;
	if (good)
		x->resp.body = arena_str(x->arena, buf_view(&out));
	buf_release(&out);
	return good;
}

void encode_answer(struct http_exchange *x)
{
	struct http_headers *h = &x->resp.headers;
	enum coding coding;

	if (!x->resp.stream && x->resp.body.n < ENCODE_SIZE_MIN)
		return;
	http_header_set(h, x->arena, STR("Vary"), STR("Accept-Encoding"));
	coding = coding_wanted(http_header(&x->req.headers, "Accept-Encoding"));
	if (coding == CODING_IDENTITY)
		return;
	if (x->resp.stream ? pack_stream(x, coding) : pack_body(x, coding))
		http_header_set(h, x->arena, STR("Content-Encoding"),
				coding == CODING_GZIP ? STR("gzip") : STR("deflate"));
}

/* ---- Tags. ------------------------------------------------------------- */

static struct str opaque(struct str tag)
{
	tag = str_trim(tag);
	return str_starts(tag, STR("W/")) ? (struct str){ tag.p + 2, tag.n - 2 } : tag;
}

bool tag_matches(struct str header, struct str tag)
{
	if (header.p && str_is(str_trim(header), "*"))
		return true;
	while (header.p)
		if (str_eq(opaque(str_split(&header, ',')), opaque(tag)))
			return true;
	return false;
}

void encode_tag(struct http_exchange *x)
{
	static const char digits[] = "0123456789abcdef";
	/* Weak: it is the same whether the bytes are compressed or not. */
	char text[3 + 2 * TAG_BYTES + 1] = "W/\"", *p = text + 3;
	uint8_t digest[DIGEST_SIZE];
	struct str tag;

	digest_sha256(x->resp.body.p, x->resp.body.n, digest);
	for (size_t i = 0; i < TAG_BYTES; i++) {
		*p++ = digits[digest[i] >> 4];
		*p++ = digits[digest[i] & 15];
	}
	*p = '"';
	tag = arena_str(x->arena, (struct str){ text, sizeof(text) });
	http_header_set(&x->resp.headers, x->arena, STR("ETag"), tag);
	if (!tag_matches(http_header(&x->req.headers, "If-None-Match"), tag))
		return;
	/* The body stays: its length is told, though it is not sent. */
	x->resp.status = 304;
}
