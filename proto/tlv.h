/*
 * tlv.h - BER-TLV (DER as SGP.22 uses it): a writer, a reader that keeps raw
 * spans, and both driven by a description of a message.
 *
 * The one rule: what was received is never encoded again.  A reader's result
 * points into the bytes it was given, so that a signature is checked over the
 * bytes as received.
 *
 * Input is a peer's: tags of at most three bytes, definite lengths of at most
 * three bytes, nesting at most TLV_DEPTH_MAX.  A length need not be in its
 * shortest form.
 */
#ifndef PROTO_TLV_H
#define PROTO_TLV_H

#include "sim/buf.h"
#include "sim/err.h"

enum { TLV_DEPTH_MAX = 16, TLV_LENGTH_MAX = 0xFFFFFF };

/* Tags that carry no name of their own elsewhere. */
enum {
	TLV_BOOLEAN = 0x01, TLV_INTEGER = 0x02, TLV_OCTETS = 0x04,
	TLV_OID = 0x06, TLV_UTF8 = 0x0C, TLV_PRINTABLE = 0x13,
	TLV_SEQUENCE = 0x30,
};

/* ---- Reading. --------------------------------------------------------- */

struct tlv {
	uint32_t tag;		/* all bytes of it: 0xBF25, 0x5F37, 0x30 */
	struct str value;
	struct str raw;		/* tag, length and value */
};

/*
 * Take the first TLV off `in`: 1, or 0 at the end, or -1 if the bytes there
 * are none.  `in` moves behind it.
 */
int tlv_next(struct str *in, struct tlv *t, struct err *err);
/* The same, but it must have that tag: 0 or -1. */
int tlv_expect(struct str *in, uint32_t tag, struct tlv *t, struct err *err);
/* `bytes` are exactly one TLV with that tag: 0 or -1. */
int tlv_whole(struct str bytes, uint32_t tag, struct tlv *t, struct err *err);
/*
 * Only tag and length, where the value need not be there in full: how a
 * segment that is the head of something longer begins.  `*value_n` is the
 * length that it announces; `in` moves behind the head.
 */
int tlv_head(struct str *in, uint32_t *tag, size_t *value_n, struct err *err);
/* Is all of it well formed, also within constructed TLVs? */
int tlv_check(struct str bytes, struct err *err);
/* First TLV with that tag among those in `in`: 1, 0 if none, -1 if malformed. */
int tlv_find(struct str in, uint32_t tag, struct tlv *t, struct err *err);

/* Does the tag say that its value is made of TLVs? */
bool tlv_is_constructed(uint32_t tag);

/* ---- Writing. --------------------------------------------------------- */

void tlv_put(struct buf *out, uint32_t tag, struct str value);
/* Only tag and length, for a value that the caller adds. */
void tlv_put_head(struct buf *out, uint32_t tag, size_t value_n);
void tlv_put_uint(struct buf *out, uint32_t tag, uint64_t v);
/* A bit string: bit n of `bits` is the n-th bit from the left. */
void tlv_put_bits(struct buf *out, uint32_t tag, unsigned bits);
/* Between these two everything added to `out` is the value. */
size_t tlv_open(struct buf *out, uint32_t tag);
void tlv_close(struct buf *out, size_t mark);

/* Values as read. */
int tlv_uint(struct str value, uint64_t *v);	/* at most 8 bytes, not negative */
int tlv_bits(struct str value, unsigned *bits);	/* at most 16 bits */

/* ---- Messages from a description. ------------------------------------- */

enum tlv_kind {
	TLV_KIND_BYTES,	/* struct str: the value */
	TLV_KIND_RAW,	/* struct str: the whole TLV, tag included */
	TLV_KIND_UINT,	/* int64_t; -1 if absent */
	TLV_KIND_BOOL,	/* bool; DER boolean */
	TLV_KIND_BITS,	/* unsigned: as tlv_put_bits() */
	TLV_KIND_INNER,	/* bool: present?  The fields within are in `inner` */
	TLV_KIND_END	/* closes a table */
};

enum { TLV_OPTIONAL = 1, TLV_CHOICE = 2 };

/* One row of a message; its order is that of the bytes. */
struct tlv_field {
	uint32_t tag;
	enum tlv_kind kind;
	unsigned flags;		/* OPTIONAL; CHOICE: exactly one of `inner` is there */
	size_t offset;		/* in the object; inner fields count from it as well */
	size_t len_min, len_max;	/* of the value; len_max 0: no limit */
	const char *name;	/* SGP.22's */
	const struct tlv_field *inner;
};

struct tlv_message {
	const char *name;	/* SGP.22's */
	uint32_t tag;		/* of the whole; 0: the fields stand without one */
	unsigned flags;		/* CHOICE, as for a field */
	size_t size;		/* of the object */
	const struct tlv_field *fields;
};

/*
 * Read `der`, which must be exactly one such message, into `object`; absent
 * fields become STR_NONE, -1 or false.  Unknown TLVs are passed over, as the
 * extension rules of ASN.1 ask; known ones out of order or repeated are not.
 * Spans of `object` point into `der`.
 */
int tlv_read(const struct tlv_message *m, struct str der, void *object,
	     struct err *err);
/* Absent optional fields are left out; mandatory ones must be set. */
void tlv_write(const struct tlv_message *m, struct buf *out,
	       const void *object);

#endif
