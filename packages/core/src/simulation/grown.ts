/**
 * Flows that nobody wrote: what the engine promises, it promises for every workflow that passes the checker. They are grown from a seed,
 * of everything in which money moves or is left behind: scopes in scopes, branches that fail beside others that pay, retries, time-outs,
 * failures that are caught, parts that other flows run, and bills that are paid in pieces.
 */
import { checkWorkflows } from '../definition/check.js';
import { virtualClock } from '../engine/virtual-clock.js';
import type { Json } from '../json.js';
import type { Random } from '../interpreter/random.js';
import { catalogueFor } from '../till.js';
import { withRuns } from './flows.js';
import { SimulatedHost } from './host.js';
import { Life } from './life.js';
import { everything, METHODS, simulatedMethods, simulatedShop } from './method.js';

type Fields = { [field: string]: Json };
type States = { [name: string]: Fields };

const SOLD = 'sold';
/** Scopes lie so deep in each other, parts that are run included. */
const DEEPEST = 3;
const GOODS = { Error: 'Goods.Broken', Cause: 'it fell' };

const clock = virtualClock();
const life = new Life();
/** Only looked at. */
const plugins = [
  simulatedMethods({ host: new SimulatedHost({ clock, fault: () => 'honest', latencyMs: () => 0, lateMs: 0 }), life, sharedLane: false, advice: false, installed: everything, watch: { sending: () => {} } }),
  simulatedShop({ life, clock, draw: () => 0 }),
];

/** @returns flows by name that pass the checker: those that are sold, and those that others run */
export const grow = (random: Random): { readonly sold: readonly string[]; readonly flows: { readonly [name: string]: string } } => {
  for (;;) {
    const flows = new Grower(random).flows();
    const names = Object.keys(flows);
    // Each by itself: a life without some plugin has only some of them.
    if (names.every((name) => passes(withRuns(name, flows), flows))) return { sold: names.filter((name) => name.startsWith(SOLD)), flows };
  }
};

const passes = (names: readonly string[], flows: { readonly [name: string]: string }): boolean => {
  const sources = Object.fromEntries(names.map((name) => [name, { file: name, text: flows[name] ?? '' }]));
  return checkWorkflows(sources, catalogueFor(plugins, names)).diagnostics.every(({ severity }) => severity !== 'error');
};

class Grower {
  readonly #random: Random;
  readonly #parts: string[] = [];
  #named = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  flows(): { [name: string]: string } {
    const flows: { [name: string]: string } = {};
    // A part may run those that were grown before it, never itself.
    for (let n = this.#under(3); n > 0; n -= 1) {
      const name = `part${n}`;
      flows[name] = this.#flow(2);
      this.#parts.push(name);
    }
    for (let n = 1 + this.#under(2); n > 0; n -= 1) flows[`${SOLD}${n}`] = this.#flow(0);
    return flows;
  }

  #flow(depth: number): string {
    return JSON.stringify({ QueryLanguage: 'JSONata', ...(this.#often(0.2) ? { TimeoutSeconds: 5 + this.#under(60) } : {}), ...this.#machine(depth) } as unknown as Json);
  }

  /** States in a row, so that each is reached; ways that lead past some of them, and ends for what is caught. */
  #machine(depth: number): { StartAt: string; States: States } {
    const row = Array.from({ length: 1 + this.#under(depth === 0 ? 5 : 3) }, () => this.#name());
    const states: States = {};
    for (const [at, name] of row.entries()) {
      const later = row.slice(at + 1);
      Object.assign(states, this.#state(name, later, depth));
    }
    return { StartAt: row[0] ?? '', States: states };
  }

  /** A state, and the ends that only it leads to. */
  #state(name: string, later: readonly string[], depth: number): States {
    const [next] = later;
    const onward: Fields = next === undefined ? { End: true } : { Next: next };
    const ends: States = {};
    /** Where something caught leads: on, or to an end of its own. */
    const way = (): string => {
      const onto = later[this.#under(later.length)];
      if (onto !== undefined && this.#often(0.5)) return onto;
      const end = this.#name();
      ends[end] = this.#pick<() => Fields>([() => ({ Type: 'Fail', ...GOODS }), () => ({ Type: 'Succeed' }), () => ({ Type: 'Pass', End: true }), () => this.#pay({ End: true })])();
      return end;
    };
    const caught = (chance: number, ...errors: readonly string[][]): Fields => (this.#often(chance) ? { Catch: [{ ErrorEquals: this.#pick(errors), Next: way() }] } : {});
    const all = ['States.ALL'];
    const scope = depth < DEEPEST;
    const kinds: [weight: number, make: () => Fields][] = [
      [9, () => this.#pay({ ...onward, ...caught(0.4, all, ['Payment.Declined'], ['Payment.NotSent', 'Payment.Undone', 'Payment.Unsettled', 'Payment.Declined', 'Payment.ExceedsDue'], ['Terminal.Cancelled']) })],
      [2, () => ({ Type: 'Wait', Seconds: 1 + this.#under(8), ...onward })],
      [1, () => ({ Type: 'Pass', Assign: { seen: true }, ...onward })],
      [2, () => ({ Type: 'Choice', Choices: [{ Condition: `{% $number($substring($states.context.Execution.Id, 1)) % ${2 + this.#under(3)} = 0 %}`, Next: way() }], Default: next ?? way() })],
      [1, () => ({ Type: 'Task', Resource: 'payment:commit', ...onward, ...caught(0.3, all) })],
      [1, () => ({ Type: 'Task', Resource: 'printer:print', ...onward, ...caught(0.8, all) })],
      [2, () => ({ Type: 'Task', Resource: 'prompt:notice', Arguments: { text: 'hand over the goods' }, TimeoutSeconds: 20, ...onward, ...caught(0.7, all, ['States.Timeout', 'Terminal.Cancelled']) })],
      [2, () => ({ Type: 'Task', Resource: this.#pick(['shop:pack', 'shop:ship']), TimeoutSeconds: 3 + this.#under(10), ...onward, ...this.#retry(0.3, 'Shop.Empty', 'Task.Interrupted'), ...caught(0.8, all, ['Shop.Empty', 'States.Timeout']) })],
      [0.3, () => ({ Type: 'Pass', Assign: { odd: "{% $number('of no kind') %}" }, ...onward })],
      [next === undefined ? 1.5 : 0, () => ({ Type: 'Fail', ...GOODS })],
      [scope ? 3 : 0, () => ({ Type: 'Parallel', Branches: Array.from({ length: 2 + this.#under(2) }, () => this.#machine(depth + 1) as unknown as Json), ...onward, ...this.#retry(0.2, 'Goods.Broken'), ...caught(0.6, all, ['Goods.Broken']) })],
      [scope ? 3 : 0, () => this.#map(depth, { ...onward, ...this.#retry(0.2, 'Goods.Broken'), ...caught(0.6, all, ['Goods.Broken', 'States.ExceedToleratedFailureThreshold']) })],
      [this.#parts.length > 0 ? 2 : 0, () => ({ Type: 'Task', Resource: 'workflow:run', Arguments: { workflow: this.#pick(this.#parts) }, ...(this.#often(0.2) ? { TimeoutSeconds: 5 + this.#under(20) } : {}), ...onward, ...caught(0.6, all, ['Goods.Broken']) })],
    ];
    return { [name]: this.#weighed(kinds)(), ...ends };
  }

  #map(depth: number, rest: Fields): Fields {
    return {
      Type: 'Map',
      Items: [1, 2, 3, 4, 5, 6].slice(0, 1 + this.#under(this.#often(0.2) ? 6 : 3)),
      ...this.#pick<Fields>([{}, { MaxConcurrency: 1 }, { MaxConcurrency: 2 }]),
      ...this.#pick<Fields>([{}, {}, { ToleratedFailureCount: 1 }, { ToleratedFailurePercentage: 50 }]),
      ItemProcessor: this.#machine(depth + 1) as unknown as Json,
      ...rest,
    };
  }

  #retry(chance: number, ...errors: string[]): Fields {
    return this.#often(chance) ? { Retry: [{ ErrorEquals: errors, IntervalSeconds: 1 + this.#under(2), MaxAttempts: 1 + this.#under(2) }] } : {};
  }

  #pay(rest: Fields): Fields {
    const due = this.#pick([undefined, undefined, 1000, 1000, 1500]);
    /** A bill of the transaction's own, one of two that it names, or one that several tills take together. */
    const sale = this.#pick([undefined, undefined, "{% $states.context.Execution.Id & '-a' %}", "{% $states.context.Execution.Id & '-b' %}", 'table-7']);
    return {
      Type: 'Task',
      Resource: 'payment:sale',
      Arguments: {
        method: this.#pick(METHODS),
        amountMinor: this.#pick([1000, 600, 400, 300]),
        ...(due === undefined ? {} : { dueMinor: due }),
        ...(sale === undefined ? {} : { saleReference: sale }),
        ...(this.#often(0.2) ? { allowPartial: true } : {}),
      },
      ...(this.#often(0.25) ? { TimeoutSeconds: 4 + this.#under(25), ...(this.#often(0.3) ? { HeartbeatSeconds: 1 + this.#under(3) } : {}) } : {}),
      ...this.#retry(0.25, 'Payment.NotSent', 'Payment.Undone', 'Payment.Unsettled'),
      ...rest,
    };
  }

  #name(): string {
    return `S${(this.#named += 1)}`;
  }

  #often(chance: number): boolean {
    return this.#random.next() < chance;
  }

  #under(limit: number): number {
    return Math.floor(this.#random.next() * limit);
  }

  #pick<T>(from: readonly T[]): T {
    return from[this.#under(from.length)] as T;
  }

  #weighed<T>(from: readonly (readonly [weight: number, value: T])[]): T {
    let at = this.#random.next() * from.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, value] of from) {
      at -= weight;
      if (at < 0) return value;
    }
    return (from[0] as readonly [number, T])[1];
  }
}
