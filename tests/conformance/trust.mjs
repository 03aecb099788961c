// Spec §12: judgements from ratings, and who may ask.

import { big8, digest, hex, same, verify } from "./keys.mjs";
import { contractDigest, termsDigest } from "./exchange.mjs";
import { compare, objectOf, open } from "./records.mjs";

export const DEFAULTS = {
  max_circles: 3, circle_2_exchanges: 2, circle_3_exchanges: 5, circle_4_exchanges: 0, failed_exchange_cost: 1,
  circle_3_sides: 2, far_exchanges_max: 1, confiance_half_life_ms: 730 * 86400000, failed_half_life_ms: 180 * 86400000,
  respect_raters_min: 3, respect_usual: 7, respect_prior: 2,
  first_loans_from_friends: 3, newcomer_ms: 183 * 86400000, young_house_members: 10, open_loans_beyond_max: 1,
  capacity_new: 1, capacity_max: 3, burnt_ms: 90 * 86400000, rating_window_ms: 14 * 86400000,
  sharing_grace_ms: 183 * 86400000, sharing_window_ms: 365 * 86400000, sharing_closing_ms: 91 * 86400000, sharing_waivers: 2, unanswered_ms: 14 * 86400000,
};

// A rating or repair that counts, or the code why it does not.
function rating(envelope, house) {
  const record = open(envelope);
  if (![32, 33, 36, 37].includes(record.kind) || !same(record.house, house)) return "out-of-reach";
  const [terms, borrowerSignature, holderSignature, confiance, respect] = record.body;
  const [termsHouse, loan, thing, holder, borrower, round, from, to] = terms;
  if (!same(termsHouse, house)) return "out-of-reach";
  if (same(holder, borrower)) return "bad-signature";
  const isHolder = same(record.author, holder);
  if (!isHolder && !same(record.author, borrower)) return "not-yours";
  if (!same(record.object, objectOf(record.kind, loan))) return "not-yours";
  const digest = termsDigest(termsHouse, loan, thing, holder, borrower, round, from, to);
  if (!verify(borrower, digest, borrowerSignature) || !verify(holder, digest, holderSignature)) return "bad-signature";
  return { record, subject: isHolder ? borrower : holder, loan, from, to, confiance, respect };
}

export function judge(envelopes, { house, subject, now, charter = DEFAULTS }) {
  const standing = new Map();
  const counts = envelopes.map((envelope) => rating(envelope, house));
  for (const found of counts.filter((r) => typeof r !== "string")) {
    const register = `${hex(found.record.author)} ${hex(found.record.object)}`;
    const held = standing.get(register);
    if (!held || compare(held.record, found.record).otherStands) standing.set(register, found);
  }
  const stands = [...standing.values()];
  const reasons = counts.map((r) => (typeof r === "string" ? r : stands.includes(r) ? null : "replayed"));
  const said = (r) => `${hex(r.record.author)} ${hex(r.loan)}`;
  const takenBack = new Set(stands.filter((r) => r.record.kind === 37).map(said));
  const repaired = new Set(stands.filter((r) => r.record.kind === 33).map(said));
  const about = stands.filter((r) => r.record.kind === 32 && same(r.subject, subject) && !takenBack.has(said(r)));
  const latest = new Map();
  const inOrder = (a, b) => a.to - b.to || a.from - b.from || Buffer.compare(a.loan, b.loan);
  for (const r of about.sort(inOrder))
    latest.set(hex(r.record.author), r);
  const words = [...latest.values()].map((r) => {
    const name = hex(r.record.author);
    return [name, r.confiance === 1, [name], now / 86400000 - r.to / 1440, repaired.has(said(r))];
  });
  const { confiance, sides } = capital(words, charter);
  const heard = stands.filter((r) => r.record.kind === 32).sort(inOrder);
  const marks = heard.map((r) => [hex(r.record.author), same(r.subject, subject) ? "x" : hex(r.subject), r.respect]);
  const { respect, raters } = respectOf(marks, {}, charter);
  return { decoded: { confiance, sides, respect, respect_raters: raters, ...open_(confiance, sides, true, charter), exchanges: about.length }, reasons };
}

// Spec §12.2: one latest word of each rater, [rater, good, sides, age in days, made good]; "x" is judged.
function capital(words, charter) {
  const weigh = (days, lifeMs) => {
    const life = lifeMs / 60000, age = Math.max(0, days * 1440), lives = Math.floor(age / life);
    return lives >= 10 ? 0 : Math.floor((1000 * (2 * life - (age - lives * life))) / (2 * life * 2 ** lives));
  };
  const sidesOf = (word) => word[2].filter((side) => side !== "x"), isNear = (word) => word[2].length > 0;
  const sum = (some, life) => some.reduce((total, word) => total + weigh(word[3], life), 0);
  const good = words.filter(([, isGood]) => isGood), near = good.filter(isNear);
  const failed = words.filter(([, isGood, , , isRepaired]) => !isGood && !isRepaired);
  const life = charter.confiance_half_life_ms;
  const far = Math.min(sum(good.filter((word) => !isNear(word)), life), 1000 * charter.far_exchanges_max);
  const e = sum(near, life) + far - charter.failed_exchange_cost * sum(failed, charter.failed_half_life_ms);
  const counted = near.filter((word) => weigh(word[3], life) > 0);
  return { confiance: Math.max(0, Math.floor((2 * e + 1000) / 2000)), sides: new Set(counted.flatMap(sidesOf)).size };
}

export function opening({ charter: changes, words, circle }) {
  const charter = { ...DEFAULTS, ...changes };
  const latest = new Map();
  for (const word of [...words].sort((a, b) => b[3] - a[3])) latest.set(word[0], word);
  const { confiance, sides } = capital([...latest.values()], charter);
  let missing = 0;
  for (let n = 2; n <= circle; n += 1)
    missing = Math.max(missing, charter[`circle_${n}_exchanges`] - confiance, n < 3 ? 0 : charter.circle_3_sides - sides);
  return { confiance, sides, missing };
}

// Spec §12.3: [rater, whom it is about, mark], in order; places of raters who are no friends.
function respectOf(marks, places, charter) {
  const seen = new Set(), u = 100 * charter.respect_usual, p = charter.respect_prior;
  let end = -1;
  marks.forEach(([rater, about], i) => {
    if (about !== "x" || seen.has(rater)) return;
    seen.add(rater);
    if (seen.size % charter.respect_raters_min === 0) end = i;
  });
  if (end < 0) return { respect: null, raters: 0 };
  const heard = marks.slice(0, end + 1), raters = new Set(heard.filter(([, about]) => about === "x").map(([r]) => r));
  const sum = (some) => some.reduce((total, [, , mark]) => total + mark, 0);
  let above = 2 * p * u, below = 2 * p;
  for (const rater of raters) {
    const by = heard.filter(([r]) => r === rater), own = by.filter(([, about]) => about === "x");
    const others = by.filter(([, about]) => about !== "x"), n = p + others.length;
    const habit = n === 0 ? u : Math.floor((p * u + 100 * sum(others)) / n);
    const given = Math.min(1000, Math.max(0, Math.floor((100 * sum(own)) / own.length) - habit + u));
    const w = { "circle 2": 2, beyond: 1 }[places[rater]] ?? 4;
    above += w * given;
    below += w;
  }
  return { respect: Math.floor((Math.floor(above / below) + 25) / 50) / 2, raters: raters.size };
}

export function respect({ charter: changes, places, marks }) {
  return respectOf([...marks].sort((a, b) => a[3] - b[3]), places, { ...DEFAULTS, ...changes });
}

function open_(confiance, sides, isMember, charter) {
  if (!isMember) return { circles_open: 0, missing: null };
  let circles = 1;
  for (let n = 2; n <= charter.max_circles; n += 1) {
    const needed = charter[`circle_${n}_exchanges`];
    if (needed === 0) return { circles_open: circles, missing: null };
    const missing = Math.max(needed - confiance, n < 3 ? 0 : charter.circle_3_sides - sides);
    if (missing > 0) return { circles_open: circles, missing };
    circles = n;
  }
  return { circles_open: circles, missing: 0 };
}

export function ask({ charter: changes, confiance, sides, is_member: isMember, distance }) {
  const charter = { ...DEFAULTS, ...changes };
  const decoded = open_(confiance, sides, isMember, charter);
  let error = null;
  if (!isMember) error = "second-seat-missing";
  else if (distance > decoded.circles_open) {
    const between = Array.from({ length: distance - 1 }, (_, i) => i + 2);
    const isShut = distance > charter.max_circles || between.some((n) => charter[`circle_${n}_exchanges`] === 0);
    error = isShut ? "circle-shut" : "circle-closed";
  }
  return { decoded, error };
}

// Spec §12.5: how far a member may ask by sharing.
export function shares(seen) {
  const { charter: changes, has_open_listing: hasListing, answered_for_by: waivers, now_ms: now } = seen;
  const charter = { ...DEFAULTS, ...changes }, grace = charter.sharing_grace_ms, window = charter.sharing_window_ms;
  const times = [];
  if (grace > 0 && seen.joined_ms !== null) times.push(seen.joined_ms + grace);
  if (grace > 0 && seen.listed_ms !== null) times.push(seen.listed_ms + window);
  if (seen.lent_until_minute !== null) times.push(seen.lent_until_minute * 60000 + window);
  if (seen.mediated_ms !== null) times.push(seen.mediated_ms + window);
  let until = times.length ? Math.max(...times) : null;
  if (charter.sharing_waivers > 0 && waivers >= charter.sharing_waivers) {
    const since = until ?? seen.joined_ms;
    until = since === null ? null : since + window;
  }
  if (hasListing || (until !== null && now < until)) return charter.max_circles;
  if (grace === 0) return 0;
  if (until === null || charter.sharing_closing_ms === 0) return 1;
  return Math.max(1, charter.max_circles - 1 - Math.floor((now - until) / charter.sharing_closing_ms));
}

// Spec §11.8: an entry of somebody's ledger, or the code why it is none.
function entry(envelope, house) {
  const record = open(envelope);
  const [loan, holder, borrower, due, particulars, byBorrower, byHolder, number, previous, first] = record.body;
  const isOwn = same(record.author, borrower);
  if (!same(record.object, objectOf(34, loan)) || !(isOwn || same(record.author, holder))) return "not-yours";
  const isNumbered = isOwn
    ? first >= 1 && first <= number && (number === 1) === (previous.length === 0)
    : number === 0 && first === 0 && previous.length === 0;
  if (!isNumbered) return "invalid-state";
  const signed = contractDigest(house, loan, holder, borrower, due, particulars);
  if (!same(record.house, house) || same(holder, borrower)) return "bad-signature";
  if (!verify(borrower, signed, byBorrower) || !verify(holder, signed, byHolder)) return "bad-signature";
  const link = digest("ledger", borrower, big8(number), loan, previous);
  return { epoch: record.epoch, loan, holder, borrower, due, number, previous, first, link };
}

// Spec §12.8: what is known of somebody's loans.
export function account(envelopes, { house, subject, now, charter = DEFAULTS }) {
  const entries = [], ratings = [], repairs = new Set(), takenBack = new Set(), reasons = [];
  for (const envelope of envelopes) {
    const isEntry = open(envelope).kind === 34;
    const found = isEntry ? entry(envelope, house) : rating(envelope, house);
    reasons.push(typeof found === "string" ? found : null);
    if (typeof found === "string") continue;
    if (isEntry) { if (same(found.borrower, subject)) entries.push(found); }
    else if (found.record.kind === 33) repairs.add(`${hex(found.record.author)} ${hex(found.loan)}`);
    else if (found.record.kind === 37) takenBack.add(`${hex(found.record.author)} ${hex(found.loan)}`);
    else if (found.record.kind === 32 && same(found.subject, subject)) ratings.push(found);
  }
  const stand = ratings.filter((r) => !takenBack.has(`${hex(r.record.author)} ${hex(r.loan)}`));
  ratings.splice(0, ratings.length, ...stand);
  const said = ratings.map((r) => `${hex(r.record.author)} ${hex(r.loan)}`);
  const isBad = (r, i) => r.confiance === 0 && !repairs.has(said[i]);
  const due = new Map();
  for (const e of entries)
    if (!said.includes(`${hex(e.holder)} ${hex(e.loan)}`) && !takenBack.has(`${hex(e.holder)} ${hex(e.loan)}`)) due.set(hex(e.loan), Math.max(e.due, due.get(hex(e.loan)) ?? 0));
  const silent = [...due.values()].filter((day) => now >= (day + 1) * 86400000 + charter.unanswered_ms).length;
  const own = entries.filter((e) => e.number > 0).sort((a, b) => a.epoch - b.epoch || a.number - b.number || Buffer.compare(a.loan, b.loan));
  const newest = own.at(-1);
  let missing = 0;
  if (newest) for (let n = newest.first; n <= newest.number; n += 1) if (!own.some((e) => e.number === n)) missing += 1;
  const contradict = (a, b) =>
    a !== b && a.epoch === b.epoch && (a.number === b.number || (a.number + 1 === b.number && !same(a.link, b.previous)));
  return {
    reasons,
    decoded: {
      good: ratings.filter((r) => r.confiance === 1).length,
      bad: ratings.filter(isBad).length,
      repaired: ratings.filter((r, i) => r.confiance === 0 && !isBad(r, i)).length,
      under_way: due.size - silent, without_answer: silent, missing,
      is_forked: own.some((a) => own.some((b) => contradict(a, b))),
    },
  };
}

// Spec §12.6: how likely it is that it goes as agreed.
const PLACES = { friend: 2, "circle 2": 1, beyond: 0.5 };
const halved = (days, life) => {
  let weight = 1, left = days / life;
  for (; left >= 1; left -= 1) weight /= 2;
  return weight * (1 - left / 2);
};
export function reliability(words) {
  let near = 0, far = 0, bad = 0;
  for (const rater of new Set(words.map(([name]) => name))) {
    const said = words.filter(([name]) => name === rater).sort((a, b) => a[3] - b[3]);
    const weigh = ([, , place, days, well, ill], life) =>
      PLACES[place] * Math.max(0, (2 * (4.5 + well)) / (5 + well + 3 * ill) - 1) * halved(days, life);
    said.filter(([, good]) => good).slice(0, 3).forEach((word, i) => {
      const weight = weigh(word, 730) / 2 ** i;
      if (word[2] === "beyond") far += weight; else near += weight;
    });
    let counted = -90;
    for (const word of said.filter(([, good]) => !good)) {
      if (word[3] - counted < 90) continue;
      counted = word[3];
      bad += weigh(word, 180) / (word[6] ? 3 : 1);
    }
  }
  const good = near + Math.min(3, far);
  return (4.5 + good) / (5 + good + 3 * bad);
}

// Spec §12.9: what a newcomer lacks, and whether there is room for one loan more.
export function firstLoans({ charter: changes, went_well: well, days, members }) {
  const charter = { ...DEFAULTS, ...changes };
  const isNew = days !== null && days * 86400000 < charter.newcomer_ms && members >= charter.young_house_members;
  return isNew ? Math.max(0, charter.first_loans_from_friends - well) : 0;
}

export function room({ charter: changes, others, from, to, today }) {
  const max = { ...DEFAULTS, ...changes }.open_loans_beyond_max;
  const meets = ([start, end, isOut]) => (isOut && end <= today) || (start < to && from < end);
  return max === 0 || others.filter(meets).length < max;
}

// Spec §12.7: units given to a friend, and whether a loan takes one.
export function units({ charter: changes, good, chosen }) {
  const charter = { ...DEFAULTS, ...changes };
  if (chosen !== null) return chosen;
  return Math.min(charter.capacity_max, charter.capacity_new + (good >= 1) + (good >= 3));
}

export function takesUnit({ state, over_ms: over, word, now_ms: now }, charter = DEFAULTS) {
  if (["declined", "withdrawn", "cancelled", "expired"].includes(state)) return false;
  if (over === null) return true;
  if (word === null) return now < over + charter.rating_window_ms;
  const [confiance, isRepaired] = word;
  return confiance === 0 && !isRepaired && now < over + charter.burnt_ms;
}
