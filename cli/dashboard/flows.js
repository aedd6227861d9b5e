/* Operations and transactions on their way, each as a ladder that grows. */
import { h, svg, tag, duration } from './dom.js';
import { state, listen, follow, unfollow, now_t } from './store.js';
import { attempt } from './trouble.js';
import { show_message } from './message.js';

const LANES = ['API client', 'API server', 'EIS', 'Device', 'SM-DP+'];
const TOP = 46, STEP = 34, LEFT = 92, LANE = 200;

/* The lane of a party; others have one of their own behind these. */
function lane_name(party) {
	if (party === 'server')
		return 'API server';
	if (party === 'eis')
		return 'EIS';
	if (party.startsWith('smdp'))
		return 'SM-DP+';
	if (party.startsWith('device') || party === 'gateway')
		return 'Device';
	if (party === 'client' || party === 'rig' || /^[0-9[]/.test(party))
		return 'API client';
	return party;
}

function lanes_of(messages) {
	const lanes = [...LANES];

	for (const m of messages)
		for (const name of [lane_name(m.from), lane_name(m.to)])
			if (!lanes.includes(name))
				lanes.push(name);
	return lanes;
}

const x_of = (lane) => LEFT + LANE * (lane + 0.5);

function arrow(m, lanes, y) {
	const a = x_of(lanes.indexOf(lane_name(m.from))), b = x_of(lanes.indexOf(lane_name(m.to)));
	const dir = Math.sign(b - a) || 1, failed = m.failure || m.status >= 400;
	const status = m.failure || (m.status ?? '…');
	const tip = `${b},${y} ${b - 8 * dir},${y - 4} ${b - 8 * dir},${y + 4}`;
	const label = `${m.what}${m.answered_t === undefined ? '' : ` · ${status}`}`;

	return svg('g', { class: `step${failed ? ' failed' : ''}`, tabindex: '0', role: 'button',
		'aria-label': `${lane_name(m.from)} to ${lane_name(m.to)}: ${label}, show the message`,
		'data-id': m.id },
		svg('rect', { class: 'hit', x: Math.min(a, b) - 4, y: y - 20, width: Math.abs(b - a) + 8, height: 28 }),
		svg('text', { class: 'what', x: (a + b) / 2, y: y - 6 }, label),
		svg('line', { class: 'arrow', x1: a, y1: y, x2: b - 6 * dir, y2: y }),
		svg('polygon', { class: 'tip', points: tip }));
}

/* Messages that are there stay as they are: only new ones are drawn. */
function ladder_view() {
	const root = h('div', { class: 'ladder', tabindex: '0', role: 'group', 'aria-label': 'Ladder of messages' });
	let drawn = new Map(), lanes = [], picture = null, began = 0;

	function open_from(e) {
		const g = e.target.closest('g.step');

		if (g && (e.type === 'click' || e.key === 'Enter' || e.key === ' ')) {
			e.preventDefault();
			show_message(g.dataset.id, g);
		}
	}
	root.addEventListener('click', open_from);
	root.addEventListener('keydown', open_from);

	function start(next) {
		lanes = next;
		drawn = new Map();
		picture = svg('svg', { role: 'group', 'aria-label': `Between ${lanes.join(', ')}` },
			lanes.map((name, i) => [
				svg('text', { class: 'head', x: x_of(i), y: 18 }, name),
				svg('line', { class: 'lane', x1: x_of(i), x2: x_of(i), y1: 26, y2: 26 })]));
		root.replaceChildren(picture);
	}

	function put(m, i) {
		const old = drawn.get(m.id), y = TOP + i * STEP;

		if (old && old[0] === m && old[2] === i)
			return;
		const g = svg('g', {}, svg('text', { class: 'when', x: 4, y: y + 4 }, `+${duration(m.t - began)}`),
			arrow(m, lanes, y));

		if (old)
			old[1].replaceWith(g);
		else
			picture.append(g);
		drawn.set(m.id, [m, g, i]);
	}

	return {
		root,
		draw(messages) {
			const list = [...messages].sort((a, b) => a.t - b.t || a.id - b.id), next = lanes_of(list);
			const at_end = root.scrollTop + root.clientHeight > root.scrollHeight - 60;

			began = list.length ? list[0].t : 0;
			if (!picture || next.length !== lanes.length)
				start(next);
			list.forEach(put);
			const height = TOP + Math.max(1, list.length) * STEP, width = LEFT + LANE * lanes.length;

			picture.setAttribute('viewBox', `0 0 ${width} ${height}`);
			picture.style.minWidth = `${Math.min(width, 820)}px`;
			for (const line of picture.querySelectorAll('.lane'))
				line.setAttribute('y2', height);
			if (at_end)
				root.scrollTop = root.scrollHeight;
		},
	};
}

function flow_line(f) {
	const t = (f.ended_t ?? now_t()) - f.began_t;

	return [h('strong', {}, f.action), ' ', tag(f.status), ' ', f.device || f.device_id || '',
		f.carrier ? ` · ${f.carrier}` : '', h('br'),
		h('span', { class: 'soft' }, `${duration(Math.max(0, t))}, ${f.messages} messages, by ${f.cause || f.created_by || 'request'}`)];
}

function flow_facts(f) {
	return [h('h3', {}, `${f.action} `, tag(f.status)),
		h('p', {}, [f.message_code, f.message].filter(Boolean).join(': ') || '…'),
		h('dl', { class: 'wide' }, [['Id', f.id], ['Device', f.device && h('a', { href: `#/device/${encodeURIComponent(f.device)}` }, f.device)],
			['ICCID', f.iccid], ['Carrier', f.carrier], ['Cause', f.cause], ['By', f.created_by],
			['Lasted', duration(Math.max(0, (f.ended_t ?? now_t()) - f.began_t))]]
			.filter(([, v]) => v).map(([name, v]) => [h('dt', {}, name), h('dd', {}, v)]))];
}

export function show(main, [id]) {
	const list = h('ul', { class: 'flow-list', 'aria-label': 'Operations and transactions' });
	const facts = h('div', {}), ladder = ladder_view();
	const only = h('input', { type: 'checkbox', onchange: draw_list });
	let chosen = id;

	function draw_list() {
		const flows = [...state.flows.values()].filter((f) => !only.checked || f.active);

		if (!chosen && flows.length) {
			chosen = (flows.find((f) => f.active) || flows[0]).id;
			attempt(() => follow(chosen));
		}
		list.replaceChildren(...flows.slice(0, 200).map((f) => h('li', {},
			h('a', { href: `#/flow/${encodeURIComponent(f.id)}`, 'aria-current': f.id === chosen && 'true' }, flow_line(f)))));
		if (!flows.length)
			list.append(h('li', { class: 'soft' }, 'Nothing is under way. Start something under Act.'));
	}

	function draw() {
		const f = state.flows.get(chosen), focused = list.contains(document.activeElement);

		if (!focused)
			draw_list();
		facts.replaceChildren(...(f ? flow_facts(f).flat() : []));
		ladder.draw((state.ladders.get(chosen) || new Map()).values());
	}

	main.append(h('h2', {}, 'Activations in flight'), h('div', { class: 'split' },
		h('section', {}, h('p', {}, h('label', { class: 'inline' }, only, 'Only those under way')), list),
		h('section', { class: 'panel' }, facts, ladder.root)));
	draw_list();
	if (chosen)
		attempt(() => follow(chosen));
	draw();
	const stop = listen(['flows', 'ladder'], draw);

	return () => {
		stop();
		unfollow(chosen);
	};
}
