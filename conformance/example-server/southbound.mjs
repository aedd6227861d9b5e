// The way to the devices: orders at the EIS (docs/southbound.md).
import { request } from 'node:http';	// fetch() would take as long to load as all the rest

export class Registry {
  constructor(world, clock) {
    Object.assign(this, world.eis);
    this.scale = world.time_scale || 1;
    this.timeout = world.options.eis_timeout * 1000;
    this.expiry = world.options.order_expiry;
    this.clock = clock;
  }

  // {status, body}; status 0: no answer of use.
  #ask(method, path, body) {
    // A simulated ten seconds may be less than a busy machine needs for an answer.
    const signal = AbortSignal.timeout(Math.max(this.timeout / this.scale, 1000));
    const headers = { authorization: `Bearer ${this.token}`, 'content-type': 'application/json' };
    return new Promise((resolve) => {
      const call = request(this.url + path, { method, headers, signal }, async (answer) => {
        try {
          const pieces = [];
          for await (const piece of answer) pieces.push(piece);
          resolve({ status: answer.statusCode, body: JSON.parse(Buffer.concat(pieces)) });
        } catch {
          resolve({ status: 0 });
        }
      });
      call.on('error', () => resolve({ status: 0 }));
      call.end(body && JSON.stringify(body));
    });
  }

  // An order may be placed again with the same reference: the EIS then answers with the first.
  placeOrder(tx) {
    return this.#ask('POST', '/eis/v1/orders', {
      eid: tx.eid, operation: tx.action, iccid: tx.iccid, activationCode: tx.secrets?.code,
      confirmationCode: tx.secrets?.confirmation, expiresIn: this.expiry,
      reference: tx.transaction,
    });
  }

  order(id) {
    return this.#ask('GET', `/eis/v1/orders/${encodeURIComponent(id)}`);
  }
}

// A body as the devices send it (section "Reports"), or an Error that says what is wrong.
export function readReport(body) {
  const wrong = (text) => { throw new Error(text); };
  const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isObject(body)) wrong('expected an object');
  if (!/^[0-9a-f]{8}(-[0-9a-f]{8}){3}$/i.test(body.device_id ?? ''))
    wrong('"device_id": expected four groups of eight hex digits');
  if (!/^\d{32}$/.test(body.eid ?? '')) wrong('"eid": expected 32 digits');
  if (!Number.isInteger(body.sequence) || body.sequence < 0) wrong('"sequence": expected a number');
  if (!Array.isArray(body.profiles)) wrong('"profiles": expected a list');
  if (body.profiles.length > 256) wrong('"profiles": more than 256');
  const seen = new Set();
  for (const profile of body.profiles) {
    if (!isObject(profile) || !/^\d{19,20}$/.test(profile.iccid ?? ''))
      wrong('"iccid": expected 19 or 20 digits');
    if (seen.has(profile.iccid)) wrong(`"profiles": ICCID ${profile.iccid} is there twice`);
    if (!profile.removed && !['active', 'inactive'].includes(profile.status))
      wrong('"status": expected active or inactive');
    seen.add(profile.iccid);
  }
  return {
    device_id: body.device_id.toUpperCase(), eid: body.eid, sequence: body.sequence,
    complete: body.complete ?? true, profiles: body.profiles,
  };
}
