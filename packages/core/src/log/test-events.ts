/** What the log's tests append and read. */
import type { EventInput, EventLog, OpenedLog, OpenOptions } from '../engine/ports.js';
import type { EventRecord } from '../events.js';

export const counted = (to: number, stream = 't/T1'): EventInput => ({ stream, event: { type: 'terminalCounted', counter: 'trace', to } });

/** The numbers that `counted` put in, in the log's order. */
export const countsOf = (records: readonly EventRecord[]): number[] =>
  records.flatMap(({ event }) => (event.type === 'terminalCounted' ? [event.to] : []));

export const collect = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
};

export const upTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);

/** Opens a log, with the records that it gives to be folded. */
export const openAll = async (log: EventLog, options: Pick<OpenOptions, 'restore'> = {}): Promise<OpenedLog & { records: EventRecord[] }> => {
  const records: EventRecord[] = [];
  const opened = await log.open({ ...options, fold: (record) => records.push(record) });
  return { ...opened, records };
};
