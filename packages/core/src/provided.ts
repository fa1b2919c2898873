/**
 * What plugins provide under the contract's own tokens, held against the contract before a till is opened with it: no compiler need
 * have seen a plugin, and a method without its policy, or one that does not say whether it moves money, must not sell.
 */
import { Actions, CardReader, HealthCheck, PaymentMethod, PinPad, Printer, Scanner, TillStatus, type Token } from './contract.js';
import { schemas } from './engine/schemas.js';
import { isObject, type Json, type JsonSchema } from './json.js';
import { boolean, list, name, number, object, string, table, text } from './shapes.js';

interface Shape {
  /** Of what is data. */
  readonly data: JsonSchema;
  readonly functions: readonly string[];
  readonly optional?: readonly string[];
}

const schema = { type: 'object' };

const action: Shape = {
  data: object({ description: text, arguments: schema, result: schema, errors: table(text), redo: { enum: ['again', 'fail'] } }, { actor: { enum: ['customer', 'merchant', 'host'] } }),
  functions: ['run'],
};

const shapes = new Map<symbol, Shape>([
  [
    PaymentMethod.id,
    {
      data: object(
        {
          id: name,
          label: text,
          needs: { enum: ['card', 'payer-code', 'none', 'other'] },
          capabilities: object({ operations: list({ enum: ['sale', 'void', 'refund'] }), inquiry: boolean, reversal: boolean, completion: boolean, partialApproval: boolean, movesMoney: boolean }),
          arguments: schema,
          errors: table(text),
          policy: object({
            answerWithinMs: number,
            inquireAtMs: list(number),
            reverse: object({ notBeforeMs: number, withinMs: number, backoffMs: list(number), laneAttempts: number }),
            watchAtMs: list(number),
          }),
        },
        { payerCode: object({ prefixes: list(string), minLength: number, maxLength: number }), merchantQr: boolean, dataVersions: list(number) },
      ),
      functions: ['prepare', 'submit', 'remedy'],
      optional: ['complete', 'inquire', 'reverse', 'deliver', 'open', 'close'],
    },
  ],
  [Actions.id, { data: object({ namespace: name, actions: { type: 'object' } }), functions: [] }],
  [HealthCheck.id, { data: object({ name, label: text, scope: { anyOf: [{ enum: ['till', 'warning'] }, object({ method: name })] } }), functions: ['check'] }],
  [CardReader.id, { data: {}, functions: ['read', 'remove'] }],
  [PinPad.id, { data: object({ serial: string }), functions: ['ready', 'loadWorkingKeys', 'enterPin', 'mac', 'seal', 'unseal'], optional: ['logMark', 'keepLogMark'] }],
  [Scanner.id, { data: {}, functions: ['scan'] }],
  [Printer.id, { data: {}, functions: ['print', 'status'], optional: ['onPaper'] }],
  [TillStatus.id, { data: {}, functions: ['power', 'network', 'clock'] }],
]);

/** Values that terminals share are looked at once under each token: one device may be reader, PIN pad and printer. */
const sound = new WeakMap<object, Set<symbol>>();

/** @returns what of it the contract does not know, or undefined; whatever stands under a plugin's own token is its own */
export const misfit = (token: Token<unknown>, provided: unknown): string | undefined => {
  const shape = shapes.get(token.id);
  if (!shape) return undefined;
  if (typeof provided !== 'object' || provided === null) return `${token.name} is no object`;
  const soundAs = sound.get(provided) ?? new Set<symbol>();
  if (soundAs.has(token.id)) return undefined;
  try {
    const why = misfitOf(shape, provided, token.name) ?? (token.id === Actions.id ? misfitOfActions(provided as Actions) : undefined);
    if (why === undefined) sound.set(provided, soundAs.add(token.id));
    return why;
  } catch {
    return `${token.name} can not be read`;
  }
};

const misfitOf = ({ data, functions, optional = [] }: Shape, provided: object, called: string): string | undefined => {
  const member = (key: string): unknown => (provided as { readonly [key: string]: unknown })[key];
  const missing = functions.find((key) => typeof member(key) !== 'function') ?? optional.find((key) => member(key) !== undefined && typeof member(key) !== 'function');
  return missing === undefined ? schemas.problem(data, provided as Json, called) : `${called} has no function ${missing}`;
};

const misfitOfActions = ({ namespace, actions }: Actions): string | undefined => {
  for (const [called, each] of Object.entries(actions)) {
    const why = isObject(each) ? misfitOf(action, each, `${namespace}:${called}`) : `${namespace}:${called} is no object`;
    if (why !== undefined) return why;
  }
  return undefined;
};
