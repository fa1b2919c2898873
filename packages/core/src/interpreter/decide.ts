/** What follows from an input. Pure: time and randomness stand in the input, what is evaluated stands in the events. */
import type { ExecutionEvent } from '../events.js';
import type { Json } from '../json.js';
import { aroundScope, scopeAt } from './address.js';
import { cancelledBy, timedOut, workflowTimedOut } from './causes.js';
import { enterChoice } from './choice.js';
import { enterFail } from './fail.js';
import { attemptOf, failScope, failState } from './failure.js';
import { startMap } from './map.js';
import { startParallel } from './parallel.js';
import { enterPass } from './pass.js';
import { settleScopes } from './scopes.js';
import { finish, type Steps } from './steps.js';
import { enterSucceed } from './succeed.js';
import { endTask, startTask } from './task.js';
import { readyScopes } from './todo.js';
import { asStatesError, Turn } from './turn.js';
import type { Decide, Evaluate, ExecutionState, Happening, InputBase, Program, ScopeState } from './types.js';
import { endWait, enterWait } from './wait.js';

/** States that one input may run through without a Task or Wait between them; a loop that never blocks ends here. */
export const TRANSITIONS_MAX = 25_000;

type Of<T extends Happening['type']> = Extract<Happening, { type: T }>;

export const decide: Decide = async (program, state, input, evaluate) => (await decideOn(program, state, input, input, evaluate)).events;

/** What was decided; `commit` makes it the state without a second fold, for whoever owns that. */
export type Decision = Pick<Turn, 'base' | 'events' | 'commit'>;

/** As `decide`, for the owner of the state; a promise only where an expression has to be waited for. */
export const decideOn = (program: Program, state: ExecutionState | undefined, happening: Happening, base: InputBase, evaluate: Evaluate): Decision | Promise<Decision> =>
  finish(decided(new Turn(program, state, base, evaluate), happening));

const decided = function* (turn: Turn, happening: Happening): Steps<Turn> {
  if (turn.begun ? turn.state.status !== 'running' : happening.type !== 'start') return turn;
  const steps = take(turn, happening);
  if (steps) yield* steps;
  yield* run(turn);
  return turn;
};

/** @returns what may have to be waited for */
const take = (turn: Turn, input: Happening): Steps<void> | undefined => {
  switch (input.type) {
    case 'start':
      if (!turn.begun) turn.emit(started(input));
      return undefined;
    case 'continue':
      turn.look(readyScopes(turn.state, turn.program));
      return undefined;
    case 'taskSucceeded':
      return taskSucceeded(turn, input);
    case 'taskFailed': {
      const scope = openTask(turn, input);
      return scope && failState(turn, scope.address, { error: input.error, cause: input.cause });
    }
    case 'promptClosed':
      return promptClosed(turn, input);
    case 'timerFired':
      return timerFired(turn, input);
  }
};

const started = ({ executionId, executionName, key, terminal, workflow, pins, plugins, input }: Of<'start'>): ExecutionEvent => ({
  type: 'executionStarted',
  executionId,
  ...(executionName === undefined ? {} : { executionName }),
  ...(key === undefined ? {} : { key }),
  terminal,
  workflow,
  pins,
  plugins,
  input,
});

/** The scope whose Task waits for exactly this attempt; an answer to anything else comes too late and changes nothing. */
const openTask = (turn: Turn, { step, attempt }: { readonly step: string; readonly attempt: number }): ScopeState | undefined => {
  const scope = scopeAt(turn.now, step);
  return scope?.current.phase.is === 'task' && scope.current.phase.attempt === attempt ? scope : undefined;
};

const taskSucceeded = function* (turn: Turn, input: Of<'taskSucceeded'>): Steps<void> {
  const scope = openTask(turn, input);
  if (!scope) return;
  const state = turn.definition(scope);
  if (state.Type !== 'Task') return;
  try {
    yield* endTask(turn, scope, state, input.result);
  } catch (thrown) {
    yield* failState(turn, scope.address, asStatesError(thrown), { retry: false });
  }
};

const promptClosed = function* (turn: Turn, input: Of<'promptClosed'>): Steps<void> {
  const scope = openTask(turn, input);
  if (!scope) return;
  const { step, attempt, audience, how } = input;
  const value: { readonly value?: Json } = input.value === undefined ? {} : { value: input.value };
  turn.emit({ type: 'promptClosed', step, attempt, audience, how, ...value });
  if (how === 'cancelled') yield* failState(turn, scope.address, { error: 'Terminal.Cancelled', cause: cancelledBy(audience) });
};

const timerFired = function* (turn: Turn, { step, timer }: Of<'timerFired'>): Steps<void> {
  if (timer === 'execution-timeout') {
    executionTimedOut(turn, step);
    return;
  }
  const scope = scopeAt(turn.now, step);
  if (!scope) return;
  const { phase } = scope.current;
  if (timer === 'wait' && phase.is === 'waiting') yield* attempt(turn, scope.address, leaveWait(turn, scope));
  if (timer === 'retry' && phase.is === 'retrying') yield* attempt(turn, scope.address, begin(turn, scope));
  if (timer === 'timeout' && (phase.is === 'task' || phase.is === 'scopes') && phase.dueAt !== undefined) {
    yield* failState(turn, scope.address, { error: 'States.Timeout', cause: timedOut });
  }
};

const leaveWait = function* (turn: Turn, scope: ScopeState): Steps<void> {
  const state = turn.definition(scope);
  if (state.Type === 'Wait') yield* endWait(turn, scope, state);
};

/** A workflow's own TimeoutSeconds: it fails as a whole; `workflow:run` around it may catch that. */
const executionTimedOut = (turn: Turn, address: string): void => {
  const scope = turn.scope(address);
  if (scope) failScope(turn, scope, { error: 'States.Timeout', cause: workflowTimedOut(scope.workflow) });
};

/** Goes on until every scope is blocked or has ended. */
const run = function* (turn: Turn): Steps<void> {
  let entered = 0;
  for (let address = turn.next(); address !== undefined && turn.state.status === 'running'; address = turn.next()) {
    const scope = turn.scope(address);
    if (!scope) continue;
    const { phase } = scope.current;
    // How scopes end is looked at as well, but never without end.
    if (phase.is === 'entered' && ++entered > TRANSITIONS_MAX) {
      const cause = `The execution ran through ${TRANSITIONS_MAX} states without a Task or Wait between them.`;
      turn.emit({ type: 'executionEnded', status: 'failed', error: 'States.Runtime', cause });
      return;
    }
    // As `attempt`, without one more for each state that is entered.
    if (phase.is === 'entered') {
      try {
        yield* begin(turn, scope);
      } catch (thrown) {
        yield* failState(turn, scope.address, asStatesError(thrown));
      }
    } else if (phase.is === 'ended') endScope(turn, scope, phase.output);
    else if (phase.is === 'scopes') yield* settleScopes(turn, scope, phase);
  }
};

/** Runs what may fail the state a scope stands at. */
const attempt = function* (turn: Turn, address: string, what: Steps<void>): Steps<void> {
  try {
    yield* what;
  } catch (thrown) {
    yield* failState(turn, address, asStatesError(thrown));
  }
};

/** Enters a state, or begins its next attempt. */
const begin = (turn: Turn, scope: ScopeState): Steps<void> => {
  const state = turn.definition(scope);
  switch (state.Type) {
    case 'Pass':
      return enterPass(turn, scope, state);
    case 'Choice':
      return enterChoice(turn, scope, state);
    case 'Wait':
      return enterWait(turn, scope, state);
    case 'Succeed':
      return enterSucceed(turn, scope, state);
    case 'Fail':
      return enterFail(turn, scope, state);
    case 'Task':
      return startTask(turn, scope, state, attemptOf(scope));
    case 'Parallel':
      return startParallel(turn, scope, state, attemptOf(scope));
    case 'Map':
      return startMap(turn, scope, state, attemptOf(scope));
  }
};

const endScope = (turn: Turn, scope: ScopeState, output: Json): void => {
  if (scope.address === '') {
    turn.emit({ type: 'executionEnded', status: 'succeeded', output });
    return;
  }
  const { outer, index } = aroundScope(scope.address);
  const around = turn.scope(outer);
  if (around) turn.emit({ type: 'scopeEnded', step: around.current.step, index, status: 'succeeded', output });
};
