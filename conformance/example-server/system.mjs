// What the server knows, and how it changes: devices, profile rows, activation codes, transactions,
// multistep operations.  All in memory.
//
// The one rule: a profile row is made, changed and deleted by reports of its device, and by nothing
// else.  "Complete" only means that the device says it did what it was told.
import { randomUUID } from 'node:crypto';
import { fold } from './query.mjs';

export class Refusal extends Error {
  constructor(status, message) { super(message); this.status = status; }
}

// Two names of a carrier are one if nothing but case, punctuation and spaces sets them apart.
export function normalize(name) {
  if (name === undefined || name === null) return undefined;
  const text = fold(name.replace(/[®©™℠]/gu, '').normalize('NFKC'))
    .replace(/\p{Default_Ignorable_Code_Point}|\p{P}/gu, '').replace(/[\p{Z}\p{C}]+/gu, ' ').trim();
  return text || undefined;
}

const TEXTS = {
  accepted: 'The order is about to go to the eSIM registry.',
  queued: 'The eSIM registry keeps the order until the device asks for it.',
  delivered: 'The device has collected the order.',
  complete: 'The device has carried the order out.',
  eis_unreachable: 'The eSIM registry does not answer.',
  eis_refused: 'The eSIM registry refused the order.',
  order_unknown: 'The eSIM registry does not know the order any more.',
  order_expired: 'The device did not carry the order out in time.',
  order_cancelled: 'The order was taken back.',
  order_overdue: "The order's time is over, but nobody says how it ended.",
  starting: 'The operation is about to begin.',
  downloading: 'The profile is being downloaded.',
  await_download_report: 'Waiting for the device to report the downloaded profile.',
  enabling: 'The profile is being enabled.',
  await_enable_report: 'Waiting for the device to report the profile as active.',
  successful: 'The device reported what was asked for.',
  already_active: 'The profile was active already.',
  already_present: 'The profile is on the device already.',
  no_code_or_profile: 'Neither a profile on the device nor an unused activation code matches.',
  conflict: 'Another action on the same profile is running.',
  download_not_reported: 'The device did not report the downloaded profile in time.',
  enable_not_reported: 'The device did not report the profile as active in time.',
};

const GRACE_MS = 15 * 60e3;	// for the EIS to say how an order ended that must have expired
const RUNNING = ['starting', 'download', 'download_verify', 'enable', 'enable_verify'];

export class System {
  #serial = 0;

  constructor(world, clock, registry) {
    Object.assign(this, { clock, registry, options: world.options });
    this.devices = new Map(world.devices.map((d) => {
      const id = d.device_id.toUpperCase();
      return [id, { ...d, device_id: id, sequence: -1, rows: new Map() }];
    }));
    this.codes = world.activation_codes.map((code) => ({
      ...code, normalized: normalize(code.carrier), status: 'available', tries: 0,
    }));
    this.transactions = new Map();
    this.operations = new Map();
  }

  *profiles() {
    for (const device of this.devices.values()) yield* device.rows.values();
  }

  // ---- What a request is about. ------------------------------------------------------------

  #device(user, body, needEid) {
    const { device_id: id, eid } = body;
    if (typeof id !== 'string') throw new Refusal(400, '"device_id": required, a string');
    if (needEid && eid === undefined) throw new Refusal(400, '"eid": required');
    if (!/^[0-9a-f]{8}(-[0-9a-f]{8}){3}$/i.test(id))
      throw new Refusal(400, '"device_id": expected four groups of eight hex digits');
    if (eid !== undefined && !/^\d{32}$/.test(typeof eid === 'string' ? eid : ''))
      throw new Refusal(400, '"eid": expected 32 digits');
    const device = this.devices.get(id.toUpperCase());
    // What another account has is as if it did not exist.
    if (device?.customer_id !== user.customer_id)
      throw new Refusal(404, `device ${id}: not known`);
    if (eid !== undefined && eid !== device.eid)
      throw new Refusal(400, `"eid": device ${id} has no eSIM with that EID`);
    return device;
  }

  #text(body, name) {
    if (body[name] === undefined || body[name] === null) return undefined;
    if (typeof body[name] !== 'string') throw new Refusal(400, `"${name}": expected a string`);
    return body[name] || undefined;
  }

  #iccid(body) {
    const iccid = this.#text(body, 'iccid');
    if (iccid !== undefined && !/^\d{19,20}$/.test(iccid))
      throw new Refusal(400, '"iccid": expected 19 or 20 digits');
    return iccid;
  }

  #inTheWay(eid, iccid, code) {
    for (const tx of this.transactions.values())
      if (tx.status === 'in_progress' && ((iccid && tx.eid === eid && tx.iccid === iccid)
          || (code && tx.secrets?.code === code))) return tx;
    return undefined;
  }

  // ---- Actions. -----------------------------------------------------------------------------

  act(action, user, body) {
    const device = this.#device(user, body, true), iccid = this.#iccid(body);
    return action === 'download' ? this.#download(device, iccid, body)
      : this.#onProfile(action, device, iccid);
  }

  #onProfile(action, device, iccid) {
    if (!iccid) throw new Refusal(400, '"iccid": required');
    const row = device.rows.get(iccid);
    if (!row) throw new Refusal(404, `profile ${iccid}: the device does not report it`);
    if (this.#inTheWay(device.eid, iccid))
      throw new Refusal(409, 'another transaction for the same profile is in progress');
    if (action === 'enable' && row.status === 'active')
      throw new Refusal(400, `profile ${iccid}: active already`);
    if (action === 'disable' && row.status !== 'active')
      throw new Refusal(400, `profile ${iccid}: not active`);
    return this.#begin(action, device, iccid);
  }

  #download(device, iccid, body) {
    const secret = this.#text(body, 'activation_code');
    const confirmation = this.#text(body, 'confirmation_code');
    const mine = (code) => code.customer_id === device.customer_id && code.status !== 'removed';
    if (!iccid && !secret)
      throw new Refusal(400, '"activation_code", or "iccid" of a registered one: required');
    if (secret && !/^LPA:1\$[^$\s]+\$[^$\s]*(\$[^$\s]*(\$[01]?)?)?$/i.test(secret))
      throw new Refusal(400, '"activation_code": expected LPA:1$<address>$<matching id>');
    const code = this.codes.find((c) => mine(c)
      && (secret ? c.activation_code === secret : c.iccid === iccid));
    if (!secret && !code)
      throw new Refusal(404, `"iccid": no activation code is registered for ${iccid}`);
    if (code && iccid && code.iccid !== iccid)
      throw new Refusal(400, '"activation_code": it is registered for another ICCID');
    const target = code?.iccid ?? iccid;
    if (target && device.rows.has(target))
      throw new Refusal(400, `profile ${target}: it is on the device already`);
    if (this.#inTheWay(device.eid, target, code?.activation_code ?? secret))
      throw new Refusal(409, 'a transaction for the same profile or code is in progress');
    if (code && code.status === 'used') throw new Refusal(400, 'the activation code is used up');
    return this.#begin('download', device, target, {
      code: code?.activation_code ?? secret,
      confirmation: confirmation ?? code?.confirmation_code,
    }, code);
  }

  #begin(action, device, iccid, secrets, code) {
    const now = this.clock.now();
    const tx = {
      serial: ++this.#serial, transaction: randomUUID(), action, device_id: device.device_id,
      eid: device.eid, customer_id: device.customer_id, iccid, status: 'in_progress',
      message_code: 'accepted', message: TEXTS.accepted, created: this.clock.iso(now),
      updated: this.clock.iso(now), secrets, code, begun: now,
    };
    if (code) Object.assign(code, { status: 'in_use', tries: code.tries + 1 });
    this.transactions.set(tx.transaction, tx);
    this.#place(tx, 2000);
    return tx;
  }

  // Until the EIS has answered, again and again with the same reference.
  async #place(tx, delay) {
    const { status, body } = await this.registry.placeOrder(tx);
    if (tx.status !== 'in_progress') return;
    if ((status === 200 || status === 201) && body?.id) {
      tx.order = body.id;
      tx.placed = this.clock.now();
      this.#take(tx, body);
      this.#watch(tx);
    } else if (status >= 400 && status < 500 && ![401, 403, 408, 429].includes(status)) {
      this.#end(tx, 'failed', 'eis_refused', body?.error?.message);
    } else if (this.clock.now() - tx.begun > this.options.order_expiry * 1000) {
      this.#end(tx, 'unknown', 'eis_unreachable');
    } else {
      this.#note(tx, 'eis_unreachable');
      const most = this.options.check_interval * 1000;
      this.clock.after(delay, () => this.#place(tx, Math.min(2 * delay, most)));
    }
  }

  // The intermittent look at what is in progress.
  #watch(tx) {
    this.clock.after(this.options.check_interval * 1000, async () => {
      await this.check(tx);
      if (tx.status === 'in_progress') this.#watch(tx);
    });
  }

  // Ask the EIS how a transaction does: also on each progress call.
  async check(tx) {
    if (tx.status !== 'in_progress' || !tx.order) return;
    const { status, body } = await this.registry.order(tx.order);
    if (tx.status !== 'in_progress') return;
    if (status === 200) this.#take(tx, body);
    else if (status === 404) this.#end(tx, 'unknown', 'order_unknown');
    else this.#note(tx, 'eis_unreachable');
    const over = tx.placed + this.options.order_expiry * 1000 + GRACE_MS;
    if (tx.status === 'in_progress' && this.clock.now() > over)
      this.#end(tx, 'unknown', status === 200 ? 'order_overdue' : 'eis_unreachable');
  }

  #take(tx, order) {
    const result = order.result ?? {};
    const codes = [result.subjectCode, result.reasonCode].filter(Boolean).join('/');
    const detail = [result.message ?? result.code, codes && `(${codes})`].filter(Boolean).join(' ');
    switch (order.status) {
      case 'queued': case 'delivered': this.#note(tx, order.status); break;
      case 'complete':
        if (tx.action === 'download' && result.iccid) tx.iccid = result.iccid;
        this.#end(tx, 'complete', 'complete');
        break;
      case 'failed': this.#end(tx, 'failed', snake(result.code ?? 'device_failed'), detail); break;
      case 'expired': this.#end(tx, 'failed', 'order_expired'); break;
      case 'cancelled': this.#end(tx, 'failed', 'order_cancelled'); break;
      default: this.#note(tx, 'queued');
    }
  }

  #note(row, code, detail) {
    const text = TEXTS[code] ?? 'The device could not carry the order out.';
    const message = detail ? `${text.replace(/\.$/, '')}: ${detail}` : text;
    if (row.message_code === code && row.message === message) return;
    Object.assign(row, { message_code: code, message, updated: this.clock.iso(this.clock.now()) });
  }

  #end(tx, status, message, detail) {
    tx.status = status;
    tx.updated = this.clock.iso(this.clock.now());
    this.#note(tx, message, detail);
    if (tx.code && status === 'complete') this.#useUp(tx.code);
    else if (tx.code && tx.code.status === 'in_use') tx.code.status = 'available';
    delete tx.secrets;
    this.#advanceAll(tx.device_id);
  }

  #useUp(code) {
    if (code.status === 'used' || code.status === 'removed') return;
    code.status = 'used';
    this.clock.after(this.options.code_keep * 1000, () => { code.status = 'removed'; });
  }

  // ---- Reports: where profile rows come from. ---------------------------------------------

  report(report) {
    const device = this.devices.get(report.device_id);
    if (!device) throw new Refusal(404, `device ${report.device_id}: not known`);
    device.eid ??= report.eid;
    if (device.eid !== report.eid) throw new Refusal(400, 'another EID than that of the device');
    if (report.sequence <= device.sequence)
      return { applied: false, reason: `stale sequence ${report.sequence}, last ${device.sequence}` };
    device.sequence = report.sequence;
    const gone = new Set(report.complete ? device.rows.keys() : []);
    for (const profile of report.profiles) {
      if (profile.removed) {
        gone.add(profile.iccid);
      } else {
        gone.delete(profile.iccid);
        this.#row(device, profile);
      }
    }
    for (const iccid of gone) device.rows.delete(iccid);
    this.#advanceAll(device.device_id);
    return { applied: true };
  }

  #row(device, { iccid, status, id, carrier, type }) {
    const row = device.rows.get(iccid) ?? { serial: ++this.#serial, iccid };
    Object.assign(row, {
      customer_id: device.customer_id, device_id: device.device_id, eid: device.eid, status,
      id: id ?? undefined, carrier: carrier ?? undefined, type: type ?? undefined,
      normalized_carrier: normalize(carrier),
    });
    if (!device.rows.has(iccid))
      for (const code of this.codes)
        if (code.iccid === iccid && code.customer_id === device.customer_id) this.#useUp(code);
    device.rows.set(iccid, row);
  }

  // ---- Multistep operations. ---------------------------------------------------------------

  operate(user, body) {
    const device = this.#device(user, body, false), iccid = this.#iccid(body);
    const [operation, carrier, cause, cause_id, source] =
      ['operation', 'carrier', 'cause', 'cause_id', 'source'].map((name) => this.#text(body, name));
    const wanted = normalize(carrier);
    if (!['activate', 'download', 'enable'].includes(operation))
      throw new Refusal(400, '"operation": expected one of activate, download, enable');
    if (!['request', 'automation', 'template'].includes(cause ?? 'request'))
      throw new Refusal(400, '"cause": expected one of request, automation, template');
    if (!iccid && !wanted) throw new Refusal(400, '"carrier" or "iccid": required');
    for (const other of this.operations.values())
      if (other.device_id === device.device_id && RUNNING.includes(other.status)
          && ((wanted && other.wanted === wanted) || (iccid && other.iccid === iccid)))
        throw new Refusal(409, `operation ${other.id} for the same profile is running`);
    const now = this.clock.iso(this.clock.now());
    const op = {
      serial: ++this.#serial, id: randomUUID(), job_id: this.#serial, operation, carrier, wanted,
      iccid, cause: cause ?? 'request', cause_id, source: source ?? 'v1/esim_profiles/operations',
      created_by: user.name, customer_id: user.customer_id, device_id: device.device_id,
      eid: device.eid, status: 'starting', message_code: 'starting', message: TEXTS.starting,
      created: now, updated: now,
    };
    this.operations.set(op.id, op);
    setImmediate(() => this.#advance(op));
    return op;
  }

  #advanceAll(deviceId) {
    for (const op of this.operations.values())
      if (op.device_id === deviceId && op.status !== 'starting') this.#advance(op);
  }

  #advance(op) {
    while (RUNNING.includes(op.status) && this.#step(op));
  }

  #move(op, status, message, detail) {
    op.status = status;
    op.updated = this.clock.iso(this.clock.now());
    op.deadline = undefined;
    this.#note(op, message, detail);
    if (status === 'download_verify' || status === 'enable_verify') {
      const limit = this.options.verify_limit * 1000;
      op.deadline = this.clock.now() + limit;
      this.clock.after(limit, () => this.#advance(op));
    }
    return true;
  }

  // One step, if one can be done now.
  #step(op) {
    const device = this.devices.get(op.device_id);
    switch (op.status) {
      case 'starting': return this.#start(op, device);
      case 'download': return this.#wait(op, op.download_tx, 'download_verify',
        'await_download_report');
      case 'download_verify': return this.#downloaded(op, device);
      case 'enable': return this.#wait(op, op.enable_tx, 'enable_verify', 'await_enable_report');
      default: return this.#enabled(op, device);
    }
  }

  #start(op, device) {
    const rows = [...device.rows.values()];
    const fits = (row) => (op.iccid ? row.iccid === op.iccid : row.normalized_carrier === op.wanted);
    const row = rows.find((r) => fits(r) && r.status === 'active') ?? rows.find(fits);
    if (row && op.operation !== 'download') return this.#use(op, device, row);
    if (row && op.iccid) return this.#move(op, 'failed', 'already_present');
    const code = op.operation !== 'enable' && this.codes
      .filter((c) => c.customer_id === op.customer_id && c.status === 'available'
        && (op.iccid ? c.iccid === op.iccid : c.normalized === op.wanted))
      .sort((a, b) => a.tries - b.tries)[0];
    if (!code) return this.#move(op, 'failed', 'no_code_or_profile');
    if (this.#inTheWay(op.eid, code.iccid, code.activation_code))
      return this.#move(op, 'failed', 'conflict');
    op.iccid = code.iccid;
    op.download_tx = this.#begin('download', device, code.iccid, {
      code: code.activation_code, confirmation: code.confirmation_code,
    }, code).transaction;
    return this.#move(op, 'download', 'downloading');
  }

  // A profile that is there is made active.
  #use(op, device, row) {
    op.iccid = row.iccid;
    if (row.status === 'active') {
      op.was_active = !op.download_tx;
      return this.#move(op, 'enable_verify', 'await_enable_report');
    }
    if (this.#inTheWay(op.eid, row.iccid)) return this.#move(op, 'failed', 'conflict');
    op.enable_tx = this.#begin('enable', device, row.iccid).transaction;
    return this.#move(op, 'enable', 'enabling');
  }

  // A transaction whose end nobody knows is left to the device's report.
  #wait(op, id, next, message) {
    const tx = this.transactions.get(id);
    if (tx.status === 'in_progress') return false;
    if (tx.status === 'failed') {
      this.#move(op, 'failed', tx.message_code);
      op.message = tx.message;
      return true;
    }
    if (tx.iccid) op.iccid = tx.iccid;
    return this.#move(op, next, message);
  }

  #late(op, message) {
    return this.clock.now() >= op.deadline && this.#move(op, 'failed', message);
  }

  #downloaded(op, device) {
    const row = device.rows.get(op.iccid);
    if (!row) return this.#late(op, 'download_not_reported');
    return op.operation === 'download' ? this.#move(op, 'successful', 'successful')
      : this.#use(op, device, row);
  }

  #enabled(op, device) {
    if (device.rows.get(op.iccid)?.status !== 'active')
      return this.#late(op, 'enable_not_reported');
    return this.#move(op, 'successful', op.was_active ? 'already_active' : 'successful');
  }
}

// "smdpRefused" becomes "smdp_refused".
function snake(word) {
  return String(word).replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
