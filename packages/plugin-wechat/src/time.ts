/** WeChat Pay writes times as RFC 3339; the till writes them in GMT+8. */
const GMT8_MS = 8 * 60 * 60 * 1000;

/** @param atMs ms since 1970; parts of a second are cut off */
export const toRfc3339 = (atMs: number): string => `${new Date(atMs + GMT8_MS).toISOString().slice(0, 19)}+08:00`;

export const toSecond = (atMs: number): number => Math.floor(atMs / 1000) * 1000;
