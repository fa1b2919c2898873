/** `tillwright test` as a person calls it: what it prints, what it writes, how it ends. The shipped scenarios are played by scenarios.test.ts. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { JsonObject } from '@tillwright/core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { test, type TestOptions } from '../packages/cli/src/commands/test.js';

/** A question, two branches, a Map over both kinds of item. */
const FLOW = {
  QueryLanguage: 'JSONata',
  StartAt: 'Ask',
  States: {
    Ask: { Type: 'Task', Resource: 'prompt:amount', TimeoutSeconds: 60, Assign: { amountMinor: '{% $states.result %}' }, Catch: [{ ErrorEquals: ['Terminal.Cancelled', 'States.Timeout'], Next: 'Stopped' }], Next: 'Both' },
    Both: {
      Type: 'Parallel',
      Branches: [
        { StartAt: 'Left', States: { Left: { Type: 'Pass', Output: 'left', End: true } } },
        {
          StartAt: 'IsMuch',
          States: {
            IsMuch: { Type: 'Choice', Choices: [{ Condition: '{% $amountMinor > 1000 %}', Next: 'Much' }], Default: 'Little' },
            Much: { Type: 'Pass', Output: 'much', End: true },
            Little: { Type: 'Pass', Output: 'little', End: true },
          },
        },
      ],
      Assign: { told: '{% $states.result[1] %}' },
      Next: 'Each',
    },
    Each: {
      Type: 'Map',
      Items: [1, 2],
      ItemProcessor: {
        StartAt: 'Which',
        States: {
          Which: { Type: 'Choice', Choices: [{ Condition: '{% $states.input = 1 %}', Next: 'One' }], Default: 'Other' },
          One: { Type: 'Pass', End: true },
          Other: { Type: 'Pass', End: true },
        },
      },
      Next: 'Done',
    },
    Done: { Type: 'Succeed', Output: { told: '{% $told %}', amountMinor: '{% $amountMinor %}' } },
    Stopped: { Type: 'Fail', Error: 'Terminal.Cancelled' },
  },
} satisfies JsonObject;

const LITTLE = `# A comment that stays.
scenarios:
  - name: little
    steps: [{ when: { prompt: amount }, answer: 500 }]
`;
const EXPECTED = `    expect:
      result: succeeded
      output: { told: little }
      path: [ Ask, { Both: [ { '0': [ Left ] }, { '1': [ IsMuch, Little ] } ] }, { Each: [ { '0': [ Which, One ] }, { '1': [ Which, Other ] } ] }, Done ]
      payments: []
      ledger: []
      receipts: []
      cases: 0
`;

let dir = '';
let file = '';
let out: string[] = [];
let errors: string[] = [];
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tillwright-test-'));
  file = join(dir, 'ask.scenarios.yaml');
  await writeFile(join(dir, 'ask.asl.json'), JSON.stringify(FLOW));
  vi.spyOn(console, 'log').mockImplementation((line: string) => void out.push(line));
  vi.spyOn(console, 'error').mockImplementation((line: string) => void errors.push(line));
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(dir, { recursive: true, force: true });
});

const called = async (options: Partial<TestOptions> = {}, named = [file]): Promise<{ exit: number; out: string; errors: string }> => {
  out = [];
  errors = [];
  const exit = await test(named, { update: false, json: false, language: 'en', ...options });
  return { exit, out: out.join('\n'), errors: errors.join('\n') };
};

describe('tillwright test', () => {
  it('ends with 0 where each comes out as expected, and says what was not walked, within branches and iterations too', async () => {
    await writeFile(file, LITTLE + EXPECTED);
    const done = await called();
    expect(done).toMatchObject({ exit: 0, errors: '' });
    expect(done.out).toContain('✓ ask: little');
    // Five states around, four in the branches, three in the iterations; not Stopped, not Much.
    expect(done.out).toMatch(/│ ask\s+│ 10\/12\s+│ 6\/8\s+│/);
    expect(done.out.split('\n').filter((line) => line.startsWith('Not walked'))).toEqual([
      'Not walked: ask Both[1].Much',
      'Not walked: ask Stopped',
      'Not walked: ask Ask -> Stopped (Terminal.Cancelled | States.Timeout)',
      'Not walked: ask Both[1].IsMuch -> Both[1].Much',
    ]);
    expect(done.out).toMatch(/^1\/1$/m);
  });

  it('ends with 1 where one comes out otherwise, with what was expected beside what came', async () => {
    await writeFile(file, LITTLE + EXPECTED.replace('IsMuch, Little', 'IsMuch, Much').replace('told: little', 'told: much') + '      shown: [welcome]\n');
    const { exit, errors: told, out: rest } = await called();
    expect(exit).toBe(1);
    expect(told).toBe(`✗ ask: little
    - expected  + came
    output:
      - told: much
      + told: little
    path:
        - Ask
        - Both:
            - "0":
                - Left
            - "1":
                - IsMuch
      -         - Much
      +         - Little
        - Each:
            - "0":
                - Which
                - One
            - "1":
                - Which
                - Other
        - Done
    shown:
      - welcome`);
    expect(rest).toMatch(/^0\/1$/m);
  });

  it('of a failure that nobody expected the error and its cause are told', async () => {
    await writeFile(join(dir, 'ask.asl.json'), JSON.stringify(FLOW).replace('$states.result %}', '$states.result.gone %}'));
    await writeFile(file, LITTLE + EXPECTED);
    const { errors: told } = await called();
    expect(told).toMatch(/result:\n\s+- succeeded\n\s+\+ failed\n\s+error:\n\s+\+ States\.QueryEvaluationError: .*'Assign\/amountMinor' returned nothing/);
  });

  it('a person who was not foreseen, and one who was not needed, are wrong whatever is expected', async () => {
    await writeFile(file, 'scenarios:\n  - name: nobody\n  - name: too many\n    steps: [{ when: { prompt: amount }, answer: 500 }, { when: { prompt: choose }, answer: x }]\n');
    const { exit, errors: told } = await called();
    expect(exit).toBe(1);
    expect(told).toMatch(/✗ ask: nobody\n\s+nobody reacts to: .*amount/);
    expect(told).toMatch(/✗ ask: too many\n\s+.*\/1 was never needed/);
    // Nor can that be written down as expected.
    expect((await called({ update: true })).exit).toBe(1);
  });

  it('--update writes what came out and nothing else; played again, it is what is expected', async () => {
    await writeFile(file, `${LITTLE}    expect: { result: failed, shown: [Amount] }\n`);
    const updated = await called({ update: true });
    expect(updated).toMatchObject({ exit: 0 });
    expect(updated.out).toContain(`Written: ${file}`);
    const text = await readFile(file, 'utf8');
    expect(text.startsWith('# A comment that stays.\nscenarios:\n')).toBe(true);
    for (const line of ['result: succeeded', 'output: { amountMinor: 500, told: little }', 'path: [ Ask, { Both: [ { "0": [ Left ] }, { "1": [ IsMuch, Little ] } ] }, { Each: [ { "0": [ Which, One ] }, { "1": [ Which, Other ] } ] }, Done ]', 'payments: []', 'cases: 0', 'shown: [ Amount ]']) expect(text).toContain(`      ${line}\n`);
    const again = await called({ update: true });
    expect(again.out).not.toContain('Written');
    expect(await readFile(file, 'utf8')).toBe(text);
  });

  it('ends with 2 at a scenario file or a workflow with a fault, and plays nothing', async () => {
    await writeFile(file, LITTLE.replace('answer: 500', 'anwser: 500'));
    expect(await called()).toMatchObject({ exit: 2, out: '', errors: expect.stringMatching(/SCENARIO_\w+ .*ask\.scenarios\.yaml:4:/) });
    await writeFile(file, LITTLE);
    await writeFile(join(dir, 'ask.asl.json'), JSON.stringify({ ...FLOW, StartAt: 'Aks' }));
    expect(await called()).toMatchObject({ exit: 2, out: '', errors: expect.stringContaining('WORKFLOW_UNKNOWN_STATE') });
    expect(await called({ json: true })).toMatchObject({ exit: 2, errors: '', out: expect.stringContaining('"code":"WORKFLOW_UNKNOWN_STATE"') });
    await expect(called({}, [join(dir, 'ask.asl.json')])).rejects.toThrow(/is no scenario file/);
    await rm(file);
    await expect(called({}, [dir])).rejects.toThrow(/there are no scenario files/);
  });

  it('--only plays those whose name holds the text, and tells when there is none', async () => {
    await writeFile(file, `${LITTLE}  - name: much\n    steps: [{ when: { prompt: amount }, answer: 5000 }]\n`);
    const much = await called({ only: 'uch' });
    expect(much).toMatchObject({ exit: 0, out: '✓ ask: much\n1/1' });
    expect(await called({ only: 'nothing' })).toMatchObject({ exit: 2, errors: 'No scenario has such a name' });
  });

  it('what is said to be out of reach is no gap; said in vain, it ends with 1', async () => {
    const reach = (from: string, to: string): string => `cannotReach: [{ from: '${from}', to: '${to}', why: nobody cancels }]\n${LITTLE}`;
    await writeFile(file, reach('Ask', 'Stopped'));
    expect(await called()).toMatchObject({ exit: 0, out: expect.stringContaining('Out of reach: ask Ask -> Stopped (Terminal.Cancelled | States.Timeout): nobody cancels') });
    await writeFile(file, reach('Ask', 'Both'));
    expect(await called()).toMatchObject({ exit: 1, out: expect.stringContaining('Said to be out of reach, but walked or not there: ask Ask -> Both') });
  });

  it('--json gives results and coverage as data', async () => {
    await writeFile(file, LITTLE + EXPECTED);
    const { exit, out: text } = await called({ json: true });
    expect(exit).toBe(0);
    expect(JSON.parse(text)).toMatchObject({
      results: [{ workflow: 'ask', name: 'little', passed: true, differences: [], wrong: [], books: [], outcome: { result: 'succeeded', path: ['Ask', { Both: [{ 0: ['Left'] }, { 1: ['IsMuch', 'Little'] }] }, { Each: [{ 0: ['Which', 'One'] }, { 1: ['Which', 'Other'] }] }, 'Done'] } }],
      coverage: [{ workflow: 'ask', states: 12, statesWalked: 10, statesMissing: ['Both[1].Much', 'Stopped'] }],
    });
  });

  it("ends with 3 where a host's book and the log do not agree, also while it writes", async () => {
    const config = join(dir, 'tillwright.config.mjs');
    // Points that are taken at the till and never reach the club.
    await writeFile(
      config,
      `import { bind, definePlugin, PaymentMethod } from ${JSON.stringify(pathToFileURL(new URL('../packages/core/dist/contract.js', import.meta.url).pathname).href)};
const lies = { id: 'points', label: { zh: '积分', en: 'Points' }, needs: 'none', arguments: { type: 'object' }, errors: {},
  capabilities: { operations: ['sale'], inquiry: false, reversal: false, completion: false, partialApproval: false, movesMoney: false },
  policy: { answerWithinMs: 1000, inquireAtMs: [], reverse: { notBeforeMs: 0, withinMs: 0, backoffMs: [], laneAttempts: 1 }, watchAtMs: [] },
  prepare: async ({ paymentId }) => ({ prepared: { reference: paymentId, lane: paymentId, data: {}, dataVersion: 1 } }),
  submit: async ({ amount }) => ({ outcome: 'approved', verified: true, amount, completion: 'none', facts: { receipt: [] } }),
  remedy: () => ({ do: 'ask-person', why: '-' }) };
export default { plugins: (defaults) => [...defaults.filter(({ name }) => !name.includes('member-points')), definePlugin({ name: 'lies', provides: [bind(PaymentMethod).toValue(lies)] })] };
`,
    );
    const pay = { Type: 'Task', Resource: 'payment:sale', Arguments: { method: 'points', amountMinor: 500 }, End: true };
    await writeFile(join(dir, 'ask.asl.json'), JSON.stringify({ QueryLanguage: 'JSONata', StartAt: 'Pay', States: { Pay: pay } }));
    await writeFile(file, "scenarios:\n  - name: points\n    members: [{ code: '9100000000000010', name: A, points: 3000 }]\n");
    for (const update of [false, true]) {
      const { exit, errors: told } = await called({ config, update });
      expect(exit).toBe(3);
      expect(told).toMatch(/points: \S+ is paid, and not in the book/);
    }
    // The same from a factory, which may well make one that charges at a real host.
    const own = join(dir, 'own.config.mjs');
    await writeFile(own, (await readFile(config, 'utf8')).replace('.toValue(lies)', '.from([], () => lies)'));
    await expect(called({ config: own })).rejects.toMatchObject({ name: 'UsageError', message: expect.stringContaining('simulated: true') });
  });
});
