import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import type { Json } from '@tillwright/core/contract';
import { fromHex, toHex } from '@tillwright/plugin-card/protocol';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createSimulation, promptAnswerer, sampleCards, type SimulatedTill, type SimulationEvents } from './index.js';
import { MAC_KEY, MASTER_KEY, PIN_KEY, cardOf, never, pinRequest, readRequest, signOn, slip, terminalData } from './testing.test-helper.js';

const PIN = '739184';
const CODE = '287301928374650192';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'leaks-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

/** Everything of a run that someone could log: events, errors with stack and cause, receipts, the counter itself. */
const watch = (world: SimulatedTill) => {
  const told: string[] = [];
  const tell = (what: unknown) => void told.push(inspect(what, { depth: 20, showHidden: true }));
  const names: (keyof SimulationEvents)[] = ['waiting', 'idle', 'digits', 'ignored', 'receipt', 'happened', 'gap'];
  for (const name of names) world.on(name, (...args: unknown[]) => void tell(args));
  return {
    told,
    tell,
    attempt: async (doing: () => unknown) => {
      try {
        await doing();
      } catch (error) {
        tell(error);
      }
    },
  };
};

const secrets = [
  ...sampleCards.flatMap(({ pan, track2, issuerMasterKey }) => [pan, track2, track2.replace('=', 'D'), issuerMasterKey]),
  PIN,
  CODE,
  MASTER_KEY,
  toHex(PIN_KEY),
  toHex(MAC_KEY),
];

test('nothing that a counter tells holds card data, a PIN, a key or a code', async () => {
  const steps: Json[] = [
    ...sampleCards.flatMap(({ id }) => (['swipe', 'insert', 'tap'] as const).map((by) => ({ when: { device: 'reader' }, card: id, by }))),
    { when: { device: 'reader' }, card: 'chip-ok', by: 'insert', fault: 'pulled-before-cryptogram' },
    { when: { device: 'pinpad' }, pin: `${PIN}` },
    { when: { device: 'pinpad' }, pin: '12' },
    { when: { device: 'pinpad' }, bypass: true },
    { when: { device: 'scanner' }, code: CODE },
    { when: { device: 'printer' }, fault: 'paper-out-midway' },
  ];
  const world = createSimulation({ script: { steps }, stateDir: join(dir, 'state'), outputDir: join(dir, 'out'), terminalMasterKey: MASTER_KEY });
  const { told, tell, attempt } = watch(world);
  await attempt(() => signOn(world.pinPad));
  await attempt(() => world.pinPad.loadWorkingKeys({ pin: { encrypted: PIN_KEY, checkValue: fromHex('01020304') }, mac: { encrypted: MAC_KEY, checkValue: fromHex('01020304') } }));
  for (let reads = 0; reads < sampleCards.length * 3 + 2; reads += 1) {
    await attempt(async () => {
      const read = await world.reader.read(readRequest());
      if (read.entry !== 'insert') return;
      await read.chip.firstGenerateAc(terminalData());
      await read.chip.secondGenerateAc('00', new Uint8Array([0x91, 0x01]));
    });
  }
  for (let entries = 0; entries < 3; entries += 1) await attempt(() => world.pinPad.enterPin(pinRequest(cardOf('chip-ok').pan)));
  await attempt(() => world.pinPad.enterPin(pinRequest(cardOf('chip-ok').pan.slice(0, 12))));
  await attempt(() => world.pinPad.unseal(Buffer.from(cardOf('chip-ok').pan), 'x'));
  await attempt(() => world.scanner.scan(never()));
  await attempt(() => world.scanner.scan(never()));
  await attempt(() => promptAnswerer(world)({ id: 'P', kind: 'confirm', audience: 'customer', show: { text: CODE } }));
  await attempt(() => world.presentCard(cardOf('chip-ok').pan, 'insert'));
  await attempt(() => createSimulation({ script: { steps: [{ when: { device: 'pinpad' }, pin: `${PIN}x` }, { when: { device: 'scanner' }, code: Number(CODE) }] } }));
  await attempt(() => createSimulation({ script: `{"steps":[{"pin":"${PIN}" ${CODE}` }));
  await attempt(() => createSimulation({ terminalMasterKey: `${MASTER_KEY}0` }));
  for (let prints = 0; prints < 2; prints += 1) {
    await attempt(() => world.printer.print(slip(), never()));
    world.setPaper(true);
  }
  tell(world);
  tell(world.cards);
  tell([world.pinPad, world.reader, world.scanner, world.printer, world.status, world.transactions, world.gaps]);
  // What was told is more than a few lines, and the printer wrote its files: the scan looks at something.
  expect(told.length).toBeGreaterThan(150);
  const files = readdirSync(join(dir, 'out')).map((name) => readFileSync(join(dir, 'out', name), 'latin1'));
  expect(files).toHaveLength(3);
  const all = [...told, ...files].join('\n');
  for (const secret of secrets) expect(all.toUpperCase().includes(secret.toUpperCase())).toBe(false);
});

test("only the pad's own file holds keys, and no file holds a PIN, a number or a code", async () => {
  const world = createSimulation({ stateDir: dir, terminalMasterKey: MASTER_KEY });
  await signOn(world.pinPad);
  const entering = world.pinPad.enterPin(pinRequest(cardOf('chip-ok').pan));
  world.typePin(PIN);
  world.pressEnter();
  await entering;
  const reading = world.reader.read(readRequest());
  world.presentCard('chip-ok', 'insert');
  await reading;
  expect(readdirSync(dir).sort()).toEqual(['cards.json', 'pin-pad-memory.json']);
  for (const name of readdirSync(dir)) {
    const text = readFileSync(join(dir, name), 'utf8');
    for (const secret of [PIN, CODE, ...sampleCards.map(({ pan }) => pan)]) expect(text).not.toContain(secret);
    expect(text.includes(MASTER_KEY)).toBe(name === 'pin-pad-memory.json');
  }
});
