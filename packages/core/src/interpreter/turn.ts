/** One run of `decide`: the events so far, the state they make, and what expressions see. */
import type { State } from '../definition/asl.js';
import type { ExecutionEvent, StatesError, StepId } from '../events.js';
import type { Json, JsonObject } from '../json.js';
import { aroundScope, scopeAddress, scopeAt, scopeOf, stateAt } from './address.js';
import { contextOf, type Around, type MapItem } from './context.js';
import { type Draft, layeredDraft, type LayeredDraft, type OwnState } from './draft.js';
import { applyEvent, touched } from './evolve.js';
import { Weight } from './plain.js';
import type { Evaluate, EvaluationScope, ExecutionState, InputBase, Program, ScopeResult, ScopeState } from './types.js';

/** A state failed with a States error; Retry and Catch have not been asked yet. */
export class StateFailed extends Error {
  constructor(
    readonly error: string,
    cause: string,
  ) {
    super(cause);
    this.name = 'StateFailed';
  }
}

/** What `$states` holds beside input and context. */
export interface Seen {
  readonly result?: Json;
  readonly errorOutput?: JsonObject;
}

const NOTHING: Seen = {};

interface Naming {
  readonly error: string;
  readonly cause: string;
}
const isNamed = (thrown: unknown): thrown is Naming =>
  typeof thrown === 'object' && thrown !== null && typeof (thrown as Partial<Naming>).error === 'string' && typeof (thrown as Partial<Naming>).cause === 'string';

/** Turns what an expression threw into what a state fails with; anything else is a fault of the program and goes on. */
export const asStatesError = (thrown: unknown): StatesError => {
  if (thrown instanceof StateFailed) return { error: thrown.error, cause: thrown.message };
  throw thrown;
};

export class Turn {
  readonly events: ExecutionEvent[] = [];
  /** Scopes that may have to be decided upon, in order; those that stand still are passed over. */
  private readonly queue: string[] = [];
  private taken = 0;
  /** Before those: what a failed scope stood in, so that nothing is begun any more beside it. */
  private urgent: string[] | undefined;
  private draft: Draft | undefined;
  private readonly layer: LayeredDraft | undefined;
  private evaluations = 0;
  private readonly weight = new Weight();
  private seen: Map<string, { readonly scope: ScopeState; readonly variables: JsonObject }> | undefined;

  constructor(
    readonly program: Program,
    private readonly given: ExecutionState | undefined,
    readonly base: InputBase,
    private readonly evaluator: Evaluate,
  ) {
    // Read only, until whoever owns the state commits.
    this.layer = given && layeredDraft(given as OwnState);
    this.draft = this.layer;
  }

  /** What is under way. */
  get now(): Draft {
    if (!this.draft) throw new Error('The execution has not begun');
    return this.draft;
  }

  /** Everything of the state but its tables: those of `now` are newer. */
  get state(): ExecutionState {
    return this.now.head;
  }

  /** What was decided becomes the state: the one that was given, in place, or the new one. Only for its owner. */
  commit(): { readonly state: OwnState; readonly changed: Iterable<string> } {
    if (!this.layer) return { state: this.now.head, changed: Object.keys(this.now.head.scopes) };
    return { state: this.given as OwnState, changed: this.layer.commit() };
  }

  get begun(): boolean {
    return this.draft !== undefined;
  }

  /** @throws StateFailed `States.DataLimitExceeded`, where a state would hand on more than may be; nothing was told then */
  emit(event: ExecutionEvent): void {
    this.weigh(event);
    const begunBefore = event.type === 'scopeEnded' ? this.begunOf(event.step) : 0;
    this.draft = applyEvent(this.draft, event, this.base.at, this.program);
    this.events.push(event);
    if (event.type === 'scopesOpened') this.queueScopes(event.step, 0);
    if (event.type === 'scopeEnded') this.queueScopes(event.step, begunBefore);
    if (event.type === 'scopeEnded' && event.status === 'failed') (this.urgent ??= []).push(touched(event));
    else this.queue.push(touched(event));
  }

  /** What an end holds was weighed when its last state was left. */
  private weigh(event: ExecutionEvent): void {
    switch (event.type) {
      case 'stepLeft':
        this.hand(event.step, event.output);
        if (event.assign !== undefined) this.hand(event.step, event.assign);
        return;
      case 'taskStarted':
        return this.hand(event.step, event.arguments);
      case 'scopesOpened':
        this.hand(event.step, event.inputs);
        if (event.items !== undefined) this.hand(event.step, event.items);
    }
  }

  private hand(step: StepId, value: Json): void {
    const problem = this.weight.add(value);
    const scope = problem === undefined ? undefined : scopeAt(this.now, step);
    if (problem !== undefined && scope) throw this.failure(scope, 'States.DataLimitExceeded', problem);
  }

  /** Puts scopes in line to be decided upon. */
  look(addresses: readonly string[]): void {
    this.queue.push(...addresses);
  }

  /** The address of the next scope in line. */
  next(): string | undefined {
    return this.urgent?.pop() ?? this.queue[this.taken++];
  }

  private begunOf(step: string): number {
    const phase = this.draft?.scopes.get(scopeOf(step))?.current.phase;
    return phase?.is === 'scopes' ? phase.begun : 0;
  }

  private queueScopes(step: string, from: number): void {
    const to = this.begunOf(step);
    for (let index = from; index < to; index++) this.queue.push(scopeAddress(step, index));
  }

  scope(address: string): ScopeState | undefined {
    return this.draft?.scopes.get(address);
  }

  /** How the scope with this index ended that a step opened. */
  result(step: string, index: number): ScopeResult | undefined {
    return this.draft?.results.get(scopeAddress(step, index));
  }

  /** The definition of the state a scope stands at. A checked program holds every state that it can reach. */
  definition(scope: ScopeState): State {
    const state = stateAt(this.program, scope);
    if (!state) throw new Error(`The program holds no state '${scope.current.state}' in ${scope.workflow}${scope.pointer}`);
    return state;
  }

  /** A seed of its own for each that asks for one, the same in every run with the same input. */
  nextSeed(): string {
    return `${this.base.seed}/${this.evaluations++}`;
  }

  /**
   * Evaluates a field of the state that a scope stands at.
   * @param pointer the field within the state: `/Output`, `/Choices/0/Condition`
   * @returns a promise only where it has to be waited for
   * @throws StateFailed `States.QueryEvaluationError`
   */
  evaluate(scope: ScopeState, template: Json, pointer: string, seen: Seen = NOTHING, item?: MapItem): Json | Promise<Json> {
    try {
      const result = this.evaluator(template, new View(this, scope, pointer, seen, item));
      if (!(result instanceof Promise)) return result;
      return result.catch((thrown: unknown) => {
        throw this.failed(scope, thrown);
      });
    } catch (thrown) {
      throw this.failed(scope, thrown);
    }
  }

  /** What the expression threw, as the state fails of it. */
  private failed(scope: ScopeState, thrown: unknown): unknown {
    return isNamed(thrown) ? this.failure(scope, thrown.error, thrown.cause) : thrown;
  }

  /** A failure of the state that a scope stands at, with the place in front of its cause as AWS writes it. */
  failure(scope: ScopeState, error: string, cause: string): StateFailed {
    const { state, enteredEvent } = scope.current;
    return new StateFailed(error, `An error occurred while executing the state '${state}' (entered at the event id #${enteredEvent}). ${cause}`);
  }

  /** The scope's own variables and, through Parallel and Map, those around it; a workflow begins with none. */
  variablesOf(scope: ScopeState): JsonObject {
    if (scope.address === '' || scope.pointer === '') return scope.variables;
    const known = this.seen?.get(scope.address);
    if (known?.scope.variables === scope.variables) return known.variables;
    const outer = this.scope(aroundScope(scope.address).outer);
    const variables = outer ? { ...this.variablesOf(outer), ...scope.variables } : scope.variables;
    (this.seen ??= new Map()).set(scope.address, { scope, variables });
    return variables;
  }

  /** What `$states.context` is. */
  contextFor(scope: ScopeState, item: MapItem | undefined): JsonObject {
    return contextOf(this.state, scope, { ...this.around(scope), ...(item ? { item } : {}) });
  }

  /** The item of the innermost Map around a scope, and the workflow that it runs in where that is not the main one. */
  private around(scope: ScopeState): Around {
    let item: MapItem | undefined;
    for (let at: ScopeState | undefined = scope; at && at.address !== ''; ) {
      const { outer, index }: { outer: string; index: number } = aroundScope(at.address);
      const opener = this.scope(outer);
      const phase = opener?.current.phase;
      if (phase?.is !== 'scopes') break;
      if (phase.kind === 'workflow') return { ...(item ? { item } : {}), workflow: { input: phase.inputs[0] ?? null, startedAt: at.startedAt } };
      if (phase.kind === 'map') item ??= { Index: index, Value: (phase.items ?? phase.inputs)[index] ?? null };
      at = opener;
    }
    return item ? { item } : {};
  }
}

/** What an expression sees. Most never look at `$states`, and next to none at the seed. */
class View implements EvaluationScope {
  readonly at: number;
  readonly where: EvaluationScope['where'];
  readonly variables: JsonObject;
  private madeStates: JsonObject | undefined;
  private madeContext: JsonObject | undefined;
  private madeSeed: string | undefined;

  constructor(
    private readonly turn: Turn,
    private readonly scope: ScopeState,
    pointer: string,
    private readonly seen: Seen,
    private readonly item: MapItem | undefined,
  ) {
    this.at = turn.base.at;
    this.where = { state: scope.current.state, pointer };
    this.variables = turn.variablesOf(scope);
  }

  get states(): JsonObject {
    return (this.madeStates ??= this.makeStates());
  }

  statesMember(name: string): Json | undefined {
    switch (name) {
      case 'input':
        return this.scope.current.input;
      case 'result':
        return this.seen.result;
      case 'errorOutput':
        return this.seen.errorOutput;
      case 'context':
        return this.context;
      default:
        return undefined;
    }
  }

  private get context(): JsonObject {
    return (this.madeContext ??= this.turn.contextFor(this.scope, this.item));
  }

  /** The context in it is made only when an expression looks at it: most do not. */
  private makeStates(): JsonObject {
    const context = (): JsonObject => this.context;
    return {
      input: this.scope.current.input,
      ...this.seen,
      get context(): JsonObject {
        return context();
      },
    };
  }

  get seed(): string {
    return (this.madeSeed ??= this.turn.nextSeed());
  }
}
