// Lists: which fields they have, how they are filtered, sorted, cut into pages, and written as CSV.
import { createHmac, randomBytes } from 'node:crypto';
import { comparable, compileQuery } from './query.mjs';

export class BadRequest extends Error {}

export const FIELDS = {
  profiles: {
    carrier: 'text', customer_id: 'number', device_id: 'text', eid: 'text', iccid: 'text',
    id: 'number', normalized_carrier: 'text', status: ['active', 'inactive'], type: 'text',
  },
  transactions: {
    action: ['download', 'enable', 'disable', 'delete'], created: 'time', customer_id: 'number',
    device_id: 'text', eid: 'text', iccid: 'text', message: 'text', message_code: 'text',
    status: ['in_progress', 'complete', 'failed', 'unknown'], transaction: 'text', updated: 'time',
  },
  operations: {
    carrier: 'text', cause: ['request', 'automation', 'template'], cause_id: 'text',
    created: 'time', created_by: 'text', customer_id: 'number', device_id: 'text',
    download_tx: 'text', eid: 'text', enable_tx: 'text', iccid: 'text', id: 'text',
    job_id: 'number', message: 'text', message_code: 'text',
    operation: ['activate', 'download', 'enable'], source: 'text',
    status: ['starting', 'download', 'download_verify', 'enable', 'enable_verify', 'failed',
      'successful'], updated: 'time',
  },
};

const PAGE_MAX = 1000, BULK_MAX = 20000;

// A row as a client sees it: the documented fields that are set.
export function show(list, row) {
  return Object.fromEntries(Object.keys(FIELDS[list])
    .filter((field) => row[field] !== undefined).map((field) => [field, row[field]]));
}

function readSize(text, max) {
  if (text === undefined) return max;
  if (!/^\d+$/.test(text) || Number(text) < 1)
    throw new BadRequest(`size: expected a number from 1 on, found ${text}`);
  return Math.min(Number(text), max);
}

// "asc field", "desc field", "field"; some clients send "field desc".
function readOrder(text, fields) {
  if (!text) return undefined;
  const [, before, field1, field2, behind] =
    /^(?:(asc|desc)\s+(\w+)|(\w+)(?:\s+(asc|desc))?)$/i.exec(text.trim()) ?? [];
  const field = (field1 ?? field2)?.toLowerCase(), direction = before ?? behind ?? 'asc';
  if (!field || !Object.hasOwn(fields, field))
    throw new BadRequest(`orderby: expected asc field, desc field or field, found ${text}`);
  return { field, sign: direction.toLowerCase() === 'desc' ? -1 : 1 };
}

// Rows are in the order of their creation (`serial`), which also settles ties.
function compare(order, kind) {
  return (a, b) => {
    if (order) {
      const x = comparable(kind, a[order.field]), y = comparable(kind, b[order.field]);
      if (x !== y) return (x < y ? -1 : 1) * order.sign;
    }
    return a.serial - b.serial;
  };
}

// A cursor is all of the request and the last row that was shown, signed: the next page begins
// behind that row, whatever has come and gone since.
const key = randomBytes(32);
const sign = (text) => createHmac('sha256', key).update(text).digest('base64url');

function writeCursor(state) {
  const text = Buffer.from(JSON.stringify(state)).toString('base64url');
  return `${text}.${sign(text)}`;
}

function readCursor(cursor, list, customer, params) {
  const [text, signature] = cursor.split('.');
  if (!signature || signature !== sign(text)) throw new BadRequest('cursor: not one of ours');
  const state = JSON.parse(Buffer.from(text, 'base64url').toString());
  if (state.list !== list || state.customer !== customer)
    throw new BadRequest('cursor: it belongs to another list');
  for (const name of ['query', 'orderby'])
    if (params[name] !== undefined && params[name] !== (state[name] ?? ''))
      throw new BadRequest(`cursor: it was made with another ${name}`);
  return state;
}

function select(rows, list, customer, state) {
  const fields = FIELDS[list], order = readOrder(state.orderby, fields);
  const wanted = compileQuery(state.query ?? '', fields, state.now);
  const before = compare(order, order && fields[order.field]);
  const found = [];
  for (const row of rows)
    if (row.customer_id === customer && wanted(row)
        && (!state.last || before(state.last, row) < 0)) found.push(row);
  return { found: found.sort(before), order };
}

export function page(rows, list, customer, params, now, path) {
  const state = params.cursor !== undefined ? readCursor(params.cursor, list, customer, params)
    : { list, customer, now, query: params.query, orderby: params.orderby };
  state.size = params.size === undefined && state.size ? state.size
    : readSize(params.size, PAGE_MAX);
  const { found, order } = select(rows, list, customer, state);
  const shown = found.slice(0, state.size);
  const answer = { count: shown.length, size: state.size };
  if (found.length > shown.length) {
    const last = shown.at(-1);
    state.last = { serial: last.serial, ...(order && { [order.field]: last[order.field] }) };
    answer.cursor = writeCursor(state);
    answer.next_uri = `${path}?cursor=${encodeURIComponent(answer.cursor)}`;
  }
  return { ...answer, list: shown.map((row) => show(list, row)) };
}

// RFC 4180.
function quote(value) {
  const text = String(value ?? '');
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function bulk(rows, list, customer, params, now) {
  const size = readSize(params.size, BULK_MAX);
  const columns = params.fields ? params.fields.split(',').map((name) => name.trim())
    : Object.keys(FIELDS[list]);
  for (const name of columns)
    if (!Object.hasOwn(FIELDS[list], name))
      throw new BadRequest(`fields: ${name} is none of ${Object.keys(FIELDS[list]).join(', ')}`);
  const { found } = select(rows, list, customer, { ...params, now });
  const lines = found.slice(0, size).map((row) => columns.map((name) => quote(row[name])).join(','));
  return {
    truncated: found.length > size,
    text: [columns.join(','), ...lines].map((line) => `${line}\r\n`).join(''),
  };
}
