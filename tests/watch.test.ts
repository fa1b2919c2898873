/** Workflow files that change while a till is open: real files, saved as editors save them. */
import fs from 'node:fs';
import { cp, mkdtemp, readFile, rename, rm, unlink, writeFile } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { EventRecord, Prompt } from '@tillwright/core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { run } from '../packages/cli/src/commands/run.js';
import { type Counter, openCounter, TERMINAL } from '../packages/cli/src/counter.js';
import { type Change, settled, watchWorkflows } from '../packages/cli/src/watch.js';
import { readWorkflows } from '../packages/cli/src/workflow-files.js';
import { Shop } from './support.js';

const shippedFlows = fileURLToPath(new URL('../workflows/', import.meta.url));
let shop: Shop;
let dir = '';
let counter: Counter;
let watching: { close(): Promise<void> };
/** What the watcher told and nobody has looked at yet. */
let changes: Change[] = [];
let wake = (): void => undefined;

const nextChange = async (): Promise<Change> => {
  for (let change = changes.shift(); ; change = changes.shift()) {
    if (change) return change;
    await new Promise<void>((resolve) => (wake = resolve));
  }
};

const open = async (workflow: string, meanwhile = async (_file: string): Promise<void> => undefined): Promise<string> => {
  const file = join(dir, `${workflow}.asl.json`);
  const workflows = await readWorkflows([file]);
  counter = await openCounter({ data: join(dir, 'till'), workflows, endpoints: shop.hosts.endpoints, script: '{ "steps": [] }', config: {} });
  await meanwhile(file);
  watching = await watchWorkflows(file, {
    till: counter.till,
    known: workflows,
    told: (change) => {
      changes.push(change);
      wake();
    },
  });
  return file;
};

beforeAll(async () => void (shop = await Shop.open()));
afterAll(() => shop.close());
beforeEach(async () => {
  changes = [];
  dir = await mkdtemp(join(tmpdir(), 'tillwright-watch-'));
  await cp(shippedFlows, dir, { recursive: true });
});
afterEach(async () => {
  await watching.close();
  await counter.close();
  await rm(dir, { recursive: true, force: true });
});

/** The limit that a sale offers, seen at its amount prompt; the sale is cancelled there. */
const offeredBySale = async (workflow = 'counter-sale', meanwhile?: (prompt: Prompt) => Promise<void>): Promise<{ limit: unknown; events: EventRecord[] }> => {
  const { till } = counter;
  const prompted = new Promise<Prompt>((resolve) => till.once('prompt', resolve));
  const sale = await till.start({ terminal: TERMINAL, workflow });
  const prompt = await prompted;
  await meanwhile?.(prompt);
  till.cancelPrompt(prompt.id);
  expect(await sale.result).toMatchObject({ status: 'failed', error: 'Terminal.Cancelled' });
  return { limit: prompt.show['maxMinor'], events: [...(await till.history(sale.executionId))] };
};
const limitedTo = async (file: string, fen: string): Promise<string> => (await readFile(file, 'utf8')).replace(/"maxMinor": \d+/, `"maxMinor": ${fen}`);

describe('a changed file', () => {
  it('that is sound serves the next sale; the one under way ends on its own version', async () => {
    const file = await open('quick-sale');
    const under = await offeredBySale('quick-sale', async () => {
      await writeFile(file, await limitedTo(file, '777'));
      expect(await nextChange()).toMatchObject({ is: 'taken', workflows: ['quick-sale'], diagnostics: [] });
    });
    const next = await offeredBySale('quick-sale');
    expect(next.limit).toBe(777);
    expect(under.limit).not.toBe(777);
    const pinned = ({ events }: typeof next): unknown => events.flatMap(({ event }) => (event.type === 'executionStarted' ? [event.pins['quick-sale']] : []))[0];
    expect(pinned(under)).not.toBe(pinned(next));
  });

  it('that was saved while the till opened is taken before anything else', async () => {
    await open('quick-sale', async (file) => writeFile(file, await limitedTo(file, '555')));
    expect(changes).toMatchObject([{ is: 'taken', workflows: ['quick-sale'] }]);
    expect((await offeredBySale('quick-sale')).limit).toBe(555);
  });

  it('that is faulty is refused with every fault, and the old one stays; mended, it is taken', async () => {
    const file = await open('quick-sale');
    const sound = await readFile(file, 'utf8');
    const before = (await offeredBySale('quick-sale')).limit;
    await writeFile(file, (await limitedTo(file, '12.5')).replace('"StartAt": "EnterAmount"', '"StartAt": "EnterAmuont"'));
    const refused = await nextChange();
    expect(refused).toMatchObject({ is: 'refused' });
    expect(refused.is === 'refused' ? refused.diagnostics.map(({ code }) => code).sort() : []).toEqual(expect.arrayContaining(['WORKFLOW_AMOUNT_INVALID', 'WORKFLOW_UNKNOWN_STATE']));
    expect((await offeredBySale('quick-sale')).limit).toBe(before);
    await writeFile(file, sound.replace(/"maxMinor": \d+/, '"maxMinor": 888'));
    expect(await nextChange()).toMatchObject({ is: 'taken' });
    expect((await offeredBySale('quick-sale')).limit).toBe(888);
  });

  it('saved by renaming, as many editors do, is seen; a file that is gone leaves the old one', async () => {
    const file = await open('quick-sale');
    await writeFile(`${file}~`, await limitedTo(file, '999'));
    await rename(`${file}~`, file);
    expect(await nextChange()).toMatchObject({ is: 'taken' });
    // Another file in the folder makes it look, and the same change is not told twice.
    await writeFile(join(dir, 'notes.json'), '{}');
    await writeFile(file, await limitedTo(file, '1234'));
    expect(await nextChange()).toMatchObject({ is: 'taken', workflows: ['quick-sale'] });
    expect((await offeredBySale('quick-sale')).limit).toBe(1234);
    const part = join(dir, 'take-code.asl.json');
    await writeFile(part, (await readFile(part, 'utf8')).replace('"Comment": "', '"Comment": "Changed: '));
    expect(await nextChange()).toMatchObject({ is: 'taken', workflows: ['take-code'] });
    await unlink(file);
    expect(await nextChange()).toMatchObject({ is: 'unreadable' });
    expect((await offeredBySale('quick-sale')).limit).toBe(1234);
  });

  it('that the system has no room to watch is told of, once; the till sells', async () => {
    const { watch } = fs;
    fs.watch = () => {
      throw Object.assign(new Error('ENOSPC: System limit for number of file watchers reached'), { code: 'ENOSPC', syscall: 'watch' });
    };
    syncBuiltinESMExports();
    try {
      await open('quick-sale');
      expect(changes).toMatchObject([{ is: 'unwatched', error: { code: 'ENOSPC' } }]);
      await offeredBySale('quick-sale');
    } finally {
      fs.watch = watch;
      syncBuiltinESMExports();
    }
  });

  it('that the flow runs as a part is checked with the whole: refused where it breaks its caller, taken where both change', async () => {
    const file = await open('quick-sale');
    const part = join(dir, 'a-part.asl.json');
    await writeFile(part, JSON.stringify({ QueryLanguage: 'JSONata', StartAt: 'Ask', States: { Ask: { Type: 'Task', Resource: 'prompt:nothing', End: true } } }));
    const flow = JSON.parse(await readFile(file, 'utf8')) as { StartAt: string; States: { [name: string]: object } };
    const first = { ...flow, StartAt: 'Begin', States: { Begin: { Type: 'Task', Resource: 'workflow:run', Arguments: { workflow: 'a-part' }, Next: flow.StartAt }, ...flow.States } };
    await writeFile(file, JSON.stringify(first));
    const refused = await nextChange();
    expect(refused.is === 'refused' ? refused.diagnostics.map(({ file: at, code }) => `${at.slice(dir.length + 1)} ${code}`) : refused).toEqual(expect.arrayContaining(['a-part.asl.json WORKFLOW_UNKNOWN_ACTION', 'quick-sale.asl.json WORKFLOW_TARGET_REFUSED']));
    await writeFile(part, JSON.stringify({ QueryLanguage: 'JSONata', StartAt: 'Pass', States: { Pass: { Type: 'Pass', End: true } } }));
    expect(await nextChange()).toMatchObject({ is: 'taken', workflows: ['quick-sale', 'a-part'] });
    const { events } = await offeredBySale('quick-sale');
    expect(events.some(({ event }) => event.type === 'scopesOpened' && event.workflow === 'a-part')).toBe(true);
  });
});

it('a file that is still being written when another one changes is not reported on', async () => {
  const half = { sources: { part: { file: 'part.asl.json', text: '{ "States"' } } };
  const whole = { sources: { part: { file: 'part.asl.json', text: '{ "States": {} }' } } };
  const reads = [{ error: new Error('is not there') }, half, whole, whole, half];
  let pauses = 0;
  const read = await settled(async () => reads.shift() ?? half, async () => void (pauses += 1));
  expect(read).toBe(whole);
  expect({ pauses, left: reads.length }).toEqual({ pauses: 3, left: 1 });
});

it('staying open goes with neither a script nor a key', async () => {
  const file = await open('quick-sale');
  const options = { data: join(dir, 'other'), json: true, language: 'en', stay: true } as const;
  await expect(run(file, { ...options, script: 'x.json' })).rejects.toThrow(/neither --script nor --key/);
  await expect(run(file, { ...options, key: 'k' })).rejects.toThrow(/neither --script nor --key/);
});
