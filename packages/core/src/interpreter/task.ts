import type { TaskState } from '../definition/asl.js';
import type { Json } from '../json.js';
import { SECONDS, wholeNumber } from './fields.js';
import { leave, nextOf } from './leave.js';
import type { Steps } from './steps.js';
import type { Turn } from './turn.js';
import type { ScopeState } from './types.js';
import { openWorkflow, WORKFLOW_RUN } from './workflow.js';

const FROM_ONE_SECOND = { ...SECONDS, min: 1 };

/** Begins an attempt: evaluates the arguments and says what is to be called. */
export const startTask = function* (turn: Turn, scope: ScopeState, state: TaskState, attempt: number): Steps<void> {
  const given = state.Arguments === undefined ? withoutArguments(state.Resource, scope.current.input) : turn.evaluate(scope, state.Arguments, '/Arguments');
  const args = given instanceof Promise ? yield given : given;
  const endsAfter = state.TimeoutSeconds === undefined ? undefined : wholeNumber(turn, scope, state.TimeoutSeconds, 'TimeoutSeconds', FROM_ONE_SECOND);
  const timeout = endsAfter instanceof Promise ? ((yield endsAfter) as number) : endsAfter;
  const dueAt = timeout === undefined ? undefined : turn.base.at + timeout * 1000;
  if (state.Resource === WORKFLOW_RUN) {
    openWorkflow(turn, scope, { arguments: args, attempt, dueAt });
    return;
  }
  const beatsWithin = state.HeartbeatSeconds === undefined ? undefined : wholeNumber(turn, scope, state.HeartbeatSeconds, 'HeartbeatSeconds', FROM_ONE_SECOND);
  const heartbeat = beatsWithin instanceof Promise ? ((yield beatsWithin) as number) : beatsWithin;
  if (heartbeat !== undefined && timeout !== undefined && heartbeat >= timeout) {
    throw turn.failure(scope, 'States.QueryEvaluationError', `The field 'HeartbeatSeconds' must be below 'TimeoutSeconds' (${timeout}) but was: ${heartbeat}`);
  }
  turn.emit({
    type: 'taskStarted',
    step: scope.current.step,
    attempt,
    resource: state.Resource,
    arguments: args,
    ...(dueAt === undefined ? {} : { dueAt }),
    ...(heartbeat === undefined ? {} : { heartbeatMs: heartbeat * 1000 }),
  });
};

/**
 * The States Language hands the state's input to a Task without Arguments. That holds for ARNs, whose input has no schema;
 * an action of ours checks its arguments, and would refuse whatever the step before happened to give.
 */
const withoutArguments = (resource: string, input: Json): Json => (resource.startsWith('arn:') ? input : {});

export const endTask = (turn: Turn, scope: ScopeState, state: TaskState, result: Json): Steps<void> =>
  leave(turn, scope, state, { next: nextOf(state), otherwise: result, seen: { result } });
