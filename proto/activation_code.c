#include "proto/activation_code.h"

/* Printable ASCII without space and '$', which separates the parts. */
static bool plain(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] > '~' || s.p[i] == '$')
			return false;
	return true;
}

static bool host_like(struct str s)
{
	if (s.n == 0)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
		      (c >= 'A' && c <= 'Z') || c == '.' || c == '-' || c == ':'))
			return false;
	}
	return true;
}

static bool oid_like(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] != '.' && (s.p[i] < '0' || s.p[i] > '9'))
			return false;
	return true;
}

int activation_code_parse(struct str text, struct activation_code *ac,
			  struct err *err)
{
	struct str rest = str_trim(text), format, flag;

	*ac = (struct activation_code){ 0 };
	if (rest.n > ACTIVATION_CODE_MAX)
		return err_set(err, ERR_LIMIT,
			       "activation code: %zu characters, at most %d are possible",
			       rest.n, ACTIVATION_CODE_MAX);
	if (rest.n >= 4 && str_ieq((struct str){ rest.p, 4 }, STR("LPA:")))
		rest = (struct str){ rest.p + 4, rest.n - 4 };
	format = str_split(&rest, '$');
	if (!str_is(format, "1"))
		return err_set(err, ERR_INVALID,
			       "activation code: expected it to begin with LPA:1$");
	if (!rest.p)
		return err_set(err, ERR_INVALID,
			       "activation code: expected an SM-DP+ address");
	ac->smdp_address = str_split(&rest, '$');
	if (!host_like(ac->smdp_address))
		return err_set(err, ERR_INVALID,
			       "activation code: the SM-DP+ address is not a host name");
	if (!rest.p)
		return err_set(err, ERR_INVALID,
			       "activation code: expected '$' and a matching id behind the address");
	ac->matching_id = str_split(&rest, '$');
	if (!plain(ac->matching_id))
		return err_set(err, ERR_INVALID,
			       "activation code: a character that no matching id has");
	ac->oid = str_split(&rest, '$');
	flag = str_split(&rest, '$');
	if (!oid_like(ac->oid))
		return err_set(err, ERR_INVALID,
			       "activation code: the third part is not an OID");
	if (rest.p || (flag.n && !str_is(flag, "1")))
		return err_set(err, ERR_INVALID,
			       "activation code: expected '1' or nothing as its last part");
	ac->cc_required = flag.n != 0;
	return 0;
}

void activation_code_print(struct buf *out, const struct activation_code *ac)
{
	buf_z(out, "LPA:1$");
	buf_str(out, ac->smdp_address);
	buf_char(out, '$');
	buf_str(out, ac->matching_id);
	if (ac->oid.n || ac->cc_required) {
		buf_char(out, '$');
		buf_str(out, ac->oid);
	}
	if (ac->cc_required)
		buf_z(out, "$1");
}
