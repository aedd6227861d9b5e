/*
 * target.h - which server is judged: a target file, or a URL with options.
 *
 * The file is YAML, read by a table as scenarios are, so that what is wrong in
 * it is shown in its place.  A secret may be given as ${env:NAME} or
 * file:PATH (beside the file), and then stands in neither file nor output.
 *
 * The one rule: no message repeats a value of the file that may be a secret.
 */
#ifndef CONFORMANCE_TARGET_H
#define CONFORMANCE_TARGET_H

#include "conformance/capability.h"

enum target_auth_kind { AUTH_NONE, AUTH_BASIC, AUTH_API_KEY, AUTH_BEARER };

struct target_auth {
	struct pos pos;
	enum target_auth_kind kind;
	struct str name, secret;	/* user and password; id and secret; -, token */
};

struct target_user {
	struct str key;			/* "main", "read_only", "other" */
	struct target_auth auth;
};

struct target_header {
	struct str name, value;
};

/* A requirement that this target reads in its own way, and why. */
struct target_tolerance {
	struct pos pos;
	struct str id, comment;
};

/* Depth world: how the server gets into a world. */
struct target_launch {
	bool given;
	struct pos pos;
	struct { struct str *list; size_t count; } command;	/* lives as long as the world */
	struct { struct str *list; size_t count; } prepare;	/* ends before it begins */
	struct str folder;		/* where they are started: that of the file */
	double scale;			/* of the rig's clock; 1 unless given */
	int64_t at_once;		/* worlds that live at the same time */
	int64_t wait_max_ns;		/* of the machine: for a check; 0: not given */
	int64_t ready_ns;		/* of the machine, until it answers */
	int64_t end_ns;			/* from SIGTERM to SIGKILL */
};

struct target {
	struct str file;		/* or empty: a URL */
	struct str name;
	struct str url;			/* empty: the command is told where to listen */
	struct { struct target_user *list; size_t count; } users;	/* `main` first */
	struct { struct target_header *list; size_t count; } headers;
	struct target_tls { struct str ca, cert, key; bool insecure; } tls;	/* paths */
	int64_t gap_ns;			/* between two requests: `rate` */
	int64_t max_requests;		/* at once */
	int64_t timeout_ns;		/* for an answer */
	enum capability_answer declared[CAPABILITIES_MAX];
	struct { struct target_tolerance *list; size_t count; } tolerances;
	bool depth_given;
	unsigned depth_word;		/* as the file says */
	enum check_depth depth;		/* the greatest that it can be judged at */
	const struct value *world;	/* names of depth actions; or NULL */
	struct target_launch launch;
	struct str *secrets;		/* all that may not be shown */
	size_t secret_count;
	const struct source *source;	/* of the file */
	const struct value *root;	/* its tree; NULL: it could not be read */
};

/* Read and check a file; strings are in `a`.  -1: `d` says what is wrong. */
int target_load(struct target *t, const char *path, struct arena *a, struct diag *d);
int target_load_text(struct target *t, const char *name, struct str text,
		     struct arena *a, struct diag *d);

/* What options may say of a URL, and change of a file; NULL: not given. */
struct target_options {
	const char *user;		/* "name:password", maybe ${env:NAME}, file:PATH */
	const char *api_key;		/* "id:secret", likewise */
	const char *bearer;
	const char *header;		/* "Name: value" */
	const char *ca_file, *cert_file, *key_file;
	bool insecure;
	const char *rate, *timeout;	/* "5/s", "30s" */
};
/* A target of which only the URL is known; depth read. */
int target_from_url(struct target *t, const char *url, struct arena *a,
		    struct err *err);
int target_apply(struct target *t, const struct target_options *o, struct arena *a,
		 struct err *err);

/* diag_print() with values of the target's file masked, but for those that can
 * be no secret.  Also for what suite_load() finds in its `world`. */
void target_print_diag(const struct target *t, const struct diag *d,
		       struct arena *a, struct buf *out);

/* The comment of a tolerance for that requirement, or STR_NONE. */
struct str target_tolerates(const struct target *t, struct str id);
/* `text` with the target's secrets replaced by "***". */
struct str target_mask(const struct target *t, struct str text, struct arena *a);

#endif
