// Spec §3: the canonical subset of MessagePack.
//
// Values here: integers and booleans as themselves, texts as strings, byte strings as Uint8Array,
// arrays as arrays, the extension slot as a Map. Written from the spec alone.

import { Refusal } from "./refusal.mjs";

export const DEPTH_MAX = 6, ELEMENTS_MAX = 512, TEXT_SIZE_MAX_BYTES = 4096;
const UINT_MAX = 2 ** 53 - 1;

export function decode(data, { sizeMax, slot = false, depthMax = DEPTH_MAX, elementsMax = ELEMENTS_MAX }) {
  if (data.length > sizeMax) throw new Refusal("too-large");
  const reader = new Reader(data, slot, depthMax, elementsMax);
  const value = reader.value(0, false);
  if (reader.place !== data.length) throw new Refusal("malformed");
  if (reader.isLonger) throw new Refusal("not-canonical");
  return value;
}

class Reader {
  constructor(data, slot, depthMax, elementsMax) {
    Object.assign(this, { data, slot, depthMax, elementsMax });
    this.place = 0;
    this.elements = 0;
    this.maps = 0;
    this.isLonger = false;
  }

  take(count) {
    if (this.place + count > this.data.length) throw new Refusal("malformed");
    const taken = this.data.subarray(this.place, this.place + count);
    this.place += count;
    return taken;
  }

  // A big-endian number of `size` bytes, of which smaller ones have another spelling.
  number(size, least) {
    let number = 0n;
    for (const byte of this.take(size)) number = number * 256n + BigInt(byte);
    if (number > BigInt(UINT_MAX)) throw new Refusal("malformed");
    if (number < BigInt(least)) this.isLonger = true;
    return Number(number);
  }

  value(depth, inOutermost) {
    const [first] = this.take(1);
    if (first <= 0x7f) return first;
    if (first <= 0x8f) return this.map(first - 0x80, depth, inOutermost);
    if (first <= 0x9f) return this.array(first - 0x90, depth);
    if (first <= 0xbf) return this.text(first - 0xa0);
    switch (first) {
      case 0xc2: return false;
      case 0xc3: return true;
      case 0xc4: return this.bytes(this.number(1, 0));
      case 0xc5: return this.bytes(this.number(2, 2 ** 8));
      case 0xc6: return this.bytes(this.number(4, 2 ** 16));
      case 0xcc: return this.number(1, 2 ** 7);
      case 0xcd: return this.number(2, 2 ** 8);
      case 0xce: return this.number(4, 2 ** 16);
      case 0xcf: return this.number(8, 2 ** 32);
      case 0xd9: return this.text(this.number(1, 2 ** 5));
      case 0xda: return this.text(this.number(2, 2 ** 8));
      case 0xdb: return this.text(this.number(4, 2 ** 16));
      case 0xdc: return this.array(this.number(2, 2 ** 4), depth);
      case 0xdd: return this.array(this.number(4, 2 ** 16), depth);
      case 0xde: return this.map(this.number(2, 2 ** 4), depth, inOutermost);
      case 0xdf: return this.map(this.number(4, 2 ** 16), depth, inOutermost);
    }
    throw new Refusal("malformed");
  }

  bytes(length) {
    return this.take(length).slice();
  }

  text(length) {
    if (length > TEXT_SIZE_MAX_BYTES) throw new Refusal("too-large");
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(this.take(length));
    } catch (error) {
      throw error instanceof Refusal ? error : new Refusal("malformed");
    }
  }

  count(added) {
    this.elements += added;
    if (this.elements > this.elementsMax) throw new Refusal("too-large");
  }

  array(length, depth) {
    if (depth + 1 > this.depthMax) throw new Refusal("too-large");
    this.count(length);
    return Array.from({ length }, () => this.value(depth + 1, depth === 0));
  }

  map(length, depth, inOutermost) {
    this.maps += 1;
    if (!this.slot || !inOutermost || this.maps > 1) throw new Refusal("malformed");
    if (depth + 1 > this.depthMax) throw new Refusal("too-large");
    this.count(2 * length);
    const pairs = new Map();
    let last = -1;
    for (let number = 0; number < length; number += 1) {
      const key = this.value(depth + 1, false);
      if (typeof key !== "number") throw new Refusal("malformed");
      if (key <= last) this.isLonger = true;
      last = key;
      pairs.set(key, this.value(depth + 1, false));
    }
    return pairs;
  }
}

// Spec §3.4: keys that must be understood are even, and version 1 knows none.
export function checkExtensions(slot) {
  if (!(slot instanceof Map)) throw new Refusal("malformed");
  for (const key of slot.keys()) if (key % 2 === 0) throw new Refusal("unknown-critical");
}

// --- fields (Spec §3.5) -------------------------------------------------------------------

const fail = () => { throw new Refusal("malformed"); };
const sizeOf = (text) => new TextEncoder().encode(text).length;

export const uint = (max = UINT_MAX) => (v) => (typeof v === "number" && v <= max ? v : fail());
export const bool = (v) => (typeof v === "boolean" ? v : fail());
export const bytes = (...sizes) => (v) => (v instanceof Uint8Array && sizes.includes(v.length) ? v : fail());
export const blob = (max) => (v) => (v instanceof Uint8Array && v.length <= max ? v : fail());
export const text = (max) => (v) => (typeof v === "string" && sizeOf(v) <= max ? v : fail());
export const list = (item, max) => (v) => (Array.isArray(v) && v.length <= max ? v.map(item) : fail());
export const tuple = (...fields) => (v) =>
  Array.isArray(v) && v.length === fields.length ? fields.map((field, i) => field(v[i])) : fail();

// --- encoding (Spec §3.2) -----------------------------------------------------------------

export function encode(value) {
  const out = [];
  write(value, out);
  return Uint8Array.from(out);
}

function big(number, size) {
  return Array.from({ length: size }, (_, i) => Number((BigInt(number) >> BigInt(8 * (size - 1 - i))) & 255n));
}

// The first form that can hold a length: [most, first byte, bytes of length].
function head(length, forms, out) {
  for (const [most, first, size] of forms) {
    if (length <= most) {
      out.push(...(size === 0 ? [first + length] : [first, ...big(length, size)]));
      return;
    }
  }
}

function write(value, out) {
  if (typeof value === "boolean") out.push(value ? 0xc3 : 0xc2);
  else if (typeof value === "number")
    head(value, [[127, 0, 0], [255, 0xcc, 1], [65535, 0xcd, 2], [2 ** 32 - 1, 0xce, 4], [UINT_MAX, 0xcf, 8]], out);
  else if (typeof value === "string") {
    const utf8 = new TextEncoder().encode(value);
    head(utf8.length, [[31, 0xa0, 0], [255, 0xd9, 1], [65535, 0xda, 2], [2 ** 32 - 1, 0xdb, 4]], out);
    for (const byte of utf8) out.push(byte);
  } else if (value instanceof Uint8Array) {
    head(value.length, [[255, 0xc4, 1], [65535, 0xc5, 2], [2 ** 32 - 1, 0xc6, 4]], out);
    for (const byte of value) out.push(byte);
  } else if (Array.isArray(value)) {
    head(value.length, [[15, 0x90, 0], [65535, 0xdc, 2], [2 ** 32 - 1, 0xdd, 4]], out);
    for (const item of value) write(item, out);
  } else {
    head(value.size, [[15, 0x80, 0], [65535, 0xde, 2], [2 ** 32 - 1, 0xdf, 4]], out);
    for (const [key, item] of value) { write(key, out); write(item, out); }
  }
}

// A value as the vectors write it.
export function plain(value) {
  if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString("hex") };
  if (value instanceof Map) return { map: [...value].map(([key, item]) => [key, plain(item)]) };
  return Array.isArray(value) ? value.map(plain) : value;
}
