import type { Json, JsonObject } from '../json.js';
import type { ExecutionState, ScopeState } from './types.js';

/** An item of a Map and its place, as `$states.context.Map.Item` shows it. */
export interface MapItem {
  readonly Index: number;
  readonly Value: Json;
}

const iso = (ms: number): string => new Date(ms).toISOString();

/** What stands around a scope: the innermost Map's item, and the `workflow:run` that it belongs to. */
export interface Around {
  readonly item?: MapItem;
  readonly workflow?: { readonly input: Json; readonly startedAt: number };
}

/** `$states.context`, as far as it is known for a state. */
export const contextOf = (state: ExecutionState, scope: ScopeState, { item, workflow }: Around): JsonObject => {
  const { phase } = scope.current;
  const attempt = 'attempt' in phase ? phase.attempt : 1;
  const retries = phase.is === 'retrying' ? attempt : attempt - 1;
  return {
    Execution: {
      Id: state.executionId,
      Input: workflow ? workflow.input : state.input,
      Name: state.executionName ?? state.executionId,
      StartTime: iso(workflow?.startedAt ?? state.startedAt),
    },
    State: { Name: scope.current.state, EnteredTime: iso(scope.current.enteredAt), RetryCount: retries },
    StateMachine: { Id: state.pins[scope.workflow] ?? scope.workflow, Name: scope.workflow },
    ...(item ? { Map: { Item: { Index: item.Index, Value: item.Value } } } : {}),
  };
};
