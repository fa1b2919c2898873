/** Node's next turn where there is one: virtual clocks count those. */
export const nextTurn = (work: () => void): void => {
  const { setImmediate } = globalThis as { setImmediate?: (work: () => void) => void };
  if (setImmediate) setImmediate(work);
  else setTimeout(work, 0);
};
