/** Cases that the crash matrix and the simulation found, each by its name. */
import { describe, expect, it } from 'vitest';
import { onSimulatedDisk } from '../simulation/disk-storage.js';
import { simulatedFlows } from '../simulation/flows.js';
import type { Fault, Message } from '../simulation/host.js';
import { World, type WorldOptions } from '../simulation/world.js';

const worldOf = (flow: string, fault: (message: Message) => Fault, options: Partial<WorldOptions> = {}): World =>
  new World({ seed: flow, fault, workflows: { [flow]: simulatedFlows[flow] ?? '' }, ...options });
const first = (kind: Message['kind'], fault: Fault) => (message: Message): Fault => (message.kind === kind && message.nth === 1 ? fault : 'honest');

const sell = async (world: World, workflow: string) => {
  const till = await world.open();
  const sale = await till?.start({ terminal: 'T1', workflow });
  return await sale?.result;
};

describe('settling', () => {
  it('looks again, after a restart too, at what was undone without proof (5)', async () => {
    const world = worldOf('wallet', first('sale', 'request-late'), { lateMs: 100_000 });
    expect(await sell(world, 'wallet')).toMatchObject({ status: 'failed', error: 'Payment.Undone' });
    world.crash();
    await world.open();
    await world.quiet();
    expect(await world.check()).toEqual([]);
  });

  it('takes silence for no look: what was undone without proof is asked for until somebody answers (5)', async () => {
    const world = worldOf('wallet', ({ kind, nth }) => (kind === 'sale' ? 'request-late' : kind === 'inquire' && nth >= 5 && nth <= 8 ? 'garbled' : 'honest'), { lateMs: 100_000 });
    expect(await sell(world, 'wallet')).toMatchObject({ status: 'failed', error: 'Payment.Undone' });
    await world.quiet();
    expect(await world.check()).toEqual([]);
  });

  it('opens a case when nobody answers at all after an undo without proof', async () => {
    const world = worldOf('wallet', ({ kind, nth }) => (kind === 'sale' ? 'request-lost' : kind === 'inquire' && nth >= 5 ? 'request-lost' : 'honest'));
    expect(await sell(world, 'wallet')).toMatchObject({ status: 'failed', error: 'Payment.Undone' });
    await world.quiet();
    expect(world.till?.cases()).toMatchObject([{ why: 'undone without proof, and the host could not be asked again' }]);
  });

  it('keeps the lane shut while the void of a sale is undone itself (12)', async () => {
    const world = worldOf('half-broken', ({ kind, nth }) => (kind === 'void' && nth === 1 ? 'answer-lost' : 'honest'), { terminals: 2, sharedLane: true });
    const till = await world.open();
    const sales = await Promise.all(['T1', 'T2'].map(async (terminal) => await till?.start({ terminal, workflow: 'half-broken' })));
    await Promise.all(sales.map((sale) => sale?.result));
    const third = await till?.start({ terminal: 'T1', workflow: 'half-broken' });
    await third?.result;
    await world.quiet();
    expect(await world.check()).toEqual([]);
  });

  it("lets nobody's sale slip in before an undo that is owed while what it needs is being sealed (12)", async () => {
    const world = worldOf('half-broken', () => 'honest', { terminals: 2, sharedLane: true, storage: onSimulatedDisk, syncMs: () => 30 });
    const till = await world.open();
    const sales = await Promise.all(['T1', 'T2'].map(async (terminal) => await till?.start({ terminal, workflow: 'half-broken' })));
    await Promise.all(sales.map((sale) => sale?.result));
    await world.quiet();
    expect(await world.check()).toEqual([]);
  });

  it("lets nobody's sale slip in before the undo of one whose answer was lost (12)", async () => {
    const world = worldOf('card', first('sale', 'answer-lost'), { terminals: 2, sharedLane: true });
    const till = await world.open();
    const sales = await Promise.all(['T1', 'T2'].map(async (terminal) => await till?.start({ terminal, workflow: 'card' })));
    await Promise.all(sales.map((sale) => sale?.result));
    await world.quiet();
    expect(await world.check()).toEqual([]);
  });

  it('undoes, after a restart, what was approved in full after somebody had given it up (14)', async () => {
    const world = worldOf('timeout', first('sale', 'unverified'), { latencyMs: () => 2_000 });
    const sold = sell(world, 'timeout');
    // Its time passes, it is found approved, and the power fails before it is condemned.
    const condemning = (): boolean => world.log.records.some((record) => record?.event.type === 'paymentAnswered' && record.event.answer.outcome === 'approved');
    while (!condemning()) await world.clock.until(world.clock.now() + 1);
    world.crash(9);
    await world.open();
    await world.quiet();
    expect(await world.check()).toEqual([]);
    expect(world.host.standing('x1/Pay#1')).toEqual([]);
    void sold;
  });

  it('lets a sale succeed that was paid anew while what its caught scope took is still being undone (10)', async () => {
    const world = worldOf('caught', ({ kind, nth }) => (kind === 'void' && nth === 1 ? 'answer-lost' : 'honest'));
    expect(await sell(world, 'caught')).toMatchObject({ status: 'succeeded' });
    expect(world.till?.payments().map(({ state }) => state)).toContain('being-undone');
    await world.quiet();
    expect(await world.check()).toEqual([]);
  });

  it('heeds a cancel that was asked for before the power failed (14)', async () => {
    const world = worldOf('wallet', first('sale', 'answer-lost'));
    const till = await world.open();
    const sale = await till?.start({ terminal: 'T1', workflow: 'wallet' });
    await world.clock.until(world.clock.now() + 1_000);
    till?.cancel(sale?.executionId ?? '', 'merchant', 'changed my mind');
    await world.clock.until(world.clock.now() + 1_000);
    world.crash();
    const again = await world.open();
    expect(await (await again?.get(sale?.executionId ?? ''))?.result).toMatchObject({ status: 'failed', error: 'Terminal.Cancelled' });
    await world.quiet();
    expect(await world.check()).toEqual([]);
  });

  it('reverses nothing before the order to do so is on disk (6)', async () => {
    const world = worldOf('asked', () => 'honest', { syncMs: () => 5_000 });
    const till = await world.open();
    await till?.start({ terminal: 'T1', workflow: 'asked' });
    while (!till?.prompts().some(({ kind }) => kind === 'notice')) await world.clock.until(world.clock.now() + 100);
    till.cancel(till.executions()[0]?.executionId ?? '', 'merchant', 'no more money');
    await world.clock.until(world.clock.now() + 1_000);
    // The power fails before the end is on disk: the customer is asked again, and pays.
    world.crash();
    await world.open();
    await world.quiet();
    expect(await world.check()).toEqual([]);
    expect(world.till?.payments()).toMatchObject([{ committed: true }, { committed: true }]);
  });

  it('begins no payment of a sale beside another one that is on its way, not even in the same turn (15)', async () => {
    const world = worldOf('at-once', () => 'honest');
    expect(await sell(world, 'at-once')).toMatchObject({ status: 'succeeded' });
    await world.quiet();
    expect(await world.check()).toEqual([]);
    expect(world.till?.payments()).toMatchObject([{ committed: true }, { committed: true }]);
  });

  it('forgets what was sealed for a payment once another one of its sale commits both', async () => {
    const world = worldOf('split', () => 'honest');
    expect(await sell(world, 'split')).toMatchObject({ status: 'succeeded' });
    await world.quiet();
    expect(await world.storage.sealed.keys()).toEqual([]);
  });

  it('takes an approval that is older than the undo for what it is', async () => {
    const world = worldOf('card', first('sale', 'answer-late'));
    expect(await sell(world, 'card')).toMatchObject({ status: 'failed', error: 'Payment.Undone' });
    await world.quiet();
    expect(await world.check()).toEqual([]);
  });
});
