/**
 * A state under way. What events change lies in three tables, keyed by address; they grow with the items of a Map, so no event
 * may copy one. A decision writes beside them (`layered`) and is taken over at once (`commit`) or forgotten; whoever owns a state
 * applies events to it in place (`direct`).
 */
import type { ExecutionState, ScopeResult, ScopeState } from './types.js';

export interface Table<T> {
  get(key: string): T | undefined;
  set(key: string, value: T): void;
  delete(key: string): void;
  clear(): void;
}

interface Rows<T> {
  [key: string]: T;
}

const read = <T>(rows: Rows<T>, key: string): T | undefined => (Object.hasOwn(rows, key) ? rows[key] : undefined);

class Direct<T> implements Table<T> {
  constructor(private readonly rows: Rows<T>) {}
  get(key: string): T | undefined {
    return read(this.rows, key);
  }
  set(key: string, value: T): void {
    this.rows[key] = value;
  }
  delete(key: string): void {
    delete this.rows[key];
  }
  clear(): void {
    for (const key of Object.keys(this.rows)) delete this.rows[key];
  }
}

class Layered<T> implements Table<T> {
  /** By key; undefined for what is gone. Made when something changes: many decisions leave a table alone. */
  private changes: Map<string, T | undefined> | undefined;
  private cleared = false;
  constructor(private readonly rows: Rows<T>) {}
  get(key: string): T | undefined {
    const changed = this.changes?.get(key);
    if (changed !== undefined) return changed;
    return this.cleared || this.changes?.has(key) ? undefined : read(this.rows, key);
  }
  set(key: string, value: T): void {
    (this.changes ??= new Map()).set(key, value);
  }
  delete(key: string): void {
    (this.changes ??= new Map()).set(key, undefined);
  }
  clear(): void {
    this.cleared = true;
    this.changes = undefined;
  }
  /** @returns the keys that have changed */
  commit(): Iterable<string> {
    if (this.cleared) for (const key of Object.keys(this.rows)) delete this.rows[key];
    if (!this.changes) return [];
    for (const [key, value] of this.changes) {
      if (value === undefined) delete this.rows[key];
      else this.rows[key] = value;
    }
    return this.changes.keys();
  }
}

/** What events change beside the tables. */
type Scalars = 'status' | 'historyLength' | 'output' | 'failure';

/** A state whose owner changes it in place. */
export type OwnState = Omit<ExecutionState, 'scopes' | 'visits' | 'results' | Scalars> & {
  -readonly [K in keyof Pick<ExecutionState, Scalars>]: ExecutionState[K];
} & {
  scopes: { [address: string]: ScopeState };
  visits: { [address: string]: number };
  results: { [address: string]: ScopeResult };
};

export interface Draft {
  /** Everything but the tables. */
  readonly head: OwnState;
  readonly scopes: Table<ScopeState>;
  readonly visits: Table<number>;
  readonly results: Table<ScopeResult>;
}

export const directDraft = (state: OwnState): Draft => ({
  head: state,
  scopes: new Direct(state.scopes),
  visits: new Direct(state.visits),
  results: new Direct(state.results),
});

export interface LayeredDraft extends Draft {
  /** Takes everything over into the state below. @returns the addresses of the scopes that have changed */
  commit(): Iterable<string>;
}

/** Made for each decision, so written out: what is absent stands as undefined, and nobody but the decision sees it. */
const headOf = (state: OwnState): OwnState =>
  ({
    status: state.status,
    executionId: state.executionId,
    executionName: state.executionName,
    terminal: state.terminal,
    workflow: state.workflow,
    key: state.key,
    startedAt: state.startedAt,
    pins: state.pins,
    input: state.input,
    output: state.output,
    failure: state.failure,
    scopes: state.scopes,
    results: state.results,
    visits: state.visits,
    historyLength: state.historyLength,
  }) satisfies { [member in keyof OwnState]-?: unknown } as OwnState;

export const layeredDraft = (state: OwnState): LayeredDraft => {
  const head = headOf(state);
  const scopes = new Layered(state.scopes);
  const visits = new Layered(state.visits);
  const results = new Layered(state.results);
  return {
    head,
    scopes,
    visits,
    results,
    commit: () => {
      state.status = head.status;
      state.historyLength = head.historyLength;
      if (head.output !== undefined) state.output = head.output;
      if (head.failure !== undefined) state.failure = head.failure;
      visits.commit();
      results.commit();
      return scopes.commit();
    },
  };
};

/** A state of its own with the same content: what is in its tables is shared, and never changed. */
export const ownCopy = (state: ExecutionState): OwnState => ({ ...state, scopes: { ...state.scopes }, visits: { ...state.visits }, results: { ...state.results } });
