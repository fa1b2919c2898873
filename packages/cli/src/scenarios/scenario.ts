/** A scenario file as its schema lets it through. docs/scenarios.md tells what each field is for. */
import type { Json, JsonObject } from '@tillwright/core';

export interface ScenarioFile {
  /** Reactions that every scenario has beside its own. */
  readonly always?: readonly JsonObject[];
  /** Transitions that no person can cause, each with the reason. */
  readonly cannotReach?: readonly { readonly from: string; readonly to: string; readonly why: string }[];
  readonly scenarios?: readonly Scenario[];
}

export interface Scenario {
  readonly name: string;
  readonly note?: string;
  readonly input?: Json;
  /** As in a script of the simulated devices: what merchant and customer do. */
  readonly steps?: readonly JsonObject[];
  readonly hosts?: readonly HostFault[];
  readonly payers?: readonly ({ readonly host: 'alipay' | 'wechat' } & JsonObject)[];
  /** Members of the shop with their points; where there are any, points are a payment method. */
  readonly members?: readonly { readonly code: string; readonly name: string; readonly points: number }[];
  /** Cash is a payment method, too: one that needs nothing of the customer. */
  readonly cash?: boolean;
  readonly events?: readonly ScenarioEvent[];
  readonly expect?: Expectation;
}

export type ScenarioHost = 'acquirer' | 'alipay' | 'wechat' | 'points';

/** When something happens: as this Task begins for the nth time (1 if absent); before the transaction where `at` is absent. */
interface When {
  readonly at?: string;
  readonly nth?: number;
}

/** A fault of a simulated host, with what the host itself calls it. */
export type HostFault = When & { readonly host: ScenarioHost; readonly do: string } & JsonObject;

export type ScenarioEvent = When &
  (
    | { readonly do: 'restart' }
    /** The power fails as the Task ends: what it did is done, and that it has ended is not on disk. */
    | { readonly do: 'restart-after' }
    | { readonly do: 'cancel' }
    /** The customer scans the merchant's QR code. */
    | { readonly do: 'scan'; readonly outcome: 'pays' | 'walks-away' | 'declines' }
  );

/** A state, or one that ran another workflow with the states of that. */
export type Path = readonly (string | { readonly [state: string]: Path })[];

/** Only what is there is compared; of objects only the named fields. */
export interface Expectation {
  readonly result?: 'succeeded' | 'failed';
  readonly error?: string;
  readonly output?: Json;
  readonly path?: Path;
  /** In the order in which they were asked for. */
  readonly payments?: readonly JsonObject[];
  /** What the hosts' own books hold. */
  readonly ledger?: readonly JsonObject[];
  /** `merchant`, `customer`, with ` reprint` or ` torn` where it was. */
  readonly receipts?: readonly string[];
  /** Open cases at the end. */
  readonly cases?: number;
  /** Texts that stand on some receipt. */
  readonly printed?: readonly string[];
  /** Texts that were shown to somebody, in either language. */
  readonly shown?: readonly string[];
}
