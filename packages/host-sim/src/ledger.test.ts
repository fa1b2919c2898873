import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Ledger } from './ledger.js';

interface Entry {
  readonly reference: string;
  readonly amountMinor: number;
}

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tillwright-ledger-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const open = (): Promise<Ledger<Entry>> => Ledger.open<Entry>({ dir, name: 'book' });
const path = (): string => join(dir, 'book.jsonl');

test('an entry is on the disk when put resolves', async () => {
  const ledger = await open();
  await ledger.put({ reference: 'a', amountMinor: 1 });
  expect(await readFile(path(), 'utf8')).toBe('{"reference":"a","amountMinor":1}\n');
  await ledger.close();
});

test('opened again it holds the newest state of each entry, oldest reference first', async () => {
  const first = await open();
  await Promise.all([1, 2, 3].map((amountMinor) => first.put({ reference: `r${amountMinor}`, amountMinor })));
  await first.put({ reference: 'r1', amountMinor: 9 });
  await first.close();
  const second = await open();
  expect(second.all()).toEqual([
    { reference: 'r1', amountMinor: 9 },
    { reference: 'r2', amountMinor: 2 },
    { reference: 'r3', amountMinor: 3 },
  ]);
  expect(second.get('r1')).toEqual({ reference: 'r1', amountMinor: 9 });
  await second.close();
});

test('many puts at once keep their order', async () => {
  const first = await open();
  await Promise.all(Array.from({ length: 200 }, (_, amountMinor) => first.put({ reference: 'one', amountMinor })));
  await first.close();
  const second = await open();
  expect(second.get('one')).toEqual({ reference: 'one', amountMinor: 199 });
  await second.close();
});

test('an unfinished last line is cut off and writing goes on behind it', async () => {
  const first = await open();
  await first.put({ reference: 'a', amountMinor: 1 });
  await first.close();
  await appendFile(path(), '{"reference":"圆","amo');
  const second = await open();
  await second.put({ reference: 'b', amountMinor: 2 });
  await second.close();
  const third = await open();
  expect(third.all()).toEqual([{ reference: 'a', amountMinor: 1 }, { reference: 'b', amountMinor: 2 }]);
  await third.close();
});

test('damage before the last line is refused with its place, and the file is left as it is', async () => {
  await writeFile(path(), '{"reference":"a","amountMinor":1}\nx\n{"reference":"b","amountMinor":2}\n');
  await expect(open()).rejects.toMatchObject({ code: 'HOST_DATA_DAMAGED', message: expect.stringContaining('book.jsonl:2') });
  expect(await readFile(path(), 'utf8')).toContain('\nx\n');
});

test('entries are copies: what the caller changes afterwards does not reach the book', async () => {
  const ledger = await Ledger.open<{ reference: string; amountMinor: number }>({ name: 'memory' });
  const entry = { reference: 'a', amountMinor: 1 };
  await ledger.put(entry);
  entry.amountMinor = 5;
  expect(ledger.get('a')).toEqual({ reference: 'a', amountMinor: 1 });
});

test('a closed ledger takes nothing more', async () => {
  const ledger = await open();
  await ledger.close();
  await expect(ledger.put({ reference: 'a', amountMinor: 1 })).rejects.toMatchObject({ code: 'HOST_DATA_FAILED' });
});
