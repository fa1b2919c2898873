import { crc32 } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TillEvent } from '../events.js';
import type { EventInput } from '../engine/ports.js';
import { Lines } from './lines.js';
import { decode, encode, FIRST_PREV, lineHash, rawLines, type RawLine } from './batch.js';
import { recordOf } from './record-of.js';
import { sha256 } from './system.js';

const bytesOf = (text: string): Uint8Array => Buffer.from(text, 'utf8');
const given: EventInput[] = [{ stream: 'e', event: { type: 'engineOpened', version: '1.0.0 收银 🧾' } }, { stream: 't/"T1"', event: { type: 'terminalCounted', counter: 'trace', to: 7 } }];
const records = given.map((input, index) => recordOf(8 + index, 5 + index, input));
const written = new Lines();
const hash = lineHash(encode({ durableTo: 7, prev: FIRST_PREV }, records, written));
const whole = Buffer.from(written.take()).toString('utf8');

describe('a batch of records as a line', () => {
  it('reads back as it was written, with the hash of its line', () => {
    expect(whole.endsWith('"}\n')).toBe(true);
    const line = whole.slice(0, -1);
    expect(decode(bytesOf(line))).toEqual({ is: 'batch', records, durableTo: 7, prev: FIRST_PREV, hash });
    expect(hash).toBe(sha256(line));
    expect(JSON.parse(line)).toEqual({
      v: 2, durableTo: 7, prev: FIRST_PREV, crc: crc32(line.slice(0, line.lastIndexOf(',"crc"'))).toString(16).padStart(8, '0'),
      records: [{ seq: 8, at: 5, v: 2, ...given[0] }, { seq: 9, at: 6, v: 2, ...given[1] }],
    });
  });

  it.each([1, 63, 64, 65, 128, 200])('is one list, in however many pieces its %i records were written', (count) => {
    const many = Array.from({ length: count }, (_, index) => recordOf(8 + index, 5, { stream: 'e', event: { type: 'engineOpened', version: `收银 ${index}` } }));
    const lines = new Lines();
    encode({ durableTo: 7, prev: FIRST_PREV }, records, lines);
    const last = lineHash(encode({ durableTo: 7, prev: hash }, many, lines));
    const [, line = ''] = Buffer.from(lines.take()).toString('utf8').split('\n');
    expect(line).toContain(`"records":${JSON.stringify(many)},"crc"`);
    expect(decode(bytesOf(line))).toEqual({ is: 'batch', records: many, durableTo: 7, prev: hash, hash: last });
  });

  it('holds what a restart will read, not what was handed in', () => {
    const event = { type: 'engineOpened' as const, version: '1', cut: undefined };
    const record = recordOf(1, 5, { stream: 'e', event: event as unknown as TillEvent });
    event.version = '2';
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

  it.each([1, 3])('says that another version wrote it: %i', (v) => {
    expect(decode(bytesOf(resealed(whole, (body) => body.replace('"v":2', `"v":${v}`))))).toEqual({ is: 'foreign', v });
  });

  it('knows a line of version 1, which held one record', () => {
    const line = resealed(',"crc"', () => `{"seq":1,"at":5,"stream":"e","v":1,"durableTo":0,"prev":"${FIRST_PREV}","event":{"type":"engineOpened","version":"1"}`);
    expect(decode(bytesOf(line))).toEqual({ is: 'foreign', v: 1 });
  });

  it.each([
    ['no event', (body: string) => body.replace('"event":{', '"other":{')],
    ['a time that is none', (body: string) => body.replace('"at":6', '"at":"6"')],
    ['no records', (body: string) => body.replace(/"records":.*/, '"records":[]')],
    ['a record that is none', (body: string) => body.replace('"records":[', '"records":[7,')],
    ['a durableTo beyond itself', (body: string) => body.replace('"durableTo":7', '"durableTo":8')],
    ['a number that is none', (body: string) => body.replace('"seq":8', '"seq":"8"')],
    ['records that do not follow each other', (body: string) => body.replace('"seq":9', '"seq":10')],
    ['no version', (body: string) => body.replace('"v":2', '"v":"2"')],
    ['a record of another version', (body: string) => body.replace('"e","v":2', '"e","v":3')],
    ['no JSON', (body: string) => body.replace('"seq":8', '"seq":')],
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
