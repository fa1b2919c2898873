import { format, inspect } from 'node:util';
import { deserialize, serialize } from 'node:v8';
import { expect, it } from 'vitest';
import { leakScanner } from './leak-scanner.js';
import { Sensitive } from './sensitive.js';

const PAN = '6228480000000000019';
const BLOCK = Uint8Array.of(0x1a, 0x2b, 0x3c, 0x4d, 0x5e, 0x6f, 0x70, 0x81);
const scanner = leakScanner({ secrets: [{ name: 'card number', value: PAN }, { name: 'PIN block', value: BLOCK }] });
const pan = new Sensitive(PAN, '622848******0019');
const block = new Sensitive(BLOCK);
const card = new Sensitive({ pan: PAN, block: BLOCK, tlv: new Map([['5A', PAN]]) });

const thrown = (error: Error): string => `${error.stack} ${inspect(error)} ${JSON.stringify(error, Object.getOwnPropertyNames(error))}`;

/** Every way in which a value of a program gets into text without anybody meaning it. */
const renderings: { readonly [name: string]: (value: Sensitive<unknown>) => string | Uint8Array } = {
  JSON: (value) => JSON.stringify({ value, list: [value] }),
  'template string': (value) => `${value}`,
  'string concatenation': (value) => `card ${String(value)}` + value,
  inspect: (value) => inspect(value),
  'inspect of what hides nothing': (value) => inspect({ deep: { value } }, { depth: null, showHidden: true, getters: true, customInspect: false }),
  format: (value) => format('%s %j %o %O %d', value, value, value, value, value),
  'an error that names it': (value) => thrown(new Error(`bad card ${value}`)),
  'an error caused by it': (value) => thrown(new Error('bad card', { cause: value })),
  'an error that carries it': (value) => thrown(Object.assign(new Error('bad card'), { value })),
  'structured clone': (value) => inspect(structuredClone(value), { depth: null, showHidden: true }) + JSON.stringify(structuredClone(value)),
  'as it is sent to another process': (value) => Uint8Array.from(serialize(value)),
  'as another process receives it': (value) => inspect(deserialize(serialize(value)), { depth: null }),
  'spread and entries': (value) => JSON.stringify([{ ...value }, Object.entries(value), Reflect.ownKeys(value).map(String), Object.getOwnPropertyDescriptors(value)]),
  'an assertion that fails': (value) => {
    try {
      expect(value).toEqual('something else');
      return '';
    } catch (error) {
      return inspect(error, { depth: null, showHidden: true });
    }
  },
};

it.each(Object.entries(renderings))('is masked: %s', (_name, render) => {
  for (const value of [pan, block, card]) {
    const text = render(value);
    expect(text.length).toBeGreaterThan(0);
    expect(scanner.scan('rendering', text)).toEqual([]);
  }
});

it('would be found where it is not masked', () => {
  for (const render of [renderings['JSON'], renderings['inspect'], renderings['an error that carries it'], renderings['structured clone']]) {
    expect(scanner.scan('rendering', render?.({ pan: PAN } as never) ?? '')).not.toEqual([]);
  }
});

it('shows its mask and gives its value to whoever asks for it', () => {
  expect(`${pan}`).toBe('622848******0019');
  expect(JSON.stringify({ pan })).toBe('{"pan":"622848******0019"}');
  expect(inspect(pan)).toBe('Sensitive(622848******0019)');
  expect(structuredClone(pan)).toEqual({ masked: '622848******0019' });
  expect(Number(pan)).toBeNaN();
  expect(pan.reveal()).toBe(PAN);
  expect(block.reveal()).toBe(BLOCK);
  expect(`${block}`).toBe('******');
});
