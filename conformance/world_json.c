#include "conformance/world_json.h"

#include "sim/json.h"
#include "sim/socknet.h"

#include <stdio.h>

/* A party of ours, where it listens. */
static void put_party(struct json *j, const char *key, const struct world *w,
		      const char *host, struct str token)
{
	const char *address = socknet_address(w->net, host);
	char url[SOCKNET_ADDRESS_SIZE + 8];

	snprintf(url, sizeof(url), "http://%s", address ? address : host);
	json_key(j, key);
	json_open(j, '{');
	json_putz(j, "url", url);
	json_put(j, "token", token);
	json_close(j, '}');
}

static void put_accounts(struct json *j, const struct world *w)
{
	json_key(j, "accounts");
	json_open(j, '[');
	for (size_t i = 0; i < w->account_count; i++) {
		json_open(j, '{');
		json_put_int(j, "customer_id", w->accounts[i].customer_id);
		json_put(j, "name", w->accounts[i].name);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static const char *role_name(enum server_role role)
{
	switch (role) {
	case SERVER_ROLE_READ_ONLY:
		return "read-only";
	case SERVER_ROLE_USER:
		return "user";
	case SERVER_ROLE_ADMIN:
		return "admin";
	}
	return "read-only";
}

static void put_users(struct json *j, const struct world *w)
{
	json_key(j, "users");
	json_open(j, '[');
	for (size_t i = 0; i < w->user_count; i++) {
		const struct world_user *u = &w->users[i];

		json_open(j, '{');
		json_put(j, "name", u->name);
		json_put(j, "password", u->password);
		if (u->api_key_id.n) {
			json_key(j, "api_key");
			json_open(j, '{');
			json_put(j, "id", u->api_key_id);
			json_put(j, "secret", u->api_key_secret);
			json_close(j, '}');
		}
		json_putz(j, "role", role_name(u->role));
		json_put_int(j, "customer_id", u->account->customer_id);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void put_devices(struct json *j, const struct world *w)
{
	json_key(j, "devices");
	json_open(j, '[');
	for (size_t i = 0; i < w->device_count; i++) {
		const struct world_device *d = &w->devices[i];

		if (d->sc->unknown)
			continue;
		json_open(j, '{');
		json_put(j, "device_id", d->device_id);
		json_put(j, "eid", d->eid);
		json_put_int(j, "customer_id", d->account->customer_id);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void put_codes(struct json *j, const struct world *w)
{
	json_key(j, "activation_codes");
	json_open(j, '[');
	for (size_t i = 0; i < w->carrier_count; i++) {
		const struct world_carrier *c = &w->carriers[i];

		for (size_t k = 0; k < c->code_count; k++) {
			const struct world_code *code = &c->codes[k];

			if (!code->registered)
				continue;
			json_open(j, '{');
			json_put(j, "iccid", code->iccid);
			json_put(j, "carrier", c->name);
			json_put(j, "activation_code", code->activation_code);
			json_put_opt(j, "confirmation_code", code->confirmation_code);
			json_put_int(j, "customer_id", code->account->customer_id);
			json_close(j, '}');
		}
	}
	json_close(j, ']');
}

static void put_seconds(struct json *j, const char *key, int64_t ns, int64_t usual_s)
{
	json_put_int(j, key, ns ? (ns + NS_PER_S - 1) / NS_PER_S : usual_s);
}

static void put_options(struct json *j, const struct world *w)
{
	const struct scenario_server *o = &w->sc->world.server;

	json_key(j, "options");
	json_open(j, '{');
	json_putz(j, "way", o->way == WAY_GATEWAY ? "gateway" : "eis");
	put_seconds(j, "check_interval", o->check_interval_ns, 60);
	put_seconds(j, "order_expiry", o->order_expiry_ns, 3600);
	put_seconds(j, "verify_limit", o->verify_limit_ns, 15 * 60);
	put_seconds(j, "eis_timeout", o->eis_timeout_ns, 10);
	put_seconds(j, "code_keep", o->code_keep_ns, 3600);
	json_put_int(j, "throttle", o->throttle);
	json_close(j, '}');
}

static void put_scale(struct json *j, const struct world *w)
{
	char text[32];

	/* The clock itself may go slowly while the world is set up. */
	snprintf(text, sizeof(text), "%g", w->options->clock == CLOCK_KIND_SCALED ?
					   w->options->rate : 1.0);
	json_key(j, "time_scale");
	json_raw(j, str_of(text));
}

void world_json(const struct world *w, struct str listen, struct buf *out)
{
	char now[CLOCK_ISO_SIZE];
	struct json j = json_to(out);

	clock_iso_to(clock_unix_ms(&w->loop.clock), now);
	json_open(&j, '{');
	json_put_int(&j, "version", 1);
	json_put_opt(&j, "listen", listen);
	json_putz(&j, "now", now);
	put_scale(&j, w);
	put_party(&j, "eis", w, w->eis_host.name, w->eis_token);
	put_party(&j, "gateway", w, "gateway.rig", w->gateway_token);
	json_key(&j, "reports");
	json_open(&j, '{');
	json_putz(&j, "path", "/southbound/v1/device_reports");
	json_put(&j, "token", w->report_token);
	json_close(&j, '}');
	put_options(&j, w);
	put_accounts(&j, w);
	put_users(&j, w);
	put_devices(&j, w);
	put_codes(&j, w);
	json_close(&j, '}');
}
