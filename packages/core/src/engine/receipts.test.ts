/** Copies of a receipt through faults, crashes and the till's end: what may stand on paper is printed again as a reprint only (20). */
import { describe, expect, it } from 'vitest';
import { ActionError, bind, definePlugin, type Plugin, Printer, type ReceiptDocument } from '../contract.js';
import { memoryLog } from '../log/memory-log.js';
import { alarmsOf, approvedFor, cut, events, flow, open, pay, reopen, run, type Setup, type SetupOptions, until } from './money-rules.testing.js';
import { virtualClock } from './virtual-clock.js';

const printing = flow({
  Pay: pay({ Next: 'Print' }),
  Print: { Type: 'Task', Resource: 'printer:print', Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Done' }], Next: 'Done' },
  Done: { Type: 'Succeed' },
});

interface Paper {
  /** Or nobody knows: its cable is out. */
  in: boolean | 'unknown';
  /** What happens to the next copy when its first lines are out; `last` is printed, and no paper is left. */
  next?: 'cable' | 'hangs' | 'last';
  /** Called as a copy begins. */
  printing?: () => void;
  readonly lines: { copy: string; reprint: boolean }[];
  /** Who is told that paper is in; it forgets nobody. */
  readonly told: (() => void)[];
}

const printerWith = (paper: Paper): Plugin =>
  definePlugin({
    name: 'printer',
    provides: [
      bind(Printer).toValue({
        print: async ({ copy, reprint }: ReceiptDocument) => {
          paper.printing?.();
          paper.lines.push({ copy, reprint });
          const { next } = paper;
          delete paper.next;
          if (next === 'cable') throw new ActionError('Device.Unavailable', 'cable');
          if (next === 'hangs') await new Promise(() => {});
          if (next === 'last') paper.in = false;
        },
        status: async () => {
          if (paper.in === 'unknown') throw new ActionError('Device.Unavailable', 'cable');
          return { paper: paper.in };
        },
        onPaper: (listener) => {
          paper.told.push(listener);
          return () => {};
        },
      }),
    ],
  });

const withoutPaper = async (given: false | 'unknown' = false): Promise<{ setup: Setup; paper: Paper; options: SetupOptions }> => {
  const paper: Paper = { in: given, lines: [], told: [] };
  const options: SetupOptions = { kind: 'wallet', flow: printing, plugins: [printerWith(paper)] };
  const setup = await open(options);
  expect(await run(setup)).toMatchObject({ status: 'succeeded' });
  paper.in = true;
  return { setup, paper, options };
};

const turns = async (): Promise<void> => {
  for (let n = 0; n < 20; n += 1) await new Promise((resolve) => setImmediate(resolve));
};

describe('a copy that waited for paper', () => {
  const firstOneAgain = [
    { copy: 'merchant', reprint: false },
    { copy: 'merchant', reprint: true },
    { copy: 'customer', reprint: false },
  ];

  it('is a reprint once its print was cut off', async () => {
    const { setup, paper } = await withoutPaper();
    paper.next = 'cable';
    await setup.till.printOwed('T1');
    await setup.till.printOwed('T1');
    expect(paper.lines).toEqual(firstOneAgain);
    await setup.till.close();
  });

  it.each(['at once', 'after a restart'])('is one, too, where its first print of all was cut off: %s', async (when) => {
    const paper: Paper = { in: true, next: 'cable', lines: [], told: [] };
    const options: SetupOptions = { kind: 'wallet', flow: printing, plugins: [printerWith(paper)] };
    let setup = await open(options);
    expect(await run(setup)).toMatchObject({ status: 'succeeded' });
    if (when === 'at once') await setup.till.printOwed('T1');
    else setup = await cut(setup, options);
    await turns();
    expect(paper.lines).toEqual(firstOneAgain);
    await setup.till.close();
  });

  it('is a reprint once the power failed while it was printed', async () => {
    const { setup, paper, options } = await withoutPaper();
    paper.next = 'hangs';
    void setup.till.printOwed('T1');
    await turns();
    const next = await cut(setup, options);
    await turns();
    expect(paper.lines).toEqual(firstOneAgain);
    await next.till.close();
  });

  it('is not printed by a till that is closed', async () => {
    const { setup, paper, options } = await withoutPaper();
    await setup.till.close();
    for (const told of paper.told) told();
    await expect(setup.till.printOwed('T1')).rejects.toMatchObject({ code: 'ENGINE_CLOSED' });
    await turns();
    expect(paper.lines).toEqual([]);
    const next = await open({ ...options, host: setup.host, log: setup.log.crash(), sealed: setup.sealed });
    await turns();
    expect(paper.lines).toEqual([
      { copy: 'merchant', reprint: false },
      { copy: 'customer', reprint: false },
    ]);
    await next.till.close();
  });
});

it('what its printer was not there for is no reprint after a restart: not a line of it was printed', async () => {
  const { setup, paper, options } = await withoutPaper('unknown');
  const again = await cut(setup, options);
  await turns();
  expect(paper.lines).toEqual([
    { copy: 'merchant', reprint: false },
    { copy: 'customer', reprint: false },
  ]);
  await again.till.close();
});

it('each of two receipts of a payment is printed, once, though paper comes a copy at a time and the power fails in between', async () => {
  const paper: Paper = { in: false, lines: [], told: [] };
  const print = (Next: string) => ({ Type: 'Task', Resource: 'printer:print', Catch: [{ ErrorEquals: ['States.ALL'], Next }], Next });
  const options: SetupOptions = { kind: 'wallet', flow: flow({ Pay: pay({ Next: 'First' }), First: print('Second'), Second: print('Done'), Done: { Type: 'Succeed' } }), plugins: [printerWith(paper)] };
  let setup = await open(options);
  expect(await run(setup)).toMatchObject({ status: 'succeeded' });
  for (let copies = 1; copies <= 4; copies += 1) {
    paper.in = true;
    paper.next = 'last';
    setup = await cut(setup, options);
    await turns();
    expect(paper.lines).toHaveLength(copies);
  }
  const first = [
    { copy: 'merchant', reprint: false },
    { copy: 'customer', reprint: false },
  ];
  expect(paper.lines).toEqual([...first, ...first]);
  await setup.till.close();
});

it('a receipt that is printed long after tells when it was paid', async () => {
  const times: (string | undefined)[] = [];
  const printer = { print: async ({ lines }: ReceiptDocument) => void times.push(lines.find(({ label }) => label.en === 'Date/Time')?.value), status: async () => ({ paper: true }) };
  const long = flow({
    Pay: pay({ Next: 'Eat' }),
    Eat: { Type: 'Wait', Seconds: 7200, Next: 'Print' },
    Print: { Type: 'Task', Resource: 'printer:print', Arguments: { copies: ['customer'] }, End: true },
  });
  const setup = await open({ kind: 'wallet', flow: long, plugins: [definePlugin({ name: 'printer', provides: [bind(Printer).toValue(printer)] })] });
  const begun = setup.clock.now();
  expect(await run(setup)).toMatchObject({ status: 'succeeded' });
  expect(setup.clock.now() - begun).toBeGreaterThanOrEqual(7_200_000);
  expect(times.map((time) => new Date(time ?? '').getTime() - begun)).toEqual([expect.toSatisfy((late: number) => Math.abs(late) < 60_000)]);
  await setup.till.close();
});

it.each<[string, unknown, unknown[]]>([
  ['a line with a number', [{ key: 'balance', label: { zh: '余额', en: 'Balance' }, value: 5 }], [{ label: { zh: '余额', en: 'Balance' }, value: '5' }]],
  ['a label in one language', [{ key: 'code', label: 'Code', value: '7' }], [{ label: { zh: 'Code', en: 'Code' }, value: '7' }]],
  ['lines that are none beside one that is', [null, 'x', { key: 'a' }, { key: 'b', label: {}, value: '1' }, { key: 'code', label: { zh: '码', en: 'Code' }, value: '7' }], [{ label: { zh: '码', en: 'Code' }, value: '7' }]],
  ['an object for the list', { code: '7' }, []],
  ['a text for the list', 'code 7', []],
  ['no list', undefined, []],
])('a method that gives %s for its receipt keeps it from nobody', async (_, given, own) => {
  const printed: ReceiptDocument[] = [];
  const printer = { print: async (document: ReceiptDocument) => void printed.push(document), status: async () => ({ paper: true }) };
  const setup = await open({ kind: 'wallet', flow: printing, plugins: [definePlugin({ name: 'printer', provides: [bind(Printer).toValue(printer)] })] });
  setup.host.submits.push(approvedFor(1000, { facts: { receipt: given } as never }));
  expect(await run(setup)).toMatchObject({ status: 'succeeded' });
  expect(printed.map(({ copy }) => copy)).toEqual(['merchant', 'customer']);
  const known = ['Merchant No.', 'Terminal No.', 'Operator', 'Payment', 'Type', 'Date/Time', 'Amount'];
  expect(printed[0]?.lines.filter(({ label }) => !known.includes(label.en))).toEqual(own);
  await setup.till.close();
});

it('a terminal that has no printer owes no receipts: they would hold its sales in memory for good', async () => {
  const setup = await open({ kind: 'wallet', flow: printing, keepClosed: 2 });
  for (let sales = 0; sales < 5; sales += 1) expect(await run(setup)).toMatchObject({ status: 'succeeded' });
  expect(setup.till.executions()).toHaveLength(2);
  expect(setup.till.payments()).toHaveLength(2);
  await setup.till.close();
});

it('and one that has printed them owes them no more', async () => {
  const paper: Paper = { in: true, lines: [], told: [] };
  const setup = await open({ kind: 'wallet', flow: printing, plugins: [printerWith(paper)], keepClosed: 2 });
  for (let sales = 0; sales < 5; sales += 1) expect(await run(setup)).toMatchObject({ status: 'succeeded' });
  expect(paper.lines).toHaveLength(10);
  expect(setup.till.payments()).toHaveLength(2);
  await setup.till.close();
});

it('that a copy is begun which had waited is on disk before its first line is on paper', async () => {
  const { setup, paper, options } = await withoutPaper();
  const clock = virtualClock({ startMs: setup.clock.now() });
  setup.clock.stop();
  const log = memoryLog({ records: setup.log.records, beforeSync: async () => await clock.until(clock.now() + 1_000) });
  const onDisk: boolean[] = [];
  paper.printing = () => onDisk.push(log.durableTo >= (events(log, 'receiptBegun').at(-1)?.seq ?? Infinity));
  const again = await open({ ...options, host: setup.host, sealed: setup.sealed, clock, log });
  await until(again, 'both are printed', () => onDisk.length === 2);
  expect(onDisk).toEqual([true, true]);
  await again.till.close();
});

it('what a terminal owes waits while its printer is not there', async () => {
  const { setup, paper, options } = await withoutPaper();
  const bare = await cut(setup, { ...options, plugins: [] });
  await bare.till.printOwed('T1');
  const again = await cut(bare, options);
  await turns();
  expect(paper.lines).toEqual([
    { copy: 'merchant', reprint: false },
    { copy: 'customer', reprint: false },
  ]);
  await again.till.close();
});

it('a slip that its printer can not print keeps no other payment’s slip from its paper', async () => {
  const { setup, paper } = await withoutPaper();
  paper.in = false;
  expect(await run(setup)).toMatchObject({ status: 'succeeded' });
  paper.in = true;
  paper.printing = () => {
    delete paper.printing;
    throw new TypeError('no such character');
  };
  const printed = [
    { copy: 'merchant', reprint: false },
    { copy: 'customer', reprint: false },
  ];
  await setup.till.printOwed('T1');
  expect(paper.lines).toEqual(printed);
  await setup.till.printOwed('T1');
  expect(paper.lines).toEqual([...printed, { copy: 'merchant', reprint: true }, { copy: 'customer', reprint: false }]);
  await setup.till.close();
});

it('a print that takes too long begins no slip of the payments that follow', async () => {
  const slips: { id: string; reprint: boolean }[] = [];
  let hangs = true;
  const printer = {
    print: async ({ id, reprint }: ReceiptDocument, signal: AbortSignal) => {
      slips.push({ id: id.slice(id.indexOf('/') + 1), reprint });
      if (hangs) await new Promise((_resolve, reject) => (signal.aborted ? reject(signal.reason as Error) : signal.addEventListener('abort', () => reject(signal.reason as Error))));
    },
    status: async () => ({ paper: true }),
  };
  const part = (amountMinor: number, Next: string) => pay({ Next }, { amountMinor, dueMinor: 1000 });
  const parts = flow({ One: part(600, 'Two'), Two: part(400, 'Print'), Print: { Type: 'Task', Resource: 'printer:print', Arguments: { copies: ['customer'] }, TimeoutSeconds: 5, Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Done' }], Next: 'Done' }, Done: { Type: 'Succeed' } });
  const setup = await open({ kind: 'wallet', flow: parts, plugins: [definePlugin({ name: 'printer', provides: [bind(Printer).toValue(printer)] })] });
  expect(await run(setup)).toMatchObject({ status: 'succeeded' });
  await turns();
  expect(slips).toHaveLength(1);
  hangs = false;
  await setup.till.printOwed('T1');
  expect(slips.slice(1).map(({ reprint }) => reprint)).toEqual([true, false]);
  await setup.till.close();
});

describe('a receipt that its flow does not wait for', () => {
  const beside = flow({ Pay: pay({ Next: 'Print' }), Print: { Type: 'Task', Resource: 'printer:print', Arguments: { wait: false }, End: true } });
  const both = [
    { copy: 'merchant', reprint: false },
    { copy: 'customer', reprint: false },
  ];

  it('is printed while the next sale begins, one slip after the other', async () => {
    const paper: Paper = { in: true, lines: [], told: [] };
    const setup = await open({ kind: 'wallet', flow: beside, plugins: [printerWith(paper)] });
    expect(await run(setup)).toMatchObject({ status: 'succeeded' });
    expect(await run(setup)).toMatchObject({ status: 'succeeded' });
    await setup.till.printOwed('T1');
    expect(paper.lines).toEqual([...both, ...both]);
    await setup.till.close();
  });

  it('is told by an alarm where it does not come out, and prints once there is paper', async () => {
    const paper: Paper = { in: false, lines: [], told: [] };
    const setup = await open({ kind: 'wallet', flow: beside, plugins: [printerWith(paper)] });
    const alarms = alarmsOf(setup);
    expect(await run(setup)).toMatchObject({ status: 'succeeded' });
    await turns();
    const { paymentId = '' } = setup.till.payments()[0] ?? {};
    expect(alarms).toEqual([{ kind: 'receipt-waits', terminalId: 'T1', paymentId, why: 'out of paper' }]);
    paper.in = true;
    for (const tell of paper.told) tell();
    await turns();
    expect(paper.lines).toEqual(both);
    await setup.till.close();
  });

  it('that a till was closed on is printed by the next one', async () => {
    const paper: Paper = { in: true, lines: [], told: [] };
    const options: SetupOptions = { kind: 'wallet', flow: beside, plugins: [printerWith(paper)] };
    const setup = await open(options);
    expect(await run(setup)).toMatchObject({ status: 'succeeded' });
    await setup.till.close();
    expect(paper.lines).toEqual([]);
    const again = await reopen(setup, options);
    await turns();
    expect(paper.lines).toEqual(both);
    await again.till.close();
  });
});

it.each([
  ['both', 'm 支付 m'],
  ['zh', 'm 支付'],
  ['en', 'm'],
])('a receipt in %s names the method as it names everything else', async (language, named) => {
  const printed: ReceiptDocument[] = [];
  const printer = { print: async (document: ReceiptDocument) => void printed.push(document), status: async () => ({ paper: true }) };
  const print = flow({ Pay: pay({ Next: 'Print' }), Print: { Type: 'Task', Resource: 'printer:print', Arguments: { language }, End: true } });
  const setup = await open({ kind: 'wallet', flow: print, plugins: [definePlugin({ name: 'printer', provides: [bind(Printer).toValue(printer)] })] });
  expect(await run(setup)).toMatchObject({ status: 'succeeded' });
  expect(printed[0]?.lines).toContainEqual({ label: { zh: '支付方式', en: 'Payment' }, value: named });
  await setup.till.close();
});
