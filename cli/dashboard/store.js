/*
 * What is known of the world: read once, then kept true by the stream.  Views
 * ask to be told of a topic; they are told at most once in a frame.
 */
import { get, stream_url, ApiError } from './api.js';
import { in_a_frame } from './dom.js';

export const state = {
	world: null,
	clock: null,			/* with `heard`: performance.now() at that moment */
	devices: new Map(),		/* by key, in order */
	flows: new Map(),		/* by id, newest first at the start */
	ladders: new Map(),		/* of flows that somebody looks at: id -> messages by id */
	parties: [], quirks: [], captions: [], script: null,
	events: [],			/* the newest, newest last */
	link: 'connecting',		/* "live", "lost", "refused" */
	lag_ms: 0,
};

const EVENTS_KEPT = 300;
const listeners = new Map();		/* topic -> set of functions */
const changed = new Set();

const tell = in_a_frame(() => {
	const topics = [...changed];

	changed.clear();
	for (const topic of topics)
		for (const fn of listeners.get(topic) || [])
			fn();
});

/* Topics: world clock devices flows ladder parties quirks captions script events link. */
export function touch(...topics) {
	for (const topic of topics)
		changed.add(topic);
	tell();
}

/* Returns what takes it back. */
export function listen(topics, fn) {
	for (const topic of topics) {
		if (!listeners.has(topic))
			listeners.set(topic, new Set());
		listeners.get(topic).add(fn);
	}
	return () => topics.forEach((topic) => listeners.get(topic).delete(fn));
}

/* ---- Time. ------------------------------------------------------------------- */

export function now_t() {
	const c = state.clock;

	if (!c)
		return 0;
	if (c.paused || c.advancing)
		return c.t;
	return c.t + (performance.now() - c.heard) / 1000 * c.rate;
}

/* Simulated calendar at simulated second `t`. */
export function time_at(t) {
	const c = state.clock;

	return new Date(Date.parse(c.time) + (t - c.t) * 1000);
}

export function take_clock(c) {
	state.clock = { ...c, heard: performance.now() };
	touch('clock');
}

/* ---- What the stream says. ---------------------------------------------------- */

function take_message(m) {
	const ladder = m.flow && state.ladders.get(m.flow);

	if (!ladder)
		return;
	ladder.set(m.id, m);
	touch('ladder');
}

function take_flow(f) {
	if (!state.flows.has(f.id)) {
		state.flows = new Map([[f.id, f], ...state.flows]);
		if (state.flows.size > 600)
			state.flows.delete([...state.flows.keys()].pop());
	} else {
		state.flows.set(f.id, f);
	}
	touch('flows');
}

function take_quirk(q) {
	state.quirks = state.quirks.map((old) => old.name === q.name ? q : old);
	touch('quirks');
}

function take_party(p) {
	state.parties = state.parties.map((old) => old.key === p.key ? p : old);
	touch('parties');
}

function take_event(e) {
	state.events.push(e);
	if (state.events.length > EVENTS_KEPT)
		state.events.splice(0, state.events.length - EVENTS_KEPT);
	state.last_t = e.t;
	touch('events');
}

function take_device(d) {
	state.devices.set(d.key, d);
	touch('devices');
}

function take_caption(c) {
	state.captions = [...state.captions, c].slice(-100);
	touch('captions');
}

const takers = {
	clock: take_clock,
	device: take_device,
	flow: take_flow,
	message: take_message,
	event: take_event,
	quirk: take_quirk,
	party: take_party,
	caption: take_caption,
	script: (s) => {
		state.script = s;
		touch('script');
	},
	world: () => begin(),
	gap: () => begin(),
};

/* ---- Reading it all. ----------------------------------------------------------- */

async function read_all() {
	const last = (await get('history?limit=1')).last;
	const world = await get('world');
	const [devices, flows, parties, quirks, captions, script] = await Promise.all([
		get('devices?limit=10000'), get('flows?limit=200'), get('parties'),
		get('quirks'), get('captions'), world.script ? get('script') : null,
	]);

	state.world = world;
	take_clock(world.clock);
	state.devices = new Map(devices.list.map((d) => [d.key, d]));
	state.flows = new Map(flows.list.map((f) => [f.id, f]));
	state.parties = parties.list;
	state.quirks = quirks.list;
	state.captions = captions.list;
	state.script = script;
	for (const id of state.ladders.keys())
		follow(id);
	touch('world', 'devices', 'flows', 'parties', 'quirks', 'captions', 'script');
	return last;
}

/* Somebody looks at a flow: its messages so far, then as they come. */
export async function follow(id) {
	const ladder = state.ladders.get(id) || new Map();

	state.ladders.set(id, ladder);
	const flow = await get(`flows/${encodeURIComponent(id)}`);
	state.flows.has(id) ? state.flows.set(id, flow.flow) : take_flow(flow.flow);
	for (const m of flow.list)
		ladder.set(m.id, m);
	touch('ladder', 'flows');
}

export const unfollow = (id) => state.ladders.delete(id);

/* ---- The stream. ---------------------------------------------------------------- */

let source = null;
let attempt = 0;

function set_link(link) {
	if (state.link === link)
		return;
	state.link = link;
	touch('link');
}

function listen_from(last) {
	source = new EventSource(stream_url(last));
	source.onopen = () => set_link('live');
	/* A reader that was away comes back by itself with Last-Event-ID; one that
	 * was refused does not. */
	source.onerror = () => {
		set_link('lost');
		if (source.readyState === EventSource.CLOSED)
			setTimeout(begin, 1000);
	};
	for (const [type, take] of Object.entries(takers))
		source.addEventListener(type, (e) => take(JSON.parse(e.data)));
}

export async function begin() {
	const mine = ++attempt;

	source?.close();
	try {
		const last = await read_all();

		if (mine === attempt)
			listen_from(last);
	} catch (e) {
		if (mine !== attempt)
			return;
		set_link(e instanceof ApiError && e.status === 401 ? 'refused' : 'lost');
		if (state.link === 'lost')
			setTimeout(() => mine === attempt && begin(), 1000);
	}
}
