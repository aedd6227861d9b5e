#include "proto/rsp_bpp.h"

#include <assert.h>

enum {
	TAG_INITIALISE = 0xBF23,
	TAG_CONFIGURE = 0xBF24,
	TAG_REPLACE_KEYS = 0xBF26,
	TAG_POINT = 0x5F49,
	OPERATION_INSTALL = 1,	/* installBoundProfilePackage */
	METADATA_MAX = 16 << 10,
	INITIALISE_MAX = 1024,
};

#define KEY_TYPE_AES "\x88"
#define KEY_LEN_128 "\x10"

/* ---- SM-DP+. ------------------------------------------------------------ */

/* BF23.  The signature goes over what stands before it and the eUICC's key. */
static int build_initialise(const struct rsp_crypto *c,
			    const struct rsp_bpp_spec *spec, struct buf *out,
			    struct err *err)
{
	struct buf key, signature;
	size_t mark = tlv_open(out, TAG_INITIALISE), crt;
	int rc;

	tlv_put_uint(out, 0x82, OPERATION_INSTALL);
	tlv_put(out, 0x80, spec->transaction_id);
	crt = tlv_open(out, 0xA6);
	tlv_put(out, 0x80, STR(KEY_TYPE_AES));
	tlv_put(out, 0x81, STR(KEY_LEN_128));
	tlv_put(out, 0x84, spec->host_id);
	tlv_close(out, crt);
	tlv_put(out, TAG_POINT, (struct str){
		(const char *)spec->otpk->public_point, RSP_POINT_BYTES });
	if (out->over)
		return err_set(err, ERR_LIMIT, "package: no room for its head");
	buf_init(&key, INITIALISE_MAX);
	buf_init(&signature, INITIALISE_MAX);
	tlv_put(&key, TAG_POINT, spec->euicc_otpk);
	rc = rsp_sign(c, spec->signer,
		      (struct str){ out->p + mark, out->n - mark },
		      buf_view(&key), &signature, err);
	buf_str(out, buf_view(&signature));
	tlv_close(out, mark);
	buf_release(&key);
	buf_release(&signature);
	return rc;
}

/* Cut `plain` into chunks, each protected under `tag`, all within `outer`. */
static int build_sequence(const struct rsp_crypto *c, struct rsp_bsp *bsp,
			  uint32_t outer, uint32_t tag, bool encrypt,
			  struct str plain, size_t chunk_max, struct buf *out,
			  struct err *err)
{
	size_t mark = tlv_open(out, outer);

	do {
		size_t n = plain.n < chunk_max ? plain.n : chunk_max;

		if (c->protect(c, bsp, tag, encrypt, (struct str){ plain.p, n },
			       out, err) < 0)
			return -1;
		plain = (struct str){ plain.p + n, plain.n - n };
	} while (plain.n);
	tlv_close(out, mark);
	return 0;
}

/* BF26 under the session's keys; from then on the package's own apply. */
static int build_keys(const struct rsp_crypto *c, struct rsp_bsp *bsp,
		      const struct rsp_bsp *ppk, struct buf *out, struct err *err)
{
	const unsigned char *keys[] = { ppk->mcv, ppk->s_enc, ppk->s_mac };
	struct buf plain;
	size_t mark;
	int rc;

	buf_init(&plain, 128);
	mark = tlv_open(&plain, TAG_REPLACE_KEYS);
	for (uint32_t i = 0; i < 3; i++)
		tlv_put(&plain, 0x80 + i, (struct str){ (const char *)keys[i], 16 });
	tlv_close(&plain, mark);
	rc = build_sequence(c, bsp, 0xA2, 0x87, true, buf_view(&plain),
			    RSP_CHUNK_MAX, out, err);
	buf_release(&plain);
	*bsp = *ppk;
	bsp->block = 1;
	return rc;
}

int rsp_bpp_build(const struct rsp_crypto *c, const struct rsp_bpp_spec *spec,
		  struct buf *out, struct err *err)
{
	static const char configure[] = { (char)0xBF, 0x24, 0x00 };
	struct rsp_bsp bsp;
	size_t mark = tlv_open(out, RSP_TAG_PACKAGE);

	if (build_initialise(c, spec, out, err) < 0 ||
	    c->agree(c, spec->otpk, spec->euicc_otpk, spec->host_id, spec->eid,
		     &bsp, err) < 0 ||
	    build_sequence(c, &bsp, 0xA0, 0x87, true,
			   (struct str){ configure, sizeof(configure) }, RSP_CHUNK_MAX,
			   out, err) < 0 ||
	    build_sequence(c, &bsp, 0xA1, 0x88, false, spec->metadata,
			   RSP_CHUNK_MAX, out, err) < 0 ||
	    (spec->ppk && build_keys(c, &bsp, spec->ppk, out, err) < 0) ||
	    build_sequence(c, &bsp, 0xA3, 0x86, true, spec->upp,
			   spec->chunk_max ? spec->chunk_max : RSP_CHUNK_MAX, out, err) < 0)
		return err_prefix(err, "package");
	tlv_close(out, mark);
	if (out->over)
		return err_set(err, ERR_LIMIT, "package: more than %zu bytes",
			       out->max);
	return 0;
}

/* ---- LPA. --------------------------------------------------------------- */

static int add_segment(struct str *segments, size_t *count, struct str s,
		       struct err *err)
{
	if (*count == RSP_SEGMENTS_MAX)
		return err_set(err, ERR_LIMIT, "package: more than %d segments",
			       RSP_SEGMENTS_MAX);
	segments[(*count)++] = s;
	return 0;
}

/* The head of a sequence, then each TLV in it by itself. */
static int split_sequence(const struct tlv *sequence, struct str *segments,
			  size_t *count, struct err *err)
{
	struct str inner = sequence->value;
	struct tlv t;
	int rc;

	if (add_segment(segments, count,
			(struct str){ sequence->raw.p,
				      sequence->raw.n - sequence->value.n },
			err) < 0)
		return -1;
	while ((rc = tlv_next(&inner, &t, err)) > 0)
		if (add_segment(segments, count, t.raw, err) < 0)
			return -1;
	return rc;
}

/* How many segments there can be at most, so that one allocation is enough:
 * each is at least two bytes. */
static size_t segments_bound(struct str bpp)
{
	return bpp.n / 2 + 1 < RSP_SEGMENTS_MAX ? bpp.n / 2 + 1 : RSP_SEGMENTS_MAX;
}

int rsp_bpp_split(struct str bpp, struct arena *a, struct str **segments,
		  size_t *count, struct err *err)
{
	struct tlv whole, t;
	int rc;

	*count = 0;
	*segments = arena_array(a, segments_bound(bpp), sizeof(**segments));
	if (tlv_whole(bpp, RSP_TAG_PACKAGE, &whole, err) < 0 ||
	    tlv_expect(&whole.value, TAG_INITIALISE, &t, err) < 0)
		return err_prefix(err, "package");
	if (add_segment(*segments, count,
			(struct str){ bpp.p, (size_t)(t.raw.p + t.raw.n - bpp.p) },
			err) < 0)
		return -1;
	while ((rc = tlv_next(&whole.value, &t, err)) > 0) {
		bool by_parts = t.tag == 0xA1 || t.tag == 0xA3;

		if (!by_parts && t.tag != 0xA0 && t.tag != 0xA2)
			return err_set(err, ERR_INVALID,
				       "package: %X, expected A0 to A3", t.tag);
		if (by_parts ? split_sequence(&t, *segments, count, err) < 0 :
			       add_segment(*segments, count, t.raw, err) < 0)
			return err_prefix(err, "package");
	}
	return rc;
}

int rsp_bpp_metadata(const struct str *segments, size_t count, struct buf *out,
		     struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		struct str s = segments[i];
		struct tlv t;

		if (!s.n || (unsigned char)s.p[0] != 0x88)
			continue;
		if (tlv_whole(s, 0x88, &t, err) < 0)
			return -1;
		if (t.value.n < RSP_MAC_BYTES)
			return err_set(err, ERR_INVALID, "package: an 88 without a MAC");
		buf_add(out, t.value.p, t.value.n - RSP_MAC_BYTES);
	}
	return out->over ? err_set(err, ERR_LIMIT, "package: its metadata are too long") : 0;
}

/* ---- eUICC. ------------------------------------------------------------- */

void rsp_bpp_reader_init(struct rsp_bpp_reader *r, const struct rsp_crypto *c,
			 const struct rsp_otpk *otpk, struct str eid,
			 struct str transaction_id, struct str smdp_certificate)
{
	assert(eid_well_formed(eid));
	assert(transaction_id.n <= RSP_TRANSACTION_MAX);
	*r = (struct rsp_bpp_reader){ .crypto = c, .otpk = *otpk,
				       .segment_max = RSP_SEGMENT_MAX };
	memcpy(r->eid, eid.p, EID_DIGITS);
	memcpy(r->transaction_id, transaction_id.p, transaction_id.n);
	r->transaction_id_n = transaction_id.n;
	buf_init(&r->smdp_certificate, METADATA_MAX);
	buf_str(&r->smdp_certificate, smdp_certificate);
	buf_init(&r->metadata, METADATA_MAX);
	buf_init(&r->upp, RSP_UPP_MAX);
}

void rsp_bpp_reader_release(struct rsp_bpp_reader *r)
{
	buf_release(&r->smdp_certificate);
	buf_release(&r->metadata);
	buf_release(&r->upp);
}

/* A step's verdict: 0, or -1 with the reason for the result. */
static int refuse(struct rsp_bpp_reader *r, enum es10_load reason)
{
	r->failed_reason = reason;
	return -1;
}

/* Is what BF23 says what this session agreed on? */
static int check_initialise(struct rsp_bpp_reader *r,
			    const struct rsp_initialise *i, struct err *err)
{
	struct str mine = { r->transaction_id, r->transaction_id_n };

	if (!str_eq(i->transaction_id, mine)) {
		err_set(err, ERR_DENIED,
			"initialiseSecureChannel: the transaction id is not that of the session");
		return refuse(r, ES10_LOAD_TRANSACTION);
	}
	if (i->operation != OPERATION_INSTALL) {
		err_set(err, ERR_INVALID,
			"initialiseSecureChannel: operation %lld, expected %d",
			(long long)i->operation, OPERATION_INSTALL);
		return refuse(r, ES10_LOAD_OPERATION);
	}
	if (!str_is(i->key_type, KEY_TYPE_AES) ||
	    !str_is(i->key_len, KEY_LEN_128)) {
		err_set(err, ERR_INVALID,
			"initialiseSecureChannel: expected an AES key of 128 bits");
		return refuse(r, ES10_LOAD_CRT);
	}
	return 0;
}

static int feed_initialise(struct rsp_bpp_reader *r, struct str segment,
			   struct err *err)
{
	struct rsp_initialise i;
	struct str signed_part;
	struct tlv t;
	struct buf key;
	uint32_t tag;
	int rc;

	if (tlv_head(&segment, &tag, &r->total_left, err) < 0)
		return refuse(r, ES10_LOAD_STRUCTURE);
	if (tag != RSP_TAG_PACKAGE || segment.n > r->total_left) {
		err_set(err, ERR_INVALID, "package: expected it to begin with BF36");
		return refuse(r, ES10_LOAD_STRUCTURE);
	}
	if (tlv_whole(segment, TAG_INITIALISE, &t, err) < 0 ||
	    rsp_initialise_read(segment, &i, err) < 0)
		return refuse(r, ES10_LOAD_STRUCTURE);
	if (check_initialise(r, &i, err) < 0)
		return -1;
	r->total_left -= segment.n;
	signed_part = (struct str){ t.value.p,
				    (size_t)(i.smdp_signature.p - t.value.p) };
	buf_init(&key, INITIALISE_MAX);
	tlv_put(&key, TAG_POINT, (struct str){
		(const char *)r->otpk.public_point, RSP_POINT_BYTES });
	rc = rsp_verify(r->crypto, buf_view(&r->smdp_certificate), signed_part,
			buf_view(&key), i.smdp_signature, err);
	buf_release(&key);
	if (rc < 0)
		return refuse(r, ES10_LOAD_SIGNATURE);
	if (r->crypto->agree(r->crypto, &r->otpk, i.smdp_otpk, i.host_id,
			     (struct str){ r->eid, EID_DIGITS }, &r->bsp, err) < 0)
		return refuse(r, ES10_LOAD_SECURITY);
	r->stage = RSP_BPP_CONFIGURE;
	return 0;
}

/* `n` more bytes of BF36 have come. */
static int take_total(struct rsp_bpp_reader *r, size_t n, struct err *err)
{
	if (n > r->total_left) {
		err_set(err, ERR_INVALID,
			"package: %zu bytes came, %zu were still announced", n,
			r->total_left);
		return refuse(r, ES10_LOAD_STRUCTURE);
	}
	r->total_left -= n;
	return 0;
}

/* A whole sequence with exactly one 87: its clear text is added to `plain`. */
static int single_87(struct rsp_bpp_reader *r, struct str segment,
		     uint32_t outer, struct buf *plain, struct err *err)
{
	struct tlv t, command;

	if (take_total(r, segment.n, err) < 0)
		return -1;
	if (tlv_whole(segment, outer, &t, err) < 0 ||
	    tlv_whole(t.value, 0x87, &command, err) < 0)
		return refuse(r, ES10_LOAD_STRUCTURE);
	if (r->crypto->unprotect(r->crypto, &r->bsp, &command, true, plain, err) < 0)
		return refuse(r, ES10_LOAD_SECURITY);
	return 0;
}

static int feed_configure(struct rsp_bpp_reader *r, struct str segment,
			  struct err *err)
{
	struct buf plain;
	struct tlv t;
	int rc;

	buf_init(&plain, METADATA_MAX);
	rc = single_87(r, segment, 0xA0, &plain, err);
	if (rc == 0 && tlv_whole(buf_view(&plain), TAG_CONFIGURE, &t, err) < 0)
		rc = refuse(r, ES10_LOAD_BAD_INPUT);
	buf_release(&plain);
	if (rc == 0)
		r->stage = RSP_BPP_METADATA_HEAD;
	return rc;
}

/* The head of a sequence whose parts come one by one. */
static int feed_head(struct rsp_bpp_reader *r, struct str segment,
		     uint32_t want, enum rsp_bpp_stage next, struct err *err)
{
	struct str rest = segment;
	uint32_t tag;

	if (tlv_head(&rest, &tag, &r->left, err) < 0)
		return refuse(r, ES10_LOAD_STRUCTURE);
	if (tag != want || rest.n || r->left == 0) {
		err_set(err, ERR_INVALID, "package: expected the head of %X alone",
			want);
		return refuse(r, ES10_LOAD_STRUCTURE);
	}
	if (take_total(r, segment.n, err) < 0)
		return -1;
	if (r->left > r->total_left) {
		err_set(err, ERR_INVALID,
			"package: %X announces %zu bytes, %zu are still to come", want,
			r->left, r->total_left);
		return refuse(r, ES10_LOAD_STRUCTURE);
	}
	r->stage = next;
	return 0;
}

/* One TLV of the open sequence. */
static int feed_part(struct rsp_bpp_reader *r, struct str segment,
		     uint32_t tag, bool encrypt, struct buf *plain,
		     struct err *err)
{
	struct tlv t;

	if (tlv_whole(segment, tag, &t, err) < 0)
		return refuse(r, ES10_LOAD_STRUCTURE);
	if (segment.n > r->segment_max || segment.n > r->left) {
		err_set(err, ERR_INVALID,
			"segment %X: %zu bytes, expected at most %zu", tag,
			segment.n, r->left < r->segment_max ? r->left : r->segment_max);
		return refuse(r, ES10_LOAD_STRUCTURE);
	}
	if (take_total(r, segment.n, err) < 0)
		return -1;
	r->left -= segment.n;
	if (r->crypto->unprotect(r->crypto, &r->bsp, &t, encrypt, plain, err) < 0)
		return refuse(r, ES10_LOAD_SECURITY);
	if (plain->over) {
		err_set(err, ERR_LIMIT, "package: more than %zu bytes in clear",
			plain->max);
		return refuse(r, ES10_LOAD_MEMORY);
	}
	return 0;
}

static int feed_metadata(struct rsp_bpp_reader *r, struct str segment,
			 struct err *err)
{
	struct rsp_metadata m;

	if (feed_part(r, segment, 0x88, false, &r->metadata, err) < 0)
		return -1;
	if (r->left)
		return 0;
	if (rsp_metadata_read(buf_view(&r->metadata), &m, err) < 0)
		return refuse(r, ES10_LOAD_BAD_INPUT);
	r->stage = RSP_BPP_KEYS;
	return 0;
}

/* BF26: from here on the keys that protect the profile itself. */
static int take_keys(struct rsp_bpp_reader *r, struct str plain,
		     struct err *err)
{
	struct { uint32_t tag; unsigned char *key; } keys[] = {
		{ 0x80, r->bsp.mcv }, { 0x81, r->bsp.s_enc }, { 0x82, r->bsp.s_mac },
	};
	struct tlv t, part;

	if (tlv_whole(plain, TAG_REPLACE_KEYS, &t, err) < 0)
		return refuse(r, ES10_LOAD_BAD_INPUT);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (tlv_expect(&t.value, keys[i].tag, &part, err) < 0)
			return refuse(r, ES10_LOAD_BAD_INPUT);
		if (part.value.n != 16) {
			err_set(err, ERR_INVALID,
				"replaceSessionKeys: %zu bytes, expected 16",
				part.value.n);
			return refuse(r, ES10_LOAD_BAD_INPUT);
		}
		memcpy(keys[i].key, part.value.p, 16);
	}
	r->bsp.block = 1;
	return 0;
}

static int feed_keys(struct rsp_bpp_reader *r, struct str segment,
		     struct err *err)
{
	struct buf plain;
	int rc;

	if (segment.n && (unsigned char)segment.p[0] == 0xA3) {
		r->failed_command = ES10_CMD_ELEMENTS;
		return feed_head(r, segment, 0xA3, RSP_BPP_ELEMENTS, err);
	}
	buf_init(&plain, METADATA_MAX);
	rc = single_87(r, segment, 0xA2, &plain, err);
	if (rc == 0)
		rc = take_keys(r, buf_view(&plain), err);
	buf_release(&plain);
	if (rc == 0)
		r->stage = RSP_BPP_ELEMENTS_HEAD;
	return rc;
}

static int feed_elements(struct rsp_bpp_reader *r, struct str segment,
			 struct err *err)
{
	if (feed_part(r, segment, 0x86, true, &r->upp, err) < 0)
		return -1;
	if (r->left)
		return 0;
	if (r->total_left) {
		err_set(err, ERR_INVALID,
			"package: %zu bytes more announced than its parts have",
			r->total_left);
		return refuse(r, ES10_LOAD_STRUCTURE);
	}
	r->stage = RSP_BPP_DONE;
	return 0;
}

static int feed(struct rsp_bpp_reader *r, struct str segment, struct err *err)
{
	switch (r->stage) {
	case RSP_BPP_INITIALISE:
		r->failed_command = ES10_CMD_INITIALISE;
		return feed_initialise(r, segment, err);
	case RSP_BPP_CONFIGURE:
		r->failed_command = ES10_CMD_CONFIGURE;
		return feed_configure(r, segment, err);
	case RSP_BPP_METADATA_HEAD:
		r->failed_command = ES10_CMD_METADATA;
		return feed_head(r, segment, 0xA1, RSP_BPP_METADATA, err);
	case RSP_BPP_METADATA:
		r->failed_command = ES10_CMD_METADATA;
		return feed_metadata(r, segment, err);
	case RSP_BPP_KEYS:
		r->failed_command = ES10_CMD_KEYS;
		return feed_keys(r, segment, err);
	case RSP_BPP_ELEMENTS_HEAD:
		r->failed_command = ES10_CMD_ELEMENTS;
		return feed_head(r, segment, 0xA3, RSP_BPP_ELEMENTS, err);
	case RSP_BPP_ELEMENTS:
		r->failed_command = ES10_CMD_ELEMENTS;
		return feed_elements(r, segment, err);
	case RSP_BPP_DONE:
	case RSP_BPP_FAILED:
		break;
	}
	err_set(err, ERR_STATE, "package: a segment came after its end");
	return refuse(r, ES10_LOAD_STRUCTURE);
}

int rsp_bpp_reader_feed(struct rsp_bpp_reader *r, struct str segment,
			struct err *err)
{
	if (feed(r, segment, err) == 0)
		return 0;
	r->stage = RSP_BPP_FAILED;
	return -1;
}
