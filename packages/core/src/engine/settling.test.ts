/** Cases that the crash matrix and the simulation found, each by its name. */
import { describe, expect, it } from 'vitest';
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

  it('forgets what was sealed for a payment once another one of its sale commits both', async () => {
    const world = worldOf('split', () => 'honest');
    expect(await sell(world, 'split')).toMatchObject({ status: 'succeeded' });
    await world.quiet();
    expect(await world.sealed.keys()).toEqual([]);
  });

  it('takes an approval that is older than the undo for what it is', async () => {
    const world = worldOf('card', first('sale', 'answer-late'));
    expect(await sell(world, 'card')).toMatchObject({ status: 'failed', error: 'Payment.Undone' });
    await world.quiet();
    expect(await world.check()).toEqual([]);
  });
});
