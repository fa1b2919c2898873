import type { Template } from '../definition/asl.js';
import type { StatesError } from '../events.js';
import type { Json, JsonObject } from '../json.js';
import type { Steps } from './steps.js';
import type { Seen, Turn } from './turn.js';
import type { ScopeState } from './types.js';

/** The fields by which a state, a Choice's rule or a Catcher says how a state is left. */
export interface Leaving {
  readonly Assign?: { readonly [variable: string]: Template };
  readonly Output?: Template;
}

/**
 * Leaves a state: evaluates Assign and Output, both against the variables as they were before, and tells it.
 * @param options.otherwise the output where no Output is written
 * @param options.pointer where the fields stand within the state: '' or `/Choices/0`
 * @throws StateFailed `States.QueryEvaluationError`; nothing was told then
 */
export const leave = function* (
  turn: Turn,
  scope: ScopeState,
  fields: Leaving,
  options: { readonly next: string | null; readonly otherwise: Json; readonly pointer?: string; readonly seen?: Seen; readonly caught?: StatesError },
): Steps<void> {
  const pointer = options.pointer ?? '';
  const assigned = fields.Assign && turn.evaluate(scope, fields.Assign, `${pointer}/Assign`, options.seen);
  const assign = (assigned instanceof Promise ? yield assigned : assigned) as JsonObject | undefined;
  const given = fields.Output === undefined ? options.otherwise : turn.evaluate(scope, fields.Output, `${pointer}/Output`, options.seen);
  const output = given instanceof Promise ? yield given : given;
  turn.emit({
    type: 'stepLeft',
    step: scope.current.step,
    next: options.next,
    output,
    ...(assign ? { assign } : {}),
    ...(options.caught ? { caught: options.caught } : {}),
  });
};

/** Where a state goes: `Next`, or null at `End`. */
export const nextOf = (state: { readonly Next?: string; readonly End?: boolean }): string | null => state.Next ?? null;
