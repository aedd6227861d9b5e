// What the rig tells this server: world.json (docs/southbound.md), and the time.
import { readFileSync } from 'node:fs';

export function readWorld(path) {
  const world = JSON.parse(readFileSync(path, 'utf8'));
  if (world.version !== 1)
    throw new Error(`${path}: version ${world.version}; this server knows version 1`);
  return world;
}

// The rig's calendar, which may go faster than ours.  All times are in milliseconds of the rig.
export function makeClock(world) {
  const scale = world.time_scale || 1;
  const start = Date.parse(world.now), began = performance.now();
  const now = () => start + Math.floor((performance.now() - began) * scale);

  // Like setTimeout(), which may be a little early: at a great scale that is a second of the rig.
  function at(due, fn) {
    setTimeout(() => (now() < due ? at(due, fn) : fn()), Math.max(1, (due - now()) / scale));
  }
  return {
    now,
    after: (ms, fn) => at(now() + ms, fn),
    iso: (ms) => new Date(ms).toISOString(),
  };
}
