import type { Audience } from '../contract.js';
import { TillwrightError } from '../errors.js';
import type { StepId } from '../events.js';
import { type Json, type JsonObject, type JsonSchema, NESTING_MAX, ownJson, type Text } from '../json.js';
import { Roster } from './roster.js';
import { schemas } from './schemas.js';

/**
 * Something that waits for a person. Any screen answers it by its id.
 * `device` stands beside a working device and takes no answer but cancel.
 */
export interface Prompt {
  readonly id: string;
  readonly kind: 'amount' | 'choose' | 'confirm' | 'notice' | 'device';
  readonly terminalId: string;
  readonly executionId: string;
  readonly step: StepId;
  readonly audience: Audience;
  /** What to show: `text` and what belongs to the kind (`options`, `lines`, `currency`, `qr`, ...). */
  readonly show: JsonObject & { readonly text: Text & JsonObject };
  /** JSON Schema of a fitting answer; absent for `device`. */
  readonly answer?: JsonSchema;
  /** When it closes by itself, ms since 1970. */
  readonly dueAt?: number;
}

interface OpenPrompt {
  readonly prompt: Prompt;
  readonly settle: (how: { readonly is: 'answered'; readonly value: Json } | { readonly is: 'cancelled'; readonly by: string }) => void;
}

/** The prompts that are open now. They are not stored: the step that opened one opens it again after a restart. */
export class Prompts {
  readonly #open = new Roster<string, OpenPrompt>();

  constructor(readonly changed: (event: 'prompt' | 'prompt-closed', prompt: Prompt) => void) {}

  open(prompt: Prompt, settle: OpenPrompt['settle']): () => void {
    this.#open.set(prompt.id, { prompt, settle });
    this.changed('prompt', prompt);
    return () => this.#close(prompt.id);
  }

  list(): readonly Prompt[] {
    return [...this.#open.values()].map(({ prompt }) => prompt);
  }

  /** @throws PROMPT_UNKNOWN, PROMPT_ANSWER_INVALID; the prompt stays open then */
  answer(id: string, value: Json): void {
    const open = this.#get(id);
    const { answer } = open.prompt;
    const own = plain(value);
    const problem = answer ? schemas.problem(answer, own, 'answer') : 'this prompt takes no answer but cancel';
    if (problem !== undefined) throw new TillwrightError('PROMPT_ANSWER_INVALID', { found: problem });
    this.#close(id);
    open.settle({ is: 'answered', value: own });
  }

  /** @throws PROMPT_UNKNOWN */
  cancel(id: string, by: string): void {
    const open = this.#get(id);
    if (open.prompt.kind !== 'device') this.#close(id);
    open.settle({ is: 'cancelled', by });
  }

  #get(id: string): OpenPrompt {
    const open = this.#open.get(id);
    if (!open) throw new TillwrightError('PROMPT_UNKNOWN', { prompt: id });
    return open;
  }

  #close(id: string): void {
    const open = this.#open.get(id);
    if (this.#open.delete(id) && open) this.changed('prompt-closed', open.prompt);
  }
}

const plain = (answer: Json): Json => {
  try {
    return ownJson(answer);
  } catch {
    throw new TillwrightError('PROMPT_ANSWER_INVALID', { found: `it is no plain data, or nested more than ${NESTING_MAX} deep` });
  }
};
