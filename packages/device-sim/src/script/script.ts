import type { CardEntry, Json } from '@tillwright/core/contract';
import type { CardFault } from '../devices/card-reader.js';
import type { DeviceName, Happening } from '../stage.js';

/** A script as its schema lets it through, in its one full form. */
export interface Script {
  readonly name?: string;
  readonly transactions: readonly ScriptTransaction[];
}

export interface ScriptTransaction {
  readonly name?: string;
  readonly input?: Json;
  readonly steps: readonly ScriptStep[];
  /** JSON Pointer to its steps. */
  readonly pointer: string;
}

export type PromptKind = 'amount' | 'choose' | 'confirm' | 'notice' | 'device';

export type When =
  | { readonly prompt: PromptKind; readonly audience?: 'merchant' | 'customer'; readonly shows?: string }
  | { readonly device: DeviceName };

export interface Reaction {
  readonly when: When;
  readonly times?: number | 'always';
  readonly answer?: Json;
  readonly cancel?: true;
  readonly walksAway?: true;
  readonly unavailable?: true;
  readonly card?: string;
  readonly by?: CardEntry;
  readonly fault?: CardFault | 'paper-out' | 'paper-out-midway' | 'unavailable';
  readonly pin?: string;
  readonly bypass?: true;
  readonly code?: string;
  readonly garbage?: true;
}

export interface Change {
  readonly fault?: 'paper-out' | 'network-down' | 'power-low' | 'clock-skew' | 'device-broken';
  readonly do?: 'paper-in' | 'network-up' | 'power-ok' | 'clock-right' | 'device-mended';
  readonly after?: Happening;
  readonly nth?: number;
  readonly device?: DeviceName;
  readonly skewMs?: number;
  readonly batteryPercent?: number;
}

export type ScriptStep = Reaction | Change;

export const isReaction = (step: ScriptStep): step is Reaction => 'when' in step;
