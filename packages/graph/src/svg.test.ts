import type { Catalogue, StateMachine } from '@tillwright/core';
import { describe, expect, it } from 'vitest';
import { mermaidOf } from './mermaid.js';
import { modelOf } from './model.js';
import { svgOf } from './svg.js';

const entry = (more: object = {}): Catalogue['actions'][string][string] => ({ arguments: {}, result: {}, errors: {}, redo: 'again', description: { zh: '打开钱箱', en: 'Opens the drawer' }, movesMoney: false, ...more });
const audience = (fallback: unknown): object => ({ arguments: { properties: { audience: { default: fallback } } } });
const catalogue: Catalogue = {
  actions: {
    prompt: { amount: entry(audience('merchant')), confirm: entry(audience(['merchant', 'customer'])) },
    payment: { sale: entry({ movesMoney: true }) },
    // Somebody else's plugin: who acts is what it says, whatever it is called.
    palm: { show: entry({ actor: 'customer' }) },
    drawer: { open: entry() },
  },
  methods: [],
  workflows: [],
};
const machine: StateMachine = {
  QueryLanguage: 'JSONata',
  StartAt: 'Ask',
  States: {
    Ask: { Type: 'Task', Resource: 'prompt:amount', Arguments: { text: { zh: '多少钱？', en: 'How much?' }, audience: 'customer' }, Next: 'Agree' },
    Agree: { Type: 'Task', Resource: 'prompt:confirm', Next: 'Palm' },
    Palm: { Type: 'Task', Resource: 'palm:show', Next: 'Big' },
    Big: { Type: 'Choice', Choices: [{ Condition: '{% $amountMinor > 10000 & "x" %}', Next: 'Sub' }], Default: 'Pay' },
    Sub: { Type: 'Task', Resource: 'workflow:run', Arguments: { workflow: 'paying' }, Next: 'Open' },
    Pay: { Type: 'Task', Resource: 'payment:sale', Catch: [{ ErrorEquals: ['Payment.Declined'], Next: 'end' }], Next: 'Open' },
    Open: { Type: 'Task', Resource: 'drawer:open', Next: 'Done' },
    Done: { Type: 'Succeed' },
    end: { Type: 'Fail', Error: 'Payment.Declined' },
  },
};
const parts = { paying: { QueryLanguage: 'JSONata', StartAt: 'Pay', States: { Pay: { Type: 'Task', Resource: 'payment:sale', End: true } } } } as const;
const model = modelOf(machine, { catalogue, language: 'en', parts });
const node = (name: string) => model.nodes.find((each) => each.name === name);

describe('who acts', () => {
  it.each([
    ['Ask', 'customer', [], false],
    ['Agree', 'merchant', ['customer'], false],
    ['Palm', 'customer', [], false],
    ['Big', 'till', [], false],
    ['Pay', 'host', [], true],
    ['Open', 'till', [], false],
  ])('%s: %s', (name, lane, alsoBy, money) => expect(node(name)).toMatchObject({ lane, alsoBy, money }));

  it('a part that moves money makes the step a money step', () => {
    expect(node('Sub')).toMatchObject({ lane: 'till', runs: 'paying', money: true });
    expect(modelOf(machine, { catalogue, language: 'en' }).nodes.find(({ name }) => name === 'Sub')?.money).toBe(false);
  });
});

describe('SVG', () => {
  const svg = svgOf(model, { name: 'a <sale> & "more"', comment: 'All of it.', language: 'en' });

  it('is the same for the same flow', () => expect(svgOf(modelOf(structuredClone(machine), { catalogue, language: 'en', parts }), { name: 'a <sale> & "more"', comment: 'All of it.', language: 'en' })).toBe(svg));

  it('needs nothing from elsewhere, and holds no raw markup of a flow', () => {
    expect(svg.replaceAll('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:|href|<script|<style|@import/);
    expect(svg).toContain('a &lt;sale&gt; &amp; &quot;more&quot;');
    expect(svg).toContain('$amountMinor &gt; 10000 &amp; &quot;x&quot;');
  });

  it('tells those who can not see it', () => {
    expect(svg).toContain('aria-labelledby="title desc"');
    expect(svg).toMatch(/<title id="title">Workflow a /);
    expect(svg).toMatch(/<desc id="desc">All of it\. It begins with Ask\. States: Ask \(Customer\), .*Pay \(Host\)/);
  });

  it('marks money, dashes errors, names who acts in the language asked for', () => {
    expect(svg.match(/>¥</g)).toHaveLength(3); // Sub, Pay, the legend
    expect(svg.match(/stroke-dasharray="5 3.5" marker-end="url\(#to-error\)"/g)).toHaveLength(1);
    expect(svg).toContain('>Customer<');
    const zh = svgOf(modelOf(machine, { catalogue, language: 'zh' }), { name: 'sale', language: 'zh' });
    expect(zh).toContain('>顾客<');
    expect(zh).toContain('多少钱？');
    expect(zh).toContain('打开钱箱');
  });
});

it('a flow that is too large is refused with what to do', () => {
  const chain = (length: number): StateMachine => ({ StartAt: 'S0', States: Object.fromEntries(Array.from({ length }, (_, index) => [`S${index}`, index + 1 < length ? { Type: 'Pass' as const, Next: `S${index + 1}` } : { Type: 'Succeed' as const }])) });
  const draw = (length: number) => svgOf(modelOf(chain(length), { catalogue, language: 'en' }), { name: 'chain', language: 'en' });
  expect(() => draw(1001)).toThrow(/1001 states is too large.*workflow:run/);
  expect(draw(200)).toContain('>S199<');
});

describe('Mermaid', () => {
  const text = mermaidOf(model, { language: 'en' });
  it('has lanes, a mark on money, dotted errors, and no name that Mermaid keeps for itself', () => {
    expect(text).toMatch(/^flowchart TD\n {2}subgraph customer\["Customer"\]\n {4}s0\["Ask<br\/>How much\?<br\/>prompt:amount"\]/);
    const [, pay] = /(s\d+)\[\["¥ Pay<br/.exec(text) ?? [];
    const [, fail] = /(s\d+)\(\["end<br\/>Payment.Declined"\]\)/.exec(text) ?? [];
    expect(text).toContain(`${pay} -. "Payment.Declined" .-> ${fail}`);
    expect(text).toMatch(new RegExp(`class s\\d+,${pay} money`));
    expect(text).toContain('-- "$amountMinor #62; 10000 #38; #34;x#34;" -->');
    expect(text).not.toMatch(/\bend\b(?!<|$)/m);
  });
  it('colours the very lines that are errors', () => {
    const links = text.split('\n').filter((line) => /-->|\.->/.test(line));
    const [, listed = ''] = /linkStyle ([\d,]+) /.exec(text) ?? [];
    expect(listed.split(',').map(Number)).toEqual(links.flatMap((line, index) => (line.includes('.->') ? [index] : [])));
  });
});
