import { expect, test } from 'vitest';
import { Faults, parseFaults, type Fault } from './faults.js';

test('a fault meets its operation only, as often as it says, first come first served', () => {
  const faults = new Faults();
  faults.push([
    { do: 'drop-answer', match: { operation: 'sale' }, times: 2 },
    { do: 'garble', match: { operation: '*' } },
  ]);
  expect(faults.take('reversal')?.do).toBe('garble');
  expect(faults.take('reversal')).toBeUndefined();
  expect(faults.take('sale')?.do).toBe('drop-answer');
  expect(faults.peekAll()).toEqual([{ do: 'drop-answer', match: { operation: 'sale' }, times: 1 }]);
  expect(faults.take('sale')?.do).toBe('drop-answer');
  expect(faults.take('sale')).toBeUndefined();
});

test('asking for one kind leaves the others in the queue', () => {
  const faults = new Faults();
  faults.push([{ do: 'garble' }, { do: 'user-paying', times: 2 }]);
  expect(faults.takeKind('user-paying', 'query')?.do).toBe('user-paying');
  expect(faults.take('query')?.do).toBe('garble');
});

test('refused connections are never taken by a message', () => {
  const faults = new Faults();
  faults.push({ do: 'refuse-connections', times: 1 });
  expect(faults.take('sale')).toBeUndefined();
  expect(faults.closed).toBe(false);
  expect([faults.takeRefusal(), faults.takeRefusal()]).toEqual([true, false]);
  faults.push({ do: 'refuse-connections' });
  expect([faults.closed, faults.takeRefusal()]).toEqual([true, false]);
  faults.clear();
  expect(faults.closed).toBe(false);
});

const good: readonly Fault[] = [
  { do: 'drop-request', match: { operation: 'sale' }, times: 3 },
  { do: 'delay', ms: 20 },
  { do: 'decline', code: '51' },
  { do: 'http-status', status: 502 },
  { do: 'refuse-connections' },
];
test.each(good)('takes %o from outside as it is', (fault) => {
  expect(parseFaults(fault)).toEqual([fault]);
});

test.each([
  [null], ['garble'], [{}], [{ do: 'explode' }], [{ do: 'delay' }], [{ do: 'delay', ms: -1 }], [{ do: 'decline' }], [{ do: 'http-status', status: 99 }],
  [{ do: 'garble', times: 0 }], [{ do: 'garble', times: 1.5 }], [{ do: 'garble', match: 'sale' }], [{ do: 'garble', match: { op: 'sale' } }], [{ do: 'garble', code: '51', more: 1 }],
])('refuses %j', (body) => {
  expect(() => parseFaults(body)).toThrow(expect.objectContaining({ code: 'HOST_OPTIONS_INVALID' }));
});
