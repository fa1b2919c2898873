import { Ajv2020, type Options, type ValidateFunction } from 'ajv/dist/2020.js';
import type { JsonSchema } from './json.js';

/** A compiled schema costs milliseconds and some kilobytes; prompts make theirs anew each time, from a few kinds. */
const COMPILED_MAX = 1000;

/** Compiled JSON Schemas by their content: what two prompts, fifty terminals or tills that open one after another bring alike is compiled once. */
export class CompiledSchemas {
  readonly #options: Options;
  /** Remembers whatever it has compiled, so it goes with the rest when that is too much. */
  #ajv: Ajv2020;
  readonly #byContent = new Map<string, ValidateFunction>();
  #byObject = new WeakMap<JsonSchema, ValidateFunction>();

  constructor(options: Options) {
    // Two plugins, or two versions of one, may give different schemas one `$id`.
    this.#options = { ...options, addUsedSchema: false };
    this.#ajv = new Ajv2020(this.#options);
  }

  /** @throws ajv's error where the schema itself is unsound */
  validator(schema: JsonSchema): ValidateFunction {
    const known = this.#byObject.get(schema);
    if (known) return known;
    const content = JSON.stringify(schema);
    const validate = this.#byContent.get(content) ?? this.#compile(schema, content);
    this.#byObject.set(schema, validate);
    return validate;
  }

  /** What is wrong with the value that a validator has refused, as one line; `called` is how the line names the value. */
  errorsText({ errors }: ValidateFunction, called: string): string {
    return this.#ajv.errorsText(errors, { dataVar: called });
  }

  #compile(schema: JsonSchema, content: string): ValidateFunction {
    if (this.#byContent.size >= COMPILED_MAX) {
      this.#byContent.clear();
      this.#byObject = new WeakMap();
      this.#ajv = new Ajv2020(this.#options);
    }
    const validate = this.#ajv.compile(schema);
    this.#byContent.set(content, validate);
    return validate;
  }
}
