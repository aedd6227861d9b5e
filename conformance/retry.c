#include "conformance/retry.h"

#include <stdio.h>

#define SECONDS_MAX (INT64_C(100) * 365 * 24 * 3600)

static int month_of(const char *name)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	const char *at = strstr(months, name);

	return at && strlen(name) == 3 && (at - months) % 3 == 0 ?
	       (int)(at - months) / 3 + 1 : 0;
}

int http_date_parse(struct str text, int64_t *unix_s)
{
	char copy[40], month[4], iso[100];
	int day, year, hour, minute, second, end = 0;
	int64_t ms;
	struct err err;

	text = str_trim(text);
	if (text.n >= sizeof(copy))
		return -1;
	snprintf(copy, sizeof(copy), "%.*s", STRF(text));
	if (sscanf(copy, "%*3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d GMT%n", &day,
		   month, &year, &hour, &minute, &second, &end) != 6 ||
	    end == 0 || copy[end] != '\0' || !month_of(month) || day < 0 || year < 0 ||
	    hour < 0 || minute < 0 || second < 0)
		return -1;
	snprintf(iso, sizeof(iso), "%04d-%02d-%02dT%02d:%02d:%02dZ", year,
		 month_of(month), day, hour, minute, second == 60 ? 59 : second);
	if (clock_parse_iso(str_of(iso), &ms, &err) < 0)
		return -1;
	*unix_s = ms / 1000;
	return 0;
}

int64_t retry_after_ns(struct str retry_after, struct str date, unsigned refusals)
{
	int64_t then_s, now_s, usual_s = refusals < 4 ? INT64_C(2) << refusals : 30;
	uint64_t seconds;

	if (str_to_u64(str_trim(retry_after), (uint64_t)SECONDS_MAX, &seconds) == 0)
		return (int64_t)seconds * NS_PER_S;
	if (http_date_parse(retry_after, &then_s) < 0)
		return usual_s * NS_PER_S;
	if (http_date_parse(date, &now_s) < 0)
		now_s = clock_machine_unix_ms() / 1000;
	if (then_s <= now_s)
		return 0;
	return (then_s - now_s < SECONDS_MAX ? then_s - now_s : SECONDS_MAX) * NS_PER_S;
}
