/** The fold of an execution's events. Synchronous: evaluated results stand in the events, so replay evaluates nothing. */
import type { ExecutionEvent, StepId } from '../events.js';
import type { Json, JsonObject } from '../json.js';
import { directDraft, type Draft, ownCopy, type OwnState } from './draft.js';
import { machineAt, pointerToken, scopeAddress, scopeAt, scopeOf, stateAddress, stepId } from './address.js';
import { progress, type ScopesPhase } from './progress.js';
import type { Evolve, ExecutionState, Program, ScopeState, StepState } from './types.js';

export const evolve: Evolve = (state, event, at, program) => evolveAll(state, [event], at, program) as ExecutionState;

/** As `evolve`, event after event, with one copy of the state instead of one for each. */
export const evolveAll = (
  state: ExecutionState | undefined,
  events: readonly ExecutionEvent[],
  at: number,
  program: Program,
): ExecutionState | undefined => evolveOwn(state && ownCopy(state), events, at, program);

/** As `evolveAll`, in place: for a state that nobody else holds. @returns the same state, or the one that the first event makes */
export const evolveOwn = (state: OwnState | undefined, events: readonly ExecutionEvent[], at: number, program: Program): OwnState | undefined => {
  let draft = state && directDraft(state);
  for (const event of events) draft = applyEvent(draft, event, at, program);
  return draft?.head;
};

/** Applies one event to a draft; the first one makes it. */
export const applyEvent = (draft: Draft | undefined, event: ExecutionEvent, at: number, program: Program): Draft => {
  if (event.type === 'executionStarted') return begin(event, at, program);
  if (!draft) throw new Error(`An execution begins with executionStarted, not with ${event.type}`);
  const write = new Writer(draft, at, program);
  switch (event.type) {
    case 'stepLeft':
      write.leave(event);
      break;
    case 'scopesOpened':
      write.openScopes(event);
      break;
    case 'scopeEnded':
      write.endScope(event);
      break;
    case 'waitStarted':
      write.phase(event.step, { is: 'waiting', dueAt: event.dueAt });
      break;
    case 'taskStarted':
      draft.head.historyLength += 2;
      write.phase(event.step, {
        is: 'task',
        attempt: event.attempt,
        resource: event.resource,
        arguments: event.arguments,
        retries: write.retries(event.step),
        answers: {},
        ...(event.dueAt === undefined ? {} : { dueAt: event.dueAt }),
        ...(event.heartbeatMs === undefined ? {} : { heartbeatMs: event.heartbeatMs }),
      });
      break;
    case 'taskFailed':
      write.retryLater(event);
      break;
    case 'promptClosed':
      write.answer(event);
      break;
    case 'executionEnded':
      draft.head.status = event.status;
      if (event.status === 'succeeded') draft.head.output = event.output;
      else draft.head.failure = { error: event.error, cause: event.cause };
      draft.scopes.clear();
      draft.results.clear();
      break;
    case 'cancelRequested':
      // What it does to payments is the engine's; what it does to the flow arrives as a Task's failure.
      break;
  }
  return draft;
};

type EventOf<T extends ExecutionEvent['type']> = Extract<ExecutionEvent, { type: T }>;

const begin = (event: EventOf<'executionStarted'>, at: number, program: Program): Draft => {
  const draft = directDraft({
    status: 'running',
    executionId: event.executionId ?? '',
    ...(event.executionName === undefined ? {} : { executionName: event.executionName }),
    terminal: event.terminal,
    workflow: event.workflow,
    ...(event.key === undefined ? {} : { key: event.key }),
    startedAt: at,
    pins: event.pins,
    input: event.input,
    scopes: {},
    results: {},
    visits: {},
    historyLength: 1,
  });
  new Writer(draft, at, program).openScope('', event.workflow, '', event.input);
  return draft;
};

class Writer {
  constructor(
    private readonly draft: Draft,
    private readonly at: number,
    private readonly program: Program,
  ) {}

  private scopeAt(step: StepId): ScopeState {
    const scope = scopeAt(this.draft, step);
    if (!scope) throw new Error(`No scope stands at step ${step}`);
    return scope;
  }

  private set(scope: ScopeState, phase: StepState['phase']): void {
    this.draft.scopes.set(scope.address, scopeWith(scope, scope.variables, inPhase(scope.current, phase)));
  }

  phase(step: StepId, phase: StepState['phase']): void {
    this.set(this.scopeAt(step), phase);
  }

  retries(step: StepId): readonly number[] {
    const { phase } = this.scopeAt(step).current;
    return 'retries' in phase ? phase.retries : [];
  }

  private enter(scope: string, state: string, input: Json): StepState {
    const address = stateAddress(scope, state);
    const visit = (this.draft.visits.get(address) ?? 0) + 1;
    this.draft.visits.set(address, visit);
    this.draft.head.historyLength += 1;
    return {
      state,
      step: stepId(address, visit),
      input,
      enteredAt: this.at,
      enteredEvent: this.draft.head.historyLength,
      phase: { is: 'entered' },
    };
  }

  openScope(address: string, workflow: string, pointer: string, input: Json): void {
    const machine = machineAt(this.program, workflow, pointer);
    if (!machine) throw new Error(`The program holds no definition for ${workflow}${pointer}`);
    this.draft.scopes.set(address, {
      address,
      workflow,
      pointer,
      variables: {},
      startedAt: this.at,
      current: this.enter(address, machine.StartAt, input),
    });
  }

  leave(event: EventOf<'stepLeft'>): void {
    const scope = this.scopeAt(event.step);
    const { phase } = scope.current;
    // AWS writes one entry for how a Task, Parallel or Map ended (none for a caught Parallel or Map), and one for leaving any state.
    this.draft.head.historyLength += phase.is === 'task' || (phase.is === 'scopes' && !event.caught) ? 2 : 1;
    if (phase.is === 'scopes') this.closeScopes(event.step, phase);
    const variables = event.assign ? { ...scope.variables, ...event.assign } : scope.variables;
    const current: StepState =
      event.next === null
        ? inPhase(scope.current, { is: 'ended', output: event.output })
        : this.enter(scope.address, event.next, event.output);
    this.draft.scopes.set(scope.address, scopeWith(scope, variables, current));
  }

  openScopes(event: EventOf<'scopesOpened'>): void {
    const scope = this.scopeAt(event.step);
    this.draft.head.historyLength += event.kind === 'workflow' ? 2 : 1;
    const phase: ScopesPhase = {
      is: 'scopes',
      kind: event.kind,
      attempt: event.attempt,
      inputs: event.inputs,
      limit: event.limit,
      tolerated: event.tolerated ?? 0,
      ...(event.workflow === undefined ? {} : { workflow: event.workflow }),
      ...(event.dueAt === undefined ? {} : { dueAt: event.dueAt }),
      ...(event.items === undefined ? {} : { items: event.items }),
      begun: 0,
      ended: 0,
      failures: 0,
      retries: this.retries(event.step),
    };
    const room = event.limit === 0 ? event.inputs.length : Math.min(event.limit, event.inputs.length);
    this.beginScopes(scope, phase, room);
    this.set(scope, { ...phase, begun: room });
  }

  private beginScopes(scope: ScopeState, phase: ScopesPhase, to: number): void {
    for (let index = phase.begun; index < to; index++) {
      if (phase.kind === 'map') this.draft.head.historyLength += 1;
      const inner =
        phase.kind === 'workflow'
          ? { workflow: phase.workflow ?? '', pointer: '' }
          : {
              workflow: scope.workflow,
              pointer: `${scope.pointer}/States/${pointerToken(scope.current.state)}/${phase.kind === 'map' ? 'ItemProcessor' : `Branches/${index}`}`,
            };
      this.openScope(scopeAddress(scope.current.step, index), inner.workflow, inner.pointer, phase.inputs[index] ?? null);
    }
  }

  endScope(event: EventOf<'scopeEnded'>): void {
    const scope = this.scopeAt(event.step);
    const { phase } = scope.current;
    if (phase.is !== 'scopes') throw new Error(`Step ${event.step} has no scopes open`);
    const address = scopeAddress(event.step, event.index);
    const ended = this.draft.scopes.get(address);
    if (ended?.current.phase.is === 'scopes') this.closeScopes(ended.current.step, ended.current.phase);
    this.draft.scopes.delete(address);
    if (phase.kind === 'map') this.draft.head.historyLength += 1;
    const failed = event.status === 'failed';
    this.draft.results.set(address, failed ? { error: event.error, cause: event.cause } : { output: event.output });
    const after: ScopesPhase = { ...phase, ended: phase.ended + 1, failures: phase.failures + (failed ? 1 : 0) };
    const to = progress(after) === 'open' && after.begun < after.inputs.length ? after.begun + 1 : after.begun;
    this.beginScopes(scope, after, to);
    this.set(scope, { ...after, begun: to });
  }

  retryLater(event: EventOf<'taskFailed'>): void {
    const scope = this.scopeAt(event.step);
    const { phase } = scope.current;
    if (phase.is === 'scopes') this.closeScopes(event.step, phase);
    if (phase.is === 'task') this.draft.head.historyLength += 1;
    const retries = [...('retries' in phase ? phase.retries : [])];
    while (retries.length <= event.retrier) retries.push(0);
    retries[event.retrier] = (retries[event.retrier] ?? 0) + 1;
    this.set(scope, { is: 'retrying', attempt: event.attempt, retryAt: event.retryAt, retries });
  }

  answer(event: EventOf<'promptClosed'>): void {
    const scope = this.scopeAt(event.step);
    const { phase } = scope.current;
    if (phase.is !== 'task' || event.how !== 'answered') return;
    this.set(scope, { ...phase, answers: { ...phase.answers, [event.audience]: event.value ?? null } });
  }

  /** Takes away what a step opened and all within. */
  private closeScopes(step: StepId, phase: ScopesPhase): void {
    for (let index = 0; index < phase.begun; index++) {
      const address = scopeAddress(step, index);
      this.draft.results.delete(address);
      const inner = this.draft.scopes.get(address);
      if (!inner) continue;
      if (inner.current.phase.is === 'scopes') this.closeScopes(inner.current.step, inner.current.phase);
      this.draft.scopes.delete(address);
    }
  }
}

// Every event makes one of these, and so they are written out: on Node 20 a member that is written over behind a spread leaves the fast path.
const scopeWith = ({ address, workflow, pointer, startedAt }: ScopeState, variables: JsonObject, current: StepState): ScopeState => ({ address, workflow, pointer, variables, startedAt, current });
const inPhase = ({ state, step, input, enteredAt, enteredEvent }: StepState, phase: StepState['phase']): StepState => ({ state, step, input, enteredAt, enteredEvent, phase });

/** The scope that an event of a step may have made ready to be decided upon; '' for the root. */
export const touched = (event: ExecutionEvent): string => ('step' in event ? scopeOf(event.step) : '');
