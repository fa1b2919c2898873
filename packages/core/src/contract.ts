/**
 * All that a plugin sees of Tillwright: types, a handful of constructors, and one version.
 * The rules behind the payment part stand in docs/money-rules.md under the same numbers.
 */
import type { Json, JsonObject, JsonSchema, Text } from './json.js';
import type { Money } from './money.js';
import type { Sensitive } from './sensitive.js';
import type { SettlingPolicy } from './settling-policy.js';

export type { Json, JsonObject, JsonSchema, Text } from './json.js';
export type { Money } from './money.js';
export { fromDecimal, money, toDecimal } from './money.js';
export { pluginOptions } from './plugin-options.js';
export { Sensitive } from './sensitive.js';
export { POLICY_OPTIONS, policyFrom, type PolicyOptions, type SettlingPolicy } from './settling-policy.js';

/** The contract that this core serves; it also serves plugins of the major before. 1.1 added `actor` to actions and the class `Sensitive`, 1.2 a method's `merchantQr` and its need `other`, 1.3 `pluginOptions` and what makes a settling policy of its options, 1.4 the reason `failed`. */
export const CONTRACT_VERSION = { major: 1, minor: 4 } as const;

// ---------------------------------------------------------------------------------------------------------------------
// Plugins and what they provide

/** A name for something that can be injected. Equal names are equal tokens, also from two copies of this package. */
export interface Token<T> {
  readonly id: symbol;
  readonly name: string;
  /** Several plugins may provide it; who needs it receives a list. */
  readonly many: boolean;
  /** Who needs it receives `undefined` where nothing provides it. */
  readonly optional: boolean;
  /** Never set: carries the type. */
  readonly type?: T;
}

/** A token of a plugin's own; give it a name with the package's in it: `token<Drawer>('acme/Drawer')`. */
export const token = <T>(name: string, options: { version?: number; many?: boolean } = {}): Token<T> => ({
  id: Symbol.for(`tillwright:${name}@${options.version ?? 1}`),
  name,
  many: options.many ?? false,
  optional: false,
});

/** The same token, for a need that may stay unmet. */
export const optional = <T>(wanted: Token<T>): Token<T | undefined> => ({ ...wanted, optional: true }) as Token<T | undefined>;

/** A list for a `many` token. */
export const all = <T>(wanted: Token<T>): Token<readonly T[]> => wanted as unknown as Token<readonly T[]>;

type Constructor<T> = new (...args: never[]) => T;

/** One thing a plugin provides, as data: the linker can list every missing need before anything is made. */
export interface Provision {
  readonly token: Token<unknown>;
  readonly how:
    | { readonly kind: 'value'; readonly value: unknown }
    | { readonly kind: 'factory'; readonly needs: readonly Token<unknown>[]; readonly make: (...needs: never[]) => unknown }
    /** A class decorated with inversify's explicit `@inject`. */
    | { readonly kind: 'class'; readonly constructor: Constructor<unknown> };
}

type Needed<N extends readonly Token<unknown>[]> = { [K in keyof N]: N[K] extends Token<infer T> ? T : never };

/** Begins a provision: `bind(PaymentMethod).from([Clock], (clock) => new Cash(clock))`. Made once for each terminal. */
export const bind = <T>(provided: Token<T>) => ({
  toValue: (value: T): Provision => ({ token: provided, how: { kind: 'value', value } }),
  from: <const N extends readonly Token<unknown>[]>(needs: N, make: (...needs: Needed<N>) => T): Provision => ({
    token: provided,
    how: { kind: 'factory', needs, make: make as unknown as (...needs: never[]) => unknown },
  }),
  toClass: (constructor: Constructor<T>): Provision => ({ token: provided, how: { kind: 'class', constructor } }),
});

export interface Plugin {
  readonly name: string;
  readonly version: string;
  readonly contract: { readonly major: number; readonly minor: number };
  readonly provides: readonly Provision[];
}

/** Describes a plugin; the contract version is that of the package it was written against. */
export const definePlugin = (plugin: { name: string; version?: string; provides: readonly Provision[] }): Plugin => ({
  name: plugin.name,
  version: plugin.version ?? '0.0.0',
  contract: CONTRACT_VERSION,
  provides: plugin.provides,
});

/**
 * What is provided may be opened before the first transaction and is closed with the engine, in reverse order; once, also where
 * terminals share it. What fails to open is not closed; what fails to close keeps nobody else from it.
 */
export interface Service {
  open?(): Promise<void>;
  close?(): Promise<void>;
}

// ---------------------------------------------------------------------------------------------------------------------
// What core gives to plugins

/** Milliseconds since 1970 (UTC), and timers on the same scale; plugins are told whole ones. Simulation turns it by hand. */
export interface Clock {
  now(): number;
  /** Resolves at `atMs`, or at once when it has passed; rejects with the signal's reason when aborted. */
  until(atMs: number, signal?: AbortSignal): Promise<void>;
}
export const Clock = token<Clock>('Clock');

/** Random bytes: a cryptographic source on a till, a seeded one in simulation. */
export interface RandomSource {
  bytes(length: number): Uint8Array;
}
export const RandomSource = token<RandomSource>('RandomSource');

/** The terminal for which a plugin was loaded. */
export interface Terminal {
  /** The engine's name of it: `T1`. */
  readonly id: string;
  /** Terminal id at the acquirer (DE 41, an 8). */
  readonly tid: string;
  /** Merchant id at the acquirer (DE 42, an 15). */
  readonly mid: string;
  /** Merchant's name as printed. */
  readonly name: string;
  readonly operatorId: string;
}
export const Terminal = token<Terminal>('Terminal');

/** Numbers that survive restarts: trace numbers (DE 11), batch numbers (DE 60.2). One writer: the engine's log. */
export interface Counters {
  /** The value last taken or set; `from` where there is none. */
  current(name: string, from: number): number;
  /** Takes the next one; after `max` comes `min` again. Durable before any payment that was prepared with it is submitted. */
  next(name: string, range: { readonly min: number; readonly max: number }): number;
  /** Sets one that somebody else decides: the batch number that a sign-on answered. */
  set(name: string, to: number): void;
}
export const Counters = token<Counters>('Counters');

/**
 * Card data, PINs and payer's codes: what lies behind a reference lives in memory and dies with the process.
 * A workflow, the log and every message see only the reference with its masked view.
 */
export interface Vault {
  put(kind: string, secret: Sensitive<unknown>, view: JsonObject): SensitiveReference;
  /**
   * What was put in.
   * @throws ActionError `Sensitive.Lost` when it died with a former process or was forgotten
   */
  take<T>(reference: Json, kind: string): Sensitive<T>;
  forget(reference: SensitiveReference): void;
}
export const Vault = token<Vault>('Vault');

/** What stands for sensitive data outside the vault. `view` is masked: `{ maskedPan: '622848******0019' }`. */
export interface SensitiveReference extends JsonObject {
  readonly sensitive: string;
  readonly kind: string;
  readonly view: JsonObject;
}

// ---------------------------------------------------------------------------------------------------------------------
// Actions: what a Task may call

export type Audience = 'merchant' | 'customer';

/** What an action's implementation is given beside its arguments. */
export interface ActionContext {
  readonly executionId: string;
  /** `Split[1].Charge#2`: the state's address and its visit. */
  readonly step: string;
  readonly terminal: Terminal;
  /** Aborted on cancel, on time-out, and when the engine closes. */
  readonly signal: AbortSignal;
  /** When the Task times out, in ms since 1970; absent without TimeoutSeconds. */
  readonly dueAt?: number;
  /**
   * Shows a text beside a working device ("insert, swipe or tap"); the screen's only answer to it is cancel, which aborts `signal`.
   * A later call replaces the former text for the same audience; all are taken away when the action ends.
   */
  show(audience: Audience, text: Text, details?: JsonObject): void;
  /** A sign of life, for Tasks with HeartbeatSeconds; `show` is one too. */
  heartbeat(): void;
}

/** What an action is, as data: the checker, the editor's schema and the docs read it. */
export interface ActionManifest {
  readonly arguments: JsonSchema;
  readonly result: JsonSchema;
  /** States error names that it may end with, each with the cashier's hint. */
  readonly errors: { readonly [name: string]: Text };
  /** What a restart does to one that was running: call it again, or fail it with `Task.Interrupted`. */
  readonly redo: 'again' | 'fail';
  readonly description: Text;
  /** Whose turn it is while it runs, where that is not the till's: a picture of the flow draws it in that lane. */
  readonly actor?: Audience | 'host';
}

export interface Action extends ActionManifest {
  run(args: JsonObject, context: ActionContext): Promise<Json>;
}

/** Types an action's arguments where its author writes it. */
export const action = <A = JsonObject>(
  definition: ActionManifest & { run(args: A, context: ActionContext): Promise<Json> },
): Action => definition as unknown as Action;

/** A namespace of actions: `reader` with `readCard` is called as `reader:readCard`. */
export interface Actions {
  readonly namespace: string;
  readonly actions: { readonly [name: string]: Action };
}
export const Actions = token<Actions>('Actions', { many: true });

const ACTION_ERROR = Symbol.for('tillwright:action-error');

/**
 * Ends a Task with a States error that the workflow can catch.
 * @param error a declared name, `Card.Unreadable`
 * @param cause what happened, without sensitive data
 * @param details joins `message` and `hint` in the Cause that the workflow sees (JSON text); a `hint` here is shown instead of the manifest's
 */
export class ActionError extends Error {
  readonly [ACTION_ERROR] = true;
  constructor(
    readonly error: string,
    cause: string,
    readonly details: JsonObject = {},
  ) {
    super(cause);
    this.name = 'ActionError';
  }
  static is(value: unknown): value is ActionError {
    return typeof value === 'object' && value !== null && ACTION_ERROR in value;
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// Payment methods

export type Operation = 'sale' | 'void' | 'refund';

/** What is asked of a method. Logged whole: `arguments` holds sensitive references, never what is behind them. */
export interface PaymentRequest {
  readonly paymentId: string;
  /** 1, 2, ...: each attempt has a reference of its own. */
  readonly attempt: number;
  readonly operation: Operation;
  readonly amount: Money;
  readonly terminalId: string;
  readonly operatorId: string;
  readonly allowPartial: boolean;
  /** For void and refund: what they undo. */
  readonly original?: Recorded;
  /** The `with` of the workflow's Task, checked against the method's own schema. */
  readonly arguments: JsonObject;
}

/** What `prepare` settles before a byte leaves. All of it is logged. */
export interface Prepared {
  /** Unique at the host for this attempt: trace number with terminal and batch, or trade number. */
  readonly reference: string;
  /** What is serial at the host, or a name of the attempt's own where nothing is. */
  readonly lane: string;
  /** When the host closes the attempt by itself, in ms since 1970. */
  readonly hostExpiryMs?: number;
  readonly data: JsonObject;
  /** Of the shape of `data`, counted up by the method whenever that changes: one of its `dataVersions`. */
  readonly dataVersion: number;
}

/** Only prepare, submit and complete see it: what dies with the process. */
export interface Live {
  readonly vault: Vault;
  readonly signal: AbortSignal;
  show(audience: Audience, text: Text, details?: JsonObject): void;
}

/** What inquire, reverse, remedy and deliver see: it never needs a secret after a restart. */
export interface Recorded {
  readonly request: PaymentRequest;
  readonly prepared: Prepared;
  /** As the PIN pad sealed it; absent once forgotten. */
  readonly sealed?: Uint8Array;
  /** In ms since 1970. */
  readonly submittedAt: number;
  readonly approved?: Approved;
  readonly completed: boolean;
  readonly now: number;
}

/**
 * A line of the receipt that the method adds: `{ key: 'authorizationCode', label, value: '123456' }`.
 * A method that brings `transactionType`, `dateTime` or `paidAt` replaces core's own line of that kind.
 */
export interface ReceiptField {
  readonly key: string;
  readonly label: Text;
  readonly value: string;
}

/** Facts that are kept for a void or refund months later, and for receipts. No PAN beyond first 6 / last 4. */
export interface PaymentFacts extends JsonObject {
  /** As printed, in this order. */
  readonly receipt: readonly (ReceiptField & JsonObject)[];
}

/** Only a verified answer decides: MAC or signature, amount, reference and terminal agree (rule 3). */
export interface Approved {
  readonly outcome: 'approved';
  readonly verified: true;
  readonly amount: Money;
  /** `due`: the card must still accept it (second GENERATE AC) before the Task succeeds. */
  readonly completion: 'due' | 'none';
  readonly facts: PaymentFacts;
  /** What `deliver` owes the host afterwards: an advice, a script result. It is logged. */
  readonly owed?: JsonObject;
}
/** `again`: after `reverse.backoffMs`, until `reverse.withinMs` after the submit; then, as after `ask-person`, a person is told. */
export type AdviceResult = 'delivered' | 'again' | 'ask-person';
export interface Declined {
  readonly outcome: 'declined';
  readonly verified: true;
  /** The host's own code: DE 39 or the wallet's. */
  readonly code: string;
  /** What the cashier reads. */
  readonly hint: Text;
  readonly again: 'never' | 'new-input' | 'sign-on-first' | 'later';
  /** A finer error for the workflow than `Payment.Declined`, one that the method declares: `Pin.Incorrect`. */
  readonly error?: string;
}
/** Verified: the host has it and has not decided. */
export interface Pending {
  readonly outcome: 'pending';
  readonly waitingFor: 'payer' | 'host';
  /** For the customer's display: a QR's content, a request to type the password. */
  readonly show?: JsonObject;
}
export interface Unknown {
  readonly outcome: 'unknown';
  /** `failed`: the host calls it failed and wants it undone, which proves nothing: it is not asked any more, but undone at once. */
  readonly reason: 'no-answer' | 'unverified' | 'garbled' | 'mismatch' | 'duplicate' | 'host-error' | 'failed';
  /** Without sensitive data. */
  readonly why: string;
}
/** Refused before any byte left: nothing is owed. */
export interface NotSent {
  readonly outcome: 'not-sent';
  readonly why: string;
}
/** "No such trade": proves nothing for ever (rule 5). */
export interface Absent {
  readonly outcome: 'absent';
}
export interface Undone {
  readonly outcome: 'undone';
  readonly verified: true;
  readonly proof: 'closed' | 'money-back' | 'acknowledged' | 'no-original';
}
export interface NotNow {
  readonly outcome: 'not-now';
  /** In ms since 1970. */
  readonly retryAt: number;
  readonly why: string;
}
export interface Refused {
  readonly outcome: 'refused';
  readonly code: string;
}

export type Answer = Approved | Declined | Pending | Unknown | NotSent;
export type Finding = Approved | Declined | Pending | Unknown | Absent | Undone;
/** `not-sent` here: the host could not be reached; such tries do not count towards `laneAttempts`. */
export type ReverseAnswer = Undone | Unknown | NotNow | Refused | NotSent;
export type Completion =
  | { readonly outcome: 'completed'; readonly facts?: PaymentFacts }
  /** The card said no (AAC) or is gone: the approval is condemned. */
  | { readonly outcome: 'refused-by-card'; readonly why: string };
export type Remedy =
  | { readonly do: 'reverse' }
  | { readonly do: 'void' | 'refund'; readonly amount: Money }
  | { readonly do: 'ask-person'; readonly why: string };
/** Why an attempt is undone; card methods map it to DE 39 of the reversal (98, A0, 06). */
export type UndoReason = 'no-answer' | 'unverified' | 'card-refused' | 'mismatch' | 'cancelled' | 'timed-out' | 'failed' | 'flow-failed';

/**
 * A way to pay. Settling is core's: a method brings primitives and timings.
 * Transport retries are off. Whatever is thrown after the first byte counts as `unknown`.
 * `submit` is called at most once for a reference, ever.
 */
export interface PaymentMethod extends Service {
  /** `card`, `alipay`, `wechat`, `acme-cash`. */
  readonly id: string;
  readonly label: Text;
  /**
   * What the customer brings; a flow branches on it, and gives `with` accordingly: `{ card, pin? }`, `{ mode: 'payer-code', code }`, or `{}`.
   * `other`: only a workflow of its own knows what to give; those that ship don't offer it.
   */
  readonly needs: 'card' | 'payer-code' | 'none' | 'other';
  /** For `payer-code`: which scanned codes are this method's. */
  readonly payerCode?: { readonly prefixes: readonly string[]; readonly minLength: number; readonly maxLength: number };
  /** For `payer-code`: given `{ mode: 'merchant-qr' }` instead, it shows a code of its own for the customer to scan. No unless told. */
  readonly merchantQr?: boolean;
  readonly capabilities: {
    /** What `submit` knows of: nothing else is asked of it. */
    readonly operations: readonly Operation[];
    readonly inquiry: boolean;
    readonly reversal: boolean;
    readonly completion: boolean;
    readonly partialApproval: boolean;
    /** False for what moves no money at a host (cash in the drawer): neither inquiry nor reversal is then asked for. */
    readonly movesMoney: boolean;
  };
  /** JSON Schema of the Task's `with`. */
  readonly arguments: JsonSchema;
  /** Finer States errors that `Declined.error` may name, with hints. */
  readonly errors: { readonly [name: string]: Text };
  readonly policy: SettlingPolicy;
  /**
   * Versions of `Prepared.data` that it reads: the one that it writes, and older ones that its users may still have open. `[1]`
   * unless told. A payment stored in another version is a person's: it becomes a case.
   */
  readonly dataVersions?: readonly number[];

  /**
   * Local only: takes trace numbers, builds references, seals what a reversal will need. Not a byte to the host.
   * @throws ActionError where the input does not fit (`Sensitive.Lost`, `Payer.CodeInvalid`): nothing is owed
   */
  prepare(request: PaymentRequest, live: Live): Promise<{ prepared: Prepared; sealed?: Uint8Array }>;
  submit(request: PaymentRequest, prepared: Prepared, live: Live): Promise<Answer>;
  complete?(recorded: Recorded, live: Live): Promise<Completion>;
  inquire?(recorded: Recorded): Promise<Finding>;
  reverse?(recorded: Recorded, reason: UndoReason, tryNumber: number): Promise<ReverseAnswer>;
  /** Pure. */
  remedy(recorded: Recorded): Remedy;
  /**
   * Brings the host what its approval left owed, in its turn on the lane. A crash may cut its answer off: it is called again for
   * what the host has taken already. Silence past `answerWithinMs` and throws are `again`.
   */
  deliver?(recorded: Recorded, owed: JsonObject): Promise<AdviceResult>;
}
export const PaymentMethod = token<PaymentMethod>('PaymentMethod', { many: true });

// ---------------------------------------------------------------------------------------------------------------------
// Readiness

/** One line of the till's self-check. `scope` tells what stands still when it fails: the whole till, or one payment method (its id). */
export interface HealthCheck {
  readonly name: string;
  readonly label: Text;
  readonly scope: 'till' | 'warning' | { readonly method: string };
  check(signal: AbortSignal): Promise<{ readonly ok: true } | { readonly ok: false; readonly hint: Text }>;
}
export const HealthCheck = token<HealthCheck>('HealthCheck', { many: true });

// ---------------------------------------------------------------------------------------------------------------------
// Devices: small enough that a vendor's SDK fits behind each in a page. A device throws ActionError with the names given.

export type CardEntry = 'swipe' | 'insert' | 'tap';

/** What the reader's kernel needs to know before a card comes; amounts in minor units. */
export interface ReadRequest {
  readonly accept: readonly CardEntry[];
  readonly amount: Money;
  /** Contactless: up to this no PIN and no signature is asked for. */
  readonly noPinLimitMinor: number;
  /** Terminal data objects (BER-TLV) for the kernel: 9F02 9F03 9F1A 5F2A 9A 9C 9F37 9F33 9F35 9F1E 9F09 9F41 95. */
  readonly terminalData: Uint8Array;
  readonly signal: AbortSignal;
}

export type CardRead =
  /** Track data as read, without sentinels; `=` separates. */
  | { readonly entry: 'swipe'; readonly track2: Sensitive<string>; readonly track3?: Sensitive<string> }
  /** Card data objects read so far, as BER-TLV (57, 5A, 5F34, 84, 50, 82, 9F36, ...); the session goes on until `remove`. */
  | { readonly entry: 'insert'; readonly data: Sensitive<Uint8Array>; readonly chip: ChipSession; readonly cvm: 'online-pin' | 'none' }
  /** One tap, cryptogram included (9F26 9F27 9F10 ...); the card may leave. */
  | { readonly entry: 'tap'; readonly data: Sensitive<Uint8Array>; readonly cvm: 'online-pin' | 'none' };

/** An inserted chip card. Throws ActionError `Card.Removed` once the card is gone. */
export interface ChipSession {
  /** First GENERATE AC: terminal data objects in, 9F26 9F27 9F10 9F36 95 out. 9F27 tells AAC (00), TC (40) or ARQC (80). Once in a session, as cards give it. */
  firstGenerateAc(terminalData: Uint8Array): Promise<Uint8Array>;
  /** EXTERNAL AUTHENTICATE with 91, second GENERATE AC, scripts 71/72: 9F26 9F27 95 9B (DF31) out. */
  secondGenerateAc(responseCode: string, issuerData: Uint8Array): Promise<Uint8Array>;
}

/** Throws ActionError: `Card.Unreadable`, `Card.ChipFailed`, `Card.Removed`, `Device.Unavailable`. */
export interface CardReader {
  read(request: ReadRequest): Promise<CardRead>;
  /** Asks for the card back; resolves when it is gone or was never in. */
  remove(): Promise<void>;
}
export const CardReader = token<CardReader>('CardReader');

/**
 * A record of the engine's log and the terminal's numbers (trace, batch) at that time: what a PIN pad remembers of the log, so that one
 * which was restored from an older copy is recognised (rule 17). Opaque to the pad.
 */
export interface LogMark {
  readonly stream: string;
  readonly seq: number;
  /** SHA-256 of the record, hex. */
  readonly hash: string;
  readonly counters: { readonly [name: string]: number };
}

/** Keys and clear PINs never leave it. Throws ActionError: `PinPad.NoKeys`, `PinPad.BadKey`, `Device.Unavailable`. */
export interface PinPad {
  readonly serial: string;
  /** True when PIN key and MAC key are loaded. */
  ready(): Promise<boolean>;
  /** Working keys as the host's sign-on sent them, encrypted under the terminal master key, each with its check value (4 bytes). */
  loadWorkingKeys(keys: {
    readonly pin: { readonly encrypted: Uint8Array; readonly checkValue: Uint8Array };
    readonly mac: { readonly encrypted: Uint8Array; readonly checkValue: Uint8Array };
  }): Promise<void>;
  /**
   * Shows the amount, takes digits, gives an ISO 9564 format 0 block under the PIN key (DE 52, 8 bytes).
   * @param request.onDigits how many digits stand there now: displays show as many stars
   */
  enterPin(request: {
    readonly pan: Sensitive<string>;
    readonly amount: Money;
    readonly minLength: number;
    readonly maxLength: number;
    readonly allowBypass: boolean;
    readonly signal: AbortSignal;
    onDigits?(count: number): void;
  }): Promise<{ readonly status: 'entered'; readonly pinBlock: Sensitive<Uint8Array> } | { readonly status: 'bypassed' } | { readonly status: 'cancelled' }>;
  /** 8 bytes over the message authentication block, under the MAC key. */
  mac(data: Uint8Array, algorithm: 'unionpay-ecb' | 'x9.19'): Promise<Uint8Array>;
  /** AES-GCM under a device key that sign-on does not replace, bound to `context`. */
  seal(plain: Sensitive<Uint8Array>, context: string): Promise<Uint8Array>;
  /** @throws ActionError `PinPad.Replaced` when it was sealed by another pad or for another context */
  unseal(sealed: Uint8Array, context: string): Promise<Sensitive<Uint8Array>>;
  /** What it was last given to keep. A pad may leave both out: all works as ever, and a restored log is not recognised at its terminal. */
  logMark?(): Promise<LogMark | undefined>;
  /** Replaces what it kept; resolves once that outlives a power failure. Asked before each payment is sent and after each is decided. */
  keepLogMark?(mark: LogMark): Promise<void>;
}
export const PinPad = token<PinPad>('PinPad');

/** Throws ActionError `Device.Unavailable`. Resolves with the code's text once one is scanned. */
export interface Scanner {
  scan(signal: AbortSignal): Promise<Sensitive<string>>;
}
export const Scanner = token<Scanner>('Scanner');

/** What is to be printed, as data: the printer's package renders it. */
export interface ReceiptDocument extends JsonObject {
  readonly id: string;
  readonly copy: 'merchant' | 'customer';
  readonly reprint: boolean;
  readonly merchantName: string;
  /** 签购单 / SALES SLIP. */
  readonly title: Text & JsonObject;
  readonly language: 'zh' | 'en' | 'both';
  /** In the order printed; `large` is the amount. */
  readonly lines: readonly (JsonObject & { readonly label: Text & JsonObject; readonly value: string; readonly large?: boolean })[];
  /** `signature`: a line to sign on (merchant's copy); `none`: the no-signature text. */
  readonly signature: 'signature' | 'none' | 'absent';
  readonly notes: readonly (Text & JsonObject)[];
}

/** Throws ActionError: `Printer.NoPaper`, `Device.Unavailable`. */
export interface Printer {
  print(document: ReceiptDocument, signal: AbortSignal): Promise<void>;
  status(): Promise<{ readonly paper: boolean }>;
  /** Calls back when paper is put in; the engine prints what is owed. Returns how to stop listening. */
  onPaper?(listener: () => void): () => void;
}
export const Printer = token<Printer>('Printer');

/** Power, network, and a clock to hold the till's own against. */
export interface TillStatus {
  power(): Promise<{ readonly ok: boolean; readonly batteryPercent?: number }>;
  network(): Promise<{ readonly ok: boolean }>;
  /** The device's wall clock in ms since 1970. */
  clock(): Promise<number>;
}
export const TillStatus = token<TillStatus>('TillStatus');
