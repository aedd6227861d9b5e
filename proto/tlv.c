#include "proto/tlv.h"

#include <assert.h>

enum { TAG_BYTES_MAX = 3, LENGTH_BYTES_MAX = 3 };

/* ---- Reading. --------------------------------------------------------- */

static unsigned char byte_at(struct str s, size_t i)
{
	return (unsigned char)s.p[i];
}

/* The bytes of a tag at the start of `s`, or 0 if it is cut or too long. */
static size_t read_tag(struct str s, uint32_t *tag)
{
	size_t n = 1;

	if (s.n == 0)
		return 0;
	*tag = byte_at(s, 0);
	if ((*tag & 0x1F) != 0x1F)
		return 1;
	do {
		if (n == s.n || n == TAG_BYTES_MAX)
			return 0;
		*tag = *tag << 8 | byte_at(s, n);
	} while (byte_at(s, n++) & 0x80);
	return n;
}

/* The bytes of a length at the start of `s`, or 0. */
static size_t read_length(struct str s, size_t *length)
{
	size_t more;

	if (s.n == 0)
		return 0;
	*length = byte_at(s, 0);
	if (*length < 0x80)
		return 1;
	more = *length & 0x7F;
	/* 80 is the indefinite form, which DER does not have. */
	if (more == 0 || more > LENGTH_BYTES_MAX || more >= s.n)
		return 0;
	*length = 0;
	for (size_t i = 1; i <= more; i++)
		*length = *length << 8 | byte_at(s, i);
	return 1 + more;
}

static struct str skip(struct str s, size_t n)
{
	return (struct str){ s.p + n, s.n - n };
}

int tlv_head(struct str *in, uint32_t *tag, size_t *value_n, struct err *err)
{
	size_t tag_n = read_tag(*in, tag), length_n;

	if (!tag_n)
		return err_set(err, ERR_INVALID,
			       "TLV: expected a tag of at most %d bytes, found %zu bytes that are none",
			       TAG_BYTES_MAX, in->n);
	length_n = read_length(skip(*in, tag_n), value_n);
	if (!length_n)
		return err_set(err, ERR_INVALID,
			       "TLV %X: expected a length of at most %d bytes",
			       *tag, LENGTH_BYTES_MAX + 1);
	*in = skip(*in, tag_n + length_n);
	return 0;
}

int tlv_next(struct str *in, struct tlv *t, struct err *err)
{
	struct str start = *in;
	size_t n;

	if (in->n == 0)
		return 0;
	if (tlv_head(in, &t->tag, &n, err) < 0)
		return -1;
	if (n > in->n)
		return err_set(err, ERR_INVALID,
			       "TLV %X: %zu bytes announced, %zu are there",
			       t->tag, n, in->n);
	t->value = (struct str){ in->p, n };
	*in = skip(*in, n);
	t->raw = (struct str){ start.p, start.n - in->n };
	return 1;
}

int tlv_expect(struct str *in, uint32_t tag, struct tlv *t, struct err *err)
{
	int rc = tlv_next(in, t, err);

	if (rc < 0)
		return -1;
	if (rc == 0)
		return err_set(err, ERR_INVALID, "expected TLV %X, found the end", tag);
	if (t->tag != tag)
		return err_set(err, ERR_INVALID, "expected TLV %X, found %X", tag,
			       t->tag);
	return 0;
}

int tlv_whole(struct str bytes, uint32_t tag, struct tlv *t, struct err *err)
{
	if (tlv_expect(&bytes, tag, t, err) < 0)
		return -1;
	if (bytes.n)
		return err_set(err, ERR_INVALID,
			       "TLV %X: %zu bytes behind it, expected none", tag,
			       bytes.n);
	return 0;
}

bool tlv_is_constructed(uint32_t tag)
{
	while (tag > 0xFF)
		tag >>= 8;
	return tag & 0x20;
}

static int check(struct str bytes, unsigned depth, struct err *err)
{
	struct tlv t;
	int rc;

	if (depth == TLV_DEPTH_MAX)
		return err_set(err, ERR_LIMIT, "TLV: nested deeper than %d levels",
			       TLV_DEPTH_MAX);
	while ((rc = tlv_next(&bytes, &t, err)) > 0)
		if (tlv_is_constructed(t.tag) && check(t.value, depth + 1, err) < 0)
			return -1;
	return rc;
}

int tlv_check(struct str bytes, struct err *err)
{
	return check(bytes, 0, err);
}

int tlv_find(struct str in, uint32_t tag, struct tlv *t, struct err *err)
{
	int rc;

	while ((rc = tlv_next(&in, t, err)) > 0)
		if (t->tag == tag)
			return 1;
	return rc;
}

int tlv_uint(struct str value, uint64_t *v)
{
	if (value.n == 0 || value.n > 9 || byte_at(value, 0) & 0x80 ||
	    (value.n == 9 && byte_at(value, 0) != 0))
		return -1;
	*v = 0;
	for (size_t i = 0; i < value.n; i++)
		*v = *v << 8 | byte_at(value, i);
	return 0;
}

int tlv_bits(struct str value, unsigned *bits)
{
	size_t count;

	if (value.n == 0 || value.n > 3 || byte_at(value, 0) > 7)
		return -1;
	if (value.n == 1 && byte_at(value, 0) != 0)
		return -1;
	count = (value.n - 1) * 8 - byte_at(value, 0);
	*bits = 0;
	for (size_t i = 0; i < count; i++)
		if (byte_at(value, 1 + i / 8) & 0x80 >> i % 8)
			*bits |= 1U << i;
	return 0;
}

/* ---- Writing. --------------------------------------------------------- */

static void put_tag(struct buf *out, uint32_t tag)
{
	if (tag > 0xFFFF)
		buf_char(out, (char)(tag >> 16));
	if (tag > 0xFF)
		buf_char(out, (char)(tag >> 8 & 0xFF));
	buf_char(out, (char)(tag & 0xFF));
}

/* The shortest form of a length: how many bytes of `bytes` it takes. */
static size_t length_bytes(size_t n, unsigned char bytes[4])
{
	size_t more = n < 0x80 ? 0 : n < 0x100 ? 1 : n < 0x10000 ? 2 : 3;

	assert(n <= TLV_LENGTH_MAX);
	bytes[0] = (unsigned char)(more ? 0x80 | more : n);
	for (size_t i = 0; i < more; i++)
		bytes[1 + i] = (unsigned char)(n >> 8 * (more - 1 - i) & 0xFF);
	return 1 + more;
}

void tlv_put_head(struct buf *out, uint32_t tag, size_t value_n)
{
	unsigned char bytes[4];

	put_tag(out, tag);
	buf_add(out, bytes, length_bytes(value_n, bytes));
}

void tlv_put(struct buf *out, uint32_t tag, struct str value)
{
	tlv_put_head(out, tag, value.n);
	buf_str(out, value);
}

void tlv_put_uint(struct buf *out, uint32_t tag, uint64_t v)
{
	unsigned char bytes[9] = { 0 };
	size_t first = 0;

	for (size_t i = 0; i < 8; i++)
		bytes[1 + i] = (unsigned char)(v >> 8 * (7 - i) & 0xFF);
	/* A leading zero byte stays where the next one has its top bit set. */
	while (first < 8 && bytes[first] == 0 && !(bytes[first + 1] & 0x80))
		first++;
	tlv_put(out, tag, (struct str){ (char *)bytes + first, 9 - first });
}

void tlv_put_bits(struct buf *out, uint32_t tag, unsigned bits)
{
	unsigned char bytes[3] = { 0 };
	size_t count = 0;

	assert(bits <= 0xFFFF);
	for (size_t i = 0; i < 16; i++) {
		if (bits & 1U << i) {
			bytes[1 + i / 8] |= (unsigned char)(0x80 >> i % 8);
			count = i + 1;
		}
	}
	/* DER: no zero bits at the end of a named bit list. */
	bytes[0] = (unsigned char)((8 - count % 8) % 8);
	tlv_put(out, tag, (struct str){ (char *)bytes, 1 + (count + 7) / 8 });
}

size_t tlv_open(struct buf *out, uint32_t tag)
{
	put_tag(out, tag);
	buf_char(out, 0);
	return out->n;
}

void tlv_close(struct buf *out, size_t mark)
{
	unsigned char bytes[4];
	size_t n, len_n;

	if (out->over)
		return;
	assert(mark > 0 && mark <= out->n);
	n = out->n - mark;
	len_n = length_bytes(n, bytes);
	/* Most values are short, and then the byte kept free is enough. */
	if (len_n > 1) {
		buf_add(out, "\0\0\0", len_n - 1);
		if (out->over)
			return;
		memmove(out->p + mark + len_n - 1, out->p + mark, n);
	}
	memcpy(out->p + mark - 1, bytes, len_n);
}

/* ---- Messages from a description. ------------------------------------- */

static void *member(void *object, const struct tlv_field *f)
{
	return (char *)object + f->offset;
}

static const void *const_member(const void *object, const struct tlv_field *f)
{
	return (const char *)object + f->offset;
}

static void set_absent(const struct tlv_field *fields, void *object)
{
	for (const struct tlv_field *f = fields; f->kind != TLV_KIND_END; f++) {
		switch (f->kind) {
		case TLV_KIND_BYTES:
		case TLV_KIND_RAW:
			*(struct str *)member(object, f) = STR_NONE;
			break;
		case TLV_KIND_UINT:
			*(int64_t *)member(object, f) = -1;
			break;
		case TLV_KIND_BOOL:
			*(bool *)member(object, f) = false;
			break;
		case TLV_KIND_BITS:
			*(unsigned *)member(object, f) = 0;
			break;
		case TLV_KIND_INNER:
			*(bool *)member(object, f) = false;
			set_absent(f->inner, object);
			break;
		case TLV_KIND_END:
			break;
		}
	}
}

static int read_fields(const struct tlv_field *fields, const char *name,
		       unsigned flags, struct str content, void *object,
		       struct err *err);

static int read_value(const struct tlv_field *f, const struct tlv *t,
		      void *object, struct err *err)
{
	uint64_t v;

	if (t->value.n < f->len_min || (f->len_max && t->value.n > f->len_max))
		return err_set(err, ERR_INVALID,
			       "%s: %zu bytes, expected %zu to %zu", f->name,
			       t->value.n, f->len_min, f->len_max);
	switch (f->kind) {
	case TLV_KIND_BYTES:
		*(struct str *)member(object, f) = t->value;
		return 0;
	case TLV_KIND_RAW:
		*(struct str *)member(object, f) = t->raw;
		return 0;
	case TLV_KIND_UINT:
		if (tlv_uint(t->value, &v) < 0 || v > INT64_MAX)
			return err_set(err, ERR_INVALID,
				       "%s: expected a number that is not negative",
				       f->name);
		*(int64_t *)member(object, f) = (int64_t)v;
		return 0;
	case TLV_KIND_BOOL:
		if (t->value.n != 1)
			return err_set(err, ERR_INVALID, "%s: expected a boolean",
				       f->name);
		*(bool *)member(object, f) = t->value.p[0] != 0;
		return 0;
	case TLV_KIND_BITS:
		if (tlv_bits(t->value, member(object, f)) < 0)
			return err_set(err, ERR_INVALID,
				       "%s: expected a bit string of at most 16 bits",
				       f->name);
		return 0;
	case TLV_KIND_INNER:
		*(bool *)member(object, f) = true;
		return read_fields(f->inner, f->name, f->flags, t->value, object,
				   err);
	case TLV_KIND_END:
		break;
	}
	return 0;
}

/* The row from `from` on with that tag, or NULL. */
static const struct tlv_field *row_of(const struct tlv_field *from,
				      uint32_t tag)
{
	for (const struct tlv_field *f = from; f->kind != TLV_KIND_END; f++)
		if (f->tag == tag)
			return f;
	return NULL;
}

/* May the rows from `from` up to (not including) `to` be absent? */
static int check_skipped(const struct tlv_field *from,
			 const struct tlv_field *to, const char *name,
			 unsigned flags, struct err *err)
{
	for (const struct tlv_field *f = from; f != to; f++)
		if (!(f->flags & TLV_OPTIONAL) && !(flags & TLV_CHOICE))
			return err_set(err, ERR_INVALID, "%s: %s (%X) is missing",
				       name, f->name, f->tag);
	return 0;
}

static int read_fields(const struct tlv_field *fields, const char *name,
		       unsigned flags, struct str content, void *object,
		       struct err *err)
{
	const struct tlv_field *next = fields, *f;
	unsigned known = 0;
	struct tlv t;
	int rc;

	while ((rc = tlv_next(&content, &t, err)) > 0) {
		f = row_of(next, t.tag);
		if (!f && row_of(fields, t.tag))
			return err_set(err, ERR_INVALID,
				       "%s: %X is repeated or out of order", name,
				       t.tag);
		if (!f)
			continue;
		if (check_skipped(next, f, name, flags, err) < 0 ||
		    read_value(f, &t, object, err) < 0)
			return -1;
		next = f + 1;
		known++;
	}
	if (rc < 0)
		return err_prefix(err, "%s", name);
	if ((flags & TLV_CHOICE) && known != 1)
		return err_set(err, ERR_INVALID,
			       "%s: %u alternatives, expected exactly one", name,
			       known);
	for (f = next; f->kind != TLV_KIND_END; f++)
		;
	return check_skipped(next, f, name, flags, err);
}

int tlv_read(const struct tlv_message *m, struct str der, void *object,
	     struct err *err)
{
	struct tlv t = { .value = der };

	memset(object, 0, m->size);
	set_absent(m->fields, object);
	if (m->tag && tlv_whole(der, m->tag, &t, err) < 0)
		return err_prefix(err, "%s", m->name);
	return read_fields(m->fields, m->name, m->flags, t.value, object, err);
}

static void write_fields(const struct tlv_field *fields, struct buf *out,
			 const void *object);

static void write_value(const struct tlv_field *f, struct buf *out,
			const void *object)
{
	const void *at = const_member(object, f);
	bool optional = f->flags & TLV_OPTIONAL;
	size_t mark;

	switch (f->kind) {
	case TLV_KIND_BYTES:
		if (((const struct str *)at)->p || !optional)
			tlv_put(out, f->tag, *(const struct str *)at);
		break;
	case TLV_KIND_RAW:
		assert(((const struct str *)at)->p || optional);
		buf_str(out, *(const struct str *)at);
		break;
	case TLV_KIND_UINT:
		assert(*(const int64_t *)at >= 0 || optional);
		if (*(const int64_t *)at >= 0)
			tlv_put_uint(out, f->tag, (uint64_t)*(const int64_t *)at);
		break;
	case TLV_KIND_BOOL:
		tlv_put(out, f->tag,
			(struct str){ *(const bool *)at ? "\xFF" : "\0", 1 });
		break;
	case TLV_KIND_BITS:
		if (*(const unsigned *)at || !optional)
			tlv_put_bits(out, f->tag, *(const unsigned *)at);
		break;
	case TLV_KIND_INNER:
		assert(*(const bool *)at || optional);
		if (!*(const bool *)at)
			break;
		mark = tlv_open(out, f->tag);
		write_fields(f->inner, out, object);
		tlv_close(out, mark);
		break;
	case TLV_KIND_END:
		break;
	}
}

static void write_fields(const struct tlv_field *fields, struct buf *out,
			 const void *object)
{
	for (const struct tlv_field *f = fields; f->kind != TLV_KIND_END; f++)
		write_value(f, out, object);
}

void tlv_write(const struct tlv_message *m, struct buf *out,
	       const void *object)
{
	size_t mark;

	if (!m->tag) {
		write_fields(m->fields, out, object);
		return;
	}
	mark = tlv_open(out, m->tag);
	write_fields(m->fields, out, object);
	tlv_close(out, mark);
}
