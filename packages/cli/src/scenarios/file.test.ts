import { describe, expect, it } from 'vitest';
import { namesWithin, parseScenarios } from './file.js';

const faultsOf = (text: string, file = 'f.scenarios.yaml'): string[] => parseScenarios(file, text).faults.map(({ code, line, column, pointer, near }) => `${code} ${line}:${column} ${pointer}${near.length > 0 ? ` ${near.join(' ')}` : ''}`);

describe('a faulty scenario file is refused with the place of each fault', () => {
  it.each([
    ['no YAML', 'scenarios:\n  - name: [a', ['SCENARIO_SYNTAX 2:13 ']],
    ['a name twice', 'scenarios:\n  - name: a\n    name: b\n', ['SCENARIO_DUPLICATE_KEY 3:5 ']],
    ['an unknown field', 'scenarios:\n  - name: a\n    step: []\n', ['SCENARIO_UNKNOWN_FIELD 3:5 /scenarios/0/step steps']],
    ['no name', 'scenarios:\n  - steps: []\n', ['SCENARIO_FIELD_MISSING 2:5 /scenarios/0']],
    ['a card that is none', 'scenarios:\n  - name: a\n    steps:\n      - { when: { device: reader }, card: chip-okay }\n', ['SCENARIO_VALUE 4:43 /scenarios/0/steps/0/card chip-ok']],
    ['a host that is none', "scenarios:\n  - name: a\n    hosts: [{ host: aquirer, do: drop-answer }]\n", ['SCENARIO_VALUE 3:21 /scenarios/0/hosts/0/host acquirer']],
    ['a fault that is none', "scenarios:\n  - name: a\n    hosts: [{ host: acquirer, do: drop-anser }]\n", ['SCENARIO_VALUE 3:35 /scenarios/0/hosts/0/do drop-answer']],
    ['a fault without what it needs', "scenarios:\n  - name: a\n    hosts: [{ host: alipay, do: misstate }, { host: acquirer, do: delay, ms: 5 }]\n", ['SCENARIO_FIELD_MISSING 3:13 /scenarios/0/hosts/0']],
    ['two reactions at once', "scenarios:\n  - name: a\n    steps: [{ when: { prompt: amount }, answer: 1, cancel: true }]\n", ['SCENARIO_ONE_OF 3:13 /scenarios/0/steps/0']],
    ['a name used before', 'scenarios:\n  - name: a\n  - name: a\n', ['SCENARIO_SAME_NAME 3:11 /scenarios/1/name']],
    ['an expectation of another kind', 'scenarios:\n  - name: a\n    expect: { result: succeded }\n', ['SCENARIO_VALUE 3:23 /scenarios/0/expect/result succeeded']],
    ['an empty path', 'scenarios:\n  - name: a\n    expect: { path: [""] }\n', ['SCENARIO_VALUE 3:22 /scenarios/0/expect/path/0']],
    ['nth without at', 'scenarios:\n  - name: a\n    events: [{ do: cancel, at: Pay, nth: 0 }]\n', ['SCENARIO_VALUE 3:42 /scenarios/0/events/0/nth']],
    ['text instead of a map', 'hello', ['SCENARIO_VALUE 1:1 ']],
    ['JSON that ends early', '{ "scenarios": [', ['SCENARIO_SYNTAX 1:17 ']],
  ])('%s', (_what, text, expected) => {
    expect(faultsOf(text)).toEqual(expected);
  });

  it('all of them at once, in the order of the file, each with what to do in both languages', () => {
    const { faults, read } = parseScenarios('f.scenarios.yaml', 'scenarios:\n  - name: a\n    stps: []\n    hosts: [{ host: x, do: y }]\n  - note: b\n');
    expect(read).toBeUndefined();
    expect(faults.map(({ line }) => line)).toEqual([3, 4, 4, 5]);
    for (const { what, expected, next } of faults) for (const text of [what, expected, next]) expect(text).toEqual({ zh: expect.stringMatching(/\S/), en: expect.stringMatching(/\S/) });
  });

  it('bombs of aliases are not blown up', () => {
    const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${['b', 'c', 'd', 'e', 'f', 'g'].map((name, index) => `${name}: &${name} [${Array.from({ length: 9 }, () => `*${'abcdefg'[index]}`).join(',')}]`).join('\n')}\n`;
    expect(faultsOf(bomb)).toEqual([expect.stringContaining('SCENARIO_SYNTAX')]);
  });
});

describe('names of states', () => {
  const sources = { f: { file: 'f.asl.json', text: JSON.stringify({ StartAt: 'EnterAmount', States: { EnterAmount: { Type: 'Task', Next: 'Done' }, Done: { Type: 'Succeed' } } }) } };
  const named = (text: string): string[] => {
    const { read } = parseScenarios('f.scenarios.yaml', text);
    if (!read) throw new Error('the file has faults');
    return namesWithin(read, sources).map(({ code, line, column, near }) => `${code} ${line}:${column}${near.length > 0 ? ` ${near.join(' ')}` : ''}`);
  };

  it('that are none are told with the nearest', () => {
    expect(named('scenarios:\n  - name: a\n    events: [{ do: restart, at: EnterAmuont }]\n    expect: { path: [EnterAmount, Dne] }\n')).toEqual(['SCENARIO_UNKNOWN_STATE 3:33 EnterAmount', 'SCENARIO_UNKNOWN_STATE 4:35 Done']);
  });
  it('that are no Task can not begin', () => {
    expect(named('scenarios:\n  - name: a\n    events: [{ do: restart, at: Done }]\n')).toEqual(['SCENARIO_NOT_A_TASK 3:33']);
  });
  it('that can not be reached are states, too', () => {
    expect(named('cannotReach: [{ from: EnterAmount, to: Dnoe, why: no }]\n')).toEqual(['SCENARIO_UNKNOWN_STATE 1:40 Done']);
  });
});
