#include "smdp/identity.h"

#include "proto/rsp.h"
#include "proto/tlv.h"

static int find(struct smdp_identities *ids, enum rsp_role role, size_t ci,
		struct rsp_identity *id, struct err *err)
{
	if (role == RSP_ROLES)
		return 0;
	return ids->crypto->identity(ids->crypto, role, ci, ids->address, ids->kind->oid,
				     &ids->certificates, id, err);
}

static int find_all(struct smdp_identities *ids, struct err *err)
{
	bool any = false;

	ids->count = ids->crypto->ci_count(ids->crypto);
	err_set(err, ERR_NOT_FOUND, "%s: no CI is there", ids->kind->name);
	for (size_t ci = 0; ci < ids->count; ci++) {
		struct smdp_identity *own = &ids->list[ci];

		if (find(ids, ids->kind->auth, ci, &own->auth, err) < 0 ||
		    find(ids, ids->kind->pb, ci, &own->pb, err) < 0) {
			own->auth.certificate = STR_NONE;
			continue;
		}
		own->curve = ids->crypto->ci_curve(ids->crypto, ci);
		any = true;
	}
	return any ? 0 : -1;
}

int smdp_identities_init(struct smdp_identities *ids, const struct smdp_kind *kind,
			 const struct rsp_crypto *crypto, struct str address,
			 struct err *err)
{
	*ids = (struct smdp_identities){
		.kind = kind, .crypto = crypto, .address = address,
		.later = crypto->pki && rsp_pki_repeatable(crypto->pki),
	};
	return ids->later ? 0 : find_all(ids, err);
}

void smdp_identities_release(struct smdp_identities *ids)
{
	arena_release(&ids->certificates);
}

const struct smdp_identity *smdp_identity_at(struct smdp_identities *ids, int ci)
{
	struct err err;

	if (ids->later) {
		ids->later = false;
		find_all(ids, &err);
	}
	return ci >= 0 && (size_t)ci < ids->count && ids->list[ci].auth.certificate.p ?
	       &ids->list[ci] : NULL;
}

enum status_code smdp_choose(struct smdp_identities *ids, struct str euicc_info1,
			     struct smdp_choice *choice, struct err *err)
{
	struct rsp_euicc_info1 info;
	struct str key, list;

	*choice = (struct smdp_choice){ .euicc_ci = -1 };
	if (rsp_euicc_info1_read(euicc_info1, &info, err) < 0)
		return STATUS_FORMAT;
	if (info.svn.p[0] != 2)
		return ids->kind->bad_svn;
	list = info.ci_sign;
	while (choice->euicc_ci < 0 && rsp_key_list_next(&list, &key) > 0)
		choice->euicc_ci = rsp_ci_find(ids->crypto, key);
	if (choice->euicc_ci < 0)
		return ids->kind->bad_ci;
	list = info.ci_verify;
	while (!choice->own && rsp_key_list_next(&list, &key) > 0)
		choice->own = smdp_identity_at(ids, rsp_ci_find(ids->crypto, key));
	return choice->own ? STATUS_OK : ids->kind->no_certificate;
}

/* Move what `b` holds into `a`. */
static struct str take(struct arena *a, struct buf *b)
{
	struct str s = arena_str(a, buf_view(b));

	buf_clear(b);
	return s;
}

int smdp_greet(const struct smdp_identities *ids, const struct smdp_choice *choice,
	       struct str euicc_challenge, const char *challenge, struct arena *a,
	       struct buf *part, struct es9_message *out, struct err *err)
{
	const struct rsp_crypto *crypto = ids->crypto;

	rsp_server_signed1_write(part, &(struct rsp_server_signed1){
		.transaction_id = out->transaction_id,
		.euicc_challenge = euicc_challenge,
		.server_address = ids->address,
		.server_challenge = { challenge, RSP_CHALLENGE_BYTES },
	});
	out->server_signed1 = take(a, part);
	if (rsp_sign(crypto, &choice->own->auth, out->server_signed1, STR_NONE, part, err) < 0)
		return -1;
	out->server_signature1 = take(a, part);
	tlv_put(part, TLV_OCTETS, crypto->ci_key_id(crypto, (size_t)choice->euicc_ci));
	out->key_id = take(a, part);
	out->server_certificate = choice->own->auth.certificate;
	return 0;
}
