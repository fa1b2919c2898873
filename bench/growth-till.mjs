/** The till that opens a grown log, the same in every process of the measurement. */
import { createTill } from '@tillwright/core';
import { bind, definePlugin, PaymentMethod } from '@tillwright/core/contract';
import { fileStorage, systemHash } from '@tillwright/core/node';

const wallet = {
  id: 'wallet',
  label: { zh: '电子钱包', en: 'Wallet' },
  needs: 'none',
  capabilities: { operations: ['sale'], inquiry: true, reversal: true, completion: false, partialApproval: false, movesMoney: true },
  arguments: { type: 'object' },
  errors: {},
  policy: { answerWithinMs: 60_000, inquireAtMs: [5000], reverse: { notBeforeMs: 0, withinMs: 86_400_000, backoffMs: [2000], laneAttempts: 3 }, watchAtMs: [] },
  prepare: async (request) => ({ prepared: { reference: `new-${request.paymentId}`, lane: request.paymentId, data: {}, dataVersion: 1 } }),
  submit: async (request) => ({ outcome: 'approved', verified: true, amount: request.amount, completion: 'none', facts: { receipt: [] } }),
  remedy: () => ({ do: 'reverse' }),
  inquire: async () => ({ outcome: 'absent' }),
  reverse: async () => ({ outcome: 'undone', verified: true, proof: 'acknowledged' }),
};

/** What the grown log's executions are pinned to: the canonical text that the engine itself would store. */
const workflow = {
  QueryLanguage: 'JSONata',
  StartAt: 'WhichWay',
  States: {
    WhichWay: { Type: 'Choice', Choices: [{ Condition: "{% $exists($states.context.Execution.Input.ask) %}", Next: 'Ask' }], Default: 'Pay' },
    Ask: { Type: 'Task', Resource: 'prompt:notice', Arguments: { text: { zh: '你好', en: 'hello' } }, End: true },
    Pay: { Type: 'Task', Resource: 'payment:sale', Arguments: { method: 'wallet', amountMinor: 100 }, End: true },
  },
};
const canonical = (value) =>
  Array.isArray(value)
    ? `[${value.map(canonical).join(',')}]`
    : typeof value === 'object' && value !== null
      ? `{${Object.keys(value)
          .sort()
          .map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`)
          .join(',')}}`
      : JSON.stringify(value);
export const workflowText = canonical(workflow);
export const workflowHash = systemHash('SHA-256', workflowText);

export const openGrown = async (dir, terminals) => {
  const storage = fileStorage(dir);
  const till = await createTill({
    plugins: [definePlugin({ name: 'bench-growth', provides: [bind(PaymentMethod).toValue(wallet)] })],
    workflows: { sale: workflowText },
    terminals: Object.fromEntries(Array.from({ length: terminals }, (_, index) => [`T${index}`, { tid: String(index).padStart(8, '0'), mid: '898000000000001', name: 'Corner Shop' }])),
    ...storage,
  });
  return { till, log: storage.log };
};
