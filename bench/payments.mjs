/** Payments through the whole engine on a log on disk; hosts, devices and people answer at once, so that what is left is ours. */
import { createTill } from '@tillwright/core';
import { bind, definePlugin, PaymentMethod, Printer } from '@tillwright/core/contract';
import { fileStorage } from '@tillwright/core/node';
import { inLanes, rate } from './measure.mjs';
import { nameSyncs } from './name-syncs.mjs';

/** Eight steps, each a state. */
const flow = JSON.stringify({
  QueryLanguage: 'JSONata',
  StartAt: 'EnterAmount',
  States: {
    EnterAmount: { Type: 'Task', Resource: 'prompt:amount', Assign: { amountMinor: '{% $states.result %}' }, TimeoutSeconds: 300, Next: 'ListMethods' },
    ListMethods: { Type: 'Task', Resource: 'payment:methods', Assign: { methods: '{% $states.result %}' }, Next: 'ChooseMethod' },
    ChooseMethod: {
      Type: 'Task',
      Resource: 'prompt:choose',
      Arguments: { options: "{% [$methods.{ 'value': id, 'label': label, 'disabled': $not(ready) }] %}" },
      Assign: { method: '{% $methods[id = $states.result] %}' },
      TimeoutSeconds: 120,
      Next: 'WhatIsNeeded',
    },
    WhatIsNeeded: { Type: 'Choice', Choices: [{ Condition: "{% $method.needs = 'none' %}", Next: 'PrepareOther' }], Default: 'PrepareOther' },
    PrepareOther: { Type: 'Pass', Assign: { with: {} }, Next: 'Confirm' },
    Confirm: {
      Type: 'Task',
      Resource: 'prompt:confirm',
      Arguments: { lines: [{ label: { zh: '金额（分）', en: 'Amount (fen)' }, value: '{% $string($amountMinor) %}' }] },
      TimeoutSeconds: 120,
      Next: 'Pay',
    },
    Pay: {
      Type: 'Task',
      Resource: 'payment:sale',
      Arguments: { method: '{% $method.id %}', amountMinor: '{% $amountMinor %}', with: '{% $with %}' },
      TimeoutSeconds: 120,
      Assign: { payment: '{% $states.result %}' },
      Next: 'Print',
    },
    Print: { Type: 'Task', Resource: 'printer:print', Arguments: { language: 'both', wait: false }, Output: '{% $payment %}', End: true },
  },
});
export const STEPS_PER_PAYMENT = 8;

const policy = {
  answerWithinMs: 60_000,
  inquireAtMs: [5000, 10_000],
  reverse: { notBeforeMs: 0, withinMs: 86_400_000, backoffMs: [2000], laneAttempts: 3 },
  watchAtMs: [],
};
const SEALED = new Uint8Array(96);
const receiptFields = (reference) => [
  { key: 'reference', label: { zh: '参考号', en: 'Reference' }, value: reference },
  { key: 'authorizationCode', label: { zh: '授权码', en: 'Auth. code' }, value: '123456' },
];

let taken = 0;
const approves = (kind) => ({
  id: kind,
  label: kind === 'card' ? { zh: '银行卡', en: 'Bank card' } : { zh: '电子钱包', en: 'Wallet' },
  needs: 'none',
  capabilities: { operations: ['sale'], inquiry: kind === 'wallet', reversal: true, completion: kind === 'card', partialApproval: false, movesMoney: true },
  arguments: { type: 'object' },
  errors: {},
  policy: kind === 'card' ? { ...policy, inquireAtMs: [] } : policy,
  prepare: async (request) => {
    taken += 1;
    const reference = `${kind}-${taken}`;
    const prepared = { reference, lane: kind === 'card' ? `card:${request.terminalId}` : reference, data: { trace: taken % 1_000_000 }, dataVersion: 1 };
    return kind === 'card' ? { prepared, sealed: SEALED } : { prepared };
  },
  submit: async (request, prepared) => ({
    outcome: 'approved',
    verified: true,
    amount: request.amount,
    completion: kind === 'card' ? 'due' : 'none',
    facts: { receipt: receiptFields(prepared.reference) },
  }),
  remedy: () => ({ do: 'reverse' }),
  inquire: async () => ({ outcome: 'absent' }),
  reverse: async () => ({ outcome: 'undone', verified: true, proof: 'acknowledged' }),
  ...(kind === 'card' ? { complete: async () => ({ outcome: 'completed' }) } : {}),
});

const printerTo = (paper) => ({ print: async () => void (paper.copies += 1), status: async () => ({ paper: true }) });
const plugin = (kind, paper) => definePlugin({ name: `bench-${kind}`, provides: [bind(PaymentMethod).toValue(approves(kind)), bind(Printer).toValue(printerTo(paper))] });

/** Answers a till's prompts at once. @returns a payment at the terminal of a lane */
export const paying = (till, chosen) => {
  till.on('prompt', ({ id, kind, step }) => {
    const answers = { amount: 1250, choose: chosen(step), confirm: true };
    if (kind in answers) void Promise.resolve().then(() => till.answer(id, answers[kind]));
  });
  return async (lane) => {
    const sale = await till.start({ terminal: `T${lane}`, workflow: 'sale' });
    const result = await sale.result;
    if (result.status !== 'succeeded') throw new Error(`a payment failed: ${result.error} ${result.cause}`);
  };
};

/**
 * Opens an engine with so many terminals on a directory of its own.
 * @param {{ dir: string, kind: 'card' | 'wallet', terminals: number }} options
 */
export const openTills = async ({ dir, kind, terminals }) => {
  const named = nameSyncs(fileStorage(dir));
  const { storage } = named;
  const paper = { copies: 0 };
  const till = await createTill({
    plugins: [plugin(kind, paper)],
    workflows: { sale: flow },
    terminals: Object.fromEntries(
      Array.from({ length: terminals }, (_, index) => [`T${index}`, { tid: String(index).padStart(8, '0'), mid: '898000000000001', name: 'Corner Shop' }]),
    ),
    ...storage,
  });
  const pay = paying(till, () => kind);
  return {
    /** Payments per second, each paid, told and printed. */
    take: (count) =>
      rate(count, async () => {
        const { copies } = paper;
        await inLanes(count, terminals, pay);
        // The last ones print while they are told: this waits for them, and there is nothing else to print.
        for (let n = 0; n < terminals; n += 1) await till.printOwed(`T${n}`);
        if (paper.copies - copies !== 2 * count) throw new Error(`${paper.copies - copies} copies of ${2 * count} were printed`);
      }),
    named,
    records: () => storage.log.head,
    close: () => till.close(),
  };
};
