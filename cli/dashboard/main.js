/* The frame: which view is shown, the clock, and how the line is. */
import { h, $ } from './dom.js';
import { call, find_token, set_token } from './api.js';
import { state, listen, begin, now_t, time_at, take_clock } from './store.js';
import { attempt } from './trouble.js';
import { show as fleet } from './fleet.js';
import { show as device } from './device.js';
import { show as flows } from './flows.js';
import { show as timeline } from './timeline.js';
import { show as parties } from './parties.js';
import { show as quirks } from './quirks.js';
import { show as codes } from './codes.js';
import { show as act } from './act.js';
import { show as story } from './story.js';

/* What stands behind # is the view and what it is about: #/device/router-1. */
const VIEWS = { fleet, device, flow: flows, timeline, parties, quirks, codes, act, story };
const TABS = [['fleet', 'Fleet'], ['flow', 'Activations'], ['timeline', 'Timeline'], ['parties', 'Latency'],
	['quirks', 'Quirks'], ['codes', 'Codes'], ['act', 'Act'], ['story', 'Story']];

let leave = null;

function route() {
	const [name, ...rest] = location.hash.replace(/^#\/?/, '').split('/').map(decodeURIComponent);
	const view = VIEWS[name] ? name : 'fleet', main = $('view');
	const tab = view === 'device' ? 'fleet' : view;

	if (!state.world)
		return;
	leave?.();
	main.replaceChildren();
	for (const a of $('nav').children)
		if (a.dataset.view === tab)
			a.setAttribute('aria-current', 'page');
		else
			a.removeAttribute('aria-current');
	leave = VIEWS[view](main, VIEWS[name] ? rest : []) || null;
	document.title = `${TABS.find(([key]) => key === tab)[1]} – esimrig`;
	scrollTo(0, 0);
}

/* ---- The clock. ---------------------------------------------------------------- */

function draw_time() {
	if (state.clock)
		$('clock-time').textContent = `${time_at(now_t()).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

function draw_clock() {
	const c = state.clock;

	$('clock-pause').textContent = c.paused ? 'Go on' : 'Pause';
	$('clock-pause').setAttribute('aria-pressed', String(c.paused));
	for (const b of document.querySelectorAll('[data-rate]'))
		b.setAttribute('aria-pressed', String(Number(b.dataset.rate) === c.rate));
	draw_time();
}

const set_clock = (body) => attempt(async () => take_clock(await call('PUT', 'clock', body)));

function start_clock() {
	$('clock-pause').onclick = () => set_clock({ paused: !state.clock?.paused });
	$('clock-step').onclick = () => attempt(async () => take_clock(await call('POST', 'clock/step', {})));
	for (const b of document.querySelectorAll('[data-rate]'))
		b.onclick = () => set_clock({ rate: Number(b.dataset.rate), paused: false });
	setInterval(draw_time, 250);
}

/* ---- The rest of the frame. ------------------------------------------------------ */

const WORDS = {
	connecting: 'connecting…', live: 'live', lost: 'The connection is lost; trying again…',
	refused: 'The token is not the right one',
};

function ask_for_token() {
	const input = h('input', { id: 'token', required: true, autocomplete: 'off' });

	leave?.();
	leave = null;
	state.world = null;
	$('view').replaceChildren(h('form', { class: 'panel', onsubmit: (e) => {
		e.preventDefault();
		set_token(input.value.trim());
		begin();
	} }, h('h2', {}, 'Token'), h('p', {}, 'The first screen of esimrig demo shows the address of this page with its token, which it makes anew at each start.'),
	h('div', { class: 'bar' }, h('label', {}, 'Token', input), h('button', { type: 'submit', class: 'main' }, 'Open'))));
	input.focus();
}

function draw_link() {
	$('link-state').textContent = WORDS[state.link];
	$('link-state').classList.toggle('lost', state.link === 'lost' || state.link === 'refused');
	if (state.link === 'refused')
		ask_for_token();
}

let closed = null;	/* the caption that somebody has read */

function draw_caption() {
	const c = state.captions.at(-1);

	$('caption').hidden = !c || closed === `${c.t} ${c.text}`;
	if (c && $('caption-text').textContent !== c.text)
		$('caption-text').textContent = c.text;
	$('caption-close').onclick = () => {
		closed = `${c.t} ${c.text}`;
		draw_caption();
	};
}

function draw_world() {
	$('world-name').textContent = state.world.name;
	if (!leave)
		route();
}

const draw_counts = () => {
	const count = { fleet: state.devices.size, flow: [...state.flows.values()].filter((f) => f.active).length,
		quirks: state.quirks.filter((q) => q.active.length).length };

	for (const a of $('nav').children)
		a.querySelector('.count').textContent = count[a.dataset.view] ? ` ${count[a.dataset.view]}` : '';
};

$('nav').append(...TABS.map(([key, name]) => h('a', { href: `#/${key}`, 'data-view': key }, name, h('span', { class: 'count' }))));
addEventListener('hashchange', () => find_new_token() || route());
listen(['clock'], draw_clock);
listen(['link'], draw_link);
listen(['captions'], draw_caption);
listen(['world'], draw_world);
listen(['devices', 'flows', 'quirks'], draw_counts);
start_clock();

/* Another address with a token was opened in this tab. */
function find_new_token() {
	if (!location.hash.startsWith('#token='))
		return false;
	find_token();
	begin();
	return true;
}

if (find_token())
	begin();
else
	ask_for_token();
