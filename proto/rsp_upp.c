#include "proto/rsp_upp.h"

#include "proto/tlv.h"

#include <assert.h>

/* Elements by their tag (ProfileElement); templates have the first OID arc below. */
enum {
	PE_HEADER = 0xA0, PE_FILES = 0xA1, PE_PIN = 0xA2, PE_PUK = 0xA3, PE_AKA = 0xA4,
	PE_END = 0xAA, PE_MF = 0xB0, PE_USIM = 0xB3, PE_TEMPLATES_FIRST = 0xB0,
	PE_TEMPLATES_LAST = 0xBE,
};

/* 2.23.143.1.2.x: the templates of file systems. */
#define TEMPLATE "\x67\x81\x0F\x01\x02"

enum {
	KEY_BYTES = 16,
	CONTENT_BYTES = 500,		/* of the file that fills up, for each ... */
	CONTENT_FOR = 64 << 10,		/* ... of these bytes of memory, */
	CONTENT_MAX = 2000,		/* and never more */
};

#define BYTES(array) ((struct str){ (const char *)(array), sizeof(array) })

/* ---- Making. ---------------------------------------------------------------- */

/* As the header has it: digits one after the other, the first in the high half. */
static void straight_iccid(unsigned char out[ICCID_BYTES], struct str iccid)
{
	iccid_pack(out, iccid);
	for (int i = 0; i < ICCID_BYTES; i++)
		out[i] = (unsigned char)(out[i] << 4 | out[i] >> 4);
}

static void put_header(struct buf *out, const struct rsp_upp_spec *spec)
{
	enum { NAME_MAX = 100 };
	size_t mark = tlv_open(out, PE_HEADER), list;
	unsigned char iccid[ICCID_BYTES];

	straight_iccid(iccid, spec->iccid);
	tlv_put_uint(out, 0x80, 2);	/* version 2.3 of the format */
	tlv_put_uint(out, 0x81, 3);
	if (spec->name.n)
		tlv_put(out, 0x82, (struct str){ spec->name.p, spec->name.n < NAME_MAX ?
						 spec->name.n : NAME_MAX });
	tlv_put(out, 0x83, BYTES(iccid));
	list = tlv_open(out, 0xA5);	/* it needs a USIM and Milenage */
	tlv_put(out, 0x81, STR(""));
	tlv_put(out, 0x84, STR(""));
	tlv_close(out, list);
	list = tlv_open(out, 0xA6);
	tlv_put(out, TLV_OID, STR(TEMPLATE "\x01"));
	tlv_put(out, TLV_OID, STR(TEMPLATE "\x04"));
	tlv_close(out, list);
	tlv_close(out, mark);
}

/* The header that every other element begins with: it is mandatory. */
static size_t open_element(struct buf *out, uint32_t tag, unsigned *number)
{
	size_t mark = tlv_open(out, tag), head = tlv_open(out, 0xA0);

	tlv_put(out, 0x80, STR(""));
	tlv_put_uint(out, 0x81, ++*number);
	tlv_close(out, head);
	return mark;
}

/* A file of a template: its descriptor (may be empty), its content. */
static void put_file(struct buf *out, uint32_t tag, struct str descriptor,
		     struct str content)
{
	size_t mark = tlv_open(out, tag);

	if (descriptor.n)
		tlv_put(out, 0xA1, descriptor);
	if (content.n)
		tlv_put(out, 0x83, content);
	tlv_close(out, mark);
}

/* Access rules: read always, the rest with ADM 1. */
#define RULES STR("\x80\x01\x01\x90\x00\x80\x01\x5A\xA4\x06\x83\x01\x0A\x95\x01\x08")

static void put_mf(struct buf *out, struct str iccid, unsigned *number)
{
	static const char usim[] = "\x61\x09\x4F\x07\xA0\x00\x00\x00\x87\x10\x02";
	size_t mark = open_element(out, PE_MF, number);
	unsigned char packed[ICCID_BYTES];

	iccid_pack(packed, iccid);
	tlv_put(out, 0x81, STR(TEMPLATE "\x01"));
	put_file(out, 0xA2, STR("\xC6\x02\x01\x0A"), STR_NONE);
	put_file(out, 0xA4, STR_NONE, BYTES(packed));
	put_file(out, 0xA5, STR_NONE, (struct str){ usim, sizeof(usim) - 1 });
	put_file(out, 0xA6, STR_NONE, RULES);
	tlv_close(out, mark);
}

static void put_code(struct buf *out, unsigned reference, const char *digits, int unblocks)
{
	size_t mark = tlv_open(out, TLV_SEQUENCE);

	tlv_put_uint(out, 0x80, reference);
	tlv_put(out, 0x81, (struct str){ digits, 8 });
	if (unblocks)
		tlv_put_uint(out, 0x82, (unsigned)unblocks);
	tlv_close(out, mark);
}

static void put_codes(struct buf *out, unsigned *number)
{
	size_t mark = open_element(out, PE_PUK, number), list = tlv_open(out, 0xA1), codes;

	put_code(out, 1, "12345678", 0);
	tlv_close(out, list);
	tlv_close(out, mark);
	mark = open_element(out, PE_PIN, number);
	list = tlv_open(out, 0xA1);
	codes = tlv_open(out, 0xA0);
	put_code(out, 1, "0000\xFF\xFF\xFF\xFF", 1);
	put_code(out, 10, "55555555", 0);
	tlv_close(out, codes);
	tlv_close(out, list);
	tlv_close(out, mark);
}

/* 001 01, which is no network's, and the digits before the ICCID's check digit. */
static void make_imsi(unsigned char out[9], struct str iccid)
{
	char digits[16] = "900101";	/* 9: an odd number of digits */

	memcpy(digits + 6, iccid.p + iccid.n - 11, 10);
	out[0] = 8;
	for (int i = 0; i < 8; i++)
		out[1 + i] = (unsigned char)((digits[2 * i + 1] - '0') << 4 |
					     (digits[2 * i] - '0'));
}

static void put_usim(struct buf *out, struct str iccid, unsigned *number)
{
	size_t mark = open_element(out, PE_USIM, number);
	unsigned char imsi[9];

	make_imsi(imsi, iccid);
	tlv_put(out, 0x81, STR(TEMPLATE "\x04"));
	put_file(out, 0xA2, STR("\x83\x02\x7F\xF0\x84\x07\xA0\x00\x00\x00\x87\x10\x02"
				"\xC6\x02\x01\x0A"), STR_NONE);
	put_file(out, 0xA3, STR_NONE, BYTES(imsi));
	put_file(out, 0xA4, STR_NONE, RULES);
	put_file(out, 0xA8, STR_NONE, STR("\x0A\x2E\x07\xB8\xE5\xE7\xC0\x0C"));
	put_file(out, 0xAD, STR_NONE, STR("\x01\xFF\xFF\xFF"));
	put_file(out, 0xAE, STR_NONE, STR("\x00"));
	put_file(out, 0xB2, STR_NONE, STR("\x00\x01"));
	put_file(out, 0xB6, STR_NONE, STR("\x11\xF2\xFF\xFF\x00"));
	tlv_close(out, mark);
}

/* The key of test networks (3GPP TS 34.108, 8.1.2); otherwise one that is not. */
static void make_key(unsigned char key[KEY_BYTES], const struct rsp_upp_spec *spec)
{
	for (int i = 0; i < KEY_BYTES; i++)
		key[i] = (unsigned char)i;
	if (spec->class != PROFILE_CLASS_TEST) {
		memset(key, 0x5A, KEY_BYTES);
		iccid_pack(key, spec->iccid);
	}
}

static void put_aka(struct buf *out, const struct rsp_upp_spec *spec, unsigned *number)
{
	static const unsigned char opc[KEY_BYTES];
	size_t mark = open_element(out, PE_AKA, number), choice, inner;
	unsigned char key[KEY_BYTES];

	make_key(key, spec);
	choice = tlv_open(out, 0xA1);
	inner = tlv_open(out, 0xA1);
	tlv_put_uint(out, 0x80, 1);	/* Milenage */
	tlv_put(out, 0x81, STR("\x02"));
	tlv_put(out, 0x82, BYTES(key));
	tlv_put(out, 0x83, BYTES(opc));
	tlv_close(out, inner);
	tlv_close(out, choice);
	tlv_close(out, mark);
}

static struct str big_endian(uint32_t v, unsigned char bytes[4])
{
	size_t first = 0;

	for (int i = 0; i < 4; i++)
		bytes[i] = (unsigned char)(v >> (24 - 8 * i));
	while (first < 3 && bytes[first] == 0)
		first++;
	return (struct str){ (const char *)bytes + first, 4 - first };
}

/* A file of that size right below the MF, of which `content` bytes are written. */
static void put_filler(struct buf *out, uint32_t size, size_t content, unsigned *number)
{
	static const char zeros[CONTENT_MAX];
	size_t mark = open_element(out, PE_FILES, number), list, commands, fcp;
	unsigned char bytes[4];

	list = tlv_open(out, 0xA1);
	commands = tlv_open(out, TLV_SEQUENCE);
	tlv_put(out, 0x80, STR(""));
	fcp = tlv_open(out, 0x62);
	tlv_put(out, 0x82, STR("\x41\x21"));	/* transparent */
	tlv_put(out, 0x83, STR("\x2F\x80"));
	tlv_put(out, 0x8B, STR("\x2F\x06\x01"));
	tlv_put(out, 0x80, big_endian(size, bytes));
	tlv_close(out, fcp);
	if (content)
		tlv_put(out, 0x81, (struct str){ zeros, content });
	tlv_close(out, commands);
	tlv_close(out, list);
	tlv_close(out, mark);
}

static void put_end(struct buf *out, unsigned *number)
{
	tlv_close(out, open_element(out, PE_END, number));
}

static size_t content_for(uint32_t memory)
{
	size_t n = (size_t)(memory / CONTENT_FOR) * CONTENT_BYTES;

	return n < CONTENT_MAX ? n : CONTENT_MAX;
}

void rsp_upp_write(struct buf *out, const struct rsp_upp_spec *spec)
{
	size_t start = out->n, before, content = content_for(spec->memory), rest;
	unsigned number = 0, used;

	assert(iccid_well_formed(spec->iccid));
	put_header(out, spec);
	put_mf(out, spec->iccid, &number);
	put_codes(out, &number);
	put_usim(out, spec->iccid, &number);
	put_aka(out, spec, &number);
	before = out->n;
	used = number;
	/* With a filler of one byte, to see what is left for it. */
	put_filler(out, 1, content, &number);
	put_end(out, &number);
	rest = out->n - start - 1;
	if (out->over)
		return;
	out->n = before;
	number = used;
	if (rest < spec->memory)
		put_filler(out, spec->memory - (uint32_t)rest, content, &number);
	put_end(out, &number);
}

/* ---- Reading. ----------------------------------------------------------------- */

static int refuse(struct rsp_upp *u, enum rsp_pe_status status, struct err *err,
		  const char *what)
{
	u->status = status;
	return err_set(err, ERR_INVALID, "profile element %u: %s", u->elements, what);
}

static bool find(struct str in, uint32_t tag, struct tlv *t)
{
	struct err err;

	return tlv_find(in, tag, t, &err) > 0;
}

/* Digits one after the other, then F. */
static int read_straight(struct str bytes, char iccid[ICCID_SIZE])
{
	char swapped[ICCID_BYTES];

	if (bytes.n != ICCID_BYTES)
		return -1;
	for (int i = 0; i < ICCID_BYTES; i++) {
		unsigned char c = (unsigned char)bytes.p[i];

		swapped[i] = (char)(unsigned char)(c << 4 | c >> 4);
	}
	return iccid_unpack(iccid, BYTES(swapped));
}

static int read_header(struct rsp_upp *u, struct str value, struct err *err)
{
	struct tlv t;
	uint64_t v;

	if (!find(value, 0x80, &t) || tlv_uint(t.value, &v) < 0 || !find(value, 0x81, &t) ||
	    !find(value, 0xA5, &t) || !find(value, 0xA6, &t))
		return refuse(u, RSP_PE_FORMAT, err,
			      "the header lacks a version or what it needs of the eUICC");
	if (v < 2 || v > 3)
		return refuse(u, RSP_PE_VERSION, err,
			      "the format's version is not 2 or 3");
	if (!find(value, 0x83, &t) || read_straight(t.value, u->iccid) < 0) {
		u->iccid[0] = '\0';
		return refuse(u, RSP_PE_BAD_VALUES, err, "the header has no ICCID");
	}
	if (find(value, 0x82, &t))
		u->name = t.value;
	return 0;
}

/* efFileSize takes the place of the bytes that say it. */
static int count_descriptor(struct rsp_upp *u, struct str fcp, struct err *err)
{
	uint64_t size = 0;
	struct tlv t;

	if (!find(fcp, 0x80, &t))
		return 0;
	for (size_t i = 0; i < t.value.n && size <= UINT32_MAX; i++)
		size = size << 8 | (unsigned char)t.value.p[i];
	size = u->memory - t.value.n + size;
	if (t.value.n == 0 || size > UINT32_MAX)
		return refuse(u, RSP_PE_BAD_VALUES, err, "a file's size is no size");
	u->memory = (uint32_t)size;
	return 0;
}

/* Descriptors among the parts of a file. */
static int count_parts(struct rsp_upp *u, struct str parts, uint32_t tag, struct err *err)
{
	struct tlv t;

	while (tlv_next(&parts, &t, err) > 0)
		if (t.tag == tag && count_descriptor(u, t.value, err) < 0)
			return -1;
	return 0;
}

/* genericFileManagement: A1 { 30 { 80 path, 62 descriptor, 81 content ... } ... } */
static int read_files(struct rsp_upp *u, struct str value, struct err *err)
{
	struct tlv list, t;

	if (!find(value, 0xA1, &list))
		return refuse(u, RSP_PE_FORMAT, err, "no commands for files");
	while (tlv_next(&list.value, &t, err) > 0) {
		if (t.tag != TLV_SEQUENCE)
			return refuse(u, RSP_PE_FORMAT, err, "expected a list of commands");
		if (count_parts(u, t.value, 0x62, err) < 0)
			return -1;
	}
	return 0;
}

/* EF.ICCID of the MF has the digits of each byte in the other order. */
static int check_ef_iccid(struct rsp_upp *u, struct str file, struct err *err)
{
	unsigned char packed[ICCID_BYTES];
	struct tlv t;

	iccid_pack(packed, str_of(u->iccid));
	if (find(file, 0x83, &t) && t.value.n == ICCID_BYTES &&
	    memcmp(t.value.p, packed, ICCID_BYTES) != 0)
		return refuse(u, RSP_PE_BAD_VALUES, err,
			      "EF.ICCID is another one than the header's");
	return 0;
}

/* A file system by template: A0 header, 81 template, a file for each further tag. */
static int read_template(struct rsp_upp *u, uint32_t tag, struct str value,
			 struct err *err)
{
	struct tlv t;

	if (!find(value, 0x81, &t) || t.value.n != sizeof(TEMPLATE) ||
	    memcmp(t.value.p, TEMPLATE, sizeof(TEMPLATE) - 1) != 0)
		return refuse(u, RSP_PE_BAD_VALUES, err,
			      "its template is none of 2.23.143.1.2");
	while (tlv_next(&value, &t, err) > 0) {
		if (t.tag == 0xA0 || t.tag == 0x81)
			continue;
		if (count_parts(u, t.value, 0xA1, err) < 0)
			return -1;
		if (tag == PE_MF && t.tag == 0xA4 && check_ef_iccid(u, t.value, err) < 0)
			return -1;
	}
	return 0;
}

/* Known to everybody: 00 01 02 ... (3GPP TS 34.108, 8.1.2), or XX 11 22 ... FF. */
static bool is_known_key(struct str key)
{
	bool counts = key.n == KEY_BYTES || key.n == 2 * KEY_BYTES, repeats = counts;

	for (size_t i = 0; i < key.n && (counts || repeats); i++) {
		unsigned char c = (unsigned char)key.p[i];

		counts = counts && c == i;
		repeats = repeats && (i == 0 || c == i % KEY_BYTES * 0x11);
	}
	return counts || repeats;
}

/* A1 { A1 algoParameter { 80 algorithm, 81 options, 82 key, 83 opc } | A0 mapping } */
static int read_aka(struct rsp_upp *u, struct str value, struct err *err)
{
	struct tlv choice, parameters, t;
	uint64_t algorithm;

	if (!find(value, 0xA1, &choice))
		return refuse(u, RSP_PE_FORMAT, err, "no algorithm");
	if (!find(choice.value, 0xA1, &parameters))
		return 0;
	if (!find(parameters.value, 0x80, &t) || tlv_uint(t.value, &algorithm) < 0 ||
	    algorithm < 1 || algorithm > 3 || !find(parameters.value, 0x82, &t) ||
	    (t.value.n != KEY_BYTES && t.value.n != 2 * KEY_BYTES))
		return refuse(u, RSP_PE_BAD_VALUES, err,
			      "expected Milenage, TUAK or the test algorithm, and its key");
	u->has_key = true;
	u->secret_key |= !is_known_key(t.value);
	return 0;
}

/* What all elements after the header begin with.  1: not to be looked at. */
static int read_element_header(struct rsp_upp *u, const struct tlv *element,
			       struct err *err)
{
	struct str value = element->value;
	struct tlv head, t;
	uint64_t number;
	bool known = element->tag <= PE_END || (element->tag >= PE_TEMPLATES_FIRST &&
						element->tag <= PE_TEMPLATES_LAST);

	if (tlv_next(&value, &head, err) <= 0 || head.tag != 0xA0 ||
	    !find(head.value, 0x81, &t) || tlv_uint(t.value, &number) < 0 || number > 32767)
		return refuse(u, RSP_PE_FORMAT, err, "it has no number of its own");
	u->identification = (int)number;
	if (known)
		return 0;
	if (find(head.value, 0x80, &t))
		return refuse(u, RSP_PE_NOT_SUPPORTED, err,
			      "it is mandatory, and of a kind that is not known");
	return 1;
}

static int read_element(struct rsp_upp *u, const struct tlv *t, struct err *err)
{
	int rc = read_element_header(u, t, err);

	if (rc != 0)
		return rc;
	if (t->tag >= PE_TEMPLATES_FIRST)
		return read_template(u, t->tag, t->value, err);
	if (t->tag == PE_FILES)
		return read_files(u, t->value, err);
	if (t->tag == PE_AKA)
		return read_aka(u, t->value, err);
	return 0;
}

static int read_elements(struct rsp_upp *u, struct str upp, struct err *err)
{
	struct tlv t = { 0 };
	int rc;

	for (; (rc = tlv_next(&upp, &t, err)) > 0; u->elements++) {
		u->identification = -1;
		if (tlv_check(t.raw, err) < 0)
			return refuse(u, RSP_PE_FORMAT, err, "it is damaged");
		if ((t.tag == PE_HEADER) != (u->elements == 0))
			return refuse(u, RSP_PE_FORMAT, err,
				      "expected one header, and first of all");
		if (t.tag == PE_HEADER ? read_header(u, t.value, err) < 0 :
					 read_element(u, &t, err) < 0)
			return -1;
		if (t.tag == PE_END && upp.n)
			return refuse(u, RSP_PE_FORMAT, err, "something is behind the end");
	}
	u->identification = -1;
	if (rc < 0)
		return refuse(u, RSP_PE_FORMAT, err, "it is damaged");
	if (t.tag != PE_END)
		return refuse(u, RSP_PE_FORMAT, err, "the end element is not there");
	return 0;
}

int rsp_upp_read(struct str upp, struct rsp_upp *u, struct err *err)
{
	*u = (struct rsp_upp){ .identification = -1 };
	if (upp.n > RSP_UPP_MAX)
		return refuse(u, RSP_PE_FORMAT, err, "the package is too large");
	u->memory = (uint32_t)upp.n;
	return read_elements(u, upp, err);
}

void rsp_upp_response(struct buf *out, const struct rsp_upp *u)
{
	size_t whole = tlv_open(out, TLV_SEQUENCE), list = tlv_open(out, 0xA0);
	size_t one = tlv_open(out, TLV_SEQUENCE);

	tlv_put_uint(out, 0x80, u->status);
	if (u->identification >= 0)
		tlv_put_uint(out, 0x81, (unsigned)u->identification);
	tlv_close(out, one);
	tlv_close(out, list);
	if (u->status != RSP_PE_OK)
		tlv_put(out, 0x81, STR(""));
	tlv_close(out, whole);
}
