// schema.mjs PROGRAM: holds `PROGRAM schema` against the meta-schema, and every
// shipped suite and check against it.  Then files that are wrong, which schema
// and program both have to refuse; and files with one key or value changed,
// of which the schema may refuse none that the program takes.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import Ajv2020 from "ajv/dist/2020.js";
import { parse, parseDocument, isScalar, visit } from "yaml";

const program = process.argv[2];
const root = new URL("../../", import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), "esimrig-schema-"));
let bad = 0;

function complain(text) {
	console.log(text);
	bad++;
}

function compile(what) {
	const schema = JSON.parse(execFileSync(program, ["schema", what], { maxBuffer: 1 << 24 }));
	const ajv = new Ajv2020({ strict: true, strictTypes: false, strictRequired: false,
				  allowUnionTypes: true, allErrors: false });

	if (!ajv.validateSchema(schema))
		complain(`schema ${what}: ${ajv.errorsText()}`);
	return ajv.compile(schema);
}

const scenario = compile("scenario"), fragment = compile("fragment");
const why = (check) => check.errors.slice(-3).map((e) => `${e.instancePath || "/"} ${e.message} ` +
	JSON.stringify(e.params)).join("; ");
const read = (text) => parse(text, { maxAliasCount: -1, logLevel: "silent" });

// The program's word on a text, in the folder of a shipped file or in our own.
function accepts(text, beside = folder) {
	const path = join(beside, "schema-check.tmp.yaml");

	writeFileSync(path, text);
	const { status } = spawnSync(program, ["check", "-q", path], { stdio: "ignore" });
	rmSync(path);
	return status === 0;
}

// ---- What is shipped is valid. ---------------------------------------------

function* yamlFiles(dir) {
	for (const entry of readdirSync(dir, { withFileTypes: true }))
		if (entry.isDirectory())
			yield* yamlFiles(join(dir, entry.name));
		else if (entry.name.endsWith(".yaml"))
			yield join(dir, entry.name);
}

const files = process.argv.slice(3).flatMap((dir) => [...yamlFiles(join(root, dir))]);
for (const file of files) {
	const check = basename(file).startsWith("_") ? fragment : scenario;

	if (!check(read(readFileSync(file, "utf8"))))
		complain(`${file}: ${why(check)}`);
}

// ---- What is wrong is refused. -----------------------------------------------

const broken = read(readFileSync(new URL("broken.yaml", import.meta.url), "utf8"));
for (const [name, { text, schema = true }] of Object.entries(broken)) {
	if (scenario(read(text)) === schema)
		complain(`broken.yaml: ${name}: ${schema ? "the schema takes it" : "now refused"}`);
	if (accepts(text))
		complain(`broken.yaml: ${name}: the program takes it`);
}

// ---- What is changed: nothing is refused that is right. ------------------------

// A small generator of our own, so that a run can be had again.
let state = 7;
function below(n) {
	state = (Math.imul(state, 1103515245) + 12345) >>> 0;
	return (state >>> 8) % n;
}

const scalars = [7, -1, 1.5, true, null, "x", "90s", "${x}", "", [], {}, ["a"], { a: 1 }];
function change(text) {
	const doc = parseDocument(text, { logLevel: "silent" });
	const pairs = [];

	visit(doc, { Pair: (_, pair) => { pairs.push(pair); } });
	const pair = pairs[below(pairs.length)];
	if (below(3) === 0 && isScalar(pair.key))
		pair.key.value = `${pair.key.value}x`;
	else
		pair.value = doc.createNode(scalars[below(scalars.length)]);
	return String(doc);
}

let refused = 0, both = 0, tries = 0;
for (let i = 0; i < 300; i++) {
	const file = files[below(files.length)];
	let changed;

	if (basename(file).startsWith("_"))
		continue;
	try {
		changed = change(readFileSync(file, "utf8"));
		read(changed);
	} catch {
		continue;	// an alias to what is gone
	}
	const bySchema = !scenario(read(changed));
	const byProgram = !accepts(changed, join(file, ".."));

	tries++;
	refused += byProgram;
	both += byProgram && bySchema;
	if (bySchema && !byProgram)
		complain(`${file}, changed: the program takes what the schema refuses: ${why(scenario)}\n` +
			 changed);
}
rmSync(folder, { recursive: true });
if (both * 2 < refused)
	complain(`of ${refused} changed files that are wrong, the schema refuses only ${both}`);
console.log(`${files.length} files valid, ${Object.keys(broken).length} broken ones refused; of ${tries} ` +
	    `changed ones the program refuses ${refused}, and the schema ${both} of these`);
process.exit(bad ? 1 : 0);
