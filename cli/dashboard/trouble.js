/* What went wrong, where everybody sees it. */
import { $ } from './dom.js';

let timer = 0;

export function say_trouble(text) {
	const p = $('trouble');

	clearTimeout(timer);
	p.textContent = text;
	p.hidden = !text;
	if (text)
		timer = setTimeout(() => say_trouble(''), 12000);
}

/* Do it; if it is refused, say why.  Gives what it gave, or undefined. */
export async function attempt(fn) {
	try {
		const value = await fn();

		say_trouble('');
		return value;
	} catch (e) {
		say_trouble(e.message);
		return undefined;
	}
}
