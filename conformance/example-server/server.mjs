// A small server of the esim_profiles API, for worlds of the rig:  node server.mjs world.json
//
// world.mjs        what the rig tells us, and the time
// server.mjs       HTTP: who asks, for what, and what the answer looks like
// query.mjs        the query language
// lists.mjs        filtering, order, pages, CSV
// system.mjs       devices, profile rows, transactions, operations
// southbound.mjs   orders at the EIS, reports of devices
import { createServer } from 'node:http';
import { BadRequest, bulk, page, show } from './lists.mjs';
import { QueryError } from './query.mjs';
import { Registry, readReport } from './southbound.mjs';
import { Refusal, System } from './system.mjs';
import { makeClock, readWorld } from './world.mjs';

const BODY_MAX = 1 << 20, URL_MAX = 16 << 10, HEAD_MAX = 1 << 20, LIST_MAX = 1000;
const ROOT = '/ws/v1/esim_profiles';

const world = readWorld(process.argv[2] ?? 'world.json');
const clock = makeClock(world);
const system = new System(world, clock, new Registry(world, clock));
const users = new Map(world.users.map((user) => [user.name, user]));

// ---- Answers. -------------------------------------------------------------------------------

const json = (status, value, headers = {}) => ({
  status, text: JSON.stringify(value), headers: { 'content-type': 'application/json', ...headers },
});

function errorBody(status, message, sent) {
  const body = { error_status: status, error_message: message };
  if (sent !== undefined) body.error_context = withoutSecrets(sent);
  return body;
}

const error = (status, message, headers, sent) => json(status, errorBody(status, message, sent),
  headers);

// What a client sent comes back with an error, but never an activation code, wherever it stood.
function withoutSecrets(sent) {
  if (typeof sent !== 'object' || sent === null || Array.isArray(sent)) return undefined;
  const shown = ['device_id', 'eid', 'iccid', 'operation', 'carrier', 'cause', 'cause_id'];
  return Object.fromEntries(Object.entries(sent).filter(([name, value]) =>
    shown.includes(name) && !/LPA:/i.test(JSON.stringify(value))));
}

// ---- Who asks. -------------------------------------------------------------------------------

function authenticate(request) {
  const [, encoded] = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(request.headers.authorization ?? '') ?? [];
  const [, name, password] = /^([^:]*):(.*)$/s.exec(
    Buffer.from(encoded ?? '', 'base64').toString()) ?? [];
  const user = users.get(name);
  return user && user.password === password ? user : undefined;
}

// At most `throttle` requests of a user in any ten seconds; those refused do not count.
const asked = new Map();
function throttle(user) {
  const limit = world.options.throttle, now = clock.now();
  if (!limit) return 0;
  const times = (asked.get(user.name) ?? []).filter((time) => time > now - 10e3);
  asked.set(user.name, times);
  if (times.length >= limit) return Math.max(1, Math.ceil((times[0] + 10e3 - now) / 1000));
  times.push(now);
  return 0;
}

// ---- The endpoints. ----------------------------------------------------------------------------

const rows = {
  profiles: () => system.profiles(),
  transactions: () => system.transactions.values(),
  operations: () => system.operations.values(),
};

const list = (name) => ({ user, params, path }) =>
  json(200, page(rows[name](), name, user.customer_id, params, clock.now(), path));

function item(name, row, user) {
  if (row?.customer_id !== user.customer_id) throw new Refusal(404, 'not found');
  return json(200, show(name, row));
}

function profile({ user, key }) {
  for (const row of system.profiles())
    if (row.iccid === key && row.customer_id === user.customer_id)
      return item('profiles', row, user);
  throw new Refusal(404, `profile ${key}: not known`);
}

async function progress({ user, key }) {
  const tx = system.transactions.get(key);
  if (tx?.customer_id === user.customer_id) await system.check(tx);
  return item('transactions', tx, user);
}

function bulkProfiles({ user, params }) {
  const { text, truncated } = bulk(rows.profiles(), 'profiles', user.customer_id, params,
    clock.now());
  const headers = { 'content-type': 'text/csv; charset=utf-8' };
  if (truncated) headers.truncated = 'true';
  return { status: 200, text, headers };
}

// A POST takes one object, or a list of them: then each has an answer, or an error, in its place.
const post = (act) => ({ user, body }) => {
  if (user.role === 'read-only') throw new Refusal(403, 'a read-only user may not do that');
  const one = (entry) => {
    if (typeof entry !== 'object' || entry === null || Array.isArray(entry))
      throw new Refusal(400, 'expected an object');
    return act(user, entry);
  };
  if (!Array.isArray(body)) return json(200, one(body));
  if (body.length < 1 || body.length > LIST_MAX)
    throw new Refusal(400, `expected 1 to ${LIST_MAX} entries`);
  const answers = body.map((entry) => {
    try {
      return one(entry);
    } catch (why) {
      if (!(why instanceof Refusal)) throw why;
      return errorBody(why.status, why.message, entry);
    }
  });
  const failed = new Set(answers.map((a) => a.error_status).filter(Boolean));
  const all = answers.every((a) => a.error_status);
  const status = failed.size === 0 ? 200 : !all ? 207 : failed.size === 1 ? [...failed][0] : 400;
  return json(status, { count: answers.length, list: answers });
};

const action = (name) => post((user, body) =>
  ({ transaction: system.act(name, user, body).transaction }));

const PAGE = ['cursor', 'size', 'query', 'orderby'], BULK = ['fields', 'size', 'query', 'orderby'];
const ACTION = ['device_id', 'eid', 'iccid'];

// [method, path below the root, handler, what it does, parameters or members of the payload]
const endpoints = [
  ['GET', '', () => json(200, summary), 'Get a summary of the esim_profiles APIs', []],
  ['GET', '/inventory', list('profiles'), 'Retrieve eSIM profiles', PAGE],
  ['GET', '/inventory/{iccid}', profile, 'Retrieve an eSIM profile by ICCID', []],
  ['GET', '/bulk', bulkProfiles, 'Retrieve eSIM profiles in CSV format', BULK],
  ['GET', '/progress/{tx}', progress, 'Monitor the progress of an action', []],
  ['GET', '/transactions/inventory', list('transactions'), 'Monitor actions', PAGE],
  ['POST', '/delete', action('delete'), 'Delete an eSIM profile from a device', ACTION],
  ['POST', '/disable', action('disable'), 'Disable an active eSIM profile', ACTION],
  ['POST', '/download', action('download'), 'Download an eSIM profile to a device',
    [...ACTION, 'activation_code']],
  ['POST', '/enable', action('enable'), 'Enable a downloaded eSIM profile', ACTION],
  ['GET', '/operations/inventory', list('operations'), 'Retrieve multistep operations', PAGE],
  ['GET', '/operations/inventory/{id}', ({ user, key }) =>
    item('operations', system.operations.get(key), user), 'Retrieve a multistep operation', PAGE],
  ['POST', '/operations/inventory', post((user, body) =>
    show('operations', system.operate(user, body))), 'Start a multistep operation',
  ['device_id', 'eid', 'operation', 'carrier', 'iccid', 'cause', 'cause_id']],
].map(([method, path, handler, description, parameters]) => ({
  method, uri: ROOT + path, handler, description, parameters,
  pattern: new RegExp(`^${ROOT}${path.replace(/\{\w+\}/, '([^/]+)')}/?$`),
}));

const summary = endpoints.map(({ method, uri, description, parameters }) =>
  ({ method, uri, description, parameters }));

// ---- A request. -----------------------------------------------------------------------------------

async function readBody(request) {
  const pieces = [];
  let size = 0;
  for await (const piece of request) {
    size += piece.length;
    if (size > BODY_MAX) throw new Refusal(413, `a body has at most ${BODY_MAX} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

function parseJson(request, bytes) {
  const type = request.headers['content-type'];
  if (type && !/^application\/(\S+\+)?json\s*(;|$)/i.test(type))
    throw new Refusal(415, `expected application/json, found ${type}`);
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (why) {
    throw new Refusal(400, `the body is not JSON: ${why.message.replace(/,? ?".*/s, '')}`);
  }
}

function readParams(query) {
  const params = {};
  for (const pair of query.split('&').filter(Boolean)) {
    const at = pair.indexOf('=');
    const [name, value] = (at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)])
      .map((text) => decodeURIComponent(text.replaceAll('+', ' ')));
    if (Object.hasOwn(params, name)) throw new BadRequest(`${name}: it is there twice`);
    params[name] = value;
  }
  return params;
}

async function answer(request) {
  if (request.url.length > URL_MAX) throw new Refusal(414, `a URL has at most ${URL_MAX} bytes`);
  const [path, query = ''] = request.url.split(/\?(.*)/s);
  const bytes = await readBody(request);
  if (path === world.reports.path) return takeReport(request, bytes);
  const user = authenticate(request);
  if (!user)
    return error(401, 'who are you?', { 'www-authenticate': 'Basic realm="esim_profiles"' });
  const wait = throttle(user);
  if (wait) return error(429, 'too many requests', { 'retry-after': String(wait) });
  const plain = path.replace(/\.(json|csv)$/, '');
  const there = endpoints.filter(({ pattern }) => pattern.test(plain));
  if (!there.length) return error(404, `${path}: no such path`);
  const allow = [...new Set(there.flatMap(({ method }) =>
    (method === 'GET' ? ['GET', 'HEAD'] : [method])))].concat('OPTIONS').join(', ');
  if (request.method === 'OPTIONS') return { status: 204, headers: { allow } };
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  const endpoint = there.find((e) => e.method === method);
  if (!endpoint) return error(405, `${request.method}: not here`, { allow });
  const body = method === 'POST' ? parseJson(request, bytes) : undefined;
  try {
    const key = endpoint.pattern.exec(plain)[1];
    return await endpoint.handler({
      user, path: plain, params: readParams(query), key: key && decodeURIComponent(key), body,
    });
  } catch (why) {
    return refused(why, body);
  }
}

function refused(why, sent) {
  if (why instanceof Refusal) return error(why.status, why.message, {}, sent);
  if (why instanceof BadRequest || why instanceof QueryError) return error(400, why.message);
  if (why instanceof URIError) return error(400, 'a malformed percent-escape, or not UTF-8');
  throw why;
}

// Devices talk another dialect: section "Reports" of docs/southbound.md.
function takeReport(request, bytes) {
  const bad = (status, code, message) => json(status, { error: { code, message } },
    status === 401 ? { 'www-authenticate': 'Bearer' } : {});
  if (request.method !== 'POST') return bad(405, 'method-not-allowed', 'POST only');
  if (request.headers.authorization !== `Bearer ${world.reports.token}`)
    return bad(401, 'unauthorized', 'the token is missing or wrong');
  let report;
  try {
    report = readReport(JSON.parse(bytes.toString()));
  } catch (why) {
    return bad(400, 'malformed-report', why.message);
  }
  try {
    return json(200, system.report(report));
  } catch (why) {
    if (!(why instanceof Refusal)) throw why;
    return bad(why.status, why.status === 404 ? 'unknown-device' : 'wrong-eid', why.message);
  }
}

async function handle(request, response) {
  let result;
  try {
    result = await answer(request);
  } catch (why) {
    if (why instanceof Refusal || why instanceof BadRequest) {
      result = refused(why);
    } else {
      console.error(why);
      result = error(500, 'trouble of our own');
    }
  }
  const { status, text = '', headers = {} } = result;
  if (status !== 204) headers['content-length'] = Buffer.byteLength(text);
  response.writeHead(status, headers);
  response.end(request.method === 'HEAD' ? undefined : text);
}

// Node itself would hang up on a long URL without an answer.
const server = createServer({ maxHeaderSize: HEAD_MAX }, handle);
const [, host, port] = /^\[?(.*?)\]?:(\d+)$/.exec(world.listen ?? '127.0.0.1:8080');
server.listen(Number(port), host, () => console.log(`listening on ${host}:${port}`));
process.on('SIGTERM', () => process.exit(0));
