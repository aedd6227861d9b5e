/*
 * Goal: templates put in the right text, in the right type, escaped as the
 * place wants it; what is known early is filled in early, the rest is kept.
 * Method: tables of text and result; a world of a few names.
 */
#include "scenarios/template.h"
#include "scenarios/yaml_text_test.h"

#include <stdio.h>
#include <stdlib.h>

static const struct value *world;

static void set_up_world(void)
{
	set_up();
	world = good("n: 7\n"
		     "freds: {name: \"Fred's Fast & Co\", codes: [{iccid: 89}, {iccid: 90}]}\n"
		     "yes: true\n"
		     "nothing: null\n"
		     "next: /ws/v1/x?cursor=a%20b&size=1\n"
		     "url: http://eis.rig/a b\n"
		     "greek: \xCE\xB1\n");
}

static const struct value *lookup(void *arg, struct str path, struct arena *a,
				  struct err *err)
{
	(void)arg;
	(void)a;
	return template_walk(world, path, err);
}

static const struct template_names names = { lookup, NULL };

static const char *const strings[][2] = {
	{ "plain", "plain" },
	{ "", "" },
	{ "${n}", "7" },
	{ "a${n}b${n}", "a7b7" },
	{ "${freds.name}!", "Fred's Fast & Co!" },
	{ "${freds.codes[1].iccid}", "90" },
	{ "${ n }", "7" },
	{ "${freds.codes}", "[{\"iccid\":89},{\"iccid\":90}]" },
	{ "$${n}", "${n}" },
	{ "$$${n}", "$7" },
	{ "x$$$${n}", "x$${n}" },
	{ "$$$$${n}$$", "$$7$$" },
	{ "a$${n}${n}$${", "a${n}7${" },
	{ "$n {n} $", "$n {n} $" },
	{ "${freds.name|quoted}", "'Fred''s Fast & Co'" },
	{ "${freds.name | upper}", "FRED'S FAST & CO" },
	{ "${freds.name|url}", "Fred%27s%20Fast%20%26%20Co" },
	{ "${freds.name|json}", "\"Fred's Fast & Co\"" },
	{ "${yes} ${nothing}", "true null" },
	{ "${n|head}-${n|middle}-${n|tail}", "--7" },
	{ "${freds.name|head}_${freds.name|tail}", "Fred's F_ast & Co" },
	{ "${freds.name|middle}", "'s Fast " }, { "${n|base64}", "Nw==" },
	{ "${greek|head}${greek|tail}", "\xCE\xB1" },
};

START_TEST(into_strings)
{
	struct str out;
	struct err err;

	ck_assert_msg(template_expand_str(str_of(strings[_i][0]), &names, &arena, &out,
					  &err) == 0, "%s", err.msg);
	ck_assert_msg(str_is(out, strings[_i][1]), "%s: %.*s", strings[_i][0],
		      STRF(out));
}
END_TEST

static const char *const urls[][2] = {
	{ "/ws/v1/esim_profiles/inventory?query=carrier='Mobile'",
	  "/ws/v1/esim_profiles/inventory?query=carrier=%27Mobile%27" },
	{ "/x?query=carrier=${freds.name|quoted}", "/x?query=carrier=%27Fred%27%27s%20Fast%20%26%20Co%27" },
	{ "/x/${freds.name}/y", "/x/Fred%27s%20Fast%20%26%20Co/y" },
	{ "/x y?a=\"b\"&c=<d>", "/x%20y?a=%22b%22&c=%3Cd%3E" },
	{ "/x?a=100%&b=%41%zz", "/x?a=100%25&b=%41%25zz" },
	{ "/x#y", "/x%23y" },
	{ "${next}", "/ws/v1/x?cursor=a%20b&size=1" },
	{ "${url}/${n}", "http://eis.rig/a%20b/7" },
	{ "/${next}", "/%2Fws%2Fv1%2Fx%3Fcursor%3Da%2520b%26size%3D1" },
	{ "/\xCE\xB1/${greek}", "/%CE%B1/%CE%B1" },
	{ "http://eis.rig:8080/a?b=c,d;e", "http://eis.rig:8080/a?b=c,d;e" },
};

START_TEST(into_urls)
{
	struct str out;
	struct err err;

	ck_assert_msg(template_expand_url(str_of(urls[_i][0]), &names, &arena, &out,
					  &err) == 0, "%s", err.msg);
	ck_assert_msg(str_is(out, urls[_i][1]), "%s: %.*s", urls[_i][0], STRF(out));
}
END_TEST

START_TEST(types_are_kept)
{
	const struct value *v = good("{a: '${n}', b: '${n}x', c: ['${yes}', '${nothing}'],"
				      " d: '${freds.codes}', '${n}': 1, e: 5}");
	struct err err;
	const struct value *out = template_expand_value(v, &names, &arena, &err);
	struct buf b;

	ck_assert_ptr_nonnull(out);
	buf_init(&b, 1000);
	value_json(&b, out);
	ck_assert_str_eq(b.p, "{\"a\":7,\"b\":\"7x\",\"c\":[true,null],"
			 "\"d\":[{\"iccid\":89},{\"iccid\":90}],\"7\":1,\"e\":5}");
	buf_release(&b);
	/* Where it is written, not where the value came from. */
	ck_assert_uint_eq(value_get(out, "a")->pos.column, 5);
	ck_assert_ptr_eq(value_get(out, "e"), value_get(v, "e"));
}
END_TEST

static const char *const wrong[][2] = {
	{ "${", "without its '}'" }, { "a${n", "without its '}'" },
	{ "${}", "expected a name" }, { "${a b}", "expected a name" },
	{ "${.n}", "expected a name" }, { "${n.}", "expected a name" },
	{ "${n[}", "expected a name" }, { "${n[x]}", "expected a name" },
	{ "${n[-1]}", "expected a name" }, { "${[0]}", "expected a name" },
	{ "${n|quotd}", "did you mean 'quoted'" }, { "${n|}", "no filter ''" },
	{ "${n.x}", "nothing at" }, { "${freds.codes[2]}", "nothing at" },
	{ "${nowhere}", "nothing at 'nowhere'" },
};

START_TEST(errors)
{
	struct str out;
	struct err err = { 0 };

	ck_assert_int_eq(template_expand_str(str_of(wrong[_i][0]), &names, &arena, &out,
					     &err), -1);
	ck_assert_msg(strstr(err.msg, wrong[_i][1]), "%s: %s", wrong[_i][0], err.msg);
}
END_TEST

static const char *const substituted[][2] = {
	{ "'${i}'", "3" },
	{ "'x${i}'", "\"x3\"" },
	{ "'${op_${i}}'", "\"${op_3}\"" },
	{ "'${ops[${i}].id} ${i}'", "\"${ops[3].id} 3\"" },
	{ "'${case.a}'", "true" },
	{ "'${case.b} ${case.c.d[1]}'", "\"text ${n} 2\"" },
	{ "'${case.b}'", "\"text ${n}\"" },
	{ "'${case.none}'", "\"${case.none}\"" },
	{ "'${it.eid}'", "\"${fleet[4].eid}\"" },
	{ "'${it}'", "\"fleet[4]\"" },
	{ "'${it.index}'", "4" },
	{ "'${it.eid|upper}'", "\"${fleet[4].eid|upper}\"" },
	{ "'${i|quoted}'", "\"'3'\"" },
	{ "'$${i}'", "\"$${i}\"" },
	{ "'a$$${i}'", "\"a$3\"" },
	{ "'a$$${other}$$${i}'", "\"a$$${other}$3\"" },
	{ "'$$$${i}'", "\"$$$${i}\"" },
	{ "'${other} ${'", "\"${other} ${\"" },
	{ "{'k${i}': ['${i}'], e: 1}", "{\"k3\":[3],\"e\":1}" },
	{ "{'${i}': 1}", "{\"3\":1}" },
};

START_TEST(early_ones)
{
	struct template_var i = { .name = STR("i"), .value = value_int(&arena, 3) };
	struct template_var cases = { .name = STR("case"), .outer = &i,
		.value = good("{a: true, b: 'text ${n}', c: {d: [1, 2]}}") };
	struct template_var it = { .name = STR("it"), .alias = STR("fleet[4]"),
				   .index = 4, .outer = &cases };
	size_t budget = 100000;
	struct buf b;

	buf_init(&b, 1000);
	value_json(&b, template_substitute(good(substituted[_i][0]), &it, &arena,
					   &budget));
	ck_assert_str_eq(b.p, substituted[_i][1]);
	ck_assert(budget > 0 && budget < 100000);
	buf_release(&b);
}
END_TEST

START_TEST(budget_ends_it)
{
	struct template_var x = { .name = STR("x"),
				  .value = value_str(&arena, STR("0123456789")) };
	size_t budget = 200;

	template_substitute(good("['a${x}', 'b${x}', 'c${x}', 'd${x}', 'e${x}', 'f${x}']"),
			    &x, &arena, &budget);
	ck_assert_uint_eq(budget, 0);
}
END_TEST

struct seen {
	char text[200];
};

static void see(void *arg, struct str path, size_t at)
{
	struct seen *seen = arg;
	size_t n = strlen(seen->text);

	snprintf(seen->text + n, sizeof(seen->text) - n, "%.*s@%zu ", STRF(path), at);
}

START_TEST(scan)
{
	struct seen seen = { "" };
	struct err err;
	size_t at;

	ck_assert_int_eq(template_scan(STR("a${b.c} $${d} ${e|url}"), see, &seen, &at, &err), 0);
	ck_assert_str_eq(seen.text, "b.c@3 e@16 ");
	ck_assert_int_eq(template_scan(STR("abc ${d"), see, &seen, &at, &err), -1);
	ck_assert_uint_eq(at, 6);
}
END_TEST

#define COUNT(a) (int)(sizeof(a) / sizeof((a)[0]))

int main(void)
{
	Suite *suite = suite_create("scenarios/template");
	TCase *tc = tcase_create("template");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, set_up_world, tear_down);
	tcase_add_loop_test(tc, into_strings, 0, COUNT(strings));
	tcase_add_loop_test(tc, into_urls, 0, COUNT(urls));
	tcase_add_test(tc, types_are_kept);
	tcase_add_loop_test(tc, errors, 0, COUNT(wrong));
	tcase_add_loop_test(tc, early_ones, 0, COUNT(substituted));
	tcase_add_test(tc, budget_ends_it);
	tcase_add_test(tc, scan);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
