/*
 * report_ladder.h - the event log of a run as a picture.
 *
 * A column per party, time downwards.  Messages are arrows from when they
 * were sent to when they arrived, everything else is a dot; what it was
 * stands at the right in the same row.  Time without events is one row,
 * however long; repetitions (a device that polls) are folded into one; a
 * long log is cut in its middle; of many devices the few that matter are
 * shown.  Whatever is left out is said.
 */
#ifndef SCENARIOS_REPORT_LADDER_H
#define SCENARIOS_REPORT_LADDER_H

#include "scenarios/result.h"

enum { LADDER_ROWS_MAX = 400, LADDER_DEVICES_MAX = 4 };

/* HTML with the drawing as inline SVG; nothing if there are no events. */
void ladder_draw(struct buf *out, const struct run_result *run);

#endif
