/** What registered plugins offer to workflows, as data: all that linking, the editor's schema and the docs need to know of them. */
import type { ActionManifest, JsonSchema, Operation, PaymentMethod, Text } from '../contract.js';

export interface ActionEntry extends ActionManifest {
  /** It submits payments: MONEY-RULES 13 and 14 hold for its Retry, cancel and time-out. */
  readonly movesMoney: boolean;
}

export interface MethodEntry {
  readonly id: string;
  readonly label: Text;
  readonly needs: PaymentMethod['needs'];
  readonly payerCode?: NonNullable<PaymentMethod['payerCode']>;
  readonly operations: readonly Operation[];
  readonly arguments: JsonSchema;
  readonly errors: { readonly [name: string]: Text };
}

export interface Catalogue {
  /** namespace -> action name -> what it is; core's own (`prompt`, `payment`, `printer`, `till`, `workflow`, ...) included. */
  readonly actions: { readonly [namespace: string]: { readonly [action: string]: ActionEntry } };
  readonly methods: readonly MethodEntry[];
  /** The other workflows that `workflow:run` may name. */
  readonly workflows: readonly string[];
}
