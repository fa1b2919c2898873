import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import type { Json, JsonSchema } from '../json.js';

/** A compiled schema costs milliseconds and some kilobytes; prompts make theirs anew each time, from a few kinds. */
const COMPILED_MAX = 1000;

const fresh = (): Ajv2020 => new Ajv2020({ allErrors: true, strict: false });

/** Compiled JSON Schemas by their content: what two prompts or fifty terminals bring alike is compiled once. */
export class Schemas {
  /** Remembers whatever it has compiled, so it goes with the rest when that is too much. */
  #ajv = fresh();
  readonly #byContent = new Map<string, ValidateFunction>();
  #byObject = new WeakMap<JsonSchema, ValidateFunction>();

  /** What is wrong with a value, as one line; `undefined` where it fits. `called` is how the line names the value. */
  problem(schema: JsonSchema, value: Json, called: string): string | undefined {
    const validate = this.#validator(schema);
    return validate(value) ? undefined : this.#ajv.errorsText(validate.errors, { dataVar: called });
  }

  #validator(schema: JsonSchema): ValidateFunction {
    const known = this.#byObject.get(schema);
    if (known) return known;
    const content = JSON.stringify(schema);
    const validate = this.#byContent.get(content) ?? this.#compile(schema, content);
    this.#byObject.set(schema, validate);
    return validate;
  }

  #compile(schema: JsonSchema, content: string): ValidateFunction {
    if (this.#byContent.size >= COMPILED_MAX) {
      this.#byContent.clear();
      this.#byObject = new WeakMap();
      this.#ajv = fresh();
    }
    const validate = this.#ajv.compile(schema);
    this.#byContent.set(content, validate);
    return validate;
  }
}

/** The process's own: tills that open one after another bring the same schemas. */
export const schemas = new Schemas();
