/* Elements, in as few words as possible. */

const SVG = 'http://www.w3.org/2000/svg';

function fill(e, attributes, children) {
	for (const [name, value] of Object.entries(attributes || {})) {
		if (value === undefined || value === null || value === false)
			continue;
		if (name.startsWith('on'))
			e.addEventListener(name.slice(2), value);
		else if (name in e && typeof value === 'boolean')
			e[name] = value;
		else
			e.setAttribute(name, value === true ? '' : value);
	}
	for (const child of children.flat(Infinity))
		if (child !== undefined && child !== null && child !== false)
			e.append(child);
	return e;
}

export const h = (tag, attributes, ...children) =>
	fill(document.createElement(tag), attributes, children);
export const svg = (tag, attributes, ...children) =>
	fill(document.createElementNS(SVG, tag), attributes, children);
export const $ = (id) => document.getElementById(id);

/* "in_progress" -> a coloured word. */
const KINDS = {
	complete: 'go', successful: 'go', active: 'go', released: 'go', passed: 'go',
	failed: 'stop', error: 'stop', unknown: 'stop', 'not-reached': 'stop',
	inactive: '', gone: '', pending: '', installed: '',
};

export const kind_of = (status) => KINDS[status] ?? 'wait';
export const tag = (status) =>
	h('span', { class: `tag ${kind_of(status)}` }, status.replaceAll('_', ' '));

/* Simulated seconds as "1 h 02 min", "4 min 10 s", "1.25 s". */
export function duration(s) {
	const two = (n) => String(Math.floor(n)).padStart(2, '0');

	if (s < 10)
		return `${s.toFixed(2)} s`;
	if (s < 60)
		return `${s.toFixed(0)} s`;
	if (s < 3600)
		return `${Math.floor(s / 60)} min ${two(s % 60)} s`;
	if (s < 86400)
		return `${Math.floor(s / 3600)} h ${two((s % 3600) / 60)} min`;
	return `${Math.floor(s / 86400)} d ${two((s % 86400) / 3600)} h`;
}

/* Call `fn` once in the next frame, however often it is asked for; a hidden
 * page has no frames, so then by a timer. */
export function in_a_frame(fn) {
	let asked = false;

	return () => {
		if (asked)
			return;
		asked = true;
		const run = () => {
			asked = false;
			fn();
		};
		if (document.hidden)
			setTimeout(run, 250);
		else
			requestAnimationFrame(run);
	};
}

/* At most once in `ms`, the last one not lost. */
export function now_and_then(fn, ms) {
	let timer = 0;

	return () => {
		timer ||= setTimeout(() => {
			timer = 0;
			fn();
		}, ms);
	};
}
