import jsonata from 'jsonata';
import type { Json } from '../json.js';
import type { EvaluationScope } from './types.js';

export interface ExpressionPorts {
  /** Digest of a text (UTF-8) as lower-case hex. */
  hash(algorithm: HashAlgorithm, text: string): string;
}
export type HashAlgorithm = 'MD5' | 'SHA-1' | 'SHA-256' | 'SHA-384' | 'SHA-512';

/** What an expression gave, or what was wrong with it, to stand behind "The JSONata expression ... specified for the field ...". */
export type Outcome = { readonly value: Json } | { readonly fault: string };
export type Compiled = (scope: EvaluationScope, field: string) => Promise<Outcome>;

export const compileExpression = (text: string, _ports: ExpressionPorts): Compiled => {
  let expression: jsonata.Expression;
  try {
    expression = jsonata(text);
  } catch (thrown) {
    const fault = faultOf(thrown);
    return async () => ({ fault });
  }
  return async ({ states, variables }) => {
    try {
      const found: unknown = await expression.evaluate(undefined, { ...variables, states });
      if (found === undefined) return { fault: 'returned nothing (undefined).' };
      return { value: JSON.parse(JSON.stringify(found)) as Json };
    } catch (thrown) {
      return { fault: faultOf(thrown) };
    }
  };
};

const faultOf = (thrown: unknown): string => {
  const { code, message } = thrown as { code?: string; message?: string };
  return `threw an error during evaluation. ${code ? `${code}: ` : ''}${message ?? String(thrown)}`;
};
