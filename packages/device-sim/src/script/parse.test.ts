import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import type { Json } from '@tillwright/core/contract';
import { parseScript, ScriptError, scriptSchema } from '../index.js';

const faultsOf = (script: Json | string) => {
  try {
    parseScript(script);
  } catch (error) {
    if (error instanceof ScriptError) return error.faults.map(({ pointer, message }) => `${pointer} ${message}`);
    throw error;
  }
  return [];
};

describe('a script', () => {
  test('the schema is one of draft 2020-12 by its own account', () => {
    const ajv = new Ajv2020({ strict: true, strictRequired: false, strictTypes: false });
    expect(ajv.validateSchema(scriptSchema)).toBe(true);
  });

  test('every kind of step is taken', () => {
    const steps: Json = [
      { when: { prompt: 'amount' }, answer: 8800, note: 'as typed' },
      { when: { prompt: 'choose', audience: 'merchant' }, answer: 'card' },
      { when: { prompt: 'confirm', audience: 'customer', shows: '88.00' }, walksAway: true },
      { when: { prompt: 'notice' }, answer: true, times: 'always' },
      { when: { prompt: 'device', shows: 'scanner:scan' }, cancel: true },
      { when: { device: 'reader' }, card: 'chip-ok', by: 'insert', fault: 'unreadable', times: 3 },
      { when: { device: 'reader' }, walksAway: true },
      { when: { device: 'pinpad' }, pin: '123456' },
      { when: { device: 'pinpad' }, bypass: true },
      { when: { device: 'pinpad' }, cancel: true },
      { when: { device: 'scanner' }, code: '280000000000000000' },
      { when: { device: 'scanner' }, garbage: true },
      { when: { device: 'scanner' }, unavailable: true },
      { when: { device: 'printer' }, prints: true },
      { when: { device: 'printer' }, fault: 'paper-out-midway' },
      { fault: 'paper-out' },
      { fault: 'clock-skew', skewMs: -400_000 },
      { fault: 'device-broken', device: 'scanner', after: 'card', nth: 2 },
      { after: 'receipt', do: 'paper-in' },
    ];
    expect(faultsOf({ steps })).toEqual([]);
    expect(parseScript(JSON.stringify({ steps })).transactions[0]?.steps).toHaveLength(steps.length);
    expect(parseScript({ transactions: [{ name: 'one', steps }, { steps: [] }] }).transactions.map(({ pointer }) => pointer)).toEqual([
      '/transactions/0/steps',
      '/transactions/1/steps',
    ]);
  });

  test('the one in the README is right', () => {
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
    const [, script] = /```json\n(.*?)```/s.exec(readme) ?? [];
    expect(parseScript(script ?? '').transactions[0]?.steps.length).toBeGreaterThan(5);
  });

  test.each<[Json | string, string[]]>([
    [{}, [' needs exactly one of steps, transactions']],
    [{ steps: [], transactions: [{ steps: [] }] }, [' needs exactly one of steps, transactions']],
    [{ steps: {} }, ['/steps must be array']],
    [{ steps: [{ when: { prompt: 'amonut' }, answer: 1 }] }, ['/steps/0/when/prompt must be one of amount, choose, confirm, notice, device, not "amonut"']],
    [{ steps: [{ when: { device: 'printers' }, fault: 'paper-out' }] }, ['/steps/0/when/device must be one of reader, pinpad, scanner, printer, not "printers"']],
    [{ steps: [{ when: {}, answer: 1 }] }, ['/steps/0/when needs "device"']],
    [{ steps: [{ when: { prompt: 'amount' } }] }, ['/steps/0 needs exactly one of answer, cancel, walksAway']],
    [{ steps: [{ when: { prompt: 'amount' }, answer: 1, cancel: true }] }, ['/steps/0 needs exactly one of answer, cancel, walksAway']],
    [
      { steps: [{ when: { prompt: 'amount' }, answer: 1, anwser: 2 }] },
      ['/steps/0 has "anwser", which does not belong here; known are when, times, note, answer, cancel, walksAway'],
    ],
    [{ steps: [{ when: { prompt: 'device' }, answer: true }] }, ['/steps/0 needs exactly one of cancel, walksAway', '/steps/0 has "answer", which does not belong here; known are when, times, note, cancel, walksAway']],
    [{ steps: [{ when: { device: 'reader' }, card: 'chip-ok', by: 'wave' }] }, ['/steps/0/by must be one of insert, tap, swipe, not "wave"']],
    [{ steps: [{ when: { device: 'pinpad' }, pin: '12a4' }] }, ['/steps/0/pin must be 1 to 12 digits, as text']],
    [{ steps: [{ when: { device: 'pinpad' }, pin: 123456 }] }, ['/steps/0/pin must be string']],
    [{ steps: [{ when: { device: 'pinpad' }, cancel: false }] }, ['/steps/0/cancel must be true']],
    [{ steps: [{ when: { prompt: 'amount' }, answer: 1, times: 0 }] }, ['/steps/0/times must be a whole number from 1, or "always"']],
    [{ steps: [{ fault: 'clock-skew' }] }, ['/steps/0 needs "skewMs"']],
    [{ steps: [{ do: 'device-mended' }] }, ['/steps/0 needs "device"']],
    [{ steps: [{ after: 'receipt' }] }, ['/steps/0 needs exactly one of fault, do']],
    ['{"steps": [\n  {"when": {"device": "pinpad"}, "pin": 123456" }]}', [' is not JSON (line 2, column 47)']],
  ])('%j is refused with its place', (script, expected) => {
    expect(faultsOf(script).sort()).toEqual(expected.sort());
  });

  test('all faults are told at once, and the error names them in both languages', () => {
    const script: Json = { steps: [{ when: { device: 'reader' }, card: 'gold' }, { fault: 'fire' }] };
    expect(faultsOf(script)).toHaveLength(2);
    expect(() => parseScript(script)).toThrow(/SCRIPT_INVALID: The script has 2 fault\(s\): \/steps\/0\/card .*chip-ok.*\/steps\/1\/fault/);
  });

  test('a PIN or code in a wrong place is not repeated', () => {
    for (const script of ['{"pin": 654321 x}', { steps: [{ when: { device: 'pinpad' }, pin: '654321x' }] }, { steps: [{ when: { device: 'scanner' }, code: 654321 }] }] as const) {
      expect(faultsOf(script).join()).not.toContain('654321');
      expect(faultsOf(script)).not.toEqual([]);
    }
  });
});
