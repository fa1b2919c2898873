import type { Rule, WorkflowFacts, World } from '../facts.js';
import { EXIT, graphOf, isClear, scopesOf, type Way } from '../flow/graph.js';
import { circlesOf } from '../flow/circles.js';
import { mayPay } from '../flow/money.js';
import { isAttended, isUnknown, pays, runBy } from '../flow/roles.js';
import { isObject, type Json } from '../../json.js';
import { isExpression, type MachineFacts, type StateFacts } from '../walk.js';

/**
 * Nobody is charged again and again by a flow that nobody watches: circles and iterations through a payment have a person or a bound in them.
 * And what is taken at the same time is not one sale: of that one payment at a time is undecided (rule 15 of MONEY-RULES).
 */
export const repeatedPayments: Rule = (workflow, world, report) => {
  if (!isClear(workflow)) return;
  for (const machine of workflow.machines) {
    for (const { facts, after } of unwatchedCircles(machine, workflow, world)) {
      report('WORKFLOW_PAYMENT_CIRCLE', `${facts.pointer}/Resource`, { details: { name: JSON.stringify(facts.name), after: { ...after } } });
    }
  }
  for (const facts of workflow.states) {
    const code = facts.type === 'Map' && !isBounded(facts) && containsPayment(facts, workflow, world) ? 'WORKFLOW_PAYMENT_UNBOUNDED' : paysAtOnce(facts, workflow, world) ? 'WORKFLOW_PAYMENTS_AT_ONCE' : undefined;
    if (code) report(code, facts.pointer, { at: 'key', details: { name: JSON.stringify(facts.name) } });
  }
};

const PAID = { zh: '付款成功', en: 'it was approved' };
const FAILED = { zh: '付款失败', en: 'it failed' };

const unwatchedCircles = (machine: MachineFacts, workflow: WorkflowFacts, world: World): { facts: StateFacts; after: { zh: string; en: string } }[] => {
  const { states, ways } = graphOf(machine);
  const charging = states.map((facts) => charges(facts, workflow, world));
  if (!charging.some(Boolean)) return [];
  const watched = states.map((facts) => isWatched(facts, workflow, world));
  const circle = circlesOf(ways.map((out, from) => (watched[from] ? [] : out.flatMap(({ to }) => (to === EXIT || watched[to] ? [] : [to])))));
  return states.flatMap((facts, number) => {
    if (!charging[number] || watched[number]) return [];
    const back = (ways[number] ?? []).filter((way) => way.to !== EXIT && circle[way.to] !== undefined && circle[way.to] === circle[number] && !sentNothing(way));
    if (back.length === 0) return [];
    return [{ facts, after: back.some(({ kind }) => kind !== 'catch') ? PAID : FAILED }];
  });
};

/** A reference that is gone is noticed before anything leaves: what it leads back to charges for the first time. */
const sentNothing = ({ kind, holder }: Way): boolean => kind === 'catch' && Array.isArray(holder.ErrorEquals) && holder.ErrorEquals.every((name) => name === 'Sensitive.Lost');

type Counts = (payment: StateFacts) => boolean;

/** It charges, itself or in what it holds and runs. */
const charges = (facts: StateFacts, workflow: WorkflowFacts, world: World, counts: Counts = () => true): boolean => {
  if (pays(facts, world.catalogue) && counts(facts)) return true;
  const other = world.workflows.get(runBy(facts) ?? '');
  return (other !== undefined && mayPay(other, world, counts)) || chargingScopes(facts, workflow, world, counts) > 0;
};

const containsPayment = (facts: StateFacts, workflow: WorkflowFacts, world: World): boolean => chargingScopes(facts, workflow, world) > 0;

const chargingScopes = (facts: StateFacts, workflow: WorkflowFacts, world: World, counts?: Counts): number =>
  (scopesOf(workflow).get(facts) ?? []).filter(({ states }) => [...states.values()].some((inner) => charges(inner, workflow, world, counts))).length;

/** Several payments of the flow's own sale may be under way together, and nothing says what becomes of those that come too early. */
const paysAtOnce = (facts: StateFacts, workflow: WorkflowFacts, world: World): boolean => {
  const scopes = chargingScopes(facts, workflow, world, (payment) => isOfTheSale(payment) && !waits(payment));
  return facts.type === 'Parallel' ? scopes > 1 : facts.type === 'Map' && scopes > 0 && !isOneByOne(facts);
};

/** An expression for all of the arguments may name another sale. */
const isOfTheSale = ({ state: { Arguments } }: StateFacts): boolean => isObject(Arguments) && !('saleReference' in Arguments);

const waits = ({ state: { Retry } }: StateFacts): boolean => Array.isArray(Retry) && Retry.some((retrier: Json) => isObject(retrier) && Array.isArray(retrier['ErrorEquals']) && retrier['ErrorEquals'].includes('Payment.NotSent'));

const isOneByOne = ({ state: { Items, MaxConcurrency } }: StateFacts): boolean => MaxConcurrency === 1 || isExpression(MaxConcurrency) || (Array.isArray(Items) && Items.length < 2);

/** Somebody does something at it, or may within it. */
const isWatched = (facts: StateFacts, workflow: WorkflowFacts, world: World, seen = new Set<string>()): boolean => {
  if (isAttended(facts, world.catalogue) || isUnknown(facts, world.catalogue)) return true;
  const run = runBy(facts);
  const other = run === undefined || seen.has(run) ? undefined : world.workflows.get(run);
  if (run !== undefined && other?.states.some((inner) => isWatched(inner, other, world, seen.add(run)))) return true;
  return (scopesOf(workflow).get(facts) ?? []).some(({ states }) => [...states.values()].some((inner) => isWatched(inner, workflow, world, seen)));
};

/** How many, or how many at once, stands in the workflow. */
const isBounded = ({ state: { Items, MaxConcurrency } }: StateFacts): boolean =>
  Array.isArray(Items) || (typeof MaxConcurrency === 'number' && MaxConcurrency > 0) || isExpression(MaxConcurrency);
