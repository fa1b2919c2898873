/** The host's date and time, as answers carry them: China Standard Time, whatever the machine's zone. */
export interface HostTime {
  readonly at: number;
  /** DE 12, hhmmss */
  readonly time: string;
  /** DE 13 and 15, MMDD */
  readonly date: string;
  /** YYMM, to compare with expiries. */
  readonly month: string;
  /** Last digit of the year and day of the year, as reference numbers begin. */
  readonly yearDay: string;
}

const CHINA_OFFSET_MS = 8 * 3_600_000;
const DAY_MS = 86_400_000;

export function hostTime(at: number): HostTime {
  const local = new Date(at + CHINA_OFFSET_MS);
  const iso = local.toISOString();
  const dayOfYear = Math.floor((local.getTime() - Date.UTC(local.getUTCFullYear(), 0, 1)) / DAY_MS) + 1;
  return {
    at,
    time: iso.slice(11, 19).replaceAll(':', ''),
    date: iso.slice(5, 10).replace('-', ''),
    month: iso.slice(2, 7).replace('-', ''),
    yearDay: `${iso.slice(3, 4)}${String(dayOfYear).padStart(3, '0')}`,
  };
}
