/**
 * What this life of the engine knows of its payments beside the log: whose card is still there, whose submit runs, who was given
 * up, which lanes are shut. All of it may die with the process; the log says what is owed then.
 */
import type { Alarm } from '../alarm.js';
import type { Live, PaymentMethod, Recorded, UndoReason } from '../contract.js';
import type { PaymentEvent } from '../events.js';
import type { DutyContext } from './duties.js';
import type { Journal } from './journal.js';
import { Lanes } from './lanes.js';
import type { LogMarks } from './log-marks.js';
import { type AttemptState, isUnproven, openCase, type PaymentState } from './payment.js';
import type { PayingScreen } from './paying-screen.js';
import type { Ports } from './ports.js';
import { Roster } from './roster.js';
import { Stops } from './stops.js';

/** The method as loaded for a terminal, and the plugin it came with. */
export interface FoundMethod {
  readonly method: PaymentMethod;
  readonly plugin: string;
}

/** An event of a payment on its way into the log. */
export interface PaymentInput {
  readonly stream: string;
  readonly event: PaymentEvent;
}

export interface SettlerOptions {
  readonly ports: Ports;
  readonly journal: Journal;
  readonly methodOf: (terminalId: string, method: string) => FoundMethod | undefined;
  readonly alarm: (alarm: Alarm) => void;
  /** What PIN pads remember of the log (17). */
  readonly marks: Pick<LogMarks, 'check' | 'isHeld' | 'keep'>;
  /** How long a sale waits for its lane before it is given up unsent (12). */
  readonly laneWaitMs: number;
  /** The engine stops: no new work begins. */
  readonly closing: AbortSignal;
  /** A write failed: memory is ahead of the disk, nothing more may be done. */
  readonly failed: (error: unknown) => void;
}

export class InHand {
  readonly options: SettlerOptions;
  readonly stops: Stops;
  readonly lanes = new Lanes();
  /** Why somebody asked to give a payment up, by payment. */
  readonly givenUp = new Map<string, UndoReason>();
  /** What dies with the process, by payment: while it is here the card can still complete. */
  readonly live = new Roster<string, Live>();
  /** By payment: what its Task shows, and the Task's attempt that began what that waits for. */
  readonly screens = new Roster<string, { readonly screen: PayingScreen; readonly taskAttempt: number }>();
  /** Sales' attempts on their way to an intent, by payment: what undoes a former one meanwhile has a number of its own. */
  readonly begun = new Map<string, number>();
  readonly #inFlight = new Roster<string, Set<number>>();
  readonly #watchers = new Roster<string, Set<() => void>>();

  constructor(options: SettlerOptions) {
    this.options = options;
    this.stops = new Stops(options.closing);
  }

  payment(paymentId: string): PaymentState | undefined {
    return this.options.journal.payments.get(paymentId);
  }

  /** Who settles a payment: its method, where that is there and reads all of it that still matters (18). */
  methodOf(payment: PaymentState): FoundMethod | undefined {
    const found = this.options.methodOf(payment.terminalId, payment.method);
    return found && unread(payment, found.method) === undefined ? found : undefined;
  }

  /** What a person is told of a payment that nobody settles. */
  whyNobody(payment: PaymentState): { readonly kind: 'plugin-missing' | 'data-version'; readonly why: string } {
    const found = this.options.methodOf(payment.terminalId, payment.method);
    if (!found) return { kind: 'plugin-missing', why: `the plugin of payment method ${payment.method} is not there` };
    const version = unread(payment, found.method);
    return { kind: 'data-version', why: `it was stored in data version ${version}, which payment method ${payment.method} does not read any more` };
  }

  /** Why it is to be given up: this life was asked to, or its scope ended in a former one. */
  whyGivenUp(paymentId: string): UndoReason | undefined {
    return this.givenUp.get(paymentId) ?? this.payment(paymentId)?.givenUp;
  }

  dutyContext({ paymentId }: PaymentState, method: PaymentMethod): DutyContext {
    const giveUp = this.whyGivenUp(paymentId);
    return {
      now: this.options.ports.clock.now(),
      inFlight: this.flying(paymentId),
      ...(giveUp ? { giveUp } : {}),
      mayComplete: this.live.has(paymentId),
      method: {
        policy: method.policy,
        inquiry: method.capabilities.inquiry,
        reversal: method.capabilities.reversal,
        deliver: method.deliver !== undefined,
      },
    };
  }

  /** What a plugin is told of an attempt, with what was sealed for it. */
  async recorded(payment: PaymentState, attempt: AttemptState): Promise<Recorded> {
    const { ports } = this.options;
    const sealed = attempt.sealed ? await ports.sealed.get(sealedKey(payment.paymentId, attempt.attempt)) : undefined;
    const original = payment.attempts.find((a) => a.attempt === attempt.undoes);
    return recordedOf(attempt, sealed, ports.clock.now(), original && recordedOf(original, undefined, ports.clock.now()));
  }

  /** Shuts the lanes of what must be undone, or asked for, before anybody else's sale (12). */
  shutLane(payment: PaymentState): void {
    // Where nobody goes on with the undo, only the person's word opens it (18).
    const settles = this.methodOf(payment) !== undefined;
    if (openCase(payment) && settles) return;
    for (const a of payment.attempts) {
      if (a.undoes !== undefined || a.fate === 'undone') continue;
      const undecidedAfterRestart = (a.fate === 'submitted' || a.fate === 'undecided' || a.fate === 'approved') && !this.live.has(payment.paymentId);
      if (undecidedAfterRestart || (a.fate === 'condemned' && (a.condemned?.remedy.do !== 'ask-person' || !settles))) this.lanes.shut(a.prepared.lane, payment.paymentId);
    }
  }

  reopenLanes(payment: PaymentState): void {
    for (const a of payment.attempts) this.lanes.reopen(a.prepared.lane, payment.paymentId);
  }

  /** Numbers need not be in order, nor without gaps: what was begun first may be sent last, or not at all. */
  nextAttempt(paymentId: string): number {
    const numbers = this.payment(paymentId)?.attempts.map(({ attempt }) => attempt) ?? [];
    return Math.max(this.begun.get(paymentId) ?? 0, ...numbers) + 1;
  }

  /** Attempts whose submit or completion runs. */
  flying(paymentId: string): ReadonlySet<number> {
    return this.#inFlight.get(paymentId) ?? NONE;
  }

  takeOff(paymentId: string, attempt: number): void {
    const flying = this.#inFlight.get(paymentId);
    if (flying) flying.add(attempt);
    else this.#inFlight.set(paymentId, new Set([attempt]));
  }

  land(paymentId: string, attempt: number): void {
    const flying = this.#inFlight.get(paymentId);
    if (flying?.delete(attempt) && flying.size === 0) this.#inFlight.delete(paymentId);
  }

  /** Resolves at the next `notify`. */
  changed(paymentId: string): Promise<void> {
    return new Promise((resolve) => {
      const watchers = this.#watchers.get(paymentId) ?? new Set();
      watchers.add(resolve);
      this.#watchers.set(paymentId, watchers);
    });
  }

  notify(paymentId: string): void {
    const watchers = this.#watchers.get(paymentId);
    this.#watchers.delete(paymentId);
    for (const watcher of watchers ?? []) watcher();
  }
}

export const recordedOf = (attempt: AttemptState, sealed: Uint8Array | undefined, now: number, original?: Recorded): Recorded => ({
  request: original ? { ...attempt.request, original } : attempt.request,
  prepared: attempt.prepared,
  ...(sealed ? { sealed } : {}),
  submittedAt: attempt.submittedAt,
  ...(attempt.approved ? { approved: attempt.approved } : {}),
  completed: attempt.completedOnce,
  now,
});

/** Versions of stored data that a method reads. */
export const readsVersion = ({ dataVersions = [1] }: PaymentMethod, version: number): boolean => dataVersions.includes(version);

/** The version of an attempt that the method would be asked about and does not read. */
const unread = (payment: PaymentState, method: PaymentMethod): number | undefined =>
  payment.attempts.find((a) => !(a.fate === 'declined' || a.fate === 'not-sent' || (a.fate === 'undone' && !isUnproven(a))) && !readsVersion(method, a.prepared.dataVersion))?.prepared.dataVersion;

const NONE: ReadonlySet<number> = new Set();

/** Under what the sealed store keeps an attempt's data. */
export const sealedKey = (paymentId: string, attempt: number): string => `${paymentId}@${attempt}`;

/** What an undo has of a live payment: nothing, it never needs a secret. */
export const noLive = (signal: AbortSignal): Live => ({
  vault: {
    put: () => {
      throw new Error('an undo keeps no secrets');
    },
    take: () => {
      throw new Error('an undo needs no secrets');
    },
    forget: () => {},
  },
  signal,
  show: () => {},
});
