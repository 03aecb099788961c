// Spec §17, §19 and §20: messages between friends beside the engine, and the sealed items of a mailbox.

import * as e from "./encoding.mjs";
import { Cipher, mixer } from "./handshake.mjs";
import { big8, digest, hex, join, prefix, x25519Public } from "./keys.mjs";
import { PART, PIECES } from "./files.mjs";
import { Refusal } from "./refusal.mjs";

const fail = (code = "malformed") => { throw new Refusal(code); };
const id = e.bytes(32), circuit = e.bytes(16), number = e.uint(), ITEM_MAX = 2 ** 20, PHOTO_MAX = 524288;
const proof = e.tuple(e.blob(1024), e.blob(1024));
const sealedItem = e.blob(ITEM_MAX);

const TYPES = {
  20: e.tuple(number, circuit, id, proof),
  21: e.tuple(number, circuit, id),
  22: e.tuple(number, circuit, e.blob(65535)),
  23: e.tuple(number, circuit, e.uint(262144)),
  24: e.tuple(number, circuit),
  25: e.tuple(number, id, proof),
  26: e.tuple(number, id, e.list(e.text(255), 16)),
  27: e.tuple(number, id, proof, sealedItem),
  28: e.tuple(number, id, e.bool),
  29: e.tuple(number, id, sealedItem),
  30: e.tuple(number, e.uint()),
  31: e.tuple(number, id, circuit, id, e.uint(PHOTO_MAX)),
  32: e.tuple(number, id, e.uint(PHOTO_MAX), e.blob(49152)),
  33: e.tuple(number, id),
  34: e.tuple(number, circuit, id, e.uint(PIECES - 1)),
  35: e.tuple(number, circuit, id, e.uint(PIECES - 1), e.blob(PART + 48)),
  36: e.tuple(number, circuit, id, e.uint(PIECES - 1), e.uint(2)),
};

export function message(data) {
  const value = e.decode(data, { sizeMax: 2 ** 20, depthMax: 5, elementsMax: 2048 });
  if (!Array.isArray(value) || value.length === 0) fail();
  const read = TYPES[e.uint(255)(value[0])];
  return read ? read(value) : fail();
}

// --- items (Spec §17.4) ---------------------------------------------------------------------------

const SIZES = [1024, 4096, 16384, 65536, 262144, 983040], CHUNK = 65519;

function noise({ house, sender, recipient }, senderStatic, recipientStatic) {
  const prologue = join(prefix("mailbox item"), [1], house, sender, recipient);
  const state = mixer("Noise_K_25519_ChaChaPoly_SHA256", prologue);
  state.mixHash(senderStatic);
  state.mixHash(recipientStatic);
  return state;
}

export const itemId = (sealed) => digest("mailbox item", sealed);

export function seal({ house, sender, recipient, staticPrivate, remote, ephemeral, content }) {
  const size = SIZES.find((s) => s >= content.length);
  if (size === undefined) fail("too-large");
  const state = noise({ house, sender, recipient }, x25519Public(staticPrivate), remote);
  const key = x25519Public(ephemeral);
  state.mixHash(key);
  state.dh(ephemeral, remote);
  state.dh(staticPrivate, remote);
  const parts = [Uint8Array.of(1), key, state.sealAndHash(big8(content.length))];
  const cipher = new Cipher(state.split()[0]);
  const padded = join(content, new Uint8Array(size - content.length));
  for (let start = 0; start < padded.length; start += CHUNK) parts.push(cipher.seal(padded.slice(start, start + CHUNK)));
  return join(...parts);
}

export function open({ house, sender, recipient, staticPrivate, remote, sealed }) {
  const HEAD = 1 + 32 + 8 + 16;
  if (sealed.length > ITEM_MAX) fail("too-large");
  if (sealed[0] !== 1) fail("unknown-critical");
  if (sealed.length < 33) fail();
  const state = noise({ house, sender, recipient }, remote, x25519Public(staticPrivate));
  const key = sealed.slice(1, 33);
  state.mixHash(key);
  state.dh(staticPrivate, key);
  state.dh(staticPrivate, remote);
  const length = Number(BigInt(`0x${hex(state.openAndHash(sealed.slice(33, HEAD)))}`));
  if (length > SIZES.at(-1)) fail("too-large");
  const cipher = new Cipher(state.split()[0]);
  const chunks = [];
  for (let start = HEAD; start < sealed.length; start += CHUNK + 16) chunks.push(cipher.open(sealed.slice(start, start + CHUNK + 16)));
  const padded = join(...chunks);
  if (padded.length !== SIZES.find((s) => s >= length)) fail();
  if (padded.slice(length).some((byte) => byte !== 0)) fail("not-canonical");
  return padded.slice(0, length);
}

const content = e.tuple(e.bytes(8), number, number, e.list(e.blob(2 ** 20), 2048));

export const readContent = (data) => content(e.decode(data, { sizeMax: 983040, elementsMax: 2048 }));
