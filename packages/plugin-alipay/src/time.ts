/** Alipay writes times as `yyyy-MM-dd HH:mm:ss` in GMT+8, wherever the till stands. */
const GMT8_MS = 8 * 60 * 60 * 1000;

/** @param atMs ms since 1970; parts of a second are cut off */
export const toGmt8 = (atMs: number): string => new Date(atMs + GMT8_MS).toISOString().slice(0, 19).replace('T', ' ');

export const toSecond = (atMs: number): number => Math.floor(atMs / 1000) * 1000;
