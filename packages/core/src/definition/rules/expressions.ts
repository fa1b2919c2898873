import type { Rule } from '../facts.js';
import { EXPRESSION_LENGTH_MAX } from '../expression-facts.js';
import { JSONATA_FUNCTIONS, REFUSED_FUNCTIONS } from '../jsonata-functions.js';
import { nearest } from '../nearest.js';

/** Expressions can be read, call functions that exist, run no text unseen, and match patterns in bounded time. */
export const expressions: Rule = ({ leaves }, _world, report) => {
  for (const { value, pointer, expression } of leaves) {
    if (!expression) {
      if (typeof value === 'string' && value.includes('{%')) report('WORKFLOW_EXPRESSION_PARTIAL', pointer);
      continue;
    }
    if (expression.fault) {
      const { kind, why, span } = expression.fault;
      if (kind === 'syntax') report('WORKFLOW_EXPRESSION_SYNTAX', pointer, { span, details: { why } });
      else report('WORKFLOW_EXPRESSION_TOO_LONG', pointer, { details: { limit: EXPRESSION_LENGTH_MAX } });
    }
    for (const { name, called, span } of expression.variables) {
      if (REFUSED_FUNCTIONS.has(name)) report('WORKFLOW_FUNCTION_REFUSED', pointer, { span, details: { name } });
      else if (called && !JSONATA_FUNCTIONS.has(name)) report('WORKFLOW_UNKNOWN_FUNCTION', pointer, { span, near: nearest(name, JSONATA_FUNCTIONS).map((near) => `$${near}`), details: { name } });
    }
    // One fault is enough to find the others of `'a' + $b + 'c'`.
    for (const { operator, span } of expression.textSums?.slice(0, 1) ?? []) report('WORKFLOW_TEXT_ARITHMETIC', pointer, { span, details: { operator } });
    for (const { fault, span } of expression.patterns) report('WORKFLOW_PATTERN_UNSAFE', pointer, { span, details: { why: fault } });
  }
};
