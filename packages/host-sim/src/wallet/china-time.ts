const OFFSET_MS = 8 * 60 * 60 * 1000;

/** `yyyy-MM-dd HH:mm:ss` in GMT+8, as Alipay writes times. */
export function alipayTime(atMs: number): string {
  return new Date(atMs + OFFSET_MS).toISOString().slice(0, 19).replace('T', ' ');
}

/** RFC 3339 with `+08:00`, as WeChat Pay writes times. */
export function rfc3339(atMs: number): string {
  return `${new Date(atMs + OFFSET_MS).toISOString().slice(0, 19)}+08:00`;
}

/** Milliseconds since 1970 of `yyyy-MM-dd HH:mm:ss` in GMT+8; undefined when it is no such text or no such time. */
export function alipayTimeMs(text: string): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/.test(text)) return undefined;
  const ms = Date.parse(`${text.replace(' ', 'T')}Z`);
  return Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 19).replace('T', ' ') !== text ? undefined : ms - OFFSET_MS;
}

/** `yyyyMMdd` in GMT+8. */
export function chinaDate(atMs: number): string {
  return new Date(atMs + OFFSET_MS).toISOString().slice(0, 10).replaceAll('-', '');
}
