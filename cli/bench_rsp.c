/* What remote SIM provisioning costs, against its elliptic-curve operations. */
#include "cli/bench.h"
#include "cli/bench_peer.h"
#include "cli/bench_rsp.h"
#include "proto/openssl.h"
#include "proto/rsp_pki.h"
#include "sim/memnet.h"

#include <assert.h>
#include <malloc.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* The fastest batch counts: what else runs on the machine only adds. */
enum {
	BATCHES = 6, PER_BATCH = BENCH_SEATS * 30,
	HTTPS_SESSIONS = BENCH_SEATS * 50, OPEN_SESSIONS = 10000,
};

/* ---- The floor: what the protocol cannot do without. ----------------------- */

/*
 * Of a whole download.  Signatures: serverSigned1, euiccSigned1, smdpSigned2,
 * euiccSigned2, the package's remote operation, the installation result.
 * Verifications: these six, and the eUICC's certificate.  (Those of DPauth,
 * DPpb and EUM are the same in all downloads, and checked in the first.)
 * Each end makes one key pair and one shared secret.
 */
enum { SIGNS = 6, VERIFIES = 7, KEYGENS = 2, ECDHS = 2 };

struct ec {
	EVP_PKEY *key, *peer;
	EVP_PKEY_CTX *sign, *verify, *keygen, *ecdh;
	unsigned char digest[32], signature[80];
	size_t signature_n;
};

static bool ec_init(struct ec *e)
{
	*e = (struct ec){ .key = EVP_EC_gen("P-256"), .peer = EVP_EC_gen("P-256") };
	e->sign = EVP_PKEY_CTX_new(e->key, NULL);
	e->verify = EVP_PKEY_CTX_new(e->key, NULL);
	e->keygen = EVP_PKEY_CTX_new(e->key, NULL);
	e->ecdh = EVP_PKEY_CTX_new(e->key, NULL);
	e->signature_n = sizeof(e->signature);
	return EVP_PKEY_sign_init(e->sign) == 1 && EVP_PKEY_verify_init(e->verify) == 1 &&
	       EVP_PKEY_keygen_init(e->keygen) == 1 &&
	       EVP_PKEY_derive_init(e->ecdh) == 1 &&
	       EVP_PKEY_derive_set_peer(e->ecdh, e->peer) == 1 &&
	       EVP_PKEY_sign(e->sign, e->signature, &e->signature_n, e->digest,
			     sizeof(e->digest)) == 1;
}

static void ec_release(struct ec *e)
{
	EVP_PKEY_CTX_free(e->sign);
	EVP_PKEY_CTX_free(e->verify);
	EVP_PKEY_CTX_free(e->keygen);
	EVP_PKEY_CTX_free(e->ecdh);
	EVP_PKEY_free(e->key);
	EVP_PKEY_free(e->peer);
}

static bool sign_once(struct ec *e)
{
	unsigned char signature[80];
	size_t n = sizeof(signature);

	return EVP_PKEY_sign(e->sign, signature, &n, e->digest, sizeof(e->digest)) == 1;
}

static bool verify_once(struct ec *e)
{
	return EVP_PKEY_verify(e->verify, e->signature, e->signature_n, e->digest,
			       sizeof(e->digest)) == 1;
}

static bool keygen_once(struct ec *e)
{
	EVP_PKEY *k = NULL;
	bool ok = EVP_PKEY_keygen(e->keygen, &k) == 1;

	EVP_PKEY_free(k);
	return ok;
}

static bool ecdh_once(struct ec *e)
{
	unsigned char z[32];
	size_t n = sizeof(z);

	return EVP_PKEY_derive(e->ecdh, z, &n) == 1;
}

/* One batch of all, in the time that it takes for one download. */
static double ec_ns(struct ec *e, bool *ok)
{
	static const struct { bool (*once)(struct ec *e); int times; } ops[] = {
		{ sign_once, SIGNS }, { verify_once, VERIFIES },
		{ keygen_once, KEYGENS }, { ecdh_once, ECDHS },
	};
	int64_t began = clock_machine_ns();

	for (int n = 0; n < PER_BATCH / 8; n++)
		for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
			for (int k = 0; k < ops[i].times; k++)
				*ok &= ops[i].once(e);
	return (double)(clock_machine_ns() - began) / (PER_BATCH / 8);
}

/* ---- Both sides in one process. ---------------------------------------------- */

struct market {
	struct rsp_pki *pki;
	struct rsp_crypto *full;	/* NULL: none */
	struct loop loop;
	struct eventlog log;
	struct network *net;
	struct smdp *smdp;
	struct buyers buyers;
};

static const struct rsp_crypto *crypto_of(const struct market *m)
{
	return m->full ? m->full : &rsp_crypto_none;
}

static void make_keys(struct market *m)
{
	m->pki = rsp_pki_new(&(struct rsp_pki_config){ .seed = 1 });
	rsp_pki_make_ci(m->pki, RSP_P256);
	m->full = rsp_crypto_full_new(m->pki);
}

/* In the network that is there. */
static int open_smdp(struct market *m, unsigned profiles, struct err *err)
{
	struct smdp_config config = {
		.loop = &m->loop, .net = m->net, .log = &m->log, .seed = 1,
		.party = "smdp", .address = BENCH_SMDP, .crypto = crypto_of(m),
	};

	m->smdp = smdp_new(&config, err);
	return m->smdp ? bench_rsp_offer(m->smdp, 0, profiles, err) : -1;
}

static int open_market(struct market *m, bool full, unsigned profiles, struct err *err)
{
	*m = (struct market){ 0 };
	loop_init(&m->loop, CLOCK_KIND_VIRTUAL, 1.0, clock_machine_unix_ms());
	m->loop.turn_limit = UINT64_MAX;
	eventlog_init(&m->log, &m->loop.clock);
	m->net = memnet_new(&m->loop, NULL);
	if (full)
		make_keys(m);
	buyers_init(&m->buyers, &m->loop, m->net, &m->log, crypto_of(m));
	if (open_smdp(m, profiles, err) < 0)
		return -1;
	return network_listen(m->net, BENCH_SMDP, "smdp", smdp_handler(m->smdp), err);
}

static void close_market(struct market *m)
{
	buyers_release(&m->buyers);
	if (m->smdp) {
		network_unlisten(m->net, BENCH_SMDP);
		smdp_free(m->smdp);
	}
	network_release(m->net);
	loop_release(&m->loop);
	rsp_crypto_full_free(m->full);
	rsp_pki_free(m->pki);
}

/* What is the same for all downloads is there by then. */
static int warm_up(struct market *m, unsigned *next, struct err *err)
{
	*next = BENCH_SEATS;
	return buyers_download(&m->buyers, 0, BENCH_SEATS, err);
}

static int batch_ns(struct market *m, unsigned *next, double *ns, struct err *err)
{
	int64_t began;

	if (buyers_prepare(&m->buyers, *next, PER_BATCH, err) < 0)
		return -1;
	began = clock_machine_ns();
	if (buyers_download(&m->buyers, *next, PER_BATCH, err) < 0)
		return -1;
	*next += PER_BATCH;
	*ns = (double)(clock_machine_ns() - began) / PER_BATCH;
	return 0;
}

static int measure(bool full, struct ec *floor, double *best_ns, double *floor_ns,
		   struct bench_pace *pace, struct err *err)
{
	struct market m;
	double ns = 0;
	unsigned next;
	bool ok = true;
	int rc = open_market(&m, full, BENCH_SEATS + BATCHES * PER_BATCH, err);

	if (rc == 0)
		rc = warm_up(&m, &next, err);
	for (int i = 0; i < BATCHES && rc == 0; i++) {
		rc = batch_ns(&m, &next, &ns, err);
		*best_ns = fmin(*best_ns, ns);
		*floor_ns = fmin(*floor_ns, ec_ns(floor, &ok));
		bench_step(pace);
	}
	close_market(&m);
	if (rc == 0 && !ok)
		rc = err_set(err, ERR_STATE, "bench: OpenSSL fails");
	return rc;
}

int bench_rsp(struct bench_figure *f, int max, struct bench_pace *pace, struct err *err)
{
	double full = INFINITY, fast = INFINITY, floor = INFINITY;
	struct ec ec;
	int rc = 0;

	assert(max >= 2);
	if (!ec_init(&ec))
		rc = err_set(err, ERR_STATE, "bench: OpenSSL has no P-256");
	if (rc == 0)
		rc = measure(true, &ec, &full, &floor, pace, err);
	if (rc == 0)
		rc = measure(false, &ec, &fast, &floor, pace, err);
	ec_release(&ec);
	if (rc < 0)
		return -1;
	f[0] = (struct bench_figure){
		"downloads with all cryptography, both sides", "/s",
		"6 signatures, 7 verifications, 2 key pairs, 2 shared secrets, on P-256",
		BENCH_RATIO_AT_LEAST, 0.6, 1e9 / full, 1e9 / floor,
	};
	f[1] = (struct bench_figure){
		"downloads without cryptography, both sides", "/s",
		"downloads with it", BENCH_RATIO_AT_LEAST, 20, 1e9 / fast, 1e9 / full,
	};
	return 2;
}

/* ---- The SM-DP+ by itself. ----------------------------------------------------- */

/* The peer has the keys of this process, since it is its child. */
static int listen_tls(struct market *m, char address[SOCKNET_ADDRESS_SIZE],
		      struct err *err)
{
	const struct rsp_pki_identity *id = rsp_pki_get(m->pki, &(struct rsp_pki_wanted){
		.role = RSP_ROLE_DP_TLS, .name = STR("127.0.0.1"),
		.oid = STR("\x88\x37\x0A") }, err);
	struct buf cert, key;
	struct socknet_tls tls;
	int rc;

	if (!id)
		return -1;
	buf_init(&cert, 64 * 1024);
	buf_init(&key, 64 * 1024);
	rsp_cert_to_pem(id->der, &cert);
	rsp_key_write(id->key, &key);
	tls = (struct socknet_tls){ buf_view(&cert), buf_view(&key) };
	rc = socknet_listen_tls(m->net, BENCH_SMDP, "smdp", smdp_handler(m->smdp),
				"127.0.0.1:0", &tls, address, err);
	buf_release(&cert);
	buf_release(&key);
	return rc;
}

static int real_network(struct market *m, struct err *err)
{
	loop_init(&m->loop, CLOCK_KIND_REAL, 1.0, clock_machine_unix_ms());
	eventlog_init(&m->log, &m->loop.clock);
	m->net = socknet_new(&m->loop, NULL, err);
	return m->net ? 0 : -1;
}

static void serve_https(const void *arg, int ready_fd)
{
	const struct market *keys = arg;
	struct market m = { .pki = keys->pki, .full = keys->full };
	char address[SOCKNET_ADDRESS_SIZE];
	struct err err;

	if (real_network(&m, &err) < 0 ||
	    open_smdp(&m, BENCH_SEATS + HTTPS_SESSIONS, &err) < 0 ||
	    listen_tls(&m, address, &err) < 0)
		peer_is_not(ready_fd, &err);
	peer_is_ready(ready_fd, address);
	loop_run(&m.loop, &err);
}

/* Who vouches for the peer: the CI, in a file that libcurl can read. */
static int write_ci(const struct rsp_pki *pki, char path[64], struct err *err)
{
	struct buf pem;
	ssize_t n;
	int fd;

	snprintf(path, 64, "/tmp/esimrig-bench-ci.XXXXXX");
	fd = mkstemp(path);
	if (fd < 0)
		return err_set(err, ERR_IO, "bench: no file can be made in /tmp");
	buf_init(&pem, 64 * 1024);
	rsp_cert_to_pem(rsp_pki_at(pki, 0)->der, &pem);
	n = write(fd, pem.p, pem.n);
	close(fd);
	n -= (ssize_t)pem.n;
	buf_release(&pem);
	return n == 0 ? 0 : err_set(err, ERR_IO, "bench: %s: it cannot be written", path);
}

/* Sessions for each second of the peer's processor, or of the wall. */
static int load_https(struct market *m, const struct peer *peer, const char *ca,
		      double *rate, double *wall, struct err *err)
{
	char url[SOCKNET_ADDRESS_SIZE + 8];
	const struct socknet_peer to = { .url = url, .ca_file = ca };
	double busy;
	int64_t began;

	snprintf(url, sizeof(url), "https://%s", peer->address);
	if (real_network(m, err) < 0)
		return -1;
	buyers_init(&m->buyers, &m->loop, m->net, &m->log, m->full);
	if (socknet_route(m->net, BENCH_SMDP, "smdp", &to, err) < 0 ||
	    buyers_prepare(&m->buyers, 0, BENCH_SEATS + HTTPS_SESSIONS, err) < 0 ||
	    buyers_download(&m->buyers, 0, BENCH_SEATS, err) < 0)
		return -1;
	busy = peer_busy_s(peer);
	began = clock_machine_ns();
	if (buyers_download(&m->buyers, BENCH_SEATS, HTTPS_SESSIONS, err) < 0)
		return -1;
	*wall = HTTPS_SESSIONS / ((double)(clock_machine_ns() - began) / 1e9);
	busy = peer_busy_s(peer) - busy;
	*rate = busy > 0 ? HTTPS_SESSIONS / busy : *wall;
	return 0;
}

int bench_rsp_https(struct bench_figure *f, int max, struct bench_pace *pace, struct err *err)
{
	struct market m = { 0 };
	struct peer peer = { 0 };
	struct seats seats;
	double rate = 0, wall = 0;
	char ca[64] = "";
	int rc;

	assert(max >= 2);
	seats_take(&seats);
	make_keys(&m);
	rc = write_ci(m.pki, ca, err);
	if (rc == 0)
		rc = peer_start(&peer, &seats, serve_https, &m, err);
	if (rc == 0)
		rc = load_https(&m, &peer, ca, &rate, &wall, err);
	bench_step(pace);
	peer_stop(&peer);
	if (m.net)
		close_market(&m);
	unlink(ca);
	seats_leave(&seats);
	if (rc < 0)
		return -1;
	f[0] = (struct bench_figure){
		"sessions of the SM-DP+ over HTTPS, of one core", "/s", NULL,
		BENCH_VALUE_AT_LEAST, 200, rate, 0,
	};
	f[1] = (struct bench_figure){
		"of the wall, with the cards on another", "/s", NULL, BENCH_SHOWN, 0,
		wall, 0,
	};
	return 2;
}

/* ---- Memory. ------------------------------------------------------------------- */

int bench_rsp_memory(struct bench_figure *f, int max, struct bench_pace *pace, struct err *err)
{
	struct market m;
	size_t before = 0, after = 0, open = 0;
	int rc = open_market(&m, true, BENCH_SEATS + OPEN_SESSIONS, err);

	assert(max >= 1);
	m.buyers.leave = true;
	if (rc == 0)	/* the cards are not the SM-DP+'s memory */
		rc = buyers_prepare(&m.buyers, 0, BENCH_SEATS + OPEN_SESSIONS, err);
	if (rc == 0)
		rc = buyers_download(&m.buyers, 0, BENCH_SEATS, err);
	if (rc == 0) {
		before = mallinfo2().uordblks;
		rc = buyers_download(&m.buyers, BENCH_SEATS, OPEN_SESSIONS, err);
		after = mallinfo2().uordblks;
		open = smdp_session_count(m.smdp);
	}
	bench_step(pace);
	close_market(&m);
	if (rc == 0 && open != BENCH_SEATS + OPEN_SESSIONS)
		rc = err_set(err, ERR_STATE, "bench: %zu sessions are open, expected %d",
			     open, BENCH_SEATS + OPEN_SESSIONS);
	if (rc < 0)
		return -1;
	f[0] = (struct bench_figure){
		"memory of a session, with 10,000 of them authenticated", "bytes", NULL,
		BENCH_SHOWN, 0, (double)(after - before) / OPEN_SESSIONS, 0,
	};
	return 1;
}
