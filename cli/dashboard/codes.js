/* Carriers, and their activation codes; secrets only when asked for. */
import { h, tag, now_and_then } from './dom.js';
import { call, get, get_text } from './api.js';
import { listen, state } from './store.js';
import { attempt } from './trouble.js';

function picture_of(text) {
	const doc = new DOMParser().parseFromString(text, 'image/svg+xml').documentElement;

	doc.setAttribute('role', 'img');
	return document.adoptNode(doc);
}

async function show_code(box, iccid, reveal) {
	const query = reveal ? '?reveal=true' : '';
	const [code, picture] = await Promise.all([get(`codes/${iccid}${query}`), get_text(`codes/${iccid}/qr.svg${query}`)]);
	const qr = picture_of(picture);
	const toggle = h('button', { type: 'button', 'aria-pressed': String(reveal),
		onclick: () => attempt(() => show_code(box, iccid, !reveal)) }, reveal ? 'Hide' : 'Show the secret');

	qr.setAttribute('aria-label', reveal ? `QR code of the activation code of ${iccid}` : 'QR code, masked');
	box.replaceChildren(h('h3', {}, `Code of ${code.carrier_name}`),
		h('div', { class: `qr${reveal ? '' : ' masked'}` }, qr),
		h('p', { class: 'mono', id: 'code-text' }, code.activation_code),
		code.confirmation_code && h('p', {}, `Confirmation code: ${code.confirmation_code}`),
		h('p', {}, `ICCID ${iccid}, SPN ${code.spn ?? '(none)'}, `, tag(code.state)), toggle);
	toggle.focus();
}

export function show(main, [iccid]) {
	const carriers = h('tbody', {}), codes = h('tbody', {}), box = h('section', { class: 'panel', 'aria-live': 'polite' },
		h('p', { class: 'soft' }, 'Choose a code to see it as a QR code.'));
	let alive = true;
	const more = (key) => attempt(async () => {
		await call('POST', `carriers/${encodeURIComponent(key)}/codes`, { count: 1 });
		await read();
	});

	async function read() {
		const both = await attempt(() => Promise.all([get('carriers'), get('codes?limit=500')]));

		if (!both || !alive)
			return;
		state.carriers = both[0].list.map((c) => c.key);
		carriers.replaceChildren(...both[0].list.map((c) => h('tr', {}, h('td', {}, c.name),
			h('td', {}, c.spn ?? h('span', { class: 'soft' }, 'none')), h('td', { class: 'mono' }, c.smdp),
			h('td', {}, `${c.unused} of ${c.codes}`),
			h('td', {}, h('button', { type: 'button', 'aria-label': `One more: a code of ${c.name}`, onclick: () => more(c.key) }, 'One more')))));
		codes.replaceChildren(...both[1].list.map((c) => h('tr', {}, h('td', {}, c.carrier_name), h('td', {}, tag(c.state)),
			h('td', {}, c.registered ? 'yes' : 'no'),
			h('td', {}, h('a', { class: 'mono', href: `#/codes/${c.iccid}` }, c.iccid)))));
	}

	const head = (names) => h('thead', {}, h('tr', {}, names.map((t) => h('th', { scope: 'col' }, t))));

	main.append(h('h2', {}, 'Carriers and activation codes'),
		h('section', { class: 'panel scroll' }, h('table', {}, head(['Name on the contract', 'SPN in the profile', 'SM-DP+', 'Codes that wait', 'New code']), carriers)),
		h('div', { class: 'columns' }, box,
			h('section', { class: 'panel scroll' }, h('table', {}, head(['Carrier', 'State', 'Registered', 'ICCID']), codes))));
	read();
	if (iccid)
		attempt(() => show_code(box, iccid, false));
	const stop = listen(['flows', 'world'], now_and_then(read, 1500));

	return () => {
		alive = false;
		stop();
	};
}
