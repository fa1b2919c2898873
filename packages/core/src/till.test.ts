import { describe, expect, it } from 'vitest';
import { bind, definePlugin, PaymentMethod, type Plugin } from './contract.js';
import { memoryLog } from './log/memory-log.js';
import { memorySealedStore } from './log/memory-sealed-store.js';
import { systemHash } from './log/system.js';
import { createTill, type Till } from './till.js';

const cash = (): Plugin =>
  definePlugin({
    name: 'test-cash',
    provides: [
      bind(PaymentMethod).toValue({
        id: 'cash',
        label: { zh: '现金', en: 'Cash' },
        needs: 'none',
        capabilities: { operations: ['sale'], inquiry: false, reversal: false, completion: false, partialApproval: false, movesMoney: false },
        arguments: { type: 'object' },
        errors: {},
        policy: { answerWithinMs: 1000, inquireAtMs: [], reverse: { notBeforeMs: 0, withinMs: 0, backoffMs: [], laneAttempts: 1 }, watchAtMs: [] },
        prepare: async (request) => ({ prepared: { reference: `${request.paymentId}`, lane: request.paymentId, data: {}, dataVersion: 1 } }),
        submit: async (request) => ({ outcome: 'approved', verified: true, amount: request.amount, completion: 'none', facts: { receipt: [] } }),
        remedy: () => ({ do: 'ask-person', why: 'give the cash back' }),
      }),
    ],
  });

const flow = JSON.stringify({
  QueryLanguage: 'JSONata',
  StartAt: 'Amount',
  States: {
    Amount: { Type: 'Task', Resource: 'prompt:amount', Assign: { amountMinor: '{% $states.result %}' }, Next: 'Confirm' },
    Confirm: { Type: 'Task', Resource: 'prompt:confirm', Arguments: { lines: [] }, Next: 'Pay' },
    Pay: { Type: 'Task', Resource: 'payment:sale', Arguments: { method: 'cash', amountMinor: '{% $amountMinor %}' }, End: true },
  },
});

const answering = (till: Till, answers: { [kind: string]: import('./json.js').Json }): void => {
  till.on('prompt', (prompt) => queueMicrotask(() => till.answer(prompt.id, answers[prompt.kind] ?? null)));
};

const options = (log = memoryLog(), sealed = memorySealedStore()) => ({
  plugins: [cash()],
  workflows: { sale: flow },
  terminals: { T1: { tid: '00000001', mid: '898000000000001', name: 'Corner Shop' } },
  log,
  sealed,
  hash: systemHash,
});

describe('createTill', () => {
  it('takes a cash payment', async () => {
    const till = await createTill(options());
    answering(till, { amount: 1250, confirm: true });
    const sale = await till.start({ terminal: 'T1', workflow: 'sale', key: 'order-1' });
    await expect(sale.result).resolves.toMatchObject({ status: 'succeeded', output: { amountMinor: 1250, committed: true } });
    const again = await till.start({ terminal: 'T1', workflow: 'sale', key: 'order-1' });
    expect(again.executionId).toBe(sale.executionId);
    await till.close();
  });

  it('a terminal that the log holds busy is busy from the turn that opens the till', async () => {
    const log = memoryLog();
    const first = await createTill(options(log));
    await first.start({ terminal: 'T1', workflow: 'sale', key: 'order-1' });
    await first.close();
    const second = await createTill(options(log));
    await expect(second.start({ terminal: 'T1', workflow: 'sale', key: 'order-2' })).rejects.toMatchObject({ code: 'TERMINAL_BUSY' });
    await second.close();
  });

  it('after a restart an open prompt is shown to whoever listens once the till is open', async () => {
    const log = memoryLog();
    const first = await createTill(options(log));
    await first.start({ terminal: 'T1', workflow: 'sale', key: 'order-1' });
    await first.close();
    const second = await createTill(options(log));
    answering(second, { amount: 1250, confirm: true });
    const sale = await second.start({ terminal: 'T1', workflow: 'sale', key: 'order-1' });
    await expect(sale.result).resolves.toMatchObject({ status: 'succeeded', output: { amountMinor: 1250 } });
    await second.close();
  });
});
