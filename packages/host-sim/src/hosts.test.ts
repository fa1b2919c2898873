import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CHIP, NOW, STRIPE, Terminal } from './acquirer/terminal.testing.js';
import { startHosts, type AcquirerEndpoints, type Hosts } from './index.js';

let dataDir = '';
const running: Hosts[] = [];
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'tillwright-hosts-'));
});
afterEach(async () => {
  for (const hosts of running.splice(0)) await hosts.close();
  await rm(dataDir, { recursive: true, force: true });
});

async function start(): Promise<{ hosts: Hosts; acquirer: AcquirerEndpoints }> {
  const hosts = await startHosts({ dataDir, clock: () => NOW, alipay: false, wechat: false, acquirer: { accounts: [CHIP, { ...STRIPE, balanceMinor: 1_000 }] } });
  running.push(hosts);
  if (hosts.endpoints.acquirer === undefined) throw new Error('no acquirer');
  return { hosts, acquirer: hosts.endpoints.acquirer };
}

const ledger = async ({ control }: AcquirerEndpoints): Promise<unknown> => (await fetch(`${control}/ledger`)).json();

test('started again on the same directory: same keys, ledger, balances, PIN counters and chip counters', async () => {
  const first = await start();
  const before = await Terminal.connect(first.acquirer);
  await before.signOn();
  const stripe = (trace: string, amountMinor: number, pin = '1234') => before.sale({ account: STRIPE, amountMinor, entry: 'swiped', trace, pin });
  const chip = (trace: string, atc: number) => before.sale({ account: CHIP, amountMinor: 100, entry: 'chip', trace, atc, pin: '1234' });
  const paid = stripe('000001', 900);
  expect((await before.exchange(paid)).fields[39]).toBe('00');
  const approved = await before.exchange(chip('000002', 5));
  expect(approved.fields[39]).toBe('00');
  expect((await before.exchange(stripe('000003', 1, '9999'))).fields[39]).toBe('55');
  expect((await before.exchange(stripe('000004', 1, '9999'))).fields[39]).toBe('55');
  const shown = await ledger(first.acquirer);
  before.close();
  await first.hosts.close();

  const second = await start();
  expect(second.acquirer.terminalMasterKey).toBe(first.acquirer.terminalMasterKey);
  expect(await ledger(second.acquirer)).toEqual(shown);
  const after = await before.again(second.acquirer);
  const code = async (message: Parameters<Terminal['exchange']>[0]) => (await after.exchange(message)).fields[39];
  expect(await code(stripe('000001', 900))).toBe('94');
  const replayed = await after.exchange(chip('000005', 5));
  expect(replayed.fields[39]).toBe('05');
  // Reference numbers go on where they were.
  expect(Number(replayed.fields[37])).toBeGreaterThan(Number(approved.fields[37]));
  expect(await code(after.sale({ account: STRIPE, amountMinor: 101, entry: 'swiped', trace: '000006' }))).toBe('51');
  expect(await code(stripe('000007', 1, '9999'))).toBe('38');
  expect(await code(after.reversal(paid))).toBe('00');
  expect(await code(after.sale({ account: STRIPE, amountMinor: 1_000, entry: 'swiped', trace: '000008' }))).toBe('00');
  after.close();
});

test('nothing on the disk holds a card number, a track, a PIN or a PIN block', async () => {
  const { acquirer } = await start();
  const terminal = await Terminal.connect(acquirer);
  await terminal.signOn();
  const request = terminal.sale({ account: STRIPE, amountMinor: 900, entry: 'swiped', trace: '000001', pin: '1234' });
  await terminal.exchange(request);
  await terminal.exchange(terminal.reversal(request));
  await terminal.exchange(terminal.reversal(terminal.sale({ account: CHIP, amountMinor: 900, entry: 'chip', trace: '000002' })));
  terminal.close();
  const files = (await readdir(dataDir)).filter((name) => name !== 'hosts.lock');
  expect(files.sort()).toEqual(['acquirer-cards.jsonl', 'acquirer-keys.json', 'acquirer-terminals.jsonl', 'acquirer.jsonl']);
  const written = (await Promise.all(files.map((name) => readFile(join(dataDir, name), 'utf8')))).join('\n') + JSON.stringify(await ledger(acquirer));
  expect(written).toContain('622202******0015');
  for (const secret of [STRIPE.pan, CHIP.pan, request.fields[35], request.fields[52], '"1234"']) expect(written).not.toContain(secret);
});

test('a directory in use is refused with the process that has it; one left by a process that is gone is taken over', async () => {
  const { hosts } = await start();
  await expect(start()).rejects.toMatchObject({ code: 'HOST_DATA_IN_USE', message: expect.stringContaining(String(process.pid)) });
  await hosts.close();
  // No process has the number 0 or less, and 1 is alive on every machine.
  await writeFile(join(dataDir, 'hosts.lock'), '-5');
  await (await start()).hosts.close();
  await writeFile(join(dataDir, 'hosts.lock'), '1');
  await expect(start()).rejects.toMatchObject({ code: 'HOST_DATA_IN_USE' });
});

test('wrong options are refused with what is wrong, and the directory is free again', async () => {
  await expect(startHosts({ dataDir, alipay: false, wechat: false, acquirer: { tid: '1' } })).rejects.toMatchObject({ code: 'HOST_OPTIONS_INVALID' });
  await expect(startHosts({ dataDir, alipay: false, wechat: false, acquirer: { accounts: [{ ...STRIPE, expiry: '9' }] } })).rejects.toMatchObject({ code: 'HOST_OPTIONS_INVALID' });
  await start();
});

test('a host set to false is left out', async () => {
  const hosts = await startHosts({ acquirer: false, alipay: false, wechat: false });
  running.push(hosts);
  expect(hosts.endpoints).toEqual({});
});

test('endpoints are plain JSON', async () => {
  const { hosts, acquirer } = await start();
  expect(JSON.parse(JSON.stringify(hosts.endpoints))).toEqual(hosts.endpoints);
  expect(acquirer).toEqual({
    host: '127.0.0.1', port: expect.any(Number), control: `http://127.0.0.1:${new URL(acquirer.control).port}`, tpdu: '6000030000', header: '603100310100',
    tid: '00000001', mid: '898000000000001', terminalMasterKey: expect.stringMatching(/^[0-9A-F]{32}$/),
  });
});
