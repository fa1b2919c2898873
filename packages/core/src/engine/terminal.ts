import type { Action, HealthCheck, PaymentMethod, PinPad, Printer, Scanner, Service, Terminal, Text, Vault } from '../contract.js';

/** A terminal with all that the plugins provide for it. */
export interface LoadedTerminal {
  readonly terminal: Terminal;
  readonly methods: ReadonlyMap<string, { readonly method: PaymentMethod; readonly plugin: string }>;
  /** namespace -> name -> action, plugins' only. */
  readonly actions: ReadonlyMap<string, { readonly [name: string]: Action }>;
  readonly checks: readonly HealthCheck[];
  /** Cleared when the terminal's transaction ends. */
  readonly vault: Vault & { clear(): void };
  /** In the order they were made. */
  readonly services: readonly { readonly plugin: string; readonly service: Service }[];
  readonly pinPad: PinPad | undefined;
  readonly printer: Printer | undefined;
  readonly scanner: Scanner | undefined;
  /** What the last self-check found wrong with a method: it is offered, but said to be unavailable. */
  readonly unready: Map<string, Text>;
}
