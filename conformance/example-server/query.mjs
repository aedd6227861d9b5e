// The query language: a text such as  carrier = 'Mobile' and updated > -1h  becomes a predicate.
//
//   or = and {"or" and}    and = not {"and" not}    not = "not" not | "(" or ")" | comparison
//
// A field is {name: kind}; kinds are 'text', 'number', 'time', or the list of an enumeration's values.

export class QueryError extends Error {}

const LIMITS = { bytes: 4096, comparisons: 100, depth: 32 };
const UNITS = { m: 60e3, h: 3600e3, d: 86400e3, w: 7 * 86400e3 };

const TOKEN = new RegExp([
  /(?<space>[ \t\r\n]+)/, /(?<text>'(?:[^']|'')*')/, /(?<ago>-\d+[mhdwMHDW](?![A-Za-z0-9_]))/,
  /(?<number>-?\d+)(?![A-Za-z0-9_])/, /(?<word>[A-Za-z_][A-Za-z0-9_]*)/, /(?<sign><=|>=|<>|!=|[=<>()])/,
].map((r) => r.source).join('|'), 'y');

function tokenize(query) {
  const tokens = [];
  for (let at = 0; at < query.length;) {
    TOKEN.lastIndex = at;
    const found = TOKEN.exec(query);
    if (!found) tokens.push({ kind: 'rubbish', raw: query.slice(at, at + 20), at });
    if (!found) break;
    const [kind] = Object.entries(found.groups).find(([, value]) => value !== undefined);
    if (kind !== 'space') tokens.push({ kind, raw: found[0], at });
    at = TOKEN.lastIndex;
  }
  return [...tokens, { kind: 'end', raw: 'the end', at: query.length }];
}

// Text is compared without regard to case.
export const fold = (text) => String(text ?? '').toUpperCase().toLowerCase();

// A field that is not set is an empty text, -1, or 1970.
export function comparable(kind, value) {
  if (kind === 'number') return value ?? -1;
  if (kind === 'time') return value === undefined ? 0 : Date.parse(value);
  return fold(value);
}

const ORDER = {
  '=': (a, b) => a === b, '<>': (a, b) => a !== b, '!=': (a, b) => a !== b,
  '<': (a, b) => a < b, '<=': (a, b) => a <= b, '>': (a, b) => a > b, '>=': (a, b) => a >= b,
};
const TEXT = {
  startswith: (a, b) => a.startsWith(b), endswith: (a, b) => a.endsWith(b),
  contains: (a, b) => a.includes(b),
};

// `now`: what relative times count from.  Returns row => boolean.
export function compileQuery(query, fields, now) {
  if (Buffer.byteLength(query) > LIMITS.bytes)
    throw new QueryError(`query: longer than ${LIMITS.bytes} bytes`);
  const tokens = tokenize(query);
  let next = 0, comparisons = 0;

  const peek = () => tokens[next];
  const take = () => tokens[next++];
  const isWord = (word) => peek().kind === 'word' && peek().raw.toLowerCase() === word;
  const fail = (token, expected) => {
    const position = Buffer.byteLength(query.slice(0, token.at)) + 1;
    throw new QueryError(`query: at position ${position}, ${token.raw}: expected ${expected}`);
  };

  function value(kind, operator) {
    const token = take();
    const text = token.kind === 'text' ? token.raw.slice(1, -1).replaceAll("''", "'") : undefined;
    if (kind === 'number')
      return token.kind === 'number' ? Number(token.raw) : fail(token, 'a number');
    if (kind === 'time' && token.kind === 'ago')
      return now - Number(token.raw.slice(1, -1)) * UNITS[token.raw.at(-1).toLowerCase()];
    if (kind === 'time') {
      const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/.test(text ?? '') ? Date.parse(text) : NaN;
      return Number.isNaN(time) ? fail(token, "a time such as '2026-01-01T00:00:00.000Z' or -1h")
        : time;
    }
    if (text === undefined) fail(token, 'a text in single quotes');
    if (Array.isArray(kind) && ['=', '<>', '!='].includes(operator) && !kind.includes(fold(text)))
      fail(token, kind.map((word) => `'${word}'`).join(', '));
    return fold(text);
  }

  function comparison() {
    const name = take(), field = name.raw.toLowerCase();
    if (name.kind !== 'word' || !Object.hasOwn(fields, field))
      fail(name, `a field (${Object.keys(fields).join(', ')})`);
    if (++comparisons > LIMITS.comparisons)
      throw new QueryError(`query: more than ${LIMITS.comparisons} comparisons`);
    const kind = fields[field], operator = take(), word = operator.raw.toLowerCase();
    const onText = kind !== 'number' && kind !== 'time' && TEXT[word];
    const test = (operator.kind === 'sign' && ORDER[word]) || (operator.kind === 'word' && onText);
    if (!test) fail(operator, `an operator (${Object.keys(ORDER).join(' ')}, startsWith, endsWith,`
      + ' contains) that this field has');
    const wanted = value(kind, word);
    return (row) => test(comparable(kind, row[field]), wanted);
  }

  function negation(depth) {
    if (depth > LIMITS.depth) throw new QueryError(`query: nested deeper than ${LIMITS.depth}`);
    if (isWord('not')) {
      take();
      const inner = negation(depth + 1);
      return (row) => !inner(row);
    }
    if (peek().raw !== '(') return comparison();
    take();
    const inner = either(depth + 1);
    if (peek().raw !== ')') fail(peek(), 'and, or, or a closing parenthesis');
    take();
    return inner;
  }

  function both(depth) {
    const parts = [negation(depth)];
    while (isWord('and')) take(), parts.push(negation(depth));
    return (row) => parts.every((part) => part(row));
  }

  function either(depth) {
    const parts = [both(depth)];
    while (isWord('or')) take(), parts.push(both(depth));
    return (row) => parts.some((part) => part(row));
  }

  if (peek().kind === 'end') return () => true;
  const all = either(0);
  if (peek().kind !== 'end') fail(peek(), 'and, or, or the end');
  return all;
}
