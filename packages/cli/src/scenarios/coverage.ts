/** Which states and transitions of the workflows were walked, read from the events of the log. */
import type { EventRecord } from '@tillwright/core';
import { addressOf, errorMatches, scopeOf } from '@tillwright/core/testing';
import type { Path } from './scenario.js';

interface Machine {
  readonly StartAt: string;
  readonly States: { readonly [name: string]: MachineState };
}
interface MachineState {
  readonly Type: string;
  readonly Next?: string;
  readonly Default?: string;
  readonly Choices?: readonly { readonly Next: string }[];
  readonly Catch?: readonly { readonly ErrorEquals: readonly string[]; readonly Next: string }[];
  readonly Branches?: readonly Machine[];
  readonly ItemProcessor?: Machine;
}

/** A way from one state to another as a person sees it: on, or by an error. */
export interface Transition {
  readonly from: string;
  readonly to: string;
  /** What a Catch waits for; absent for the way on. */
  readonly error?: string;
}

export interface WorkflowCoverage {
  readonly workflow: string;
  readonly states: number;
  readonly statesWalked: number;
  readonly statesMissing: readonly string[];
  readonly transitions: number;
  readonly transitionsWalked: number;
  readonly transitionsMissing: readonly Transition[];
  /** Missing, and said to be out of reach. */
  readonly excused: readonly (Transition & { readonly why: string })[];
  /** Said to be out of reach, and walked, or not there at all. */
  readonly excusedInVain: readonly { readonly from: string; readonly to: string }[];
}

/** Everything walked so far, over many scenarios and workflows. */
export class Coverage {
  readonly #machines = new Map<string, Machine>();
  readonly #states = new Map<string, Set<string>>();
  readonly #transitions = new Map<string, Set<string>>();

  /** @param workflows name -> a sound definition's text */
  add(workflows: { readonly [workflow: string]: { readonly text: string } }): void {
    for (const [name, { text }] of Object.entries(workflows)) if (!this.#machines.has(name)) this.#machines.set(name, JSON.parse(text) as Machine);
  }

  /** Walks one execution's events; returns its path. */
  walk(records: readonly EventRecord[]): Path {
    const scopes = new Map<string, Scope>();
    const root: MutablePath = [];
    const enter = (address: string, state: string | null): void => {
      const scope = scopes.get(address);
      if (!scope || state === null) return;
      scope.at = scope.path.push(state) - 1;
      this.#note(this.#states, scope.workflow, `${scope.pointer}${state}`);
    };
    const open = (address: string, scope: Omit<Scope, 'at'>): void => {
      scopes.set(address, { ...scope, at: -1 });
      enter(address, scope.machine.StartAt);
    };
    for (const { event } of records) {
      if (event.type === 'executionStarted') {
        const machine = this.#machines.get(event.workflow);
        if (machine) open('', { workflow: event.workflow, pointer: '', machine, path: root });
      } else if (event.type === 'scopesOpened') {
        const scope = scopes.get(scopeOf(event.step));
        const state = scope && stateOf(event.step);
        if (!scope || state === undefined) continue;
        const inner: MutablePath = [];
        scope.path[scope.at] = { [state]: inner };
        event.inputs.forEach((_, index) => {
          const within = `${scope.pointer}${state}[${event.kind === 'parallel' ? index : 0}].`;
          const machine = event.kind === 'workflow' ? this.#machines.get(event.workflow ?? '') : event.kind === 'map' ? scope.machine.States[state]?.ItemProcessor : scope.machine.States[state]?.Branches?.[index];
          if (!machine) return;
          const path: MutablePath = event.kind === 'workflow' ? inner : [];
          if (event.kind !== 'workflow') inner.push({ [String(index)]: path });
          open(`${addressOf(event.step)}[${index}]`, event.kind === 'workflow' ? { workflow: event.workflow ?? '', pointer: '', machine, path } : { workflow: scope.workflow, pointer: within, machine, path });
        });
      } else if (event.type === 'stepLeft') {
        const address = scopeOf(event.step);
        const scope = scopes.get(address);
        const from = stateOf(event.step);
        if (!scope || event.next === null) continue;
        const { caught } = event;
        const catcher = caught && scope.machine.States[from]?.Catch?.find((each) => errorMatches(each.ErrorEquals, caught.error));
        this.#note(this.#transitions, scope.workflow, keyOf({ from: `${scope.pointer}${from}`, to: `${scope.pointer}${event.next}`, ...(catcher ? { error: errorOf(catcher) } : {}) }));
        enter(address, event.next);
      }
    }
    return root;
  }

  /** @param cannotReach what a scenario file says is out of reach, by workflow */
  report(cannotReach: { readonly [workflow: string]: readonly { readonly from: string; readonly to: string; readonly why: string }[] } = {}): WorkflowCoverage[] {
    return [...this.#machines].map(([workflow, machine]) => {
      const all = everything(machine, '');
      const walkedStates = this.#states.get(workflow) ?? new Set();
      const walked = this.#transitions.get(workflow) ?? new Set();
      const missing = all.transitions.filter((transition) => !walked.has(keyOf(transition)));
      const excuses = cannotReach[workflow] ?? [];
      const excuseOf = ({ from, to }: Transition): (typeof excuses)[number] | undefined => excuses.find((excuse) => excuse.from === from && excuse.to === to);
      return {
        workflow,
        states: all.states.length,
        statesWalked: all.states.filter((state) => walkedStates.has(state)).length,
        statesMissing: all.states.filter((state) => !walkedStates.has(state)),
        transitions: all.transitions.length,
        transitionsWalked: all.transitions.length - missing.length,
        transitionsMissing: missing.filter((transition) => !excuseOf(transition)),
        excused: missing.flatMap((transition) => {
          const why = excuseOf(transition)?.why;
          return why === undefined ? [] : [{ ...transition, why }];
        }),
        excusedInVain: excuses.filter(({ from, to }) => !missing.some((transition) => transition.from === from && transition.to === to)).map(({ from, to }) => ({ from, to })),
      };
    });
  }

  #note(notes: Map<string, Set<string>>, workflow: string, what: string): void {
    const known = notes.get(workflow) ?? new Set();
    notes.set(workflow, known.add(what));
  }
}

type MutablePath = (string | { [state: string]: MutablePath })[];
interface Scope {
  readonly workflow: string;
  /** Before the names of states: '' in the workflow itself, `Split[1].` in a branch. */
  readonly pointer: string;
  readonly machine: Machine;
  readonly path: MutablePath;
  /** Place of the current state in the path. */
  at: number;
}

/** The state's own name: an address writes what structures it as %2E and the like. */
const stateOf = (step: string): string => {
  const address = addressOf(step);
  const scope = scopeOf(step);
  return decodeURIComponent(scope === '' ? address : address.slice(scope.length + 1));
};

const errorOf = ({ ErrorEquals }: { readonly ErrorEquals: readonly string[] }): string => ErrorEquals.join(' | ');
const keyOf = ({ from, to, error = '' }: Transition): string => JSON.stringify([from, to, error]);

const everything = (machine: Machine, pointer: string): { states: string[]; transitions: Transition[] } => {
  const states: string[] = [];
  const transitions = new Map<string, Transition>();
  const add = (transition: Transition): void => void transitions.set(keyOf(transition), transition);
  for (const [name, state] of Object.entries(machine.States)) {
    const from = `${pointer}${name}`;
    states.push(from);
    for (const to of [state.Next, ...(state.Choices ?? []).map(({ Next }) => Next), state.Default]) if (to !== undefined) add({ from, to: `${pointer}${to}` });
    for (const catcher of state.Catch ?? []) add({ from, to: `${pointer}${catcher.Next}`, error: errorOf(catcher) });
    const inner = [...(state.Branches ?? []), ...(state.ItemProcessor ? [state.ItemProcessor] : [])].map((each, index) => everything(each, `${from}[${index}].`));
    for (const each of inner) {
      states.push(...each.states);
      each.transitions.forEach(add);
    }
  }
  return { states, transitions: [...transitions.values()] };
};
