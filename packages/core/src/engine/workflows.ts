/** The workflows that a till starts: checked whole, pinned by content when one is started, replaced while it runs. */
import type { StateMachine } from '../definition/asl.js';
import type { Catalogue } from '../definition/catalogue.js';
import { checkWorkflows, closure } from '../definition/check.js';
import { isError } from '../definition/diagnostic.js';
import { TillwrightError } from '../errors.js';
import { canonicalJson, type Json } from '../json.js';
import { type Journal, stream } from './journal.js';
import type { EventInput, Hash } from './ports.js';

/** A workflow's text, with the file's name where there is one. */
export type WorkflowSource = string | { readonly file: string; readonly text: string };

interface WorkflowsOptions {
  readonly journal: Journal;
  readonly hash: Hash;
  /** What workflows of these names may use. */
  readonly catalogue: (names: readonly string[]) => Catalogue;
}

export class Workflows {
  readonly #options: WorkflowsOptions;
  #sources: { readonly [workflow: string]: { readonly file: string; readonly text: string } } = {};
  #definitions: { readonly [workflow: string]: StateMachine } = {};
  /** The definitions behind a workflow with their hashes, until one is replaced. */
  readonly #closures = new Map<string, readonly { readonly name: string; readonly source: string; readonly hash: string }[]>();

  constructor(options: WorkflowsOptions) {
    this.#options = options;
  }

  get names(): readonly string[] {
    return Object.keys(this.#definitions);
  }

  has(workflow: string): boolean {
    return Object.hasOwn(this.#definitions, workflow);
  }

  /** Takes them beside those that are there: all of them, or none. @throws WORKFLOW_INVALID, and the old ones stay */
  replace(changed: { readonly [workflow: string]: WorkflowSource }): void {
    const sources = { ...this.#sources, ...Object.fromEntries(Object.entries(changed).map(([name, each]) => [name, sourceOf(name, each)])) };
    const { diagnostics, definitions } = checkWorkflows(sources, this.#options.catalogue(Object.keys(sources)));
    const errors = diagnostics.filter(isError);
    if (errors.length > 0) {
      const files = [...new Set(errors.map(({ file }) => file))].join(', ');
      throw new TillwrightError('WORKFLOW_INVALID', { workflow: files, diagnostics: errors as unknown as Json });
    }
    this.#definitions = definitions;
    this.#closures.clear();
    this.#sources = sources;
    // Those that it was before are nobody's once their transactions have left memory.
    this.#options.journal.forgetDefinitions();
  }

  /** Pins the closure of definitions by content hash; what the log does not hold yet is stored. */
  pin(workflow: string): { [workflow: string]: string } {
    const pins: { [workflow: string]: string } = {};
    const inputs: EventInput[] = [];
    for (const { name, source, hash } of this.#closureOf(workflow)) {
      pins[name] = hash;
      if (!this.#options.journal.hasDefinition(hash)) inputs.push({ stream: stream.engine, event: { type: 'definitionStored', hash, workflow: name, source } });
    }
    if (inputs.length > 0) this.#options.journal.append(inputs);
    return pins;
  }

  #closureOf(workflow: string): readonly { readonly name: string; readonly source: string; readonly hash: string }[] {
    const known = this.#closures.get(workflow);
    if (known) return known;
    const found = closure(workflow, this.#definitions).map((name) => {
      const source = canonicalOf(this.#definitions[name]);
      return { name, source, hash: this.#options.hash('SHA-256', source) };
    });
    this.#closures.set(workflow, found);
    return found;
  }
}

const sourceOf = (name: string, source: WorkflowSource): { file: string; text: string } =>
  typeof source === 'string' ? { file: `${name}.asl.json`, text: source } : source;

const canonicalOf = (definition: StateMachine | undefined): string => canonicalJson((definition ?? null) as unknown as Json);
