/*
 * party.h - what `esimrig eis`, `smdp` and `devices` do alike: one party by
 * itself, as a service with a configuration.
 */
#ifndef CLI_PARTY_H
#define CLI_PARTY_H

#include "cli/service.h"
#include "cli/settings_form.h"

struct rsp_crypto;
struct rsp_pki;

/* How such a verb is made.  Its state begins with a struct service. */
struct party {
	const struct settings_form *form;
	size_t config_offset;		/* of the option's text in `options` */
	size_t help_offset;		/* of its bool */
	/* Set up and listen; `ready` gets what to say then. */
	int (*start)(struct service *s, const void *settings, struct arena *a,
		     struct buf *ready, struct err *err);
	/* Undo what start() did, however far it came. */
	void (*stop)(struct service *s);
};

/* `options`, `settings` and `state` are the verb's own structs, zeroed or with
 * defaults.  Returns an exit code. */
int party_main(const struct party *p, const struct verb *v, int argc, char **argv,
	       void *options, void *settings, struct service *state);

/* A seed that nobody knows. */
int party_seed(uint64_t *seed, struct err *err);
/*
 * The keys in directory `dir` (empty: the default one; "none": none at all, and
 * both are NULL), and what is done with them.
 */
struct party_keys {
	struct rsp_pki *pki;
	struct rsp_crypto *crypto;
	bool none;
};
int party_keys_open(struct party_keys *k, struct str dir, struct err *err);
void party_keys_close(struct party_keys *k);

/* Calls may leave; `ca_file` may be empty. */
int party_calls(struct service *s, struct str ca_file, struct err *err);

#endif
