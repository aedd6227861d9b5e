/*
 * encode.h - the form that a client wants its answer in.
 *
 * Compressed with gzip or deflate (RFC 9110, 12.5.3), whichever it likes
 * better, if there is enough to compress; or not sent at all, because its
 * copy is still good (13.1.2).
 */
#ifndef SERVER_ENCODE_H
#define SERVER_ENCODE_H

#include "sim/http.h"

/* Below that it is not worth the processor's time. */
enum { ENCODE_SIZE_MIN = 1024 };

enum coding { CODING_IDENTITY, CODING_GZIP, CODING_DEFLATE };

/* What an Accept-Encoding header asks for; identity if `accept` is STR_NONE. */
enum coding coding_wanted(struct str accept);

/* Compress the body, or the stream, of x->resp as its request has it. */
void encode_answer(struct http_exchange *x);

/* Does an If-None-Match header name `tag`?  Weakly: W/ does not matter. */
bool tag_matches(struct str header, struct str tag);
/* Give the body of x->resp a tag; 304 if the client has it, which is sent without it. */
void encode_tag(struct http_exchange *x);

#endif
