// Spec §6: the Noise handshakes of kind 1 and 2, frames and messages.

import { createHmac } from "node:crypto";
import { chachaOpen, chachaSeal, digest, hex, join, same, sha256, unhex, x25519, x25519Public } from "./keys.mjs";
import { Refusal } from "./refusal.mjs";

const PATTERNS = {
  1: { name: "Noise_XK_25519_ChaChaPoly_SHA256", pre: true, psk: false, messages: [["e", "es"], ["e", "ee"], ["s", "se"]] },
  2: { name: "Noise_XXpsk0_25519_ChaChaPoly_SHA256", pre: false, psk: true, messages: [["psk", "e"], ["e", "ee", "s", "es"], ["s", "se"]] },
};
const MESSAGE_MAX = 2 ** 20, FULL = 65515, WIRE_MAX = 65535, FRAMES_PER_KEY = 2 ** 14;
const SIZES = [64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65518];
const fail = (code) => { throw new Refusal(code); };
const hmac = (key, data) => new Uint8Array(createHmac("sha256", key).update(data).digest());

function hkdf(chaining, input, count) {
  const key = hmac(chaining, input);
  const outputs = [];
  for (let i = 1; i <= count; i += 1) outputs.push(hmac(key, join(outputs.at(-1) ?? [], [i])));
  return outputs;
}

export class Cipher {
  constructor(key) { this.key = key; this.number = 0n; }
  nonce(number = this.number) {
    const nonce = Buffer.alloc(12);
    nonce.writeBigUInt64LE(number, 4);
    return nonce;
  }
  seal(plaintext, associated) {
    const sealed = chachaSeal(this.key, this.nonce(), plaintext, associated);
    this.number += 1n;
    return sealed;
  }
  open(sealed, associated) {
    const plaintext = chachaOpen(this.key, this.nonce(), sealed, associated);
    this.number += 1n;
    return plaintext;
  }
  rekey() {
    this.key = chachaSeal(this.key, this.nonce(2n ** 64n - 1n), new Uint8Array(32)).slice(0, 32);
  }
}

// Noise's symmetric state (Noise revision 34, 5.2).
class Symmetric {
  constructor(protocol, prologue) {
    const name = Buffer.from(protocol);
    this.h = name.length <= 32 ? join(name, new Uint8Array(32 - name.length)) : sha256(name);
    this.ck = this.h;
    this.cipher = null;
    this.mixHash(prologue);
  }
  mixHash(data) { this.h = sha256(join(this.h, data)); }
  mixKey(input) {
    const [ck, key] = hkdf(this.ck, input, 2);
    this.ck = ck;
    this.cipher = new Cipher(key);
  }
  mixKeyAndHash(input) {
    const [ck, hashed, key] = hkdf(this.ck, input, 3);
    this.ck = ck;
    this.mixHash(hashed);
    this.cipher = new Cipher(key);
  }
  sealAndHash(plaintext) {
    const out = this.cipher ? this.cipher.seal(plaintext, this.h) : plaintext;
    this.mixHash(out);
    return out;
  }
  openAndHash(data) {
    const out = this.cipher ? this.cipher.open(data, this.h) : data;
    this.mixHash(data);
    return out;
  }
  dh(own, remote) {
    const secret = x25519(own, remote);
    if (secret === null) fail("bad-key");
    this.mixKey(secret);
  }
  split() { return hkdf(this.ck, new Uint8Array(), 2); }
}

export const mixer = (protocol, prologue) => new Symmetric(protocol, prologue);

// One end of a handshake: `write` and `read` in turn, then `keys`.
export class Handshake extends Symmetric {
  constructor({ kind, isInitiator, house, staticPrivate, ephemeral, remoteStatic, secret }) {
    super(PATTERNS[kind].name, join(Buffer.from("openhouse/1"), [1, kind], house));
    Object.assign(this, { kind, isInitiator, staticPrivate, ephemeral, secret });
    this.pattern = PATTERNS[kind];
    this.turn = 0;
    if (this.pattern.pre) {
      this.remoteStatic = isInitiator ? remoteStatic : undefined;
      this.mixHash(isInitiator ? remoteStatic : x25519Public(staticPrivate));
    }
  }

  get tag() {
    return sha256(join(Buffer.from("openhouse/1 invitation tag\0"), this.secret)).slice(0, 16);
  }

  token(name) {
    const mine = { e: this.ephemeral, s: this.staticPrivate };
    const theirs = { e: this.remoteEphemeral, s: this.remoteStatic };
    const [first, second] = this.isInitiator ? name : [name[1], name[0]];
    this.dh(mine[first], theirs[second]);
  }
  pskToken() {
    this.mixKeyAndHash(sha256(join(Buffer.from("openhouse/1 invitation psk\0"), this.secret)));
  }

  write(payload) {
    const parts = [Uint8Array.of(1)];
    if (this.turn === 0) parts.push(Uint8Array.of(this.kind), ...(this.kind === 2 ? [this.tag] : []));
    for (const name of this.pattern.messages[this.turn]) {
      if (name === "psk") this.pskToken();
      else if (name === "e") {
        const key = x25519Public(this.ephemeral);
        parts.push(key);
        this.mixHash(key);
        if (this.pattern.psk) this.mixKey(key);
      } else if (name === "s") parts.push(this.sealAndHash(x25519Public(this.staticPrivate)));
      else this.token(name);
    }
    parts.push(this.sealAndHash(payload));
    this.turn += 1;
    return join(...parts);
  }

  read(wire) {
    let rest = openWire(wire);
    const take = (count) => {
      if (rest.length < count) fail("malformed");
      const taken = rest.slice(0, count);
      rest = rest.slice(count);
      return taken;
    };
    if (this.turn === 0) {
      if (rest.length < 1) fail("malformed");
      const [kind] = take(1);
      if (kind !== 1 && kind !== 2) fail("unknown-critical");
      // A responder of one kind is what the vectors give: the other kind does not open.
      if (kind !== this.kind) fail("decrypt-failed");
      if (kind === 2 && !same(take(16), this.tag)) fail("decrypt-failed");
    }
    for (const name of this.pattern.messages[this.turn]) {
      if (name === "psk") this.pskToken();
      else if (name === "e") {
        this.remoteEphemeral = take(32);
        this.mixHash(this.remoteEphemeral);
        if (this.pattern.psk) this.mixKey(this.remoteEphemeral);
      } else if (name === "s") this.remoteStatic = this.openAndHash(take(48));
      else this.token(name);
    }
    const payload = this.openAndHash(rest);
    this.turn += 1;
    return payload;
  }

  keys() {
    const [initiator, responder] = this.split();
    return { initiator, responder };
  }
}

function openWire(wire) {
  if (wire.length > WIRE_MAX) fail("too-large");
  if (wire.length === 0) fail("malformed");
  if (wire[0] !== 1) fail("unknown-critical");
  return wire.slice(1);
}

// --- frames (Spec §6.6 to §6.9) ------------------------------------------------------------------

class Direction {
  constructor(key) { this.cipher = new Cipher(key); this.frames = 0; }
  count(isNotice) {
    this.frames += 1;
    if (isNotice || this.frames === FRAMES_PER_KEY) { this.cipher.rekey(); this.frames = 0; }
  }
}

// The side that writes, as far as the vectors need it: whole messages, close and notice.
export class Writer extends Direction {
  frame(type, payload) {
    const size = SIZES.find((s) => s >= 3 + payload.length);
    const inner = new Uint8Array(size);
    inner.set([type, payload.length >> 8, payload.length & 255]);
    inner.set(payload, 3);
    const sealed = this.cipher.seal(inner);
    this.count(type === 3);
    return join([1], sealed);
  }
  message(payload) {
    const frames = [];
    let rest = payload;
    while (rest.length > FULL) {
      frames.push(this.frame(1, rest.slice(0, FULL)));
      rest = rest.slice(FULL);
    }
    return [...frames, this.frame(0, rest)];
  }
}

export class Reader extends Direction {
  constructor(key) { super(key); this.parts = []; this.size = 0; this.isClosed = false; }

  // The message that ends with this frame, "closed", or null.
  read(wire) {
    if (this.isClosed) fail("invalid-state");
    const sealed = openWire(wire);
    if (!SIZES.includes(sealed.length - 16)) fail("malformed");
    const inner = this.cipher.open(sealed);
    const [type] = inner;
    if (type > 3) fail("unknown-critical");
    const length = inner[1] * 256 + inner[2];
    if (3 + length > inner.length) fail("malformed");
    if (inner.length !== SIZES.find((s) => s >= 3 + length)) fail("not-canonical");
    if (inner.slice(3 + length).some((byte) => byte !== 0)) fail("not-canonical");
    this.count(type === 3);
    if (type >= 2) {
      if (length > 0 || this.parts.length > 0) fail("malformed");
      this.isClosed = type === 2;
      return type === 2 ? "closed" : null;
    }
    this.size += length;
    if (this.size > MESSAGE_MAX) fail("too-large");
    if (type === 1 && length !== FULL) fail("not-canonical");
    if (type === 0 && length === 0 && this.parts.length > 0) fail("not-canonical");
    this.parts.push(inner.slice(3, 3 + length));
    if (type === 1) return null;
    const message = join(...this.parts);
    this.parts = [];
    this.size = 0;
    return message;
  }
}

// --- vectors ---------------------------------------------------------------------------------------

// Play a case; gives what happened, in the shape of the case's own `decoded`.
export function play({ kind, initiator, responder, payloads, messages, frames }, isExpectedToWrite) {
  const side = (given, isInitiator) => new Handshake({
    kind, isInitiator, house: unhex(given.house), staticPrivate: unhex(given.static), ephemeral: unhex(given.ephemeral),
    remoteStatic: given.remote_static && unhex(given.remote_static), secret: given.secret && unhex(given.secret),
  });
  const ends = [side(initiator, true), side(responder, false)];
  const hashes = [];
  let place = "";
  try {
    messages.forEach((message, i) => {
      place = `message ${i + 1}`;
      const [writer, reader] = i % 2 === 0 ? ends : [ends[1], ends[0]];
      const written = hex(writer.write(unhex(payloads[i])));
      if (written !== message && isExpectedToWrite(place)) throw new Error(`${place} is written otherwise`);
      const read = hex(reader.read(unhex(message)));
      if (read !== payloads[i]) throw new Error(`${place} carries another payload`);
      hashes.push(hex(reader.h));
    });
    const keys = ends[0].keys();
    const lines = {
      responder: [new Writer(keys.initiator), new Reader(keys.initiator)],
      initiator: [new Writer(keys.responder), new Reader(keys.responder)],
    };
    frames.forEach((step, i) => {
      place = `frame ${i + 1}`;
      const [writer, reader] = lines[step.to];
      if (step.empty_messages !== undefined) {
        for (let n = 0; n < step.empty_messages; n += 1)
          for (const frame of writer.message(new Uint8Array())) reader.read(frame);
        return;
      }
      const outcome = reader.read(unhex(step.frame));
      const shown = outcome === null ? { event: "none" } : outcome === "closed" ? { event: "closed" } : { message: hex(outcome) };
      for (const [name, value] of Object.entries(shown))
        if (step[name] !== undefined && step[name] !== value) throw new Error(`${place}: ${name} is otherwise`);
      if ("message" in step && shown.message !== step.message) throw new Error(`${place}: no such message`);
      if ("event" in step && shown.event !== step.event) throw new Error(`${place}: no such event`);
    });
    return {
      decoded: {
        handshake_hashes: hashes,
        initiator_sends_with: hex(keys.initiator),
        responder_sends_with: hex(keys.responder),
      },
    };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { error: error.code, place };
  }
}
