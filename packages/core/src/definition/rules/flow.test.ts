/** Rules on the way through a flow: variables, confirmation, payment, receipt, prompts, errors. */
import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '../../json.js';
import { checkWorkflows } from '../check.js';
import { circlesOf } from '../flow/circles.js';
import { catalogue } from '../sample.js';

const flow = (states: JsonObject, rest: JsonObject = {}): JsonObject => ({ QueryLanguage: 'JSONata', StartAt: Object.keys(states)[0] ?? '', States: states, ...rest });
const diagnostics = (...workflows: Json[]) =>
  checkWorkflows(Object.fromEntries(workflows.map((value, index) => [index === 0 ? 'main' : `part-${index}`, { file: index === 0 ? 'main' : `part-${index}`, text: JSON.stringify(value, null, 1) }])), catalogue).diagnostics;
/** Codes that begin so, with where they stand. */
const found = (prefix: string, ...workflows: Json[]): string[] =>
  diagnostics(...workflows).filter(({ code }) => code.startsWith(`WORKFLOW_${prefix}`)).map(({ code, pointer, file }) => `${code.slice('WORKFLOW_'.length)} ${file === 'main' ? '' : file}${pointer}`);

const caught: JsonObject[] = [{ ErrorEquals: ['States.ALL'], Next: 'Failed' }];
const task = (Resource: string, Next: string | undefined, more: JsonObject = {}): JsonObject => ({ Type: 'Task', Resource, TimeoutSeconds: 60, Catch: caught, ...(Next === undefined ? { End: true } : { Next }), ...more });
const confirm = (Next: string, more: JsonObject = {}): JsonObject => task('prompt:confirm', Next, { Arguments: { audience: 'customer' }, ...more });
const pay = (Next: string | undefined, more: JsonObject = {}): JsonObject => task('payment:sale', Next, { Arguments: { method: 'cash', amountMinor: 1 }, ...more });
const print = (Next: string): JsonObject => task('printer:print', Next);
const pass = (Next: string, more: JsonObject = {}): JsonObject => ({ Type: 'Pass', Next, ...more });
const run = (workflow: string, Next: string | undefined, more: JsonObject = {}): JsonObject => ({ Type: 'Task', Resource: 'workflow:run', Arguments: { workflow }, Catch: caught, ...(Next === undefined ? { End: true } : { Next }), ...more });
const choice = (Next: string, Default: string): JsonObject => ({ Type: 'Choice', Choices: [{ Condition: '{% $states.input.x %}', Next }], Default });
const parallel = (Next: string, ...branches: JsonObject[]): JsonObject => ({ Type: 'Parallel', Branches: branches.map((states) => ({ StartAt: Object.keys(states)[0] ?? '', States: states })), Catch: caught, Next });
const each = (Next: string, states: JsonObject, more: JsonObject = {}): JsonObject => ({
  Type: 'Map',
  Items: '{% $states.input.items %}',
  ItemProcessor: { StartAt: Object.keys(states)[0] ?? '', States: states },
  Catch: caught,
  Next,
  ...more,
});
const ends: JsonObject = { Done: { Type: 'Succeed' }, Failed: { Type: 'Fail', Error: 'Sale.Failed' } };
const end: JsonObject = { Done: { Type: 'Succeed' } };

describe('a sound sale', () => {
  it('is told of nothing', () => {
    const sale = flow({ Amount: task('prompt:amount', 'Confirm'), Confirm: confirm('Pay'), Pay: pay('Print'), Print: print('Done'), ...ends });
    expect(diagnostics(sale)).toEqual([]);
  });
});

describe('variables', () => {
  const reads = (Output: Json = '{% $x %}'): JsonObject => ({ Read: { Type: 'Succeed', Output } });
  it('that nothing sets are refused, with the name that was probably meant', () => {
    const workflow = flow({ A: pass('Read', { Assign: { amountMinor: 1 } }), ...reads({ y: '{% $amuontMinor %}' }) });
    expect(diagnostics(workflow)).toMatchObject([{ code: 'WORKFLOW_VARIABLE_UNKNOWN', severity: 'error', pointer: '/States/Read/Output/y', near: ['$amountMinor'] }]);
  });
  it('that are set too late are refused, and where they are set is told', () => {
    const workflow = flow({ Read: pass('Set', { Output: '{% $x %}' }), Set: { Type: 'Pass', Assign: { x: 1 }, End: true } });
    expect(diagnostics(workflow)).toMatchObject([{ code: 'WORKFLOW_VARIABLE_UNKNOWN', what: { en: expect.stringContaining('state "Set" sets it') } }]);
    expect(found('VARIABLE', flow({ A: pass('Read', { Assign: { x: 1, y: '{% $x %}' } }), ...reads() }))).toEqual(['VARIABLE_UNKNOWN /States/A/Assign/y']);
  });
  it('that are set on one way only are told with the other way', () => {
    const workflow = flow({ Ask: choice('Set', 'Read'), Set: pass('Read', { Assign: { x: 1 } }), ...reads() });
    expect(diagnostics(workflow)).toMatchObject([{ code: 'WORKFLOW_VARIABLE_UNSET', severity: 'warning', what: { en: expect.stringContaining('Ask -> Read') } }]);
    expect(found('VARIABLE', flow({ Ask: choice('Set', 'Other'), Set: pass('Read', { Assign: { x: 1 } }), Other: pass('Read', { Assign: { x: 2 } }), ...reads() }))).toEqual([]);
  });
  it('a Catch leads on without what the state would have set, and sets its own', () => {
    const mac = (Catch: JsonObject): JsonObject => flow({ A: { Type: 'Task', Resource: 'pinpad:mac', Assign: { x: 1 }, Catch: [Catch], Next: 'Read' }, ...reads() });
    expect(found('VARIABLE', mac({ ErrorEquals: ['States.ALL'], Next: 'Read' }))).toEqual(['VARIABLE_UNSET /States/Read/Output']);
    expect(found('VARIABLE', mac({ ErrorEquals: ['States.ALL'], Assign: { x: 0 }, Next: 'Read' }))).toEqual([]);
    expect(found('VARIABLE', mac({ ErrorEquals: ['States.ALL'], Assign: { y: '{% $x %}', x: 0 }, Next: 'Read' }))).toEqual(['VARIABLE_UNKNOWN /States/A/Catch/0/Assign/y']);
  });
  it("a choice rule sets its own, and the state's belongs to Default", () => {
    const chosen = (rule: JsonObject, state: JsonObject): JsonObject => flow({ A: { Type: 'Choice', Choices: [{ Condition: true, Next: 'Read', ...rule }], Default: 'Read', ...state }, ...reads() });
    expect(found('VARIABLE', chosen({ Assign: { x: 1 } }, { Assign: { x: 2 } }))).toEqual([]);
    expect(found('VARIABLE', chosen({}, { Assign: { x: 2 } }))).toEqual(['VARIABLE_UNSET /States/Read/Output']);
    expect(found('VARIABLE', chosen({ Assign: { x: 1 } }, {}))).toEqual(['VARIABLE_UNSET /States/Read/Output']);
  });
  it('in a circle stay set', () => {
    expect(found('VARIABLE', flow({ A: pass('B', { Assign: { n: 0 } }), B: choice('C', 'Done'), C: pass('B', { Assign: { n: '{% $n + 1 %}', m: 1 } }), Done: { Type: 'Succeed', Output: '{% $n + $m %}' } }))).toEqual(['VARIABLE_UNSET /States/Done/Output']);
  });
  it('around a branch or an iteration are seen in it; its own stay there', () => {
    const inside: JsonObject = { In: { Type: 'Pass', Assign: { own: '{% $x %}' }, Next: 'Out' }, Out: { Type: 'Pass', Output: '{% $own %}', End: true } };
    expect(found('VARIABLE', flow({ A: pass('P', { Assign: { x: 1 } }), P: parallel('Done', inside), ...ends }))).toEqual([]);
    expect(found('VARIABLE', flow({ A: pass('M', { Assign: { x: 1 } }), M: each('Done', inside, { Output: '{% $own %}' }), ...ends }))).toEqual(['VARIABLE_UNKNOWN /States/M/Output']);
    expect(found('VARIABLE', flow({ P: parallel('Done', inside), ...ends }))).toEqual(['VARIABLE_UNKNOWN /States/P/Branches/0/States/In/Assign/own']);
    const half = flow({ A: choice('Set', 'P'), Set: pass('P', { Assign: { x: 1 } }), P: parallel('Done', inside), ...ends });
    expect(found('VARIABLE', half)).toEqual(['VARIABLE_UNSET /States/P/Branches/0/States/In/Assign/own']);
  });
  it('of a branch that bear the name of one around it are told of', () => {
    const inside: JsonObject = { In: { Type: 'Pass', Assign: { x: 2 }, End: true } };
    expect(found('VARIABLE', flow({ A: pass('P', { Assign: { x: 1 } }), P: parallel('Done', inside), ...ends }))).toEqual(['VARIABLE_SHADOWED /States/P/Branches/0/States/In/Assign/x']);
    expect(found('VARIABLE', flow({ P: parallel('Done', inside, inside), ...ends }))).toEqual([]);
  });
  it('do not go into a workflow that is run, nor come out of it', () => {
    const part = flow({ In: pass('Out', { Assign: { y: '{% $x %}' } }), Out: { Type: 'Succeed' } });
    expect(found('VARIABLE', flow({ A: pass('R', { Assign: { x: 1 } }), R: run('part-1', 'Done'), Done: { Type: 'Succeed', Output: '{% $y %}' }, Failed: { Type: 'Fail' } }), part)).toEqual(['VARIABLE_UNKNOWN /States/Done/Output', 'VARIABLE_UNKNOWN part-1/States/In/Assign/y']);
  });
  it.each(['{% $exists($x) ? $x : 0 %}', '{% $x ?? 0 %}', '{% $x ? 1 : 2 %}', '{% $exists($x.y) %}', '{% $map([1], function($x) { $x }) %}', '{% ($x := 1; $x) %}', '{% $map(["a"], $uppercase) %}', '{% $states.input %}'])('%s may do without', (text) => {
    expect(found('VARIABLE', flow(reads(text)))).toEqual([]);
  });
  it('are not guessed at where another fault hides the way', () => {
    expect(found('VARIABLE', flow({ A: pass('Raed', { Asign: { x: 1 } }), ...reads() }))).toEqual([]);
  });
});

describe('confirmation before payment', () => {
  it('is missed on each way without one', () => {
    expect(found('PAYMENT_UNCONFIRMED', flow({ Pay: pay('Done'), ...ends }))).toEqual(['PAYMENT_UNCONFIRMED /States/Pay/Resource']);
    const skipped = flow({ Ask: choice('Confirm', 'Pay'), Confirm: confirm('Pay'), Pay: pay('Done'), ...ends });
    expect(diagnostics(skipped)).toMatchObject([{ code: 'WORKFLOW_PAYMENT_UNCONFIRMED', severity: 'warning', what: { en: expect.stringContaining('Ask -> Pay') } }]);
  });
  it('is not given by one who cancels it', () => {
    const cancelled = flow({ Confirm: confirm('Pay', { Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Pay' }] }), Pay: pay('Done'), ...ends });
    expect(found('PAYMENT_UNCONFIRMED', cancelled)).toEqual(['PAYMENT_UNCONFIRMED /States/Pay/Resource']);
  });
  it('of another amount does not count', () => {
    expect(found('PAYMENT_UNCONFIRMED', flow({ Confirm: confirm('Tip'), Tip: task('prompt:amount', 'Pay'), Pay: pay('Done'), ...ends }))).toEqual(['PAYMENT_UNCONFIRMED /States/Pay/Resource']);
  });
  it('may stand in a branch, before a branch, or in a workflow that is run', () => {
    const asked: JsonObject = { Confirm: { ...confirm('x'), Catch: [], Next: undefined as unknown as Json, End: true } };
    expect(found('PAYMENT_UNCONFIRMED', flow({ P: parallel('Pay', asked, { Other: { Type: 'Pass', End: true } }), Pay: pay('Done'), ...ends }))).toEqual([]);
    expect(found('PAYMENT_UNCONFIRMED', flow({ Confirm: confirm('P'), P: parallel('Done', { Pay: { ...pay(undefined), Catch: [] } }), ...ends }))).toEqual([]);
    const part = flow({ Confirm: confirm('Done'), ...ends });
    expect(found('PAYMENT_UNCONFIRMED', flow({ R: run('part-1', 'Pay'), Pay: pay('Done'), ...ends }), part)).toEqual([]);
  });
  it('is missed where a part that pays is run, not in the part', () => {
    const part = flow({ Pay: pay('Done'), ...ends });
    expect(found('PAYMENT_UNCONFIRMED', flow({ Confirm: confirm('R'), R: run('part-1', 'Done'), ...ends }), part)).toEqual([]);
    expect(found('PAYMENT_UNCONFIRMED', flow({ R: run('part-1', 'Done'), ...ends }), part)).toEqual(['PAYMENT_UNCONFIRMED /States/R/Arguments/workflow']);
    expect(found('PAYMENT_UNCONFIRMED', flow({ R: run('part-1', 'Done'), ...ends }), flow({ R: run('part-2', 'Done'), ...ends }), part)).toEqual(['PAYMENT_UNCONFIRMED /States/R/Arguments/workflow']);
    const again = flow({ Tip: task('prompt:amount', 'Pay'), Pay: pay('Done'), ...ends });
    expect(found('PAYMENT_UNCONFIRMED', flow({ Confirm: confirm('R'), R: run('part-1', 'Done'), ...ends }), again)).toEqual(['PAYMENT_UNCONFIRMED part-1/States/Pay/Resource']);
  });
});

describe('payment before receipt and success', () => {
  const two = (Print: JsonObject): JsonObject => flow({ Ask: choice('Confirm', 'Print'), Confirm: confirm('Pay'), Pay: pay('Print'), Print, ...ends });
  it('a receipt that nothing can have been paid for is refused, one that may lack a payment is told', () => {
    expect(diagnostics(flow({ Print: print('Done'), ...ends }))).toMatchObject([{ code: 'WORKFLOW_RECEIPT_UNPAID', severity: 'error', pointer: '/States/Print/Resource' }]);
    expect(found('RECEIPT', two(print('Done')))).toEqual(['RECEIPT_TOO_SOON /States/Print/Resource']);
    expect(found('RECEIPT', flow({ R: run('part-1', 'Done'), ...ends }), flow({ Print: print('Done'), ...ends }))).toEqual(['RECEIPT_UNPAID /States/R/Arguments/workflow']);
    expect(found('RECEIPT', flow({ Confirm: confirm('Pay'), Pay: pay('R'), R: run('part-1', 'Done'), ...ends }), flow({ Print: print('Done'), ...ends }))).toEqual([]);
  });
  it('a declined payment is none', () => {
    const declined = flow({ Confirm: confirm('Pay'), Pay: pay('Print', { Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Print' }] }), Print: print('Done'), ...ends });
    expect(found('RECEIPT', declined)).toEqual(['RECEIPT_TOO_SOON /States/Print/Resource']);
    expect(found('SUCCESS', declined)).toEqual(['SUCCESS_UNPAID /States/Done']);
  });
  it('a sale that may succeed unpaid is told of, one that takes no money is not', () => {
    expect(diagnostics(two(pass('Done')))).toMatchObject([{ code: 'WORKFLOW_SUCCESS_UNPAID', severity: 'warning', pointer: '/States/Done', what: { en: expect.stringContaining('Ask -> Print -> Done') } }]);
    expect(found('SUCCESS', flow(end))).toEqual([]);
    expect(found('SUCCESS', flow({ Confirm: confirm('Pay'), Pay: pay(undefined), Failed: { Type: 'Fail' } }))).toEqual([]);
  });
  it('payments in scopes and in parts count; a part is judged by whoever runs it', () => {
    const iteration: JsonObject = { Pay: { ...pay(undefined), Catch: [] } };
    expect(found('SUCCESS', flow({ Confirm: confirm('M'), M: each('Done', iteration, { MaxConcurrency: 1 }), ...ends }))).toEqual([]);
    expect(found('SUCCESS', flow({ Confirm: confirm('M'), M: each('Done', iteration, { MaxConcurrency: 1, ToleratedFailureCount: 1 }), ...ends }))).toEqual(['SUCCESS_UNPAID /States/Done']);
    expect(found('SUCCESS', flow({ Confirm: confirm('M'), M: each('Done', iteration, { Items: [] }), ...ends }))).toEqual(['SUCCESS_UNPAID /States/Done']);
    const maybe = flow({ Ask: choice('Pay', 'Done'), Pay: pay('Done'), ...ends });
    expect(found('SUCCESS', flow({ Confirm: confirm('R'), R: run('part-1', undefined), Failed: { Type: 'Fail' } }), maybe)).toEqual(['SUCCESS_UNPAID /States/R']);
    const always = flow({ Pay: pay('Done'), ...ends });
    expect(found('SUCCESS', flow({ Confirm: confirm('R'), R: run('part-1', undefined), Failed: { Type: 'Fail' } }), always)).toEqual([]);
  });
});

describe('a second payment', () => {
  const again = (more: JsonObject): JsonObject => ({ ...pay('Done'), Arguments: { method: 'x', amountMinor: 400, ...more } });
  const after = (second: JsonObject): string[] => found('PAYMENT_AGAIN', flow({ Confirm: confirm('Pay'), Pay: pay('Again'), Again: second, ...ends }));
  it('says what is due in all, or that it is another sale', () => {
    expect(diagnostics(flow({ Confirm: confirm('Pay'), Pay: pay('Again'), Again: pay('Done'), ...ends }))).toMatchObject([{ code: 'WORKFLOW_PAYMENT_AGAIN', severity: 'warning', pointer: '/States/Again/Resource' }]);
    expect(after(again({ dueMinor: 1650 }))).toEqual([]);
    expect(after(again({ saleReference: 'another' }))).toEqual([]);
  });
  it('is one where the first was approved, on some way', () => {
    expect(found('PAYMENT_AGAIN', flow({ Confirm: confirm('Pay'), Pay: pay('Done', { Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Again' }] }), Again: pay('Done'), ...ends }))).toEqual([]);
    expect(found('PAYMENT_AGAIN', flow({ Confirm: confirm('Ask'), Ask: choice('Pay', 'Again'), Pay: pay('Again'), Again: pay('Done'), ...ends }))).toEqual(['PAYMENT_AGAIN /States/Again/Resource']);
    expect(found('PAYMENT_AGAIN', flow({ Confirm: confirm('Pay'), Pay: pay('Confirm'), ...ends }))).toEqual(['PAYMENT_AGAIN /States/Pay/Resource']);
  });
  it('is what each iteration but one takes, and what a part takes behind a payment', () => {
    const map = (more: JsonObject): string[] => found('PAYMENT_AGAIN', flow({ Confirm: confirm('M'), M: each('Done', { Pay: { ...pay(undefined), Catch: [] } }, { MaxConcurrency: 1, ...more }), ...ends }));
    expect(map({})).toEqual(['PAYMENT_AGAIN /States/M/ItemProcessor/States/Pay/Resource']);
    expect(map({ Items: [7] })).toEqual([]);
    const part = flow({ Pay: pay('Done'), ...ends });
    expect(found('PAYMENT_AGAIN', flow({ Confirm: confirm('R'), R: run('part-1', 'Done'), ...ends }), part)).toEqual([]);
    expect(found('PAYMENT_AGAIN', flow({ Confirm: confirm('R'), R: run('part-1', 'S'), S: run('part-1', 'Done'), ...ends }), part)).toEqual(['PAYMENT_AGAIN /States/S/Arguments/workflow']);
  });
});

describe('payments that repeat', () => {
  it('are told where nobody is asked in between, after an approval or a failure', () => {
    expect(diagnostics(flow({ Confirm: confirm('Pay'), Pay: pay('Pay'), ...ends })).find(({ code }) => code === 'WORKFLOW_PAYMENT_CIRCLE')?.what.en).toContain('it was approved');
    const failing = flow({ Confirm: confirm('Pay'), Pay: pay('Done', { Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Wait' }] }), Wait: { Type: 'Wait', Seconds: 1, Next: 'Pay' }, ...ends });
    expect(diagnostics(failing)).toMatchObject([{ code: 'WORKFLOW_PAYMENT_CIRCLE', severity: 'warning', pointer: '/States/Pay/Resource', what: { en: expect.stringContaining('it failed') } }]);
    expect(found('PAYMENT_CIRCLE', flow({ Confirm: confirm('R'), R: run('part-1', 'R', { Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Done' }] }), ...ends }), flow({ Pay: pay('Done'), ...ends }))).toEqual(['PAYMENT_CIRCLE /States/R/Resource']);
  });
  it('are fine where somebody is', () => {
    const asked = flow({ Confirm: confirm('Pay'), Pay: pay('Done', { Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Confirm' }] }), ...ends });
    expect(found('PAYMENT_CIRCLE', asked)).toEqual([]);
    expect(found('PAYMENT_CIRCLE', flow({ Confirm: confirm('Pay'), Pay: pay('Done', { Catch: [{ ErrorEquals: ['Sensitive.Lost'], Next: 'Pay' }] }), ...ends }))).toEqual([]);
    const part = flow({ Confirm: confirm('Done'), ...ends });
    expect(found('PAYMENT_CIRCLE', flow({ R: run('part-1', 'Pay'), Pay: pay('Done', { Catch: [{ ErrorEquals: ['States.ALL'], Next: 'R' }] }), ...ends }), part)).toEqual([]);
  });
  it('in a Map have a bound', () => {
    const iteration: JsonObject = { Pay: { ...pay(undefined), Catch: [] } };
    const map = (more: JsonObject): string[] => found('PAYMENT_UNBOUNDED', flow({ Confirm: confirm('M'), M: each('Done', iteration, more), ...ends }));
    expect(map({})).toEqual(['PAYMENT_UNBOUNDED /States/M']);
    expect(map({ MaxConcurrency: 0 })).toEqual(['PAYMENT_UNBOUNDED /States/M']);
    expect(map({ MaxConcurrency: 1 })).toEqual([]);
    expect(map({ Items: [1, 2] })).toEqual([]);
    expect(found('PAYMENT_UNBOUNDED', flow({ M: each('Done', { R: { ...run('part-1', undefined), Catch: [] } }), ...ends }), flow({ Pay: pay('Done'), ...ends }))).toEqual(['PAYMENT_UNBOUNDED /States/M']);
    expect(found('PAYMENT_UNBOUNDED', flow({ M: each('Done', { A: { Type: 'Pass', End: true } }), ...ends }))).toEqual([]);
  });
  it('of one sale are taken one after the other', () => {
    const at = (states: JsonObject, ...parts: Json[]): string[] => found('PAYMENTS_AT_ONCE', flow({ Confirm: confirm('S'), ...states, ...ends }), ...parts);
    const one = (name: string, more: JsonObject = {}): JsonObject => ({ [name]: { ...pay(undefined, more), Catch: [] } });
    expect(at({ S: parallel('Done', one('A'), one('B')) })).toEqual(['PAYMENTS_AT_ONCE /States/S']);
    expect(at({ S: parallel('Done', one('A'), { B: pass('C'), C: { Type: 'Pass', End: true } }) })).toEqual([]);
    expect(at({ S: parallel('Done', one('A', { Arguments: { method: 'cash', amountMinor: 1, saleReference: 'a' } }), one('B')) })).toEqual([]);
    expect(at({ S: parallel('Done', one('A', { Arguments: '{% $states.input %}' }), one('B')) })).toEqual([]);
    expect(at({ S: parallel('Done', one('A', { Retry: [{ ErrorEquals: ['Payment.NotSent'] }] }), one('B')) })).toEqual([]);
    expect(at({ S: parallel('Done', one('A', { Retry: [{ ErrorEquals: ['Payment.Declined'] }] }), one('B')) })).toEqual(['PAYMENTS_AT_ONCE /States/S']);
    expect(at({ S: parallel('Done', one('A'), { R: { ...run('part-1', undefined), Catch: [] } }) }, flow({ Pay: pay('Done'), ...ends }))).toEqual(['PAYMENTS_AT_ONCE /States/S']);
    expect(at({ S: parallel('Done', one('A'), { R: { ...run('part-1', undefined), Catch: [] } }) }, flow({ Pay: pay('Done', { Arguments: { method: 'cash', amountMinor: 1, saleReference: 'a' } }), ...ends }))).toEqual([]);
    const map = (more: JsonObject): string[] => at({ S: each('Done', one('A'), more) });
    expect(map({ MaxConcurrency: 2 })).toEqual(['PAYMENTS_AT_ONCE /States/S']);
    expect(map({ Items: [1, 2] })).toEqual(['PAYMENTS_AT_ONCE /States/S']);
    expect([map({ MaxConcurrency: 1 }), map({ Items: [1] }), map({ MaxConcurrency: '{% $states.input.n %}' }), map({})]).toEqual([[], [], [], []]);
  });
  it('circles are found, however long', () => {
    expect(circlesOf([[1], [2], [0, 3], [], [4]])).toEqual([0, 0, 0, undefined, 4]);
    const long = circlesOf(Array.from({ length: 50_000 }, (_, node) => [(node + 1) % 50_000]));
    expect(new Set(long)).toEqual(new Set([0]));
  });
});

describe('prompts', () => {
  const asking = (more: JsonObject): JsonObject => flow({ Ask: task('prompt:amount', 'Done', more), ...end });
  it('can be cancelled, here or around', () => {
    expect(found('PROMPT_NO_CANCEL', asking({ Catch: [] }))).toEqual(['PROMPT_NO_CANCEL /States/Ask/Resource']);
    expect(found('PROMPT_NO_CANCEL', asking({ Catch: [{ ErrorEquals: ['States.Timeout'], Next: 'Done' }] }))).toEqual(['PROMPT_NO_CANCEL /States/Ask/Resource']);
    for (const error of ['Terminal.Cancelled', 'States.TaskFailed', 'States.ALL']) expect(found('PROMPT_NO_CANCEL', asking({ Catch: [{ ErrorEquals: [error], Next: 'Done' }] }))).toEqual([]);
    expect(found('PROMPT_NO_CANCEL', flow({ P: parallel('Done', { Ask: { ...task('prompt:amount', undefined), Catch: [] } }), ...ends }))).toEqual([]);
    expect(found('PROMPT_NO_CANCEL', flow({ R: run('part-1', 'Done'), ...ends }), flow({ Ask: task('prompt:amount', 'Done', { Catch: [] }), ...end }))).toEqual([]);
  });
  it('are not come back to by every cancel', () => {
    const back = (Next: string, to: string): JsonObject => flow({ Ask: task('prompt:amount', 'Done', { Catch: [{ ErrorEquals: ['Terminal.Cancelled'], Next }] }), Tell: pass(to), ...ends });
    expect(found('PROMPT_NO_CANCEL', back('Ask', 'Done'))).toEqual(['PROMPT_NO_CANCEL /States/Ask/Resource']);
    expect(found('PROMPT_NO_CANCEL', back('Tell', 'Ask'))).toEqual(['PROMPT_NO_CANCEL /States/Ask/Resource']);
    expect(found('PROMPT_NO_CANCEL', back('Tell', 'Failed'))).toEqual([]);
  });
  it('and devices do not wait for ever', () => {
    const untimed = (Resource: string, rest: JsonObject = {}): string[] => found('PROMPT_NO_TIMEOUT', flow({ Ask: { Type: 'Task', Resource, Catch: caught, Next: 'Done' }, ...ends }, rest));
    expect(untimed('prompt:amount')).toEqual(['PROMPT_NO_TIMEOUT /States/Ask/Resource']);
    expect(untimed('scanner:scan')).toEqual(['PROMPT_NO_TIMEOUT /States/Ask/Resource']);
    expect(untimed('pinpad:mac')).toEqual([]);
    expect(untimed('prompt:amount', { TimeoutSeconds: 600 })).toEqual([]);
  });
});

describe('references that a restart loses', () => {
  const sale = (Catch: JsonObject[], more: JsonObject = {}, read = 'scanner:scan'): JsonObject =>
    flow({
      Scan: task(read, 'Confirm', { Assign: { code: '{% $states.result %}' } }),
      Confirm: confirm('Pay'),
      Pay: { ...pay('Done'), Arguments: { method: 'card', amountMinor: 1, with: { card: '{% $code %}' } }, Catch, ...more },
      ...ends,
    });
  it('are read again', () => {
    expect(found('SENSITIVE', sale([]))).toEqual(['SENSITIVE_LOST /States/Pay/Resource']);
    expect(found('SENSITIVE', sale([{ ErrorEquals: ['States.ALL'], Next: 'Failed' }]))).toEqual(['SENSITIVE_LOST /States/Pay/Resource']);
    expect(found('SENSITIVE', sale([{ ErrorEquals: ['Sensitive.Lost'], Next: 'Scan' }]))).toEqual([]);
    expect(found('SENSITIVE', sale([{ ErrorEquals: ['States.ALL'], Next: 'Scan' }]))).toEqual([]);
  });
  it('are not there for a method that needs none, for constants, nor where nothing is read', () => {
    expect(found('SENSITIVE', sale([], { Arguments: { method: 'cash', amountMinor: '{% 1 + 1 %}' } }))).toEqual([]);
    expect(found('SENSITIVE', sale([], { Arguments: { method: 'card', amountMinor: 1, with: { card: 'x' } } }))).toEqual([]);
    expect(found('SENSITIVE', sale([], {}, 'prompt:amount'))).toEqual([]);
  });
  it('come back through workflows that are run', () => {
    const part = flow({ Begin: pass('Pay', { Assign: { code: '{% $states.input %}' } }), Pay: { ...pay('Done'), Arguments: { method: 'card', amountMinor: 1, with: { card: '{% $code %}' } }, Catch: [] }, ...end });
    const running = (Catch: JsonObject[]): string[] => found('SENSITIVE', flow({ Scan: task('scanner:scan', 'Confirm'), Confirm: confirm('R'), R: run('part-1', 'Done', { Catch }), ...ends }), part);
    expect(running([])).toEqual(['SENSITIVE_LOST /States/R/Resource']);
    expect(running([{ ErrorEquals: ['Sensitive.Lost'], Next: 'Scan' }])).toEqual([]);
  });
});

describe('errors', () => {
  const reading = (Catch: JsonObject[], more: JsonObject = {}): JsonObject => flow({ Read: { Type: 'Task', Resource: 'reader:readCard', Arguments: { amountMinor: 1 }, Catch, Next: 'Done', ...more }, ...ends });
  it('that nothing catches are told together', () => {
    expect(diagnostics(reading([], { Next: 'Failed' })).filter(({ code }) => code === 'WORKFLOW_ERROR_UNCAUGHT')).toMatchObject([{ severity: 'warning', pointer: '/States/Read/Resource', what: { en: expect.stringContaining('Card.Unreadable') } }]);
    for (const name of ['Card.Unreadable', 'States.TaskFailed', 'States.ALL']) expect(found('ERROR_UNCAUGHT', reading([{ ErrorEquals: [name], Next: 'Failed' }]))).toEqual([]);
    expect(found('ERROR_UNCAUGHT', flow({ P: parallel('Done', { Read: { ...(reading([]).States as JsonObject).Read as JsonObject, Next: undefined as unknown as Json, End: true } }), ...ends }))).toEqual([]);
  });
  it('of a payment are those of its method', () => {
    const paying = (method: string): string | undefined => diagnostics(flow({ Confirm: confirm('Pay'), Pay: { ...pay('Done'), Arguments: { method, amountMinor: 1, with: {} }, Catch: [] }, ...ends })).find(({ code }) => code === 'WORKFLOW_ERROR_UNCAUGHT')?.what.en;
    expect(paying('cash')).toContain('Drawer.Empty');
    expect(paying('cash')).not.toContain('Pin.Incorrect');
    expect(paying('card')).toContain('Pin.Incorrect');
  });
  it('of a part are caught where it is run; how it is meant to fail may pass', () => {
    const part = flow({ Read: { Type: 'Task', Resource: 'reader:readCard', Arguments: { amountMinor: 1 }, Next: 'Done' }, ...ends });
    expect(found('ERROR_UNCAUGHT', flow({ R: run('part-1', 'Done', { Catch: [] }), Done: { Type: 'Succeed' } }), part)).toEqual(['ERROR_UNCAUGHT /States/R/Resource']);
    expect(found('ERROR_UNCAUGHT', flow({ R: run('part-1', 'Done', { Catch: [] }), Done: { Type: 'Succeed' } }), flow({ Ask: choice('Done', 'Failed'), ...ends }))).toEqual([]);
  });
  it('that can not happen here are told', () => {
    expect(found('ERROR_NEVER', reading([{ ErrorEquals: ['Printer.NoPaper', 'Card.Unreadable'], Next: 'Failed' }]))).toEqual(['ERROR_NEVER_HERE /States/Read/Catch/0/ErrorEquals/0']);
    expect(found('ERROR_NEVER', reading([{ ErrorEquals: ['States.Timeout'], Next: 'Failed' }]))).toEqual(['ERROR_NEVER_HERE /States/Read/Catch/0/ErrorEquals/0']);
    expect(found('ERROR_NEVER', reading([{ ErrorEquals: ['States.Timeout'], Next: 'Failed' }], { TimeoutSeconds: 5 }))).toEqual([]);
    expect(found('ERROR_NEVER', reading([{ ErrorEquals: ['Terminal.Cancelled', 'Task.Failed', 'States.TaskFailed'], Next: 'Failed' }]))).toEqual([]);
    const failing: JsonObject = { F: { Type: 'Fail', Error: 'Own.Error' } };
    expect(found('ERROR_NEVER', flow({ P: { ...parallel('Done', failing), Catch: [{ ErrorEquals: ['Own.Error'], Next: 'Done' }] }, ...ends }))).toEqual([]);
    expect(found('ERROR_NEVER', flow({ R: run('part-1', 'Done', { Catch: [{ ErrorEquals: ['Own.Error', 'Card.Unreadable'], Next: 'Failed' }] }), ...ends }), flow(failing))).toEqual(['ERROR_NEVER_HERE /States/R/Catch/0/ErrorEquals/1']);
  });
});

describe('one fault is told once', () => {
  it('an action that does not exist may have been the prompt, the payment or the confirmation', () => {
    const sale = (pin: string, ask: string, charge: string): JsonObject =>
      flow({ Ask: task(ask, 'Pay', { Arguments: { audience: 'customer' } }), Pay: task(charge, 'Print', { Arguments: { method: 'cash', amountMinor: 1 }, Catch: [{ ErrorEquals: ['Payment.Declined'], Next: 'Pin' }, ...caught] }), Pin: task(pin, 'Pay'), Print: print('Done'), ...ends });
    expect(found('', sale('scanner:scan', 'prompt:confirm', 'payment:sale'))).toEqual([]);
    expect(found('', sale('scanner:scn', 'prompt:confirm', 'payment:sale'))).toEqual(['UNKNOWN_ACTION /States/Pin/Resource']);
    expect(found('', sale('scanner:scan', 'prompt:cnfirm', 'payment:sale'))).toEqual(['UNKNOWN_ACTION /States/Ask/Resource']);
    expect(found('', sale('scanner:scan', 'prompt:confirm', 'payment:slae'))).toEqual(['UNKNOWN_ACTION /States/Pay/Resource']);
    // What has nothing to do with it is told all the same.
    expect(found('', sale('printer:print', 'prompt:confirm', 'payment:sale'))).toContain('PAYMENT_CIRCLE /States/Pay/Resource');
  });
  it('what follows a state that leads nowhere is not lost', () => {
    expect(found('', flow({ Amount: { ...task('prompt:amount', undefined), End: undefined as unknown as Json }, Confirm: confirm('Pay'), Pay: pay('Done'), ...ends }))).toEqual(['NEXT_OR_END /States/Amount']);
  });
  it('a prompt without an end catches a time-out that nobody misses twice', () => {
    const ask = (more: JsonObject, rest: JsonObject = {}): string[] =>
      found('', flow({ Ask: { Type: 'Task', Resource: 'prompt:amount', Catch: [{ ErrorEquals: ['Terminal.Cancelled', 'States.Timeout'], Next: 'Failed' }], Next: 'Done', ...more }, ...ends }, rest));
    expect(ask({ TimeoutSeconds: 60 })).toEqual([]);
    expect(ask({})).toEqual(['PROMPT_NO_TIMEOUT /States/Ask/Resource']);
    expect(ask({}, { TimeoutSeconds: 60 })).toEqual(['ERROR_NEVER_HERE /States/Ask/Catch/0/ErrorEquals/1']);
  });
});

describe('a Task without Arguments', () => {
  it('gives its action an empty object, which fits or does not', () => {
    expect(diagnostics(flow({ Pay: { ...pay('Done'), Arguments: undefined as unknown as Json }, ...ends }))).toMatchObject([
      { code: 'WORKFLOW_ARGUMENTS_INVALID', pointer: '/States/Pay', what: { en: expect.stringContaining('"method" is missing') } },
      { code: 'WORKFLOW_ARGUMENTS_INVALID', pointer: '/States/Pay', what: { en: expect.stringContaining('"amountMinor" is missing') } },
      { code: 'WORKFLOW_PAYMENT_UNCONFIRMED' },
    ]);
    expect(found('ARGUMENTS', flow({ Scan: task('scanner:scan', 'Done'), ...ends }))).toEqual([]);
  });
});

it('a workflow that is run gives no sign of life: HeartbeatSeconds is refused there, not ignored', () => {
  expect(diagnostics(flow({ R: run('part-1', 'Done', { TimeoutSeconds: 60, HeartbeatSeconds: 5 }), ...ends }), flow(end))).toMatchObject([
    { code: 'WORKFLOW_UNSUPPORTED_FIELD', pointer: '/States/R/HeartbeatSeconds', next: { en: expect.stringContaining('"TimeoutSeconds" here') } },
  ]);
});
