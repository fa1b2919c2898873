import type { DefinedError } from 'ajv/dist/2020.js';
import { CompiledSchemas } from '../compiled-schemas.js';
import { isObject, type Json, type JsonObject, type JsonSchema, type Text } from '../json.js';
import { listed, shorten } from './diagnostic.js';
import { nearest } from './nearest.js';
import { escapePointer, pointerSegments } from './places.js';
import { isExpression } from './walk.js';

/** What in a template can not fit, whatever its expressions give. */
export interface Misfit {
  /** Below the template. */
  readonly pointer: string;
  readonly at: 'key' | 'value';
  readonly why: Text;
  readonly wanted: Text;
  readonly near: readonly string[];
}

const compiled = new CompiledSchemas({ allErrors: true, verbose: true, strict: false, validateFormats: false, logger: false, meta: false, validateSchema: false, code: { optimize: false } });

/**
 * Holds a template against the schema of what it becomes. An expression in it fits everything.
 * @throws ajv's error where the schema itself is unsound
 */
export const misfits = (template: Json, schema: JsonSchema): Misfit[] => {
  const validate = compiled.validator(schema);
  if (isExpression(template) || validate(template)) return [];
  const found = new Map<string, Misfit>();
  for (const error of (validate.errors ?? []) as DefinedError[]) {
    if (couldFit(template, error)) continue;
    const misfit = misfitOf(error);
    if (misfit) found.set(`${misfit.pointer} ${misfit.at} ${misfit.why.en}`, misfit);
  }
  return [...found.values()];
};

/** These look at a value as a whole: with an expression in it they can not be judged beforehand. */
const WHOLE = new Set(['anyOf', 'oneOf', 'not', 'if', 'contains', 'uniqueItems', 'const', 'enum', 'unevaluatedProperties', 'unevaluatedItems', 'dependentRequired', 'dependencies']);
/** Their branches' own errors say little: the alternative as a whole is told. */
const BRANCH = /\/(anyOf|oneOf|not|if|contains)\//;

const couldFit = (template: Json, error: DefinedError): boolean => {
  if (BRANCH.test(error.schemaPath)) return true;
  const value = valueAt(template, error.instancePath);
  if (isExpression(value)) return true;
  return (WHOLE.has(error.keyword) || /\/(then|else|dependentSchemas)\//.test(error.schemaPath)) && holdsExpression(value);
};

const valueAt = (template: Json, pointer: string): Json | undefined => {
  let here: Json | undefined = template;
  for (const segment of pointerSegments(pointer)) {
    if (Array.isArray(here)) here = (here as readonly Json[])[Number(segment)];
    else here = isObject(here) && Object.hasOwn(here, segment) ? here[segment] : undefined;
  }
  return here;
};

const holdsExpression = (value: Json | undefined): boolean => {
  if (Array.isArray(value)) return (value as readonly Json[]).some(holdsExpression);
  return isObject(value) ? Object.values(value).some(holdsExpression) : isExpression(value);
};

const misfitOf = (error: DefinedError): Misfit | undefined => {
  const schema: JsonObject = isObject(error.parentSchema) ? (error.parentSchema as JsonObject) : {};
  const pointer = error.instancePath;
  const value = (why: Text, wanted: Text, near: readonly string[] = []): Misfit => ({ pointer, at: 'value', why, wanted, near });
  switch (error.keyword) {
    case 'if':
      return undefined;
    case 'required':
      return value(
        { zh: `缺少 "${error.params.missingProperty}"`, en: `"${error.params.missingProperty}" is missing` },
        { zh: `含有 "${error.params.missingProperty}" 的对象`, en: `an object with "${error.params.missingProperty}"` },
      );
    case 'additionalProperties': {
      const name = error.params.additionalProperty;
      const known = isObject(schema.properties) ? Object.keys(schema.properties) : [];
      return {
        pointer: `${pointer}/${escapePointer(name)}`,
        at: 'key',
        why: { zh: `没有参数 "${name}"`, en: `there is no "${name}"` },
        wanted: { zh: `以下之一：${listed(known)}`, en: `one of: ${listed(known)}` },
        near: nearest(name, known),
      };
    }
    case 'type': {
      const types = [schema.type ?? []].flat().join(' | ');
      return value({ zh: '类型不对', en: 'the type is wrong' }, { zh: types, en: types });
    }
    case 'enum':
    case 'const': {
      const known = error.keyword === 'enum' && Array.isArray(schema.enum) ? (schema.enum as readonly Json[]) : [schema.const ?? null];
      const names = listed(known.map((one) => JSON.stringify(one)));
      const near = typeof error.data === 'string' ? nearest(error.data, known.filter((one) => typeof one === 'string')) : [];
      return value({ zh: '没有这个值', en: 'this is not one of the values' }, { zh: `以下之一：${names}`, en: `one of: ${names}` }, near);
    }
    case 'anyOf':
    case 'oneOf':
      return value({ zh: '不符合任何一种形式', en: 'it fits none of the alternatives, or several' }, { zh: '所列形式之一', en: `exactly one of ${error.keyword === 'oneOf' ? 'its forms' : 'its forms, or more'}` });
    default: {
      const limit = `${error.keyword} ${shorten(JSON.stringify(schema[error.keyword] ?? null))}`;
      return value({ zh: `不满足 ${limit}`, en: `it breaks ${limit}` }, { zh: limit, en: limit });
    }
  }
};
