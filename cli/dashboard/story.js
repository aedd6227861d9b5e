/* The narrated scenario, what was said, and what happens, line by line. */
import { h, tag, duration } from './dom.js';
import { call } from './api.js';
import { state, listen } from './store.js';
import { attempt } from './trouble.js';

function script_view(s) {
	if (!s)
		return [h('p', { class: 'soft' }, 'No scenario is being played: esimrig demo --script FILE plays one.')];
	const mode = () => attempt(() => call('PUT', 'script', { mode: s.mode === 'auto' ? 'manual' : 'auto' }));

	return [h('h3', {}, s.name), s.description && h('p', {}, s.description),
		h('div', { class: 'bar buttons' },
			h('button', { type: 'button', id: 'script-next', disabled: s.state !== 'waiting',
				onclick: () => attempt(() => call('POST', 'script/next')) }, 'Next step'),
			h('button', { type: 'button', 'aria-pressed': String(s.mode === 'auto'), onclick: mode }, 'By itself'),
			h('span', { class: 'soft' }, s.state)),
		s.message && h('p', {}, s.message),
		h('ol', { class: 'steps' }, s.steps.map((step, i) => h('li', { 'aria-current': i === s.current && 'step' },
			step.title, ' ', tag(step.status),
			step.ended_t !== undefined && h('span', { class: 'soft' }, ` ${duration(step.ended_t - step.began_t)}`),
			step.caption && h('p', { class: 'soft' }, step.caption))))];
}

function event_line(e) {
	const { t, party, event, ...rest } = e;

	return h('li', {}, `${duration(t).padStart(12)}  ${party}  ${event}  ${Object.entries(rest)
		.map(([k, v]) => `${k}=${typeof v === 'object' ? JSON.stringify(v) : v}`).join(' ')}`);
}

export function show(main) {
	const script = h('section', { class: 'panel' }), said = h('section', { class: 'panel' });
	const events = h('ol', { class: 'events', tabindex: '0', 'aria-label': 'Events, the newest first' });
	const draw_script = () => script.replaceChildren(...script_view(state.script).filter(Boolean));
	const draw_said = () => said.replaceChildren(h('h3', {}, 'Said'), ...[...state.captions].reverse().slice(0, 20)
		.map((c) => h('p', {}, h('span', { class: 'soft mono' }, `${c.time.slice(0, 19)} `), c.text)));
	const draw_events = () => {
		if (!events.matches(':hover'))
			events.replaceChildren(...state.events.slice(-150).reverse().map(event_line));
	};

	main.append(h('h2', {}, 'Story'), h('div', { class: 'split' }, h('div', {}, script, said),
		h('section', { class: 'panel' }, h('h3', {}, 'Events'), events)));
	draw_script();
	draw_said();
	draw_events();
	const stops = [listen(['script'], draw_script), listen(['captions'], draw_said), listen(['events'], draw_events)];

	return () => stops.forEach((stop) => stop());
}
