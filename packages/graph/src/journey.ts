/** One transaction as its records tell it: where it was, when, for how long, and which way it went on. */
import { addressOf, type EventRecord, type ExecutionEvent, paymentsOf, scopeOf, type StateMachine, stateAddress, toDecimal } from '@tillwright/core';
import type { Exit, Language } from './model.js';

interface Visit {
  readonly count: number;
  /** Of the first visit, since the transaction began. */
  readonly startMs: number;
  /** All visits together. */
  readonly tookMs: number;
  /** Not left yet. */
  readonly open: boolean;
}

export interface Journey {
  /** By address, as `Node.address`. */
  readonly visits: ReadonlyMap<string, Visit>;
  readonly taken: ReadonlySet<string>;
  /** When, how it ended, and how the payments stand: one line each. */
  readonly summary: readonly string[];
}

export interface JourneyOptions {
  readonly language: Language;
  /** The definition that it ran, for the beginnings of branches. */
  readonly definition: StateMachine;
  /** Where the transaction ran the flow as a part: `['Sub[0]']`. The visits of all these runs are drawn together. */
  readonly scopes?: readonly string[];
}

/**
 * @param records of one execution and its payments, in the order of the log
 * @throws RangeError where there is no beginning among them
 */
export const journeyOf = (records: readonly EventRecord[], options: JourneyOptions): Journey => {
  const own = records.filter((record): record is EventRecord<ExecutionEvent> => record.stream.startsWith('x/'));
  const first = own.find(({ event }) => event.type === 'executionStarted');
  if (first?.event.type !== 'executionStarted') throw new RangeError('these records hold no executionStarted');
  const found = new Reading(first.at, options);
  for (const record of own) found.add(record);
  return { visits: found.visits, taken: found.taken, summary: summaryOf(own, records, first.event.terminal, options.language) };
};

export const takenBy = ({ taken }: Journey, address: string, { to, kind }: Exit): boolean => taken.has(wayOf(address, to, kind === 'catch'));

/** `2× +1.2 s, 340 ms`: how often, since when, how long. */
export const tookOf = ({ visits }: Journey, address: string, language: Language): string | undefined => {
  const visit = visits.get(address);
  if (!visit) return undefined;
  const times = visit.count > 1 ? `${visit.count}× ` : '';
  const took = visit.open ? { zh: '进行中', en: 'under way' }[language] : `${{ zh: '用时', en: 'took' }[language]} ${duration(visit.tookMs)}`;
  return `${times}+${duration(visit.startMs)} · ${took}`;
};

const wayOf = (address: string, to: string, caught: boolean): string => JSON.stringify([address, to, caught]);

class Reading {
  readonly visits = new Map<string, Visit>();
  readonly taken = new Set<string>();
  readonly #beganAt: number;
  readonly #scopes: readonly string[];
  /** Where each scope stands, and since when. */
  readonly #standing = new Map<string, { state: string; at: number }>();
  /** Iterations of a Map that wait for their turn. */
  readonly #waiting = new Map<string, string[]>();
  readonly #definition: StateMachine;

  constructor(beganAt: number, { definition, scopes = [''] }: JourneyOptions) {
    this.#beganAt = beganAt;
    this.#definition = definition;
    this.#scopes = scopes;
    if (scopes.includes('')) this.#enter('', definition.StartAt, beganAt);
  }

  add({ at, event }: EventRecord<ExecutionEvent>): void {
    switch (event.type) {
      case 'taskFailed':
        this.#cutOff(event.step, at);
        return;
      case 'stepLeft': {
        const scope = scopeOf(event.step);
        this.#cutOff(event.step, at);
        // A flow that was run as a part is drawn elsewhere.
        if (!this.#standing.has(scope)) return;
        this.#leave(scope, at);
        if (event.next === null) return;
        const address = this.#drawn(addressOf(event.step));
        if (address !== undefined) this.taken.add(wayOf(address, event.next, event.caught !== undefined));
        this.#enter(scope, event.next, at);
        return;
      }
      case 'scopesOpened': {
        const opened = event.inputs.map((_input, index) => `${addressOf(event.step)}[${index}]`);
        const limit = event.limit === 0 ? opened.length : event.limit;
        this.#waiting.set(addressOf(event.step), opened.slice(limit));
        for (const scope of opened.slice(0, limit)) this.#begin(scope, at);
        return;
      }
      case 'scopeEnded': {
        this.#leave(`${addressOf(event.step)}[${event.index}]`, at);
        const next = this.#waiting.get(addressOf(event.step))?.shift();
        if (next !== undefined) this.#begin(next, at);
        return;
      }
      case 'executionEnded':
        for (const scope of Array.from(this.#standing.keys())) this.#leave(scope, at);
        return;
      default:
    }
  }

  /** What still stands within a Parallel, a Map or a part that fails goes no further. */
  #cutOff(step: string, at: number): void {
    for (const scope of Array.from(this.#standing.keys())) if (scope.startsWith(`${addressOf(step)}[`)) this.#leave(scope, at);
  }

  #begin(scope: string, at: number): void {
    const drawn = this.#drawn(scope);
    const start = drawn === undefined ? undefined : startAt(this.#definition, drawn);
    if (start !== undefined) this.#enter(scope, start, at);
  }

  #enter(scope: string, state: string, at: number): void {
    this.#standing.set(scope, { state, at });
    this.#note(scope, state, (visit) => ({ count: (visit?.count ?? 0) + 1, startMs: visit?.startMs ?? at - this.#beganAt, tookMs: visit?.tookMs ?? 0, open: true }));
  }

  #leave(scope: string, at: number): void {
    const standing = this.#standing.get(scope);
    if (!standing) return;
    this.#standing.delete(scope);
    this.#note(scope, standing.state, (visit) => ({ count: visit?.count ?? 1, startMs: visit?.startMs ?? 0, tookMs: (visit?.tookMs ?? 0) + at - standing.at, open: false }));
  }

  #note(scope: string, state: string, change: (visit: Visit | undefined) => Visit): void {
    const address = this.#drawn(stateAddress(scope, state));
    if (address !== undefined) this.visits.set(address, change(this.visits.get(address)));
  }

  /** The address in the picture: without the scope that the flow was run in, all iterations of a Map as one. */
  #drawn(address: string): string | undefined {
    const scope = this.#scopes.find((each) => each === '' || address === each || address.startsWith(`${each}.`));
    if (scope === undefined) return undefined;
    const within = scope === '' ? address : address.slice(scope.length + 1);
    let machine: StateMachine | undefined = this.#definition;
    const parts = within === '' ? [] : within.split('.');
    for (const [index, part] of parts.entries()) {
      const [, name = '', at] = /^(.*?)(?:\[(\d+)\])?$/.exec(part) ?? [];
      const state: StateMachine['States'][string] | undefined = machine?.States[named(name)];
      if (state?.Type === 'Map' && at !== undefined) parts[index] = `${name}[0]`;
      machine = at === undefined ? undefined : state?.Type === 'Parallel' ? state.Branches[Number(at)] : state?.Type === 'Map' ? state.ItemProcessor : undefined;
    }
    return parts.join('.');
  }
}

/** A state's name as the definition has it: in an address `%` and what structures it are written as `%25` and the like. */
const named = (part: string): string => decodeURIComponent(part);

/** Where the machine at a scope of the picture begins; undefined for a flow that is drawn elsewhere. */
const startAt = (definition: StateMachine, scope: string): string | undefined => {
  let machine: StateMachine | undefined = definition;
  for (const part of scope === '' ? [] : scope.split('.')) {
    const [, name = '', at] = /^(.*?)\[(\d+)\]$/.exec(part) ?? [];
    const state: StateMachine['States'][string] | undefined = machine?.States[named(name)];
    machine = state?.Type === 'Parallel' ? state.Branches[Number(at)] : state?.Type === 'Map' ? state.ItemProcessor : undefined;
  }
  return machine?.StartAt;
};

const states = {
  zh: { paid: '已收款', declined: '被拒绝', 'not-sent': '未发出', undone: '已撤销', undecided: '未决', 'being-undone': '撤销中', case: '待人工处理' },
  en: { paid: 'paid', declined: 'declined', 'not-sent': 'not sent', undone: 'undone', undecided: 'undecided', 'being-undone': 'being undone', case: 'waits for a person' },
} as const;

const summaryOf = (own: readonly EventRecord<ExecutionEvent>[], all: readonly EventRecord[], terminal: string, language: Language): string[] => {
  const began = own[0];
  const ended = own.findLast(({ event }) => event.type === 'executionEnded');
  if (!began) return [];
  const id = began.stream.slice('x/'.length);
  const result = ended?.event.type !== 'executionEnded' ? { zh: '进行中', en: 'under way' }[language]
    : ended.event.status === 'succeeded' ? { zh: '成功', en: 'succeeded' }[language] : `${{ zh: '未完成', en: 'failed' }[language]} (${ended.event.error})`;
  const took = ended ? `, ${duration(ended.at - began.at)}` : '';
  return [
    `${{ zh: '交易', en: 'Transaction' }[language]} ${id} · ${terminal} · ${new Date(began.at).toISOString()} · ${result}${took}`,
    ...paymentsOf(all).map(({ method, amountMinor, currency, state, references }) => {
      const amount = amountMinor > 0 ? ` ${currency} ${toDecimal({ amountMinor, currency })}` : '';
      return `${{ zh: '付款', en: 'Payment' }[language]} ${method} · ${states[language][state]}${amount} · ${references.join(', ')}`;
    }),
  ];
};

const duration = (ms: number): string => (ms < 1000 ? `${ms} ms` : ms < 60_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`);
