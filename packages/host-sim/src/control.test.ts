import { createServer, connect } from 'node:net';
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { startControl, type Control, type LedgerEntry } from './control.js';
import { optionsInvalid } from './errors.js';
import { Faults } from './faults.js';
import { listen, type Listener } from './listener.js';

const open: (Control | Listener)[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

const entry: LedgerEntry = { reference: 'r', amountMinor: 5, currency: 'CNY', status: 'approved', at: 1 };

async function start(onAccounts?: (body: unknown) => void): Promise<{ url: string; faults: Faults }> {
  const faults = new Faults();
  const control = await startControl({ host: 'acquirer', ledgerView: () => [entry], faults, ...(onAccounts === undefined ? {} : { onAccounts }) });
  open.push(control);
  return { url: control.url, faults };
}

const post = (url: string, body: unknown): Promise<Response> =>
  fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

test('shows the ledger with the name of its host', async () => {
  const { url } = await start();
  expect(await (await fetch(`${url}/ledger`)).json()).toEqual({ host: 'acquirer', entries: [entry] });
});

test('queues, shows and clears faults', async () => {
  const { url, faults } = await start();
  expect((await post(`${url}/faults`, [{ do: 'garble' }, { do: 'delay', ms: 1 }])).status).toBe(202);
  expect(await (await fetch(`${url}/faults`)).json()).toEqual([{ do: 'garble' }, { do: 'delay', ms: 1 }]);
  expect((await fetch(`${url}/faults`, { method: 'DELETE' })).status).toBe(204);
  expect(faults.peekAll()).toEqual([]);
});

test('refuses a fault it does not know, with the reason in both languages, and queues nothing', async () => {
  const { url, faults } = await start();
  const answer = await post(`${url}/faults`, [{ do: 'garble' }, { do: 'explode' }]);
  expect(answer.status).toBe(400);
  expect(await answer.json()).toMatchObject({ code: 'HOST_OPTIONS_INVALID', hint: { zh: expect.any(String), en: expect.any(String) } });
  expect(faults.peekAll()).toEqual([]);
});

test('hands accounts on, and answers what is wrong with them', async () => {
  const seen: unknown[] = [];
  const { url } = await start((body) => {
    if (!Array.isArray(body)) throw optionsInvalid('accounts are a list');
    seen.push(body);
  });
  expect((await post(`${url}/accounts`, [{ pan: 'x' }])).status).toBe(204);
  expect(seen).toEqual([[{ pan: 'x' }]]);
  expect((await post(`${url}/accounts`, {})).status).toBe(400);
});

async function attempt(port: number): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  const heard = new Promise<string>((resolve) => {
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'error'));
    socket.once('data', (data) => resolve(data.toString()));
    socket.once('end', () => resolve('end'));
  });
  const result = await heard;
  socket.destroy();
  return result;
}

test('refuse-connections shuts the door until it is cleared, on the same port; counted, it resets that many', async () => {
  const faults = new Faults();
  const control = await startControl({ host: 'acquirer', ledgerView: () => [], faults });
  const door = await listen(createServer((socket) => socket.end('hello')), { port: 0, faults });
  open.push(control, door);
  expect(await attempt(door.port)).toBe('hello');
  await post(`${control.url}/faults`, { do: 'refuse-connections' });
  expect([await attempt(door.port), await attempt(door.port)]).toEqual(['ECONNREFUSED', 'ECONNREFUSED']);
  await fetch(`${control.url}/faults`, { method: 'DELETE' });
  expect(await attempt(door.port)).toBe('hello');
  await post(`${control.url}/faults`, { do: 'refuse-connections', times: 1 });
  expect([await attempt(door.port), await attempt(door.port)]).toEqual(['ECONNRESET', 'hello']);
});

test('open connections are dropped when the door shuts, and a taken port is told', async () => {
  const faults = new Faults();
  const door = await listen(createServer((socket) => socket.write('hello')), { port: 0, faults });
  open.push(door);
  await expect(listen(createServer(), { port: door.port, faults: new Faults() })).rejects.toMatchObject({ code: 'HOST_PORT_IN_USE' });
  const socket = connect(door.port, '127.0.0.1');
  await once(socket, 'data');
  const closed = once(socket, 'close');
  faults.push({ do: 'refuse-connections' });
  await closed;
});
