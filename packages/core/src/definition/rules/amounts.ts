import type { Rule } from '../facts.js';

/** Amounts are whole minor units: what is named `...Minor` and written as a constant is one. */
export const amounts: Rule = ({ leaves }, _world, report) => {
  for (const { key, value, pointer, expression } of leaves) {
    if (!key.endsWith('Minor')) continue;
    const amount = expression ? expression.constant : value;
    // An expression is looked at when it is evaluated; what an array or object holds comes by itself.
    if (amount === undefined || (typeof amount === 'object' && amount !== null)) continue;
    if (typeof amount !== 'number' || !Number.isSafeInteger(amount) || amount < 0) report('WORKFLOW_AMOUNT_INVALID', pointer, { details: { field: JSON.stringify(key) } });
  }
};
