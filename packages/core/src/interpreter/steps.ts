import type { Json } from '../json.js';

/**
 * Work that may have to wait for an expression, and mostly does not: `yield*` stands where `await` would, and what an expression
 * gives is yielded where it is a promise. One for each, or a generator, would cost more than most expressions do.
 */
export type Steps<T> = Generator<Promise<Json>, T, Json>;

/** Runs them to their end; gives a promise only where one had to be waited for. */
export const finish = <T>(steps: Steps<T>): T | Promise<T> => {
  const { done, value } = steps.next();
  return done ? value : finishLater(steps, value);
};

const finishLater = async <T>(steps: Steps<T>, first: Promise<Json>): Promise<T> => {
  for (let waited = first; ; ) {
    const { done, value } = await waited.then(
      (result) => steps.next(result),
      (thrown: unknown) => steps.throw(thrown),
    );
    if (done) return value;
    waited = value;
  }
};
