// Spec §20: the names of files, the pieces they travel in, the seal.

import { hkdfSync } from "node:crypto";
import { big8, chachaOpen, chachaSeal, digest, join, prefix, x25519, x25519Public } from "./keys.mjs";
import { Refusal } from "./refusal.mjs";

export const PART = 49152;
const SIZE_MAX = 512 * 2 ** 20, DIGEST = 32;
const pieces = (size) => Math.ceil(size / PART) + Math.ceil((Math.ceil(size / PART) * DIGEST) / PART);
export const PIECES = pieces(SIZE_MAX);

export function name(data) {
  const digests = [];
  for (let number = 0; number * PART < data.length; number += 1)
    digests.push(digest("file part", big8(number), data.slice(number * PART, (number + 1) * PART)));
  return digest("file", big8(data.length), join(...digests));
}

// Every piece of a file, in order: the list, then the parts.
export function cut(data) {
  const list = [], parts = [];
  for (let begin = 0; begin < data.length; begin += PART) parts.push(data.slice(begin, begin + PART));
  const digests = join(...parts.map((part, number) => digest("file part", big8(number), part)));
  for (let begin = 0; begin < digests.length; begin += PART) list.push(digests.slice(begin, begin + PART));
  if (list.length + parts.length !== pieces(data.length)) throw new Error("pieces were miscounted");
  return [...list, ...parts];
}

const nonce = (number) => join(new Uint8Array(4), big8(number).reverse());
const context = ({ house, loan, holder, borrower, file, last }) => join(house, loan, holder, borrower, file, [last ? 1 : 0]);
const keyOf = (secret, ephemeral, reader) => new Uint8Array(hkdfSync("sha256", secret, join(ephemeral, reader), prefix("file key"), 32));

export function seal(errand, { ephemeral, reader, number, piece }) {
  const secret = x25519(ephemeral, reader);
  if (secret === null) throw new Refusal("bad-key");
  const known = x25519Public(ephemeral);
  return join(known, chachaSeal(keyOf(secret, known, reader), nonce(number), piece, context(errand)));
}

export function open(errand, { staticPrivate, number, sealed }) {
  if (sealed.length < 48) throw new Refusal("decrypt-failed");
  const known = sealed.slice(0, 32), secret = x25519(staticPrivate, known);
  if (secret === null) throw new Refusal("decrypt-failed");
  const key = keyOf(secret, known, x25519Public(staticPrivate));
  return chachaOpen(key, nonce(number), sealed.slice(32), context(errand));
}
