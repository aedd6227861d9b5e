/* Start any action, and see the request that it makes. */
import { h, now_and_then } from './dom.js';
import { call, get } from './api.js';
import { state } from './store.js';
import { attempt } from './trouble.js';
import { profile_name } from './fleet.js';

const ROOT = '/ws/v1/esim_profiles';
/* What each needs, besides the device. */
const ACTIONS = {
	activate: { name: 'Activate: download and enable, by carrier', path: `${ROOT}/operations/inventory`, needs: ['carrier'], operation: true },
	'download-op': { name: 'Download, by carrier, as an operation', path: `${ROOT}/operations/inventory`, needs: ['carrier'], operation: 'download' },
	'enable-op': { name: 'Enable, by carrier, as an operation', path: `${ROOT}/operations/inventory`, needs: ['carrier'], operation: 'enable' },
	download: { name: 'Download, by ICCID of a registered code', path: `${ROOT}/download`, needs: ['iccid'] },
	enable: { name: 'Enable a profile', path: `${ROOT}/enable`, needs: ['iccid'] },
	disable: { name: 'Disable a profile', path: `${ROOT}/disable`, needs: ['iccid'] },
	delete: { name: 'Delete a profile', path: `${ROOT}/delete`, needs: ['iccid'] },
};

export function show(main, [action, device, iccid]) {
	let carriers = [], users = [], codes = [], alive = true;
	const kind = h('select', { id: 'act-action', onchange: changed }, Object.entries(ACTIONS).map(([key, a]) =>
		h('option', { value: key, selected: key === action }, a.name)));
	const as = h('select', { id: 'act-user', onchange: changed });
	const key = h('input', { id: 'act-device', list: 'act-devices', value: device, required: true, oninput: changed, autocomplete: 'off' });
	const carrier = h('input', { id: 'act-carrier', list: 'act-carriers', oninput: changed, autocomplete: 'off' });
	const number = h('input', { id: 'act-iccid', list: 'act-iccids', value: iccid, oninput: changed, autocomplete: 'off' });
	const carrier_label = h('label', {}, 'Carrier', carrier), number_label = h('label', {}, 'ICCID', number);
	const iccids = h('datalist', { id: 'act-iccids' }), carrier_list = h('datalist', { id: 'act-carriers' });
	const curl = h('pre', { id: 'act-curl', tabindex: '0', 'aria-label': 'The request as a curl line' }, '…');
	const answer = h('div', { 'aria-live': 'polite', id: 'act-answer' });

	function request() {
		const a = ACTIONS[kind.value], d = state.devices.get(key.value.trim());
		const body = { device_id: d ? d.device_id : key.value.trim() };

		if (a.operation)
			body.operation = a.operation === true ? 'activate' : a.operation;
		else if (d)
			body.eid = d.eid;
		if (a.needs.includes('carrier'))
			body.carrier = carrier.value.trim();
		if (a.needs.includes('iccid'))
			body.iccid = number.value.trim();
		return { as: as.value || undefined, method: 'POST', path: a.path, body };
	}

	const preview = now_and_then(async () => {
		if (!alive)
			return;
		const r = await attempt(() => call('POST', 'requests', { ...request(), dry_run: true }));

		if (r)
			curl.textContent = r.curl;
	}, 120);

	function changed() {
		const a = ACTIONS[kind.value], d = state.devices.get(key.value.trim());

		carrier_label.hidden = !a.needs.includes('carrier');
		number_label.hidden = !a.needs.includes('iccid');
		iccids.replaceChildren(...(kind.value === 'download' ?
			codes.filter((c) => c.registered && c.state === 'released').map((c) => h('option', { value: c.iccid }, c.carrier_name)) :
			(d ? d.profiles : []).map((p) => h('option', { value: p.iccid }, profile_name(p)))));
		preview();
	}

	async function go(e) {
		e.preventDefault();
		const r = await attempt(() => call('POST', 'requests', request()));

		if (!r)
			return;
		const id = r.body && (r.body.id || r.body.transaction);

		curl.textContent = r.curl;
		answer.replaceChildren(h('h3', {}, r.failure ? `No answer: ${r.failure}` : `HTTP ${r.status}`),
			h('pre', { tabindex: '0', 'aria-label': 'Answer' }, r.body === undefined ? r.text || '' : JSON.stringify(r.body, null, 2)),
			id && h('p', {}, h('a', { href: `#/flow/${encodeURIComponent(id)}` }, 'Watch it')));
	}

	main.append(h('h2', {}, 'Start something'), h('form', { class: 'panel', onsubmit: go, autocomplete: 'off' },
		h('div', { class: 'bar' }, h('label', {}, 'Action', kind), h('label', {}, 'As', as), h('label', {}, 'Device', key),
			carrier_label, number_label, h('button', { type: 'submit', class: 'main' }, 'Send it')),
		h('datalist', { id: 'act-devices' }, [...state.devices.keys()].slice(0, 1000).map((k) => h('option', { value: k }))),
		carrier_list, iccids, h('h3', {}, 'The request'), curl, answer));
	attempt(async () => {
		const [c, u, k] = await Promise.all([get('carriers'), get('users'), get('codes?limit=1000')]);

		carriers = c.list;
		users = u.list;
		codes = k.list;
		carrier_list.replaceChildren(...carriers.flatMap((x) => [x.name, x.spn]).filter(Boolean)
			.filter((name, i, all) => all.indexOf(name) === i).map((name) => h('option', { value: name })));
		as.replaceChildren(...users.map((x) => h('option', { value: x.key }, `${x.name} (${x.role}, ${x.account})`)));
		changed();
	});
	changed();
	return () => { alive = false; };
}
