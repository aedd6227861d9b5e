/* The control API: an activation code as a picture. */
#include "scenarios/control_impl.h"

#include <qrencode.h>
#include <stdlib.h>

enum { QUIET = 4 };		/* modules around it that stay light */

/* Dark modules of a line that stand together are one stroke. */
static void put_line(struct buf *out, const unsigned char *modules, int width, int y)
{
	for (int x = 0; x < width; x++) {
		int begin = x;

		while (x < width && (modules[x] & 1))
			x++;
		if (x > begin)
			buf_printf(out, "M%d %dh%d", begin + QUIET, y + QUIET, x - begin);
	}
}

static int put_svg(struct buf *out, const char *text)
{
	QRcode *qr = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M);
	int size;

	if (!qr)
		return -1;
	size = qr->width + 2 * QUIET;
	buf_printf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 -.5 %d %d\" "
		   "shape-rendering=\"crispEdges\" role=\"img\" aria-label=\"QR code\">"
		   "<path fill=\"#fff\" d=\"M0-.5h%dv%dH0z\"/><path stroke=\"#000\" d=\"",
		   size, size, size, size);
	for (int y = 0; y < qr->width; y++)
		put_line(out, qr->data + (size_t)(y * qr->width), qr->width, y);
	buf_z(out, "\"/></svg>\n");
	QRcode_free(qr);
	return 0;
}

void control_get_qr(void *control, struct http_exchange *x, const struct str *args)
{
	struct control *c = control;
	const struct world_carrier *carrier = show_carrier_of(c->live->world, args[0]);
	bool given, reveal;
	struct str text = STR_NONE;
	struct buf out;

	if (control_param_bool(x, "reveal", &given, &reveal) < 0)
		return;
	for (size_t i = 0; carrier && i < carrier->code_count; i++)
		if (str_eq(carrier->codes[i].iccid, args[0]))
			text = show_activation_code(carrier, &carrier->codes[i], reveal,
						    x->arena);
	buf_init(&out, 1 << 20);
	if (!text.p) {
		control_refuse(x, 404, "unknown-code", NULL,
			       "the rig made no code for ICCID %.*s", STRF(args[0]));
	} else if (put_svg(&out, arena_str(x->arena, text).p) < 0) {
		control_refuse(x, 400, "bad-value", NULL, "too long for a QR code");
	} else {
		http_header_set(&x->resp.headers, x->arena, STR("Cache-Control"),
				STR("no-store"));
		http_respond(x, 200, "image/svg+xml", buf_view(&out));
	}
	buf_release(&out);
}
