// Spec §17.8: two people compare six digits.

import * as e from "./encoding.mjs";
import { mixer } from "./handshake.mjs";
import { digest, hex, join, x25519Public } from "./keys.mjs";
import { Refusal } from "./refusal.mjs";

const fail = (code = "malformed") => { throw new Refusal(code); };

export function channel(initiator, responder) {
  const prologue = join(Buffer.from("openhouse/1"), [1, 3], new Uint8Array(32));
  const state = mixer("Noise_NN_25519_ChaChaPoly_SHA256", prologue);
  const [one, other] = [initiator, responder].map((key) => x25519Public(key));
  state.mixHash(one);
  state.mixHash(new Uint8Array());
  state.mixHash(other);
  state.dh(responder, one);
  const second = join([1], other, state.sealAndHash(new Uint8Array()));
  return { first: hex(join([1, 3], one)), second: hex(second), handshake_hash: hex(state.h) };
}

const number = e.uint(), nonce = e.bytes(32);
const SHAPES = {
  1: e.tuple(number, nonce),
  2: e.tuple(number, nonce, e.text(80)),
  3: e.tuple(number, nonce, e.text(80)),
  4: e.tuple(number, e.blob(32), nonce),
  5: e.tuple(number, e.text(64)),
  6: e.tuple(number, e.text(4096)),
  7: e.tuple(number),
  8: e.tuple(number, e.blob(64)),
};

export class End {
  constructor({ isInitiator, handshakeHash, nonce: own, name }) {
    Object.assign(this, { isInitiator, handshakeHash, nonce: own, name });
    this.said = [];
    Object.assign(this, { code: "", over: "", link: "", ours: null, theirs: null, commitment: null });
    if (isInitiator) this.say(1, digest("pairing commitment", own));
  }

  say(...fields) { this.said.push(e.encode(fields)); }

  confirm(house, member) {
    this.ours = { house, member };
    this.say(4, house, member);
  }

  get role() {
    if (!this.ours || !this.theirs) return null;
    const [mine, other] = [hex(this.ours.house), hex(this.theirs.house)];
    if (hex(this.ours.member) === hex(this.theirs.member)) return "own-home";
    if (!mine && !other) return "no-house";
    if (mine && other && mine !== other) return "other-house";
    if (mine && other) return this.isInitiator ? "guest" : "inviter";
    return mine ? "inviter" : "guest";
  }

  mayCome(type) {
    switch (type) {
      case 1: return !this.isInitiator && !this.commitment;
      case 2: return this.isInitiator && !this.code;
      case 3: return this.commitment && !this.code;
      case 4: return this.code && !this.theirs;
      case 5: return true;
      case 6: return this.role === "guest" && !this.link;
      case 7: return this.role === "inviter";
      case 8: return ["inviter", "guest"].includes(this.role) && hex(this.ours.house) === hex(this.theirs.house) && !this.proof;
      default: return false;
    }
  }

  know(theirs) {
    const [one, other] = this.isInitiator ? [this.nonce, theirs] : [theirs, this.nonce];
    const whole = digest("pairing code", join(this.handshakeHash, one, other));
    const value = BigInt(`0x${hex(whole.slice(0, 8))}`) % 1000000n;
    this.code = value.toString().padStart(6, "0");
  }

  receive(data) {
    const value = e.decode(data, { sizeMax: 4096 });
    if (!Array.isArray(value)) fail();
    const type = value.length ? number(value[0]) : 0;
    if (!this.mayCome(type)) fail("invalid-state");
    const fields = SHAPES[type](value);
    if (type === 1) {
      this.commitment = fields[1];
      this.say(2, this.nonce, this.name);
    } else if (type === 2) {
      this.know(fields[1]);
      this.say(3, this.nonce, this.name);
    } else if (type === 3) {
      if (hex(digest("pairing commitment", fields[1])) !== hex(this.commitment)) fail("bad-signature");
      this.know(fields[1]);
    } else if (type === 4) {
      if (![0, 32].includes(fields[1].length)) fail();
      this.theirs = { house: fields[1], member: fields[2] };
    } else if (type === 5) this.over = fields[1] || "over";
    else if (type === 6) this.link = fields[1];
    else if (type === 8) {
      if (fields[1].length !== 64) fail();
      this.proof = fields[1];
    }
    else this.over = "joined";
  }
}
