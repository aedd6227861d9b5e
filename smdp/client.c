#include "smdp/client.h"

bool smdp_same_host(struct str a, struct str b)
{
	return str_ieq(str_split(&a, ':'), str_split(&b, ':'));
}

/* The two links of its chain. */
static enum status_code check_chain(const struct smdp_client_check *k,
				    struct smdp_client *c, struct err *err)
{
	const struct rsp_crypto *crypto = k->crypto;
	struct rsp_certificate eum;

	if (crypto->check_certificate(crypto, RSP_ROLE_EUM, c->response.eum_certificate,
				      STR_NONE, k->now_ms, &eum, err) < 0)
		return err->code == ERR_STATE ? STATUS_EUM_CERTIFICATE_EXPIRED :
						STATUS_EUM_CERTIFICATE_INVALID;
	if (eum.ci != k->euicc_ci)
		return STATUS_CI_UNKNOWN;
	if (crypto->check_certificate(crypto, RSP_ROLE_EUICC,
				      c->response.euicc_certificate,
				      c->response.eum_certificate, k->now_ms,
				      &c->certificate, err) < 0)
		return err->code == ERR_STATE ? STATUS_EUICC_CERTIFICATE_EXPIRED :
						STATUS_EUICC_CERTIFICATE_INVALID;
	return STATUS_OK;
}

enum status_code smdp_client_check(const struct smdp_client_check *k,
				   struct smdp_client *c, struct err *err)
{
	enum status_code code = check_chain(k, c, err);

	if (code != STATUS_OK)
		return code;
	if (rsp_verify(k->crypto, c->response.euicc_certificate,
		       c->response.euicc_signed1, STR_NONE,
		       c->response.euicc_signature1, err) < 0)
		return STATUS_EUICC_SIGNATURE;
	if (rsp_euicc_signed1_read(c->response.euicc_signed1, &c->signed1, err) < 0 ||
	    rsp_euicc_info2_read(c->signed1.euicc_info2, &c->info2, err) < 0)
		return STATUS_FORMAT;
	if (!str_eq(c->signed1.transaction_id, k->transaction_id))
		return STATUS_TRANSACTION_UNKNOWN;
	if (!smdp_same_host(c->signed1.server_address, k->address) ||
	    !rsp_bytes_equal(c->signed1.server_challenge, k->challenge))
		return STATUS_EUICC_SIGNATURE;
	return STATUS_OK;
}
