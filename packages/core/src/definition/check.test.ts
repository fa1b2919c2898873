import { describe, expect, it } from 'vitest';
import { TillwrightError } from '../errors.js';
import type { Json, JsonObject } from '../json.js';
import type { StateMachine } from './asl.js';
import { checkWorkflows, closure, renderDiagnostics } from './check.js';
import { catalogue, goodSale } from './sample.js';

const pretty = (value: Json): string => JSON.stringify(value, null, 2);
/** Most workflows here are fragments, no whole sales: what is lacking on the way through a flow is told in rules/flow.test.ts. */
const OF_WHOLE_SALES = /^WORKFLOW_(VARIABLE|PAYMENT|RECEIPT|SUCCESS|PROMPT|SENSITIVE|ERROR_UNCAUGHT|ERROR_NEVER_HERE)/;
const check = (...workflows: Json[]) => {
  const { diagnostics, ...all } = checkWhole(...workflows);
  return { ...all, diagnostics: diagnostics.filter(({ code }) => !OF_WHOLE_SALES.test(code)) };
};
const checkWhole = (...workflows: Json[]) => {
  const sources = Object.fromEntries(workflows.map((value, index) => [index === 0 ? 'main' : `other-${index}`, { file: `${index === 0 ? 'main' : `other-${index}`}.asl.json`, text: pretty(value) }]));
  return { ...checkWorkflows(sources, catalogue), sources };
};
const codes = (...workflows: Json[]): string[] => check(...workflows).diagnostics.map(({ code, pointer }) => `${code} ${pointer}`);

/** A workflow of these states, beginning with the first. */
const flow = (states: JsonObject): JsonObject => ({ QueryLanguage: 'JSONata', StartAt: Object.keys(states)[0] ?? '', States: states });
const task = (fields: JsonObject): JsonObject => flow({ T: { Type: 'Task', End: true, ...fields } });
const end: JsonObject = { Type: 'Succeed' };
const pay = (method: string, given?: Json): JsonObject => task({ Resource: 'payment:sale', Arguments: { method, amountMinor: 1, ...(given === undefined ? {} : { with: given }) } });
const caught = (...names: string[]): JsonObject => flow({ A: { Type: 'Task', Resource: 'pinpad:mac', Catch: [{ ErrorEquals: names, Next: 'B' }], Next: 'B' }, B: end });
const retried = (Resource: string, name: string, Arguments: Json): string[] => codes(task({ Resource, Arguments, Retry: [{ ErrorEquals: [name] }] }));
const run = (workflow: Json): JsonObject => task({ Resource: 'workflow:run', Arguments: { workflow } });

describe('a sound workflow', () => {
  it('passes, and its definition is what was written', () => {
    const { diagnostics, definitions } = checkWhole(goodSale);
    expect(diagnostics).toEqual([]);
    expect(definitions).toEqual({ main: goodSale });
  });
});

describe('the way through the states', () => {
  it.each([
    ['StartAt', { ...flow({ A: end }), StartAt: 'B' }, '/StartAt'],
    ['Next', flow({ A: { Type: 'Pass', Next: 'Doen' }, Done: end }), '/States/A/Next'],
    ['Default', flow({ A: { Type: 'Choice', Choices: [{ Condition: '{% $x %}', Next: 'Done' }], Default: 'Doen' }, Done: end }), '/States/A/Default'],
    ['a rule', flow({ A: { Type: 'Choice', Choices: [{ Condition: '{% $x %}', Next: 'Doen' }], Default: 'Done' }, Done: end }), '/States/A/Choices/0/Next'],
    ['Catch', task({ Resource: 'pinpad:mac', Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Gone' }] }), '/States/T/Catch/0/Next'],
  ])('refuses %s that names no state', (_where, workflow, pointer) => {
    expect(codes(workflow)).toEqual([`WORKFLOW_UNKNOWN_STATE ${pointer}`]);
  });

  it('names the state that was probably meant', () => {
    expect(check(flow({ A: { Type: 'Pass', Next: 'Doen' }, Done: end })).diagnostics[0]?.near).toEqual(['Done']);
  });

  it('does not let a branch lead out of itself', () => {
    const branch = { StartAt: 'B', States: { B: { Type: 'Pass', Next: 'Done' } } };
    expect(codes(flow({ A: { Type: 'Parallel', Branches: [branch], Next: 'Done' }, Done: end }))).toEqual(['WORKFLOW_UNKNOWN_STATE /States/A/Branches/0/States/B/Next']);
  });

  it('refuses names of object members that nobody wrote', () => {
    expect(codes(flow({ A: { Type: 'Pass', Next: 'toString' }, Done: end }))).toEqual(['WORKFLOW_UNKNOWN_STATE /States/A/Next']);
    expect(codes(flow({ constructor: { Type: 'Pass', Next: 'toString' }, toString: end }))).toEqual([]);
  });

  it('wants either Next or End', () => {
    expect(codes(flow({ A: { Type: 'Pass' } }))).toEqual(['WORKFLOW_NEXT_OR_END /States/A']);
    expect(codes(flow({ A: { Type: 'Pass', Next: 'B', End: true }, B: end }))).toEqual(['WORKFLOW_NEXT_OR_END /States/A/End']);
  });

  it('refuses states that nothing leads to, the head of a chain only', () => {
    expect(codes(flow({ A: end, C: { Type: 'Pass', Next: 'D' }, D: end }))).toEqual(['WORKFLOW_UNREACHABLE_STATE /States/C']);
    expect(codes(flow({ A: end, C: { Type: 'Pass', Next: 'D' }, D: { Type: 'Pass', Next: 'C' } }))).toContain('WORKFLOW_UNREACHABLE_STATE /States/C');
  });

  it('refuses a circle without a way out', () => {
    expect(codes(flow({ A: { Type: 'Pass', Next: 'B' }, B: { Type: 'Pass', Next: 'C' }, C: { Type: 'Pass', Next: 'B' } }))).toEqual(['WORKFLOW_ENDLESS_STATE /States/A']);
    expect(codes(flow({ A: { Type: 'Pass', Next: 'A' } }))).toEqual(['WORKFLOW_ENDLESS_STATE /States/A']);
  });

  it('warns of a Choice without Default, and lets the workflow run', () => {
    const { diagnostics, definitions } = check(flow({ A: { Type: 'Choice', Choices: [{ Condition: '{% $states.input.x %}', Next: 'B' }] }, B: end }));
    expect(diagnostics.map(({ code, severity }) => [code, severity])).toEqual([['WORKFLOW_CHOICE_NO_DEFAULT', 'warning']]);
    expect(Object.keys(definitions)).toEqual(['main']);
    expect(codes(flow({ A: { Type: 'Choice', Choices: [{ Condition: true, Next: 'B' }] }, B: end }))).toEqual([]);
  });

  it('tells a misspelt Next once', () => {
    expect(codes(flow({ A: { Type: 'Pass', Nxet: 'B' }, B: end }))).toEqual(['WORKFLOW_UNKNOWN_FIELD /States/A/Nxet']);
  });

  it('wants one waiting time, and heartbeats before the time-out', () => {
    expect(codes(flow({ A: { Type: 'Wait', End: true } }))).toEqual(['WORKFLOW_WAIT_TIME /States/A']);
    expect(codes(flow({ A: { Type: 'Wait', Seconds: 1, Timestamp: '2026-01-31T00:00:00Z', End: true } }))).toEqual(['WORKFLOW_WAIT_TIME /States/A/Timestamp']);
    for (const Timestamp of ['2026-02-30T09:00:00+08:00', '2026-13-01T00:00:00Z', '2026-01-01T25:00:00Z', '2026-01-01T00:00:00+99:99']) {
      expect(codes(flow({ A: { Type: 'Wait', Timestamp, End: true } })), Timestamp).toEqual(['WORKFLOW_VALUE_INVALID /States/A/Timestamp']);
    }
    for (const Timestamp of ['2028-02-29T09:00:00+08:00', '2026-12-31T23:59:59.5Z', '{% $states.input.at %}']) expect(codes(flow({ A: { Type: 'Wait', Timestamp, End: true } })), Timestamp).toEqual([]);
    expect(codes(flow({ A: { Type: 'Wait', Timestamp: 'tomorrow', End: true } }))).toEqual(['WORKFLOW_VALUE_INVALID /States/A/Timestamp']);
    expect(codes(task({ Resource: 'pinpad:mac', TimeoutSeconds: 5, HeartbeatSeconds: 5 }))).toEqual(['WORKFLOW_HEARTBEAT_TOO_LONG /States/T/HeartbeatSeconds']);
  });
});

describe('actions and their arguments', () => {
  it.each([
    ['pinpad:enterPIN', 'WORKFLOW_UNKNOWN_ACTION', ['pinpad:enterPin']],
    ['pinpd:enterPin', 'WORKFLOW_UNKNOWN_NAMESPACE', ['pinpad:enterPin', 'pinpad']],
    ['constructor:name', 'WORKFLOW_UNKNOWN_NAMESPACE', []],
    ['pinpad:toString', 'WORKFLOW_UNKNOWN_ACTION', []],
    ['enterPin', 'WORKFLOW_RESOURCE_INVALID', []],
    ['{% $r %}', 'WORKFLOW_RESOURCE_INVALID', []],
  ])('refuses %s', (Resource, code, near) => {
    const [fault, ...others] = check(task({ Resource })).diagnostics;
    expect(others).toEqual([]);
    expect(fault).toMatchObject({ code, near, pointer: '/States/T/Resource' });
  });

  it.each<[string, JsonObject, string[]]>([
    ['a missing one', {}, ['']],
    ['an unknown one', { audience: 'merchant', audiense: 1 }, ['/audiense']],
    ['a value that is not in the list', { audience: 'merchnt' }, ['/audience']],
    ['a wrong type', { audience: 'merchant', limitMinor: [] }, ['/limitMinor']],
    ['none of several forms', { audience: 'merchant', choice: true }, ['/choice']],
    ['all at once', { audience: 1, other: 2 }, ['/audience', '/other']],
  ])('refuses %s', (_what, Arguments, below) => {
    expect(codes(task({ Resource: 'prompt:confirm', Arguments }))).toEqual(below.map((pointer) => `WORKFLOW_ARGUMENTS_INVALID /States/T/Arguments${pointer}`));
  });

  it.each<[string, Json]>([
    ['as a whole', '{% $all %}'],
    ['for a value', { audience: '{% $who %}', limitMinor: '{% $limit %}' }],
    ['within several forms', { audience: 'merchant', choice: '{% $choice %}' }],
  ])('lets an expression stand %s', (_what, Arguments) => {
    expect(codes(task({ Resource: 'prompt:confirm', Arguments }))).toEqual([]);
  });

  it("holds a constant method's own arguments against its schema", () => {
    expect(check(pay('crad', {})).diagnostics).toMatchObject([{ code: 'WORKFLOW_UNKNOWN_METHOD', near: ['card'] }]);
    expect(codes(pay('card', { crad: 1 }))).toEqual(['WORKFLOW_ARGUMENTS_INVALID /States/T/Arguments/with', 'WORKFLOW_ARGUMENTS_INVALID /States/T/Arguments/with/crad']);
    expect(codes(pay('card'))).toEqual(['WORKFLOW_ARGUMENTS_INVALID /States/T/Arguments']);
    expect(codes(pay('{% $method %}', { crad: 1 }))).toEqual([]);
  });

  it("tells when a plugin's schema can not be read", () => {
    const broken = { ...catalogue.actions.pinpad?.mac, arguments: { type: 'nothing' } };
    const { diagnostics } = checkWorkflows({ main: { file: 'f', text: pretty(task({ Resource: 'pinpad:mac', Arguments: {} })) } }, { ...catalogue, actions: { pinpad: { mac: broken as never } } });
    expect(diagnostics.map(({ code }) => code)).toEqual(['WORKFLOW_ACTION_SCHEMA']);
  });
});

describe('amounts', () => {
  it.each([12.5, -1, '12.50', '{% 12.5 %}', '{% -5 %}', true, null])('refuses %j where an amount stands', (amountMinor) => {
    expect(codes(task({ Resource: 'reader:readCard', Arguments: { amountMinor } }))).toEqual(['WORKFLOW_AMOUNT_INVALID /States/T/Arguments/amountMinor']);
    expect(codes(flow({ A: { Type: 'Pass', Assign: { limitMinor: amountMinor }, Output: [{ totalMinor: [1, amountMinor] }], End: true } }))).toEqual([
      'WORKFLOW_AMOUNT_INVALID /States/A/Assign/limitMinor',
      'WORKFLOW_AMOUNT_INVALID /States/A/Output/0/totalMinor/1',
    ]);
  });
  it.each([0, 1250, '{% $amountMinor * 2 %}', '{% 1250 %}'])('takes %j', (limitMinor) => {
    expect(codes(flow({ A: { Type: 'Pass', Assign: { limitMinor }, End: true } }))).toEqual([]);
  });
});

describe('errors that are waited for', () => {
  it('refuses a name that nothing raises', () => {
    expect(check(caught('Card.Unreadible')).diagnostics).toMatchObject([{ code: 'WORKFLOW_UNKNOWN_ERROR', near: ['Card.Unreadable'], pointer: '/States/A/Catch/0/ErrorEquals/0' }]);
    expect(codes(caught('States.Al'))).toEqual(['WORKFLOW_UNKNOWN_ERROR /States/A/Catch/0/ErrorEquals/0']);
  });
  it("knows those of actions, methods, the engine and other workflows' Fail states", () => {
    expect(codes(caught('Card.Unreadable', 'Pin.Incorrect', 'Sensitive.Lost', 'Own.Error'), flow({ F: { Type: 'Fail', Error: 'Own.Error' } }))).toEqual([]);
  });
  it('only warns where a Fail state computes its name', () => {
    const running = flow({ A: { Type: 'Task', Resource: 'workflow:run', Arguments: { workflow: 'other-1' }, Catch: [{ ErrorEquals: ['Own.Error'], Next: 'B' }], Next: 'B' }, B: end });
    expect(codes(running, flow({ F: { Type: 'Fail', Error: '{% $states.input.name %}' } }))).toEqual(['WORKFLOW_ERROR_UNCERTAIN /States/A/Catch/0/ErrorEquals/0']);
  });
  it('wants States.ALL alone and last', () => {
    expect(codes(caught('States.ALL', 'Card.Unreadable'))).toEqual(['WORKFLOW_ERROR_ALL_NOT_LAST /States/A/Catch/0/ErrorEquals/0']);
    const retry = [{ ErrorEquals: ['States.ALL'] }, { ErrorEquals: ['Card.Unreadable'] }];
    expect(codes(task({ Resource: 'pinpad:mac', Retry: retry }))).toEqual(['WORKFLOW_ERROR_ALL_NOT_LAST /States/T/Retry/0/ErrorEquals/0']);
  });
});

describe('rule 13: a payment is tried again only after errors that are named', () => {
  const sale = { method: 'card', amountMinor: 1, with: { card: '{% $card %}' } };
  it.each(['States.ALL', 'States.TaskFailed'])('refuses %s in the Retry of what moves money', (name) => {
    expect(retried('payment:sale', name, sale)).toEqual(['WORKFLOW_RETRY_UNSAFE /States/T/Retry/0/ErrorEquals/0']);
    expect(check(task({ Resource: 'payment:sale', Arguments: sale, Retry: [{ ErrorEquals: [name] }] })).definitions).toEqual({});
    expect(retried('pinpad:mac', name, {})).toEqual([]);
  });
  it('takes a named error, and States.ALL in Catch', () => {
    expect(retried('payment:sale', 'Payment.NotSent', sale)).toEqual([]);
    expect(codes(flow({ A: { Type: 'Task', Resource: 'payment:sale', Arguments: sale, Catch: [{ ErrorEquals: ['States.ALL'], Next: 'B' }], Next: 'B' }, B: end }))).toEqual([]);
  });
});

describe('workflow:run', () => {
  it('names a constant that exists', () => {
    expect(codes(run('other-1'), flow({ A: end }))).toEqual([]);
    expect(codes(run('{% $which %}'))).toEqual(['WORKFLOW_RUN_TARGET /States/T/Arguments/workflow']);
    expect(codes(task({ Resource: 'workflow:run' }))).toEqual(['WORKFLOW_RUN_TARGET /States/T']);
    expect(codes(task({ Resource: 'workflow:run', Arguments: {} }))).toEqual(['WORKFLOW_RUN_TARGET /States/T/Arguments']);
    expect(codes(task({ Resource: 'workflow:run', Arguments: '{% $x %}' }))).toEqual(['WORKFLOW_RUN_TARGET /States/T/Arguments']);
    expect(codes(task({ Resource: 'workflow:run', Arguments: { workflow: 'other-1', inptu: 1 } }), flow({ A: end }))).toEqual(['WORKFLOW_ARGUMENTS_INVALID /States/T/Arguments/inptu']);
    expect(check(run('othre-1'), flow({ A: end })).diagnostics).toMatchObject([{ code: 'WORKFLOW_UNKNOWN_WORKFLOW', near: ['other-1'] }]);
  });
  it('does not come back to itself', () => {
    expect(codes(run('main'))).toEqual(['WORKFLOW_RECURSION /States/T/Arguments/workflow']);
    const { diagnostics, definitions } = check(run('other-1'), run('other-2'), run('other-1'));
    expect(definitions).toEqual({});
    expect(diagnostics.map(({ code, file }) => `${code} ${file}`)).toEqual(['WORKFLOW_TARGET_REFUSED main.asl.json', 'WORKFLOW_RECURSION other-1.asl.json', 'WORKFLOW_RECURSION other-2.asl.json']);
    expect(diagnostics[1]?.what.en).toContain('other-1 -> other-2 -> other-1');
  });
  it('refuses whoever runs a refused workflow, up to the last caller', () => {
    const { diagnostics, definitions } = check(run('other-1'), run('other-2'), flow({ A: { Type: 'Pass' } }), flow({ A: end }));
    expect(diagnostics.map(({ code }) => code)).toEqual(['WORKFLOW_TARGET_REFUSED', 'WORKFLOW_TARGET_REFUSED', 'WORKFLOW_NEXT_OR_END']);
    expect(Object.keys(definitions)).toEqual(['other-3']);
  });
  it('refuses whoever runs one that is not even JSON', () => {
    const sources = { main: { file: 'main', text: pretty(run('torn')) }, torn: { file: 'torn', text: '{' } };
    expect(checkWorkflows(sources, catalogue).diagnostics.map(({ code }) => code)).toEqual(['WORKFLOW_TARGET_REFUSED', 'WORKFLOW_SYNTAX']);
  });
  it('gives the closure, itself first', () => {
    const sound = check(run('other-2'), flow({ A: end }), run('other-1')).definitions;
    expect(closure('main', sound)).toEqual(['main', 'other-2', 'other-1']);
    const missing = (): string[] => closure('main', { main: run('gone') as unknown as StateMachine });
    expect(missing).toThrow(TillwrightError);
    expect(missing).toThrow('WORKFLOW_UNKNOWN');
  });
});

describe('the report', () => {
  it('shows the line, what was found and expected, the nearest name and one step', () => {
    const { diagnostics, sources } = check(task({ Resource: 'pinpad:enterPIN' }));
    expect(renderDiagnostics(diagnostics, sources)).toBe(
      [
        'WORKFLOW_UNKNOWN_ACTION  main.asl.json:8:19  /States/T/Resource',
        '  8 |       "Resource": "pinpad:enterPIN"',
        '    |                   ^^^^^^^^^^^^^^^^^ namespace "pinpad" has no action with this name',
        '  Expected: one of: enterPin, loadKeys, mac   Did you mean "pinpad:enterPin"?',
        '  Next: Use an action that it offers',
        '',
      ].join('\n'),
    );
    expect(renderDiagnostics(diagnostics, sources, { language: 'zh' })).toContain('是否想写 "pinpad:enterPin"');
    expect(renderDiagnostics(diagnostics, sources, { color: true })).toContain('\u001b[1;31mWORKFLOW_UNKNOWN_ACTION\u001b[0m');
  });
  it('shows a long line around the fault, and lets no control character through', () => {
    const text = `{"QueryLanguage":"JSONata","Comment":"${'x'.repeat(500)}\u009b31m 汉字","StartAt":"Nowhere","States":{"A":{"Type":"Succeed"}}}`;
    const { diagnostics } = checkWorkflows({ main: { file: 'f', text } }, catalogue);
    const report = renderDiagnostics(diagnostics, { main: { file: 'f', text } });
    const [, line = '', carets = ''] = report.split('\n');
    expect(line.length).toBeLessThan(130);
    expect(line).toContain('"Nowhere"');
    expect(line).toContain('\u00b731m');
    // Two columns for each Chinese character.
    expect(carets.indexOf('^')).toBe(line.indexOf('"Nowhere"') + 2);
    expect(report).not.toContain('\u009b');
  });
});
