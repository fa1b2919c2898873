/** A flow goes on while what its payment came to is on its way to the disk; nothing outside does (8, 9, 11). */
import { describe, expect, it } from 'vitest';
import { Actions, bind, definePlugin, type Plugin, Printer, Scanner, Sensitive } from '../contract.js';
import { type MemoryLog, memoryLog } from '../log/memory-log.js';
import { events, flow, open, pay, reopen, run, type State, statuses, until } from './money-rules.testing.js';
import { virtualClock } from './virtual-clock.js';

const print = (args: State = {}): State => ({ Type: 'Task', Resource: 'printer:print', Arguments: { copies: ['customer'], ...args } });
const then = (state: State): string => flow({ Pay: pay({ Next: 'Next' }), Next: { ...state, Next: 'Done' }, Done: { Type: 'Succeed' } });

interface Seen {
  readonly what: string;
  readonly reprint?: boolean;
  readonly durableTo: number;
}

/** What is done outside, and how far log and disk were then. */
const outside = (log: MemoryLog): { seen: Seen[]; see: (what: string) => void; plugin: Plugin } => {
  const seen: Seen[] = [];
  const see = (what: string, reprint?: boolean): void => void seen.push({ what, durableTo: log.durableTo, ...(reprint === undefined ? {} : { reprint }) });
  const drawer = {
    description: { zh: '开钱箱', en: 'Opens the drawer' },
    arguments: { type: 'object' },
    result: {},
    errors: {},
    redo: 'again',
    run: async () => {
      see('drawer');
      return null;
    },
  } as const;
  const scanner = {
    scan: async () => {
      see('scan');
      return new Sensitive('280000000000000000');
    },
  };
  const plugin = definePlugin({
    name: 'outside',
    provides: [
      bind(Printer).toValue({ print: async ({ reprint }) => see('print', reprint), status: async () => ({ paper: true }) }),
      bind(Scanner).toValue(scanner),
      bind(Actions).toValue({ namespace: 'drawer', actions: { open: drawer } }),
    ],
  });
  return { seen, see, plugin };
};

describe.each([
  { kind: 'card', ends: 'paymentCompleted' },
  { kind: 'wallet', ends: 'paymentAnswered' },
] as const)('after a payment by $kind', ({ kind, ends }) => {
  it.each([
    ['its receipt', 'print', print()],
    ['a receipt that its flow does not wait for', 'print', print({ wait: false })],
    ['a device', 'scan', { Type: 'Task', Resource: 'scanner:scan', Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Done' }] }],
    ["a plugin's action", 'drawer', { Type: 'Task', Resource: 'drawer:open' }],
    ['a question', 'confirm', { Type: 'Task', Resource: 'prompt:confirm', Arguments: { lines: [] } }],
    ['a word to anybody', 'notice', { Type: 'Task', Resource: 'prompt:notice', Arguments: { text: 'paid' } }],
  ] as const)('%s comes once that is on disk', async (_what, does, state) => {
    const clock = virtualClock();
    const log = memoryLog({ beforeSync: () => clock.until(clock.now() + 1_000) });
    const { seen, see, plugin } = outside(log);
    const setup = await open({ kind, flow: then(state), log, clock, plugins: [plugin] });
    setup.till.on('prompt', ({ id, kind: asks }) => {
      if (asks === 'device') return;
      see(asks);
      void Promise.resolve().then(() => setup.till.answer(id, true));
    });
    expect(await run(setup)).toMatchObject({ status: 'succeeded' });
    await until(setup, 'it was done', () => seen.length > 0);
    expect(seen[0]?.what).toBe(does);
    expect(seen[0]?.durableTo).toBeGreaterThanOrEqual(events(log, ends)[0]?.seq ?? Infinity);
    await setup.till.close();
  });

  it.each([true, false])('the power fails before that is on disk: no receipt is out, and what comes out later bears no mark (waits for it: %s)', async (wait) => {
    const clock = virtualClock();
    const log: MemoryLog = memoryLog({ beforeSync: () => (events(log, ends).length > 0 ? new Promise(() => {}) : undefined) });
    const { seen, plugin } = outside(log);
    const setup = await open({ kind, flow: then(print({ wait })), log, clock, plugins: [plugin] });
    void run(setup).catch(() => {});
    await until(setup, 'the payment has come to its end', () => events(log, 'receiptOwed').length > 0);
    await clock.until(clock.now() + 1_000);
    expect(seen).toEqual([]);
    const back = await reopen(setup, { kind, flow: then(print({ wait })), plugins: [plugin] });
    await until(back, 'its flow has ended', () => back.till.executions().every(({ status }) => status !== 'running'));
    await until(back, 'all is settled', () => back.till.payments().every(({ state }) => state !== 'being-undone'));
    // The card is gone; the wallet's host is asked.
    expect(statuses(back.host)).toEqual([kind === 'card' ? 'reversed' : 'approved']);
    expect(seen.map(({ reprint }) => reprint)).toEqual(kind === 'card' ? [] : [false]);
    await back.till.close();
  });

  it('a sale syncs its log for the intent, for what the card is asked after, and for the result; once more where its flow waits for the receipt', async () => {
    const syncsOf = async (sale: string): Promise<number> => {
      const log = memoryLog({ lazyFlush: () => {} });
      const setup = await open({ kind, flow: sale, log, plugins: [outside(log).plugin], method: { seal: kind === 'card' } });
      // The first one stores its flow.
      await run(setup);
      const before = log.stats.syncs;
      await run(setup);
      const after = log.stats.syncs;
      await setup.till.close();
      return after - before;
    };
    expect([await syncsOf(flow({ Pay: pay() })), await syncsOf(then(print({ wait: false }))), await syncsOf(then(print()))]).toEqual(kind === 'card' ? [3, 3, 4] : [2, 2, 3]);
  });
});
