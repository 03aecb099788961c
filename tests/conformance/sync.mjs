// Spec §8: messages, cursors of a stream, comparisons of what two sides hold.

import * as e from "./encoding.mjs";
import { digest, hex, join, sha256, unhex } from "./keys.mjs";
import { Refusal } from "./refusal.mjs";

const fail = (code = "malformed") => { throw new Refusal(code); };
const id = e.bytes(32), number = e.uint(), ITEMS = 256;
const list = (item, max = ITEMS) => e.list(item, max);
const envelopes = list(e.blob(16384)), addresses = list(e.text(255), 16), salt = e.bytes(16), upper = e.bytes(0, 32);
const code = e.text(64);

function paths(fields) {
  const [type, origin, offered] = e.tuple(number, id, list(e.tuple(list(id, 4), list(id)), 4))(fields);
  for (const [members, certificates] of offered)
    if (members.length === 0 || hex(members[0]) !== hex(origin) || certificates.length !== 2 * (members.length - 1)) fail();
  return [type, origin, offered];
}

const range = (lower, end) => end.length > 0 && hex(end) <= hex(lower) && fail();
const ranged = (fields) => { range(fields[2], fields[3]); return fields; };

const TYPES = {
  1: e.tuple(number, e.bytes(8), e.bytes(8), number),
  2: e.tuple(number, number, e.bool, list(e.tuple(id, e.uint(16384)))),
  3: e.tuple(number, list(id)),
  4: e.tuple(number, envelopes),
  5: e.tuple(number, list(id)),
  6: paths,
  7: e.tuple(number, list(e.tuple(id, e.uint(6)))),
  8: e.tuple(number, addresses),
  9: e.tuple(number, envelopes, addresses),
  10: e.tuple(number, envelopes, addresses),
  11: e.tuple(number, code),
  12: (v) => {
    const fields = e.tuple(number, salt, list(e.tuple(id, upper, number, id)))(v);
    for (const [lower, end] of fields[2]) range(lower, end);
    return fields;
  },
  13: (v) => ranged(e.tuple(number, salt, id, upper, list(e.tuple(id, number, id)))(v)),
  14: (v) => ranged(e.tuple(number, salt, id, upper, e.bool, list(id))(v)),
  15: e.tuple(number, list(id)),
  16: e.tuple(number),
  17: e.tuple(number, envelopes, e.bool),
};

export function message(data) {
  const value = e.decode(data, { sizeMax: 2 ** 20, depthMax: 5, elementsMax: 2048 });
  if (!Array.isArray(value) || value.length === 0) fail();
  const read = TYPES[e.uint(255)(value[0])];
  return read ? read(value) : fail();
}

// --- comparing (Spec §8.6) -----------------------------------------------------------------------

export const itemsOf = (spans) =>
  spans.flatMap(([from, to]) => Array.from({ length: to - from }, (_, i) => hex(sha256(Buffer.from(String(from + i)))))).sort();

const within = (items, lower, upper) => items.filter((item) => item >= lower && (upper === "" || item < upper));

export function fingerprint(items, saltHex) {
  const sum = items.reduce((total, item) => total + BigInt(`0x${hex(digest("fingerprint", unhex(saltHex), unhex(item)))}`), 0n);
  return (sum % 2n ** 256n).toString(16).padStart(64, "0");
}

const rangeKey = (lower, upper) => `${lower}-${upper}`;

// Follow a comparison; gives what the asker finds out that it lacks.
export function compare({ salt: saltHex, holds, gives, steps }) {
  const mine = itemsOf(holds), theirs = gives && itemsOf(gives);
  const asked = new Map(), toAsk = new Map([[rangeKey("0".repeat(64), ""), null]]);
  const lacking = new Set();
  let lists = new Map();
  for (const { from, message: text } of steps) {
    const fields = message(unhex(text));
    const given = fields.slice(1).map((field) => (field instanceof Uint8Array ? hex(field) : field));
    if (from === "asker") ask(given, fields[0]);
    else if (from === "answerer") answer(given, fields[0]);
    else throw new Error(`nobody is called ${from}`);
  }
  if (asked.size > 0 || toAsk.size > 0) throw new Error("the comparison is not at its end");
  return [...lacking].sort();

  function ask([salt, ranges], type) {
    if (type !== 12 || salt !== saltHex) throw new Error("the asker says something else");
    for (const [lower, upper, count, print] of ranges.map((range) => range.map((f) => (f instanceof Uint8Array ? hex(f) : f)))) {
      const items = within(mine, lower, upper);
      if (count !== items.length || print !== fingerprint(items, saltHex)) throw new Error("the asker's own items are others");
      if (!toAsk.delete(rangeKey(lower, upper))) throw new Error("the asker asks about another range");
      asked.set(rangeKey(lower, upper), items);
    }
  }

  function answer([salt, lower, upper, ...rest], type) {
    const key = rangeKey(lower, upper);
    if ((type !== 13 && type !== 14) || salt !== saltHex || !asked.has(key)) fail("invalid-state");
    const items = theirs && within(theirs, lower, upper);
    if (type === 13) parted(key, upper, lower, rest[0].map(([begin, count, print]) => [hex(begin), count, hex(print)]), items);
    else listed(key, lower, upper, rest[0], rest[1].map(hex), items);
  }

  function parted(key, upper, lower, parts, items) {
    const own = asked.get(key);
    if (parts.length === 0) {
      if (items && fingerprint(items, saltHex) !== fingerprint(own, saltHex)) throw new Error("the answerer's items differ");
    } else {
      if (parts.length < 2 || parts[0][0] !== lower) fail("invalid-state");
      parts.forEach(([begin], i) => i > 0 && begin <= parts[i - 1][0] && fail("invalid-state"));
      parts.forEach(([begin, count, print], i) => {
        const end = i + 1 < parts.length ? parts[i + 1][0] : upper;
        const there = items && within(items, begin, end);
        if (there && (there.length !== count || fingerprint(there, saltHex) !== print)) throw new Error("a part is another");
        if (count > 0 && fingerprint(within(mine, begin, end), saltHex) !== print) toAsk.set(rangeKey(begin, end), null);
      });
    }
    asked.delete(key);
  }

  function listed(key, lower, upper, more, ids, items) {
    if (ids.some((item) => item < lower || (upper !== "" && item >= upper)) || (more && ids.length === 0)) fail("invalid-state");
    const all = [...(lists.get(key) ?? []), ...ids];
    lists.set(key, all);
    for (const item of ids) if (!mine.includes(item)) lacking.add(item);
    if (more) return;
    if (items && all.slice().sort().join() !== items.join()) throw new Error("the list is another");
    asked.delete(key);
  }
}

// --- a stream (Spec §8.3, §8.4) ---------------------------------------------------------------------

export function stream({ epoch_a: epochA, epoch_b: epochB, log, holds, steps }) {
  const idOf = (n) => hex(sha256(Buffer.from(String(n))));
  const held = new Set(holds.map(idOf)), pending = new Set();
  let cursor = null, announced = 0;
  steps.forEach(({ from, message: text, cursor: expected }) => {
    const [type, ...fields] = message(unhex(text));
    if (from === "B" && type === 1) {
      const [own, peer, upto] = fields;
      if (hex(own) !== epochB) throw new Error("B's epoch is another");
      cursor = [hex(peer), upto];
    } else if (from === "A" && type === 1) {
      if (hex(fields[0]) !== epochA || hex(fields[1]) !== epochB) throw new Error("A's epochs are others");
      if (cursor[0] !== epochA) cursor = [epochA, 0];
    } else if (from === "A" && type === 2) {
      const [upto, , items] = fields;
      const due = log.filter((n) => n > cursor[1]).map(idOf);
      if (items.map(([item]) => hex(item)).join() !== due.join() || items.some(([, size]) => size !== 300)) throw new Error("A announces something else");
      if (upto !== log.at(-1)) throw new Error("A announces another number");
      announced = upto;
      for (const item of due) if (!held.has(item)) pending.add(item);
    } else if (from === "B" && type === 3) {
      if (fields[0].map(hex).join() !== [...pending].join()) throw new Error("B asks for something else");
    } else if (from === "A" && type === 4) {
      const wanted = [...pending];
      if (fields[0].length !== wanted.length) throw new Error("A gives something else");
      fields[0].forEach((envelope, i) => {
        const n = log.find((entry) => idOf(entry) === wanted[i]);
        const whole = join(...Array.from({ length: 60 }, () => Buffer.from(`record ${n} `))).slice(0, 300);
        if (hex(envelope) !== hex(whole)) throw new Error("A gives another record");
        held.add(wanted[i]);
        pending.delete(wanted[i]);
      });
    } else throw new Error(`${from} does not say ${type} here`);
    if (pending.size === 0 && announced > cursor[1]) cursor = [cursor[0], announced];
    if (JSON.stringify(cursor) !== JSON.stringify(expected)) throw new Error(`the cursor stands at ${cursor}`);
  });
}
