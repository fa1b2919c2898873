import { optionsInvalid } from './errors.js';

/** What a fault does to the message it meets. */
export type FaultAction =
  /** The request is lost before the host sees it: never processed, never answered. */
  | { readonly do: 'drop-request' }
  /** The request is processed; its answer is lost. */
  | { readonly do: 'drop-answer' }
  /** The request is held back on its way until the host has answered the next reversal of the same terminal, a wallet the next cancel, reversal or close. */
  | { readonly do: 'overtaken' }
  /** The request reaches the host `ms` milliseconds late, whatever it answered meanwhile. */
  | { readonly do: 'delay-request'; readonly ms: number }
  /** The answer leaves `ms` milliseconds late. */
  | { readonly do: 'delay'; readonly ms: number }
  | { readonly do: 'answer-twice' }
  /** The answer's bytes are damaged. */
  | { readonly do: 'garble' }
  /** The answer carries a wrong signature or MAC. */
  | { readonly do: 'bad-signature' }
  /** A rightly signed answer that speaks of something else: another amount, another payment, another terminal (of WeChat Pay: merchant). */
  | { readonly do: 'misstate'; readonly what: 'amount' | 'reference' | 'terminal' }
  /** Refused with this response code, after all other checks would have let it pass. */
  | { readonly do: 'decline'; readonly code: string }
  /** The next `times` queries answer that the payer is still paying (wallets). */
  | { readonly do: 'user-paying' }
  /** Without `times`: nothing listens until the fault is cleared. With `times`: that many connections are reset at once. */
  | { readonly do: 'refuse-connections' }
  /** Answered with this HTTP status and no body (wallets). */
  | { readonly do: 'http-status'; readonly status: number };

export type Fault = {
  /** Operations it waits for: one name, or `*` (as when left out). Not used by `refuse-connections`. */
  readonly match?: { readonly operation?: string };
  /** How many messages it meets; 1 when left out. */
  readonly times?: number;
} & FaultAction;

interface Queued {
  readonly fault: Fault;
  left: number;
}

/** Faults waiting for messages, first come first served. A message meets at most one. */
export class Faults {
  #queue: Queued[] = [];
  #listeners: (() => void | Promise<void>)[] = [];
  #applied: Promise<unknown> = Promise.resolve();
  #chance: ((operation: string) => Fault | undefined) | undefined;

  push(fault: Fault | readonly Fault[]): void {
    const added = Array.isArray(fault) ? (fault as readonly Fault[]) : [fault as Fault];
    for (const each of added) this.#queue.push({ fault: each, left: each.times ?? 1 });
    this.#changed();
  }

  /** The first fault waiting for this operation; counts it as used. Never `refuse-connections`: see {@link takeRefusal}. */
  take(operation: string): Fault | undefined {
    const queued = this.#use((fault) => {
      if (fault.do === 'refuse-connections') return false;
      const wanted = fault.match?.operation;
      return wanted === undefined || wanted === '*' || wanted === operation;
    });
    return queued ?? this.#chance?.(operation);
  }

  /** Asked for every message that meets no waiting fault: for simulations, whose faults come by chance. */
  byChance(chance: (operation: string) => Fault | undefined): void {
    this.#chance = chance;
  }

  /** As {@link take}, for faults of one kind only: a query asks for `user-paying` without using up another's fault. */
  takeKind(kind: FaultAction['do'], operation: string): Fault | undefined {
    return this.#use((fault) => {
      const wanted = fault.match?.operation;
      return fault.do === kind && (wanted === undefined || wanted === '*' || wanted === operation);
    });
  }

  /** True when this new connection is to be reset: uses up one of a counted `refuse-connections`. */
  takeRefusal(): boolean {
    return this.#use((fault) => fault.do === 'refuse-connections' && fault.times !== undefined) !== undefined;
  }

  /** True while an uncounted `refuse-connections` stands: nothing may listen. */
  get closed(): boolean {
    return this.#queue.some(({ fault }) => fault.do === 'refuse-connections' && fault.times === undefined);
  }

  /** Whether a connection that is made now is taken, where no listener stands before the host. Uses up one refusal. */
  admits(): boolean {
    return !this.closed && !this.takeRefusal();
  }

  /** What still waits, each with the times it has left. */
  peekAll(): readonly Fault[] {
    return this.#queue.map(({ fault, left }) =>
      fault.times === undefined ? fault : { ...fault, times: left },
    );
  }

  clear(): void {
    this.#queue = [];
    this.#changed();
  }

  /** Called after each `push` and `clear`; what it promises is waited for by {@link applied}. */
  onChange(listener: () => void | Promise<void>): void {
    this.#listeners.push(listener);
  }

  /** Resolves when listeners have acted on all changes so far. */
  async applied(): Promise<void> {
    await this.#applied;
  }

  #changed(): void {
    const done = this.#listeners.map(async (listener) => listener());
    const before = this.#applied;
    this.#applied = Promise.allSettled([before, ...done]);
  }

  #use(fits: (fault: Fault) => boolean): Fault | undefined {
    const found = this.#queue.find(({ fault }) => fits(fault));
    if (found === undefined) return undefined;
    found.left -= 1;
    if (found.left <= 0) this.#queue = this.#queue.filter((each) => each !== found);
    return found.fault;
  }
}

const KINDS: ReadonlySet<string> = new Set<FaultAction['do']>([
  'drop-request', 'drop-answer', 'overtaken', 'delay-request', 'delay', 'answer-twice', 'garble', 'bad-signature', 'misstate', 'decline', 'user-paying', 'refuse-connections', 'http-status',
]);

/**
 * Checks faults that came from outside.
 * @throws HOST_OPTIONS_INVALID with what is wrong
 */
export function parseFaults(body: unknown): readonly Fault[] {
  return (Array.isArray(body) ? (body as unknown[]) : [body]).map(parseFault);
}

function parseFault(value: unknown): Fault {
  if (typeof value !== 'object' || value === null) throw optionsInvalid('a fault is an object with "do"');
  const { do: kind, match, times, ms, code, status, what, ...rest } = value as Record<string, unknown>;
  const unknown = Object.keys(rest)[0];
  if (unknown !== undefined) throw optionsInvalid(`a fault has no field "${unknown}"`);
  if (typeof kind !== 'string' || !KINDS.has(kind)) throw optionsInvalid(`"do" is one of ${[...KINDS].join(', ')}`);
  const operation = operationOf(match);
  if (times !== undefined && !isCount(times, 1, 1_000_000)) throw optionsInvalid('"times" is a whole number from 1');
  const common = {
    ...(operation === undefined ? {} : { match: { operation } }),
    ...(times === undefined ? {} : { times: times as number }),
  };
  if (kind === 'delay' || kind === 'delay-request') {
    if (!isCount(ms, 0, 600_000)) throw optionsInvalid(`"${kind}" needs "ms", 0 to 600000`);
    return { ...common, do: kind, ms };
  }
  if (kind === 'decline') {
    if (typeof code !== 'string' || code === '') throw optionsInvalid('"decline" needs a "code"');
    return { ...common, do: 'decline', code };
  }
  if (kind === 'misstate') {
    if (what !== 'amount' && what !== 'reference' && what !== 'terminal') throw optionsInvalid('"misstate" needs "what": amount, reference or terminal');
    return { ...common, do: 'misstate', what };
  }
  if (kind === 'http-status') {
    if (!isCount(status, 200, 599)) throw optionsInvalid('"http-status" needs a "status", 200 to 599');
    return { ...common, do: 'http-status', status };
  }
  return { ...common, do: kind } as Fault;
}

function operationOf(match: unknown): string | undefined {
  if (match === undefined) return undefined;
  if (typeof match !== 'object' || match === null) throw optionsInvalid('"match" is an object with "operation"');
  const { operation, ...rest } = match as Record<string, unknown>;
  if (Object.keys(rest).length > 0) throw optionsInvalid('"match" has no field but "operation"');
  if (operation !== undefined && typeof operation !== 'string') throw optionsInvalid('"operation" is a name, or "*"');
  return operation;
}

function isCount(value: unknown, min: number, max: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max;
}
