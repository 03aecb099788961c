// Spec §7: what one member may show, and whom it may give it to.

const key = (one, other) => [one, other].sort().join("-");

function edges({ me, halves }, now) {
  const live = new Map();
  for (const [author, friend, shows, isMember, notAfter, isRevoked, isOfFormerDevice] of halves)
    if (notAfter > now && !isRevoked && (author === me || !isOfFormerDevice)) live.set(`${author}>${friend}`, shows && isMember);
  const all = new Set(), transit = new Set();
  for (const [name, attests] of live) {
    const [author, friend] = name.split(">");
    const back = live.get(`${friend}>${author}`);
    if (back === undefined || author === friend) continue;
    all.add(key(author, friend));
    if (attests && back) transit.add(key(author, friend));
  }
  return { all, transit };
}

// All shortest transit paths from the holder to me, through the list where there is one.
function paths(holder, me, through, transit, bound) {
  const found = [];
  const walk = (path) => {
    const last = path.at(-1);
    if (last === me) { found.push(path); return; }
    if (path.length > bound) return;
    for (const edge of transit) {
      const ends = edge.split("-");
      if (!ends.includes(last)) continue;
      const next = ends[0] === last ? ends[1] : ends[0];
      if (path.includes(next)) continue;
      if (path.length === 1 && through.length > 0 && !through.includes(next)) continue;
      walk([...path, next]);
    }
  };
  walk([holder]);
  const least = Math.min(...found.map((path) => path.length));
  return found.filter((path) => path.length === least);
}

export function reach(input, now) {
  const { me, holder, through, max_circles: max } = input;
  const circles = Math.min(input.circles, max);
  const { all, transit } = edges(input, now);
  const friends = [...new Set([...all].flatMap((edge) => edge.split("-")))]
    .filter((other) => other !== me && all.has(key(me, other))).sort();
  if (me === holder) {
    const given = circles >= 1 ? friends.filter((f) => through.length === 0 || through.includes(f)) : [];
    return { shown: true, distance: 0, given, maybe: [] };
  }
  const ways = paths(holder, me, through, transit, max).filter((path) => path.length - 1 <= max);
  const transitDistance = ways.length > 0 ? ways[0].length - 1 : null;
  const isDirect = all.has(key(me, holder)) && (through.length === 0 || through.includes(me));
  const distance = isDirect ? 1 : transitDistance;
  const shown = distance !== null && distance <= circles;
  const given = [], maybe = [];
  if (transitDistance !== null && transitDistance + 1 <= circles)
    for (const friend of friends) {
      if (!transit.has(key(me, friend)) || friend === holder) continue;
      const on = ways.filter((path) => path.includes(friend)).length;
      if (on === 0) given.push(friend);
      else if (on < ways.length) maybe.push(friend);
    }
  return { shown, distance, given, maybe };
}

// Spec §7.4: whether an offered path may be used.
export function offer({ me, sender, path, certificates, origin, max_circles: max }) {
  if (path.length === 0 || path.length > 4 || path[0] !== origin) return "malformed";
  if (certificates !== 2 * (path.length - 1)) return "malformed";
  if (path.at(-1) !== sender || path.includes(me)) return "out-of-reach";
  if (new Set(path).size !== path.length || path.length > max) return "out-of-reach";
  return null;
}

