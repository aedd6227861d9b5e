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
  return {
    now: () => start + Math.floor((performance.now() - began) * scale),
    // Like setTimeout(); a rig in a hurry must not make us run in circles.
    after: (ms, fn) => setTimeout(fn, Math.max(1, ms / scale)),
    iso: (ms) => new Date(ms).toISOString(),
  };
}
