/*
 * sections.h - the tables of defects, one file each.
 */
#ifndef CONFORMANCE_DEFECTS_SECTIONS_H
#define CONFORMANCE_DEFECTS_SECTIONS_H

#include "conformance/defects/defect.h"

extern const struct defect defects_reading[], defects_query[], defects_actions[],
	defects_operations[], defects_access[], defects_rushed[];
extern const size_t defects_reading_count, defects_query_count, defects_actions_count,
	defects_operations_count, defects_access_count, defects_rushed_count;

#endif
