// Each vector file's cases as checks that throw when this implementation sees them otherwise.

import { deepStrictEqual as equal, ok } from "node:assert";
import * as amendments from "./amendments.mjs";
import { misfit } from "./availability.mjs";
import * as circles from "./circles.mjs";
import { decode, encode, plain } from "./encoding.mjs";
import { evaluate } from "./exchange.mjs";
import * as files from "./files.mjs";
import { play } from "./handshake.mjs";
import * as keys from "./keys.mjs";
import * as pairing from "./pairing.mjs";
import * as reach from "./reach.mjs";
import { compare, open } from "./records.mjs";
import { Refusal } from "./refusal.mjs";
import * as sync from "./sync.mjs";
import * as trust from "./trust.mjs";
import { commit } from "./uniqueness.mjs";

const { hex, unhex } = keys;

// What an operation says: its value, or the code of its refusal.
function outcome(act) {
  try {
    return { value: act() };
  } catch (error) {
    if (error instanceof Refusal) return { error: error.code };
    throw error;
  }
}

function expect(item, act, check) {
  const said = outcome(act);
  equal(said.error === undefined ? "valid" : "invalid", item.result, `result, ${said.error}`);
  equal(said.error ?? null, item.error, "error");
  if (said.error === undefined) check(said.value);
  else equal(item.decoded, null, "a refused input is not decoded");
}

// --- encoding -----------------------------------------------------------------------------------

function encoding(item, document) {
  const slot = !item.flags.includes("NoExtensionSlot");
  const data = unhex(item.input);
  expect(item, () => decode(data, { sizeMax: document.size_max_bytes, slot }), (value) => {
    equal(plain(value), item.decoded, "decoded");
    equal(hex(encode(value)), item.input, "encoded again");
  });
}

// --- availability --------------------------------------------------------------------------------

function availability(item) {
  const { availability: said, thing_kind: kind, from, to } = item.input;
  expect(item, () => ({ misfit: misfit(said, kind, from, to) }), (value) => equal(value, item.decoded, "decoded"));
}

// --- keys ---------------------------------------------------------------------------------------

const OPERATIONS = {
  Digest: ({ domain, parts }) => ({ digest: hex(keys.digest(domain, ...parts.map(unhex))) }),
  PublicKey: ({ key }) => { keys.checkKey(unhex(key)); return {}; },
  Verify: ({ key, message, signature }) => {
    keys.checkKey(unhex(key));
    if (!keys.verify(unhex(key), unhex(message), unhex(signature))) throw new Refusal("bad-signature");
    return {};
  },
  Seal: (input) => {
    const context = unhex(input.context);
    if (input.sealed !== undefined) {
      const found = keys.unseal(unhex(input.recipient_private), unhex(input.sealed), context);
      return { plaintext: hex(found.plaintext) };
    }
    const reader = input.recipient_public ? unhex(input.recipient_public) : keys.x25519Public(unhex(input.recipient_private));
    const made = keys.seal(reader, unhex(input.plaintext), unhex(input.ephemeral_private), context);
    if (input.recipient_private)
      equal(hex(keys.unseal(unhex(input.recipient_private), made.sealed, context).plaintext), input.plaintext);
    return { shared_secret: hex(made.secret), key: hex(made.key), sealed: hex(made.sealed) };
  },
  LinkKey: ({ seed }) => {
    const raw = keys.digest("link key", unhex(seed));
    return { private: hex(raw), public: hex(keys.x25519Public(raw)) };
  },
  Revocation: ({ seed, friend, sequence }) => {
    const secret = keys.digest("revocation secret", unhex(seed), unhex(friend), keys.big8(sequence));
    return { secret: hex(secret), hash: hex(keys.digest("revocation", secret)) };
  },
};

function keyCase(item) {
  const operation = OPERATIONS[item.flags[0]];
  ok(operation, `no operation ${item.flags[0]}`);
  expect(item, () => operation(item.input), (value) => equal(value, item.decoded, "decoded"));
}

// --- records ------------------------------------------------------------------------------------

function record(item) {
  if (item.flags.includes("Register")) {
    const [one, other] = item.input.map((text) => open(unhex(text)));
    const { otherStands, equivocation } = compare(one, other);
    equal({ stands: otherStands ? "other" : "one", equivocation }, item.decoded, "decoded");
    equal([item.result, item.error], ["valid", null]);
    return;
  }
  expect(item, () => open(unhex(item.input)), (found) => {
    const decoded = { header: plain(found.header), record_id: hex(found.id), signed: hex(found.signed) };
    if (found.mandate.length > 0) decoded.mandate = plain(found.mandate);
    equal(decoded, item.decoded, "decoded");
  });
}

// --- circles ------------------------------------------------------------------------------------

function circle(item, document) {
  if (item.flags.includes("Offer")) {
    const error = circles.offer(item.input);
    equal([error === null ? "valid" : "invalid", error, item.decoded], [item.result, item.error, null]);
    return;
  }
  const seen = circles.reach(item.input, document.now);
  equal(seen.shown ? "valid" : "invalid", item.result, "shown");
  equal(item.error, seen.shown ? null : "out-of-reach");
  equal({ distance: seen.distance, given_to: seen.given, given_to_or_not: seen.maybe }, item.decoded, "decoded");
}

// --- handshake ----------------------------------------------------------------------------------

function handshake(item) {
  const isChanged = item.flags.includes("Changed") || item.flags.includes("Disagree");
  const seen = play(item.input, (place) => !(isChanged && place === item.fails_at));
  equal([seen.error === undefined ? "valid" : "invalid", seen.error ?? null], [item.result, item.error], "result");
  equal(seen.place ?? null, item.fails_at, "where it fails");
  equal(seen.decoded ?? null, item.decoded, "decoded");
}

// --- exchange and trust ---------------------------------------------------------------------------

function exchange(item, document) {
  const path = document.path.map((name) => unhex(document.members[name]));
  const nameOf = (key) => Object.keys(document.members).find((name) => document.members[name] === hex(key));
  const said = evaluate(item.input.map(unhex), {
    loan: unhex(document.loan), house: unhex(document.house), path, windowMs: document.window_ms, now: item.now_ms,
  });
  const ignored = [...said.ignored];
  if (item.result === "valid") equal(ignored, [], "all count");
  else equal(ignored, [[item.ignored, item.error]], "the one that does not count");
  if (item.result === "valid") equal(item.error, null, "error");
  const state = said.decoded;
  const decoded = state && {
    state: state.now, round: state.round, dates: state.dates, answer_by_ms: state.answerBy,
    passed: state.passed.map((step) => [nameOf(step.author), step.body[3]]), over_ms: state.over,
    agreed_rounds: state.agreedRounds, proposal: state.proposal,
    damaged_by: state.damagedBy.map((step) => nameOf(step.author)),
    commitments: state.commitments.map((step) => [nameOf(step.author), hex(step.body[2])]),
    ended_by: state.endedBy && nameOf(state.endedBy.author),
  };
  equal(decoded, item.decoded, "decoded");
}

function trustCase(item, document) {
  const verb = item.id.split("-")[0];
  if (verb === "ask") {
    const { decoded, error } = trust.ask(item.input);
    equal([error === null ? "valid" : "invalid", error, decoded], [item.result, item.error, item.decoded]);
  } else if (verb === "rely") {
    const likely = trust.reliability(item.input), isEnough = likely * 100 >= 60;
    equal(likely.toFixed(9), (item.decoded[0] / item.decoded[1]).toFixed(9), "reliability");
    equal([isEnough ? "valid" : "invalid", isEnough ? null : "unreliable"], [item.result, item.error]);
  } else if (verb === "open") {
    const decoded = trust.opening(item.input), isOpen = decoded.missing === 0;
    equal([isOpen ? "valid" : "invalid", isOpen ? null : "circle-closed", decoded], [item.result, item.error, item.decoded]);
  } else if (verb === "respect") {
    const decoded = trust.respect(item.input), isShown = decoded.respect !== null;
    equal([isShown ? "valid" : "invalid", isShown ? null : "few-raters", decoded], [item.result, item.error, item.decoded]);
  } else if (verb === "first") {
    const missing = trust.firstLoans(item.input);
    equal([missing ? "invalid" : "valid", missing ? "first-loans-near" : null, missing], [item.result, item.error, item.decoded]);
  } else if (verb === "room") {
    const has = trust.room(item.input);
    equal([has ? "valid" : "invalid", has ? null : "one-loan-beyond", has], [item.result, item.error, item.decoded]);
  } else if (verb === "unit") {
    const capacity = trust.units(item.input), isFree = item.input.engaged < capacity;
    equal([isFree ? "valid" : "invalid", isFree ? null : "capacity-engaged", capacity], [item.result, item.error, item.decoded]);
  } else if (verb === "loan") {
    const takes = trust.takesUnit(item.input);
    equal([takes ? "invalid" : "valid", takes ? "capacity-engaged" : null, takes], [item.result, item.error, item.decoded]);
  } else if (verb === "share") {
    const circles = trust.shares(item.input), is = circles === 3;
    equal([is ? "valid" : "invalid", is ? null : "nothing-shared", circles], [item.result, item.error, item.decoded]);
  } else {
    const about = { house: unhex(document.house), subject: unhex(document.subject), now: item.now_ms ?? document.now_ms };
    const seen = verb === "account" ? trust.account(item.input.map(unhex), about) : trust.judge(item.input.map(unhex), about);
    const ignored = seen.reasons.findIndex((reason) => reason !== null);
    equal(ignored < 0 ? null : ignored, item.ignored, "which does not count");
    equal(seen.reasons[ignored] ?? null, item.error, "why");
    equal(item.result, ignored < 0 ? "valid" : "invalid");
    equal(seen.decoded, item.decoded, "decoded");
  }
}

// --- sync -----------------------------------------------------------------------------------------

const SYNC = {
  Message: (item) => {
    const said = plain(sync.message(unhex(item.input)));
    equal(hex(encode(sync.message(unhex(item.input)))), item.input, "encoded again");
    return said;
  },
  Fingerprint: (item) => {
    const items = sync.itemsOf(item.items).filter((one) => one >= item.lower && (item.upper === "" || one < item.upper));
    equal([items.length, sync.fingerprint(items, item.salt)], [item.count, item.fingerprint], "fingerprint");
  },
  Compare: (item) => { equal(sync.compare(item), item.lacking, "lacking"); },
  Stream: (item) => sync.stream(item),
};

function syncCase(item) {
  expect({ decoded: null, ...item }, () => SYNC[item.flags[0]](item), (value) => {
    if (item.flags[0] === "Message") equal(value, item.decoded, "decoded");
  });
}

// --- reaching friends ------------------------------------------------------------------------------

const hexed = (value) => (value instanceof Uint8Array ? hex(value) : Array.isArray(value) ? value.map(hexed) : value);

function keysOf(input) {
  const bytes = Object.fromEntries(Object.entries(input).filter(([, v]) => typeof v === "string").map(([k, v]) => [k, unhex(v)]));
  return { ...bytes, staticPrivate: bytes.static };
}

const REACH = {
  Message: (item) => {
    const fields = reach.message(unhex(item.input));
    equal(hex(encode(fields)), item.input, "encoded again");
    return hexed(fields);
  },
  Seal: ({ input }) => {
    const content = keys.join(unhex(input.content), new Uint8Array(input.zeros));
    const sealed = reach.seal({ ...keysOf(input), content });
    return { size: sealed.length, id: hex(reach.itemId(sealed)) };
  },
  Open: ({ input }) => {
    const given = keysOf(input);
    const content = hexed(reach.readContent(reach.open(given)));
    return { content, id: hex(reach.itemId(given.sealed)) };
  },
};

function reachCase(item) {
  expect(item, () => REACH[item.flags[0]](item), (value) => equal(value, item.decoded, "decoded"));
}

// --- pairing ------------------------------------------------------------------------------------

const PAIRING = {
  Channel: ({ input }) => pairing.channel(unhex(input.initiator), unhex(input.responder)),
  Dialogue: ({ input }) => {
    const end = new pairing.End({
      isInitiator: input.is_initiator, handshakeHash: unhex(input.handshake_hash),
      nonce: unhex(input.nonce), name: input.name,
    });
    for (const message of input.messages) {
      end.receive(unhex(message));
      const { confirms } = input;
      if (end.code && confirms && !end.ours) end.confirm(unhex(confirms.house), unhex(confirms.member));
    }
    return { said: end.said.map(hex), code: end.code, role: end.role, over: end.over, link: end.link };
  },
};

function pairingCase(item) {
  expect(item, () => PAIRING[item.flags[0]](item), (value) => equal(value, item.decoded, "decoded"));
}

// --- uniqueness ---------------------------------------------------------------------------------

function uniqueness(item) {
  expect(item, () => commit(item.input), (value) => equal(value, item.decoded, "decoded"));
}

// --- amendments ---------------------------------------------------------------------------------

const AMENDMENTS = { House: amendments.house, Change: amendments.change, Follow: amendments.follow };

function amendment(item) {
  expect(item, () => AMENDMENTS[item.flags[0]](item.input), (value) => equal(value, item.decoded, "decoded"));
}

// --- files ----------------------------------------------------------------------------------------

const errandOf = (input) => ({ ...keysOf(input), last: input.last, number: input.number, staticPrivate: unhex(input.private ?? "") });

const FILES = {
  Name: ({ input }) => {
    const data = keys.join(unhex(input.head), new Uint8Array(input.zeros)), pieces = files.cut(data);
    return { name: hex(files.name(data)), pieces: pieces.length, first: hex(keys.digest("file", pieces[0])) };
  },
  Seal: ({ input }) => hex(files.seal(errandOf(input), errandOf(input))),
  Open: ({ input }) => hex(files.open(errandOf(input), errandOf(input))),
};

function fileCase(item) {
  expect(item, () => FILES[item.flags[0]](item), (value) => equal(value, item.decoded, "decoded"));
}

export const CASES = {
  amendments: amendment, availability, circles: circle, encoding, exchange, files: fileCase,
  handshake, keys: keyCase,
  pairing: pairingCase, reach: reachCase,
  records: record, sync: syncCase, trust: trustCase, uniqueness,
};
