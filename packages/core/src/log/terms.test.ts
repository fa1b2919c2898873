import { expect, it } from 'vitest';
import type { EventInput, EventLog, FindBy } from '../engine/ports.js';
import { fileLog } from './file-log.js';
import { LogReader } from './log-reader.js';
import { memoryLog } from './memory-log.js';
import { nodeFileSystem } from './node-file-system.js';
import { segmentPath } from './segment.js';
import { SimulatedDisk } from './simulated-disk.js';
import { collect } from './test-events.js';

const started = (id: string, key?: string): EventInput => ({ stream: `x/${id}`, event: { type: 'executionStarted', ...(key === undefined ? {} : { key }), terminal: 'T1', workflow: 'w', pins: {}, plugins: {}, input: null } });
const prepared = (id: string, names: { readonly reference: string; readonly execution: string; readonly saleReference: string }): EventInput =>
  ({ stream: `p/${id}`, event: { type: 'paymentPrepared', execution: names.execution, saleReference: names.saleReference, prepared: { reference: names.reference } } }) as unknown as EventInput;
const appended: readonly EventInput[] = [
  started('1', 'order-1'),
  prepared('1', { reference: 'ref-1', execution: '1', saleReference: '1' }),
  prepared('2', { reference: 'ref-2', execution: '1', saleReference: 'order-9' }),
  { stream: 'p/2', event: { type: 'caseOpened', caseId: 'case-2', why: 'silent' } },
  started('2'),
  prepared('3', { reference: 'ref-3', execution: '2', saleReference: 'order-9' }),
];
const answers: readonly [FindBy, string, readonly string[]][] = [
  ['key', 'order-1', ['x/1']],
  ['key', 'order-9', []],
  ['reference', 'ref-1', ['p/1']],
  ['reference', 'ref-3', ['p/3']],
  ['reference', 'order-9', []],
  ['execution', '1', ['p/1', 'p/2']],
  ['execution', 'order-9', []],
  ['sale', 'order-9', ['p/2', 'p/3']],
  // A sale of one transaction has that one's name, by which it is found.
  ['sale', '1', []],
  ['case', 'case-2', ['p/2']],
  ['case', 'case-1', []],
];

/** Its segments hold a record each. */
const onDisk = async (): Promise<{ readonly disk: SimulatedDisk; readonly log: EventLog }> => {
  const disk = new SimulatedDisk();
  const log = fileLog('/data', { fileSystem: disk, segmentBytes: 1, lazyFlushMs: 1e9 });
  await log.open();
  for (const input of appended) {
    log.append([input], 0);
    await log.durable(log.head);
  }
  return { disk, log };
};

it('what a name was given to is found in a log in memory', async () => {
  const log = memoryLog();
  await log.open();
  log.append(appended, 0);
  for (const [by, value, streams] of answers) expect([by, value, await log.find(by, value)]).toEqual([by, value, streams]);
  await log.close();
});

it('and in one on disk, opened anew from its checkpoint and without one, and by who only reads it', async () => {
  const { disk, log } = await onDisk();
  for (const [by, value, streams] of answers) expect([by, value, await log.find(by, value)]).toEqual([by, value, streams]);
  await log.checkpoint?.({});
  await log.close();
  for (const restored of [true, false]) {
    await log.open({ restore: () => restored });
    for (const [by, value, streams] of answers) expect([by, value, await log.find(by, value)]).toEqual([by, value, streams]);
    await log.close();
    const reader = await LogReader.open(disk, '/data', () => restored);
    for (const [by, value, streams] of answers) expect([by, value, await reader.find(by, value)]).toEqual([by, value, streams]);
    expect((await collect(reader.read('p/2'))).map(({ seq }) => seq)).toEqual([5, 7]);
    expect(await collect(reader.read('e'))).toHaveLength(5);
    expect(await collect(reader.tail())).toHaveLength(restored ? 0 : 11);
    await reader.close();
  }
});

it('and where a crash left the segment after all that empty', async () => {
  for (const restored of [true, false]) {
    const { disk, log } = await onDisk();
    if (restored) await log.checkpoint?.({});
    await log.close();
    disk.write(segmentPath('/data', appended.length + 1), new Uint8Array());
    await log.open({ restore: () => restored });
    for (const [by, value, streams] of answers) expect([by, value, await log.find(by, value)]).toEqual([by, value, streams]);
    await log.close();
  }
});

it('who only reads a log finds what its index does not have yet, and nothing where there is none', async () => {
  const { disk, log } = await onDisk();
  await log.checkpoint?.({});
  await log.close();
  for (const name of await disk.list('/data/index')) await disk.remove(`/data/index/${name}`);
  const reader = await LogReader.open(disk, '/data', () => true);
  for (const [by, value, streams] of answers) expect([by, value, await reader.find(by, value)]).toEqual([by, value, streams]);
  await reader.close();
  expect(await disk.list('/data/index')).toEqual([]);
  const none = await LogReader.open(nodeFileSystem, '/nowhere', () => true);
  expect(await none.find('key', 'order-1')).toEqual([]);
  await none.close();
});
