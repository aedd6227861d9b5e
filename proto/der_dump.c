#include "proto/der_dump.h"

#include "proto/eid.h"
#include "proto/iccid.h"
#include "proto/rsp.h"

#include <ctype.h>
#include <stdlib.h>

/* Those that no description begins with, and parts that have no row. */
static const struct { uint32_t tag; const char *name; } names[] = {
	{ 0xBF24, "ConfigureISDPRequest" }, { 0xBF26, "ReplaceSessionKeysRequest" },
	{ 0xBF28, "ListNotification" }, { 0xBF29, "SetNickname" },
	{ 0xBF2A, "UpdateMetadataRequest" }, { 0xBF2B, "RetrieveNotificationsList" },
	{ 0xBF2D, "ProfileInfoList" }, { 0xBF2E, "GetEuiccChallenge" },
	{ 0xBF30, "NotificationSent" }, { 0xBF31, "EnableProfile" },
	{ 0xBF32, "DisableProfile" }, { 0xBF33, "DeleteProfile" },
	{ 0xBF34, "EuiccMemoryReset" }, { 0xBF36, "BoundProfilePackage" },
	{ 0xBF3C, "EuiccConfiguredAddresses" }, { 0xBF3E, "GetEuiccData" },
	{ 0xBF3F, "SetDefaultDpAddress" }, { 0xBF43, "GetRat" },
	{ 0xE3, "ProfileInfo" }, { 0x4F, "isdpAid" }, { 0x9F70, "profileState" },
	{ 0x5F37, "signature" }, { 0x5F49, "one-time public key" }, { 0x5C, "tagList" },
	{ TLV_BOOLEAN, "BOOLEAN" }, { TLV_INTEGER, "INTEGER" }, { 0x03, "BIT STRING" },
	{ TLV_OCTETS, "OCTET STRING" }, { TLV_OID, "OBJECT IDENTIFIER" },
	{ TLV_UTF8, "UTF8String" }, { TLV_PRINTABLE, "PrintableString" },
	{ 0x17, "UTCTime" }, { 0x18, "GeneralizedTime" }, { TLV_SEQUENCE, "SEQUENCE" },
	{ 0x31, "SET" },
};

/* ProfileInfo, E3: only for their names. */
#define NAMED(tag, name) { tag, TLV_KIND_BYTES, 0, 0, 0, 0, name, NULL }
static const struct tlv_field profile_info[] = {
	NAMED(0x5A, "iccid"), NAMED(0x90, "profileNickname"),
	NAMED(0x91, "serviceProviderName"), NAMED(0x92, "profileName"),
	NAMED(0x93, "iconType"), NAMED(0x94, "icon"), NAMED(0x95, "profileClass"),
	NAMED(0xB6, "notificationConfigurationInfo"), NAMED(0xB7, "profileOwner"),
	NAMED(0x99, "profilePolicyRules"), { .kind = TLV_KIND_END },
};

struct dump {
	struct buf *out;
	bool all;
	const char *start;	/* of all bytes, for messages */
	void *object;		/* room for any message, to try whether it fits */
};

/* ---- Names. ----------------------------------------------------------------- */

static const char *name_of(uint32_t tag)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].tag == tag)
			return names[i].name;
	return NULL;
}

static const struct tlv_field *row_of(const struct tlv_field *rows, uint32_t tag)
{
	for (; rows && rows->kind != TLV_KIND_END; rows++)
		if (rows->tag == tag)
			return rows;
	return NULL;
}

/* The message with that tag that the bytes fit. */
static const struct tlv_message *message_of(const struct dump *d, const struct tlv *t)
{
	struct err err;

	for (size_t i = 0; rsp_messages[i]; i++)
		if (rsp_messages[i]->tag == t->tag &&
		    tlv_read(rsp_messages[i], t->raw, d->object, &err) == 0)
			return rsp_messages[i];
	return NULL;
}

/* A whole TLV within another has its description under the name of its row. */
static const struct tlv_message *message_named(const char *name)
{
	for (size_t i = 0; rsp_messages[i]; i++)
		if (str_ieq(str_of(rsp_messages[i]->name), str_of(name)))
			return rsp_messages[i];
	return NULL;
}

/* ---- Values. ------------------------------------------------------------------ */

static bool is_text(struct str s)
{
	bool letters = false;

	if (s.n < 2 || !str_is_utf8(s))
		return false;
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c < 0x20 || c == 0x7F)
			return false;
		letters = letters || isalnum(c);
	}
	return letters;
}

static void put_value(struct dump *d, uint32_t tag, struct str v)
{
	size_t shown = d->all || v.n <= DER_DUMP_SHOWN ? v.n : DER_DUMP_SHOWN;
	char iccid[ICCID_SIZE], eid[EID_SIZE];

	for (size_t i = 0; i < shown; i++)
		buf_printf(d->out, "%02X", (unsigned char)v.p[i]);
	if (shown < v.n)
		buf_printf(d->out, "... (%zu bytes)", v.n);
	if (tag == 0x5A && iccid_unpack(iccid, v) == 0)
		buf_printf(d->out, "  ICCID %s", iccid);
	else if (tag == 0x5A && eid_unpack(eid, v) == 0)
		buf_printf(d->out, "  EID %s", eid);
	else if (is_text(v))
		buf_printf(d->out, "  \"%.*s\"", STRF(v));
}

/* ---- The tree. ------------------------------------------------------------------ */

static int dump_list(struct dump *d, struct str in, const struct tlv_field *rows,
		     int depth, struct err *err);

static int dump_one(struct dump *d, const struct tlv *t, const struct tlv_field *rows,
		    int depth, struct err *err)
{
	const struct tlv_field *row = row_of(rows, t->tag), *inner = NULL;
	const char *name = row ? row->name : NULL;
	const struct tlv_message *m = NULL;
	struct err ignored;

	if (row && row->kind == TLV_KIND_RAW)
		m = message_named(row->name);
	else if (!row)
		m = message_of(d, t);
	if (!name)
		name = m ? m->name : name_of(t->tag);
	inner = t->tag == 0xE3 ? profile_info : m ? m->fields : row ? row->inner : NULL;
	buf_printf(d->out, "%*s%02X%s%s", 2 * depth, "", t->tag, name ? " " : "",
		   name ? name : "");
	if (tlv_is_constructed(t->tag) && depth < TLV_DEPTH_MAX &&
	    tlv_check(t->raw, &ignored) == 0) {
		buf_printf(d->out, ", %zu bytes\n", t->value.n);
		return dump_list(d, t->value, inner, depth + 1, err);
	}
	buf_z(d->out, ": ");
	put_value(d, t->tag, t->value);
	buf_char(d->out, '\n');
	return 0;
}

static int dump_list(struct dump *d, struct str in, const struct tlv_field *rows,
		     int depth, struct err *err)
{
	struct tlv t;
	int rc = 0;

	while (rc == 0 && in.n) {
		size_t at = (size_t)(in.p - d->start);

		if (tlv_next(&in, &t, err) <= 0)
			return err_prefix(err, "byte %zu", at);
		rc = dump_one(d, &t, rows, depth, err);
	}
	return rc;
}

int der_dump(struct str bytes, bool all, struct buf *out, struct err *err)
{
	struct dump d = { .out = out, .all = all, .start = bytes.p };
	size_t room = 0;
	int rc;

	for (size_t i = 0; rsp_messages[i]; i++)
		room = rsp_messages[i]->size > room ? rsp_messages[i]->size : room;
	d.object = malloc(room);
	if (!d.object)
		abort();
	rc = dump_list(&d, bytes, NULL, 0, err);
	free(d.object);
	return rc;
}
