/*
 * rsp_bpp.h - the bound profile package (SGP.22, 2.5.5), BF36: built by the
 * SM-DP+, cut into segments by the LPA, taken in by the eUICC one by one.
 *
 *	BF36 { BF23 initialiseSecureChannel
 *	       A0 { 87 configureISDP (BF24) }
 *	       A1 { 88 storeMetadata (BF25), in as many 88 as it needs }
 *	       A2 { 87 replaceSessionKeys (BF26) }	optional
 *	       A3 { 86 profile elements, in as many 86 as they need } }
 */
#ifndef PROTO_RSP_BPP_H
#define PROTO_RSP_BPP_H

#include "proto/es10.h"
#include "proto/rsp.h"
#include "proto/rsp_upp.h"

enum {
	RSP_SEGMENT_MAX = 1020,		/* bytes of a TLV within A0 to A3 */
	RSP_CHUNK_MAX = 1007,		/* bytes in clear that fit into one */
	RSP_SEGMENT_TOLERATED = 1036,	/* a known server sends so many; see segment_max */
	RSP_SEGMENTS_MAX = 4096,	/* of one package */
};

/* ---- SM-DP+. ------------------------------------------------------------ */

struct rsp_bpp_spec {
	struct str transaction_id;
	struct str host_id;
	struct str eid;			/* 32 digits */
	struct str euicc_otpk;		/* the eUICC's one-time public key */
	const struct rsp_otpk *otpk;	/* own */
	const struct rsp_identity *signer;	/* DPpb */
	struct str metadata;		/* whole BF25 */
	struct str upp;			/* profile elements, in clear (rsp_upp.h) */
	/* Keys of the package itself, which need not be made anew for each
	 * session (SGP.22, 2.5.4); NULL: those of the session protect it. */
	const struct rsp_bsp *ppk;
	size_t chunk_max;		/* bytes in clear per segment; 0: RSP_CHUNK_MAX */
};

int rsp_bpp_build(const struct rsp_crypto *c, const struct rsp_bpp_spec *spec,
		  struct buf *out, struct err *err);

/* ---- LPA. --------------------------------------------------------------- */

/* The segments that an LPA sends, in order: BF36 head with BF23 | A0 | head of
 * A1 | each 88 | A2 | head of A3 | each 86.  Together they are `bpp`. */
int rsp_bpp_split(struct str bpp, struct arena *a, struct str **segments,
		  size_t *count, struct err *err);

/* The StoreMetadata (BF25) of a package that was cut into those segments: they are not
 * encrypted, so that an LPA can hold them against what it was shown. */
int rsp_bpp_metadata(const struct str *segments, size_t count, struct buf *out,
		     struct err *err);

/* ---- eUICC. ------------------------------------------------------------- */

enum rsp_bpp_stage {
	RSP_BPP_INITIALISE,	/* waits for BF36 head and BF23 */
	RSP_BPP_CONFIGURE,	/* for A0 */
	RSP_BPP_METADATA_HEAD,	/* for the head of A1 */
	RSP_BPP_METADATA,	/* for an 88 */
	RSP_BPP_KEYS,		/* for A2, or the head of A3 */
	RSP_BPP_ELEMENTS_HEAD,	/* after A2: for the head of A3 */
	RSP_BPP_ELEMENTS,	/* for an 86 */
	RSP_BPP_DONE,
	RSP_BPP_FAILED
};

/*
 * Takes a package in, segment by segment.  Set up with rsp_bpp_reader_init(),
 * given back with rsp_bpp_reader_release() at any stage.
 */
struct rsp_bpp_reader {
	const struct rsp_crypto *crypto;
	struct rsp_otpk otpk;
	char eid[EID_SIZE];
	char transaction_id[RSP_TRANSACTION_MAX];
	size_t transaction_id_n;
	struct buf smdp_certificate;	/* DPpb, as in prepareDownload */
	enum rsp_bpp_stage stage;
	size_t left;		/* bytes of the open sequence still to come */
	size_t total_left;	/* of BF36 */
	size_t segment_max;	/* RSP_SEGMENT_MAX; may be set to more before the first */
	struct rsp_bsp bsp;
	struct buf metadata;	/* whole BF25, when stage is past METADATA */
	struct buf upp;		/* in clear, when DONE */
	/* When FAILED: */
	enum es10_command failed_command;
	enum es10_load failed_reason;
};

void rsp_bpp_reader_init(struct rsp_bpp_reader *r, const struct rsp_crypto *c,
			 const struct rsp_otpk *otpk, struct str eid,
			 struct str transaction_id, struct str smdp_certificate);
void rsp_bpp_reader_release(struct rsp_bpp_reader *r);
/*
 * The next segment: 0 to go on (look at r->stage: DONE after the last), or -1
 * with `err`, and r->failed_command and failed_reason for the result.
 */
int rsp_bpp_reader_feed(struct rsp_bpp_reader *r, struct str segment,
			struct err *err);

#endif
