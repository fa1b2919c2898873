import type { DeviceName, Happening } from '../stage.js';
import { isReaction, type Change, type PromptKind, type Reaction, type Script, type ScriptTransaction } from './script.js';

/** A prompt or a device that nothing in the script reacts to. */
export interface Gap {
  /** `prompt confirm (customer)`, `device pinpad`. */
  readonly what: string;
  /** Name or number of the transaction, from 1. */
  readonly transaction: string;
  /** JSON Pointers of reactions that were not used yet. */
  readonly unused: readonly string[];
}

export interface PromptShown {
  readonly kind: PromptKind;
  readonly audience: 'merchant' | 'customer';
  /** What it shows, as text. */
  readonly text: string;
}

interface Slot {
  readonly step: Reaction;
  readonly pointer: string;
  left: number;
}

/** Plays the reactions of one transaction after the other, each the first fitting one that is not used up. */
export class ScriptPlayer {
  readonly #script: Script;
  #index = 0;
  #slots: Slot[] = [];
  #changes: readonly Change[] = [];
  #counts = new Map<Happening, number>();

  constructor(script: Script) {
    this.#script = script;
    this.#load();
  }

  get transactions(): readonly ScriptTransaction[] {
    return this.#script.transactions;
  }

  /** Goes on to the next transaction. @returns false after the last */
  next(): boolean {
    if (this.#index + 1 >= this.#script.transactions.length) return false;
    this.#index += 1;
    this.#load();
    return true;
  }

  /** @param passedOver reactions that the device took no notice of in this wait */
  forDevice(device: DeviceName, passedOver: ReadonlySet<Reaction> = new Set()): Reaction | undefined {
    return this.#take((step) => 'device' in step.when && step.when.device === device && !passedOver.has(step));
  }

  forPrompt(prompt: PromptShown): Reaction | undefined {
    return this.#take(
      ({ when }) =>
        'prompt' in when &&
        when.prompt === prompt.kind &&
        (when.audience === undefined || when.audience === prompt.audience) &&
        (when.shows === undefined || prompt.text.includes(when.shows)),
    );
  }

  /** Changes that stand at the transaction's beginning. */
  opening(): readonly Change[] {
    return this.#changes.filter((change) => change.after === undefined);
  }

  /** Counts what happened. @returns the changes that follow it */
  following(happening: Happening): readonly Change[] {
    const count = (this.#counts.get(happening) ?? 0) + 1;
    this.#counts.set(happening, count);
    return this.#changes.filter((change) => change.after === happening && (change.nth ?? 1) === count);
  }

  gap(what: string): Gap {
    const name = this.#script.transactions[this.#index]?.name;
    return { what, transaction: name ?? String(this.#index + 1), unused: this.unused() };
  }

  /** JSON Pointers of this transaction's reactions that are not used up. */
  unused(): string[] {
    return this.#slots.filter(({ step, left }) => left > 0 && step.times !== 'always').map(({ pointer }) => pointer);
  }

  #take(fits: (step: Reaction) => boolean): Reaction | undefined {
    const slot = this.#slots.find(({ step, left }) => left > 0 && fits(step));
    if (slot) slot.left -= 1;
    return slot?.step;
  }

  #load(): void {
    const transaction = this.#script.transactions[this.#index];
    this.#counts = new Map();
    this.#changes = (transaction?.steps ?? []).filter((step): step is Change => !isReaction(step));
    this.#slots = (transaction?.steps ?? []).flatMap((step, index) =>
      isReaction(step)
        ? [{ step, pointer: `${transaction?.pointer ?? ''}/${index}`, left: step.times === 'always' ? Infinity : (step.times ?? 1) }]
        : [],
    );
  }
}
