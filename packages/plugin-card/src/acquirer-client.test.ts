import { type AddressInfo, createServer, type Socket } from 'node:net';
import { beforeEach, describe, expect, it } from 'vitest';
import { AcquirerClient } from './acquirer-client.js';
import type { Connect, Listener } from './connection.js';
import { fromHex } from './protocol.js';
import { ManualClock } from './testing.test-helper.js';

const MESSAGE = Uint8Array.of(1);

let clock: ManualClock;
let sent: Uint8Array[];
let closed: number;
let listener: Listener | undefined;
beforeEach(() => {
  clock = new ManualClock();
  sent = [];
  closed = 0;
  listener = undefined;
});

/** A line on which nothing happens but what `begin` makes of a connection, and a test afterwards. */
const client = (begin: (listener: Listener) => void): AcquirerClient => {
  const connect: Connect = (given) => {
    listener = given;
    begin(given);
    return { send: (message) => void sent.push(message), close: () => void (closed += 1) };
  };
  return new AcquirerClient({ host: '127.0.0.1', port: 1, connectTimeoutMs: 10_000, connect }, clock);
};
const stands = (its: Listener): void => its.connected();
const deadline = (ms = 60_000) => ({ deadlineAt: clock.now() + ms });
const settled = () => new Promise((resolve) => setImmediate(resolve));
const whole = (bytes: Uint8Array) => bytes;

describe('a message', () => {
  it('is not sent from the deadline on, though a connection stands: who asked may be undoing it already', async () => {
    expect(await client(stands).exchange(MESSAGE, whole, deadline(0))).toEqual({ got: 'not-sent', why: 'given up before it was sent' });
    const late = client((its) => {
      clock.advance(5_000);
      its.connected();
    });
    expect(await late.exchange(MESSAGE, whole, deadline(5_000))).toEqual({ got: 'not-sent', why: 'given up before it was sent' });
    expect([sent, closed, clock.waiting]).toEqual([[], 2, 0]);
  });

  it('is not sent once its sender has given up, though a connection stands', async () => {
    const cancel = new AbortController();
    const given = client((its) => {
      cancel.abort();
      its.connected();
    }).exchange(MESSAGE, whole, { ...deadline(), signal: cancel.signal });
    expect(await given).toEqual({ got: 'not-sent', why: 'given up before it was sent' });
    expect([sent, closed, clock.waiting]).toEqual([[], 1, 0]);
  });

  it.each([
    ['when the time for connecting is over', 60_000, 10_000],
    ['at its deadline', 4_000, 4_000],
  ])('is not sent on a connection that does not stand %s, nor when it does later', async (_when, deadlineMs, over) => {
    const exchanged = client(() => {}).exchange(MESSAGE, whole, deadline(deadlineMs));
    clock.advance(over - 1);
    await settled();
    expect(closed).toBe(0);
    clock.advance(1);
    expect(await exchanged).toEqual({ got: 'not-sent', why: 'no connection to the acquirer in time' });
    listener?.connected();
    await settled();
    expect([sent, closed, clock.waiting]).toEqual([[], 1, 0]);
  });

  it('is not sent when cancelled while the connection is made, nor is one made after a cancel', async () => {
    const cancel = new AbortController();
    const limits = { ...deadline(), signal: cancel.signal };
    const exchanged = client(() => {}).exchange(MESSAGE, whole, limits);
    cancel.abort();
    expect(await exchanged).toEqual({ got: 'not-sent', why: 'ended before the connection was made' });
    listener = undefined;
    expect(await client(stands).exchange(MESSAGE, whole, limits)).toMatchObject({ got: 'not-sent' });
    expect([listener, sent, closed, clock.waiting]).toEqual([undefined, [], 1, 0]);
  });

  let cancel: AbortController;
  beforeEach(() => {
    cancel = new AbortController();
  });
  it.each<[object, () => void]>([
    [{ got: 'answer', answer: Uint8Array.of(2) }, () => listener?.message(Uint8Array.of(2))],
    [{ got: 'no-answer', why: 'no answer in time' }, () => clock.advance(60_000)],
    [{ got: 'no-answer', why: 'the wait for the answer was ended' }, () => cancel.abort()],
    [{ got: 'no-answer', why: 'gone' }, () => listener?.broken('gone')],
    [{ got: 'garbled', why: 'no frame' }, () => listener?.garbled('no frame')],
  ])('once it was sent ends in %j, and leaves neither connection nor timer behind', async (expected, happens) => {
    const exchanged = client(stands).exchange(MESSAGE, whole, { ...deadline(), signal: cancel.signal });
    await settled();
    expect([sent, closed]).toEqual([[MESSAGE], 0]);
    happens();
    expect(await exchanged).toEqual(expected);
    expect([sent, closed, clock.waiting]).toEqual([[MESSAGE], 1, 0]);
  });

  it('waits on past what belongs to another request', async () => {
    const exchanged = client(stands).exchange(MESSAGE, (bytes) => (bytes[0] === 2 ? bytes : undefined), deadline());
    await settled();
    listener?.message(Uint8Array.of(1));
    listener?.message(Uint8Array.of(2));
    expect(await exchanged).toEqual({ got: 'answer', answer: Uint8Array.of(2) });
  });
});

describe('the question whether the acquirer can be reached', () => {
  it('closes the connection that it made', async () => {
    expect(await client(stands).reach()).toBe(true);
    expect(await client((its) => its.broken('no')).reach()).toBe(false);
    expect([sent, closed, clock.waiting]).toEqual([[], 2, 0]);
  });
  it('ends when the time for connecting is over, or at a cancel', async () => {
    const timed = client(() => {}).reach();
    clock.advance(10_000);
    expect(await timed).toBe(false);
    const cancel = new AbortController();
    const cancelled = client(() => {}).reach(cancel.signal);
    cancel.abort();
    expect(await cancelled).toBe(false);
    expect([closed, clock.waiting]).toEqual([2, 0]);
  });
});

describe('over TCP', () => {
  const answered = async (by: (socket: Socket) => void) => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => by(socket));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    try {
      return await new AcquirerClient({ host: '127.0.0.1', port, connectTimeoutMs: 10_000 }, clock).exchange(MESSAGE, whole, deadline());
    } finally {
      server.close();
    }
  };

  it('what announces more than any message has is garbled', async () => {
    expect(await answered((socket) => socket.write(fromHex('FFFF00')))).toEqual({ got: 'garbled', why: 'FRAME_INVALID: 65535 bytes announced' });
  });
  it('a connection that breaks is no answer', async () => {
    expect(await answered((socket) => socket.resetAndDestroy())).toEqual({ got: 'no-answer', why: 'the connection broke (ECONNRESET)' });
    expect(await answered((socket) => socket.end(fromHex('0004AABB')))).toEqual({ got: 'no-answer', why: 'the acquirer closed the connection without an answer' });
  });
});
