/** Every scenario of every flow that ships, and how far they walk. */
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { findScenarioFiles, loadScenarios, runScenarios, type ScenarioReport, type ScenarioSet } from '../packages/cli/src/scenarios/run-scenarios.js';
import { scenarioSchema } from '../packages/cli/src/scenarios/schema.js';
import { play } from '../packages/cli/src/scenarios/play.js';
import { Coverage } from '../packages/cli/src/scenarios/coverage.js';

const FOLDER = fileURLToPath(new URL('../workflows', import.meta.url));
const SCHEMA = new URL('../workflows/scenarios.schema.json', import.meta.url);

const FLOWS = ['approved-sale', 'counter-sale', 'member-points', 'merchant-qr', 'method-first', 'quick-sale', 'tap-first', 'tip-sale', 'unattended'];
const PARTS = ['get-ready', 'pay-and-print', 'take-card', 'take-code', 'take-payment'];

let set: ScenarioSet;
let report: ScenarioReport;
beforeAll(async () => {
  set = await loadScenarios(await findScenarioFiles([FOLDER]), {});
  report = await runScenarios(set, { config: {} });
}, 300_000);

it('every flow that ships has scenarios, and nothing is wrong with their files', () => {
  expect(set.faults).toEqual([]);
  expect(set.diagnostics).toEqual([]);
  expect(set.files.map(({ workflow }) => workflow)).toEqual(expect.arrayContaining(FLOWS));
});

it('each comes out as it says', () => {
  expect(report.results.filter(({ passed }) => !passed).map(({ workflow, name, differences, wrong, books }) => ({ workflow, name, differences, wrong, books }))).toEqual([]);
  expect(report.results.length).toBeGreaterThan(200);
});

describe.each([...FLOWS, ...PARTS])('%s', (workflow) => {
  it('is walked whole: every state and every transition', () => {
    const coverage = report.coverage.find((each) => each.workflow === workflow);
    expect(coverage).toMatchObject({ statesMissing: [], transitionsMissing: [], excused: [], excusedInVain: [] });
    expect(coverage?.statesWalked).toBe(coverage?.states);
    expect(coverage?.transitionsWalked).toBeGreaterThan(0);
  });
});

it('says what each expects in full: result, path, payments, ledger, receipts and cases', () => {
  const lacking = set.files.flatMap(({ workflow, value }) =>
    (value.scenarios ?? [])
      .filter(({ expect: expected }) => ['result', 'path', 'payments', 'ledger', 'receipts', 'cases'].some((field) => !Object.hasOwn(expected ?? {}, field)))
      .map(({ name }) => `${workflow}: ${name}`),
  );
  expect(lacking).toEqual([]);
});

it('the same scenario comes out the same, to the last byte of what is shown and printed', async () => {
  const file = set.files.find(({ workflow }) => workflow === 'member-points');
  const scenario = file?.value.scenarios?.[0];
  if (!file || !scenario) throw new Error('member-points has no scenario');
  const once = async (): Promise<string> => {
    const coverage = new Coverage();
    coverage.add(set.sources);
    return JSON.stringify(await play(scenario, file.value, { workflow: 'member-points', sources: set.sources, config: {}, coverage }));
  };
  expect(await once()).toBe(await once());
});

it('the JSON Schema beside the flows, for editors, is the one that files are checked by', async () => {
  const text = `${JSON.stringify(scenarioSchema, undefined, 2)}\n`;
  if (process.env.UPDATE_DOCS === '1') await writeFile(SCHEMA, text);
  expect(await readFile(SCHEMA, 'utf8'), `write it anew: UPDATE_DOCS=1 npx vitest run ${fileURLToPath(import.meta.url)}`).toBe(text);
});
