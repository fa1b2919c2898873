import { CardReader, Clock, HealthCheck, PinPad, Printer, Scanner, Terminal, TillStatus, type Plugin, type Token } from '@tillwright/core/contract';
import { describe, expect, test } from 'vitest';
import { createSimulation, deviceSim } from './index.js';
import { never } from './testing.test-helper.js';

const NOW = Date.UTC(2026, 10, 23, 6, 0, 0);
const clock: Clock = { now: () => NOW, until: async () => {} };
const terminal = (id: string): Terminal => ({ id, tid: '00000001', mid: '898000000000001', name: '街角小店', operatorId: '01' });

/** As the container does it: every provision of a token, made for one terminal. */
const make = <T>(plugin: Plugin, wanted: Token<T>, id = 'T1'): T[] =>
  plugin.provides
    .filter((provision) => provision.token.id === wanted.id)
    .map(({ how }) => {
      if (how.kind !== 'factory') throw new Error('a factory was expected');
      const held = new Map<symbol, unknown>([
        [Clock.id, clock],
        [Terminal.id, terminal(id)],
      ]);
      return how.make(...(how.needs.map((need) => held.get(need.id)) as never[])) as T;
    });

const checks = async (plugin: Plugin) =>
  Object.fromEntries(await Promise.all(make(plugin, HealthCheck).map(async (check) => [check.name, await check.check(never())] as const)));

describe('the plugin', () => {
  test("binds one counter's devices", () => {
    const world = createSimulation();
    const plugin = deviceSim({ world });
    expect(make(plugin, CardReader)).toEqual([world.reader]);
    expect(make(plugin, PinPad)).toEqual([world.pinPad]);
    expect(make(plugin, Scanner)).toEqual([world.scanner]);
    expect(make(plugin, Printer)).toEqual([world.printer]);
    expect(make(plugin, TillStatus)).toEqual([world.status]);
    expect(plugin.contract).toEqual({ major: 1, minor: expect.any(Number) });
  });

  test('each terminal has devices of its own; one counter for two is refused', () => {
    const worlds = { T1: createSimulation(), T2: createSimulation() };
    const plugin = deviceSim({ world: ({ id }) => (id === 'T1' ? worlds.T1 : worlds.T2) });
    expect(make(plugin, PinPad, 'T1')[0]).toBe(worlds.T1.pinPad);
    expect(make(plugin, PinPad, 'T2')[0]).toBe(worlds.T2.pinPad);
    const shared = deviceSim({ world: worlds.T1 });
    make(shared, PinPad, 'T1');
    expect(() => make(shared, PinPad, 'T2')).toThrow(/SIMULATION_MISUSED.*T1 and T2/);
  });
});

describe('health checks', () => {
  test('all is well with a fresh counter', async () => {
    expect(await checks(deviceSim({ world: createSimulation() }))).toEqual({ power: { ok: true }, network: { ok: true }, clock: { ok: true }, paper: { ok: true } });
  });

  test('each says what is missing and how to mend it, in both languages', async () => {
    const world = createSimulation();
    const plugin = deviceSim({ world });
    world.setPower({ ok: false, batteryPercent: 3 });
    world.setNetwork(false);
    world.setClockSkew(-180_000);
    world.setPaper(false);
    expect(await checks(plugin)).toEqual({
      power: { ok: false, hint: { zh: expect.stringMatching(/3%.*接通电源/), en: expect.stringMatching(/3%.*plug in/) } },
      network: { ok: false, hint: { zh: expect.stringContaining('网络不通'), en: expect.stringContaining('check the cable') } },
      clock: { ok: false, hint: { zh: expect.stringContaining('180 秒'), en: expect.stringContaining('180 s') } },
      paper: { ok: false, hint: { zh: expect.stringContaining('缺纸'), en: expect.stringContaining('put in a roll') } },
    });
    world.setBroken('printer', true);
    expect((await checks(plugin))['paper']).toMatchObject({ ok: false, hint: { en: expect.stringContaining('does not answer') } });
    const scopes = make(plugin, HealthCheck).map(({ name, scope }) => `${name} ${String(scope)}`);
    expect(scopes).toEqual(['power till', 'network till', 'clock till', 'paper warning']);
  });

  test('the wall clock follows the engine, an epoch of its own sets it apart', async () => {
    const world = createSimulation();
    const [status] = make(deviceSim({ world }), TillStatus);
    expect(await status?.clock()).toBe(NOW);
    world.setClockSkew(1500);
    expect(await status?.clock()).toBe(NOW + 1500);
    const [early] = make(deviceSim({ world: createSimulation({ epoch: 1_000_000 }) }), TillStatus);
    expect(await early?.clock()).toBe(1_000_000);
    const [own] = make(deviceSim({ world: createSimulation({ clock: { now: () => 42 } }) }), TillStatus);
    expect(await own?.clock()).toBe(42);
  });

  test('an aborted check ends', async () => {
    for (const check of make(deviceSim({ world: createSimulation() }), HealthCheck)) {
      await expect(check.check(AbortSignal.abort(new Error('closing')))).rejects.toThrow('closing');
    }
  });
});
