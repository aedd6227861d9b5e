/*
 * settings_form.h - how verbs that stay read a configuration file and options
 * by one table (see settings.h for the server's).
 */
#ifndef CLI_SETTINGS_FORM_H
#define CLI_SETTINGS_FORM_H

#include "cli/options.h"
#include "scenarios/load.h"

struct settings_form {
	const struct schema *schema;	/* of the file */
	const struct option *options;	/* texts; those with a key's name are read by it */
	int (*check)(struct loader *l, void *out);	/* what no row can say */
};

/*
 * The file, unless `config` is NULL, and then what `options` (the struct that
 * options_parse() filled) has, into `out`, which the caller filled with
 * defaults.  -1: `complaints` has a line for everything that is wrong.
 */
int settings_read(const struct settings_form *form, const void *options,
		  const char *config, struct arena *a, void *out,
		  struct buf *complaints);

#define SETTINGS_URL "a URL such as http://127.0.0.1:8081"

/* Readers for KEY_CUSTOM: a plain text, "host:port", a URL, a secret. */
int settings_text(struct loader *l, const struct schema_key *key,
		  const struct value *v, void *object);
int settings_address(struct loader *l, const struct schema_key *key,
		     const struct value *v, void *object);
int settings_url(struct loader *l, const struct schema_key *key,
		 const struct value *v, void *object);
/* One that paths are put behind: a slash at its end is left out. */
int settings_base_url(struct loader *l, const struct schema_key *key,
		      const struct value *v, void *object);
int settings_secret(struct loader *l, const struct schema_key *key,
		    const struct value *v, void *object);

#endif
