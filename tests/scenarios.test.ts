/** Every scenario of every flow that ships, and how far they walk. */
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { PaymentMethod, type Plugin } from '@tillwright/core/contract';
import { simulatedCash } from '@tillwright/device-sim';
import { beforeAll, describe, expect, it } from 'vitest';
import { findScenarioFiles, loadScenarios, runScenarios, type ScenarioReport, type ScenarioSet } from '../packages/cli/src/scenarios/run-scenarios.js';
import { scenarioSchema } from '../packages/cli/src/scenarios/schema.js';
import type { ScenarioFile } from '../packages/cli/src/scenarios/scenario.js';
import { play } from '../packages/cli/src/scenarios/play.js';
import { Coverage } from '../packages/cli/src/scenarios/coverage.js';
import { withMethods, wrapping } from './support.js';

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

it('expects nothing that a merchant would be surprised by: the books say what was paid, and who did not pay has nothing', () => {
  const sum = (rows: readonly { amountMinor?: unknown }[]): number => rows.reduce((total, { amountMinor }) => total + Number(amountMinor), 0);
  const surprising = set.files.flatMap(({ workflow, value }) =>
    (value.scenarios ?? []).flatMap(({ name, expect: { result, output, payments = [], ledger = [], receipts = [], cases = 0 } = {} }) => {
      const paid = payments.filter(({ state }) => state === 'paid');
      // Cash has no book.
      const booked = paid.filter(({ method }) => method !== 'cash');
      const asked = typeof output === 'object' && output !== null && 'amountMinor' in output ? Number(output.amountMinor) : sum(paid);
      const wrong = [
        sum(ledger.filter(({ status }) => status === 'approved')) !== sum(booked) && 'the books hold another sum than was paid',
        result === 'succeeded' && sum(paid) !== asked && 'another sum was paid than the sale says',
        result === 'succeeded' && !PARTS.includes(workflow) && paid.length === 0 && 'it succeeded and nothing was paid',
        result === 'succeeded' && cases > 0 && 'it succeeded and left a case',
        result === 'failed' && paid.length > 0 && 'it failed and was paid',
        payments.some(({ state }) => state === 'case') !== cases > 0 && 'cases and payments do not agree',
        receipts.length > 2 * paid.length && 'there are more receipts than two for each payment',
      ];
      return wrong.flatMap((why) => (why === false ? [] : [`${workflow}: ${name}: ${why}`]));
    }),
  );
  expect(surprising).toEqual([]);
});

describe.each(['counter-sale', 'take-payment', 'method-first'])('%s', (workflow) => {
  it.each([
    ['none', true],
    ['other', false],
  ] as const)('a method of a third party that needs %s is offered: %s', async (needs, offered) => {
    const voucher = wrapping(PaymentMethod, (cash) => withMethods(cash, { id: 'voucher', label: { zh: '提货券', en: 'Voucher' }, needs }))([simulatedCash()]);
    const coverage = new Coverage();
    coverage.add(set.sources);
    const leaving: ScenarioFile = { always: [{ when: { prompt: 'amount' }, answer: 100 }, { when: { prompt: 'choose' }, cancel: true }] };
    const config = { simulated: true, plugins: (defaults: readonly Plugin[]) => [...defaults, ...voucher] };
    const { outcome } = await play({ name: needs, input: { amountMinor: 100 } }, leaving, { workflow, sources: set.sources, config, coverage });
    expect(outcome.shown).toContain('支付宝');
    expect(outcome.shown.includes('提货券')).toBe(offered);
  });
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
