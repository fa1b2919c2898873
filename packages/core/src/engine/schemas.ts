import { CompiledSchemas } from '../compiled-schemas.js';
import type { Json, JsonSchema } from '../json.js';

/** JSON Schemas of what people, devices and flows give. */
export class Schemas {
  readonly #compiled = new CompiledSchemas({ allErrors: true, strict: false });

  /** What is wrong with a value, as one line; `undefined` where it fits. `called` is how the line names the value. */
  problem(schema: JsonSchema, value: Json, called: string): string | undefined {
    const validate = this.#compiled.validator(schema);
    return validate(value) ? undefined : this.#compiled.errorsText(validate, called);
  }
}

/** The process's own. */
export const schemas = new Schemas();
