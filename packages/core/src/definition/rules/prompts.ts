import type { Rule } from '../facts.js';
import { circlesOf } from '../flow/circles.js';
import { catchersOf, isCaught, takes } from '../flow/escapes.js';
import { EXIT, type FlowGraph, graphOf, isClear } from '../flow/graph.js';
import { isPart } from '../flow/money.js';
import { isAttended, isPrompt, isTimed, resourceOf } from '../flow/roles.js';
import type { MachineFacts, StateFacts } from '../walk.js';

/** Whoever is asked may cancel and gets on by it, and nobody is waited for without end. */
export const prompts: Rule = (workflow, world, report) => {
  if (!isClear(workflow)) return;
  const part = isPart(workflow, world);
  for (const machine of workflow.machines) {
    const trapped = trappedIn(machine);
    for (const facts of machine.states.values()) {
      const details = { name: JSON.stringify(facts.name), resource: resourceOf(facts) };
      if (isPrompt(facts)) {
        const why = trapped.has(facts) ? BACK : !part && !isCaught(facts, 'Terminal.Cancelled') ? UNCAUGHT : undefined;
        if (why) report('WORKFLOW_PROMPT_NO_CANCEL', `${facts.pointer}/Resource`, { details: { ...details, why: { ...why } } });
      }
      if (isAttended(facts, world.catalogue) && !isTimed(facts, workflow.root)) report('WORKFLOW_PROMPT_NO_TIMEOUT', `${facts.pointer}/Resource`, { details });
    }
  }
};

const UNCAUGHT = { zh: '取消时没有 "Catch" 处理', en: 'no "Catch" takes a cancel' };
const BACK = { zh: '取消后只会回到这里', en: 'a cancel only leads back to it' };

/** Prompts from whose cancel no way out leads but through the prompt itself. */
const trappedIn = (machine: MachineFacts): ReadonlySet<StateFacts> => {
  const graph = graphOf(machine);
  const trapped = new Set<StateFacts>();
  const asking = graph.states.flatMap((facts, number) => (isPrompt(facts) ? [{ facts, number }] : []));
  if (asking.length === 0) return trapped;
  const circle = circlesOf(graph.ways.map((out) => out.flatMap(({ to }) => (to === EXIT ? [] : [to]))));
  for (const { facts, number } of asking) {
    const next = catchersOf(facts).find(({ errors }) => takes(errors, 'Terminal.Cancelled'))?.next;
    const to = next === undefined ? undefined : graph.numbers.get(next);
    // Only what is in one circle with the prompt can lead back to it.
    if (to === undefined || circle[to] === undefined || circle[to] !== circle[number]) continue;
    if (to === number || !leadsOut(graph, to, number)) trapped.add(facts);
  }
  return trapped;
};

const leadsOut = ({ states, ways }: FlowGraph, from: number, without: number): boolean => {
  const seen = new Uint8Array(states.length);
  seen[from] = seen[without] = 1;
  const stack = [from];
  for (let state = stack.pop(); state !== undefined; state = stack.pop()) {
    if (states[state]?.type === 'Fail') return true;
    for (const { to } of ways[state] ?? []) {
      if (to === EXIT) return true;
      if (seen[to]) continue;
      seen[to] = 1;
      stack.push(to);
    }
  }
  return false;
};
