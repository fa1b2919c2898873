import type { HealthCheck } from '@tillwright/core/contract';
import type { AcquirerLine } from './acquirer-line.js';
import { HEALTH } from './texts.js';

const SCOPE = { method: 'card' } as const;

/** The acquirer takes connections. */
export const acquirerCheck = (line: AcquirerLine): HealthCheck => ({
  name: 'card-acquirer',
  label: HEALTH.acquirer.label,
  scope: SCOPE,
  check: async (signal) => ((await line.reach(signal)) ? { ok: true } : { ok: false, hint: HEALTH.acquirer.hint }),
});

/** The PIN pad has working keys; where it has none, or the host refused them, this signs on. */
export const workingKeysCheck = (line: AcquirerLine): HealthCheck => ({
  name: 'card-working-keys',
  label: HEALTH.keys.label,
  scope: SCOPE,
  check: async (signal) => {
    const signedOn = await line.ensureKeys({ signal });
    return signedOn.ok ? { ok: true } : { ok: false, hint: HEALTH.keys.hint(signedOn.why) };
  },
});
