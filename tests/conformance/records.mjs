// Spec §5 and §18.1: envelopes, headers, bodies of every kind, mandates, registers.

import * as e from "./encoding.mjs";
import { big8, checkKey, digest, hex, same, verify } from "./keys.mjs";
import { Refusal } from "./refusal.mjs";

const KIB = 1024, DAY_MS = 24 * 3600 * 1000;
const RECORD_MAX = 16 * KIB, MANDATE_MAX = 2 * KIB;
const fail = (code = "malformed") => { throw new Refusal(code); };

// --- fields that stand in several bodies ------------------------------------------------------

const member = e.bytes(32), object = e.bytes(16), signature = e.bytes(64), number = e.uint();
const circles = e.uint(4), sealed = e.blob(4096 + 64), commitment = e.bytes(0, 32);
const members = (max) => (v) => {
  const list = e.list(member, max)(v);
  return new Set(list.map(hex)).size === list.length ? list : fail();
};
const sorted = (list) => list.every((item, i) => i === 0 || Buffer.compare(list[i - 1], item) < 0);
const path = (v) => { const p = members(5)(v); return p.length >= 2 ? p : fail(); };
const interval = (v) => { const [from, to] = e.tuple(number, number)(v); return to > from ? [from, to] : fail(); };
const weekly = (v) => {
  const rows = e.list(interval, 14)(v);
  return rows.every(([from, to], i) => to <= 10080 && (i === 0 || from > rows[i - 1][1])) ? rows : fail();
};
const atLeastOne = (max) => (v) => e.uint(max)(v) || fail();
const photo = e.tuple(e.bytes(32), atLeastOne(512 * KIB), e.bytes(32), atLeastOne(32 * KIB));
const file = (v) => (Array.isArray(v) && v.length === 0 ? [] : e.tuple(e.text(160), e.bytes(32), atLeastOne(512 * KIB * KIB))(v));
const dates = (body, from, to) => (body[to] > body[from] ? body : fail());

const terms = (v) =>
  dates(e.tuple(member, object, object, member, member, number, number, number)(v), 6, 7);

const parameters = (v) => {
  const rows = e.list(e.tuple(e.text(64), number), 64)(v);
  return rows.every(([name], i) => i === 0 || codePoints(rows[i - 1][0], name) < 0) ? rows : fail();
};

// kind: [largest envelope, how the body is read]
const BODIES = {
  1: [RECORD_MAX, e.tuple(e.text(80), members(2), parameters)],
  9: [4 * KIB, (v) => { const body = e.tuple(member, parameters)(v); return body[1].length > 0 ? body : fail(); }],
  2: [2 * KIB, e.tuple(e.text(80), e.list(e.text(16), 8), member, commitment, commitment)],
  3: [KIB, e.tuple(member, commitment, commitment)],
  4: [KIB, e.tuple(member, member, e.bool, e.bool)],
  5: [RECORD_MAX, e.tuple(e.text(160), e.text(4096), (v) => e.uint(5)(v) || fail(), circles, members(32), e.list(interval, 100), e.tuple(weekly, number, number), e.list(photo, 4), e.uint(255), e.text(512), e.text(80), file)],
  6: [RECORD_MAX, e.tuple(object, number, number, circles, members(32))],
  7: [4 * KIB, (v) => {
    const body = e.tuple(member, members(16), e.uint(4), e.bool, e.list(member, 64))(v);
    return body[2] >= 2 && sorted(body[1]) && sorted(body[4]) ? body : fail();
  }],
  8: [KIB, e.tuple(member, e.bool)],
  16: [RECORD_MAX, (v) => dates(e.tuple(object, path, number, object, number, number, signature, member, sealed)(v), 4, 5)],
  17: [RECORD_MAX, e.tuple(object, path, number, e.bool)],
  18: [RECORD_MAX, (v) => dates(e.tuple(object, path, number, number, number, sealed)(v), 3, 4)],
  19: [RECORD_MAX, e.tuple(object, path, number, signature, sealed)],
  20: [RECORD_MAX, e.tuple(object, path, number, sealed)],
  21: [RECORD_MAX, e.tuple(object, path, sealed)],
  22: [RECORD_MAX, e.tuple(object, path)],
  23: [RECORD_MAX, e.tuple(object, path)],
  24: [RECORD_MAX, e.tuple(object, path, member)],
  25: [RECORD_MAX, e.tuple(object, path, (v) => e.uint(3)(v) || fail(), sealed)],
  34: [2 * KIB, e.tuple(object, member, member, number, member, signature, signature, number, commitment, number)],
  33: [2 * KIB, e.tuple(terms, signature, signature)],
  26: [RECORD_MAX, e.tuple(member, terms, signature, signature, sealed)],
  27: [KIB, e.tuple(object, member, e.bool)],
  36: [2 * KIB, e.tuple(terms, signature, signature, (v) => e.text(400)(v) || fail())],
  37: [2 * KIB, e.tuple(terms, signature, signature)],
  32: [2 * KIB, (v) => {
    const body = e.tuple(terms, signature, signature, e.uint(1), e.uint(10), object, e.uint(6))(v);
    return (body[3] === 1) === (body[6] === 0) ? body : fail();
  }],
};

function codePoints(one, other) {
  const a = [...one], b = [...other];
  for (let i = 0; i < Math.min(a.length, b.length); i += 1)
    if (a[i] !== b[i]) return a[i].codePointAt(0) - b[i].codePointAt(0);
  return a.length - b.length;
}

// --- opening (Spec §5.1) ------------------------------------------------------------------------

export function open(envelope) {
  const outer = e.decode(envelope, { sizeMax: RECORD_MAX });
  const [unsigned, signed, mandate] = e.tuple(e.blob(RECORD_MAX), signature, e.blob(MANDATE_MAX))(outer);
  const header = e.decode(unsigned, { sizeMax: RECORD_MAX, slot: true });
  if (!Array.isArray(header) || header.length !== 12) fail();
  if (number(header[0]) !== 1) fail();
  const kind = e.uint(255)(header[1]);
  if (!(kind in BODIES)) fail();
  const [sizeMax, readBody] = BODIES[kind];
  if (envelope.length > sizeMax) fail("too-large");
  const record = {
    header, kind, house: member(header[2]), author: member(header[3]), device: member(header[4]),
    object: object(header[5]), epoch: number(header[6]), sequence: number(header[7]),
    created: number(header[8]), notAfter: number(header[9]), mandate,
  };
  e.checkExtensions(header[11]);
  if (record.notAfter <= record.created) fail();
  record.body = readBody(header[10]);
  record.id = digest("record", unsigned);
  record.signed = digest("signature record", record.id);
  checkKey(record.author);
  checkMandate(record, mandate);
  if (!verify(record.device, record.signed, signed)) fail("bad-signature");
  return record;
}

// --- mandates (Spec §18.1) ------------------------------------------------------------------------

const approval = e.tuple(member, signature);
const successor = e.tuple(member, number, e.list(approval, 4));
const mandateFields = e.tuple(e.list(successor, 8), number, number, signature);

function checkMandate({ author, device, created }, bytes) {
  const isOwn = same(author, device);
  if (bytes.length === 0) return isOwn ? undefined : fail();
  if (isOwn) fail();
  const [successors, notBefore, notAfter, signed] = mandateFields(e.decode(bytes, { sizeMax: MANDATE_MAX }));
  if (!(notAfter > notBefore && notAfter - notBefore <= 365 * DAY_MS)) fail();
  if (!(notBefore <= created && created < notAfter)) fail();
  for (const [, , approvals] of successors) if (!sorted(approvals.map(([guardian]) => guardian))) fail();
  const roots = [author, ...successors.map(([key]) => key)];
  if (new Set(roots.map(hex)).size !== roots.length) fail();
  const root = roots.at(-1);
  if (!same(device, root) && roots.some((key) => same(key, device))) fail();
  successors.forEach(([, from], i) => i > 0 && from < successors[i - 1][1] && fail());
  if (successors.length > 0 && notBefore < successors.at(-1)[1]) fail();
  for (const key of [device, ...roots.slice(1)]) checkKey(key);
  const chain = successors.flatMap(([key, from]) => [key, big8(from)]);
  const times = [big8(successors.length), big8(notBefore), big8(notAfter)];
  if (!verify(root, digest("signature mandate", author, device, ...times, ...chain), signed)) fail("bad-signature");
  successors.forEach(([key, from, approvals], i) => {
    const message = digest("signature succession", author, key, big8(i + 1), big8(from));
    for (const [guardian, signed] of approvals) if (!verify(guardian, message, signed)) fail("bad-signature");
  });
}

// --- registers (Spec §5.4) --------------------------------------------------------------------------

const version = ({ epoch, sequence }, other) => epoch - other.epoch || sequence - other.sequence;

// Whether `other` stands rather than `one`, and whether the two prove an equivocation.
export function compare(one, other) {
  const order = version(other, one) || Buffer.compare(one.id, other.id);
  return { otherStands: order > 0, equivocation: version(one, other) === 0 && !same(one.id, other.id) };
}

export function objectOf(kind, ...about) {
  return digest("step", [kind], ...about).slice(0, 16);
}
