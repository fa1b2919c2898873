import type { Clock, HealthCheck } from '@tillwright/core/contract';
import type { SimulatedTill } from './simulation.js';

/** Hosts refuse what is dated more than 5 minutes off; the till speaks up well before. */
const SKEW_MS_MAX = 120_000;

export const powerCheck = (world: SimulatedTill): HealthCheck => ({
  name: 'power',
  label: { zh: '电源', en: 'Power' },
  scope: 'till',
  check: async (signal) => {
    signal.throwIfAborted();
    const { ok, batteryPercent } = await world.status.power();
    if (ok) return { ok };
    const left = batteryPercent === undefined ? { zh: '', en: '' } : { zh: `（剩余 ${batteryPercent}%）`, en: ` (${batteryPercent}% left)` };
    return { ok, hint: { zh: `电量不足${left.zh}，请接通电源`, en: `The battery is low${left.en}: plug in the power supply` } };
  },
});

export const networkCheck = (world: SimulatedTill): HealthCheck => ({
  name: 'network',
  label: { zh: '网络', en: 'Network' },
  scope: 'till',
  check: async (signal) => {
    signal.throwIfAborted();
    const { ok } = await world.status.network();
    return ok ? { ok } : { ok, hint: { zh: '网络不通，请检查网线、无线网络或 SIM 卡', en: 'There is no network: check the cable, the Wi-Fi or the SIM card' } };
  },
});

export const clockCheck = (world: SimulatedTill, clock: Pick<Clock, 'now'>): HealthCheck => ({
  name: 'clock',
  label: { zh: '时钟', en: 'Clock' },
  scope: 'till',
  check: async (signal) => {
    signal.throwIfAborted();
    const off = Math.abs((await world.status.clock()) - clock.now());
    if (off <= SKEW_MS_MAX) return { ok: true };
    const seconds = Math.round(off / 1000);
    return { ok: false, hint: { zh: `设备时钟相差 ${seconds} 秒，请校时`, en: `The clocks are ${seconds} s apart: set the time, or switch network time on` } };
  },
});

/** Only a warning: without paper a payment stands and its receipt is owed. */
export const paperCheck = (world: SimulatedTill): HealthCheck => ({
  name: 'paper',
  label: { zh: '打印纸', en: 'Printer paper' },
  scope: 'warning',
  check: async (signal) => {
    signal.throwIfAborted();
    if (!world.printer.works) return { ok: false, hint: { zh: '打印机没有应答，请检查连接和电源', en: 'The printer does not answer: check its cable and power' } };
    if (world.printer.hasPaper) return { ok: true };
    return { ok: false, hint: { zh: '打印机缺纸，请装入纸卷；缺纸时签购单将在装纸后补打', en: 'The printer is out of paper: put in a roll; until then receipts wait' } };
  },
});
