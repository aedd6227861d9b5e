/*
 * rsp.h - the objects of remote SIM provisioning (SGP.22, 5.6 and 5.7; the
 * RSPDefinitions module of its annex H), as structs and as DER.
 *
 * For every object X there is `struct rsp_X`, and
 *
 *	void rsp_X_write(struct buf *out, const struct rsp_X *x);
 *	int rsp_X_read(struct str der, struct rsp_X *x, struct err *err);
 *
 * made from one description in rsp.c.  Members of kind `struct str` are
 * values without tag unless a comment says "whole": those are complete TLVs,
 * which is what signatures are made over.  After reading they point into
 * `der`.  Unset is STR_NONE (p NULL), -1 or false; only members marked
 * "optional" may be so when writing.
 *
 * Reading checks form only.  Whether a transaction id, challenge or signature
 * is the right one is the caller's to decide.
 */
#ifndef PROTO_RSP_H
#define PROTO_RSP_H

#include "proto/iccid.h"
#include "proto/rsp_crypto.h"
#include "proto/tlv.h"
#include "sim/arena.h"

enum {
	RSP_TRANSACTION_MAX = 16,	/* bytes of a transaction id */
	RSP_CHALLENGE_BYTES = 16,
	RSP_OTHER_NOTIFICATION_TAG = 0x30,
	RSP_TAG_AUTHENTICATE = 0xBF38,
	RSP_TAG_PREPARE = 0xBF21,
	RSP_TAG_PACKAGE = 0xBF36,
	RSP_TAG_INSTALL_RESULT = 0xBF37,
	RSP_TAG_CANCEL = 0xBF41,
	RSP_TAG_SIGNATURE = 0x5F37,
};

/* EUICCInfo1, BF20. */
struct rsp_euicc_info1 {
	struct str svn;			/* 3 bytes: 02 02 02 is v2.2.2 */
	struct str ci_verify, ci_sign;	/* lists of 04 14 <key id> */
};

/* EUICCInfo2, BF22. */
struct rsp_euicc_info2 {
	struct str profile_version, svn, firmware;	/* 3 bytes each */
	struct str card_resource;	/* rsp_card_resource_write() */
	struct str uicc_capability;	/* bit string, first byte unused bits */
	struct str javacard_version, gp_version;	/* optional, 3 bytes */
	struct str rsp_capability;	/* bit string */
	struct str ci_verify, ci_sign;
	int64_t category;		/* optional */
	unsigned forbidden_ppr;		/* PPR_...; optional */
	struct str pp_version;		/* 3 bytes */
	struct str sas_number;		/* text */
};

/* Take the first key identifier (20 bytes) off a list such as ci_verify: 1, or 0
 * at its end or where it is malformed. */
int rsp_key_list_next(struct str *list, struct str *key_id);

/* Number of applications and free memory in it (ETSI TS 102 226, 8.2.1.7.2). */
void rsp_card_resource_write(struct buf *out, unsigned apps,
			     uint32_t free_flash, uint32_t free_ram);
/* -1 if the bytes do not say. */
int rsp_card_free_flash(struct str card_resource, uint32_t *bytes);

/* serverSigned1, 30. */
struct rsp_server_signed1 {
	struct str transaction_id, euicc_challenge, server_address, server_challenge;
};

/* DeviceInfo and matching id: ctxParams1, A0 within the next two. */
struct rsp_context {
	bool present;		/* always, when writing */
	struct str matching_id;		/* optional */
	bool device;		/* deviceInfo is there: always, when writing */
	struct str tac;			/* 4 bytes */
	struct str capabilities;	/* optional: content of A1 deviceCapabilities */
	struct str imei;		/* optional, 8 bytes */
};

/* AuthenticateServerRequest, BF38: LPA to eUICC. */
struct rsp_authenticate_request {
	struct str server_signed1;	/* whole 30 */
	struct str server_signature1;	/* whole 5F37 */
	struct str key_id;		/* of the CI to be used, 20 bytes */
	struct str server_certificate;	/* whole */
	struct rsp_context context;
};

/* euiccSigned1, 30. */
struct rsp_euicc_signed1 {
	struct str transaction_id, server_address, server_challenge;
	struct str euicc_info2;		/* whole BF22 */
	struct rsp_context context;
};

/* AuthenticateServerResponse, BF38: exactly one of ok and failed. */
struct rsp_authenticate_response {
	bool ok;			/* A0 */
	struct str euicc_signed1;	/* whole 30 */
	struct str euicc_signature1;	/* whole 5F37 */
	struct str euicc_certificate;	/* whole */
	struct str eum_certificate;	/* whole */
	bool failed;			/* A1 */
	struct str transaction_id;
	int64_t error_code;		/* enum es10_authenticate */
};

/* smdpSigned2, 30. */
struct rsp_smdp_signed2 {
	struct str transaction_id;
	bool cc_required;
	struct str euicc_otpk;	/* optional: the key of an earlier try */
};

/* PrepareDownloadRequest, BF21: LPA to eUICC. */
struct rsp_prepare_request {
	struct str smdp_signed2;	/* whole 30 */
	struct str smdp_signature2;	/* whole 5F37 */
	struct str hash_cc;		/* optional, 32 bytes */
	struct str smdp_certificate;	/* whole */
};

/* euiccSigned2, 30. */
struct rsp_euicc_signed2 {
	struct str transaction_id;
	struct str euicc_otpk;		/* 65 bytes */
	struct str hash_cc;		/* optional, 32 bytes */
};

/* PrepareDownloadResponse, BF21: exactly one of ok and failed. */
struct rsp_prepare_response {
	bool ok;			/* A0 */
	struct str euicc_signed2;	/* whole 30 */
	struct str euicc_signature2;	/* whole 5F37 */
	bool failed;			/* A1 */
	struct str transaction_id;
	int64_t error_code;		/* enum es10_prepare */
};

/* StoreMetadataRequest, BF25: also the profileMetadata of ES9+. */
struct rsp_metadata {
	struct str iccid;		/* packed: iccid_unpack() */
	struct str spn;			/* optional: a profile may have none */
	struct str profile_name;	/* optional */
	int64_t profile_class;		/* enum profile_class; -1: operational */
	struct str notification_config;	/* optional: content of B6 */
	struct str owner;		/* optional: content of B7 */
	unsigned ppr;			/* PPR_...; optional */
};

/* One entry of notification_config: who is told of which events. */
void rsp_notification_config_write(struct buf *out, unsigned events,
				   struct str address);
/* Take the first entry off: 1, 0 at the end, -1 if malformed. */
int rsp_notification_config_next(struct str *config, unsigned *events,
				 struct str *address, struct err *err);

/* InitialiseSecureChannelRequest, BF23. */
struct rsp_initialise {
	int64_t operation;		/* 1: installBoundProfilePackage */
	struct str transaction_id;
	bool crt;			/* A6 is there: always, when writing */
	struct str key_type, key_len;	/* 88, 10 */
	struct str host_id;
	struct str smdp_otpk;		/* 65 bytes */
	struct str smdp_signature;	/* whole 5F37 */
};

/* NotificationMetadata, BF2F. */
struct rsp_notification_metadata {
	int64_t sequence;
	unsigned event;			/* NOTIFY_..., one bit */
	struct str address;
	struct str iccid;		/* packed; optional */
};

/* ProfileInstallationResultData, BF27: exactly one of success and failed. */
struct rsp_install_data {
	struct str transaction_id;
	struct str notification;	/* whole BF2F */
	struct str smdp_oid;		/* content bytes */
	bool final;			/* A2: always */
	bool success;			/* A0 */
	struct str aid;			/* of the ISD-P */
	struct str sima_response;
	bool failed;			/* A1 */
	int64_t command;		/* enum es10_command */
	int64_t reason;			/* enum es10_load */
	struct str failed_sima_response;	/* optional */
};

/* ProfileInstallationResult, BF37. */
struct rsp_install_result {
	struct str data;		/* whole BF27 */
	struct str signature;		/* whole 5F37 */
};

/* OtherSignedNotification, 30. */
struct rsp_other_notification {
	struct str metadata;		/* whole BF2F */
	struct str signature;		/* whole 5F37 */
	struct str euicc_certificate;	/* whole */
	struct str eum_certificate;	/* whole */
};

/* CancelSessionRequest, BF41: LPA to eUICC. */
struct rsp_cancel_request {
	struct str transaction_id;
	int64_t reason;			/* enum es10_cancel_reason */
};

/* euiccCancelSessionSigned, 30. */
struct rsp_cancel_signed {
	struct str transaction_id;
	struct str smdp_oid;		/* content bytes */
	int64_t reason;
};

/* CancelSessionResponse, BF41: ok, or error_code. */
struct rsp_cancel_response {
	bool ok;			/* A0 */
	struct str cancel_signed;	/* whole 30 */
	struct str signature;		/* whole 5F37 */
	int64_t error_code;		/* enum es10_cancel_error; -1 if ok */
};

#define RSP_MESSAGES(X) \
	X(euicc_info1) X(euicc_info2) X(server_signed1) \
	X(authenticate_request) X(euicc_signed1) X(authenticate_response) \
	X(smdp_signed2) X(prepare_request) X(euicc_signed2) X(prepare_response) \
	X(metadata) X(initialise) X(notification_metadata) X(install_data) \
	X(install_result) X(other_notification) X(cancel_request) \
	X(cancel_signed) X(cancel_response)

#define RSP_DECLARE(x) \
	void rsp_##x##_write(struct buf *out, const struct rsp_##x *o); \
	int rsp_##x##_read(struct str der, struct rsp_##x *o, struct err *err);
RSP_MESSAGES(RSP_DECLARE)
#undef RSP_DECLARE

/* The descriptions themselves, for tools that print DER; ends with NULL. */
extern const struct tlv_message *const rsp_messages[];

/* ---- Signatures in their TLV. ------------------------------------------ */

/*
 * Sign the concatenation of `first` and `second` (which may be STR_NONE) and
 * add `5F37 40 <signature>` to `out`.
 */
int rsp_sign(const struct rsp_crypto *c, const struct rsp_identity *id,
	     struct str first, struct str second, struct buf *out,
	     struct err *err);
/* `signature` is a whole 5F37, `certificate` the signer's. */
int rsp_verify(const struct rsp_crypto *c, struct str certificate,
	       struct str first, struct str second, struct str signature,
	       struct err *err);

/* ---- What a notification says, whichever kind it is. -------------------- */

/* A pending notification (BF37, or 30), read as far as both sides need. */
struct rsp_notification {
	bool install_result;		/* BF37; else an other signed one */
	struct rsp_notification_metadata metadata;
	char iccid[ICCID_SIZE];		/* "" if it has none */
	struct rsp_install_data data;	/* of an install result */
	struct str signed_part;		/* whole BF27 or BF2F */
	struct str signature;		/* whole 5F37 */
	struct str euicc_certificate, eum_certificate;	/* of the other kind */
};

int rsp_notification_read(struct str der, struct rsp_notification *n,
			  struct err *err);

#endif
