import { checkPlugins } from '@tillwright/core';
import { PaymentMethod, type Plugin, type Provision } from '@tillwright/core/contract';
import type { TillwrightConfig } from './config.js';
import { UsageError } from './exit.js';

/**
 * The plugins of a simulated shop. They are needed at once, and none may send what is only played to a host that is not.
 * @param defaults those whose hosts are simulated
 * @throws UsageError, PLUGIN_*
 */
export const simulatedPlugins = ({ plugins, simulated = false }: TillwrightConfig, defaults: readonly Plugin[]): readonly Plugin[] => {
  // Before the configuration has them, which may write its own among them.
  const played = new Set(defaults.flatMap(({ provides }) => provides));
  const chosen = plugins?.(defaults) ?? defaults;
  if ('then' in chosen) {
    // Whatever becomes of it is nobody's to tell any more.
    chosen.then(undefined, () => undefined);
    throw new UsageError('scenarios and simulations need a configuration whose `plugins` returns them at once, not a promise of them');
  }
  checkPlugins(chosen);
  const charging = simulated ? undefined : chosen.find(({ provides }) => provides.some((each) => mayCharge(each) && !played.has(each)));
  if (charging) {
    throw new UsageError(
      `plugin ${charging.name} has a payment method of its own: scenarios and simulations would charge at its host. Name a configuration by --config whose methods talk to simulated hosts, and write \`simulated: true\` in it`,
    );
  }
  return chosen;
};

/** What a factory makes is not known before it has made it; nor is what a method does that does not say so. */
const mayCharge = ({ token, how }: Provision): boolean => token.id === PaymentMethod.id && !(how.kind === 'value' && (how.value as Partial<PaymentMethod> | undefined)?.capabilities?.movesMoney === false);
