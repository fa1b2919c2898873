/**
 * Every event that the log may hold, as one union. Past tense; no event repeats what the fold knows.
 * Streams: `x/<executionId>` an execution, `p/<paymentId>` a payment, `t/<terminalId>` a terminal, `e` the engine.
 */
import type {
  AdviceResult,
  Answer,
  Approved,
  Completion,
  Declined,
  Finding,
  PaymentFacts,
  PaymentRequest,
  Prepared,
  Remedy,
  ReverseAnswer,
  Undone,
  UndoReason,
} from './contract.js';
import type { Json, JsonObject } from './json.js';

/** `Split[1].Charge#2`: address of a state (branches and iterations in brackets) and its visit, counted over the whole execution. */
export type StepId = string;

/** A States error as it travels. */
export interface StatesError {
  readonly error: string;
  readonly cause: string;
}

export type ExecutionEvent =
  | {
      readonly type: 'executionStarted';
      /** What expressions see as `$states.context.Execution.Id` and `.Name`. */
      readonly executionId?: string;
      readonly executionName?: string;
      readonly key?: string;
      readonly terminal: string;
      readonly workflow: string;
      /** Workflow name -> content hash, for the whole closure. */
      readonly pins: { readonly [workflow: string]: string };
      /** Plugin name -> version. */
      readonly plugins: { readonly [plugin: string]: string };
      readonly input: Json;
    }
  /** A state was left: its output is the next one's input. `next` null ends the scope (or the execution, at the root). */
  | {
      readonly type: 'stepLeft';
      readonly step: StepId;
      readonly next: string | null;
      readonly output: Json;
      readonly assign?: JsonObject;
      /** Left by a Catch. */
      readonly caught?: StatesError;
    }
  /** Parallel, Map or `workflow:run` opened its scopes, with the evaluated input of each. */
  | {
      readonly type: 'scopesOpened';
      readonly step: StepId;
      readonly kind: 'parallel' | 'map' | 'workflow';
      readonly inputs: readonly Json[];
      /** How many may run at once; 0 is all. */
      readonly limit: number;
      /** `map`: how many iterations may fail. */
      readonly tolerated?: number;
      /** `workflow`: the target's name. */
      readonly workflow?: string;
      /** `workflow`: when TimeoutSeconds ends, in ms since 1970. */
      readonly dueAt?: number;
      /** `map` with an ItemSelector: the items before it, for `$states.context.Map.Item.Value`. */
      readonly items?: readonly Json[];
      readonly attempt: number;
    }
  /** A scope ended; the Parallel, Map or Task around it has not yet. */
  | ({ readonly type: 'scopeEnded'; readonly step: StepId; readonly index: number } & (
      | { readonly status: 'succeeded'; readonly output: Json }
      | ({ readonly status: 'failed' } & StatesError)
    ))
  | { readonly type: 'waitStarted'; readonly step: StepId; readonly dueAt: number }
  | {
      readonly type: 'taskStarted';
      readonly step: StepId;
      /** 1, then one more for each Retry. */
      readonly attempt: number;
      readonly resource: string;
      readonly arguments: Json;
      /** When TimeoutSeconds ends, in ms since 1970. */
      readonly dueAt?: number;
      readonly heartbeatMs?: number;
    }
  /** A failed attempt that a Retry takes up again at `retryAt`; `retrier` is its index, counted per state visit. */
  | ({ readonly type: 'taskFailed'; readonly step: StepId; readonly attempt: number; readonly retryAt: number; readonly retrier: number } & StatesError)
  /** One audience's answer to the prompt that a Task opened, while another is still asked: the last answer ends the Task, as one who cancels does. */
  | {
      readonly type: 'promptClosed';
      readonly step: StepId;
      readonly attempt: number;
      readonly audience: 'merchant' | 'customer';
      readonly how: 'answered' | 'cancelled';
      readonly value?: Json;
    }
  | { readonly type: 'cancelRequested'; readonly by: string; readonly reason: string }
  | ({ readonly type: 'executionEnded' } & (
      | { readonly status: 'succeeded'; readonly output: Json }
      | ({ readonly status: 'failed' } & StatesError)
    ));

/** What a case is about: one attempt of the sale, or what its approval left owed to the host; all of its payment where it names none. */
export interface CaseSubject {
  readonly attempt?: number;
  readonly about?: 'advice';
}

export type PaymentEvent =
  /** The intent: durable before the first byte (rule 1). A void or refund that undoes attempt n is an attempt of its own. */
  | {
      readonly type: 'paymentPrepared';
      readonly attempt: number;
      /** Who asked: the Task, and which attempt of it. */
      readonly execution: string;
      readonly step: StepId;
      readonly taskAttempt: number;
      readonly method: string;
      readonly plugin: string;
      /** What is due in all: the payment is committed once approved amounts cover it (rule 9). */
      readonly dueMinor: number;
      /** What stands of that for good in other transactions; absent where nothing does. */
      readonly paidElsewhereMinor?: number;
      /** At most one undecided payment for it, over all terminals, and no more is taken than what is due (rule 15). */
      readonly saleReference: string;
      readonly request: Omit<PaymentRequest, 'original'>;
      readonly prepared: Prepared;
      /** The sealed store holds something for it. */
      readonly sealed: boolean;
      /** The attempt that this one undoes. */
      readonly undoes?: number;
    }
  /** What was heard. `to` names the question: the submit, inquiry n, watch n, or a late answer that nobody waited for. */
  | {
      readonly type: 'paymentAnswered';
      readonly attempt: number;
      readonly to: 'submit' | 'inquire' | 'watch' | 'late';
      readonly try: number;
      readonly answer: Answer | Finding;
    }
  | { readonly type: 'paymentCompleted'; readonly attempt: number; readonly completion: Completion; readonly facts?: PaymentFacts }
  | { readonly type: 'paymentCommitted' }
  /** Its scope ended badly while its submit was under way: it is condemned when that is answered (rule 10). */
  | { readonly type: 'paymentGivenUp'; readonly why: UndoReason }
  | { readonly type: 'paymentCondemned'; readonly attempt: number; readonly why: UndoReason; readonly remedy: Remedy }
  | {
      readonly type: 'paymentUndoAnswered';
      readonly attempt: number;
      readonly try: number;
      readonly answer: ReverseAnswer;
    }
  /** An answer against what is known for good: a decline, what is paid, or what a person decided (rule 5). */
  | { readonly type: 'paymentContradicted'; readonly known: string; readonly heard: Approved | Declined | Undone }
  | { readonly type: 'sealedForgotten'; readonly attempt: number }
  /** A try to deliver what the approval left owed to the host (rule 9). */
  | { readonly type: 'adviceAnswered'; readonly attempt: number; readonly try: number; readonly result: AdviceResult }
  /** `handsOff`: while it is open nothing is asked or undone by itself (rule 17). */
  | ({ readonly type: 'caseOpened'; readonly caseId: string; readonly why: string; readonly handsOff?: true } & CaseSubject)
  | {
      readonly type: 'caseResolved';
      readonly caseId: string;
      readonly as: 'paid' | 'not-paid' | 'undone';
      /** Of what was paid in part. */
      readonly amountMinor?: number;
      readonly by: string;
      readonly reason: string;
    }
  | { readonly type: 'receiptOwed'; readonly receiptId: string; readonly copies: readonly ('merchant' | 'customer')[]; readonly document: JsonObject }
  /** No paper, or no printer, before the first line: what prints later is the first print. Any other gap leaves doubt, and prints a reprint (rule 20). */
  | { readonly type: 'receiptDeferred'; readonly receiptId: string; readonly copy: 'merchant' | 'customer' }
  /** What was deferred is printed now: there may be lines on paper from here on. */
  | { readonly type: 'receiptBegun'; readonly receiptId: string; readonly copy: 'merchant' | 'customer' }
  | { readonly type: 'receiptPrinted'; readonly receiptId: string; readonly copy: 'merchant' | 'customer'; readonly reprint: boolean };

export type TerminalEvent =
  | { readonly type: 'terminalCounted'; readonly counter: string; readonly to: number }
  /** The PIN pad remembers a record that this log does not hold (rule 17). */
  | { readonly type: 'logHeld'; readonly record: { readonly stream: string; readonly seq: number; readonly hash: string } }
  | { readonly type: 'logAcknowledged'; readonly by: string; readonly reason: string };

export type EngineEvent =
  | { readonly type: 'engineOpened'; readonly version: string; readonly cut?: { readonly bytes: number } }
  | { readonly type: 'definitionStored'; readonly hash: string; readonly workflow: string; readonly source: string }
  | { readonly type: 'segmentSealed'; readonly segment: number; readonly records: number; readonly head: string };

export type TillEvent = ExecutionEvent | PaymentEvent | TerminalEvent | EngineEvent;

/** An event as the log holds it. */
export interface EventRecord<E extends TillEvent = TillEvent> {
  readonly seq: number;
  /** In ms since 1970. */
  readonly at: number;
  readonly stream: string;
  /** Version of the event's shape. */
  readonly v: number;
  readonly event: E;
}
