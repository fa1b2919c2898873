import { crc32 } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TillEvent } from '../events.js';
import { Lines } from './lines.js';
import { decode, encode, FIRST_PREV, lineHash, rawLines, type RawLine } from './record.js';
import { sha256 } from './system.js';

const bytesOf = (text: string): Uint8Array => Buffer.from(text, 'utf8');
const event: TillEvent = { type: 'engineOpened', version: '1.0.0 收银 🧾' };
const written = new Lines();
const encoded = encode({ seq: 1, at: 5, stream: 'e', durableTo: 0, prev: FIRST_PREV }, event, false, written);
const whole = Buffer.from(written.take()).toString('utf8');

describe('a record as a line', () => {
  it('reads back as it was written, with the hash of its line', () => {
    expect(whole.endsWith('"}\n')).toBe(true);
    const line = whole.slice(0, -1);
    expect(decode(bytesOf(line))).toEqual({ is: 'line', record: encoded.record, hash: encoded.hash, more: false });
    expect(encoded.hash).toBe(sha256(line));
    expect(encoded.record).toEqual({ seq: 1, at: 5, stream: 'e', v: 1, durableTo: 0, prev: FIRST_PREV, event });
  });

  it('holds what a restart will read, not what was handed in', () => {
    const given = { type: 'engineOpened' as const, version: '1', cut: undefined };
    const { record } = encode({ seq: 1, at: 5, stream: 'e', durableTo: 0, prev: FIRST_PREV }, given as unknown as TillEvent, false, new Lines());
    given.version = '2';
    expect(Object.keys(record.event)).toEqual(['type', 'version']);
    expect(record.event).toMatchObject({ version: '1' });
  });

  it('finds any change of any byte, without a next line to tell', () => {
    const line = bytesOf(whole.slice(0, -1));
    fc.assert(
      fc.property(fc.nat(line.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const changed = Uint8Array.from(line);
        changed[at] = (changed[at] ?? 0) ^ change;
        expect(decode(changed).is).toBe('bad');
      }),
      { numRuns: 500 },
    );
  });

  it('says that a newer version wrote it', () => {
    expect(decode(bytesOf(resealed(whole, (body) => body.replace('"v":1', '"v":2'))))).toEqual({ is: 'newer', v: 2 });
  });

  it.each([
    ['no event', (body: string) => body.replace('"event":{', '"other":{')],
    ['a durableTo beyond itself', (body: string) => body.replace('"durableTo":0', '"durableTo":1')],
    ['a number that is none', (body: string) => body.replace('"seq":1', '"seq":"1"')],
    ['no JSON', (body: string) => body.replace('"seq":1', '"seq":')],
    ['no object', () => '[1'],
  ])('refuses %s though its checksum fits', (_, change) => {
    expect(decode(bytesOf(resealed(whole, change))).is).toBe('bad');
  });
});

it('splits bytes at line feeds, wherever the pieces break', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom(10, 65, 66), { maxLength: 40 }), fc.integer({ min: 1, max: 7 }), async (codes, size) => {
      const bytes = Uint8Array.from(codes);
      const found: RawLine[] = [];
      for await (const lines of rawLines(pieces(bytes, size))) found.push(...lines);
      const text = found.map((line) => Buffer.from(line.bytes).toString('latin1') + (line.ended ? '\n' : '')).join('');
      expect(text).toBe(Buffer.from(bytes).toString('latin1'));
      for (const line of found) expect(bytes.subarray(line.offset, line.offset + line.bytes.length)).toEqual(Uint8Array.from(line.bytes));
    }),
  );
});

it('hashes a text and its UTF-8 bytes alike', () => {
  expect(lineHash('收银')).toBe(lineHash(bytesOf('收银')));
});

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** Changes a line and gives it a checksum that fits, as somebody would who knows the format. */
const resealed = (text: string, change: (body: string) => string): string => {
  const body = change(text.slice(0, text.lastIndexOf(',"crc"')));
  return `${body},"crc":"${crc32(body).toString(16).padStart(8, '0')}"}`;
};
