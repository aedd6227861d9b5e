#include "devices/isdr.h"

enum { SW_MORE = 0x6100, LAST_BLOCK = 0x91, MORE_BLOCKS = 0x11, BLOCKS_MAX = 256 };

struct apdu {
	unsigned char cla, ins, p1, p2;
	struct str data;
	unsigned le;		/* 1 to 256; 0: none asked for */
};

struct str isdr_aid(void)
{
	static const char aid[] = {
		(char)0xA0, 0, 0, 5, 0x59, 0x10, 0x10, (char)0xFF, (char)0xFF,
		(char)0xFF, (char)0xFF, (char)0x89, 0, 0, 1, 0,
	};

	return (struct str){ aid, sizeof(aid) };
}

/* ---- Channels. ------------------------------------------------------------ */

static void clear_channel(struct isdr_channel *c)
{
	buf_clear(&c->command);
	buf_clear(&c->answer);
	c->command.over = c->answer.over = false;
	c->next_block = 0;
	c->sent = 0;
	c->selected = c->open = false;
}

void isdr_init(struct isdr *i, struct euicc *e)
{
	*i = (struct isdr){ .e = e };
	for (int n = 0; n < ISDR_CHANNELS; n++) {
		buf_init(&i->channels[n].command, ES10_COMMAND_MAX);
		buf_init(&i->channels[n].answer, ES10_ANSWER_MAX);
	}
	i->channels[0].open = true;
}

void isdr_release(struct isdr *i)
{
	for (int n = 0; n < ISDR_CHANNELS; n++) {
		buf_release(&i->channels[n].command);
		buf_release(&i->channels[n].answer);
	}
}

void isdr_reset(struct isdr *i)
{
	for (int n = 0; n < ISDR_CHANNELS; n++)
		clear_channel(&i->channels[n]);
	i->channels[0].open = true;
	euicc_power_off(i->e);
}

/* ---- Commands. -------------------------------------------------------------- */

/* What the channel has to say: at once if it is nothing, else by GET RESPONSE. */
static unsigned announce(const struct isdr_channel *c)
{
	size_t left = c->answer.n - c->sent;

	return left == 0 ? SW_OK : SW_MORE | (left < 256 ? (unsigned)left : 0);
}

static unsigned select_aid(struct isdr *i, struct isdr_channel *c, struct str aid)
{
	static const char svn[] = { 2, 2, 2 };
	size_t fci, template;

	(void)i;
	buf_clear(&c->answer);
	c->sent = 0;
	/* A shorter one is the beginning of it (7816-4, 12.2.3). */
	if (aid.n < 5 || aid.n > isdr_aid().n || !str_starts(isdr_aid(), aid)) {
		c->selected = false;
		return SW_NOT_FOUND;
	}
	c->selected = true;
	fci = tlv_open(&c->answer, 0x6F);
	tlv_put(&c->answer, 0x84, isdr_aid());
	template = tlv_open(&c->answer, 0xA5);
	tlv_put(&c->answer, 0x9F65, STR("\xFF"));
	tlv_close(&c->answer, template);
	template = tlv_open(&c->answer, 0xE0);
	tlv_put(&c->answer, 0x82, (struct str){ svn, sizeof(svn) });
	tlv_close(&c->answer, template);
	tlv_close(&c->answer, fci);
	return announce(c);
}

static unsigned do_select(struct isdr *i, struct isdr_channel *c, const struct apdu *a)
{
	if (a->p1 != 0x04)	/* by anything but a name: there are no files */
		return SW_NOT_FOUND;
	return select_aid(i, c, a->data);
}

static unsigned manage_channel(struct isdr *i, const struct apdu *a, struct buf *out)
{
	if (a->p1 == 0x00 && a->p2 == 0x00) {
		for (unsigned n = 1; n < ISDR_CHANNELS; n++) {
			if (i->channels[n].open)
				continue;
			clear_channel(&i->channels[n]);
			i->channels[n].open = true;
			buf_char(out, (char)n);
			return SW_OK;
		}
		return SW_CHANNEL;
	}
	if (a->p1 == 0x80 && a->p2 > 0 && a->p2 < ISDR_CHANNELS &&
	    i->channels[a->p2].open) {
		clear_channel(&i->channels[a->p2]);
		return SW_OK;
	}
	return SW_WRONG_P1P2;
}

static unsigned store_data(struct isdr *i, struct isdr_channel *c, const struct apdu *a)
{
	int sw;

	if (!c->selected)
		return SW_CONDITIONS;
	if (a->p1 != LAST_BLOCK && a->p1 != MORE_BLOCKS)
		return SW_WRONG_P1P2;
	if (a->p2 == 0) {
		buf_clear(&c->command);
		c->command.over = false;
		c->next_block = 0;
	}
	if (a->p2 != c->next_block)
		return SW_WRONG_P1P2;
	c->next_block++;
	buf_str(&c->command, a->data);
	if (c->command.over)
		return SW_MEMORY;
	if (a->p1 == MORE_BLOCKS)
		return c->next_block < BLOCKS_MAX ? SW_OK : SW_WRONG_P1P2;
	buf_clear(&c->answer);
	c->answer.over = false;
	c->sent = 0;
	c->next_block = 0;
	sw = es10_der_call(i->e, buf_view(&c->command), &c->answer);
	buf_clear(&c->command);
	if (sw != SW_OK) {
		buf_clear(&c->answer);
		return (unsigned)sw;
	}
	return announce(c);
}

static unsigned get_response(struct isdr_channel *c, const struct apdu *a, struct buf *out)
{
	size_t left = c->answer.n - c->sent, n = a->le ? a->le : 256;

	if (left == 0)
		return SW_CONDITIONS;
	if (n > left)
		n = left;
	buf_add(out, c->answer.p + c->sent, n);
	c->sent += n;
	return announce(c);
}

/* Short forms only: lengths of one byte (7816-3, 12.1). */
static bool parse(struct str s, struct apdu *a)
{
	const unsigned char *p = (const unsigned char *)s.p;
	size_t lc;

	if (s.n < 4)
		return false;
	*a = (struct apdu){ .cla = p[0], .ins = p[1], .p1 = p[2], .p2 = p[3] };
	if (s.n == 4)
		return true;
	lc = p[4];
	if (s.n == 5) {
		a->le = lc ? (unsigned)lc : 256;
		return true;
	}
	if (lc == 0 || s.n < 5 + lc || s.n > 6 + lc)
		return false;
	a->data = (struct str){ s.p + 5, lc };
	if (s.n == 6 + lc)
		a->le = p[5 + lc] ? p[5 + lc] : 256;
	return true;
}

static unsigned run(struct isdr *i, struct str apdu, struct buf *out)
{
	struct isdr_channel *c;
	struct apdu a;

	if (!parse(apdu, &a))
		return SW_WRONG_LENGTH;
	/* Interindustry and GlobalPlatform classes, the channel in the low bits. */
	if ((a.cla & 0x7C) != 0)
		return (a.cla & 0x40) ? SW_CHANNEL : SW_CLA;
	c = &i->channels[a.cla & 3];
	if (!c->open)
		return SW_CHANNEL;
	switch (a.ins) {
	case 0xA4:
		return do_select(i, c, &a);
	case 0x70:
		return manage_channel(i, &a, out);
	case 0xE2:
		return store_data(i, c, &a);
	case 0xC0:
		return get_response(c, &a, out);
	case 0xAA:	/* TERMINAL CAPABILITY */
	case 0xF2:	/* STATUS */
		return SW_OK;
	}
	return SW_INS;
}

void isdr_transmit(struct isdr *i, struct str apdu, struct buf *out)
{
	unsigned sw = run(i, apdu, out);

	buf_char(out, (char)(sw >> 8));
	buf_char(out, (char)(sw & 0xFF));
}

int isdr_open_channel(struct isdr *i, struct str aid)
{
	for (int n = 1; n < ISDR_CHANNELS; n++) {
		struct isdr_channel *c = &i->channels[n];

		if (c->open)
			continue;
		clear_channel(c);
		if (select_aid(i, c, aid) == SW_NOT_FOUND)
			return -1;
		c->open = true;
		return n;
	}
	return -1;
}

void isdr_close_channel(struct isdr *i, unsigned channel)
{
	if (channel > 0 && channel < ISDR_CHANNELS)
		clear_channel(&i->channels[channel]);
}
