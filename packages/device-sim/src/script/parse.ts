import type { Json } from '@tillwright/core/contract';
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import { SimulationError } from '../errors.js';
import { scriptSchema } from './schema.js';
import type { Script, ScriptStep, ScriptTransaction } from './script.js';

/** One fault of a script: where it stands and what belongs there. Never repeats a PIN or a code. */
export interface ScriptFault {
  /** JSON Pointer. */
  readonly pointer: string;
  readonly message: string;
}

/** A script that was refused whole, with every fault. `code` is SCRIPT_INVALID. */
export class ScriptError extends SimulationError {
  constructor(readonly faults: readonly ScriptFault[]) {
    const list = faults.map((fault) => `${fault.pointer || '/'} ${fault.message}`).join('; ');
    super(
      'SCRIPT_INVALID',
      { zh: `脚本有 ${faults.length} 处错误：${list}`, en: `The script has ${faults.length} fault(s): ${list}` },
      { zh: '按所列位置逐条修改', en: 'Mend each at the place it names' },
    );
  }
}

const validate = new Ajv2020({ allErrors: true, verbose: true, strict: true, strictRequired: false, strictTypes: false, validateSchema: false }).compile(scriptSchema);

/**
 * Checks a script and brings it into its full form.
 * @param source JSON text, or a value
 * @throws ScriptError SCRIPT_INVALID with all faults, each with a JSON Pointer
 */
export const parseScript = (source: Json | string): Script => {
  const value = typeof source === 'string' ? fromText(source) : source;
  if (!validate(value)) throw new ScriptError(faultsOf(validate.errors ?? []));
  const { name, steps, transactions } = value as unknown as {
    name?: string;
    steps?: readonly ScriptStep[];
    transactions?: readonly Omit<ScriptTransaction, 'pointer'>[];
  };
  return {
    ...(name === undefined ? {} : { name }),
    transactions:
      transactions?.map((transaction, index) => ({ ...transaction, pointer: `/transactions/${index}/steps` })) ??
      [{ steps: steps ?? [], pointer: '/steps' }],
  };
};

const fromText = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (error) {
    // V8 quotes the text around the fault, which may be a PIN: only the place is told.
    const at = /position (\d+)/.exec(error instanceof Error ? error.message : '');
    throw new ScriptError([{ pointer: '', message: `is not JSON${at ? ` (${placeOf(text, Number(at[1]))})` : ''}` }]);
  }
};

const placeOf = (text: string, position: number): string => {
  const before = text.slice(0, position).split('\n');
  return `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
};

const faultsOf = (errors: readonly ErrorObject[]): ScriptFault[] => {
  const faults = errors.flatMap((error) => {
    const message = explain(error);
    return message === undefined ? [] : [{ pointer: error.instancePath, message }];
  });
  const seen = new Set<string>();
  return faults.filter(({ pointer, message }) => !seen.has(pointer + message) && seen.add(pointer + message));
};

/** @returns undefined for what another error says better */
const explain = (error: ErrorObject): string | undefined => {
  const params = error.params as { readonly [name: string]: unknown };
  if (error.schemaPath.includes('/oneOf/') || error.keyword === 'if') return undefined;
  if (error.keyword === 'additionalProperties') {
    const known = Object.keys((error.parentSchema?.['properties'] ?? {}) as object);
    return `has "${String(params['additionalProperty'])}", which does not belong here; known are ${known.join(', ')}`;
  }
  if (error.keyword === 'oneOf') {
    const choices = (error.schema as readonly { readonly required: readonly string[] }[]).flatMap((choice) => choice.required);
    return `needs exactly one of ${choices.join(', ')}`;
  }
  if (error.keyword === 'enum') {
    const found = typeof error.data === 'string' ? `, not "${error.data}"` : '';
    return `must be one of ${(params['allowedValues'] as readonly string[]).join(', ')}${found}`;
  }
  if (error.keyword === 'anyOf') return 'must be a whole number from 1, or "always"';
  if (error.keyword === 'const') return error.schemaPath.includes('/anyOf/') ? undefined : `must be ${JSON.stringify(params['allowedValue'])}`;
  if (error.schemaPath.includes('/anyOf/')) return undefined;
  if (error.keyword === 'pattern') return 'must be 1 to 12 digits, as text';
  if (error.keyword === 'required') return `needs "${String(params['missingProperty'])}"`;
  return error.message ?? 'is not allowed';
};
