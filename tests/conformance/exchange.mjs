// Spec §5.8, §11.2: what a set of steps says of a loan.

import { big8, digest, hex, join, same, verify } from "./keys.mjs";
import { objectOf, open } from "./records.mjs";

const [REQUEST, PASS, COUNTER, AGREEMENT, DECLINE, CANCEL, HANDOVER, RETURN, COMMITMENT, REPORT] =
  Array.from({ length: 10 }, (_, i) => 16 + i);
const [GIFT, LOST, DAMAGED] = ["gift", "lost", "damaged"];
const IN_ROUND = [REQUEST, PASS, AGREEMENT, COUNTER, DECLINE];
const AFTER = [HANDOVER, CANCEL, GIFT, LOST, DAMAGED, RETURN, COMMITMENT];
const whatOf = (step) => (step.kind === REPORT ? [GIFT, LOST, DAMAGED][step.body[2] - 1] : step.kind);

// state, kind, part -> next state
const ARROWS = [
  ["none", REQUEST, "borrower", "asked"], ["asked", PASS, "between", "asked"],
  ["asked", AGREEMENT, "holder", "agreed"], ["asked", COUNTER, "holder", "countered"],
  ["asked", DECLINE, "holder", "declined"], ["asked", CANCEL, "borrower", "withdrawn"],
  ["asked", CANCEL, "holder", "cancelled"], ["countered", REQUEST, "borrower", "asked"],
  ["countered", CANCEL, "borrower", "withdrawn"], ["countered", CANCEL, "holder", "cancelled"],
  ...["borrower", "holder"].flatMap((part) => [
    ["agreed", HANDOVER, part, "handed_over"], ["agreed", CANCEL, part, "cancelled"],
    ["handed_over", HANDOVER, part, "handed_over"], ["handed_over", RETURN, part, "returned"],
    ["handed_over", LOST, part, "lost"], ["lost", LOST, part, "lost"],
    ["handed_over", DAMAGED, part, "handed_over"], ["lost", DAMAGED, part, "lost"], ["agreed", DECLINE, part, "agreed"],
    ["returned", RETURN, part, "returned"],
    ...["returned", "lost", "kept"].map((state) => [state, COMMITMENT, part, state]),
  ]),
  ["agreed", REQUEST, "borrower", "agreed"], ["agreed", PASS, "between", "agreed"],
  ["agreed", AGREEMENT, "holder", "agreed"], ["agreed", COUNTER, "holder", "agreed"],
  ["handed_over", GIFT, "holder", "kept"], ["lost", RETURN, "holder", "returned"],
];

export const contractDigest = (house, loan, holder, borrower, due, particulars) =>
  digest("signature contract", house, loan, holder, borrower, big8(due), particulars);
export const termsDigest = (house, loan, thing, holder, borrower, round, from, to) =>
  contractDigest(house, loan, holder, borrower, Math.ceil(to / 1440), digest("contract", thing, big8(round), big8(from), big8(to)));

const roundOf = ({ kind, body }) => (IN_ROUND.includes(kind) ? body[2] : Infinity);

function order(path) {
  const placeOf = (step) => path.findIndex((member) => same(member, step.author));
  const within = (step) => (IN_ROUND.includes(step.kind) ? IN_ROUND : AFTER).indexOf(whatOf(step));
  return (one, other) =>
    (roundOf(one) === roundOf(other) ? 0 : roundOf(one) - roundOf(other)) ||
    within(one) - within(other) || placeOf(one) - placeOf(other) ||
    one.epoch - other.epoch || one.sequence - other.sequence || Buffer.compare(one.id, other.id);
}

// The state at `now`, and for each step that does not count its reason, by its place in `envelopes`.
export function evaluate(envelopes, { loan, house, path, windowMs, now }) {
  const steps = envelopes.map((envelope, place) => ({ ...open(envelope), place }));
  const ignored = new Map();
  const isOurs = (step) => {
    if (step.kind < REQUEST || step.kind > REPORT) return "other-loan";
    if (!same(step.body[0], loan)) return "other-loan";
    if (hex(join(...step.body[1])) !== hex(join(...path))) return "other-loan";
    return null;
  };
  const partOf = (step) => {
    const place = path.findIndex((member) => same(member, step.author));
    if (place < 0) return null;
    return place === 0 ? "borrower" : place === path.length - 1 ? "holder" : "between";
  };
  const state = { now: "none", round: null, request: null, dates: null, since: null, passed: [], agreedRounds: [], proposal: null, damagedBy: [], over: null, commitments: [], endedBy: null };
  const said = new Set();
  const unique = new Map(steps.map((step) => [hex(step.id), step]));
  for (const step of [...unique.values()].sort(order(path))) {
    const reason = isOurs(step) ?? why(step, partOf(step), state, said, { house, loan, path, windowMs });
    if (reason !== null) { ignored.set(step.place, reason); continue; }
    take(step, partOf(step), state, said);
  }
  if (state.now === "none") return { decoded: null, ignored };
  const isExpired = ["asked", "countered"].includes(state.now) && now >= state.since + windowMs;
  const proposal = state.proposal && now < state.proposal.since + windowMs
    ? { by: state.proposal.by, dates: state.proposal.dates, answer_by_ms: state.proposal.since + windowMs } : null;
  const damagedBy = path.map((member) => state.damagedBy.find((step) => same(step.author, member))).filter(Boolean);
  return { decoded: { ...state, proposal, damagedBy, now: isExpired ? "expired" : state.now, answerBy: state.since + windowMs }, ignored };
}

function why(step, part, state, said, { house, loan, path, windowMs }) {
  const [holder, borrower] = [path.at(-1), path[0]];
  if (part === null || !ARROWS.some(([, what, by]) => what === whatOf(step) && by === part)) return "not-their-part";
  const round = numberOf(step);
  if (!same(step.object, objectOf(step.kind, loan, big8(round)))) return "wrong-register";
  if (said.has(`${step.kind} ${part} ${hex(step.author)} ${round}`)) return "said-before";
  if (state.first && step.notAfter < state.first.notAfter) return "ends-early";
  if (!ARROWS.some(([from, what, by]) => from === state.now && what === whatOf(step) && by === part)) return "not-now";
  if (["asked", "countered"].includes(state.now) && step.created >= state.since + windowMs) return "too-late";
  if (step.kind === REQUEST) {
    if (round !== (state.round === null ? 0 : state.round + 1)) return "wrong-round";
    const [, , , thing, from, to, signature] = step.body;
    if (state.first && !same(thing, state.first.body[3])) return "other-thing";
    if (!verify(borrower, termsDigest(house, loan, thing, holder, borrower, round, from, to), signature)) return "bad-signature";
  } else if (IN_ROUND.includes(step.kind) && round !== state.round) return "wrong-round";
  if ([PASS, AGREEMENT, DECLINE].includes(step.kind) && state.agreedRounds.length > 0) {
    // An answer to other dates for an agreed loan, by who did not propose them.
    if (state.proposal === null || (state.proposal.by === "holder") !== (part === "borrower")) return "not-now";
    if (step.created >= state.proposal.since + windowMs) return "too-late";
  }
  if (step.kind === AGREEMENT) {
    const [, , , thing, from, to] = state.request.body;
    const terms = termsDigest(house, loan, thing, holder, borrower, state.round, from, to);
    if (!verify(holder, terms, step.body[3])) return "bad-signature";
  }
  return null;
}

const numberOf = (step) => (IN_ROUND.includes(step.kind) || step.kind === REPORT ? step.body[2] : 0);

function take(step, part, state, said) {
  const round = numberOf(step);
  said.add(`${step.kind} ${part} ${hex(step.author)} ${round}`);
  const [, , , next] = ARROWS.find(([from, what, by]) => from === state.now && what === whatOf(step) && by === part);
  state.now = next;
  switch (step.kind) {
    case REQUEST:
      state.first ??= step;
      Object.assign(state, { round, request: step });
      propose(state, "borrower", step.created, [step.body[4], step.body[5]]);
      break;
    case COUNTER:
      propose(state, "holder", step.created, [step.body[3], step.body[4]]);
      break;
    case AGREEMENT:
      Object.assign(state, { dates: [state.request.body[4], state.request.body[5]], proposal: null });
      state.agreedRounds.push(round);
      break;
    case DECLINE: state.proposal = null; break;
    case REPORT:
      if (whatOf(step) === DAMAGED) state.damagedBy.push(step);
      else state.over = Math.max(state.over ?? 0, step.created);
      break;
    case PASS: state.passed = [...state.passed.filter((other) => !same(other.author, step.author)), step]; break;
    case RETURN: state.over = Math.max(state.over ?? 0, step.created); break;
    case COMMITMENT:
      state.commitments.push(step);
      if (state.commitments.length === 2) state.now = "rated";
      break;
  }
  if (["declined", "withdrawn", "cancelled"].includes(state.now)) state.endedBy = step;
}

// Other dates wait beside those of an agreed loan, and are the dates before there is one.
function propose(state, by, since, dates) {
  if (state.agreedRounds.length > 0) state.proposal = { by, since, dates };
  else Object.assign(state, { since, dates });
}
