#include "server/profiles.h"

#include "server/core.h"

static void read_row(struct stmt *q, struct arena *a, struct profile_row *p)
{
	*p = (struct profile_row){
		.rid = stmt_i64(q, 0),
		.device_id = stmt_text(q, 1, a),
		.iccid = stmt_text(q, 2, a),
		.customer_id = stmt_i64(q, 3),
		.eid = stmt_text(q, 4, a),
		.number = stmt_i64(q, 5),
		.carrier = stmt_text(q, 6, a),
		.status = stmt_text(q, 7, a),
		.type = stmt_text(q, 8, a),
		.normalized_carrier = stmt_text(q, 9, a),
	};
}

static bool read_one(struct stmt *q, struct arena *a, struct profile_row *p)
{
	if (!stmt_row(q))
		return false;
	read_row(q, a, p);
	stmt_end(q);
	return true;
}

bool profile_is_active(const struct profile_row *p)
{
	return str_is(p->status, "active");
}

bool profile_find(struct server *s, struct str device_id, struct str iccid,
		  struct arena *a, struct profile_row *p)
{
	struct stmt *q = store_sql(s->store, SQL_PROFILE_GET);

	return read_one(stmt_str(stmt_str(q, device_id), iccid), a, p);
}

bool profile_is_there(struct server *s, struct str device_id, struct str iccid,
		      bool *active)
{
	struct stmt *q = store_sql(s->store, SQL_PROFILE_ACTIVE);

	if (!stmt_row(stmt_str(stmt_str(q, device_id), iccid)))
		return false;
	*active = stmt_i64(q, 0) != 0;
	stmt_end(q);
	return true;
}

bool profile_find_carrier(struct server *s, struct str device_id,
			  struct str eid, struct str normalized,
			  struct arena *a, struct profile_row *p)
{
	struct stmt *q = store_sql(s->store, SQL_PROFILE_BY_SPN);

	stmt_str(stmt_str(stmt_str(q, device_id), eid), normalized);
	return read_one(q, a, p);
}

size_t profiles_of_device(struct server *s, struct str device_id,
			  struct arena *a, struct profile_row **list)
{
	struct stmt *q = store_sql(s->store, SQL_PROFILES_OF_DEVICE);
	size_t count = 0, cap = 0;

	*list = NULL;
	stmt_str(q, device_id);
	while (stmt_row(q)) {
		if (count == cap) {
			struct profile_row *old = *list;

			cap = cap ? 2 * cap : 8;
			*list = arena_array(a, cap, sizeof(**list));
			if (count)
				memcpy(*list, old, count * sizeof(**list));
		}
		read_row(q, a, &(*list)[count++]);
	}
	return count;
}
