/* Switches for what can be odd or broken. */
import { h, tag } from './dom.js';
import { call } from './api.js';
import { state, listen } from './store.js';
import { attempt } from './trouble.js';

const TITLES = { spn: 'Names of carriers', smdp: 'SM-DP+', eis: 'EIS', device: 'Devices', server: 'API server' };
const wanted = { text: '' };

function target_choices(kind) {
	if (kind === 'device')
		return [...state.devices.keys()].slice(0, 500);
	if (kind === 'carrier')
		return state.carriers || [];
	return state.parties.filter((p) => p.key.startsWith('smdp') || p.party.startsWith('smdp')).map((p) => p.key);
}

function field(q, p) {
	const id = `q-${q.name}-${p.name}`;
	let input;

	if (p.kind === 'choice' || p.kind === 'boolean') {
		const choices = p.kind === 'boolean' ? ['true', 'false'] : p.choices;

		input = h('select', { id, name: p.name }, !p.required && h('option', { value: '' }, p.usual ? `(${p.usual})` : '—'),
			choices.map((c) => h('option', { value: c }, c)));
	} else {
		const list = ['device', 'carrier', 'smdp'].includes(p.kind) && target_choices(p.kind);

		input = h('input', { id, name: p.name, required: p.required, placeholder: p.usual ?? (p.kind === 'duration' ? '10min' : ''),
			type: p.kind === 'integer' ? 'number' : 'text', min: p.min, max: p.max,
			list: list && `${id}-list` });
		if (list)
			return h('label', { title: p.help }, p.name, input,
				h('datalist', { id: `${id}-list` }, list.map((key) => h('option', { value: key }))));
	}
	return h('label', { title: p.help }, p.name, input);
}

function values(q, form) {
	const body = {};

	for (const p of q.params) {
		const text = form.elements[p.name].value.trim();

		if (text !== '')
			body[p.name] = p.kind === 'integer' ? Number(text) : p.kind === 'boolean' ? text === 'true' : text;
	}
	return body;
}

function card(q) {
	const on = q.active.length > 0;
	const set = (e) => {
		e.preventDefault();
		attempt(() => call('PUT', `quirks/${encodeURIComponent(q.name)}`, values(q, e.target)));
	};
	const clear = () => attempt(() => call('DELETE', `quirks/${encodeURIComponent(q.name)}`));

	return h('section', { class: `panel quirk${on ? ' on' : ''}`, 'data-quirk': q.name },
		h('h3', {}, q.name, ' ', on && h('span', { class: 'tag wait' }, 'on')),
		h('p', {}, q.does), h('p', { class: 'soft' }, `Correct then: ${q.correct}`),
		q.active.map((a) => h('p', { class: 'mono' }, Object.entries(a).map(([k, v]) => `${k}: ${v}`).join(', ') || 'in force')),
		q.only_at_set_up ? h('p', { class: 'soft' }, 'It changes what a world is made of, and belongs into the world file.') :
			h('form', { onsubmit: set }, q.params.map((p) => field(q, p)),
				h('button', { type: 'submit', 'aria-label': `${on ? 'Set again' : 'Switch on'}: ${q.name}` }, on ? 'Set again' : 'Switch on'),
				on && h('button', { type: 'button', onclick: clear, 'aria-label': `Switch off: ${q.name}` }, 'Switch off')));
}

export function show(main) {
	const body = h('div', {}), count = h('p', { role: 'status', class: 'soft' });
	const cards = new Map();	/* name -> [quirk, element] */

	/* A form that somebody fills in stays as it is. */
	function card_of(q) {
		const old = cards.get(q.name);

		if (old && old[0] === q)
			return old[1];
		const e = card(q);

		if (old?.[1].contains(document.activeElement))
			queueMicrotask(() => e.querySelector('button')?.focus());
		cards.set(q.name, [q, e]);
		return e;
	}

	function draw() {
		const text = wanted.text.toLowerCase();
		const list = state.quirks.filter((q) => `${q.name} ${q.does}`.toLowerCase().includes(text));
		const groups = Object.groupBy ? Object.groupBy(list, (q) => q.party) :
			list.reduce((all, q) => ((all[q.party] ||= []).push(q), all), {});

		count.textContent = `${list.length} quirks, ${state.quirks.filter((q) => q.active.length).length} on`;
		body.replaceChildren(...Object.entries(groups).flatMap(([party, quirks]) => [
			h('h3', { class: 'group' }, TITLES[party] || party), h('div', { class: 'columns' }, quirks.map(card_of))]));
	}

	main.append(h('h2', {}, 'Quirks and faults'), h('div', { class: 'bar' }, h('label', {}, 'Search',
		h('input', { type: 'search', id: 'quirk-search', value: wanted.text,
			oninput: (e) => { wanted.text = e.target.value; draw(); } })), count), body);
	draw();
	return listen(['quirks'], draw);
}
