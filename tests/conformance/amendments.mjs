// Spec §9.1, §9.2, §9.6 and §13: the id of a house, its members, and the version of its rules in force.

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { encode } from "./encoding.mjs";
import { digest, hex, unhex } from "./keys.mjs";
import { objectOf } from "./records.mjs";
import { Refusal } from "./refusal.mjs";

const SPEC = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "protocol", "spec.md");
const UNIT_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const AMENDMENT = 9, FIXED = ["seats"];

// --- the table of section 13 ------------------------------------------------------------------

const RULES = new Map();
for (const [, name, ...numbers] of readFileSync(SPEC, "utf8").matchAll(/^\| `([a-z_0-9]+)` \| (\w+) \| (\w+) to (\w+) \|/gm)) {
  const [usual, low, high] = numbers.map((text) => {
    const [, amount, unit] = /^(\d+)([a-z]*)$/.exec(text);
    return Number(amount) * (UNIT_MS[unit] ?? 1);
  });
  RULES.set(name, { usual, low, high });
}

const charterOf = (numbers) => ({ ...Object.fromEntries([...RULES].map(([name, rule]) => [name, rule.usual])), ...numbers });
const isCharter = (charter) =>
  [...RULES].every(([name, { low, high }]) => low <= charter[name] && charter[name] <= high) &&
  charter.friendship_renewal_ms < charter.friendship_lease_ms;
const knows = ([name]) => RULES.has(name);

// --- ids ----------------------------------------------------------------------------------------

export const house = ({ founder, object, name, parameters }) => ({
  house: hex(digest("house", unhex(founder), unhex(object), digest("charter", encode([name, parameters])))),
});

const changeId = (houseId, previous, changes) => digest("amendment", unhex(houseId), unhex(previous), encode(changes));

export function change({ house: houseId, previous, changes }) {
  const id = changeId(houseId, previous, changes);
  return { id: hex(id), object: hex(objectOf(AMENDMENT, id)) };
}

// --- members (Spec §9.2) --------------------------------------------------------------------------

function membersOf(founders, needed, seats) {
  const sponsors = (who) => seats.filter(([sponsor, candidate]) => candidate === who && sponsor !== who).map(([sponsor]) => sponsor);
  const members = new Set(founders.filter((f) => founders.length === 1 || sponsors(f).some((s) => founders.includes(s))));
  for (let before = -1; before !== members.size;) {
    before = members.size;
    for (const [, candidate] of seats)
      if (new Set(sponsors(candidate).filter((s) => members.has(s))).size >= needed) members.add(candidate);
  }
  return members;
}

// --- the version in force (Spec §9.6) ---------------------------------------------------------------

export function follow({ house: houseId, founders, first, seats, signatures }) {
  let charter = charterOf(first), id = houseId, signed = 0;
  const members = membersOf(founders, charter.seats, seats.filter(([, , bySuccessor]) => !bySuccessor));
  const versions = [], named = new Set(Object.keys(first));
  for (;;) {
    const signers = new Map();
    for (const [member, previous, changes] of signatures) {
      if (previous !== id || !members.has(member)) continue;
      const key = hex(changeId(houseId, previous, changes));
      if (!signers.has(key)) signers.set(key, { changes, who: new Set() });
      signers.get(key).who.add(member);
    }
    const isAgreed = ({ changes, who }) => {
      const known = changes.filter(knows);
      const after = { ...charter, ...Object.fromEntries(known) };
      const isPossible = known.every(([name, value]) => !FIXED.includes(name) && charter[name] !== value) && isCharter(after);
      const founding = founders.filter((f) => who.has(f)).length;
      return isPossible && who.size >= charter.amendment_approvals && founding >= Math.min(charter.amendment_founders, founders.length);
    };
    const agreed = [...signers].filter(([, one]) => isAgreed(one));
    agreed.sort(([a, one], [b, other]) => other.who.size - one.who.size || (a < b ? -1 : 1));
    // A rule that is not known cannot be followed: the version before stays.
    if (agreed.length === 0 || !agreed[0][1].changes.every(knows)) break;
    const [next, { changes, who }] = agreed[0];
    charter = { ...charter, ...Object.fromEntries(changes) };
    [id, signed] = [next, who.size];
    versions.push(next);
    for (const [name] of changes) named.add(name);
  }
  if (versions.length === 0) throw new Refusal("invalid-state");
  const numbers = Object.fromEntries([...named].map((name) => [name, charter[name]]));
  return { versions, numbers, signed };
}
