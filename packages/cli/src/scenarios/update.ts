/** Writes what came out into the scenario file as what is expected, and leaves the rest of it as it was. */
import { writeFile } from 'node:fs/promises';
import type { Json, JsonObject } from '@tillwright/core';
import { isMap, isNode, type Node, visit } from 'yaml';
import type { Outcome } from './compare.js';
import type { ReadScenarios } from './file.js';
import type { Expectation } from './scenario.js';

/** Ids and references are another way of saying which run it was: nobody expects them. */
const OF_THE_RUN = new Set(['paymentId', 'reference']);

/** @returns whether the file changed */
export const recordExpectations = async (read: ReadScenarios, outcomes: ReadonlyMap<string, Outcome>): Promise<boolean> => {
  const { document } = read;
  read.value.scenarios?.forEach(({ name, expect }, index) => {
    const outcome = outcomes.get(name);
    if (!outcome) return;
    const node = document.createNode(expectationOf(outcome, expect));
    compactly(node);
    document.setIn(['scenarios', index, 'expect'], node);
  });
  const json = read.file.endsWith('.json');
  const text = json ? `${JSON.stringify(document.toJS(), undefined, 2)}\n` : document.toString({ lineWidth: 200, flowCollectionPadding: true });
  if (text === read.text) return false;
  await writeFile(read.file, text);
  return true;
};

const expectationOf = ({ result, error, output, path, payments, ledger, receipts, cases }: Outcome, before: Expectation | undefined): Expectation => ({
  result,
  ...(error === undefined ? {} : { error }),
  ...(output === undefined ? {} : { output: withoutIds(output) }),
  path,
  payments,
  ledger,
  receipts,
  cases,
  ...(before?.printed ? { printed: before.printed } : {}),
  ...(before?.shown ? { shown: before.shown } : {}),
});

const withoutIds = (value: Json): Json => {
  if (Array.isArray(value)) return value.map((each: Json) => withoutIds(each));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value as JsonObject).filter(([name]) => !OF_THE_RUN.has(name)).map(([name, each]) => [name, withoutIds(each)]));
};

/** Each field of an expectation in one line where it fits. */
const compactly = (node: unknown): void => {
  if (!isMap(node)) return;
  for (const { value } of node.items) {
    if (!isNode(value)) continue;
    visit(value as Node, { Collection: (_, collection) => void (collection.flow = true) });
  }
};
