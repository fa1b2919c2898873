import { type AnySchema, Ajv2020, type ErrorObject, type Options } from 'ajv/dist/2020.js';
import { workflowSchema } from './schema.js';

/** ajv's own: its errors stay with it until the next call. */
export interface ShapeCheck {
  (value: unknown): boolean;
  errors?: ErrorObject[] | null;
}

/** An ajv that knows the schema's own words. That the schema is sound is a test's matter: checking it here would double the time. */
export const shapeAjv = (code: Options['code']): Ajv2020 => {
  const ajv = new Ajv2020({ allErrors: true, verbose: true, allowUnionTypes: true, strictTypes: false, meta: false, validateSchema: false, code: { ...code, optimize: false } });
  ajv.addVocabulary(['x-expects', 'x-owner']);
  return ajv;
};

let compiled: ShapeCheck | undefined;

/**
 * Whether a value has the shape of a workflow. Compiling the schema takes longer than checking a flow, so the build puts
 * what ajv makes of it in this file's place (`tsup.config.ts`).
 */
export const shapeCheck = (): ShapeCheck => (compiled ??= shapeAjv({}).compile(workflowSchema as AnySchema));
