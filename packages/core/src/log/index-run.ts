/**
 * A run of the index: which segments hold a term, for a row of sealed segments. A file that is written once:
 *
 *     page 0   4  "TWI5"
 *              4  CRC-32 of the page's other bytes after it
 *              4  first segment   4  last segment   4  entries
 *              32 SHA-256 of the last segment's last line: that and all before it is what the run tells of
 *     page n   4  CRC-32 of the page's other bytes
 *              4  entries of the page
 *                 entries of 12 bytes, ascending: 8 of the term's SHA-256, 4 of the segment's number
 *
 * Hashes are spread evenly, so where one stands is guessed from its value: two or three pages are read, however long the run is.
 * Two terms may share a hash: what is found is a segment to look into, never an answer.
 */
import { hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { ReadFile } from './file-system.js';

export const PAGE = 4096;
/** Its last digit goes up with each change of what a term is: older runs are made anew then. */
const MAGIC = 0x54574935;
export const ENTRY = 12;
const PAGE_HEADER = 8;
const ENTRIES_PER_PAGE = Math.floor((PAGE - PAGE_HEADER) / ENTRY);

export interface RunHead {
  readonly from: number;
  readonly to: number;
  readonly entries: number;
  /** SHA-256 of the last segment's last line: a run of a log that holds another one there says nothing of it. */
  readonly end: string;
}

/** 8 bytes of a term's digest, in hex: a buffer for each term costs three times as much. */
const digestOf = (term: string): string => hash('sha256', term).slice(0, 16);
/** As entries hold them. */
export const termHash = (term: string): Buffer => Buffer.from(digestOf(term), 'hex');

const pagesOf = (entries: number): number => Math.ceil(entries / ENTRIES_PER_PAGE);
export const runSize = ({ entries }: Pick<RunHead, 'entries'>): number => (1 + pagesOf(entries)) * PAGE;

export const encodeHead = ({ from, to, entries, end }: RunHead): Buffer => {
  const page = Buffer.alloc(PAGE);
  page.writeUInt32BE(MAGIC, 0);
  page.writeUInt32BE(from, 8);
  page.writeUInt32BE(to, 12);
  page.writeUInt32BE(entries, 16);
  page.write(end, 20, 'hex');
  page.writeUInt32BE(crc32(page.subarray(8)), 4);
  return page;
};

/** @returns undefined where the page heads no run */
export const decodeHead = (bytes: Uint8Array): RunHead | undefined => {
  const page = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (page.length !== PAGE || page.readUInt32BE(0) !== MAGIC || page.readUInt32BE(4) !== crc32(page.subarray(8))) return undefined;
  return { from: page.readUInt32BE(8), to: page.readUInt32BE(12), entries: page.readUInt32BE(16), end: page.toString('hex', 20, 52) };
};

/** The entries of one segment in order. */
export const sortedEntries = (terms: Iterable<string>, segment: number): Buffer => {
  const hashes = BigUint64Array.from([...terms], (term) => BigInt(`0x${digestOf(term)}`)).sort();
  const entries = Buffer.alloc(hashes.length * ENTRY);
  hashes.forEach((each, index) => {
    entries.writeBigUInt64BE(each, index * ENTRY);
    entries.writeUInt32BE(segment, index * ENTRY + 8);
  });
  return entries;
};

/** Puts entries that come in order into pages; `flush` gives the pages that are full, and at the end the rest. */
export class PageWriter {
  #page = Buffer.alloc(PAGE);
  #held = 0;
  #full: Buffer[] = [];

  add(source: Buffer, at: number): void {
    source.copy(this.#page, PAGE_HEADER + this.#held * ENTRY, at, at + ENTRY);
    this.#held += 1;
    if (this.#held === ENTRIES_PER_PAGE) this.#seal();
  }

  /** How many pages are full. */
  get full(): number {
    return this.#full.length;
  }

  flush(end: boolean): Buffer {
    if (end && this.#held > 0) this.#seal();
    const pages = Buffer.concat(this.#full);
    this.#full = [];
    return pages;
  }

  #seal(): void {
    this.#page.writeUInt32BE(this.#held, 4);
    this.#page.writeUInt32BE(crc32(this.#page.subarray(4)), 0);
    this.#full.push(this.#page);
    this.#page = Buffer.alloc(PAGE);
    this.#held = 0;
  }
}

/** @throws RunDamaged */
const entriesOf = (page: Buffer): Buffer => {
  const held = page.length === PAGE && page.readUInt32BE(0) === crc32(page.subarray(4)) ? page.readUInt32BE(4) : 0;
  if (held === 0 || held > ENTRIES_PER_PAGE) throw new RunDamaged();
  return page.subarray(PAGE_HEADER, PAGE_HEADER + held * ENTRY);
};

class RunDamaged extends Error {
  constructor() {
    super('a page of the index does not fit its checksum');
  }
}

/** Reads a run's entries from first to last, a few pages at a time. */
export class RunCursor {
  readonly #file: ReadFile;
  readonly #pages: number;
  #next = 0;
  #chunk: Buffer[] = [];
  /** The page under the cursor and where in it; undefined at the end. */
  page: Buffer | undefined;
  at = 0;
  /** A page is damaged, or the disk does not give it. */
  unread = false;

  constructor(file: ReadFile, head: RunHead) {
    this.#file = file;
    this.#pages = pagesOf(head.entries);
  }

  /** Moves to the next entry. Only at a page's end it reads, and then there is something to wait for. */
  step(): Promise<void> | undefined {
    if (this.page !== undefined && this.at + ENTRY < this.page.length) {
      this.at += ENTRY;
      return undefined;
    }
    return this.#turn();
  }

  async #turn(): Promise<void> {
    try {
      if (this.#chunk.length === 0 && this.#next < this.#pages) await this.#read();
      const page = this.#chunk.shift();
      this.page = page && entriesOf(page);
      this.at = 0;
    } catch (error) {
      this.unread = true;
      throw error;
    }
  }

  async #read(): Promise<void> {
    const count = Math.min(16, this.#pages - this.#next);
    const bytes = Buffer.from(await this.#file.read((1 + this.#next) * PAGE, count * PAGE));
    this.#next += count;
    this.#chunk = Array.from({ length: count }, (_, index) => bytes.subarray(index * PAGE, (index + 1) * PAGE));
  }
}

/** @returns segments that may hold the term, ascending. @throws RunDamaged */
export const lookUp = async (file: ReadFile, { entries }: RunHead, wanted: Buffer): Promise<number[]> => {
  const pages = pagesOf(entries);
  const value = wanted.readBigUInt64BE();
  const read = async (page: number): Promise<Buffer> => entriesOf(Buffer.from(await file.read((1 + page) * PAGE, PAGE)));
  const share = (distance: bigint): number => Number((distance * BigInt(pages)) >> 64n);
  let low = 0;
  let high = pages - 1;
  let guess = share(value);
  while (low <= high) {
    guess = Math.min(Math.max(guess, low), high);
    const page = await read(guess);
    const first = page.readBigUInt64BE(0);
    const last = page.readBigUInt64BE(page.length - ENTRY);
    if (value < first) {
      high = guess - 1;
      guess -= 1 + share(first - value);
    } else if (value > last) {
      low = guess + 1;
      guess += 1 + share(value - last);
    } else {
      const found = new Set(segmentsIn(page, value));
      // One hash may go on over a page's edge.
      for (let before = guess - 1; before >= low && first === value; before -= 1) if (!collect(await read(before), value, found, 'end')) break;
      for (let after = guess + 1; after <= high && last === value; after += 1) if (!collect(await read(after), value, found, 'start')) break;
      return [...found].sort((a, b) => a - b);
    }
  }
  return [];
};

/** @returns whether the next page may hold more */
const collect = (page: Buffer, value: bigint, found: Set<number>, touching: 'start' | 'end'): boolean => {
  for (const segment of segmentsIn(page, value)) found.add(segment);
  return page.readBigUInt64BE(touching === 'end' ? 0 : page.length - ENTRY) === value;
};

const segmentsIn = (page: Buffer, value: bigint): number[] => {
  let from = 0;
  let to = page.length / ENTRY;
  while (from < to) {
    const middle = (from + to) >> 1;
    if (page.readBigUInt64BE(middle * ENTRY) < value) from = middle + 1;
    else to = middle;
  }
  const segments: number[] = [];
  for (let at = from * ENTRY; at < page.length && page.readBigUInt64BE(at) === value; at += ENTRY) segments.push(page.readUInt32BE(at + 8));
  return segments;
};

/** Which of two entries comes first. */
export const before = (a: Buffer, atA: number, b: Buffer, atB: number): boolean => a.compare(b, atB, atB + ENTRY, atA, atA + ENTRY) < 0;
