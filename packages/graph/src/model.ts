/** A workflow as a picture tells it: who acts in each state, and which ways lead out of it. */
import { type Catalogue, type Json, stateAddress, type State, type StateMachine, type Text } from '@tillwright/core';

/** From left to right. */
export const LANES = ['customer', 'merchant', 'till', 'host'] as const;
export type Lane = (typeof LANES)[number];
export type Language = keyof Text;

/** A way out of a state. */
export interface Exit {
  readonly to: string;
  readonly kind: 'next' | 'choice' | 'default' | 'catch';
  /** Conditions and errors as written; '' for a plain next. */
  readonly label: string;
}

export interface Node {
  /** As the log's events speak of it, without visit and index: `Split[1].Charge`. */
  readonly address: string;
  readonly name: string;
  readonly type: State['Type'];
  readonly lane: Lane;
  /** Others who take part: a confirmation by merchant and customer. */
  readonly alsoBy: readonly Lane[];
  /** What it says or does, in the reader's language. */
  readonly tells: string;
  readonly resource?: string;
  /** It submits payments. */
  readonly money: boolean;
  /** `workflow:run`: the flow that it runs. */
  readonly runs?: string;
  readonly exits: readonly Exit[];
  /** Branches of a Parallel, the one machine of a Map. */
  readonly inner: readonly Machine[];
}

export interface Machine {
  readonly start: string;
  readonly nodes: readonly Node[];
}

export interface Reading {
  /** Who acts comes from what the plugins declare: `actor`, `audience`, `movesMoney`. */
  readonly catalogue: Catalogue;
  readonly language: Language;
  /** The flows that it may run as parts, by name: one that moves money makes the step that runs it a money step. */
  readonly parts?: { readonly [workflow: string]: StateMachine };
}

/** @param definition one that the checker took */
export const modelOf = (definition: StateMachine, reading: Reading): Machine => machineOf(definition, '', reading);

const machineOf = (machine: StateMachine, scope: string, reading: Reading): Machine => ({
  start: machine.StartAt,
  nodes: Object.entries(machine.States).map(([name, state]) => nodeOf(name, state, stateAddress(scope, name), reading)),
});

const together: Text = { zh: '各分支同时进行', en: 'all branches at once' };
const forEach: Text = { zh: '逐项执行', en: 'once for each of' };
const waits: Text = { zh: '等待', en: 'waits' };
const waitsUntil: Text = { zh: '等到', en: 'waits until' };

const nodeOf = (name: string, state: State, address: string, reading: Reading): Node => {
  const common = { address, name, type: state.Type, lane: 'till' as Lane, alsoBy: [], tells: commentOf(state), money: false, exits: exitsOf(state), inner: [] };
  const { language } = reading;
  if (state.Type === 'Parallel') return { ...common, tells: together[language], inner: state.Branches.map((branch, index) => machineOf(branch, `${address}[${index}]`, reading)) };
  if (state.Type === 'Map') return { ...common, tells: `${forEach[language]} ${bare(JSON.stringify(state.Items ?? '$states.input').replace(/^"|"$/g, ''))}`, inner: [machineOf(state.ItemProcessor, `${address}[0]`, reading)] };
  if (state.Type === 'Fail') return { ...common, tells: typeof state.Error === 'string' ? state.Error : '' };
  if (state.Type === 'Wait') return { ...common, tells: state.Timestamp === undefined ? `${waits[language]} ${bare(String(state.Seconds))} s` : `${waitsUntil[language]} ${bare(state.Timestamp)}` };
  if (state.Type !== 'Task') return common;

  const [namespace = '', action = ''] = state.Resource.split(':');
  const entry = reading.catalogue.actions[namespace]?.[action];
  const args = record(state.Arguments);
  const runs = args['workflow'];
  if (state.Resource === 'workflow:run' && typeof runs === 'string') return { ...common, resource: state.Resource, runs, tells: '', money: flowMovesMoney(runs, reading, new Set()) };
  const [lane = 'till', ...alsoBy] = entry ? actorsOf(entry, args) : [];
  return {
    ...common,
    resource: state.Resource,
    money: entry?.movesMoney ?? false,
    lane,
    alsoBy,
    tells: saidIn(args['text'], reading.language) ?? entry?.description[reading.language] ?? common.tells,
  };
};

const flowMovesMoney = (workflow: string, reading: Reading, seen: Set<string>): boolean => {
  const definition = reading.parts?.[workflow];
  if (definition === undefined || seen.has(workflow)) return false;
  seen.add(workflow);
  const inside = (machine: StateMachine): boolean =>
    Object.values(machine.States).some((state) => {
      if (state.Type === 'Parallel') return state.Branches.some(inside);
      if (state.Type === 'Map') return inside(state.ItemProcessor);
      if (state.Type !== 'Task') return false;
      const [namespace = '', action = ''] = state.Resource.split(':');
      const runs = record(state.Arguments)['workflow'];
      return (reading.catalogue.actions[namespace]?.[action]?.movesMoney ?? false) || (state.Resource === 'workflow:run' && typeof runs === 'string' && flowMovesMoney(runs, reading, seen));
    });
  return inside(definition);
};

type Entry = Catalogue['actions'][string][string];

/** A prompt's audience, as the flow says or by default; else the one whom the action names. */
const actorsOf = ({ arguments: schema, movesMoney, actor }: Entry, args: { readonly [name: string]: Json }): Lane[] => {
  if (movesMoney) return ['host'];
  const audience = record(record(schema['properties'])['audience']);
  if (Object.keys(audience).length === 0) return [actor ?? 'till'];
  const isLane = (value: Json | undefined): value is Lane => (LANES as readonly (Json | undefined)[]).includes(value);
  const listed = (value: Json | undefined): Lane[] => (Array.isArray(value) ? value : [value]).filter(isLane);
  const said = listed(args['audience']);
  return said.length > 0 ? said : listed(audience['default']);
};

/** A constant text, or the words with which a computed one begins. */
const saidIn = (text: Json | undefined, language: Language): string | undefined => {
  const said = typeof text === 'string' ? text : record(text)[language];
  if (typeof said !== 'string') return undefined;
  if (!said.startsWith('{%')) return said;
  const [, single, double] = /^\{%\s*(?:'([^']*)'|"([^"]*)")\s*&/.exec(said) ?? [];
  const beginning = single ?? double;
  return beginning === undefined ? undefined : `${beginning.replace(/[：:]\s*$/, '')}…`;
};

const exitsOf = (state: State): Exit[] => {
  const exits: Exit[] = [];
  if (state.Type === 'Choice') {
    for (const { Condition, Next } of state.Choices) exits.push({ to: Next, kind: 'choice', label: bare(String(Condition)) });
    if (state.Default !== undefined) exits.push({ to: state.Default, kind: 'default', label: '' });
  } else if ('Next' in state && state.Next !== undefined) exits.push({ to: state.Next, kind: 'next', label: '' });
  for (const { ErrorEquals, Next } of 'Catch' in state ? (state.Catch ?? []) : []) exits.push({ to: Next, kind: 'catch', label: ErrorEquals.join(', ') });
  return exits;
};

/** An expression without its marks. */
const bare = (text: string): string => /^\{%\s*([\s\S]*?)\s*%\}$/.exec(text)?.[1] ?? text;
const commentOf = (state: State): string => state.Comment ?? '';
const record = (value: unknown): { readonly [name: string]: Json } => (typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as { [name: string]: Json }) : {});
