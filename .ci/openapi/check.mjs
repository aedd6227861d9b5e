// check.mjs TRAFFIC: holds the OpenAPI files against the OpenAPI 3.1 schema,
// and every exchange that `esimrig run --traffic` wrote down against the files.
// Then it breaks files and exchanges one after the other, and each has to be
// noticed: a check that cannot fail is worth nothing.
import { readFileSync } from "node:fs";
import { Validator } from "@seriousme/openapi-schema-validator";
import Ajv2020 from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { parse } from "yaml";

const root = new URL("../../", import.meta.url);
const files = ["server/openapi.yaml", "eis/openapi.yaml", "scenarios/control.openapi.yaml"];
const methods = ["get", "put", "post", "delete", "patch"];
const show = (x) => JSON.stringify(x).slice(0, 300);

const escape = (s) => encodeURIComponent(String(s).replace(/~/g, "~0").replace(/\//g, "~1"));
const plain = (x) => JSON.parse(JSON.stringify(x));	// without YAML's aliases

// A file, with what is needed to find things in it.
class Description {
	constructor(name, doc) {
		this.id = `https://esimrig.example/${name}`;
		this.doc = doc;
		this.compiled = new Map();
		this.ajv = new Ajv2020({ strict: false, validateSchema: false });
		addFormats(this.ajv);
		this.ajv.addSchema({ ...doc, $id: this.id });
		this.routes = Object.keys(doc.paths).map((path) => ({
			path, names: [...path.matchAll(/{(\w+)}/g)].map((m) => m[1]),
			re: new RegExp("^" + path.replace(/[.]/g, "\\.").replace(/{\w+}/g, "([^/]+)") + "$"),
		}));
		this.routes.sort((a, b) => a.names.length - b.names.length);
	}

	// A location is a list of keys; a reference leads to another one.
	at(location) {
		let here = [], value = this.doc;
		for (const key of location) {
			here.push(key);
			value = value?.[key];
			if (value?.$ref && key !== "schema" && !here.includes("schemas")) {
				here = value.$ref.slice(2).split("/");
				value = this.at(here).value;
			}
		}
		return { value, location: here };
	}

	// What is wrong with `data`, in words; or nothing.
	wrong(location, data) {
		const where = this.at(location).location;
		const key = where.map(escape).join("/");
		if (!this.compiled.has(key))
			this.compiled.set(key, this.ajv.compile({ $ref: `${this.id}#/${key}` }));
		const validate = this.compiled.get(key);
		return validate(data) ? null : this.ajv.errorsText(validate.errors) + `: ${show(data)}`;
	}

	find(path) {
		for (const r of this.routes) {
			const m = r.re.exec(path);
			if (m)
				return { path: r.path, args: Object.fromEntries(r.names.map((n, i) => [n, m[i + 1]])) };
		}
		return null;
	}
}

// One exchange against its description; complaints go to `say`.
class Exchange {
	constructor(descriptions, e, say, seen) {
		Object.assign(this, { e, say, seen });
		let path = e.path;
		this.d = descriptions[e.to === "control" ? 2 : e.to === "server" && !path.startsWith("/southbound/") ? 0 : 1];
		if (this.d === descriptions[0])
			path = path.replace(/\.(json|csv)$/, "");
		this.route = this.d.find(path);
	}

	check() {
		const { e, route, d } = this;
		if (e.method === "OPTIONS" && e.status === 204)
			return e.response_headers.allow || this.say("OPTIONS without Allow");
		if (!route)
			return this.refused([400, 401, 404, 414, 429, 431, 503]);
		const method = e.method === "HEAD" ? "get" : e.method.toLowerCase();
		const op = ["paths", route.path, method];
		if (!methods.includes(method) || !d.at(op).value) {
			if (e.status === 405 && !e.response_headers.allow)
				this.say("405 without Allow");
			return this.refused([400, 401, 405, 413, 414, 429, 431, 503]);
		}
		this.response([...op, "responses", String(e.status)], op);
		if (e.status < 300)
			this.request(op);
	}

	// Nothing that is described: an error of the usual form.
	refused(statuses) {
		if (!statuses.includes(this.e.status))
			this.say(`not described, and answered with ${this.e.status}`);
		else
			this.body(["components", "schemas", "Error"]);
	}

	body(location) {
		const { e, d } = this;
		if (e.method === "HEAD" || e.response_body === undefined || e.response_headers["content-encoding"])
			return;
		let body;
		try {
			body = JSON.parse(e.response_body);
		} catch {
			return this.say(`no JSON: ${show(e.response_body)}`);
		}
		const wrong = d.wrong(location, body);
		if (wrong)
			this.say(`answer: ${wrong}`);
	}

	response(location, op) {
		const { e, d } = this;
		const { value } = d.at(location);
		if (!value)
			return this.say(`status ${e.status} is not described`);
		this.seen?.add(`${op[2]} ${op[1]} ${e.status}`);
		for (const [name, header] of Object.entries(value.headers ?? {})) {
			const given = e.response_headers[name.toLowerCase()];
			const at = [...location, "headers", name];
			if (given === undefined && d.at(at).value.required)
				this.say(`header ${name} is missing`);
			else if (given !== undefined && d.wrong([...at, "schema"], given))
				this.say(`header ${name}: ${d.wrong([...at, "schema"], given)}`);
		}
		const type = e.response_headers["content-type"]?.split(";")[0].trim();
		if (!value.content) {
			if (e.response_body)
				this.say(`a body, where none is described: ${show(e.response_body)}`);
		} else if (!value.content[type]) {
			this.say(`content type ${type} is not described`);
		} else if (type === "application/json") {
			this.body([...location, "content", type, "schema"]);
		}
	}

	request(op) {
		const { e, d, route } = this;
		const operation = d.at(op).value;
		const given = new URLSearchParams(e.query ?? "");
		const lists = [[...op.slice(0, 2), "parameters"], [...op, "parameters"]];
		for (const list of lists)
			for (const i of (d.at(list).value ?? []).keys())
				this.parameter([...list, i], given, route.args);
		const security = operation.security ?? d.doc.security;
		if (security.length && !e.request_headers.authorization && !e.request_headers["x-api-key-id"] &&
		    !given.has("access_token"))
			this.say("done for nobody");
		if (!operation.requestBody || (!e.request_body && !operation.requestBody.required))
			return;
		let body;
		try {
			body = JSON.parse(e.request_body);
		} catch {
			return this.say("taken, but no JSON");
		}
		const drop = (x) => x && typeof x === "object" && !Array.isArray(x) ?	// null is absent
			Object.fromEntries(Object.entries(x).filter(([, v]) => v !== null)) : x;
		const wrong = d.wrong([...op, "requestBody", "content", "application/json", "schema"],
				      Array.isArray(body) ? body.map(drop) : drop(body));
		if (wrong && e.status !== 207)
			this.say(`taken, but ${wrong}`);
	}

	parameter(at, given, args) {
		const { value: p, location } = this.d.at(at);
		let text = p.in === "path" ? args[p.name] : given.get(p.name);
		if (text === null || text === undefined)
			return;
		if (p.in === "path")
			text = decodeURIComponent(text);
		const data = p.schema.type === "integer" && /^[0-9]+$/.test(text) ? Number(text) : text;
		const wrong = this.d.wrong([...location, "schema"], data);
		if (wrong)
			this.say(`${p.in} parameter ${p.name} was taken, but ${wrong}`);
	}
}

// All complaints about `exchanges`, as a map from complaint to how often.
function examine(docs, exchanges, seen) {
	const descriptions = docs.map((doc, i) => new Description(files[i], doc));
	const complaints = new Map();
	for (const e of exchanges) {
		const say = (what) => {
			const key = `${e.method} ${e.path} -> ${e.status}: ${what}`;
			complaints.set(key, (complaints.get(key) ?? 0) + 1);
		};
		new Exchange(descriptions, e, say, seen).check();
	}
	return complaints;
}

async function well_formed(doc) {
	return await new Validator().validate(plain(doc));
}

// What the suites cannot bring about: unit tests do.
const unseen = /(304|413|414|429|431|503|parties\/{key} 409)$/;

function check_coverage(docs, seen) {
	let missing = 0;
	for (const doc of docs)
		for (const [path, item] of Object.entries(doc.paths))
			for (const method of methods.filter((m) => item[m]))
				for (const status of Object.keys(item[method].responses)) {
					const key = `${method} ${path} ${status}`;
					if (seen.has(key) || unseen.test(key))
						continue;
					console.log(`never seen: ${key}`);
					missing++;
				}
	return missing;
}

// ---- Does it notice? ---------------------------------------------------------

const break_files = {
	"a status goes": (d) => { delete d[0].paths["/ws/v1/esim_profiles/enable"].post.responses["409"]; },
	"a path goes": (d) => { delete d[0].paths["/ws/v1/esims/bulk"]; },
	"a method goes": (d) => { delete d[0].paths["/ws/v1/esim_profiles/operations/inventory"].post; },
	"a member is not described": (d) => { delete d[0].components.schemas.Profile.properties.carrier; },
	"a member has another type": (d) => { d[0].components.schemas.Operation.properties.job_id = { type: "string" }; },
	"a member is required": (d) => { d[0].components.schemas.Profile.required.push("color"); },
	"an enumeration is shorter": (d) => { d[0].components.schemas.Transaction.properties.status.enum.shift(); },
	"a format is another": (d) => { d[0].components.schemas.Uuid = { type: "string", format: "ipv4" }; },
	"a header is required": (d) => { d[0].components.headers.ETag.required = true; d[0].components.headers.ETag.schema = { const: "x" }; },
	"a content type is another": (d) => { const r = d[0].paths["/ws/v1/esims/bulk"].get.responses["200"]; r.content = { "text/plain": {} }; },
	"a body is not described": (d) => { delete d[0].components.responses.NotFound.content; },
	"a request asks for more": (d) => { d[0].components.schemas.Target.required.push("color"); },
	"a parameter is bounded": (d) => { d[0].components.parameters.size.schema.maximum = 1; },
	"a page has no cursor": (d) => { d[0].components.schemas.Page.properties.cursor = false; },
	"an order without times": (d) => { d[1].components.schemas.State.properties.created = false; },
	"a command has an eid": (d) => { d[1].components.schemas.Command.required.push("eid"); },
	"a trail without notifications": (d) => {
		const t = d[1].components.schemas.AuditEntry.properties.operationType;
		t.enum = t.enum.filter((x) => x !== "notification");
	},
	"reports are always complete": (d) => { d[1].components.schemas.Report.properties.complete = { const: true }; },
	"a device has no link": (d) => { d[2].components.schemas.Device.properties.link = false; },
	"a clock without a rate": (d) => { delete d[2].components.schemas.Clock.properties.rate; },
	"a quirk has a color": (d) => { d[2].components.schemas.Quirk.required.push("color"); },
	"results need a color": (d) => { d[1].components.schemas.ResultRequest.required.push("color"); },
};

const change_body = (change) => (e) => {
	const body = JSON.parse(e.response_body);
	change(body);
	e.response_body = JSON.stringify(body);
};
const break_exchanges = {
	"a status that is none": (e) => { e.status = 418; },
	"an answer of another type": (e) => { e.response_headers["content-type"] = "text/html"; },
	"an answer without a type": (e) => { e.response_headers = {}; },
	"no JSON": (e) => { e.response_body = "oops"; },
	"a list": (e) => { e.response_body = "[]"; },
	"a member more": change_body((b) => { b.surprise = 1; }),
	"a member less": change_body((b) => { delete b[Object.keys(b).find((k) => ["created", "status", "state"].includes(k))]; }),
	"a member is null": change_body((b) => { b.status = null; }),
	"done for nobody": (e) => { e.request_headers = {}; },
	"a path that is not there": (e) => { e.path += "/more"; },
	"a method that is not there": (e) => { e.method = "PATCH"; },
};
const examples = [
	["server", "GET", /^\/ws\/v1\/esim_profiles\/progress\/[^.]+$/, 200],
	["server", "GET", /^\/ws\/v1\/esim_profiles\/operations\/inventory\/[^.]+$/, 200],
	["eis", "GET", /^\/eis\/v1\/orders\//, 200],
	["gateway", "GET", /^\/gateway\/v1\/commands\//, 200],
	["control", "GET", /^\/control\/v1\/codes\/[0-9]+$/, 200],
];

// Those that differ in more than their values.
function one_of_each(docs, exchanges) {
	const descriptions = docs.map((doc, i) => new Description(files[i], doc));
	const kinds = new Map();
	for (const e of exchanges) {
		const x = new Exchange(descriptions, e);
		const shape = (text) => (text ?? "").replace(/"[^"]*"(?!:)|[0-9]+/g, "").slice(0, 2000);
		kinds.set([e.method, x.route?.path, e.status, shape(e.query).replace(/=[^&]*/g, ""),
			   shape(e.request_body), shape(e.response_body)].join(" "), e);
	}
	return [...kinds.values()];
}

async function self_test(docs, exchanges) {
	let missed = 0, tried = 0;
	const expect = (noticed, what) => {
		tried++;
		if (!noticed) {
			console.log(`self-test: not noticed: ${what}`);
			missed++;
		}
	};
	for (const [what, change] of Object.entries(break_files)) {
		const broken = plain(docs);
		change(broken);
		expect(examine(broken, exchanges).size > 0, what);
	}
	for (const [what, change] of Object.entries(break_exchanges))
		for (const [to, method, path, status] of examples) {
			const e = plain(exchanges.find((x) => x.to === to && x.method === method &&
						       path.test(x.path) && x.status === status));
			change(e);
			expect(examine(docs, [e]).size > 0, `${what}, ${to}: ${show(e.path)}`);
		}
	for (const doc of docs) {
		const broken = plain(doc);
		Object.values(broken.paths)[0].get ??= {};
		Object.values(broken.paths)[0].get.responses = { 2000: 5 };
		expect(!(await well_formed(broken)).valid, "a description that is no OpenAPI");
	}
	console.log(`self-test: ${tried} tries, ${missed} not noticed`);
	return missed;
}

// ---- All of it. --------------------------------------------------------------

if (process.argv.length !== 3) {
	console.error("usage: node check.mjs TRAFFIC");
	process.exit(2);
}
const docs = files.map((f) => plain(parse(readFileSync(new URL(f, root), "utf8"), { merge: true })));
let bad = 0;
for (const [name, doc] of docs.map((d, i) => [files[i], d])) {
	const result = await well_formed(doc);
	if (!result.valid) {
		console.log(`${name}: ${JSON.stringify(result.errors, null, 1)}`);
		bad++;
	}
}
// Many exchanges are alike but for their ids: all are checked all the same.
const exchanges = readFileSync(process.argv[2], "utf8").split("\n").filter(Boolean).map((l) => JSON.parse(l));
const seen = new Set();
const complaints = examine(docs, exchanges, seen);
for (const [what, count] of [...complaints].slice(0, 40))
	console.log(`${count}x ${what}`);
bad += complaints.size + check_coverage(docs, seen);
if (bad === 0)
	bad += await self_test(docs, one_of_each(docs, exchanges));
console.log(`${exchanges.length} exchanges, ${seen.size} kinds of answers, ${bad} complaints`);
process.exit(bad ? 1 : 0);
