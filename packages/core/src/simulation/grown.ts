/**
 * Flows that nobody wrote: what the engine promises, it promises for every workflow that passes the checker. They are grown from a seed,
 * of everything in which money moves or is left behind: scopes in scopes, branches that fail beside others that pay, retries, time-outs,
 * failures that are caught, parts that other flows run, and bills that are paid in pieces.
 */
import type { Catalogue } from '../definition/catalogue.js';
import { checkWorkflows } from '../definition/check.js';
import type { Json } from '../json.js';
import type { Random } from '../interpreter/random.js';
import { Chance } from './chance.js';
import { withRuns } from './flows.js';

export type Fields = { [field: string]: Json };
export type States = { [name: string]: Fields };

/** How a trade is paid, and what it does beside that. */
export interface Trade {
  /** Against which its flows are checked. @param names of the workflows that are there */
  catalogue(names: readonly string[]): Catalogue;
  means(chance: Chance): Means;
  step(chance: Chance): Step;
}

/** One way to pay. */
export interface Means {
  /** Of the Task that pays: its `method`, and what it pays `with`. */
  readonly arguments: Fields;
  /** What a till does before: states from this name on that lead to the Task that pays. */
  readonly before?: (name: string, pay: string) => States;
}

/** A step that moves no money. */
export interface Step {
  readonly task: Fields;
  /** What it may fail with that is worth another try, and what is caught. */
  readonly retried: readonly string[];
  readonly caught: readonly string[];
}

const SOLD = 'sold';
/** Scopes lie so deep in each other, parts that are run included. */
const DEEPEST = 3;
const GOODS = { Error: 'Goods.Broken', Cause: 'it fell' };

/** @returns flows by name that pass the checker: those that are sold, and those that others run */
export const grow = (random: Random, trade: Trade): { readonly sold: readonly string[]; readonly flows: { readonly [name: string]: string } } => {
  for (;;) {
    const flows = new Grower(new Chance(random), trade).flows();
    const names = Object.keys(flows);
    // Each by itself: a life without some plugin has only some of them.
    if (names.every((name) => passes(withRuns(name, flows), flows, trade))) return { sold: names.filter((name) => name.startsWith(SOLD)), flows };
  }
};

const passes = (names: readonly string[], flows: { readonly [name: string]: string }, trade: Trade): boolean => {
  const sources = Object.fromEntries(names.map((name) => [name, { file: name, text: flows[name] ?? '' }]));
  return checkWorkflows(sources, trade.catalogue(names)).diagnostics.every(({ severity }) => severity !== 'error');
};

class Grower {
  readonly #chance: Chance;
  readonly #trade: Trade;
  readonly #parts: string[] = [];
  #named = 0;

  constructor(chance: Chance, trade: Trade) {
    this.#chance = chance;
    this.#trade = trade;
  }

  flows(): { [name: string]: string } {
    const flows: { [name: string]: string } = {};
    // A part may run those that were grown before it, never itself.
    for (let n = this.#chance.under(3); n > 0; n -= 1) {
      const name = `part${n}`;
      flows[name] = this.#flow(2);
      this.#parts.push(name);
    }
    for (let n = 1 + this.#chance.under(2); n > 0; n -= 1) flows[`${SOLD}${n}`] = this.#flow(0);
    return flows;
  }

  #flow(depth: number): string {
    return JSON.stringify({ QueryLanguage: 'JSONata', ...(this.#chance.often(0.2) ? { TimeoutSeconds: 5 + this.#chance.under(60) } : {}), ...this.#machine(depth) } as unknown as Json);
  }

  /** States in a row, so that each is reached; ways that lead past some of them, ends for what is caught, and a way back. */
  #machine(depth: number): { StartAt: string; States: States } {
    const row = Array.from({ length: 1 + this.#chance.under(depth === 0 ? 5 : 3) }, () => this.#name());
    const around = this.#chance.often(0.15) ? this.#around(row) : { StartAt: row[0] ?? '', states: {}, last: { End: true } };
    const states: States = { ...around.states };
    for (const [at, name] of row.entries()) {
      const later = row.slice(at + 1);
      Object.assign(states, this.#state(name, later, { depth, last: around.last }));
    }
    return { StartAt: around.StartAt, States: states };
  }

  /** What takes a row, or its end, a second time, and perhaps a third. */
  #around(row: readonly string[]): { StartAt: string; states: States; last: Fields } {
    const [begin, back, over] = [this.#name(), this.#name(), this.#name()];
    // Of a name of its own: a scope has no variable that is called as one around it.
    const turns = `turns${back}`;
    return {
      StartAt: begin,
      states: {
        [begin]: { Type: 'Pass', Assign: { [turns]: 0 }, Next: row[0] ?? over },
        [back]: {
          Type: 'Choice',
          Choices: [{ Condition: `{% $${turns} < ${1 + this.#chance.under(2)} %}`, Assign: { [turns]: `{% $${turns} + 1 %}` }, Next: this.#chance.pick(row) }],
          Default: over,
        },
        [over]: { Type: 'Succeed' },
      },
      last: { Next: back },
    };
  }

  /** A state, and those that only it leads to. */
  #state(name: string, later: readonly string[], { depth, last }: { readonly depth: number; readonly last: Fields }): States {
    const [next] = later;
    const onward: Fields = next === undefined ? last : { Next: next };
    const own: States = {};
    /** Where something caught leads: on, or to an end of its own. */
    const way = (): string => {
      const onto = later[this.#chance.under(later.length)];
      if (onto !== undefined && this.#chance.often(0.5)) return onto;
      const aside = this.#name();
      own[aside] = this.#chance.pick<() => Fields>([() => ({ Type: 'Fail', ...GOODS }), () => ({ Type: 'Succeed' }), () => ({ Type: 'Pass', End: true }), () => this.#pay(aside, { End: true }, own)])();
      return aside;
    };
    const caught = (chance: number, ...errors: readonly string[][]): Fields => (this.#chance.often(chance) ? { Catch: [{ ErrorEquals: this.#chance.pick(errors), Next: way() }] } : {});
    const all = ['States.ALL'];
    const scope = depth < DEEPEST;
    const kinds: [weight: number, make: () => Fields][] = [
      [9, () => this.#pay(name, { ...onward, ...caught(0.4, all, ['Payment.Declined'], ['Payment.NotSent', 'Payment.Undone', 'Payment.Unsettled', 'Payment.Declined', 'Payment.ExceedsDue'], ['Terminal.Cancelled']) }, own)],
      [2, () => ({ Type: 'Wait', Seconds: 1 + this.#chance.under(8), ...onward })],
      [1, () => ({ Type: 'Pass', Assign: { seen: true }, ...onward })],
      [2, () => ({ Type: 'Choice', Choices: [{ Condition: `{% $number($substring($states.context.Execution.Id, 1)) % ${2 + this.#chance.under(3)} = 0 %}`, Next: way() }], Default: next ?? way() })],
      [1, () => ({ Type: 'Task', Resource: 'payment:commit', ...onward, ...caught(0.3, all) })],
      [1, () => ({ Type: 'Task', Resource: 'printer:print', ...(this.#chance.often(0.4) ? { Arguments: { wait: false } } : {}), ...onward, ...caught(0.8, all) })],
      [2, () => ({ Type: 'Task', Resource: 'prompt:notice', Arguments: { text: 'hand over the goods' }, TimeoutSeconds: 20, ...onward, ...caught(0.7, all, ['States.Timeout', 'Terminal.Cancelled']) })],
      [2, () => {
        const step = this.#trade.step(this.#chance);
        return { Type: 'Task', ...step.task, ...onward, ...this.#retry(0.3, ...step.retried), ...caught(0.8, all, [...step.caught]) };
      }],
      [0.3, () => ({ Type: 'Pass', Assign: { odd: "{% $number('of no kind') %}" }, ...onward })],
      [next === undefined ? 1.5 : 0, () => ({ Type: 'Fail', ...GOODS })],
      [scope ? 3 : 0, () => ({ Type: 'Parallel', Branches: Array.from({ length: 2 + this.#chance.under(2) }, () => this.#machine(depth + 1) as unknown as Json), ...onward, ...this.#retry(0.2, 'Goods.Broken'), ...caught(0.6, all, ['Goods.Broken']) })],
      [scope ? 3 : 0, () => this.#map(depth, { ...onward, ...this.#retry(0.2, 'Goods.Broken'), ...caught(0.6, all, ['Goods.Broken', 'States.ExceedToleratedFailureThreshold']) })],
      [this.#parts.length > 0 ? 2 : 0, () => ({ Type: 'Task', Resource: 'workflow:run', Arguments: { workflow: this.#chance.pick(this.#parts) }, ...(this.#chance.often(0.2) ? { TimeoutSeconds: 5 + this.#chance.under(20) } : {}), ...onward, ...caught(0.6, all, ['Goods.Broken']) })],
    ];
    return { [name]: this.#chance.weighed(kinds)(), ...own };
  }

  #map(depth: number, rest: Fields): Fields {
    return {
      Type: 'Map',
      Items: [1, 2, 3, 4, 5, 6].slice(0, 1 + this.#chance.under(this.#chance.often(0.2) ? 6 : 3)),
      ...this.#chance.pick<Fields>([{}, { MaxConcurrency: 1 }, { MaxConcurrency: 2 }]),
      ...this.#chance.pick<Fields>([{}, {}, { ToleratedFailureCount: 1 }, { ToleratedFailurePercentage: 50 }]),
      ItemProcessor: this.#machine(depth + 1) as unknown as Json,
      ...rest,
    };
  }

  #retry(chance: number, ...errors: string[]): Fields {
    return this.#chance.often(chance) ? { Retry: [{ ErrorEquals: errors, IntervalSeconds: 1 + this.#chance.under(2), MaxAttempts: 1 + this.#chance.under(2) }] } : {};
  }

  /** The state with this name, with which paying begins; what comes after it is put into `own`. */
  #pay(name: string, rest: Fields, own: States): Fields {
    const due = this.#chance.pick([undefined, undefined, 1000, 1000, 1500]);
    /** A bill of the transaction's own, one of two that it names, or one that several tills take together. */
    const sale = this.#chance.pick([undefined, undefined, "{% $states.context.Execution.Id & '-a' %}", "{% $states.context.Execution.Id & '-b' %}", 'table-7']);
    const { arguments: means, before } = this.#trade.means(this.#chance);
    const pay: Fields = {
      Type: 'Task',
      Resource: 'payment:sale',
      Arguments: {
        ...means,
        amountMinor: this.#chance.pick([1000, 600, 400, 300]),
        ...(due === undefined ? {} : { dueMinor: due }),
        ...(sale === undefined ? {} : { saleReference: sale }),
        ...(this.#chance.often(0.2) ? { allowPartial: true } : {}),
      },
      ...(this.#chance.often(0.25) ? { TimeoutSeconds: 4 + this.#chance.under(25), ...(this.#chance.often(0.3) ? { HeartbeatSeconds: 1 + this.#chance.under(3) } : {}) } : {}),
      ...this.#retry(0.25, 'Payment.NotSent', 'Payment.Undone', 'Payment.Unsettled', 'Payment.Declined', 'States.Timeout'),
      ...rest,
    };
    if (!before) return pay;
    const paying = this.#name();
    const { [name]: first = pay, ...others } = before(name, paying);
    Object.assign(own, others, { [paying]: pay });
    return first;
  }

  #name(): string {
    return `S${(this.#named += 1)}`;
  }
}
