/* One message with what is in it, in a dialog. */
import { h, $, duration } from './dom.js';
import { get } from './api.js';
import { attempt } from './trouble.js';

function side(title, s) {
	if (!s)
		return [];
	const text = s.omitted ? '(it was too long to be kept)' : s.body !== undefined ?
		JSON.stringify(s.body, null, 2) : s.text || '(no body)';

	return [h('h3', {}, title),
		h('details', {}, h('summary', {}, 'Headers'), h('pre', {}, Object.entries(s.headers || {})
			.map(([name, value]) => `${name}: ${value}`).join('\n'))),
		h('pre', { tabindex: '0', 'aria-label': `${title}, body` }, text)];
}

export async function show_message(id, opener) {
	const dialog = $('message-dialog');
	const m = await attempt(() => get(`messages/${encodeURIComponent(id)}`));

	if (!m)
		return;
	const took = m.answered_t === undefined ? 'no answer yet' : `answered after ${duration(m.answered_t - m.t)}`;

	dialog.replaceChildren(
		h('div', { class: 'bar' }, h('h2', { id: 'message-title' }, `${m.from} → ${m.to}: ${m.what}`),
			h('button', { type: 'button', onclick: () => dialog.close() }, 'Close')),
		h('p', { class: 'mono' }, `${m.method} ${m.path}`),
		h('p', {}, `${m.failure || m.status || ''} ${took}`),
		...side('Request', m.request), ...side('Answer', m.response));
	dialog.onclose = () => opener?.focus?.();
	dialog.showModal();
}
