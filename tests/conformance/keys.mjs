// Spec §4: digests, Ed25519 as strict as the spec asks, X25519, seals. Points are computed here, with
// BigInt, so that no library decides which keys and signatures are good.

import { createCipheriv, createDecipheriv, createHash, createPrivateKey, createPublicKey, diffieHellman, hkdfSync } from "node:crypto";
import { Refusal } from "./refusal.mjs";

export const hex = (data) => Buffer.from(data).toString("hex");
export const unhex = (text) => new Uint8Array(Buffer.from(text, "hex"));
export const join = (...parts) => new Uint8Array(Buffer.concat(parts.map((p) => Buffer.from(p))));
export const same = (one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)) === 0;
export const big8 = (number) => unhex(BigInt(number).toString(16).padStart(16, "0"));
const sha = (name, data) => new Uint8Array(createHash(name).update(data).digest());

export const prefix = (domain) => join(Buffer.from(`openhouse/1 ${domain}`), [0]);
export const digest = (domain, ...parts) => sha("sha256", join(prefix(domain), ...parts));
export const sha256 = (data) => sha("sha256", data);

// --- Ed25519 (Spec §4.2, §4.3; RFC 8032) ----------------------------------------------------

const P = 2n ** 255n - 19n;
const L = 2n ** 252n + 27742317777372353535851937790883648493n;
const mod = (a, m = P) => ((a % m) + m) % m;

function power(base, exponent) {
  let result = 1n;
  for (base = mod(base); exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = mod(result * base);
    base = mod(base * base);
  }
  return result;
}

const inverse = (a) => power(a, P - 2n);
const D = mod(-121665n * inverse(121666n));
const I = power(2n, (P - 1n) / 4n);
const SMALL = [
  0n, 1n, P - 1n,
  0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n,
  0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n,
];

const little = (data) => BigInt(`0x${hex(Uint8Array.from(data).reverse()) || "0"}`);

// The point of a key, or the problem with it as a refusal.
function point(key) {
  if (key.length !== 32) throw new Refusal("bad-key");
  const number = little(key);
  const sign = number >> 255n;
  const y = number & (2n ** 255n - 1n);
  if (y >= P || SMALL.includes(y)) throw new Refusal("bad-key");
  const square = mod((y * y - 1n) * inverse(D * y * y + 1n));
  let x = power(square, (P + 3n) / 8n);
  if (mod(x * x - square) !== 0n) x = mod(x * I);
  if (mod(x * x - square) !== 0n) throw new Refusal("bad-key");
  if ((x & 1n) !== sign) x = mod(-x);
  return [x, y, 1n, mod(x * y)];
}

export function checkKey(key) {
  point(key);
}

function add([x1, y1, z1, t1], [x2, y2, z2, t2]) {
  const a = mod((y1 - x1) * (y2 - x2)), b = mod((y1 + x1) * (y2 + x2));
  const c = mod(2n * t1 * t2 * D), d = mod(2n * z1 * z2);
  const e = b - a, f = d - c, g = d + c, h = b + a;
  return [mod(e * f), mod(g * h), mod(f * g), mod(e * h)];
}

function times(scalar, p) {
  let result = [0n, 1n, 1n, 0n];
  for (; scalar > 0n; scalar >>= 1n) {
    if (scalar & 1n) result = add(result, p);
    p = add(p, p);
  }
  return result;
}

const baseY = mod(4n * inverse(5n));
const BASE = point(littleBytes(baseY));

function littleBytes(number) {
  return Uint8Array.from(unhex(number.toString(16).padStart(64, "0"))).reverse();
}

function compress([x, y, z]) {
  const inverted = inverse(z);
  return littleBytes(mod(y * inverted) | ((mod(x * inverted) & 1n) << 255n));
}

export function verify(key, message, signature) {
  if (signature.length !== 64) return false;
  const s = little(signature.slice(32));
  if (s >= L) return false;
  let a;
  try {
    a = point(key);
  } catch {
    return false;
  }
  const r = signature.slice(0, 32);
  const h = mod(little(sha("sha512", join(r, key, message))), L);
  const [x, y, z, t] = times(h, a);
  return same(compress(add(times(s, BASE), [mod(-x), y, z, mod(-t)])), r);
}

// The public key of a seed (RFC 8032, 5.1.5).
export function publicOf(seed) {
  const head = Uint8Array.from(sha("sha512", seed).slice(0, 32));
  head[0] &= 248;
  head[31] = (head[31] & 127) | 64;
  return compress(times(mod(little(head), L), BASE));
}

// --- X25519 and seals (Spec §4.4, §4.5) -------------------------------------------------------

const PRIVATE_HEAD = unhex("302e020100300506032b656e04220420");
const PUBLIC_HEAD = unhex("302a300506032b656e032100");
const privateKey = (raw) => createPrivateKey({ key: Buffer.from(join(PRIVATE_HEAD, raw)), format: "der", type: "pkcs8" });
const publicKey = (raw) => createPublicKey({ key: Buffer.from(join(PUBLIC_HEAD, raw)), format: "der", type: "spki" });

export function x25519Public(raw) {
  return new Uint8Array(createPublicKey(privateKey(raw)).export({ format: "der", type: "spki" }).subarray(12));
}

// The shared secret, or null for one of zeros.
export function x25519(raw, theirs) {
  try {
    const secret = new Uint8Array(diffieHellman({ privateKey: privateKey(raw), publicKey: publicKey(theirs) }));
    return secret.every((byte) => byte === 0) ? null : secret;
  } catch {
    return null;
  }
}

export function chachaSeal(key, nonce, plaintext, associated = new Uint8Array()) {
  const cipher = createCipheriv("chacha20-poly1305", key, nonce, { authTagLength: 16 });
  cipher.setAAD(associated, { plaintextLength: plaintext.length });
  return join(cipher.update(plaintext), cipher.final(), cipher.getAuthTag());
}

export function chachaOpen(key, nonce, sealed, associated = new Uint8Array()) {
  if (sealed.length < 16) throw new Refusal("decrypt-failed");
  const decipher = createDecipheriv("chacha20-poly1305", key, nonce, { authTagLength: 16 });
  decipher.setAAD(associated, { plaintextLength: sealed.length - 16 });
  decipher.setAuthTag(sealed.slice(-16));
  try {
    return join(decipher.update(sealed.slice(0, -16)), decipher.final());
  } catch {
    throw new Refusal("decrypt-failed");
  }
}

function sealKey(secret, ephemeral, reader) {
  return new Uint8Array(hkdfSync("sha256", secret, join(ephemeral, reader), prefix("seal"), 32));
}

export function seal(reader, plaintext, ephemeralPrivate, context) {
  const ephemeral = x25519Public(ephemeralPrivate);
  const secret = reader.length === 32 ? x25519(ephemeralPrivate, reader) : null;
  if (secret === null) throw new Refusal("bad-key");
  const key = sealKey(secret, ephemeral, reader);
  return { secret, key, sealed: join(ephemeral, chachaSeal(key, new Uint8Array(12), plaintext, context)) };
}

export function unseal(readerPrivate, sealed, context) {
  if (sealed.length < 48) throw new Refusal("decrypt-failed");
  const ephemeral = sealed.slice(0, 32);
  const secret = x25519(readerPrivate, ephemeral);
  if (secret === null) throw new Refusal("decrypt-failed");
  const key = sealKey(secret, ephemeral, x25519Public(readerPrivate));
  return { secret, key, plaintext: chachaOpen(key, new Uint8Array(12), sealed.slice(32), context) };
}
