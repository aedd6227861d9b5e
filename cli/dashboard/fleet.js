/* All devices as cards.  Only those in sight are in the document. */
import { h } from './dom.js';
import { state, listen } from './store.js';

const HEIGHT = 128, GAP = 10, WIDTH = 265, MARGIN_ROWS = 2;

/* Kept while other views are looked at. */
const wanted = { text: '', which: 'all' };

const WHICH = {
	all: ['all', () => true],
	online: ['online', (d) => d.online],
	offline: ['offline', (d) => !d.online],
	busy: ['something under way', (d) => d.flow !== undefined],
	odd: ['with a quirk', (d) => d.quirks && d.quirks.length > 0],
};

function text_of(d) {
	return [d.key, d.device_id, d.eid, ...d.profiles.flatMap(
		(p) => [p.iccid, p.spn, p.carrier_name, p.nickname])].join('\n').toLowerCase();
}

export function bars(d) {
	return h('span', { class: 'bars', role: 'img', 'aria-label': `signal ${d.signal} of 4` },
		[1, 2, 3, 4].map((n) => h('i', { class: n <= d.signal ? 'on' : '' })));
}

/* "Mobile (Fred's Fast Wireless Service)": what the card says, beside the contract. */
export function profile_name(p) {
	const spn = p.spn === undefined ? 'no SPN' : p.spn === '' ? 'empty SPN' : p.spn;

	return p.carrier_name && p.carrier_name !== p.spn ? `${spn} (${p.carrier_name})` : spn;
}

function state_word(d) {
	if (d.power !== 'on')
		return d.power === 'off' ? 'power off' : 'booting';
	return d.online ? '' : 'offline';
}

function card(d) {
	const active = d.profiles.find((p) => p.status === 'active');
	const others = d.profiles.filter((p) => p !== active);
	const word = state_word(d);

	return h('div', { class: `card${d.online ? '' : ' offline'}`, role: 'listitem' },
		h('a', { href: `#/device/${encodeURIComponent(d.key)}` },
		h('span', { class: 'top' }, h('span', { class: 'name' }, d.key),
			word && h('span', { class: 'tag stop' }, word),
			d.flow && h('span', { class: 'tag wait' }, d.order?.pending ? d.order.operation : 'under way'),
			bars(d)),
		h('span', { class: 'line mono soft' }, d.device_id),
		active ? h('span', { class: 'line active' }, `● ${profile_name(active)}`) :
			h('span', { class: 'line soft' }, 'no active profile'),
		others.slice(0, 2).map((p) => h('span', { class: 'line other' }, `○ ${profile_name(p)}`)),
		others.length > 2 && h('span', { class: 'line soft' }, `and ${others.length - 2} more`)));
}

export function show(main) {
	const grid = h('div', { id: 'fleet-grid', role: 'list', 'aria-label': 'Devices' });
	const count = h('p', { role: 'status', class: 'soft' });
	const texts = new Map();	/* key -> [device, its text] */
	const cards = new Map();	/* key -> [device, element, index] */
	let list = [], columns = 1, width = WIDTH;

	function matches(d) {
		let t = texts.get(d.key);

		if (!WHICH[wanted.which][1](d))
			return false;
		if (!wanted.text)
			return true;
		if (!t || t[0] !== d)
			texts.set(d.key, t = [d, text_of(d)]);
		return t[1].includes(wanted.text.toLowerCase());
	}

	function place(e, index) {
		e.style.transform = `translate(${(index % columns) * (width + GAP)}px, ${
			Math.floor(index / columns) * (HEIGHT + GAP)}px)`;
		e.style.width = `${width}px`;
		e.style.height = `${HEIGHT}px`;
		e.setAttribute('aria-setsize', list.length);
		e.setAttribute('aria-posinset', index + 1);
	}

	function put(d, index) {
		const old = cards.get(d.key);

		if (old && old[0] === d && old[2] === index)
			return;
		if (old && old[0] === d) {
			place(old[1], index);
			old[2] = index;
			return;
		}
		const e = card(d);
		const focused = old && old[1].firstChild === document.activeElement;

		place(e, index);
		if (old) {
			e.classList.add('fresh');
			old[1].replaceWith(e);
		} else {
			grid.append(e);
		}
		if (focused)
			e.firstChild.focus({ preventScroll: true });
		cards.set(d.key, [d, e, index]);
	}

	/* Cards that scrolled out of sight go, unless the keyboard is there. */
	function draw() {
		const top = grid.getBoundingClientRect().top, row = HEIGHT + GAP;
		const first = Math.max(0, Math.floor(-top / row) - MARGIN_ROWS) * columns;
		const end = Math.min(list.length,
			(Math.ceil((innerHeight - top) / row) + MARGIN_ROWS) * columns);
		const seen = new Set();

		for (let i = first; i < end; i++) {
			seen.add(list[i].key);
			put(list[i], i);
		}
		for (const [key, [, e]] of cards) {
			if (seen.has(key) || e.firstChild === document.activeElement)
				continue;
			e.remove();
			cards.delete(key);
		}
	}

	function layout() {
		const room = grid.clientWidth;

		columns = Math.max(1, Math.floor((room + GAP) / (WIDTH + GAP)));
		width = Math.floor((room - (columns - 1) * GAP) / columns);
		grid.style.height = `${Math.ceil(list.length / columns) * (HEIGHT + GAP)}px`;
		for (const entry of cards.values())
			entry[2] = -1;
		draw();
	}

	function choose() {
		const old = list.length;

		list = [...state.devices.values()].filter(matches);
		count.textContent = list.length === state.devices.size ?
			`${list.length} devices` : `${list.length} of ${state.devices.size} devices`;
		if (list.length !== old)
			layout();
		else
			draw();
	}

	/* Arrows go from card to card. */
	function keys(e) {
		const by = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns }[e.key];
		const at = [...cards.values()].find((c) => c[1].firstChild === document.activeElement);
		const to = by && at ? at[2] + by : -1;

		if (to < 0 || to >= list.length)
			return;
		e.preventDefault();
		put(list[to], to);
		cards.get(list[to].key)[1].firstChild.focus({ preventScroll: true });
		cards.get(list[to].key)[1].scrollIntoView({ block: 'nearest' });
	}

	const search = h('input', { id: 'fleet-search', type: 'search', value: wanted.text,
		placeholder: 'key, device id, EID, ICCID, SPN, carrier',
		oninput: (e) => { wanted.text = e.target.value.trim(); choose(); } });
	const which = h('select', { id: 'fleet-which',
		onchange: (e) => { wanted.which = e.target.value; choose(); } },
		Object.entries(WHICH).map(([key, [name]]) =>
			h('option', { value: key, selected: key === wanted.which }, name)));

	grid.addEventListener('keydown', keys);
	main.append(h('h2', {}, 'Fleet'),
		h('div', { class: 'bar' }, h('label', {}, 'Search', search), h('label', {}, 'Show', which), count),
		grid);
	choose();
	layout();
	const ended = new AbortController();
	addEventListener('scroll', draw, { passive: true, signal: ended.signal });
	addEventListener('resize', layout, { signal: ended.signal });
	const stop = listen(['devices'], choose);

	return () => {
		stop();
		ended.abort();
	};
}
