/** Ways to break what keeps money safe, one by one. Each must be found by the simulation within the seeds that CI runs. */
import type { Edit } from './build.js';

export interface Mutation {
  readonly name: string;
  /** The money rule that it breaks, or what the log promises. */
  readonly rule: number | 'log';
  readonly edits: readonly Edit[];
  /** Found by runs of this flow alone: of all of them, too few go that way. */
  readonly flow?: string;
  /** Found by runs under such terms alone. */
  readonly terms?: 'standard' | 'mixed';
}

const SUBMITTING = 'engine/submitting.ts';
const UNDOING = 'engine/undoing.ts';
const SETTLER = 'engine/settler.ts';
const PAYMENT = 'engine/payment.ts';
const DUTIES = 'engine/duties.ts';
const TILL = 'till.ts';
const SCAN = 'log/scan.ts';
const ADAPTER = 'log/appending-adapter.ts';

/** Without the last looks before a submit, which would hide what went wrong earlier. */
const UNCHECKED = { file: SUBMITTING, find: 'if (undoes !== undefined) return undefined;\n    if (this.#hand.whyGivenUp(paymentId)) return {', put: 'if (undoes !== undefined || order !== undefined) return undefined;\n    if (this.#hand.whyGivenUp(paymentId)) return {' };

export const mutations: readonly Mutation[] = [
  {
    name: 'the intent is not waited for on disk',
    rule: 1,
    edits: [{ file: SUBMITTING, find: 'await journal.appendDurably([{ stream: stream.payment(paymentId), event: intent }]);', put: 'journal.append([{ stream: stream.payment(paymentId), event: intent }]);' }],
  },
  {
    name: 'a submit is sent twice',
    rule: 1,
    edits: [{ file: SUBMITTING, find: 'ask(() => found.method.submit(request, prepared, live), {', put: 'ask(async () => { await found.method.submit(request, prepared, live); return await found.method.submit(request, prepared, live); }, {' }],
  },
  {
    name: 'a submit is sent again to ask for its fate',
    rule: 1,
    edits: [{ file: SETTLER, find: 'method.inquire?.(recorded)', put: 'method.submit(attempt.request, attempt.prepared, { signal: this.#options.closing } as Live)' }],
  },
  {
    name: 'silence is a decline',
    rule: 2,
    edits: [{ file: 'engine/ask.ts', find: "const unanswered = { outcome: 'unknown', reason: 'no-answer', why: 'no answer in time' } as const;", put: "const unanswered = { outcome: 'declined', verified: true, code: '68', hint: { zh: '', en: '' }, again: 'never' } as const;" }],
  },
  {
    name: 'a throw after the first byte owes nothing',
    rule: 1,
    edits: [{ file: 'engine/ask.ts', find: "({ outcome: 'unknown', reason: 'no-answer', why: kindOf(error) }) as const", put: "({ outcome: 'not-sent', why: kindOf(error) }) as const" }],
  },
  {
    name: 'after the last inquiry it is taken for declined',
    rule: 2,
    edits: [{ file: DUTIES, find: "return { do: 'condemn', attempt: a.attempt, why: whyUndecided(a) };", put: 'return undefined;' }],
  },
  {
    name: 'an unverified refusal is believed',
    rule: 3,
    edits: [{ file: PAYMENT, find: 'if (answer.verified !== true) return', put: "if (answer.verified !== true && answer.outcome !== 'declined') return" }],
  },
  {
    name: 'an unverified undo is believed',
    rule: 3,
    edits: [{ file: UNDOING, find: 'judge(reverseAnswer(said), attempt.request)', put: 'reverseAnswer(said)' }],
  },
  {
    name: 'an approval for more than asked is taken',
    rule: 3,
    edits: [{ file: PAYMENT, find: 'amount.amountMinor <= request.amount.amountMinor;', put: 'true;' }],
  },
  {
    name: 'a duplicate is a decline',
    rule: 4,
    edits: [{ file: PAYMENT, find: "if (answer.outcome !== 'approved') return answer;", put: "if (answer.outcome === 'unknown' && answer.reason === 'duplicate') return { outcome: 'declined', verified: true, code: '94', hint: { zh: '', en: '' }, again: 'never' } as never;\n  if (answer.outcome !== 'approved') return answer;" }],
  },
  {
    name: 'absent is trusted for ever',
    rule: 5,
    edits: [{ file: DUTIES, find: "if (undone?.proof !== 'no-original') return undefined;", put: 'if (undone?.at !== Infinity) return undefined;' }],
  },
  {
    name: 'a code is not looked for until its end',
    rule: 5,
    edits: [{ file: DUTIES, find: 'undone.askedAt < hostExpiryMs || undone.unanswered > 0 ?', put: 'undone.unanswered > 0 ?' }],
    flow: 'wallet',
    terms: 'mixed',
  },
  {
    name: 'what can not be asked is not looked for again',
    rule: 5,
    edits: [{ file: DUTIES, find: '(!method.inquiry && (!method.reversal || a.undoes !== undefined))', put: '!method.inquiry' }],
  },
  {
    name: 'what a reversal needs is forgotten while it may be repeated',
    rule: 5,
    edits: [{ file: DUTIES, find: "(a.fate === 'undone' && !(context ? look(payment, a, context) : mayTurnUp(a)))", put: "a.fate === 'undone'" }],
  },
  {
    name: 'what turns up waiting for its payer is left waiting',
    rule: 5,
    edits: [{ file: PAYMENT, find: "if ((answer.outcome === 'pending' || hasFailed(answer)) && mayTurnUp(a) && at >= (a.prepared.hostExpiryMs ?? 0))", put: 'if (at < 0)' }],
  },
  {
    name: 'absent is proof',
    rule: 5,
    edits: [{ file: PAYMENT, find: "if (a.fate !== 'submitted' && a.fate !== 'undecided') return counted;", put: "if (a.fate !== 'submitted' && a.fate !== 'undecided') return counted;\n    if (answer.outcome === 'absent') return { ...counted, fate: 'declined' };" }],
  },
  {
    name: 'an approval of what was condemned restarts no undo',
    rule: 5,
    edits: [{ file: PAYMENT, find: "if (a.condemned) return changed(withoutUndone(approved), { fate: 'condemned'", put: "if (a.condemned && a.fate === 'undone') return a;\n      if (a.condemned) return changed(withoutUndone(approved), { fate: 'condemned'" }],
  },
  {
    name: 'an undo begins before its order is on disk',
    rule: 6,
    edits: [
      { file: UNDOING, find: 'await ports.log.durable(seq);', put: 'void seq;' },
      { file: UNDOING, find: 'await ports.log.durable(ports.log.head);', put: '' },
    ],
  },
  {
    name: 'a reversal does not wait until its host takes one',
    rule: 7,
    edits: [{ file: DUTIES, find: 'Math.max(a.submittedAt + reverse.notBeforeMs, ', put: 'Math.max(' }],
  },
  {
    name: 'a reversal goes on when the time of its host for it is over',
    rule: 2,
    edits: [{ file: DUTIES, find: 'submittedAt + policy.reverse.withinMs;', put: 'submittedAt + policy.reverse.withinMs * 1_000;' }],
  },
  {
    name: 'what was condemned is kept when it turns out approved',
    rule: 6,
    edits: [{ file: PAYMENT, find: "if (a.condemned) return changed(withoutUndone(approved), { fate: 'condemned', undo: { tries: a.undo.tries, reached: 0, lastAt: at } });", put: "if (a.condemned && a.fate !== 'condemned') return changed(withoutUndone(approved), { fate: 'completed' });" }],
  },
  {
    name: 'a void without an answer is voided again at once',
    rule: 7,
    edits: [{ file: DUTIES, find: 'for (const attempt of payment.attempts.toReversed()) {', put: 'for (const attempt of payment.attempts.filter((a) => a.undoes === undefined).toReversed()) {' }],
  },
  {
    name: 'a refund without an answer is repeated',
    rule: 7,
    edits: [{ file: DUTIES, find: "if (a.operation === 'refund') return unsureRefund(payment, a, context);", put: "if (a.operation === 'refund') return { do: 'undo-by', attempt: a.undoes ?? 1, operation: 'refund', at: context.now };" }],
  },
  {
    name: 'the card is not listened to',
    rule: 8,
    edits: [{ file: SUBMITTING, find: "() => method.complete?.(recorded, live) ?? Promise.resolve({ outcome: 'completed' })", put: "async () => { await method.complete?.(recorded, live); return { outcome: 'completed' as const }; }" }],
  },
  {
    name: 'a sale is committed before its card has accepted it',
    rule: 8,
    edits: [{ file: SUBMITTING, find: "answer.completion === 'none' && ", put: '' }],
  },
  {
    name: 'an approval is not waited for on disk',
    rule: 8,
    edits: [{ file: SUBMITTING, find: "if (answer.completion === 'due') await journal.ports.log.durable(seq);", put: "if (answer.completion === 'due') void seq;" }],
  },
  {
    name: 'what follows from a payment does not wait for the disk',
    rule: 8,
    edits: [{ file: 'engine/executions.ts', find: 'this.#options.journal.toldOnDisk(executionId)', put: 'undefined' }],
  },
  {
    name: 'a slip is printed before its payment is on disk',
    rule: 20,
    edits: [{ file: 'engine/receipts.ts', find: 'return seq > log.durableTo ? log.durable(seq) : undefined;', put: 'return undefined;' }],
  },
  {
    name: 'a slip that a lost end of the log tells of comes out again without its mark',
    rule: 17,
    edits: [
      { file: 'engine/receipts.ts', find: 'const isOlder = hold !== undefined && !hold.acknowledged;', put: 'const isOlder = hold?.hash === order.step;' },
      { file: TILL, find: 'this.#receipts.doubt(terminalId);', put: '' },
    ],
  },
  {
    name: 'a committed sale is undone',
    rule: 9,
    edits: [
      { file: UNDOING, find: 'if (!payment || payment.committed || isSettled(payment)) continue;', put: 'if (!payment) continue;' },
      { file: 'engine/executions.ts', find: '!payment.committed && !isSettled(payment)', put: 'true' },
    ],
  },
  {
    name: 'what nobody committed is not undone at the end',
    rule: 10,
    edits: [{ file: UNDOING, find: 'for (const id of paymentIds.toReversed()) {', put: 'for (const id of paymentIds.slice(1)) {' }],
  },
  {
    name: 'a lane is opened while its undo is under way',
    rule: 12,
    edits: [{ file: UNDOING, find: "if (payment && !payment.attempts.some((a) => a.fate === 'condemned'))", put: 'if (payment)' }],
  },
  {
    name: 'a shut lane stops nobody',
    rule: 12,
    edits: [
      { file: 'engine/lanes.ts', find: 'if (index === -1 && state.undos.size === 0) index = 0;', put: 'if (index === -1) index = 0;' },
      { file: 'engine/lanes.ts', find: 'while (granted && !options.undo && this.#lane(lane).undos.size > 0)', put: 'while (false)' },
    ],
  },
  {
    name: 'two messages at once on a lane',
    rule: 12,
    edits: [{ file: 'engine/lanes.ts', find: 'if (state.busy) return;', put: '' }],
  },
  {
    name: 'lanes are open after a restart',
    rule: 12,
    edits: [{ file: SETTLER, find: '      this.#hand.shutLane(payment);\n      this.settle(payment.paymentId);', put: '      this.settle(payment.paymentId);' }],
  },
  {
    name: 'a new attempt while the former one is undecided',
    rule: 13,
    edits: [
      { file: 'engine/charge.ts', find: '(last.taskAttempt === taskAttempt || !ended)', put: 'last.taskAttempt === taskAttempt' },
      { file: SUBMITTING, find: 'if (former && (isUndecided(former) || paidMinor(former) > 0 || !this.#hand.methodOf(former))) return', put: 'if (former && isResolved(former)) return' },
      UNCHECKED,
    ],
    flow: 'tried-again',
  },
  {
    name: 'a step that a restart finds submitted is submitted anew',
    rule: 13,
    edits: [
      { file: SETTLER, find: 'if (known === undefined) {', put: "if (known === undefined || ['undecided', 'submitted'].includes(this.#hand.payment(paymentId)?.attempts.at(-1)?.fate ?? '')) {" },
      { file: SUBMITTING, find: 'if (former && (isUndecided(former) || paidMinor(former) > 0 || !this.#hand.methodOf(former))) return', put: 'if (former && isResolved(former)) return' },
      UNCHECKED,
    ],
  },
  {
    name: 'a payment of which one case is resolved leaves memory with another one open',
    rule: 17,
    flow: 'grown',
    edits: [{ file: 'engine/journal.ts', find: 'isSettled(payment) && !openCase(payment) && ', put: 'isSettled(payment) && ' }],
  },
  {
    name: 'an approval after a decline is an answer like others',
    rule: 5,
    flow: 'tried-again',
    edits: [{ file: PAYMENT, find: "if (a.fate === 'declined' && heard.outcome === 'approved') return {", put: "if (a.fate === 'declined' && heard.outcome === 'declined') return {" }],
  },
  {
    name: 'an approval after a decline is no case',
    rule: 5,
    flow: 'tried-again',
    edits: [{ file: SUBMITTING, find: "openCase(payment) || isResolved(payment) ? undefined : ports.ids.next('case')", put: "payment ? undefined : ports.ids.next('case')" }],
  },
  {
    name: 'what the host declined for good is asked for again',
    rule: 13,
    flow: 'declined-again',
    edits: [{ file: 'engine/charge.ts', find: "return answer.again === 'never' || (", put: "return (answer.again === 'new-input' && request.attempt === 0) || (" }],
  },
  {
    name: 'input that was declined is new once other input came in between',
    rule: 13,
    flow: 'declined-again',
    edits: [{ file: 'engine/charge.ts', find: "a.fate === 'declined').map(forGood)", put: "a.fate === 'declined').slice(-1).map(forGood)" }],
  },
  {
    name: 'a cancel during submit is forgotten',
    rule: 14,
    edits: [{ file: SETTLER, find: 'if (!this.#hand.givenUp.has(paymentId)) this.#hand.givenUp.set(paymentId, why);', put: 'void why;' }],
  },
  {
    name: 'whoever has cancelled is charged by a Retry',
    rule: 14,
    edits: [
      { file: 'engine/executions.ts', find: 'each === `${step}@${attempt}` || (running.movesMoney && each.startsWith(`${step}@`))', put: "each === ''" },
      { file: 'engine/standard/payment.ts', find: "givenUpAs(stop.reason) === 'cancelled') throw stop.reason;", put: "givenUpAs(stop.reason) === 'cancelled' && context.attempt === 0) throw stop.reason;" },
    ],
  },
  {
    name: 'what is given up while its intent goes to disk is sent',
    rule: 14,
    flow: 'grown',
    edits: [{ file: SUBMITTING, find: 'if (this.#hand.whyGivenUp(paymentId)) return {', put: "if (paymentId === '') return {" }],
  },
  {
    name: 'the same key starts another transaction',
    rule: 15,
    edits: [{ file: TILL, find: 'const known = key === undefined ? undefined : await this.#journal.started(key);', put: 'const known = undefined as { execution: string; content: string } | undefined;' }],
  },
  {
    name: 'a start with a key is not waited for on disk',
    rule: 15,
    edits: [{ file: TILL, find: 'if (key !== undefined) await this.#ports.log.durable(this.#ports.log.head);', put: '' }],
  },
  {
    name: 'another payment of a sale is begun while one is undecided',
    rule: 15,
    edits: [{ file: SUBMITTING, find: 'each.paymentId !== paymentId && (isUndecided(each) || openCase(each) || this.#isLeft(each))', put: 'each.paymentId === paymentId && openCase(each)' }, UNCHECKED],
  },
  {
    name: 'a sale that is paid is paid once more',
    rule: 15,
    edits: [{ file: SUBMITTING, find: "if (tooMuch !== undefined) return { is: 'exceeds-due', why: tooMuch };", put: '' }, UNCHECKED],
  },
  {
    name: 'two payments of a sale are begun at once',
    rule: 15,
    edits: [{ file: SUBMITTING, find: 'this.#begun.set(order.saleReference, order.paymentId);', put: '' }, UNCHECKED],
  },
  {
    name: 'a result is told before it is on disk',
    rule: 11,
    edits: [{ file: 'engine/history.ts', find: 'this.#log.durable(entry.seq).then(', put: 'Promise.resolve().then(' }],
  },
  {
    name: 'a result does not tell what is unsettled',
    rule: 11,
    edits: [{ file: 'engine/history.ts', find: '.filter((payment) => !isSettled(payment)).map(viewOf)', put: '.filter(() => false).map(viewOf)' }],
  },
  {
    name: 'the result of a flow that failed does not tell what stays paid',
    rule: 9,
    edits: [{ file: 'engine/history.ts', find: ".filter(({ state }) => state === 'paid')", put: '.filter(() => false)' }],
  },
  {
    name: 'what a reversal needs is not sealed',
    rule: 1,
    edits: [{ file: SUBMITTING, find: 'const refused = sealed && (await this.seal(request, sealed));', put: 'const refused = undefined as TillwrightError | undefined;' }],
  },
  {
    name: 'what a reversal needs is forgotten as soon as the host has answered',
    rule: 7,
    edits: [{ file: SUBMITTING, find: 'await this.record({ paymentId, attempt, to: \'submit\', try: 1 }, judge(answer, request));', put: "await this.record({ paymentId, attempt, to: 'submit', try: 1 }, judge(answer, request));\n      await ports.sealed.forget(sealedKey(paymentId, attempt));" }],
  },
  {
    name: 'what was sealed is never forgotten',
    rule: 7,
    edits: [{ file: DUTIES, find: "  );\n  return forgettable && { do: 'forget', attempt: forgettable.attempt };", put: '  );\n  return forgettable && undefined;' }],
  },
  {
    name: 'a void that is through keeps what its own reversal would have needed',
    rule: 7,
    edits: [{ file: DUTIES, find: '((payment.committed && !turnedUp(a)) || a.undoes !== undefined)', put: '(payment.committed && !turnedUp(a))' }],
  },
  {
    name: 'a scope gives up in memory alone',
    rule: 10,
    edits: [{ file: UNDOING, find: 'inputs.push({ stream: stream.payment(id), event });', put: "if (event.type !== 'paymentGivenUp') inputs.push({ stream: stream.payment(id), event });" }],
  },
  {
    name: 'what is durable is told before it is synced',
    rule: 'log',
    edits: [{ file: ADAPTER, find: 'this.syncs += 1;\n      await file.sync();', put: 'this.syncs += 1;' }],
  },
  {
    name: 'an event is shown before it is on disk',
    rule: 'log',
    edits: [{ file: TILL, find: 'record && record.seq <= durableTo; record', put: 'record && durableTo > 0; record' }],
  },
  {
    name: 'a short write is taken for a whole one',
    rule: 'log',
    edits: [{ file: ADAPTER, find: 'if (written !== bytes.length) throw new Error(`only ${written} of ${bytes.length} bytes were written`);', put: 'void written;' }],
  },
  {
    name: 'what a failed sync left is not written again',
    rule: 'log',
    edits: [{ file: ADAPTER, find: 'await this.#fs.refresh(path, options.claimed);', put: '' }],
  },
  {
    name: "a new segment's name is not synced",
    rule: 'log',
    edits: [{ file: ADAPTER, find: 'await this.#fs.syncDirectory(this.#dir);\n    return this.#file;', put: 'return this.#file;' }],
  },
  {
    name: 'a torn tail is not cut',
    rule: 'log',
    edits: [{ file: ADAPTER, find: 'if (options.cut) await this.#file.truncate(segment.size);', put: '' }],
  },
  {
    name: 'more than the torn tail is cut',
    rule: 'log',
    edits: [{ file: SCAN, find: "lastSegment: numbers.length,\n    length: end.length,", put: 'lastSegment: numbers.length,\n    length: end.claimed,' }],
  },
  {
    name: 'damage is taken for a torn tail',
    rule: 'log',
    edits: [{ file: SCAN, find: "if (later?.is === 'batch' && later.durableTo > chain.seq)", put: "if (later?.is === 'batch' && later.durableTo < 0)" }],
  },
  {
    name: 'what a crash tore within one append is kept in part',
    rule: 'log',
    edits: [{ file: 'log/file-log.ts', find: 'segment.pending.push(record);', put: 'segment.pending.push(record);\n    this.#writeDown(segment);' }],
  },
  {
    name: 'a checkpoint is trusted though its record is not there',
    rule: 'log',
    edits: [{ file: 'log/opening.ts', find: "tail.end.is === 'sound' && tail.reached && restore(checkpoint.state)", put: "tail.end.is === 'sound' && restore(checkpoint.state)" }],
  },
  {
    name: 'a sealed segment is not in the index',
    rule: 'log',
    edits: [{ file: 'log/file-log.ts', find: 'this.#index.add(segment.number, next.prev, this.#terms.get(segment.number) ?? new Set());', put: 'this.#index.add(segment.number, next.prev, new Set());' }],
  },
  {
    name: 'what is sealed is not synced',
    rule: 'log',
    edits: [{ file: 'log/sealed-store.ts', find: 'await this.#sync(file);', put: '' }],
  },
  {
    name: 'an older copy of the log is gone on with',
    rule: 17,
    edits: [{ file: 'engine/log-marks.ts', find: 'if (mark !== undefined && !(await this.#inLog(mark))) {', put: 'if (mark !== undefined && mark.seq < 0) {' }],
  },
  {
    name: 'a held terminal settles what a former life left open',
    rule: 17,
    edits: [
      { file: SETTLER, find: 'if (!payment || marks.isHeld(terminalId)) return;', put: 'if (!payment) return;' },
      { file: DUTIES, find: 'if (isHandsOff(payment) && !isResolved(payment)) return undefined;', put: '' },
    ],
  },
  {
    name: 'a plugin settles what it does not read',
    rule: 18,
    edits: [{ file: 'engine/in-hand.ts', find: 'return found && unread(payment, found.method) === undefined ? found : undefined;', put: 'return found;' }],
  },
  {
    name: 'what no plugin settles is no case',
    rule: 18,
    edits: [{ file: SETTLER, find: 'if (found || openCase(payment) || isResolved(payment)) return false;', put: 'if (found !== null) return false;' }],
  },
  {
    name: 'of what no plugin settles nobody is told',
    rule: 18,
    edits: [{ file: SETTLER, find: 'alarm({ kind, paymentId, caseId, why: opened.why });', put: "if (kind === 'case-opened') alarm({ kind, paymentId, caseId, why: opened.why });" }],
  },
  {
    name: 'the lane of what no plugin settles is open',
    rule: 18,
    edits: [
      { file: 'engine/in-hand.ts', find: 'if (openCase(payment) && settles) return;', put: 'if (openCase(payment)) return;' },
      { file: SETTLER, find: "if (kind === 'case-opened') this.#hand.reopenLanes(payment);", put: 'this.#hand.reopenLanes(payment);' },
    ],
  },
  {
    name: 'what was undone without proof is forgotten with its plugin',
    rule: 18,
    edits: [{ file: SETTLER, find: 'mayTurnUp(a) || owesAdvice(a)', put: 'owesAdvice(a)' }],
  },
  {
    name: 'an advice is forgotten with its plugin',
    rule: 18,
    edits: [{ file: SETTLER, find: 'mayTurnUp(a) || owesAdvice(a)', put: 'mayTurnUp(a)' }],
  },
  {
    name: 'an advice that nobody answered was delivered',
    rule: 9,
    edits: [{ file: SETTLER, find: "silent: 'again',", put: "silent: 'delivered'," }],
  },
  {
    name: 'an advice that the host does not take is told to nobody',
    rule: 9,
    edits: [{ file: SETTLER, find: "if (result === 'ask-person' && !openCase(waiting))", put: 'if (result === undefined)' }],
  },
  {
    name: 'an advice is delivered before its payment is committed',
    rule: 9,
    edits: [{ file: DUTIES, find: 'payment.committed && method.deliver ? payment.attempts.find(owesAdvice)', put: 'method.deliver ? payment.attempts.find(owesAdvice)' }],
  },
  {
    name: 'an advice that is still owed leaves memory',
    rule: 9,
    edits: [{ file: PAYMENT, find: 'isUnproven(a) || owesAdvice(a));', put: 'isUnproven(a));' }],
  },
  {
    name: 'a flow succeeds with an approval that nobody owns',
    rule: 10,
    edits: [{ file: 'engine/executions.ts', find: "unowned && last?.type === 'executionEnded'", put: "!unowned && last?.type === 'executionEnded'" }],
  },
  {
    name: "a workflow's time-out that passed while nobody was there comes before what was paid",
    rule: 9,
    edits: [{ file: 'engine/executions.ts', find: 'else if (paid?.told) void paid.told.then(fire);', put: '' }],
    flow: 'in-time',
    terms: 'standard',
  },
  {
    name: 'a Task that is tried again does not hear what became of the attempt before',
    rule: 13,
    edits: [{ file: SETTLER, find: 'goesOn(this.#hand.payment(paymentId), order.taskAttempt)', put: 'this.#hand.payment(paymentId)?.attempts.find((a) => a.taskAttempt === order.taskAttempt && a.undoes === undefined)?.taskAttempt' }],
    flow: 'tried-again',
  },
  {
    name: 'a flow that goes on without a payment pays for it once it is approved',
    rule: 10,
    edits: [{ file: 'engine/ownership.ts', find: '(step === event.step || within(event.step))', put: 'within(event.step)' }],
    flow: 'gone-without',
  },
];
