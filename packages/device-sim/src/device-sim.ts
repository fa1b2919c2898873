import {
  bind,
  CardReader,
  Clock,
  definePlugin,
  HealthCheck,
  PinPad,
  Printer,
  Scanner,
  Terminal,
  TillStatus,
  type Plugin,
} from '@tillwright/core/contract';
import { SimulationError } from './errors.js';
import { clockCheck, networkCheck, paperCheck, powerCheck } from './health-checks.js';
import type { SimulatedTill } from './simulation.js';

export interface DeviceSimOptions {
  /** One counter for a till with one terminal, or each terminal's own. */
  readonly world: SimulatedTill | ((terminal: Terminal) => SimulatedTill);
}

/**
 * Every device of a till, simulated: card reader, PIN pad, scanner, printer, power, network, clock, and their health checks.
 * The embedder keeps the simulation that he passes: he plays the customer with it, or its script does.
 */
export const deviceSim = ({ world }: DeviceSimOptions): Plugin => {
  const worldOf = typeof world === 'function' ? world : onlyOne(world);
  const at = <T>(pick: (till: SimulatedTill, clock: Clock) => T) =>
    [
      [Terminal, Clock],
      (terminal: Terminal, clock: Clock): T => {
        const till = worldOf(terminal);
        till.useClock(clock);
        return pick(till, clock);
      },
    ] as const;
  return definePlugin({
    name: '@tillwright/device-sim',
    version: '0.1.0',
    provides: [
      bind(CardReader).from(...at((till) => till.reader)),
      bind(PinPad).from(...at((till) => till.pinPad)),
      bind(Scanner).from(...at((till) => till.scanner)),
      bind(Printer).from(...at((till) => till.printer)),
      bind(TillStatus).from(...at((till) => till.status)),
      bind(HealthCheck).from(...at((till) => powerCheck(till))),
      bind(HealthCheck).from(...at((till) => networkCheck(till))),
      bind(HealthCheck).from(...at((till, clock) => clockCheck(till, clock))),
      bind(HealthCheck).from(...at((till) => paperCheck(till))),
    ],
  });
};

/** Two terminals can't stand behind one counter's devices. */
const onlyOne = (world: SimulatedTill) => {
  let owner: string | undefined;
  return (terminal: Terminal): SimulatedTill => {
    owner ??= terminal.id;
    if (owner === terminal.id) return world;
    throw new SimulationError(
      'SIMULATION_MISUSED',
      { zh: `一个模拟柜台不能同时供终端 ${owner} 和 ${terminal.id} 使用`, en: `One simulated counter can not serve the terminals ${owner} and ${terminal.id}` },
      { zh: '为每台终端各建一个：deviceSim({ world: (terminal) => ... })', en: 'Make one for each: deviceSim({ world: (terminal) => ... })' },
    );
  };
};
