/* Transactions and operations along the simulated time. */
import { h, tag, kind_of, now_and_then, duration } from './dom.js';
import { get } from './api.js';
import { state, listen, time_at, now_t } from './store.js';
import { attempt } from './trouble.js';

const ENDED = new Set(['complete', 'failed', 'successful', 'unknown']);

export function show(main) {
	const spans = h('ul', { class: 'spans' });
	const scope = h('select', { id: 'timeline-kind', onchange: () => draw() },
		[['all', 'both'], ['operation', 'operations'], ['transaction', 'transactions']]
			.map(([value, name]) => h('option', { value }, name)));
	const status = h('select', { id: 'timeline-status', onchange: () => draw() },
		[['', 'any'], ['open', 'under way'], ['ok', 'done'], ['failed', 'failed']]
			.map(([value, name]) => h('option', { value }, name)));
	const axis = h('div', { class: 'axis', 'aria-hidden': 'true' });
	let rows = [], alive = true;

	function matches(r) {
		const k = kind_of(r.status);

		if (scope.value !== 'all' && r.kind !== scope.value)
			return false;
		return { '': true, open: !ENDED.has(r.status), ok: k === 'go', failed: k === 'stop' }[status.value];
	}

	function draw() {
		const list = rows.filter(matches).slice(0, 200), now = time_at(now_t()).getTime();
		const from = Math.min(now - 1000, ...list.map((r) => Date.parse(r.created)));
		const part = (ms) => `${(100 * (ms - from) / (now - from)).toFixed(2)}%`;

		axis.replaceChildren(h('span', {}, new Date(from).toISOString().slice(0, 19)),
			h('span', {}, new Date(now).toISOString().slice(0, 19)));
		spans.replaceChildren(...list.map((r) => {
			const began = Date.parse(r.created);
			const ended = ENDED.has(r.status) ? Date.parse(r.finished || r.updated) : now;
			const bar = h('i', { class: kind_of(r.status) });

			bar.style.left = part(began);
			bar.style.width = `calc(${part(ended)} - ${part(began)})`;
			return h('li', {},
				h('span', {}, h('a', { href: `#/flow/${encodeURIComponent(r.part_of || r.id)}` },
					`${r.kind === 'operation' ? 'operation' : 'transaction'} ${r.what}`), ' ', tag(r.status), h('br'),
					h('span', { class: 'soft' }, `${r.device || r.device_id || ''} ${duration((ended - began) / 1000)} ${r.message_code || ''}`)),
				h('span', { class: 'track', role: 'img', 'aria-label': `${r.what} from ${r.created}, ${duration((ended - began) / 1000)}` }, bar));
		}));
		if (!list.length)
			spans.append(h('li', { class: 'soft' }, 'None.'));
	}

	async function read() {
		const both = await attempt(() => Promise.all([get('operations?limit=200'), get('transactions?limit=200')]));

		if (!both || !alive)
			return;
		rows = [
			...both[0].list.map((o) => ({ ...o, kind: 'operation', what: o.operation })),
			...both[1].list.map((t) => ({ ...t, kind: 'transaction', what: t.action, part_of: t.operation })),
		].sort((a, b) => Date.parse(b.created) - Date.parse(a.created));
		draw();
	}

	main.append(h('h2', {}, 'Timeline'), h('div', { class: 'bar' }, h('label', {}, 'Show', scope),
		h('label', {}, 'Status', status)), h('div', { class: 'panel' }, axis, spans));
	read();
	const stop = listen(['flows', 'world'], now_and_then(read, 700));
	const timer = setInterval(() => !state.clock?.paused && draw(), 1000);

	return () => {
		alive = false;
		stop();
		clearInterval(timer);
	};
}
