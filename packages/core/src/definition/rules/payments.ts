import type { DiagnosticCode } from '../diagnostics.js';
import type { Rule, WorkflowFacts, World } from '../facts.js';
import { CONFIRMED, EVERYTHING, isPart, mayPay, moneyFlow, type MoneyFacts, NOTHING, PAID, PERHAPS_AGAIN, PERHAPS_PAID } from '../flow/money.js';
import { graphOf, isClear, toldWay, wayTo } from '../flow/graph.js';
import { CONFIRM, isReceipt, pays, resourceOf, runBy } from '../flow/roles.js';
import { isObject } from '../../json.js';
import type { StateFacts } from '../walk.js';

/**
 * A payment is confirmed before it is taken, and taken before its receipt is printed and before the sale succeeds; a second one says
 * what is due in all, or that it is another sale.
 * A workflow that others run begins where they are: what it lacks is told where it is run.
 */
export const payments: Rule = (workflow, world, report) => {
  if (!isClear(workflow)) return;
  const part = isPart(workflow, world);
  for (const { code, facts, runs } of lacks(workflow, world, part ? EVERYTHING : NOTHING)) {
    const pointer = code === 'WORKFLOW_SUCCESS_UNPAID' ? facts.pointer : `${facts.pointer}/${runs === undefined ? 'Resource' : 'Arguments/workflow'}`;
    report(code, pointer, {
      at: code === 'WORKFLOW_SUCCESS_UNPAID' ? 'key' : 'value',
      details: { name: JSON.stringify(facts.name), way: wayWithout(code, facts, world), runs: { ...told(runs) } },
    });
  }
};

type Lacking = Extract<DiagnosticCode, 'WORKFLOW_PAYMENT_UNCONFIRMED' | 'WORKFLOW_RECEIPT_UNPAID' | 'WORKFLOW_RECEIPT_TOO_SOON' | 'WORKFLOW_SUCCESS_UNPAID' | 'WORKFLOW_PAYMENT_AGAIN'>;
interface Lack {
  readonly code: Lacking;
  readonly facts: StateFacts;
  /** The workflow in which it shows. */
  readonly runs?: string;
}

const lacks = (workflow: WorkflowFacts, world: World, entry: MoneyFacts): Lack[] => {
  const found: Lack[] = [];
  const { at, ends } = moneyFlow(workflow, world, entry);
  for (const [facts, here] of at) {
    if (pays(facts, world.catalogue) && !(here & CONFIRMED)) found.push({ code: 'WORKFLOW_PAYMENT_UNCONFIRMED', facts });
    if (here & PERHAPS_AGAIN && pays(facts, world.catalogue) && !namesSale(facts)) found.push({ code: 'WORKFLOW_PAYMENT_AGAIN', facts });
    if (isReceipt(facts) && !(here & PAID)) found.push({ code: here & PERHAPS_PAID ? 'WORKFLOW_RECEIPT_TOO_SOON' : 'WORKFLOW_RECEIPT_UNPAID', facts });
    const runs = runBy(facts);
    const other = runs === undefined ? undefined : world.workflows.get(runs);
    if (!other || runs === undefined || !isClear(other) || other === workflow) continue;
    // What it lacks however it is run is told in its own file.
    const always = new Set(lackCodes(other, world, EVERYTHING));
    for (const code of lackCodes(other, world, here)) if (!always.has(code)) found.push({ code, facts, runs });
  }
  if (mayPay(workflow, world)) for (const [facts, behind] of ends) if (!(behind & PAID)) found.push({ code: 'WORKFLOW_SUCCESS_UNPAID', facts });
  return found;
};

/** What is due in all, or which sale it is; an expression for all of the arguments may say so, too. */
const namesSale = ({ state: { Arguments } }: StateFacts): boolean => !isObject(Arguments) || 'dueMinor' in Arguments || 'saleReference' in Arguments;

const codesIn = new WeakMap<World, Map<string, readonly Lacking[]>>();
/** What a workflow lacks that begins with these facts; its ends are its caller's matter. */
const lackCodes = (workflow: WorkflowFacts, world: World, entry: MoneyFacts): readonly Lacking[] => {
  const cache = codesIn.get(world) ?? new Map<string, readonly Lacking[]>();
  codesIn.set(world, cache);
  const key = `${workflow.name} ${entry}`;
  const known = cache.get(key);
  if (known) return known;
  cache.set(key, []);
  const made = [...new Set(lacks(workflow, world, entry).map(({ code }) => code))].filter((code) => code !== 'WORKFLOW_SUCCESS_UNPAID');
  cache.set(key, made);
  return made;
};

/** A way to the state on which what is lacking does not happen. */
const wayWithout = (code: Lacking, { machine, name }: StateFacts, { catalogue }: World): string => {
  const graph = graphOf(machine);
  const does = (facts: StateFacts): boolean => (code === 'WORKFLOW_PAYMENT_UNCONFIRMED' ? resourceOf(facts) === CONFIRM : pays(facts, catalogue));
  const number = graph.numbers.get(name);
  const way = number === undefined ? undefined : wayTo(graph, number, (from, { kind }) => kind === 'catch' || !does(from));
  return toldWay(way ?? ['...', name]);
};

const told = (runs: string | undefined): { zh: string; en: string } =>
  runs === undefined ? { zh: '', en: '' } : { zh: `（在 ${JSON.stringify(runs)} 中）`, en: ` (in ${JSON.stringify(runs)})` };
