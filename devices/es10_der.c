#include "devices/es10_der.h"

#include <assert.h>

/* Tags within commands and answers. */
enum {
	TAG_EID = 0x5A, TAG_ICCID = 0x5A, TAG_AID = 0x4F, TAG_LIST = 0x5C,
	TAG_PROFILE = 0xE3, TAG_STATE = 0x9F70, TAG_CLASS = 0x95, TAG_NICKNAME = 0x90,
	TAG_SPN = 0x91, TAG_NAME = 0x92, TAG_NOTIFY = 0xB6, TAG_PPR = 0x99,
};

/* One command on its way: what it holds, where its answer goes. */
struct call {
	struct euicc *e;
	struct arena *a;
	struct tlv command;		/* the whole */
	struct es10_request rq;
	struct es10_answer an;
	struct buf *out;
	char iccid[ICCID_SIZE];
};

/* ---- What commands hold. ------------------------------------------------ */

static bool find(struct str in, uint32_t tag, struct tlv *t)
{
	struct err err;

	return tlv_find(in, tag, t, &err) > 0;
}

static int read_nothing(struct call *c)
{
	return c->command.value.n ? SW_WRONG_DATA : SW_OK;
}

/* What is signed, or has no form of its own here: as it came. */
static int read_whole(struct call *c)
{
	c->rq.der = c->command.raw;
	return SW_OK;
}

/* The only data object that there is to be had: the EID. */
static int read_eid(struct call *c)
{
	struct tlv t;

	return find(c->command.value, TAG_LIST, &t) && str_is(t.value, "\x5A") ?
	       SW_OK : SW_WRONG_DATA;
}

static int take_iccid(struct call *c, struct str packed)
{
	if (iccid_unpack(c->iccid, packed) < 0)
		return SW_WRONG_DATA;
	c->rq.iccid = str_of(c->iccid);
	return SW_OK;
}

/* 5A or 4F. */
static int take_profile(struct call *c, struct str in)
{
	struct tlv t;

	if (find(in, TAG_ICCID, &t))
		return take_iccid(c, t.value);
	if (!find(in, TAG_AID, &t) || t.value.n != EUICC_AID_BYTES)
		return SW_WRONG_DATA;
	c->rq.aid = t.value;
	return SW_OK;
}

/* A0 { 5A | 4F }, 81 refreshFlag. */
static int read_switch(struct call *c)
{
	struct tlv t;

	return find(c->command.value, 0xA0, &t) ? take_profile(c, t.value) :
						  SW_WRONG_DATA;
}

static int read_profile(struct call *c)
{
	return take_profile(c, c->command.value);
}

static int read_nickname(struct call *c)
{
	struct tlv t;

	if (!find(c->command.value, TAG_NICKNAME, &t))
		return SW_WRONG_DATA;
	c->rq.text = t.value;
	if (!find(c->command.value, TAG_ICCID, &t))
		return SW_WRONG_DATA;
	return take_iccid(c, t.value);
}

static int read_address(struct call *c)
{
	struct tlv t;

	if (!find(c->command.value, 0x80, &t))
		return SW_WRONG_DATA;
	c->rq.text = t.value;
	return SW_OK;
}

static int read_reset(struct call *c)
{
	struct tlv t;

	return find(c->command.value, 0x82, &t) && tlv_bits(t.value, &c->rq.bits) == 0 ?
	       SW_OK : SW_WRONG_DATA;
}

/* 80 seqNumber or 81 events among `in`; nothing asks for all. */
static int take_filter(struct call *c, struct str in)
{
	uint64_t sequence;
	struct tlv t;

	if (find(in, 0x80, &t)) {
		/* No notification ever has the number 0, nor one beyond 32 bits. */
		if (tlv_uint(t.value, &sequence) < 0)
			return SW_WRONG_DATA;
		c->rq.sequence = sequence && sequence <= UINT32_MAX ?
				 (uint32_t)sequence : UINT32_MAX;
	} else if (find(in, 0x81, &t) && tlv_bits(t.value, &c->rq.bits) < 0) {
		return SW_WRONG_DATA;
	}
	return SW_OK;
}

static int read_filter(struct call *c)
{
	return take_filter(c, c->command.value);
}

/* A0 { filter }, or nothing at all. */
static int read_retrieve(struct call *c)
{
	struct tlv t;

	return find(c->command.value, 0xA0, &t) ? take_filter(c, t.value) : SW_OK;
}

static int read_sequence(struct call *c)
{
	struct tlv t;

	return find(c->command.value, 0x80, &t) ? take_filter(c, c->command.value) :
						  SW_WRONG_DATA;
}

/* A0 { 5A | 4F | 95 class }, 5C tags; both may be left out. */
static int read_search(struct call *c)
{
	struct tlv t, by;

	if (!find(c->command.value, 0xA0, &t) || find(t.value, TAG_CLASS, &by))
		return SW_OK;
	return t.value.n ? take_profile(c, t.value) : SW_OK;
}

/* ---- What answers look like. -------------------------------------------- */

/* The DER that the card wrote itself; a segment before the last has none. */
static void put_der(struct call *c)
{
	buf_str(c->out, c->an.der);
}

static size_t open_answer(struct call *c)
{
	return tlv_open(c->out, c->rq.tag);
}

static void put_code(struct call *c)
{
	size_t mark = open_answer(c);

	tlv_put_uint(c->out, 0x80, (uint64_t)c->an.code);
	tlv_close(c->out, mark);
}

static void put_eid(struct call *c)
{
	unsigned char packed[EID_BYTES];
	size_t mark = open_answer(c);

	eid_pack(packed, c->an.text);
	tlv_put(c->out, TAG_EID, (struct str){ (char *)packed, sizeof(packed) });
	tlv_close(c->out, mark);
}

/* No SM-DS is set: its address is empty. */
static void put_addresses(struct call *c)
{
	size_t mark = open_answer(c);

	if (c->an.text.n)
		tlv_put(c->out, 0x80, c->an.text);
	tlv_put(c->out, 0x81, c->an.root_smds.n ? c->an.root_smds : STR(""));
	tlv_close(c->out, mark);
}

static void put_challenge(struct call *c)
{
	size_t mark = open_answer(c);

	tlv_put(c->out, 0x80, c->an.der);
	tlv_close(c->out, mark);
}

static void put_iccid(struct buf *out, const char *iccid)
{
	unsigned char packed[ICCID_BYTES];

	iccid_pack(packed, str_of(iccid));
	tlv_put(out, TAG_ICCID, (struct str){ (char *)packed, sizeof(packed) });
}

static void put_member(struct buf *out, const struct euicc_profile *p, uint32_t tag)
{
	unsigned char aid[EUICC_AID_BYTES];
	struct str text;

	switch (tag) {
	case TAG_ICCID:
		put_iccid(out, p->iccid);
		break;
	case TAG_AID:
		profile_aid(p, aid);
		tlv_put(out, TAG_AID, (struct str){ (char *)aid, sizeof(aid) });
		break;
	case TAG_STATE:
		tlv_put_uint(out, TAG_STATE, p->enabled);
		break;
	case TAG_NICKNAME:
		text = profile_text(p, TEXT_NICKNAME);
		if (text.n)
			tlv_put(out, TAG_NICKNAME, text);
		break;
	case TAG_SPN:
		text = profile_text(p, TEXT_SPN);
		if (text.p)
			tlv_put(out, TAG_SPN, text);
		break;
	case TAG_NAME:
		tlv_put(out, TAG_NAME, profile_text(p, TEXT_NAME));
		break;
	case TAG_CLASS:
		tlv_put_uint(out, TAG_CLASS, p->class);
		break;
	case TAG_NOTIFY:
		text = profile_text(p, TEXT_NOTIFY);
		if (text.n)
			tlv_put(out, TAG_NOTIFY, text);
		break;
	case TAG_PPR:
		tlv_put_bits(out, TAG_PPR, p->ppr);
		break;
	}
}

/* Is that tag in a list of tags? */
static bool lists(struct str list, uint32_t tag)
{
	for (size_t i = 0; i < list.n; i++) {
		uint32_t t = (unsigned char)list.p[i];

		if ((t & 0x1F) == 0x1F && i + 1 < list.n)
			t = t << 8 | (unsigned char)list.p[++i];
		if (t == tag)
			return true;
	}
	return false;
}

/* Is it asked for?  Without a list: what 5.7.15 gives by default. */
static bool is_wanted(const struct call *c, uint32_t tag)
{
	struct tlv list;

	if (!find(c->command.value, TAG_LIST, &list))
		return tag != TAG_NOTIFY && tag != TAG_PPR;
	return lists(list.value, tag);
}

static void put_profile(struct call *c, const struct euicc_profile *p)
{
	static const uint32_t members[] = {
		TAG_ICCID, TAG_AID, TAG_STATE, TAG_NICKNAME, TAG_SPN, TAG_NAME,
		TAG_CLASS, TAG_NOTIFY, TAG_PPR,
	};
	size_t mark = tlv_open(c->out, TAG_PROFILE);

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (is_wanted(c, members[i]))
			put_member(c->out, p, members[i]);
	tlv_close(c->out, mark);
}

/* -1: every class. */
static int class_asked_for(const struct call *c)
{
	struct tlv t, by;
	uint64_t class;

	if (!find(c->command.value, 0xA0, &t) || !find(t.value, TAG_CLASS, &by))
		return -1;
	return tlv_uint(by.value, &class) == 0 && class < PROFILE_CLASSES ?
	       (int)class : PROFILE_CLASSES;
}

static void put_profiles(struct call *c)
{
	int class = class_asked_for(c);
	size_t mark = open_answer(c), list;

	if (c->an.code != ES10_OK) {
		tlv_put_uint(c->out, 0x81, (uint64_t)c->an.code);
	} else {
		list = tlv_open(c->out, 0xA0);
		for (size_t i = 0; i < c->an.profile_count; i++)
			if (class < 0 || c->an.profiles[i].class == class)
				put_profile(c, &c->an.profiles[i]);
		tlv_close(c->out, list);
	}
	tlv_close(c->out, mark);
}

static bool is_meant(const struct call *c, const struct euicc_note *n)
{
	if (c->rq.sequence)
		return n->sequence == c->rq.sequence;
	return c->rq.bits == 0 || (n->event & c->rq.bits);
}

static void put_notifications(struct call *c)
{
	size_t mark = open_answer(c), list = tlv_open(c->out, 0xA0);

	for (const struct euicc_note *n = c->an.notes; n; n = n->next) {
		unsigned char packed[ICCID_BYTES];
		struct rsp_notification_metadata m = {
			.sequence = n->sequence, .event = n->event,
			.address = n->address,
		};

		if (!is_meant(c, n))
			continue;
		if (n->iccid[0]) {
			iccid_pack(packed, str_of(n->iccid));
			m.iccid = (struct str){ (char *)packed, sizeof(packed) };
		}
		rsp_notification_metadata_write(c->out, &m);
	}
	tlv_close(c->out, list);
	tlv_close(c->out, mark);
}

static void put_pending(struct call *c)
{
	size_t mark = open_answer(c), list;

	if (c->an.code != ES10_OK) {
		tlv_put_uint(c->out, 0x81, (uint64_t)c->an.code);
	} else {
		list = tlv_open(c->out, 0xA0);
		for (const struct euicc_note *n = c->an.notes; n; n = n->next)
			if (is_meant(c, n))
				buf_str(c->out, n->der);
		tlv_close(c->out, list);
	}
	tlv_close(c->out, mark);
}

/* ---- All of them. --------------------------------------------------------- */

static const struct form {
	enum es10_tag tag;
	int (*read)(struct call *c);
	void (*write)(struct call *c);
} forms[] = {
	{ ES10_TAG_GET_EID, read_eid, put_eid },
	{ ES10_TAG_CONFIGURED_ADDRESSES, read_nothing, put_addresses },
	{ ES10_TAG_SET_DEFAULT_DP, read_address, put_code },
	{ ES10_TAG_EUICC_INFO1, read_nothing, put_der },
	{ ES10_TAG_EUICC_INFO2, read_nothing, put_der },
	{ ES10_TAG_RAT, read_nothing, put_der },
	{ ES10_TAG_EUICC_CHALLENGE, read_nothing, put_challenge },
	{ ES10_TAG_AUTHENTICATE_SERVER, read_whole, put_der },
	{ ES10_TAG_PREPARE_DOWNLOAD, read_whole, put_der },
	{ ES10_TAG_LOAD_PACKAGE, read_whole, put_der },
	{ ES10_TAG_CANCEL_SESSION, read_whole, put_der },
	{ ES10_TAG_PROFILES_INFO, read_search, put_profiles },
	{ ES10_TAG_ENABLE_PROFILE, read_switch, put_code },
	{ ES10_TAG_DISABLE_PROFILE, read_switch, put_code },
	{ ES10_TAG_DELETE_PROFILE, read_profile, put_code },
	{ ES10_TAG_SET_NICKNAME, read_nickname, put_code },
	{ ES10_TAG_MEMORY_RESET, read_reset, put_code },
	{ ES10_TAG_LIST_NOTIFICATION, read_filter, put_notifications },
	{ ES10_TAG_RETRIEVE_NOTIFICATIONS, read_retrieve, put_pending },
	{ ES10_TAG_REMOVE_NOTIFICATION, read_sequence, put_code },
};

static const struct form *form_of(uint32_t tag)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (forms[i].tag == tag)
			return &forms[i];
	return NULL;
}

/* A part of a package is not always a whole TLV: its end may come later. */
static bool is_segment(uint32_t tag)
{
	return tag == ES10_TAG_LOAD_PACKAGE || (tag >= 0xA0 && tag <= 0xA3) ||
	       tag == 0x86 || tag == 0x88;
}

static int load_segment(struct call *c, struct str command)
{
	c->rq.tag = ES10_TAG_LOAD_PACKAGE;
	c->rq.der = command;
	euicc_call(c->e, &c->rq, c->a, &c->an);
	/* Without a session there is nothing that it could belong to. */
	if (!c->an.finished && c->an.code != ES10_OK)
		return SW_CONDITIONS;
	put_der(c);
	return SW_OK;
}

static int call(struct call *c, struct str command)
{
	const struct form *f;
	struct str rest = command;
	struct err err;
	uint32_t tag;
	size_t n;
	int sw;

	if (tlv_head(&rest, &tag, &n, &err) < 0)
		return SW_WRONG_DATA;
	if (is_segment(tag))
		return load_segment(c, command);
	f = form_of(tag);
	if (!f)
		return SW_REFERENCE;
	if (tlv_whole(command, tag, &c->command, &err) < 0 ||
	    (tlv_is_constructed(tag) && tlv_check(command, &err) < 0))
		return SW_WRONG_DATA;
	c->rq.tag = f->tag;
	sw = f->read(c);
	if (sw != SW_OK)
		return sw;
	euicc_call(c->e, &c->rq, c->a, &c->an);
	/* What was not even readable has no answer of its own. */
	if (f->write == put_der && !c->an.der.n && c->an.code != ES10_OK)
		return SW_WRONG_DATA;
	f->write(c);
	return SW_OK;
}

int es10_der_call(struct euicc *e, struct str command, struct buf *out)
{
	struct arena a = { 0 };
	struct call c = { .e = e, .a = &a, .out = out };
	int sw = call(&c, command);

	arena_release(&a);
	return out->over ? SW_MEMORY : sw;
}
