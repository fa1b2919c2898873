import type { MapState } from '../definition/asl.js';
import type { Json } from '../json.js';
import { list, percentage, shown, wholeNumber } from './fields.js';
import type { Steps } from './steps.js';
import type { Turn } from './turn.js';
import type { ScopeState } from './types.js';

const COUNT = { min: 0, max: Number.MAX_SAFE_INTEGER } as const;

/** Opens a scope for each item, as many at once as MaxConcurrency says. */
export const startMap = function* (turn: Turn, scope: ScopeState, state: MapState, attempt: number): Steps<void> {
  const items = yield* itemsOf(turn, scope, state);
  const atOnce = state.MaxConcurrency === undefined ? 0 : wholeNumber(turn, scope, state.MaxConcurrency, 'MaxConcurrency', COUNT);
  const limit = atOnce instanceof Promise ? ((yield atOnce) as number) : atOnce;
  const tolerated = yield* toleratedOf(turn, scope, state, items.length);
  const inputs = state.ItemSelector === undefined ? items : yield* selectAll(turn, scope, state.ItemSelector, items);
  turn.emit({
    type: 'scopesOpened',
    step: scope.current.step,
    kind: 'map',
    inputs,
    limit,
    ...(tolerated === 0 ? {} : { tolerated }),
    ...(inputs === items ? {} : { items }),
    attempt,
  });
};

const itemsOf = function* (turn: Turn, scope: ScopeState, state: MapState): Steps<readonly Json[]> {
  if (state.Items !== undefined) {
    const items = list(turn, scope, state.Items, 'Items');
    return items instanceof Promise ? ((yield items as Promise<Json>) as readonly Json[]) : items;
  }
  const { input } = scope.current;
  if (Array.isArray(input)) return input;
  throw turn.failure(scope, 'States.QueryEvaluationError', `Map state input must be an array but was: ${shown(input)}`);
};

const selectAll = function* (turn: Turn, scope: ScopeState, selector: Json, items: readonly Json[]): Steps<readonly Json[]> {
  const inputs: Json[] = [];
  for (const [Index, Value] of items.entries()) {
    const input = turn.evaluate(scope, selector, '/ItemSelector', {}, { Index, Value });
    inputs.push(input instanceof Promise ? yield input : input);
  }
  return inputs;
};

/** How many iterations may fail: the smaller of the count and the percentage where both are given. */
const toleratedOf = function* (turn: Turn, scope: ScopeState, state: MapState, items: number): Steps<number> {
  const { ToleratedFailureCount: count, ToleratedFailurePercentage: share } = state;
  const counted = count === undefined ? undefined : wholeNumber(turn, scope, count, 'ToleratedFailureCount', COUNT);
  const byCount = counted instanceof Promise ? ((yield counted) as number) : counted;
  const shared = share === undefined ? undefined : percentage(turn, scope, share, 'ToleratedFailurePercentage');
  const percent = shared instanceof Promise ? ((yield shared) as number) : shared;
  const byPercentage = percent === undefined ? undefined : Math.floor((percent * items) / 100);
  return Math.min(byCount ?? byPercentage ?? 0, byPercentage ?? byCount ?? 0);
};
