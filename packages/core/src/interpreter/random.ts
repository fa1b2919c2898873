/** Numbers from a seed: the same seed gives the same numbers on every machine. Not for keys. */
export interface Random {
  /** 0 <= n < 1, 32 bits of it. */
  next(): number;
  /** 0 <= n < 2^32, a whole number. */
  word(): number;
}

const mix = (hash: number): number => {
  let h = hash ^ (hash >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
};

/** One word of a text: `lane` makes four different ones, so that a seed of 128 bits keeps them. */
const spread = (seed: string, lane: number): number => {
  let hash = Math.imul(lane + 1, 0x9e3779b1);
  for (let at = 0; at < seed.length; at++) {
    hash = Math.imul(hash ^ seed.charCodeAt(at), 0x01000193 + lane * 2);
    hash ^= hash >>> 15;
  }
  return mix(hash);
};

const rotate = (x: number, by: number): number => (x << by) | (x >>> (32 - by));

/** The xoshiro128** generator (Blackman, Vigna). */
export const seeded = (seed: string): Random => {
  let a = spread(seed, 0);
  let b = spread(seed, 1);
  let c = spread(seed, 2);
  let d = spread(seed, 3) | 1;
  const word = (): number => {
    const result = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0;
    const t = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= t;
    d = rotate(d, 11);
    return result;
  };
  for (let turn = 0; turn < 8; turn++) word();
  return { word, next: () => word() / 0x1_0000_0000 };
};

/** A version 4 UUID (RFC 9562) from a generator. */
export const uuid = (random: Random): string => {
  const hex = Array.from({ length: 4 }, () => random.word().toString(16).padStart(8, '0')).join('');
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 3) | 8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`;
};
