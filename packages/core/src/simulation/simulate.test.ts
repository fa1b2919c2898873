import { describe, expect, it } from 'vitest';
import { onSimulatedDisk } from './disk-storage.js';
import { runOnce } from './run.js';
import { simulate } from './simulate.js';
import { inMemory, type StorageOf } from './storage.js';

describe('simulation', () => {
  it.each([
    { where: 'in memory', storage: inMemory },
    { where: 'on a simulated disk', storage: onSimulatedDisk },
  ])('gives the same log for the same seed, byte for byte, $where', async ({ storage }) => {
    for (const seed of ['1', '2', '3']) {
      const first = await runOnce({ seed, storage });
      const second = await runOnce({ seed, storage });
      expect(JSON.stringify(second.records)).toBe(JSON.stringify(first.records));
      expect(second.faults).toEqual(first.faults);
    }
  });

  it('gives another log for another seed', async () => {
    const [one, other] = [await runOnce({ seed: '1' }), await runOnce({ seed: '4' })];
    expect(JSON.stringify(one.records)).not.toBe(JSON.stringify(other.records));
  });

  it('loses and doubles nothing', { timeout: 300_000 }, async () => {
    const report = await simulate({ seed: Number(process.env['SIMULATE_SEED'] ?? '1'), runs: Number(process.env['SIMULATE_RUNS'] ?? '250'), storage: onSimulatedDisk });
    console.log(JSON.stringify({ ...report, failures: report.failures.length }));
    expect(report.failures).toEqual([]);
    expect(report.payments.taken).toBeGreaterThan(0);
    if (report.runs >= 150) expect(Object.keys(report.faults)).toEqual(expect.arrayContaining(['torn-tail', 'damaged-record', 'power-cut', 'disk-error', 'opening-refused', 'checkpoint-strange']));
  });

  it('nor with seeds that nobody has seen: a failing one is told with the command that runs it again', { timeout: 120_000 }, async () => {
    const seed = Math.floor(Date.now() / 1_000) % 1_000_000_000;
    expect(await simulate({ seed, runs: 40, storage: onSimulatedDisk })).toMatchObject({ failures: [] });
  });

  it('nor with flows that nobody wrote', { timeout: 300_000 }, async () => {
    const unseen = Math.floor(Date.now() / 1_000) % 1_000_000_000;
    const reports = [await simulate({ seed: 1, runs: 80, workflow: 'grown', storage: onSimulatedDisk }), await simulate({ seed: unseen, runs: 20, workflow: 'grown', storage: onSimulatedDisk })];
    expect(reports).toMatchObject([{ failures: [] }, { failures: [] }]);
  });

  it('loses and doubles nothing where the log is in memory', { timeout: 120_000 }, async () => {
    expect(await simulate({ seed: 1, runs: 20 })).toMatchObject({ failures: [] });
  });

  it('switches a till off whose disk fails later than it was to', async () => {
    const failsLater: StorageOf = (options) => {
      const storage = onSimulatedDisk(options);
      void options.clock.until(options.clock.now() + 12_000).then(() => storage.failNext('write'));
      return storage;
    };
    expect(await simulate({ seed: 1, runs: 3, faults: 'none', storage: failsLater })).toMatchObject({ failures: [] });
  });

  // As they were found, when the log had a line for each record and all hosts the same terms: what the engine did wrong in them has tests of its own under the money rules.
  it.each([
    { seed: 44_388, what: 'a sale approved in part, of which a person decided when its plugin was gone, ends' },
    { seed: 48_325, what: 'a sale approved in part, whose plugin is gone, ends' },
    { seed: 65_616, what: 'an approval turns up for a former attempt while the intent of the next one is on its way to the disk' },
    { seed: 93_528, what: 'an advice is brought though its lane is shut until a person has decided about another payment' },
    { seed: 91_138, what: 'what was sealed is forgotten though the plugin that owes an advice is gone' },
    { seed: 6_000_227, what: 'what is sealed of a void that no host knew is forgotten though its plugin is gone' },
    { seed: 1_000_733, what: 'what turned up of former attempts is undone while the last one is left to a person' },
    { seed: 1_001_202, what: 'a host takes back what it has told, and the power fails before it says so' },
    { seed: 64_768, what: 'what was undone without proof stays sealed while its plugin is gone and its case open' },
  ])('$what (seed $seed)', async ({ seed }) => {
    expect(await runOnce({ seed: String(seed), terms: 'standard', storage: onSimulatedDisk })).toMatchObject({ problems: [] });
  });

  it.each([
    { seed: 142, what: "a workflow's time-out passed while nobody was there: its flow is told first of what was paid" },
    { seed: 9_102_005, what: 'a terminal that was left out in the last life of all prints what it owes once it is opened again' },
    { seed: 9_134_092, what: 'on an older copy of its log a case is told as undone beside an approval that stands, and is resolved so' },
    { seed: 9_113_317, what: 'a lane is shut just after a sale was given it: that sale waits for the undo' },
    { seed: 217, what: 'a sale that is paid is told as paid though its terminal is not opened any more' },
  ])('$what (grown, seed $seed)', async ({ seed }) => {
    expect(await runOnce({ seed: String(seed), workflow: 'grown', terms: 'standard', storage: onSimulatedDisk })).toMatchObject({ problems: [] });
  });

  it('takes every payment where nothing goes wrong', async () => {
    const report = await simulate({ seed: 1, runs: 10, faults: 'none', storage: onSimulatedDisk });
    expect(report).toMatchObject({ failures: [], faults: {}, payments: { declined: 0, open: 0, notSent: 0 } });
  });
});
