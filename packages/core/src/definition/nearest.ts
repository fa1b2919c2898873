/**
 * The names that were probably meant, best first.
 * @param limit how many at most
 */
export const nearest = (name: string, known: Iterable<string>, limit = 3): string[] => {
  if (name.length > NAME_MAX) return [];
  const wanted = name.toLowerCase();
  let bound = Math.max(1, Math.min(4, Math.floor(wanted.length / 3) + 1));
  const found: { name: string; distance: number }[] = [];
  for (const candidate of known) {
    if (Math.abs(candidate.length - wanted.length) > bound) continue;
    const distance = editDistance(wanted, candidate.toLowerCase(), bound);
    if (distance > bound || distance >= Math.max(wanted.length, candidate.length)) continue;
    found.push({ name: candidate, distance });
    // What is much farther off than the best was not meant.
    bound = Math.min(bound, distance + 1);
  }
  return found
    .filter(({ distance }) => distance <= bound)
    .sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1))
    .slice(0, limit)
    .map((near) => near.name);
};

const NAME_MAX = 200;

/** Optimal string alignment: insert, delete, replace, swap of neighbours. Gives up above `bound` and then returns `bound + 1`. */
export const editDistance = (one: string, other: string, bound = Number.POSITIVE_INFINITY): number => {
  if (Math.abs(one.length - other.length) > bound) return bound + 1;
  const [a, b] = withoutCommonEnds(one, other);
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    let least = i;
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(at(row, j) + 1, at(next, j - 1) + 1, at(row, j - 1) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, at(before, j - 2) + 1);
      next.push(cost);
      least = Math.min(least, cost);
    }
    if (least > bound) return bound + 1;
    before = row;
    row = next;
  }
  return at(row, b.length);
};

/** Names in a list mostly begin alike: what is equal at both ends costs nothing and need not be counted. */
const withoutCommonEnds = (a: string, b: string): [string, string] => {
  const shorter = Math.min(a.length, b.length);
  let front = 0;
  while (front < shorter && a.charCodeAt(front) === b.charCodeAt(front)) front += 1;
  let back = 0;
  while (back < shorter - front && a.charCodeAt(a.length - 1 - back) === b.charCodeAt(b.length - 1 - back)) back += 1;
  return [a.slice(front, a.length - back), b.slice(front, b.length - back)];
};

const at = (row: readonly number[], index: number): number => row[index] ?? Number.POSITIVE_INFINITY;
