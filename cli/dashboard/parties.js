/* Who listens, and how long each takes. */
import { h } from './dom.js';
import { call, get } from './api.js';
import { state, listen, touch } from './store.js';
import { attempt } from './trouble.js';

const ms = (n) => n < 1000 ? `${+n.toPrecision(3)} ms` : `${+(n / 1000).toPrecision(3)} s`;

function histogram(l) {
	const most = Math.max(1, ...l.counts), all = l.counts.reduce((a, b) => a + b, 0);
	const words = l.counts.map((n, i) => n && `${n} ${i < l.bounds_ms.length ? `at most ${ms(l.bounds_ms[i])}` : 'more'}`)
		.filter(Boolean).join(', ');
	const picture = h('div', { class: 'histogram', role: 'img',
		'aria-label': all ? `Latency histogram: ${words}` : 'Latency histogram: no requests yet' });

	l.counts.forEach((n, i) => {
		const bar = h('i', { title: `${i < l.bounds_ms.length ? `≤ ${ms(l.bounds_ms[i])}` : 'more'}: ${n}` });

		bar.style.height = `${Math.round(100 * n / most)}%`;
		picture.append(bar);
	});
	return [picture, h('div', { class: 'axis', 'aria-hidden': 'true' }, h('span', {}, ms(l.bounds_ms[0])),
		h('span', {}, ms(l.bounds_ms[Math.floor(l.bounds_ms.length / 2)])), h('span', {}, `> ${ms(l.bounds_ms.at(-1))}`))];
}

function panel(p, turn) {
	const l = p.latency;

	return h('section', { class: 'panel', 'data-party': p.key },
		h('h3', {}, `${p.key} `, h('span', { class: `tag ${p.listening ? 'go' : 'stop'}` }, p.listening ? 'listening' : 'stopped')),
		h('p', { class: 'mono soft' }, [p.host, p.address].filter(Boolean).join(' at ')),
		h('p', {}, `${p.requests.toLocaleString('en')} requests, ${p.under_way} under way`,
			l.p50_ms === undefined ? '' : `; half within ${ms(l.p50_ms)}, 99 of 100 within ${ms(l.p99_ms)}`),
		histogram(l),
		h('p', {}, h('button', { type: 'button', onclick: () => turn(p) }, p.listening ? 'Stop it' : 'Start it')));
}

export function show(main) {
	const body = h('div', { class: 'columns' });
	let alive = true;
	const turn = (p) => attempt(async () => {
		await call('PUT', `parties/${encodeURIComponent(p.key)}`, { listening: !p.listening });
		await read();
	});

	function draw() {
		const at = document.activeElement?.closest?.('[data-party]')?.dataset.party;

		body.replaceChildren(...state.parties.map((p) => panel(p, turn)));
		if (at)
			body.querySelector(`[data-party="${CSS.escape(at)}"] button`)?.focus();
	}

	async function read() {
		const answer = await get('parties').catch(() => null);

		if (!answer || !alive)
			return;
		state.parties = answer.list;
		touch('parties');
	}

	main.append(h('h2', {}, 'Parties and their latency'),
		h('p', { class: 'soft' }, 'How long requests took, in simulated time, quirks included.'), body);
	draw();
	read();
	const stop = listen(['parties'], draw), timer = setInterval(read, 2000);

	return () => {
		alive = false;
		stop();
		clearInterval(timer);
	};
}
