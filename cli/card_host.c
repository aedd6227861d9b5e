#include "cli/card_host.h"

#include "cli/output.h"
#include "cli/pki_dir.h"
#include "devices/euicc_state.h"
#include "sim/file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

/* ---- The flash. -------------------------------------------------------------- */

/* 1 if there is a file, 0 if not. */
static int read_flash(struct card_host *h, struct err *err)
{
	int fd = h->state ? open(h->state, O_RDONLY | O_CLOEXEC) : -1;
	int rc;

	if (fd < 0)
		return !h->state || errno == ENOENT ? 0 :
		       err_set(err, ERR_IO, "%s: %s", h->state, strerror(errno));
	rc = file_read_fd(fd, h->state, &h->flash, err);
	close(fd);
	if (rc < 0)
		return -1;
	return h->flash.n > 0;
}

static int replace_file(const char *path, struct str bytes, struct err *err)
{
	struct arena a = { 0 };
	const char *beside = arena_printf(&a, "%s.new", path).p;
	int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), rc = 0;

	if (fd < 0) {
		rc = err_set(err, ERR_IO, "%s: %s", beside, strerror(errno));
	} else {
		rc = output_write(fd, bytes, err);
		if (rc == 0 && fsync(fd) < 0)
			rc = err_set(err, ERR_IO, "%s: %s", beside, strerror(errno));
		close(fd);
		if (rc == 0 && rename(beside, path) < 0)
			rc = err_set(err, ERR_IO, "%s: %s", path, strerror(errno));
	}
	arena_release(&a);
	return rc;
}

int card_host_keep(struct card_host *h)
{
	struct buf now;
	int rc = 0;

	if (!h->state)
		return 0;
	buf_init(&now, EUICC_STATE_MAX);
	euicc_state_write(&h->card, &now);
	if (str_eq(buf_view(&now), buf_view(&h->flash))) {
		buf_release(&now);
		return 0;
	}
	rc = replace_file(h->state, buf_view(&now), &h->err);
	buf_release(&h->flash);
	h->flash = now;
	return rc;
}

/* ---- The card. ------------------------------------------------------------------ */

/* The EID that the flash has; false if it has none that could be one. */
static bool eid_of_flash(struct str flash, char eid[EID_SIZE])
{
	struct tlv whole, card, t;
	struct err err;

	if (tlv_next(&flash, &whole, &err) <= 0 ||
	    tlv_next(&whole.value, &card, &err) <= 0 ||
	    tlv_find(card.value, 0x81, &t, &err) <= 0 || !eid_well_formed(t.value))
		return false;
	memcpy(eid, t.value.p, EID_DIGITS);
	eid[EID_DIGITS] = '\0';
	return true;
}

static int choose_eid(struct card_host *h, const char *wanted, struct err *err)
{
	if (wanted && !eid_well_formed(str_of(wanted)))
		return err_set(err, ERR_INVALID, "EID '%s': expected %d digits", wanted,
			       EID_DIGITS);
	if (wanted)
		memcpy(h->eid, wanted, EID_SIZE);
	else if (!eid_of_flash(buf_view(&h->flash), h->eid))
		eid_make(h->eid, STR("89049032"), 1);
	return 0;
}

/* Keys under every CI that has one for it; one is enough. */
static int find_keys(struct card_host *h, const char *dir, struct err *err)
{
	size_t count = rsp_pki_ci_count(h->pki), found = 0;

	for (size_t ci = 0; ci < count; ci++)
		if (rsp_pki_get(h->pki, &(struct rsp_pki_wanted){ .role = RSP_ROLE_EUICC,
				.ci = ci, .name = str_of(h->eid) }, err))
			found++;
	return found ? pki_dir_save(h->pki, dir, err) : -1;
}

static struct rng random_stream(void)
{
	struct rng rng = { 0 };
	ssize_t n = getrandom(&rng.state, sizeof(rng.state), 0);

	assert(n == sizeof(rng.state));
	return rng;
}

/* What a card is made with. */
static int make_card(struct card_host *h, const struct card_host_config *config,
		     struct err *err)
{
	struct euicc_rat rat;
	uint64_t memory = 0;

	if (config->memory && (str_to_u64(str_of(config->memory), UINT32_MAX, &memory) < 0 ||
			       !memory))
		return err_set(err, ERR_INVALID, "memory '%s': expected bytes",
			       config->memory);
	if (config->rules && euicc_rat_parse(&rat, str_of(config->rules), err) < 0)
		return err_prefix(err, "rules");
	euicc_init(&h->card, &h->shared, str_of(h->eid), (uint32_t)memory, random_stream());
	if (config->rules)
		euicc_set_rat(&h->card, &rat);
	return 0;
}

static int insert(struct card_host *h, const struct card_host_config *config, bool kept,
		  struct err *err)
{
	if (choose_eid(h, config->eid, err) < 0)
		return -1;
	h->pki = pki_dir_open(config->pki, err);
	if (!h->pki || find_keys(h, config->pki, err) < 0)
		return -1;
	if (config->require_crl)
		rsp_pki_require_crls(h->pki);
	h->crypto = rsp_crypto_full_new(h->pki);
	h->shared = (struct euicc_shared){ .crypto = h->crypto, .clock = &h->clock,
					     .tolerant = config->tolerant };
	if (kept && (config->rules || config->memory))
		return err_set(err, ERR_STATE,
			       "%s: the card is there already, with its rules and its memory",
			       h->state);
	if (make_card(h, config, err) < 0)
		return -1;
	if (kept && euicc_state_read(&h->card, buf_view(&h->flash), err) < 0)
		return err_prefix(err, "%s", h->state);
	isdr_init(&h->isdr, &h->card);
	return 0;
}

int card_host_open(struct card_host *h, const struct card_host_config *config,
		   struct err *err)
{
	int kept;

	*h = (struct card_host){ .state = config->state };
	buf_init(&h->flash, EUICC_STATE_MAX);
	clock_init(&h->clock, CLOCK_KIND_REAL, 1.0, clock_machine_unix_ms());
	kept = read_flash(h, err);
	if (kept >= 0 && insert(h, config, kept > 0, err) == 0)
		return 0;
	card_host_close(h);
	return -1;
}

void card_host_close(struct card_host *h)
{
	isdr_release(&h->isdr);
	if (h->card.eid)
		euicc_release(&h->card);
	rsp_crypto_full_free(h->crypto);
	rsp_pki_free(h->pki);
	buf_release(&h->flash);
	h->crypto = NULL;
	h->pki = NULL;
}

void card_host_transmit(struct card_host *h, struct str apdu, struct buf *out)
{
	clock_tick(&h->clock);
	isdr_transmit(&h->isdr, apdu, out);
	card_host_keep(h);
}
