// Spec §5.7: whether dates fit the times at which a thing is lent.

const DAY = 1440, WEEK = 7 * DAY, SPOT = 3;
// The calendar begins on a Thursday, weeks on Monday.
const inWeek = (minute) => (minute + 3 * DAY) % WEEK;

function opensOnDayOf(weekly, minute) {
  const midnight = inWeek(minute) - (inWeek(minute) % DAY);
  return weekly.some(([from, to]) => from < midnight + DAY && to > midnight);
}

// The weeks one after the other, with what touches over their ends joined.
function opensThroughout(weekly, from, to) {
  const week = from - inWeek(from);
  const joined = [];
  for (let start = week - WEEK; start < to + WEEK; start += WEEK)
    for (const [a, b] of weekly) {
      const last = joined.at(-1);
      if (last && last[1] === start + a) last[1] = start + b;
      else joined.push([start + a, start + b]);
    }
  return joined.some(([a, b]) => a <= from && to <= b);
}

export function misfit([weekly, shortest, longest], kind, from, to) {
  if (to - from < shortest) return "too short";
  if (longest > 0 && to - from > longest) return "too long";
  const fits = weekly.length === 0 ||
    (kind === SPOT
      ? opensThroughout(weekly, from, to)
      : opensOnDayOf(weekly, from) && opensOnDayOf(weekly, to - 1));
  return fits ? null : "closed";
}
