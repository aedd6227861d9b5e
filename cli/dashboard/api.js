/* The control API: requests with the token, and errors in words. */

let token = '';

export class ApiError extends Error {
	constructor(status, code, message) {
		super(message);
		this.status = status;
		this.code = code;
	}
}

/* From the address of the first screen (#token=...), kept for this tab. */
export function find_token() {
	const given = /^#token=([^&]+)/.exec(location.hash);

	if (given) {
		token = decodeURIComponent(given[1]);
		sessionStorage.setItem('esimrig-token', token);
		history.replaceState(null, '', '#/fleet');
	} else {
		token = sessionStorage.getItem('esimrig-token') || '';
	}
	return token !== '';
}

export function set_token(text) {
	token = text;
	sessionStorage.setItem('esimrig-token', token);
}

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

async function send(method, path, body) {
	const headers = { Authorization: `Bearer ${token}` };

	if (body !== undefined)
		headers['Content-Type'] = 'application/json';
	for (;;) {
		const r = await fetch(`/control/v1/${path}`, {
			method, headers, body: body === undefined ? undefined : JSON.stringify(body),
		});

		if (r.status !== 503)
			return r;
		await pause(1000);	/* the world is being made */
	}
}

async function refused(r) {
	let e = {};

	try {
		e = (await r.json()).error;
	} catch {
		/* not one of the API's own */
	}
	return new ApiError(r.status, e.code || 'refused', e.message || `HTTP ${r.status}`);
}

export async function call(method, path, body) {
	const r = await send(method, path, body);

	if (!r.ok)
		throw await refused(r);
	return r.json();
}

export const get = (path) => call('GET', path);

export async function get_text(path) {
	const r = await send('GET', path);

	if (!r.ok)
		throw await refused(r);
	return r.text();
}

export const stream_url = (after) =>
	`/control/v1/events?after=${encodeURIComponent(after)}&access_token=${encodeURIComponent(token)}`;
