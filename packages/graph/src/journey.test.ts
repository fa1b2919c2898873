import type { EventRecord, StateMachine, TillEvent } from '@tillwright/core';
import { describe, expect, it } from 'vitest';
import { journeyOf, takenBy, tookOf } from './journey.js';

const definition: StateMachine = {
  QueryLanguage: 'JSONata',
  StartAt: 'Ask',
  States: {
    Ask: { Type: 'Task', Resource: 'prompt:notice', Arguments: { text: 'x' }, Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Ask' }], Next: 'Each' },
    Each: { Type: 'Map', Items: [1, 2, 3], MaxConcurrency: 1, ItemProcessor: { StartAt: 'One', States: { One: { Type: 'Pass', End: true } } }, Next: 'Both' },
    Both: { Type: 'Parallel', Branches: [{ StartAt: 'L', States: { L: { Type: 'Pass', End: true } } }, { StartAt: 'R', States: { R: { Type: 'Pass', End: true } } }], Next: 'Sub' },
    Sub: { Type: 'Task', Resource: 'workflow:run', Arguments: { workflow: 'part' }, Next: 'Done' },
    Done: { Type: 'Succeed' },
  },
};
const T0 = 1_700_000_000_000;
const records = (...events: [number, TillEvent][]): EventRecord[] => events.map(([ms, event], seq) => ({ seq, at: T0 + ms, stream: 'x/x-1', v: 1, event }));
const left = (step: string, next: string | null, more: object = {}): TillEvent => ({ type: 'stepLeft', step, next, output: null, ...more });
const started: TillEvent = { type: 'executionStarted', terminal: 'T1', workflow: 'w', pins: {}, plugins: {}, input: {} };
const whole = records(
  [0, started],
  [100, left('Ask#1', 'Ask', { caught: { error: 'X.Y', cause: '' } })],
  [250, left('Ask#2', 'Each')],
  [250, { type: 'scopesOpened', step: 'Each#3', kind: 'map', inputs: [1, 2, 3], limit: 1, attempt: 1 }],
  [300, left('Each[0].One#4', null)],
  [300, { type: 'scopeEnded', step: 'Each#3', index: 0, status: 'succeeded', output: null }],
  [360, left('Each[1].One#5', null)],
  [360, { type: 'scopeEnded', step: 'Each#3', index: 1, status: 'succeeded', output: null }],
  [430, left('Each[2].One#6', null)],
  [430, { type: 'scopeEnded', step: 'Each#3', index: 2, status: 'succeeded', output: null }],
  [430, left('Each#3', 'Both')],
  [430, { type: 'scopesOpened', step: 'Both#7', kind: 'parallel', inputs: [1, 2], limit: 0, attempt: 1 }],
  [440, left('Both[0].L#8', null)],
  [470, left('Both[1].R#9', null)],
  [470, left('Both#7', 'Sub')],
  [470, { type: 'scopesOpened', step: 'Sub#10', kind: 'workflow', workflow: 'part', inputs: [{}], limit: 0, attempt: 1 }],
  [500, left('Sub[0].In#11', 'Out')],
  [2500, left('Sub[0].Out#12', null)],
  [2500, { type: 'scopeEnded', step: 'Sub#10', index: 0, status: 'succeeded', output: null }],
  [2500, left('Sub#10', 'Done')],
  [2501, { type: 'executionEnded', status: 'succeeded', output: null }],
);
const visits = (journey: ReturnType<typeof journeyOf>) => Object.fromEntries([...journey.visits].map(([address, { count, startMs, tookMs, open }]) => [address, open ? 'open' : [count, startMs, tookMs]]));

describe('one transaction', () => {
  it('tells visits, first start and time of each state; iterations of a Map together, one after the other where they wait', () => {
    const journey = journeyOf(whole, { language: 'en', definition });
    expect(visits(journey)).toEqual({ Ask: [2, 0, 250], Each: [1, 250, 180], 'Each[0].One': [3, 250, 180], Both: [1, 430, 40], 'Both[0].L': [1, 430, 10], 'Both[1].R': [1, 430, 40], Sub: [1, 470, 2030], Done: [1, 2500, 1] });
    expect(tookOf(journey, 'Ask', 'en')).toBe('2× +0 ms · took 250 ms');
    expect(tookOf(journey, 'Sub', 'zh')).toBe('+470 ms · 用时 2.0 s');
    expect(tookOf(journey, 'Nowhere', 'en')).toBeUndefined();
    expect(journey.summary).toEqual(['Transaction x-1 · T1 · 2023-11-14T22:13:20.000Z · succeeded, 2.5 s']);
  });

  it('keeps an error path and the same way without an error apart', () => {
    const journey = journeyOf(whole, { language: 'en', definition });
    expect(takenBy(journey, 'Ask', { to: 'Ask', kind: 'catch', label: '' })).toBe(true);
    expect(takenBy(journey, 'Ask', { to: 'Ask', kind: 'next', label: '' })).toBe(false);
    expect(takenBy(journey, 'Ask', { to: 'Each', kind: 'next', label: '' })).toBe(true);
  });

  it('one that is under way stands where it stands', () => {
    const journey = journeyOf(whole.slice(0, 3), { language: 'en', definition });
    expect(visits(journey)).toEqual({ Ask: [2, 0, 250], Each: 'open' });
    expect(journey.summary[0]).toMatch(/under way$/);
  });

  it('a flow that was run as a part: its own visits alone', () => {
    const part: StateMachine = { QueryLanguage: 'JSONata', StartAt: 'In', States: { In: { Type: 'Pass', Next: 'Out' }, Out: { Type: 'Pass', End: true } } };
    expect(visits(journeyOf(whole, { language: 'en', definition: part, scopes: ['Sub[0]'] }))).toEqual({ In: [1, 470, 30], Out: [1, 500, 2000] });
  });

  it('a part that was run by several steps: all runs together, and nothing of what stands beside them', () => {
    const part: StateMachine = { QueryLanguage: 'JSONata', StartAt: 'In', States: { In: { Type: 'Pass', Next: 'Out' }, Out: { Type: 'Pass', End: true } } };
    const opened = (step: string): TillEvent => ({ type: 'scopesOpened', step, kind: 'workflow', workflow: 'part', inputs: [{}], limit: 0, attempt: 1 });
    const closed = (step: string): TillEvent => ({ type: 'scopeEnded', step, index: 0, status: 'succeeded', output: null });
    const twice = records(
      [0, started],
      [0, opened('Sub#1')],
      [10, left('Sub[0].In#2', 'Out')],
      [30, left('Sub[0].Out#3', null)],
      [30, closed('Sub#1')],
      [30, left('Sub#1', 'Subject')],
      [30, opened('Subject#4')],
      [130, left('Subject[0].In#5', 'Out')],
      [130, { type: 'executionEnded', status: 'failed', error: 'X.Y', cause: '' }],
    );
    const journey = journeyOf(twice, { language: 'en', definition: part, scopes: ['Sub[0]', 'Subject[0]'] });
    expect(visits(journey)).toEqual({ In: [2, 0, 110], Out: [2, 10, 20] });
    expect(visits(journeyOf(twice, { language: 'en', definition: part, scopes: ['Sub[0]'] }))).toEqual({ In: [1, 0, 10], Out: [1, 10, 20] });
  });

  it('what stood beside a branch that failed ends there, caught or tried again', () => {
    const branch = (name: string) => ({ StartAt: name, States: { [name]: { Type: 'Task', Resource: 'prompt:notice', End: true } } }) as const;
    const split: StateMachine = { QueryLanguage: 'JSONata', StartAt: 'Both', States: { Both: { Type: 'Parallel', Branches: [branch('L'), branch('R')], Next: 'After' }, After: { Type: 'Wait', Seconds: 60, End: true } } };
    const failed: TillEvent = { type: 'scopeEnded', step: 'Both#1', index: 0, status: 'failed', error: 'X.Y', cause: '' };
    const opened: TillEvent = { type: 'scopesOpened', step: 'Both#1', kind: 'parallel', inputs: [1, 2], limit: 0, attempt: 1 };
    const journey = journeyOf(
      records(
        [0, started],
        [0, opened],
        [10, failed],
        [10, { type: 'taskFailed', step: 'Both#1', attempt: 1, retryAt: T0 + 500, retrier: 0, error: 'X.Y', cause: '' }],
        [500, opened],
        [520, failed],
        [520, left('Both#1', 'After', { caught: { error: 'X.Y', cause: '' } })],
        [60_520, { type: 'executionEnded', status: 'succeeded', output: null }],
      ),
      { language: 'en', definition: split },
    );
    expect(visits(journey)).toEqual({ Both: [1, 0, 520], 'Both[0].L': [2, 0, 30], 'Both[1].R': [2, 0, 30], After: [1, 520, 60_000] });
  });

  it('goes into a Parallel and a Map whose names hold a %', () => {
    const inner = { StartAt: 'Is 7%', States: { 'Is 7%': { Type: 'Pass', End: true } } } as const;
    const split: StateMachine = { QueryLanguage: 'JSONata', StartAt: 'Half 50%', States: { 'Half 50%': { Type: 'Parallel', Branches: [{ StartAt: 'Each %', States: { 'Each %': { Type: 'Map', Items: [1, 2], ItemProcessor: inner, End: true } } }], End: true } } };
    const journey = journeyOf(
      records(
        [0, started],
        [0, { type: 'scopesOpened', step: 'Half 50%25#1', kind: 'parallel', inputs: [1], limit: 0, attempt: 1 }],
        [0, { type: 'scopesOpened', step: 'Half 50%25[0].Each %25#2', kind: 'map', inputs: [1, 2], limit: 0, attempt: 1 }],
        [10, left('Half 50%25[0].Each %25[1].Is 7%25#3', null)],
        [20, { type: 'executionEnded', status: 'failed', error: 'X.Y', cause: '' }],
      ),
      { language: 'en', definition: split },
    );
    expect(visits(journey)).toEqual({ 'Half 50%25': [1, 0, 20], 'Half 50%25[0].Each %25': [1, 0, 20], 'Half 50%25[0].Each %25[0].Is 7%25': [2, 0, 30] });
  });

  it('refuses records without a beginning', () => expect(() => journeyOf(whole.slice(1), { language: 'en', definition })).toThrow(RangeError));
});
