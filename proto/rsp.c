#include "proto/rsp.h"

#include "proto/es10.h"

/*
 * The descriptions.  A row is: tag, kind, flags, member, least and greatest
 * length of the value (0: no limit), SGP.22's name.  T is the struct at hand.
 */
#define ROW(tag, kind, flags, m, lo, hi, name) \
	{ tag, TLV_KIND_##kind, flags, offsetof(T, m), lo, hi, name, NULL }
#define INNER(tag, flags, m, name, rows) \
	{ tag, TLV_KIND_INNER, flags, offsetof(T, m), 0, 0, name, rows }
#define END { .kind = TLV_KIND_END }
#define OPT TLV_OPTIONAL

#define TRANSACTION ROW(0x80, BYTES, 0, transaction_id, 1, 16, "transactionId")
#define CERTIFICATE(m, name) ROW(0x30, RAW, 0, m, 0, 0, name)
#define SIGNATURE(m, name) ROW(0x5F37, RAW, 0, m, 64, 64, name)
#define VERSION(tag, flags, m, name) ROW(tag, BYTES, flags, m, 3, 3, name)

#define T struct rsp_euicc_info1
static const struct tlv_field euicc_info1[] = {
	VERSION(0x82, 0, svn, "svn"),
	ROW(0xA9, BYTES, 0, ci_verify, 0, 0, "euiccCiPKIdListForVerification"),
	ROW(0xAA, BYTES, 0, ci_sign, 0, 0, "euiccCiPKIdListForSigning"),
	END
};
#undef T

#define T struct rsp_euicc_info2
static const struct tlv_field euicc_info2[] = {
	VERSION(0x81, 0, profile_version, "profileVersion"),
	VERSION(0x82, 0, svn, "svn"),
	VERSION(0x83, 0, firmware, "euiccFirmwareVer"),
	ROW(0x84, BYTES, 0, card_resource, 0, 64, "extCardResource"),
	ROW(0x85, BYTES, 0, uicc_capability, 1, 16, "uiccCapability"),
	VERSION(0x86, OPT, javacard_version, "ts102241Version"),
	VERSION(0x87, OPT, gp_version, "globalplatformVersion"),
	ROW(0x88, BYTES, 0, rsp_capability, 1, 16, "rspCapability"),
	ROW(0xA9, BYTES, 0, ci_verify, 0, 0, "euiccCiPKIdListForVerification"),
	ROW(0xAA, BYTES, 0, ci_sign, 0, 0, "euiccCiPKIdListForSigning"),
	ROW(0x8B, UINT, OPT, category, 1, 2, "euiccCategory"),
	ROW(0x99, BITS, OPT, forbidden_ppr, 1, 3, "forbiddenProfilePolicyRules"),
	VERSION(0x04, 0, pp_version, "ppVersion"),
	ROW(0x0C, BYTES, 0, sas_number, 0, 64, "sasAcreditationNumber"),
	END
};
#undef T

#define T struct rsp_server_signed1
static const struct tlv_field server_signed1[] = {
	TRANSACTION,
	ROW(0x81, BYTES, 0, euicc_challenge, 16, 16, "euiccChallenge"),
	ROW(0x83, BYTES, 0, server_address, 1, 255, "serverAddress"),
	ROW(0x84, BYTES, 0, server_challenge, 16, 16, "serverChallenge"),
	END
};
#undef T

#define T struct rsp_authenticate_request
static const struct tlv_field request_device[] = {
	ROW(0x80, BYTES, 0, context.tac, 4, 4, "tac"),
	ROW(0xA1, BYTES, OPT, context.capabilities, 0, 0, "deviceCapabilities"),
	ROW(0x82, BYTES, OPT, context.imei, 8, 8, "imei"),
	END
};
static const struct tlv_field request_context[] = {
	ROW(0x80, BYTES, OPT, context.matching_id, 0, 255, "matchingId"),
	INNER(0xA1, 0, context.device, "deviceInfo", request_device),
	END
};
static const struct tlv_field authenticate_request[] = {
	ROW(0x30, RAW, 0, server_signed1, 0, 0, "serverSigned1"),
	SIGNATURE(server_signature1, "serverSignature1"),
	ROW(0x04, BYTES, 0, key_id, 20, 20, "euiccCiPKIdToBeUsed"),
	CERTIFICATE(server_certificate, "serverCertificate"),
	INNER(0xA0, 0, context.present, "ctxParams1", request_context),
	END
};
#undef T

#define T struct rsp_euicc_signed1
static const struct tlv_field signed1_device[] = {
	ROW(0x80, BYTES, 0, context.tac, 4, 4, "tac"),
	ROW(0xA1, BYTES, OPT, context.capabilities, 0, 0, "deviceCapabilities"),
	ROW(0x82, BYTES, OPT, context.imei, 8, 8, "imei"),
	END
};
static const struct tlv_field signed1_context[] = {
	ROW(0x80, BYTES, OPT, context.matching_id, 0, 255, "matchingId"),
	INNER(0xA1, 0, context.device, "deviceInfo", signed1_device),
	END
};
static const struct tlv_field euicc_signed1[] = {
	TRANSACTION,
	ROW(0x83, BYTES, 0, server_address, 1, 255, "serverAddress"),
	ROW(0x84, BYTES, 0, server_challenge, 16, 16, "serverChallenge"),
	ROW(0xBF22, RAW, 0, euicc_info2, 0, 0, "euiccInfo2"),
	INNER(0xA0, 0, context.present, "ctxParams1", signed1_context),
	END
};
#undef T

#define T struct rsp_authenticate_response
static const struct tlv_field authenticate_ok[] = {
	ROW(0x30, RAW, 0, euicc_signed1, 0, 0, "euiccSigned1"),
	SIGNATURE(euicc_signature1, "euiccSignature1"),
	CERTIFICATE(euicc_certificate, "euiccCertificate"),
	CERTIFICATE(eum_certificate, "eumCertificate"),
	END
};
static const struct tlv_field authenticate_error[] = {
	TRANSACTION,
	ROW(0x02, UINT, 0, error_code, 1, 2, "authenticateErrorCode"),
	END
};
static const struct tlv_field authenticate_response[] = {
	INNER(0xA0, OPT, ok, "authenticateResponseOk", authenticate_ok),
	INNER(0xA1, OPT, failed, "authenticateResponseError", authenticate_error),
	END
};
#undef T

#define T struct rsp_smdp_signed2
static const struct tlv_field smdp_signed2[] = {
	TRANSACTION,
	ROW(0x01, BOOL, 0, cc_required, 1, 1, "ccRequiredFlag"),
	ROW(0x5F49, BYTES, OPT, euicc_otpk, 1, 255, "bppEuiccOtpk"),
	END
};
#undef T

#define T struct rsp_prepare_request
static const struct tlv_field prepare_request[] = {
	ROW(0x30, RAW, 0, smdp_signed2, 0, 0, "smdpSigned2"),
	SIGNATURE(smdp_signature2, "smdpSignature2"),
	ROW(0x04, BYTES, OPT, hash_cc, 32, 32, "hashCc"),
	CERTIFICATE(smdp_certificate, "smdpCertificate"),
	END
};
#undef T

#define T struct rsp_euicc_signed2
static const struct tlv_field euicc_signed2[] = {
	TRANSACTION,
	ROW(0x5F49, BYTES, 0, euicc_otpk, 65, 65, "euiccOtpk"),
	ROW(0x04, BYTES, OPT, hash_cc, 32, 32, "hashCc"),
	END
};
#undef T

#define T struct rsp_prepare_response
static const struct tlv_field prepare_ok[] = {
	ROW(0x30, RAW, 0, euicc_signed2, 0, 0, "euiccSigned2"),
	SIGNATURE(euicc_signature2, "euiccSignature2"),
	END
};
static const struct tlv_field prepare_error[] = {
	TRANSACTION,
	ROW(0x02, UINT, 0, error_code, 1, 2, "downloadErrorCode"),
	END
};
static const struct tlv_field prepare_response[] = {
	INNER(0xA0, OPT, ok, "downloadResponseOk", prepare_ok),
	INNER(0xA1, OPT, failed, "downloadResponseError", prepare_error),
	END
};
#undef T

#define T struct rsp_metadata
static const struct tlv_field metadata[] = {
	ROW(0x5A, BYTES, 0, iccid, 10, 10, "iccid"),
	/* Mandatory in SGP.22, at most 32 and 64 characters; fields lack it. */
	ROW(0x91, BYTES, OPT, spn, 0, 128, "serviceProviderName"),
	ROW(0x92, BYTES, OPT, profile_name, 0, 256, "profileName"),
	ROW(0x95, UINT, OPT, profile_class, 1, 1, "profileClass"),
	ROW(0xB6, BYTES, OPT, notification_config, 0, 0,
	    "notificationConfigurationInfo"),
	ROW(0xB7, BYTES, OPT, owner, 0, 0, "profileOwner"),
	ROW(0x99, BITS, OPT, ppr, 1, 3, "profilePolicyRules"),
	END
};
#undef T

#define T struct rsp_initialise
static const struct tlv_field initialise_crt[] = {
	ROW(0x80, BYTES, 0, key_type, 1, 1, "keyType"),
	ROW(0x81, BYTES, 0, key_len, 1, 1, "keyLen"),
	ROW(0x84, BYTES, 0, host_id, 1, 16, "hostId"),
	END
};
static const struct tlv_field initialise[] = {
	ROW(0x82, UINT, 0, operation, 1, 1, "remoteOpId"),
	TRANSACTION,
	INNER(0xA6, 0, crt, "controlRefTemplate", initialise_crt),
	ROW(0x5F49, BYTES, 0, smdp_otpk, 65, 65, "smdpOtpk"),
	SIGNATURE(smdp_signature, "smdpSign"),
	END
};
#undef T

#define T struct rsp_notification_metadata
static const struct tlv_field notification_metadata[] = {
	ROW(0x80, UINT, 0, sequence, 1, 8, "seqNumber"),
	ROW(0x81, BITS, 0, event, 2, 3, "profileManagementOperation"),
	ROW(0x0C, BYTES, 0, address, 0, 255, "notificationAddress"),
	ROW(0x5A, BYTES, OPT, iccid, 10, 10, "iccid"),
	END
};
#undef T

#define T struct rsp_install_data
static const struct tlv_field install_success[] = {
	ROW(0x4F, BYTES, 0, aid, 5, 16, "aid"),
	ROW(0x04, BYTES, 0, sima_response, 0, 0, "simaResponse"),
	END
};
static const struct tlv_field install_error[] = {
	ROW(0x80, UINT, 0, command, 1, 1, "bppCommandId"),
	ROW(0x81, UINT, 0, reason, 1, 1, "errorReason"),
	ROW(0x82, BYTES, OPT, failed_sima_response, 0, 0, "simaResponse"),
	END
};
static const struct tlv_field install_final[] = {
	INNER(0xA0, OPT, success, "successResult", install_success),
	INNER(0xA1, OPT, failed, "errorResult", install_error),
	END
};
static const struct tlv_field install_data[] = {
	TRANSACTION,
	ROW(0xBF2F, RAW, 0, notification, 0, 0, "notificationMetadata"),
	ROW(0x06, BYTES, 0, smdp_oid, 1, 32, "smdpOid"),
	INNER(0xA2, TLV_CHOICE, final, "finalResult", install_final),
	END
};
#undef T

#define T struct rsp_install_result
static const struct tlv_field install_result[] = {
	ROW(0xBF27, RAW, 0, data, 0, 0, "profileInstallationResultData"),
	SIGNATURE(signature, "euiccSignPIR"),
	END
};
#undef T

#define T struct rsp_other_notification
static const struct tlv_field other_notification[] = {
	ROW(0xBF2F, RAW, 0, metadata, 0, 0, "tbsOtherNotification"),
	SIGNATURE(signature, "euiccNotificationSignature"),
	CERTIFICATE(euicc_certificate, "euiccCertificate"),
	CERTIFICATE(eum_certificate, "eumCertificate"),
	END
};
#undef T

#define T struct rsp_cancel_request
static const struct tlv_field cancel_request[] = {
	TRANSACTION,
	ROW(0x81, UINT, 0, reason, 1, 1, "reason"),
	END
};
#undef T

#define T struct rsp_cancel_signed
static const struct tlv_field cancel_signed[] = {
	TRANSACTION,
	/* No member has a tag of its own in SGP.22: they are numbered (AUTOMATIC TAGS). */
	ROW(0x81, BYTES, 0, smdp_oid, 1, 32, "smdpOid"),
	ROW(0x82, UINT, 0, reason, 1, 1, "reason"),
	END
};
#undef T

#define T struct rsp_cancel_response
static const struct tlv_field cancel_ok[] = {
	ROW(0x30, RAW, 0, cancel_signed, 0, 0, "euiccCancelSessionSigned"),
	SIGNATURE(signature, "euiccCancelSessionSignature"),
	END
};
static const struct tlv_field cancel_response[] = {
	INNER(0xA0, OPT, ok, "cancelSessionResponseOk", cancel_ok),
	ROW(0x81, UINT, OPT, error_code, 1, 2, "cancelSessionResponseError"),
	END
};
#undef T

#define MESSAGE(x, tag, flags, name) \
	static const struct tlv_message message_##x = { \
		name, tag, flags, sizeof(struct rsp_##x), x \
	};
MESSAGE(euicc_info1, 0xBF20, 0, "EUICCInfo1")
MESSAGE(euicc_info2, 0xBF22, 0, "EUICCInfo2")
MESSAGE(server_signed1, TLV_SEQUENCE, 0, "serverSigned1")
MESSAGE(authenticate_request, RSP_TAG_AUTHENTICATE, 0, "AuthenticateServerRequest")
MESSAGE(euicc_signed1, TLV_SEQUENCE, 0, "euiccSigned1")
MESSAGE(authenticate_response, RSP_TAG_AUTHENTICATE, TLV_CHOICE,
	"AuthenticateServerResponse")
MESSAGE(smdp_signed2, TLV_SEQUENCE, 0, "smdpSigned2")
MESSAGE(prepare_request, RSP_TAG_PREPARE, 0, "PrepareDownloadRequest")
MESSAGE(euicc_signed2, TLV_SEQUENCE, 0, "euiccSigned2")
MESSAGE(prepare_response, RSP_TAG_PREPARE, TLV_CHOICE, "PrepareDownloadResponse")
MESSAGE(metadata, 0xBF25, 0, "StoreMetadataRequest")
MESSAGE(initialise, 0xBF23, 0, "InitialiseSecureChannelRequest")
MESSAGE(notification_metadata, 0xBF2F, 0, "NotificationMetadata")
MESSAGE(install_data, 0xBF27, 0, "ProfileInstallationResultData")
MESSAGE(install_result, RSP_TAG_INSTALL_RESULT, 0, "ProfileInstallationResult")
MESSAGE(other_notification, RSP_OTHER_NOTIFICATION_TAG, 0,
	"OtherSignedNotification")
MESSAGE(cancel_request, RSP_TAG_CANCEL, 0, "CancelSessionRequest")
MESSAGE(cancel_signed, TLV_SEQUENCE, 0, "euiccCancelSessionSigned")
MESSAGE(cancel_response, RSP_TAG_CANCEL, TLV_CHOICE, "CancelSessionResponse")

#define DEFINE(x) \
	void rsp_##x##_write(struct buf *out, const struct rsp_##x *o) \
	{ \
		tlv_write(&message_##x, out, o); \
	} \
	int rsp_##x##_read(struct str der, struct rsp_##x *o, struct err *err) \
	{ \
		return tlv_read(&message_##x, der, o, err); \
	}
RSP_MESSAGES(DEFINE)

#define LISTED(x) &message_##x,
const struct tlv_message *const rsp_messages[] = {
	RSP_MESSAGES(LISTED) NULL
};

/* ---- What is not a message by itself. ---------------------------------- */

int rsp_key_list_next(struct str *list, struct str *key_id)
{
	struct err err;
	struct tlv t;

	while (tlv_next(list, &t, &err) > 0) {
		*key_id = t.value;
		if (t.tag == TLV_OCTETS)
			return 1;
	}
	return 0;
}

static void put_u32(struct buf *out, uint32_t tag, uint32_t v)
{
	char bytes[4] = { (char)(v >> 24), (char)(v >> 16 & 0xFF),
			  (char)(v >> 8 & 0xFF), (char)(v & 0xFF) };

	tlv_put(out, tag, (struct str){ bytes, 4 });
}

void rsp_card_resource_write(struct buf *out, unsigned apps,
			     uint32_t free_flash, uint32_t free_ram)
{
	tlv_put_uint(out, 0x81, apps);
	put_u32(out, 0x82, free_flash);
	put_u32(out, 0x83, free_ram);
}

int rsp_card_free_flash(struct str card_resource, uint32_t *bytes)
{
	struct err err;
	struct tlv t;

	if (tlv_find(card_resource, 0x82, &t, &err) <= 0 || t.value.n == 0 ||
	    t.value.n > 4)
		return -1;
	/* Plain binary, not an INTEGER: the top bit is no sign. */
	*bytes = 0;
	for (size_t i = 0; i < t.value.n; i++)
		*bytes = *bytes << 8 | (unsigned char)t.value.p[i];
	return 0;
}

void rsp_notification_config_write(struct buf *out, unsigned events,
				   struct str address)
{
	size_t mark = tlv_open(out, TLV_SEQUENCE);

	tlv_put_bits(out, 0x80, events);
	tlv_put(out, 0x81, address);
	tlv_close(out, mark);
}

int rsp_notification_config_next(struct str *config, unsigned *events,
				 struct str *address, struct err *err)
{
	struct tlv entry, t;

	if (config->n == 0)
		return 0;
	if (tlv_expect(config, TLV_SEQUENCE, &entry, err) < 0 ||
	    tlv_expect(&entry.value, 0x80, &t, err) < 0)
		return -1;
	if (tlv_bits(t.value, events) < 0)
		return err_set(err, ERR_INVALID,
			       "profileManagementOperation: expected a bit string");
	if (tlv_expect(&entry.value, 0x81, &t, err) < 0)
		return -1;
	*address = t.value;
	return 1;
}

/* ---- Signatures. ------------------------------------------------------- */

int rsp_sign(const struct rsp_crypto *c, const struct rsp_identity *id,
	     struct str first, struct str second, struct buf *out,
	     struct err *err)
{
	struct str parts[2] = { first, second };
	unsigned char signature[RSP_SIGNATURE_BYTES];

	if (c->sign(c, id, parts, second.p ? 2 : 1, signature, err) < 0)
		return -1;
	tlv_put(out, RSP_TAG_SIGNATURE,
		(struct str){ (char *)signature, sizeof(signature) });
	return 0;
}

int rsp_verify(const struct rsp_crypto *c, struct str certificate,
	       struct str first, struct str second, struct str signature,
	       struct err *err)
{
	struct str parts[2] = { first, second };
	struct tlv t;

	if (tlv_whole(signature, RSP_TAG_SIGNATURE, &t, err) < 0)
		return err_prefix(err, "signature");
	return c->verify(c, certificate, parts, second.p ? 2 : 1, t.value, err);
}

/* ---- Notifications. ---------------------------------------------------- */

static int read_install_result(struct str der, struct rsp_notification *n,
			       struct err *err)
{
	struct rsp_install_result r;

	if (rsp_install_result_read(der, &r, err) < 0 ||
	    rsp_install_data_read(r.data, &n->data, err) < 0 ||
	    rsp_notification_metadata_read(n->data.notification, &n->metadata,
					   err) < 0)
		return -1;
	n->install_result = true;
	n->signed_part = r.data;
	n->signature = r.signature;
	return 0;
}

static int read_other(struct str der, struct rsp_notification *n,
		      struct err *err)
{
	struct rsp_other_notification o;

	if (rsp_other_notification_read(der, &o, err) < 0 ||
	    rsp_notification_metadata_read(o.metadata, &n->metadata, err) < 0)
		return -1;
	n->signed_part = o.metadata;
	n->signature = o.signature;
	n->euicc_certificate = o.euicc_certificate;
	n->eum_certificate = o.eum_certificate;
	return 0;
}

int rsp_notification_read(struct str der, struct rsp_notification *n,
			  struct err *err)
{
	bool other = der.n && (unsigned char)der.p[0] == RSP_OTHER_NOTIFICATION_TAG;

	*n = (struct rsp_notification){ 0 };
	if (other ? read_other(der, n, err) < 0 :
		    read_install_result(der, n, err) < 0)
		return -1;
	if (!es10_notification_name(n->metadata.event))
		return err_set(err, ERR_INVALID,
			       "profileManagementOperation: expected exactly one known bit, found %X",
			       n->metadata.event);
	if (n->metadata.iccid.p &&
	    iccid_unpack(n->iccid, n->metadata.iccid) < 0)
		return err_set(err, ERR_INVALID, "iccid: expected 19 or 20 digits");
	return 0;
}
