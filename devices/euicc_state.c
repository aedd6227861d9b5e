#include "devices/euicc_state.h"
#include "devices/euicc_download.h"

enum { STATE_TAG = 0xE0, STATE_VERSION = 1, PROFILE_TAG = 0xE1, NOTE_TAG = 0xE2,
       KEY_TAG = 0xE3 };

/* The members of struct euicc that are in flash. */
struct saved_card {
	int64_t version, memory, sequence, number, before_test;
	struct str eid, default_smdp, rat, root_smds;
};

struct saved_profile {
	struct str iccid;
	int64_t memory, number, class, ppr, ci, enabled, no_network;
	struct str text[PROFILE_TEXTS];
};

struct saved_note {
	int64_t sequence, event;
	struct str iccid, address, der;
};

struct saved_key {
	struct str oid, point, secret;
	int64_t curve;
};

#define UINT(type, tag, m) { tag, TLV_KIND_UINT, 0, offsetof(struct type, m), 1, 5, #m, NULL }
#define TEXT(type, tag, flags, m, max) \
	{ tag, TLV_KIND_BYTES, flags, offsetof(struct type, m), 0, max, #m, NULL }
#define END { .kind = TLV_KIND_END }

static const struct tlv_field card_fields[] = {
	UINT(saved_card, 0x80, version),
	TEXT(saved_card, 0x81, 0, eid, EID_DIGITS),
	UINT(saved_card, 0x82, memory),
	UINT(saved_card, 0x83, sequence),
	UINT(saved_card, 0x84, number),
	UINT(saved_card, 0x85, before_test),
	TEXT(saved_card, 0x86, TLV_OPTIONAL, default_smdp, EUICC_TEXT_MAX),
	{ 0xA7, TLV_KIND_BYTES, TLV_OPTIONAL, offsetof(struct saved_card, rat), 0, 0, "rat", NULL },
	TEXT(saved_card, 0x87, TLV_OPTIONAL, root_smds, EUICC_TEXT_MAX),
	END
};
static const struct tlv_message card_message = {
	"card", 0xA0, 0, sizeof(struct saved_card), card_fields,
};

static const struct tlv_field profile_fields[] = {
	TEXT(saved_profile, 0x80, 0, iccid, ICCID_SIZE - 1),
	UINT(saved_profile, 0x81, memory),
	UINT(saved_profile, 0x82, number),
	UINT(saved_profile, 0x83, class),
	UINT(saved_profile, 0x84, ppr),
	UINT(saved_profile, 0x85, ci),
	UINT(saved_profile, 0x86, enabled),
	UINT(saved_profile, 0x87, no_network),
	TEXT(saved_profile, 0x88, TLV_OPTIONAL, text[TEXT_SPN], EUICC_TEXT_MAX),
	TEXT(saved_profile, 0x89, 0, text[TEXT_NAME], EUICC_TEXT_MAX),
	TEXT(saved_profile, 0x8A, 0, text[TEXT_NICKNAME], EUICC_NICKNAME_MAX),
	TEXT(saved_profile, 0x8B, 0, text[TEXT_SMDP], EUICC_TEXT_MAX),
	TEXT(saved_profile, 0x8C, 0, text[TEXT_NOTIFY], EUICC_TEXT_MAX),
	END
};
static const struct tlv_message profile_message = {
	"profile", PROFILE_TAG, 0, sizeof(struct saved_profile), profile_fields,
};

static const struct tlv_field note_fields[] = {
	UINT(saved_note, 0x80, sequence),
	UINT(saved_note, 0x81, event),
	TEXT(saved_note, 0x82, 0, iccid, ICCID_SIZE - 1),
	TEXT(saved_note, 0x83, 0, address, EUICC_TEXT_MAX),
	TEXT(saved_note, 0x84, 0, der, 64 << 10),
	END
};
static const struct tlv_message note_message = {
	"notification", NOTE_TAG, 0, sizeof(struct saved_note), note_fields,
};

static const struct tlv_field key_fields[] = {
	TEXT(saved_key, 0x80, 0, oid, RSP_OID_MAX),
	TEXT(saved_key, 0x81, 0, point, RSP_POINT_BYTES),
	TEXT(saved_key, 0x82, 0, secret, 32),
	UINT(saved_key, 0x83, curve),
	END
};
static const struct tlv_message key_message = {
	"one-time key", KEY_TAG, 0, sizeof(struct saved_key), key_fields,
};

/* ---- Writing. -------------------------------------------------------------- */

static void write_profile(const struct euicc_profile *p, struct buf *out)
{
	struct saved_profile s = {
		.iccid = str_of(p->iccid), .memory = p->memory, .number = p->number,
		.class = p->class, .ppr = p->ppr, .ci = p->ci, .enabled = p->enabled,
		.no_network = p->no_network,
	};

	for (int i = 0; i < PROFILE_TEXTS; i++)
		s.text[i] = profile_text(p, (enum profile_text)i);
	tlv_write(&profile_message, out, &s);
}

static void write_key(const struct euicc_key *k, struct buf *out)
{
	tlv_write(&key_message, out, &(struct saved_key){
		.oid = { k->oid, k->oid_n },
		.point = { (const char *)k->otpk.public_point, RSP_POINT_BYTES },
		.secret = { (const char *)k->otpk.secret, sizeof(k->otpk.secret) },
		.curve = k->otpk.curve,
	});
}

void euicc_state_write(const struct euicc *e, struct buf *out)
{
	struct saved_card card = {
		.version = STATE_VERSION, .memory = e->memory, .sequence = e->sequence,
		.number = e->number, .before_test = e->before_test,
		.eid = { e->eid, EID_DIGITS },
		.default_smdp = e->default_smdp ? str_of(e->default_smdp) : STR_NONE,
		.root_smds = e->root_smds ? str_of(e->root_smds) : STR_NONE,
	};
	size_t mark = tlv_open(out, STATE_TAG);
	struct buf rat;

	buf_init(&rat, EUICC_STATE_MAX);
	if (e->rat)
		euicc_rat_write(e->rat, &rat);
	card.rat = e->rat ? buf_view(&rat) : STR_NONE;
	tlv_write(&card_message, out, &card);
	buf_release(&rat);
	for (size_t i = 0; i < e->profile_count; i++)
		write_profile(&e->profiles[i], out);
	for (const struct euicc_note *n = e->notes; n; n = n->next)
		tlv_write(&note_message, out, &(struct saved_note){
			.sequence = n->sequence, .event = n->event,
			.iccid = str_of(n->iccid), .address = n->address, .der = n->der,
		});
	if (e->key)
		write_key(e->key, out);
	tlv_close(out, mark);
}

/* ---- Reading. --------------------------------------------------------------- */

static int bad(struct err *err, const char *what)
{
	return err_set(err, ERR_INVALID, "card: its state is damaged: %s", what);
}

static int read_card(struct euicc *e, struct str der, struct err *err)
{
	struct saved_card s;
	struct euicc_rat rat;

	if (tlv_read(&card_message, der, &s, err) < 0)
		return err_prefix(err, "card: its state is damaged");
	if (s.version != STATE_VERSION)
		return err_set(err, ERR_INVALID,
			       "card: its state has version %lld, expected %d",
			       (long long)s.version, STATE_VERSION);
	if (!str_eq(s.eid, (struct str){ e->eid, EID_DIGITS }))
		return err_set(err, ERR_DENIED,
			       "card: it is the state of EID %.*s, expected that of %.*s",
			       STRF(s.eid), EID_DIGITS, e->eid);
	if (s.memory > UINT32_MAX || s.sequence > UINT32_MAX ||
	    s.number > EUICC_NUMBER_MAX || s.before_test > EUICC_NUMBER_MAX)
		return bad(err, "a number is too large");
	e->memory = (uint32_t)s.memory;
	e->sequence = (uint32_t)s.sequence;
	e->before_test = (uint16_t)s.before_test;
	e->number = (uint16_t)s.number;
	if (s.rat.p && euicc_rat_read(s.rat, &rat, err) < 0)
		return err_prefix(err, "card: its state is damaged");
	if (s.rat.p)
		euicc_set_rat(e, &rat);
	if (s.default_smdp.n)
		e->default_smdp = strndup(s.default_smdp.p, s.default_smdp.n);
	if (s.root_smds.n)
		e->root_smds = strndup(s.root_smds.p, s.root_smds.n);
	return 0;
}

static int read_profile(struct euicc *e, struct str der, struct err *err)
{
	struct euicc_profile_spec spec = { 0 };
	struct saved_profile s;
	struct euicc_profile *p;
	unsigned highest = e->number;

	if (tlv_read(&profile_message, der, &s, err) < 0)
		return err_prefix(err, "card: its state is damaged");
	if (s.memory > UINT32_MAX || s.number < 1 || s.number > highest ||
	    s.class >= PROFILE_CLASSES || s.ppr > PPR_ALL || s.ci > UINT8_MAX)
		return bad(err, "a profile has a number that no profile has");
	spec.iccid = s.iccid;
	spec.memory = (uint32_t)s.memory;
	spec.class = (enum profile_class)s.class;
	spec.ppr = (unsigned)s.ppr;
	spec.ci = (uint8_t)s.ci;
	spec.no_network = s.no_network != 0;
	memcpy(spec.text, s.text, sizeof(spec.text));
	for (size_t i = 0; i < e->profile_count; i++)
		if (e->profiles[i].number == s.number)
			return bad(err, "two profiles have one number");
	if (s.enabled && euicc_active(e))
		return bad(err, "two profiles are enabled");
	e->number = 0;
	if (euicc_install(e, &spec) != ES10_OK)
		return bad(err, "a profile does not fit");
	p = &e->profiles[e->profile_count - 1];
	p->number = (uint16_t)s.number;
	p->enabled = s.enabled != 0;
	e->number = (uint16_t)highest;
	return 0;
}

static int read_note(struct euicc *e, struct str der, struct err *err)
{
	struct saved_note s;
	char iccid[ICCID_SIZE] = "";

	if (tlv_read(&note_message, der, &s, err) < 0)
		return err_prefix(err, "card: its state is damaged");
	if (s.sequence < 1 || s.sequence > e->sequence || s.event < 0 || s.event > 0xFF ||
	    (s.iccid.n && !iccid_well_formed(s.iccid)) || e->note_count == EUICC_NOTES_MAX)
		return bad(err, "a notification that cannot be");
	memcpy(iccid, s.iccid.p, s.iccid.n);
	euicc_add_note(e, (uint32_t)s.sequence, (unsigned)s.event, iccid, s.address, s.der);
	return 0;
}

static int read_key(struct euicc *e, struct str der, struct err *err)
{
	struct rsp_otpk otpk = { 0 };
	struct saved_key s;

	if (tlv_read(&key_message, der, &s, err) < 0)
		return err_prefix(err, "card: its state is damaged");
	if (e->key || s.point.n != RSP_POINT_BYTES || s.secret.n != sizeof(otpk.secret) ||
	    s.oid.n > RSP_OID_MAX || s.curve < 0 || s.curve >= RSP_CURVES)
		return bad(err, "a one-time key that cannot be");
	memcpy(otpk.public_point, s.point.p, s.point.n);
	memcpy(otpk.secret, s.secret.p, s.secret.n);
	otpk.curve = (enum rsp_curve)s.curve;
	euicc_keep_key(e, &otpk, s.oid);
	return 0;
}

static int read_record(struct euicc *e, const struct tlv *t, struct err *err)
{
	switch (t->tag) {
	case PROFILE_TAG:
		return read_profile(e, t->raw, err);
	case NOTE_TAG:
		return read_note(e, t->raw, err);
	case KEY_TAG:
		return read_key(e, t->raw, err);
	}
	return bad(err, "something that is neither profile nor notification nor key");
}

static int read_all(struct euicc *e, struct str bytes, struct err *err)
{
	struct tlv whole, t;
	int rc;

	if (tlv_whole(bytes, STATE_TAG, &whole, err) < 0 ||
	    tlv_expect(&whole.value, 0xA0, &t, err) < 0)
		return err_prefix(err, "card: its state is damaged");
	if (read_card(e, t.raw, err) < 0)
		return -1;
	while ((rc = tlv_next(&whole.value, &t, err)) > 0)
		if (read_record(e, &t, err) < 0)
			return -1;
	return rc;
}

int euicc_state_read(struct euicc *e, struct str bytes, struct err *err)
{
	const struct euicc fresh = *e;

	if (read_all(e, bytes, err) == 0)
		return 0;
	euicc_release(e);
	*e = fresh;
	return -1;
}
