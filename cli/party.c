#include "cli/party.h"

#include "cli/output.h"
#include "cli/pki_dir.h"
#include "proto/rsp_crypto.h"
#include "sim/socknet.h"
#include "sim/tls.h"

#include <errno.h>
#include <sys/random.h>
#include <unistd.h>

int party_seed(uint64_t *seed, struct err *err)
{
	if (getrandom(seed, sizeof(*seed), 0) == sizeof(*seed))
		return 0;
	return err_set(err, ERR_IO, "no random numbers: %s", strerror(errno));
}

int party_keys_open(struct party_keys *k, struct str dir, struct err *err)
{
	*k = (struct party_keys){ .none = str_is(dir, "none") };
	if (k->none)
		return 0;
	k->pki = pki_dir_open(dir.n ? dir.p : NULL, err);
	if (!k->pki)
		return -1;
	k->crypto = rsp_crypto_full_new(k->pki);
	return 0;
}

void party_keys_close(struct party_keys *k)
{
	rsp_crypto_full_free(k->crypto);
	rsp_pki_free(k->pki);
	*k = (struct party_keys){ 0 };
}

int party_calls(struct service *s, struct str ca_file, struct err *err)
{
	socknet_allow_outside(s->net, true);
	if (!ca_file.n)
		return 0;
	if (tls_check_ca_file(ca_file.p, err) < 0)
		return -1;
	socknet_set_ca_file(s->net, ca_file.p);
	return 0;
}

static int read_settings(const struct party *p, const char *options, struct arena *a,
			 void *settings)
{
	const char *config;
	struct buf complaints;
	struct err err;
	int rc;

	memcpy(&config, options + p->config_offset, sizeof(config));
	buf_init(&complaints, 64 * 1024);
	rc = settings_read(p->form, options, config, a, settings, &complaints);
	output_write(STDERR_FILENO, buf_view(&complaints), &err);
	buf_release(&complaints);
	return rc;
}

/* What the configuration says and cannot be, or the machine's trouble? */
static int code_of(const struct err *err)
{
	return err->code == ERR_INVALID || err->code == ERR_STATE ? EXIT_INVALID : EXIT_RIG;
}

static int run(const struct party *p, const struct verb *v, const void *settings,
	       struct service *s, struct arena *a)
{
	int code = service_init(s, v);
	struct err err = { 0 };
	struct buf ready;

	buf_init(&ready, 1000);
	if (code == EXIT_PASSED && p->start(s, settings, a, &ready, &err) < 0)
		code = verb_fail(v, code_of(&err), "%s", err.msg);
	if (code == EXIT_PASSED)
		code = service_run(s, ready.p);
	p->stop(s);
	service_release(s);
	buf_release(&ready);
	return code;
}

int party_main(const struct party *p, const struct verb *v, int argc, char **argv,
	       void *options, void *settings, struct service *state)
{
	int left = verb_parse(v, argc, argv, options);
	struct arena arena = { 0 };
	int code = EXIT_INVALID;

	if (left < 0)
		return EXIT_INVALID;
	if (*(const bool *)((const char *)options + p->help_offset))
		return verb_show_help(v);
	if (left > 0)
		return verb_usage(v, "'%s': no argument is expected", argv[1]);
	if (read_settings(p, options, &arena, settings) == 0)
		code = run(p, v, settings, state, &arena);
	arena_release(&arena);
	return code;
}
