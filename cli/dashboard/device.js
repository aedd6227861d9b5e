/* One device: its eUICC, what is under way, and what one can do to it. */
import { h, tag, duration } from './dom.js';
import { call } from './api.js';
import { state, listen } from './store.js';
import { bars, profile_name } from './fleet.js';
import { attempt } from './trouble.js';

const ACTIONS = [
	['power-off', 'Power off'], ['power-on', 'Power on'], ['reboot', 'Reboot'],
	['link-down', 'Take its network away'], ['link-up', 'Give it back'],
	['report-now', 'Report now'], ['poll-now', 'Ask for orders now'],
];

const kib = (bytes) => `${Math.round(bytes / 1024).toLocaleString('en')} KiB`;

function facts(d) {
	const rows = [
		['Device id', h('span', { class: 'mono' }, d.device_id)],
		['EID', h('span', { class: 'mono' }, d.eid)],
		['Account', `${d.account} (customer ${d.customer_id})`],
		['Power', d.power], ['Network', [d.online ? 'online ' : 'offline ', bars(d)]],
		['Second link', d.second_link ? 'yes: reachable without any profile' : 'no'],
		['Free memory', kib(d.memory)],
		['Last order', d.order ? `${d.order.operation}${d.order.pending ? ', its result is to come' : ''}` : 'none'],
		['Looks for orders', d.polls.toLocaleString('en')], ['Reports', d.report_sequence],
		['Its clock', d.clock_skew_s ? `${duration(Math.abs(d.clock_skew_s))} ${d.clock_skew_s < 0 ? 'behind' : 'ahead'}` : 'right'],
		['Quirks', (d.quirks || []).join(', ') || 'none'],
	];

	return h('dl', {}, rows.map(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]));
}

function profiles(d) {
	if (!d.profiles.length)
		return h('p', { class: 'soft' }, 'The eUICC is empty.');
	return h('div', { class: 'scroll' }, h('table', {},
		h('thead', {}, h('tr', {}, ['No.', 'SPN in the profile', 'Name on the contract', 'Status', 'Type', 'ICCID', 'Actions']
			.map((t) => h('th', { scope: 'col' }, t)))),
		h('tbody', {}, d.profiles.map((p) => h('tr', {},
			h('td', {}, p.id), h('td', {}, p.spn ?? h('span', { class: 'soft' }, 'none')),
			h('td', {}, p.carrier_name || ''), h('td', {}, tag(p.status)), h('td', {}, p.type),
			h('td', { class: 'mono' }, p.iccid),
			h('td', {}, h('a', { href: `#/act/${p.status === 'active' ? 'disable' : 'enable'}/${
				encodeURIComponent(d.key)}/${p.iccid}` }, p.status === 'active' ? 'Disable' : 'Enable'),
				' ', h('a', { href: `#/act/delete/${encodeURIComponent(d.key)}/${p.iccid}` }, 'Delete')))))));
}

function flows_of(d) {
	const list = [...state.flows.values()].filter((f) => f.device === d.key).slice(0, 20);

	return h('ul', { class: 'flow-list' }, list.length ? list.map((f) => h('li', {},
		h('a', { href: `#/flow/${encodeURIComponent(f.id)}` }, `${f.action} `, tag(f.status),
			f.carrier ? ` ${f.carrier}` : '', h('span', { class: 'soft' }, ` ${f.messages} messages`)))) :
		h('li', { class: 'soft' }, 'Nothing so far.'));
}

export function show(main, [key]) {
	const body = h('div', {});
	const act = (action) => attempt(() =>
		call('POST', `devices/${encodeURIComponent(key)}/actions`, { action }));
	let shown = null, shown_flows = null;

	function draw() {
		const d = state.devices.get(key);

		if (d === shown && state.flows === shown_flows)
			return;
		shown = d;
		shown_flows = state.flows;
		if (!d) {
			body.replaceChildren(h('p', {}, `There is no device ${key}.`));
			return;
		}
		body.replaceChildren(h('div', { class: 'columns' },
			h('section', { class: 'panel' }, h('h3', {}, 'Device'), facts(d)),
			h('section', { class: 'panel' }, h('h3', {}, 'Operations and transactions'), flows_of(d))),
			h('section', { class: 'panel' }, h('h3', {}, 'Profiles in its eUICC'), profiles(d)));
	}

	main.append(h('p', {}, h('a', { href: '#/fleet' }, '← Fleet')), h('h2', {}, key),
		h('div', { class: 'bar buttons', role: 'group', 'aria-label': 'Do something to it' },
			ACTIONS.map(([action, name]) => h('button', { type: 'button', 'data-action': action,
				onclick: () => act(action) }, name)),
			h('a', { href: `#/act/activate/${encodeURIComponent(key)}` }, 'Activate a carrier')), body);
	draw();
	return listen(['devices', 'flows'], draw);
}
