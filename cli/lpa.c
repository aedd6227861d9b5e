/* esimrig lpa: a local profile assistant with a simulated eUICC of its own. */
#include "cli/card_host.h"
#include "cli/output.h"
#include "cli/party_tls.h"
#include "cli/pki_dir.h"
#include "cli/verb.h"
#include "devices/lpa.h"
#include "proto/es9.h"
#include "sim/json.h"
#include "sim/socknet.h"
#include "sim/tls.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct lpa_options {
	bool help, insecure, json, keep, quiet, accept_rules, require_crl, tolerant;
	const char *state, *eid, *pki, *ca_file, *smdp, *smds, *matching_id, *confirmation_code,
		*memory, *rules;
};

#define TEXT(name_, field, argument_, help_) \
	{ name_, '\0', OPTION_TEXT, offsetof(struct lpa_options, field), argument_, help_, 0 }
#define FLAG(name_, letter_, field, help_) \
	{ name_, letter_, OPTION_FLAG, offsetof(struct lpa_options, field), NULL, help_, 0 }

static const struct option options[] = {
	TEXT("state", state, "FILE", "What is in the card; made if it is not there (default: "
	     "card.state)"),
	TEXT("eid", eid, "EID", "Of the card, 32 digits (default: that of the state)"),
	TEXT("memory", memory, "BYTES", "Of a new card; see esimrig card"),
	TEXT("rules", rules, "RULES", "Of a new card; see esimrig card"),
	TEXT("pki", pki, "DIR", "The card's certificates and keys; see esimrig pki"),
	TEXT("smdp", smdp, "HOST", "download: the SM-DP+ (default: that of the activation "
	     "code, or the card's default)"),
	TEXT("smds", smds, "HOST", "discovery: the SM-DS (default: that of the card)"),
	TEXT("matching-id", matching_id, "ID", "download: instead of an activation code; "
	     "better as env:NAME or file:PATH"),
	TEXT("confirmation-code", confirmation_code, "CODE",
	     "download: what the user was told; better as env:NAME or file:PATH"),
	TEXT("ca-file", ca_file, "FILE",
	     "Certificates of those who may vouch for an SM-DP+ (default: the CIs of --pki)"),
	FLAG("insecure", '\0', insecure, "Believe any TLS certificate"),
	FLAG("accept-rules", '\0', accept_rules, "download: the user agrees to policy rules of "
	     "the profile, where the card says that it is to be asked"),
	FLAG("require-crl", '\0', require_crl, "As for esimrig card"),
	FLAG("tolerant", '\0', tolerant, "As for esimrig card"),
	FLAG("keep", '\0', keep, "notification process: leave what was delivered in the card"),
	FLAG("json", '\0', json, "Answer in JSON"),
	FLAG("quiet", 'q', quiet, "download: do not tell each step"),
	OPTION_HELP(struct lpa_options),
	{ 0 }
};

/* ---- One command on its way. ---------------------------------------------------- */

struct session {
	const struct verb *v;
	const struct lpa_options *o;
	struct card_host h;
	struct loop loop;
	struct eventlog log;
	struct eventlog_listener steps;
	struct network *net;
	struct arena a;
	struct buf out;
	int ca_fd;
	/* What the SM-DS has. */
	struct es11_event *events;
	size_t event_count;
	/* A download, or a call. */
	struct lpa *lpa;
	bool ok;
	char message[512];
};

static struct es10_answer ask(struct session *s, struct es10_request rq)
{
	struct es10_answer an;

	clock_tick(&s->h.clock);
	euicc_call(&s->h.card, &rq, &s->a, &an);
	card_host_keep(&s->h);
	return an;
}

static int refuse(struct session *s, enum es10_function f, int code)
{
	const char *name = es10_result_name(f, code);

	return verb_fail(s->v, EXIT_FAILED, "the card answered %s", name ? name : "an error");
}

/* A secret on the command line is seen by others: env: and file: are not. */
static int read_secret(const char *given, struct arena *a, struct str *secret,
		       struct err *err)
{
	struct str s = str_of(given ? given : "");
	char text[256];
	FILE *f;
	size_t n;

	*secret = s;
	if (str_starts(s, STR("env:"))) {
		const char *value = getenv(s.p + 4);

		if (!value)
			return err_set(err, ERR_NOT_FOUND, "no variable %s", s.p + 4);
		*secret = str_of(value);
	} else if (str_starts(s, STR("file:"))) {
		f = fopen(s.p + 5, "re");
		if (!f)
			return err_set(err, ERR_IO, "%s: %s", s.p + 5, strerror(errno));
		n = fread(text, 1, sizeof(text), f);
		fclose(f);
		*secret = str_trim(arena_str(a, (struct str){ text, n }));
	}
	return 0;
}

/* ---- The network. ---------------------------------------------------------------- */

/* Who vouches for others: a file that was named, or the CIs of the set. */
static int make_network(struct session *s, struct err *err)
{
	const char *path = s->o->ca_file;

	s->net = socknet_new(&s->loop, &s->log, err);
	if (!s->net)
		return -1;
	socknet_allow_outside(s->net, true);
	if (s->o->insecure)
		return 0;
	if (path)
		return tls_check_ca_file(path, err) < 0 ? -1 :
		       (socknet_set_ca_file(s->net, path), 0);
	s->ca_fd = party_ci_file(s->h.pki, &s->a, &path, err);
	if (s->ca_fd < 0)
		return -1;
	socknet_set_ca_file(s->net, path);
	return 0;
}

/* `host` is about to be called. */
static int open_network(struct session *s, const char *host, struct err *err)
{
	struct socknet_peer peer = {
		.url = arena_printf(&s->a, "https://%s", host).p, .insecure = true,
	};

	if (!s->net && make_network(s, err) < 0)
		return -1;
	return s->o->insecure ? socknet_route(s->net, host, "smdp", &peer, err) : 0;
}

/* ---- chip. ------------------------------------------------------------------------- */

/* As its maker does: no function of the card does that. */
static void set_root_smds(struct session *s, struct str host)
{
	struct euicc *e = &s->h.card;

	if (host.n > EUICC_TEXT_MAX)
		host.n = EUICC_TEXT_MAX;
	free(e->root_smds);
	e->root_smds = host.n ? strndup(host.p, host.n) : NULL;
	card_host_keep(&s->h);
}

/* What eUICCMemoryReset is to reset; 0: the words are not understood. */
static unsigned reset_bits(int argc, char **argv)
{
	static const struct {
		const char *word;
		unsigned bit;
	} resets[] = {
		{ "operational", RESET_OPERATIONAL }, { "test", RESET_TEST },
		{ "default-smdp", RESET_DEFAULT_SMDP },
	};
	unsigned bits = 0, before;

	for (int i = 0; i < argc; i++) {
		before = bits;
		for (size_t k = 0; k < sizeof(resets) / sizeof(resets[0]); k++)
			if (strcmp(argv[i], resets[k].word) == 0)
				bits |= resets[k].bit;
		if (bits == before)
			return 0;
	}
	return bits;
}

/* An exit code; EXIT_PASSED: go on and show what the card is now. */
static int chip_change(struct session *s, int argc, char **argv)
{
	struct es10_request rq = { 0 };
	struct es10_answer an;

	if (argc == 2 && strcmp(argv[0], "root-smds") == 0) {
		set_root_smds(s, str_of(argv[1]));
		return EXIT_PASSED;
	}
	if (argc == 2 && strcmp(argv[0], "default-smdp") == 0)
		rq = (struct es10_request){ .tag = ES10_TAG_SET_DEFAULT_DP,
					    .text = str_of(argv[1]) };
	else if (strcmp(argv[0], "reset") == 0)
		rq = (struct es10_request){ .tag = ES10_TAG_MEMORY_RESET,
					    .bits = reset_bits(argc - 1, argv + 1) };
	if (!rq.tag || (rq.tag == ES10_TAG_MEMORY_RESET && !rq.bits))
		return verb_usage(s->v, "chip: expected nothing, default-smdp HOST, root-smds "
				  "HOST, or reset operational|test|default-smdp...");
	an = ask(s, rq);
	return an.code == ES10_OK ? EXIT_PASSED :
	       refuse(s, rq.tag == ES10_TAG_MEMORY_RESET ? ES10_MEMORY_RESET :
							   ES10_SET_DEFAULT_DP, an.code);
}

static int chip(struct session *s, int argc, char **argv)
{
	struct str eid, dp, ds;
	const struct euicc *e = &s->h.card;
	int code = argc ? chip_change(s, argc, argv) : EXIT_PASSED;

	if (code != EXIT_PASSED)
		return code;
	eid = ask(s, (struct es10_request){ .tag = ES10_TAG_GET_EID }).text;
	dp = ask(s, (struct es10_request){ .tag = ES10_TAG_CONFIGURED_ADDRESSES }).text;
	ds = ask(s, (struct es10_request){ .tag = ES10_TAG_CONFIGURED_ADDRESSES }).root_smds;
	if (s->o->json) {
		struct json j = json_to(&s->out);

		json_open(&j, '{');
		json_put(&j, "eid", eid);
		json_put(&j, "defaultSmdpAddress", dp);
		json_put(&j, "rootSmdsAddress", ds);
		json_put_int(&j, "freeMemory", euicc_memory_free(e));
		json_close(&j, '}');
		buf_char(&s->out, '\n');
		return EXIT_PASSED;
	}
	buf_printf(&s->out, "EID              %.*s\ndefault SM-DP+   %.*s\nSM-DS            %.*s\n"
		   "memory           %u of %u bytes free\nprofiles         %u\n"
		   "notifications    %u wait\n", STRF(eid), STRF(dp.n ? dp : STR("none")),
		   STRF(ds.n ? ds : STR("none")),
		   euicc_memory_free(e), e->memory, e->profile_count, e->note_count);
	for (size_t i = 0; i < s->h.crypto->ci_count(s->h.crypto); i++)
		buf_printf(&s->out, "CI on %s\n",
			   rsp_curve_name(s->h.crypto->ci_curve(s->h.crypto, i)));
	return EXIT_PASSED;
}

/* ---- profile. ------------------------------------------------------------------------ */

static void list_json(struct session *s, const struct es10_answer *an)
{
	struct json j = json_to(&s->out);

	json_open(&j, '[');
	for (size_t i = 0; i < an->profile_count; i++) {
		const struct euicc_profile *p = &an->profiles[i];

		json_open(&j, '{');
		json_putz(&j, "iccid", p->iccid);
		json_putz(&j, "state", p->enabled ? "enabled" : "disabled");
		json_putz(&j, "class", profile_class_name((enum profile_class)p->class));
		json_put_opt(&j, "serviceProviderName", profile_text(p, TEXT_SPN));
		json_put_opt(&j, "profileName", profile_text(p, TEXT_NAME));
		json_put_opt(&j, "nickname", profile_text(p, TEXT_NICKNAME));
		json_close(&j, '}');
	}
	json_close(&j, ']');
	buf_char(&s->out, '\n');
}

static int profile_list(struct session *s)
{
	struct es10_answer an = ask(s, (struct es10_request){ .tag = ES10_TAG_PROFILES_INFO });

	if (s->o->json) {
		list_json(s, &an);
		return EXIT_PASSED;
	}
	for (size_t i = 0; i < an.profile_count; i++) {
		const struct euicc_profile *p = &an.profiles[i];
		struct str nick = profile_text(p, TEXT_NICKNAME);

		buf_printf(&s->out, "%-20s %-8s %-12s %.*s%s%.*s\n", p->iccid,
			   p->enabled ? "enabled" : "disabled",
			   profile_class_name((enum profile_class)p->class),
			   STRF(profile_text(p, TEXT_SPN)), nick.n ? "  " : "", STRF(nick));
	}
	if (!an.profile_count)
		buf_z(&s->out, "no profiles\n");
	return EXIT_PASSED;
}

static const struct {
	const char *word;
	enum es10_tag tag;
	enum es10_function function;
	bool text;
} changes[] = {
	{ "enable", ES10_TAG_ENABLE_PROFILE, ES10_ENABLE_PROFILE, false },
	{ "disable", ES10_TAG_DISABLE_PROFILE, ES10_DISABLE_PROFILE, false },
	{ "delete", ES10_TAG_DELETE_PROFILE, ES10_DELETE_PROFILE, false },
	{ "nickname", ES10_TAG_SET_NICKNAME, ES10_SET_NICKNAME, true },
};

static int profile_change(struct session *s, int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		struct es10_answer an;

		if (strcmp(argv[0], changes[i].word) != 0)
			continue;
		if (argc != 2 + changes[i].text)
			return verb_usage(s->v, "profile %s: expected ICCID%s", argv[0],
					  changes[i].text ? " TEXT" : "");
		an = ask(s, (struct es10_request){ .tag = changes[i].tag,
			.iccid = str_of(argv[1]),
			.text = changes[i].text ? str_of(argv[2]) : STR_NONE });
		return an.code == ES10_OK ? EXIT_PASSED :
					    refuse(s, changes[i].function, an.code);
	}
	return verb_usage(s->v, "profile '%s': expected list, download, enable, disable, "
			  "delete or nickname", argv[0]);
}

/* ---- profile download. ------------------------------------------------------------------ */

static int64_t no_time(void *arg)
{
	(void)arg;
	return 0;
}

static bool always(void *arg)
{
	(void)arg;
	return true;
}

static void learned(void *arg, const char *iccid)
{
	struct session *s = arg;

	if (!s->o->quiet)
		printf("the profile is %s\n", iccid);
}

static void downloaded(void *arg, const struct lpa_result *r)
{
	struct session *s = arg;

	s->ok = r->ok;
	if (r->ok)
		snprintf(s->message, sizeof(s->message), "%s", r->iccid);
	else
		snprintf(s->message, sizeof(s->message), "%s%s%.*s%s%.*s%s%.*s%s", r->code,
			 r->message.n ? ": " : "", STRF(r->message),
			 r->subject.n ? " (" : "", STRF(r->subject), r->subject.n ? "/" : "",
			 STRF(r->reason), r->subject.n ? ")" : "");
	loop_stop(&s->loop);
}

/* The step that begins. */
static void tell_step(struct eventlog_listener *l, const struct event *e, struct str line)
{
	(void)l, (void)line;
	if (strcmp(e->name, "download-step") != 0 && strcmp(e->name, "discovery-step") != 0)
		return;
	for (size_t i = 0; i < e->field_count; i++)
		if (strcmp(e->fields[i].key, "step") == 0)
			printf("%.*s\n", STRF(e->fields[i].s));
}

static int choose_code(struct session *s, const char *text, struct activation_code *ac,
		       struct err *err)
{
	struct str given = STR_NONE, id = STR_NONE;
	struct es10_answer addresses = ask(s, (struct es10_request){
						.tag = ES10_TAG_CONFIGURED_ADDRESSES });

	*ac = (struct activation_code){ 0 };
	if (read_secret(text, &s->a, &given, err) < 0 ||
	    read_secret(s->o->matching_id, &s->a, &id, err) < 0)
		return -1;
	if (given.n && activation_code_parse(given, ac, err) < 0)
		return -1;
	if (s->o->smdp)
		ac->smdp_address = str_of(s->o->smdp);
	if (id.n)
		ac->matching_id = id;
	if (!ac->smdp_address.n)
		ac->smdp_address = addresses.text;
	if (!ac->smdp_address.n)
		return err_set(err, ERR_INVALID,
			       "download: expected an activation code, --smdp, or a card with a default SM-DP+");
	return 0;
}

/* Download, or with `found` ask an SM-DS; the outcome is in s->ok and s->message. */
static int run_lpa(struct session *s, const struct activation_code *ac, struct str code,
		   void (*found)(void *, const struct es11_event *, size_t))
{
	struct lpa_config c = {
		.loop = &s->loop, .log = &s->log, .party = STR("lpa"), .euicc = &s->h.card,
		.arg = s, .apdu_ns = no_time, .install_ns = no_time, .online = always,
		.learned = learned, .done = downloaded, .consent = s->o->accept_rules,
		.found = found,
	};
	struct err err = { 0 };

	if (open_network(s, arena_str(&s->a, ac->smdp_address).p, &err) < 0)
		return verb_fail(s->v, EXIT_RIG, "%s", err.msg);
	if (!s->o->quiet && !s->steps.tell) {
		s->steps.tell = tell_step;
		eventlog_listen(&s->log, &s->steps);
	}
	c.net = s->net;
	s->lpa = lpa_start(&c, ac, code);
	if (loop_run(&s->loop, &err) < 0)
		return verb_fail(s->v, EXIT_RIG, "%s", err.msg);
	lpa_free(s->lpa);
	s->lpa = NULL;
	card_host_keep(&s->h);
	return s->ok ? EXIT_PASSED : verb_fail(s->v, EXIT_FAILED, "%s", s->message);
}

static int download(struct session *s, const char *text)
{
	struct activation_code ac;
	struct err err = { 0 };
	struct str code;
	int rc;

	if (choose_code(s, text, &ac, &err) < 0 ||
	    read_secret(s->o->confirmation_code, &s->a, &code, &err) < 0)
		return verb_usage(s->v, "%s", err.msg);
	rc = run_lpa(s, &ac, code, NULL);
	if (rc == EXIT_PASSED)
		buf_printf(&s->out, "installed %s\n", s->message);
	return rc;
}

static int profile(struct session *s, int argc, char **argv)
{
	if (argc == 1 && strcmp(argv[0], "list") == 0)
		return profile_list(s);
	if (argc >= 1 && argc <= 2 && strcmp(argv[0], "download") == 0)
		return download(s, argc == 2 ? argv[1] : NULL);
	if (argc == 0)
		return verb_usage(s->v, "profile: expected list, download, enable, disable, "
				  "delete or nickname");
	return profile_change(s, argc, argv);
}

/* ---- discovery. --------------------------------------------------------------------------- */

static void found(void *arg, const struct es11_event *list, size_t count)
{
	struct session *s = arg;

	s->events = arena_array(&s->a, count, sizeof(*s->events));
	s->event_count = count;
	for (size_t i = 0; i < count; i++)
		s->events[i] = (struct es11_event){ arena_str(&s->a, list[i].id),
						    arena_str(&s->a, list[i].address) };
}

/* Where something waits.  Its event id is a matching id, and stays in here. */
static void list_events(struct session *s)
{
	struct json j = json_to(&s->out);

	if (s->o->json) {
		json_open(&j, '[');
		for (size_t i = 0; i < s->event_count; i++) {
			json_open(&j, '{');
			json_put(&j, "rspServerAddress", s->events[i].address);
			json_close(&j, '}');
		}
		json_close(&j, ']');
		buf_char(&s->out, '\n');
		return;
	}
	for (size_t i = 0; i < s->event_count; i++)
		buf_printf(&s->out, "%.*s\n", STRF(s->events[i].address));
	if (!s->event_count)
		buf_z(&s->out, "nothing waits\n");
}

static int download_events(struct session *s)
{
	int worst = EXIT_PASSED;

	for (size_t i = 0; i < s->event_count; i++) {
		struct activation_code ac = { .smdp_address = s->events[i].address,
					      .matching_id = s->events[i].id };
		struct err err;
		struct str code;
		int rc;

		if (read_secret(s->o->confirmation_code, &s->a, &code, &err) < 0)
			return verb_usage(s->v, "%s", err.msg);
		rc = run_lpa(s, &ac, code, NULL);
		if (rc == EXIT_PASSED)
			buf_printf(&s->out, "installed %s\n", s->message);
		else
			worst = rc;
	}
	if (!s->event_count)
		buf_z(&s->out, "nothing waits\n");
	return worst;
}

static int discovery(struct session *s, int argc, char **argv)
{
	bool all = argc == 1 && strcmp(argv[0], "download") == 0;
	struct es10_answer addresses = ask(s, (struct es10_request){
						.tag = ES10_TAG_CONFIGURED_ADDRESSES });
	struct activation_code ac = {
		.smdp_address = s->o->smds ? str_of(s->o->smds) : addresses.root_smds,
	};
	int rc;

	if (argc != 0 && !all)
		return verb_usage(s->v, "discovery: expected nothing, or download");
	if (!ac.smdp_address.n)
		return verb_usage(s->v, "discovery: expected --smds, or a card with an SM-DS");
	rc = run_lpa(s, &ac, STR_NONE, found);
	if (rc == EXIT_PASSED && all)
		return download_events(s);
	if (rc == EXIT_PASSED)
		list_events(s);
	return rc;
}

/* ---- notification. ---------------------------------------------------------------------- */

static int note_list(struct session *s)
{
	const struct euicc_note *n = s->h.card.notes;

	for (; n; n = n->next)
		buf_printf(&s->out, "%-5u %-8s %-20s %.*s\n", n->sequence,
			   es10_notification_name(n->event), n->iccid, STRF(n->address));
	if (!s->h.card.notes)
		buf_z(&s->out, "no notifications\n");
	return EXIT_PASSED;
}

static void note_answered(struct http_call *c)
{
	struct session *s = c->owner;

	s->ok = c->failure == HTTP_OK && c->resp.status / 100 == 2;
	if (c->failure != HTTP_OK)
		snprintf(s->message, sizeof(s->message), "%s", c->err.msg);
	else
		snprintf(s->message, sizeof(s->message), "the SM-DP+ answered with status %d",
			 c->resp.status);
	loop_stop(&s->loop);
}

/* Deliver one; 0 or -1 with the reason in s->message. */
static int note_send(struct session *s, const struct euicc_note *n, struct err *err)
{
	struct es9_message m = { .notification = n->der };
	struct http_call *c;
	struct buf json;

	if (open_network(s, arena_str(&s->a, n->address).p, err) < 0)
		return -1;
	buf_init(&json, 256 << 10);
	es9_request_print(&json, ES9_HANDLE_NOTIFICATION, &m);
	c = lpa_es9_call(s->net, STR("lpa"), n->address,
			 es9_function_name(ES9_HANDLE_NOTIFICATION), buf_view(&json), err);
	buf_release(&json);
	if (!c)
		return -1;
	c->done = note_answered;
	c->owner = s;
	http_call_send(c);
	if (loop_run(&s->loop, err) < 0)
		return -1;
	return s->ok ? 0 : err_set(err, ERR_IO, "%s", s->message);
}

static int note_process(struct session *s)
{
	const struct euicc_note *n = s->h.card.notes, *next;
	int code = EXIT_PASSED;

	for (; n; n = next) {
		uint32_t sequence = n->sequence;
		struct err err = { 0 };

		next = n->next;
		if (note_send(s, n, &err) < 0) {
			code = verb_fail(s->v, EXIT_FAILED, "notification %u: %s", sequence,
					 err.msg);
			continue;
		}
		buf_printf(&s->out, "%-5u delivered\n", sequence);
		if (!s->o->keep)
			ask(s, (struct es10_request){ .tag = ES10_TAG_REMOVE_NOTIFICATION,
						      .sequence = sequence });
	}
	return code;
}

static int note_remove(struct session *s, const char *text)
{
	struct es10_answer an;
	uint64_t sequence;

	if (str_to_u64(str_of(text), UINT32_MAX, &sequence) < 0)
		return verb_usage(s->v, "'%s': expected the number of a notification", text);
	an = ask(s, (struct es10_request){ .tag = ES10_TAG_REMOVE_NOTIFICATION,
					   .sequence = (uint32_t)sequence });
	return an.code == ES10_OK ? EXIT_PASSED :
				    refuse(s, ES10_REMOVE_NOTIFICATION, an.code);
}

static int notification(struct session *s, int argc, char **argv)
{
	if (argc == 1 && strcmp(argv[0], "list") == 0)
		return note_list(s);
	if (argc == 1 && strcmp(argv[0], "process") == 0)
		return note_process(s);
	if (argc == 2 && strcmp(argv[0], "remove") == 0)
		return note_remove(s, argv[1]);
	return verb_usage(s->v, "notification: expected list, process, or remove NUMBER");
}

/* ---- The verb. ------------------------------------------------------------------------------ */

static const struct {
	const char *word;
	int (*fn)(struct session *s, int argc, char **argv);
} commands[] = {
	{ "chip", chip }, { "profile", profile }, { "discovery", discovery },
	{ "notification", notification },
};

static int session_run(struct session *s, int argc, char **argv)
{
	struct err err = { 0 };
	int code = EXIT_INVALID;

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(argv[0], commands[i].word) == 0)
			code = commands[i].fn(s, argc - 1, argv + 1);
	if (output_write(STDOUT_FILENO, buf_view(&s->out), &err) < 0)
		code = verb_fail(s->v, EXIT_RIG, "standard output: %s", err.msg);
	if (s->h.err.code != ERR_NONE)
		code = verb_fail(s->v, EXIT_RIG, "%s", s->h.err.msg);
	return code;
}

static int with_card(const struct verb *v, const struct lpa_options *o, int argc, char **argv)
{
	struct session s = { .v = v, .o = o, .ca_fd = -1 };
	struct err err = { 0 };
	int code;

	if (card_host_open(&s.h, &(struct card_host_config){ .pki = o->pki, .eid = o->eid,
			.memory = o->memory, .rules = o->rules, .require_crl = o->require_crl,
			.tolerant = o->tolerant,
			.state = o->state ? o->state : "card.state" }, &err) < 0)
		return verb_fail(v, EXIT_INVALID, "%s", err.msg);
	loop_init(&s.loop, CLOCK_KIND_REAL, 1.0, clock_machine_unix_ms());
	eventlog_init(&s.log, &s.loop.clock);
	buf_init(&s.out, 1 << 20);
	s.h.shared.clock = &s.loop.clock;
	code = session_run(&s, argc, argv);
	if (s.net)
		network_release(s.net);
	if (s.ca_fd >= 0)
		close(s.ca_fd);
	eventlog_release(&s.log);
	loop_release(&s.loop);
	buf_release(&s.out);
	arena_release(&s.a);
	card_host_close(&s.h);
	return code;
}

static bool is_command(const char *word)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(word, commands[i].word) == 0)
			return true;
	return false;
}

static int run(const struct verb *v, int argc, char **argv)
{
	struct lpa_options o = { 0 };
	int left = verb_parse(v, argc, argv, &o);

	if (left < 0)
		return EXIT_INVALID;
	if (o.help)
		return verb_show_help(v);
	if (left == 0 || !is_command(argv[1]))
		return verb_usage(v, "expected chip, profile, discovery or notification");
	return with_card(v, &o, left, argv + 1);
}

static const char *const about[] = {
	"  chip                          what the card is\n"
	"  chip default-smdp HOST        where it asks if no activation code says\n"
	"  chip reset WHAT...            delete all operational or test profiles, or\n"
	"                                forget the default-smdp, whatever the rules\n"
	"  chip root-smds HOST           its SM-DS, as its maker would set it\n"
	"  profile list\n"
	"  profile download [LPA:1$...]  or env:NAME, file:PATH\n"
	"  profile enable|disable|delete ICCID\n"
	"  profile nickname ICCID TEXT\n"
	"  discovery                     where something waits for it, says the SM-DS\n"
	"  discovery download            all of that\n"
	"  notification list|process\n"
	"  notification remove NUMBER",
	"Without an activation code, download asks the card's default SM-DP+. "
	"The card is one of `esimrig card`, with the same --state, --eid and --pki. "
	"The SM-DP+ and the SM-DS may be any; their TLS certificates must be from a CI of --pki, or from "
	"--ca-file.",
	NULL
};

const struct verb verb_lpa = {
	.name = "lpa", .arguments = "chip|profile|discovery|notification [ARGUMENT]...",
	.summary = "Download and manage profiles, as an LPA with its own eUICC",
	.options = options, .about = about, .run = run,
};
