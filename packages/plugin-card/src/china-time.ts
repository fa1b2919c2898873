/** Terminal and host count in China Standard Time (UTC+8, no summer time), whatever zone the till's machine is set to. */
interface ChinaTime {
  readonly year: number;
  /** YYMMDD, as in 9A. */
  readonly date: string;
  /** YYMM, to hold expiries against. */
  readonly month: string;
}

const OFFSET_MS = 8 * 3_600_000;

export const chinaTime = (atMs: number): ChinaTime => {
  const iso = new Date(atMs + OFFSET_MS).toISOString();
  return { year: Number(iso.slice(0, 4)), date: iso.slice(2, 10).replaceAll('-', ''), month: iso.slice(2, 7).replace('-', '') };
};

/**
 * The host's local date and time as printed. It names no year: the one that puts it nearest to the till's clock is meant.
 * @param monthDay DE 13, MMDD
 * @param time DE 12, hhmmss
 * @returns `2026/11/23 14:05:09`, or undefined when the host gave none
 */
export const hostDateTime = (monthDay: string | undefined, time: string | undefined, nowMs: number): string | undefined => {
  if (monthDay === undefined || time === undefined) return undefined;
  const [month, day] = [monthDay.slice(0, 2), monthDay.slice(2, 4)];
  const { year } = chinaTime(nowMs);
  const distance = (candidate: number): number => Math.abs(Date.UTC(candidate, Number(month) - 1, Number(day)) - OFFSET_MS - nowMs);
  const nearest = [year - 1, year, year + 1].reduce((best, candidate) => (distance(candidate) < distance(best) ? candidate : best));
  return `${nearest}/${month}/${day} ${time.slice(0, 2)}:${time.slice(2, 4)}:${time.slice(4, 6)}`;
};
