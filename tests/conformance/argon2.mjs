// Argon2id (RFC 9106) for one lane, and the BLAKE2b (RFC 7693) it stands on: Node 20 has neither
// with the lengths that are needed. Words of 64 bits are pairs of 32: low, high.

const IV = new Uint32Array([
  0xf3bcc908, 0x6a09e667, 0x84caa73b, 0xbb67ae85, 0xfe94f82b, 0x3c6ef372, 0x5f1d36f1, 0xa54ff53a,
  0xade682d1, 0x510e527f, 0x2b3e6c1f, 0x9b05688c, 0xfb41bd6b, 0x1f83d9ab, 0x137e2179, 0x5be0cd19,
]);
const SIGMA = [
  [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
  [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
  [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
  [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
  [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
  [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
  [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
  [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
  [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
  [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
];

// v[a] += x (a pair of numbers), and the exclusive or of v[d] with v[a], rotated right.
function add(v, a, low, high) {
  const sum = v[2 * a] + low;
  v[2 * a + 1] = v[2 * a + 1] + high + (sum >= 2 ** 32 ? 1 : 0);
  v[2 * a] = sum;
}
function mix(v, d, a, bits) {
  const low = v[2 * d] ^ v[2 * a], high = v[2 * d + 1] ^ v[2 * a + 1];
  if (bits === 32) [v[2 * d], v[2 * d + 1]] = [high, low];
  else if (bits === 63) {
    v[2 * d] = (low << 1) | (high >>> 31);
    v[2 * d + 1] = (high << 1) | (low >>> 31);
  } else {
    v[2 * d] = (low >>> bits) | (high << (32 - bits));
    v[2 * d + 1] = (high >>> bits) | (low << (32 - bits));
  }
}

// --- BLAKE2b ------------------------------------------------------------------------------------

export function blake2b(input, length) {
  const h = IV.slice();
  h[0] ^= 0x01010000 ^ length;
  const blocks = Math.max(1, Math.ceil(input.length / 128));
  for (let n = 0; n < blocks; n += 1) {
    const block = new Uint8Array(128);
    block.set(input.subarray(128 * n, 128 * n + 128));
    compress(h, new Uint32Array(block.buffer), Math.min(input.length, 128 * n + 128), n === blocks - 1);
  }
  return new Uint8Array(h.buffer).slice(0, length);
}

function compress(h, m, counter, isLast) {
  const v = new Uint32Array(32);
  v.set(h);
  v.set(IV, 16);
  v[24] ^= counter;
  if (isLast) { v[28] = ~v[28]; v[29] = ~v[29]; }
  const g = (a, b, c, d, x, y) => {
    add(v, a, v[2 * b], v[2 * b + 1]); add(v, a, m[2 * x], m[2 * x + 1]); mix(v, d, a, 32);
    add(v, c, v[2 * d], v[2 * d + 1]); mix(v, b, c, 24);
    add(v, a, v[2 * b], v[2 * b + 1]); add(v, a, m[2 * y], m[2 * y + 1]); mix(v, d, a, 16);
    add(v, c, v[2 * d], v[2 * d + 1]); mix(v, b, c, 63);
  };
  for (let round = 0; round < 12; round += 1) {
    const s = SIGMA[round % 10];
    g(0, 4, 8, 12, s[0], s[1]); g(1, 5, 9, 13, s[2], s[3]);
    g(2, 6, 10, 14, s[4], s[5]); g(3, 7, 11, 15, s[6], s[7]);
    g(0, 5, 10, 15, s[8], s[9]); g(1, 6, 11, 12, s[10], s[11]);
    g(2, 7, 8, 13, s[12], s[13]); g(3, 4, 9, 14, s[14], s[15]);
  }
  for (let i = 0; i < 16; i += 1) h[i] ^= v[i] ^ v[i + 16];
}

const little = (n) => Uint8Array.of(n, n >>> 8, n >>> 16, n >>> 24);
const join = (...parts) => Uint8Array.from(parts.flatMap((part) => [...part]));

function long(input, length) {
  if (length <= 64) return blake2b(join(little(length), input), length);
  let part = blake2b(join(little(length), input), 64);
  const out = [...part.subarray(0, 32)];
  while (length - out.length > 64) {
    part = blake2b(part, 64);
    out.push(...part.subarray(0, 32));
  }
  return Uint8Array.from([...out, ...blake2b(part, length - out.length)]);
}

// --- Argon2id -----------------------------------------------------------------------------------

const WORDS = 256; // of 32 bits in a block of 1,024 bytes
const work = new Uint32Array(WORDS), sum = new Uint32Array(WORDS);

// v[a] += v[b] + 2 * low(v[a]) * low(v[b])
function addTimes(v, a, b) {
  const x = v[2 * a], y = v[2 * b], x0 = x & 0xffff, x1 = x >>> 16, y0 = y & 0xffff, y1 = y >>> 16;
  const middle = x1 * y0 + ((x0 * y0) >>> 16) , cross = x0 * y1 + (middle & 0xffff);
  const low = ((cross << 16) | ((x0 * y0) & 0xffff)) >>> 0;
  const high = x1 * y1 + Math.floor(middle / 65536) + Math.floor(cross / 65536);
  add(v, a, y, v[2 * b + 1]);
  add(v, a, (low << 1) >>> 0, ((high << 1) | (low >>> 31)) >>> 0);
}
function round(v, i) {
  const g = (a, b, c, d) => {
    addTimes(v, a, b); mix(v, d, a, 32); addTimes(v, c, d); mix(v, b, c, 24);
    addTimes(v, a, b); mix(v, d, a, 16); addTimes(v, c, d); mix(v, b, c, 63);
  };
  g(i[0], i[4], i[8], i[12]); g(i[1], i[5], i[9], i[13]);
  g(i[2], i[6], i[10], i[14]); g(i[3], i[7], i[11], i[15]);
  g(i[0], i[5], i[10], i[15]); g(i[1], i[6], i[11], i[12]);
  g(i[2], i[7], i[8], i[13]); g(i[3], i[4], i[9], i[14]);
}
const sixteen = [...Array(16).keys()], eight = [...Array(8).keys()];
const ROWS = eight.map((r) => sixteen.map((i) => 16 * r + i));
const COLUMNS = eight.map((c) => eight.flatMap((r) => [16 * r + 2 * c, 16 * r + 2 * c + 1]));

function fill(out, one, other, isSecondPass) {
  for (let i = 0; i < WORDS; i += 1) work[i] = sum[i] = one[i] ^ other[i];
  for (const row of ROWS) round(work, row);
  for (const column of COLUMNS) round(work, column);
  for (let i = 0; i < WORDS; i += 1) out[i] = work[i] ^ sum[i] ^ (isSecondPass ? out[i] : 0);
}

export function argon2id(password, salt, { kib, passes, length }) {
  const none = new Uint8Array(), numbers = [1, length, kib, passes, 0x13, 2].map(little);
  const first = blake2b(join(...numbers, little(password.length), password,
    little(salt.length), salt, little(0), none, little(0), none), 64);
  const count = 4 * Math.floor(kib / 4), segment = count / 4;
  const memory = new Uint32Array(WORDS * count);
  const block = (n) => memory.subarray(WORDS * n, WORDS * (n + 1));
  for (const n of [0, 1]) block(n).set(new Uint32Array(long(join(first, little(n), little(0)), 1024).buffer));
  const zero = new Uint32Array(WORDS), input = new Uint32Array(WORDS), addresses = new Uint32Array(WORDS);
  for (let pass = 0; pass < passes; pass += 1)
    for (let slice = 0; slice < 4; slice += 1) {
      const isIndependent = pass === 0 && slice < 2;
      input.fill(0);
      [pass, 0, slice, count, passes, 2].forEach((n, i) => { input[2 * i] = n; });
      for (let i = 0; i < segment; i += 1) {
        if (isIndependent && i % 128 === 0) {
          input[12] += 1;
          fill(addresses, zero, input, false);
          fill(addresses, zero, addresses.slice(), false);
        }
        if (pass === 0 && slice === 0 && i < 2) continue;
        const here = slice * segment + i, before = block((here + count - 1) % count);
        const random = isIndependent ? addresses[2 * (i % 128)] : before[0];
        const area = (pass === 0 ? slice * segment : count - segment) + i - 1;
        const square = (BigInt(random) * BigInt(random)) >> 32n;
        const back = area - 1 - Number((BigInt(area) * square) >> 32n);
        const start = pass === 0 || slice === 3 ? 0 : (slice + 1) * segment;
        fill(block(here), before, block((start + back) % count), pass > 0);
      }
    }
  return long(new Uint8Array(block(count - 1).slice().buffer), length);
}
