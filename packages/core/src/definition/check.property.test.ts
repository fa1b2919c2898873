import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json } from '../json.js';
import { checkWorkflows, type Diagnostic, parseWorkflow, renderDiagnostics } from './check.js';
import { catalogue, goodSale } from './sample.js';

const good = JSON.stringify(goodSale, null, 2);

const isPlaced = ({ file, line, column, endLine, endColumn, pointer }: Diagnostic, lines: readonly string[]): boolean =>
  file === 'main.asl.json' &&
  (pointer === '' || pointer.startsWith('/')) &&
  line >= 1 &&
  line <= lines.length &&
  column >= 1 &&
  column <= (lines[line - 1] ?? '').length + 1 &&
  (endLine > line || (endLine === line && endColumn >= column)) &&
  endLine <= lines.length;

/** In both languages, and nothing of the table left unfilled. */
const isExplained = ({ what, expected, next }: Diagnostic): boolean =>
  [what, expected, next].every(({ zh, en }) => zh !== '' && en !== '' && !/\{(?:name|field|owner|wanted|why|known|resource|instead|limit)(?:\.(?:zh|en))?\}/.test(zh + en));

/** Whatever a file holds: no crash, every fault has a place within the file and a next step, and a refused workflow gives no definition. */
const holds = (text: string): Diagnostic[] => {
  const sources = { main: { file: 'main.asl.json', text } };
  const { diagnostics, definitions } = checkWorkflows(sources, catalogue);
  const lines = text.replace(/^\ufeff/, '').split(/\r\n|\n|\r/);
  expect(diagnostics.filter((diagnostic) => !isPlaced(diagnostic, lines) || !isExplained(diagnostic))).toEqual([]);
  const refused = diagnostics.some(({ severity }) => severity === 'error');
  expect(Object.keys(definitions)).toEqual(refused ? [] : ['main']);
  if (!refused) expect(definitions.main).toEqual(JSON.parse(text.replace(/^\ufeff/, ''), (_key, value: unknown) => (value === 0 ? 0 : value)));
  const parsed = parseWorkflow('main.asl.json', text);
  if (!parsed.definition) expect(refused).toBe(true);
  const report = renderDiagnostics(diagnostics, sources);
  expect(report.split('\n').filter((line) => line.includes('  Next: '))).toHaveLength(diagnostics.length);
  return diagnostics;
};

const FIELDS = ['Type', 'Next', 'End', 'States', 'StartAt', 'Resource', 'Arguments', 'Assign', 'Output', 'Choices', 'Condition', 'Default', 'Branches', 'ItemProcessor', 'Items', 'Retry', 'Catch', 'ErrorEquals', 'Seconds', 'QueryLanguage', 'Parameters', 'workflow', 'amountMinor', 'x.$', '__proto__', 'constructor', 'toString'];
const WORDS = ['Pass', 'Task', 'Choice', 'Wait', 'Succeed', 'Fail', 'Parallel', 'Map', 'A', 'B', 'JSONata', 'JSONPath', 'workflow:run', 'payment:sale', 'reader:readCard', 'States.ALL', '{% $x %}', '{% 1 + %}', '{% $eval("1") %}', '{% /(?=x)/ %}', '{%', 'main', '__proto__', 'hasOwnProperty', '$.x', '\ud800', '汉字', '\u0000'];
const leaf = fc.oneof(fc.constantFrom<Json>(...WORDS, null, true, false, 0, 1, -1, 1.5, 1e21), fc.string(), fc.double({ noNaN: true, noDefaultInfinity: true }));
const { json } = fc.letrec<{ json: Json }>((tie) => ({
  json: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true },
    leaf as fc.Arbitrary<Json>,
    fc.array(tie('json'), { maxLength: 4 }),
    fc.dictionary(fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...FIELDS) }, { weight: 1, arbitrary: fc.string() }), tie('json'), { maxKeys: 6 }) as fc.Arbitrary<Json>,
  ),
}));

/** Paths to every value of a workflow. */
const pathsOf = (value: Json, path: (string | number)[] = []): (string | number)[][] =>
  typeof value === 'object' && value !== null ? [path, ...Object.entries(value).flatMap(([key, member]) => pathsOf(member as Json, [...path, Array.isArray(value) ? Number(key) : key]))] : [path];
const paths = pathsOf(goodSale);

type Change = { readonly path: (string | number)[]; readonly how: 'replace' | 'remove' | 'rename' | 'swap'; readonly value: Json; readonly name: string };
const change = fc.record({ path: fc.constantFrom(...paths), how: fc.constantFrom('replace', 'remove', 'rename', 'swap'), value: json, name: fc.constantFrom(...FIELDS, ...WORDS) }) as fc.Arbitrary<Change>;

const changed = (root: Json, { path, how, value, name }: Change): Json => {
  const copy = structuredClone(root) as unknown;
  const last = path.at(-1);
  let holder = copy as Record<string | number, unknown> | undefined;
  for (const step of path.slice(0, -1)) holder = typeof holder === 'object' && holder !== null ? (holder[step] as typeof holder) : undefined;
  if (last === undefined || typeof holder !== 'object' || holder === null) return how === 'replace' ? value : root;
  if (how === 'replace') holder[last] = value;
  else if (how === 'remove') delete holder[last];
  else if (how === 'rename') {
    const member = holder[last];
    delete holder[last];
    Object.defineProperty(holder, name, { value: member, enumerable: true, configurable: true, writable: true });
  } else holder[last] = [holder[last]];
  return copy as Json;
};

describe('whatever stands in a file', () => {
  it('never crashes the checker: any text', () => {
    fc.assert(fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: fc.constantFrom('{', '}', '[', ']', '"', ':', ',', '\\', 'u', '1', '-', '.', 'e', '/', '*', '\n', '\r', ' ', '\ufeff', 'true', '"a"') })), (text) => void holds(text)), { numRuns: 200 });
  });

  it('never crashes the checker: any JSON', () => {
    fc.assert(fc.property(json, (value) => void holds(JSON.stringify(value))), { numRuns: 200 });
  });

  it('never crashes the checker: JSON that looks like a workflow', () => {
    const states = fc.dictionary(fc.constantFrom('A', 'B', 'C', '__proto__', 'D.E'), json, { minKeys: 1, maxKeys: 4 });
    fc.assert(fc.property(fc.record({ QueryLanguage: fc.constantFrom('JSONata', 'JSONPath'), StartAt: fc.constantFrom('A', 'B', 'Z'), States: states }), (value) => void holds(JSON.stringify(value, null, 1))), { numRuns: 200 });
  });

  it('never crashes the checker: a sound workflow with parts exchanged, dropped, renamed', () => {
    fc.assert(fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => void holds(JSON.stringify(changes.reduce(changed, goodSale as Json), null, 2))), { numRuns: 200 });
  });

  it('never crashes the checker: a sound workflow with characters changed', () => {
    const edit = fc.tuple(fc.nat(good.length), fc.nat(8), fc.oneof(fc.string({ unit: 'binary', maxLength: 3 }), fc.constantFrom('{', '}', ',', '"', '//', '\\', '\r\n', '')));
    fc.assert(fc.property(fc.array(edit, { minLength: 1, maxLength: 3 }), (edits) => void holds(edits.reduce((text, [at, length, put]) => text.slice(0, at) + put + text.slice(at + length), good))), { numRuns: 200 });
  });

  it('finds every field that is dropped from a state and every name that is misspelt', () => {
    const required = ['Type', 'Resource', 'Choices', 'Branches', 'ItemProcessor', 'StartAt', 'States', 'Seconds'];
    for (const path of paths.filter((one) => required.includes(String(one.at(-1))))) {
      expect(holds(JSON.stringify(changed(goodSale, { path, how: 'remove', value: null, name: '' }), null, 2)), path.join('/')).not.toEqual([]);
    }
    for (const path of paths.filter((one) => ['Next', 'Default', 'StartAt', 'Type', 'Resource', 'QueryLanguage'].includes(String(one.at(-1))))) {
      expect(holds(JSON.stringify(changed(goodSale, { path, how: 'replace', value: 'Misspelt', name: '' }), null, 2)), path.join('/')).not.toEqual([]);
    }
  });

  it('answers for a workflow of 2,000 states, sound or with a fault in each', () => {
    const large = (fault: boolean): string => {
      const states = Object.fromEntries(
        Array.from({ length: 2000 }, (_, index) => [
          `Step${index}`,
          { Type: 'Task', Resource: fault ? 'reader:readCrad' : 'reader:readCard', Arguments: { amountMinor: index === 0 ? 100 : `{% $v${index - 1} + ${index} %}` }, Assign: { [`v${index}`]: '{% $states.result.x %}' }, Catch: [{ ErrorEquals: ['Card.Unreadable'], Next: 'Unread' }], Next: fault ? `Stepp${index + 1}` : `Step${index + 1}` },
        ]),
      );
      return JSON.stringify({ QueryLanguage: 'JSONata', StartAt: 'Step0', States: { ...states, Step2000: { Type: 'Succeed' }, Unread: { Type: 'Fail', Error: 'Card.Unreadable' } } }, null, 2);
    };
    expect(holds(large(false))).toEqual([]);
    const faults = holds(large(true));
    expect(faults).toHaveLength(4000);
    // Names of states are guessed for the first hundred only.
    expect(faults.filter(({ near }) => near.length > 0)).toHaveLength(2100);
  });
});
