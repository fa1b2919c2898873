import { once } from 'node:events';
import { connect } from 'node:net';
import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkValue, decode, frame, macInput, toHex, unionpayEcbMac, type Iso8583Message } from '@tillwright/plugin-card/protocol';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Accounts } from './accounts.js';
import { openHost, STRIPE, type TestHost } from './terminal.testing.js';

let host: TestHost;
afterEach(() => host.close());

const sale = (trace = '000001'): Iso8583Message => host.terminal.sale({ account: STRIPE, amountMinor: 500, entry: 'swiped', trace, pin: '1234' });
const echo = (trace: string): Iso8583Message => host.terminal.network('0820', '301', trace);
const send = (message: Iso8583Message): void => host.terminal.sendBytes(frame(host.terminal.encode(message)));
const statuses = async (): Promise<readonly string[]> => (await host.ledger()).map(({ status }) => status);

describe('faults', () => {
  // A terminal's messages are answered in their order: an echo answered first shows that nothing came before it.
  test('drop-request: never processed, never answered', async () => {
    host = await openHost();
    await host.fault({ do: 'drop-request', match: { operation: 'sale' } });
    send(sale());
    expect((await host.terminal.exchange(echo('000002'))).mti).toBe('0830');
    expect(await statuses()).toEqual([]);
  });

  test('drop-answer: processed, never answered', async () => {
    host = await openHost();
    await host.fault({ do: 'drop-answer', match: { operation: 'sale' } });
    send(sale());
    expect((await host.terminal.exchange(echo('000002'))).mti).toBe('0830');
    expect(await statuses()).toEqual(['approved']);
  });

  test('delay: the answer comes late; other messages are answered meanwhile, and a host that closes does not wait', async () => {
    host = await openHost();
    await host.fault([{ do: 'delay', ms: 1 }, { do: 'delay', ms: 600_000 }]);
    expect((await host.terminal.exchange(sale('000001'))).fields[39]).toBe('00');
    send(sale('000002'));
    expect((await host.terminal.exchange(echo('000003'))).mti).toBe('0830');
    expect(await statuses()).toEqual(['approved', 'approved']);
  });

  test('answer-twice: the same bytes again, one sale', async () => {
    host = await openHost();
    await host.fault({ do: 'answer-twice' });
    send(sale());
    const first = await host.terminal.next();
    expect(first).toEqual(await host.terminal.next());
    expect(await statuses()).toEqual(['approved']);
  });

  test('garble: the frame is whole, what is in it is not', async () => {
    host = await openHost();
    await host.fault({ do: 'garble' });
    send(sale());
    const bytes = await host.terminal.next() as Uint8Array;
    expect(() => decode(bytes)).toThrow();
    expect(await statuses()).toEqual(['approved']);
  });

  test('bad-signature: the MAC fits nothing', async () => {
    host = await openHost();
    await host.fault({ do: 'bad-signature' });
    send(sale());
    const bytes = await host.terminal.next() as Uint8Array;
    const answer = decode(bytes);
    expect(answer.fields[39]).toBe('00');
    expect(answer.fields[64]).not.toBe(toHex(unionpayEcbMac(host.terminal.macKey, macInput(bytes))));
  });

  test.each([['amount', 4], ['reference', 11], ['terminal', 41]] as const)('misstate: another %s under a right MAC', async (what, element) => {
    host = await openHost();
    await host.fault({ do: 'misstate', what });
    const request = sale();
    send(request);
    const bytes = await host.terminal.next() as Uint8Array;
    const answer = decode(bytes);
    expect(answer.fields[39]).toBe('00');
    expect(answer.fields[64]).toBe(toHex(unionpayEcbMac(host.terminal.macKey, macInput(bytes))));
    expect([4, 11, 41].filter((each) => answer.fields[each] !== request.fields[each])).toEqual([element]);
    expect(await statuses()).toEqual(['approved']);
  });

  test('bad-signature on a sign-on: check values fit no key', async () => {
    host = await openHost();
    const good = await host.terminal.signOn();
    await host.fault({ do: 'bad-signature', match: { operation: 'sign-on' } });
    const bad = await host.terminal.signOn();
    expect(bad.fields[39]).toBe('00');
    expect(bad.fields[62]?.length).toBe(good.fields[62]?.length);
    expect(bad.fields[62]?.slice(32, 40)).not.toBe(toHex(checkValue(host.terminal.pinKey)));
  });

  test.each([['sale', '05'], ['reversal', '96'], ['void', '40'], ['refund', '61'], ['sign-on', '91'], ['echo', '90']] as const)('decline: a %s with any code (%s)', async (operation, code) => {
    host = await openHost();
    const request = sale();
    const answer = operation === 'sale' ? undefined : await host.terminal.exchange(request);
    const message = (): Iso8583Message => {
      switch (operation) {
        case 'sale': return request;
        case 'reversal': return host.terminal.reversal(request);
        case 'void': case 'refund': return host.terminal.undo(operation, { sale: request, answer: answer ?? request, trace: '000009' });
        case 'sign-on': return host.terminal.network('0800', '003', '000009');
        case 'echo': return echo('000009');
      }
    };
    await host.fault({ do: 'decline', code, match: { operation } });
    expect((await host.terminal.exchange(message())).fields[39]).toBe(code);
    expect(await statuses()).toEqual([operation === 'sale' ? 'declined' : 'approved']);
  });

  test('decline with an approval’s code approves with it; with 10, half', async () => {
    host = await openHost();
    await host.fault([{ do: 'decline', code: '11' }, { do: 'decline', code: '10' }]);
    const whole = await host.terminal.exchange(sale('000001'));
    expect([whole.fields[39], whole.fields[4], whole.fields[38]?.length]).toEqual(['11', '000000000500', 6]);
    const half = await host.terminal.exchange(sale('000002'));
    expect([half.fields[39], half.fields[4]]).toEqual(['10', '000000000250']);
    expect((await host.ledger()).map(({ amountMinor, status }) => [amountMinor, status])).toEqual([[500, 'approved'], [250, 'approved']]);
  });

  test('overtaken: the sale comes after its reversal was answered with 25', async () => {
    host = await openHost();
    await host.fault({ do: 'overtaken', match: { operation: 'sale' } });
    send(sale());
    expect((await host.terminal.exchange(host.terminal.reversal(sale()))).fields[39]).toBe('25');
    expect((await host.terminal.answer()).mti).toBe('0210');
    expect(await statuses()).toEqual(['approved']);
  });

  test('delay-request: the sale comes later, and what was sent meanwhile does not wait for it', async () => {
    host = await openHost();
    await host.fault({ do: 'delay-request', ms: 50, match: { operation: 'sale' } });
    send(sale());
    expect((await host.terminal.exchange(host.terminal.reversal(sale()))).fields[39]).toBe('25');
    expect((await host.terminal.answer()).mti).toBe('0210');
    expect(await statuses()).toEqual(['approved']);
  });

  test('refuse-connections: nothing listens until cleared; the ledger stays', async () => {
    host = await openHost();
    await host.terminal.exchange(sale());
    await host.fault({ do: 'refuse-connections' });
    expect(await host.terminal.next()).toBe('closed');
    const refused = connect(host.endpoints.port, '127.0.0.1');
    const [error] = (await once(refused, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ECONNREFUSED');
    await host.clearFaults();
    const again = await host.terminal.again();
    expect((await again.exchange(sale())).fields[39]).toBe('94');
    again.close();
  });
});

test('an answer finds nobody: the sale stands, and the host goes on', async () => {
  host = await openHost();
  await host.fault({ do: 'overtaken', match: { operation: 'sale' } });
  const other = await host.terminal.again();
  other.sendBytes(frame(other.encode(sale())));
  await other.exchange(echo('000002'));
  other.close();
  expect((await host.terminal.exchange(host.terminal.reversal(sale()))).fields[39]).toBe('25');
  expect((await host.terminal.exchange(echo('000003'))).fields[39]).toBe('00');
  expect(await statuses()).toEqual(['approved']);
});

test('an answer sent to the host is not answered: it hangs up', async () => {
  host = await openHost();
  send({ ...sale(), mti: '0210' });
  expect(await host.terminal.next()).toBe('closed');
});

test('messages may come in pieces, or several at once', async () => {
  host = await openHost();
  const both = Buffer.concat([frame(host.terminal.encode(sale('000001'))), frame(host.terminal.encode(sale('000002')))]);
  for (let at = 0; at < both.length; at += 50) host.terminal.sendBytes(both.subarray(at, at + 50));
  expect([(await host.terminal.answer()).fields[11], (await host.terminal.answer()).fields[11]]).toEqual(['000001', '000002']);
});

describe('durability', () => {
  let dataDir = '';
  let fileHandles: { datasync(): Promise<void> };
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'tillwright-acquirer-'));
    const file = await open(join(dataDir, 'probe'), 'w');
    fileHandles = Object.getPrototypeOf(file) as typeof fileHandles;
    await file.close();
    host = await openHost({ dataDir, moreTerminals: [{ tid: '00000002', mid: '898000000000001' }] });
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    await rm(dataDir, { recursive: true, force: true });
  });

  test('what an answer says is on the disk when it comes', async () => {
    await host.terminal.exchange(sale('000001'));
    expect(await readFile(join(dataDir, 'acquirer.jsonl'), 'utf8')).toContain('"reference":"00000001-000001-000001"');
  });

  test.each(['sale', 'wrong PIN', 'reversal', 'reversal of nothing', 'void', 'refund', 'sign-on'] as const)('%s: a host whose disk fails answers nothing', async (operation) => {
    const request = sale();
    const answer = await host.terminal.exchange(request);
    const message = (): Iso8583Message => {
      switch (operation) {
        case 'sale': return sale('000002');
        case 'wrong PIN': return host.terminal.sale({ account: STRIPE, amountMinor: 500, entry: 'swiped', trace: '000002', pin: '9999' });
        case 'reversal': return host.terminal.reversal(request);
        case 'reversal of nothing': return host.terminal.reversal(sale('000002'));
        case 'void': case 'refund': return host.terminal.undo(operation, { sale: request, answer, trace: '000002' });
        case 'sign-on': return host.terminal.network('0800', '003', '000002');
      }
    };
    vi.spyOn(fileHandles, 'datasync').mockRejectedValue(new Error('disk gone'));
    send(message());
    expect(await host.terminal.next()).toBe('closed');
  });

  test('a wrong PIN is not answered before it is counted', async () => {
    vi.spyOn(Accounts.prototype, 'remember').mockRejectedValue(new Error('disk gone'));
    send(host.terminal.sale({ account: STRIPE, amountMinor: 500, entry: 'swiped', trace: '000002', pin: '9999' }));
    expect(await host.terminal.next()).toBe('closed');
  });

  test('a second reversal waits for the first to be durable, and hears nothing either when it never is', async () => {
    const request = sale();
    await host.terminal.exchange(request);
    let fail = (): void => undefined;
    const syncing = new Promise<void>((resolve) => {
      vi.spyOn(fileHandles, 'datasync').mockImplementation(() => {
        resolve();
        return new Promise((_, reject) => {
          fail = () => reject(new Error('disk gone'));
        });
      });
    });
    const second = await host.terminal.again();
    send(host.terminal.reversal(request));
    await syncing;
    second.sendBytes(frame(second.encode(second.reversal(request))));
    // Another terminal's echo behind it on the same connection is answered first: the reversal waits.
    const { fields, ...head } = echo('000001');
    expect((await second.exchange({ ...head, fields: { ...fields, 41: '00000002' } })).mti).toBe('0830');
    fail();
    expect([await host.terminal.next(), await second.next()]).toEqual(['closed', 'closed']);
  });
});
