/** What bad input gets: workflows with faults, a directory in use, a damaged log, answers that are no answers. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, readdir, readFile, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { createTill, diagnosticsOf, TillwrightError } from '@tillwright/core';
import { fileStorage } from '@tillwright/core/node';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { amount, choose, confirmed, COUNTER_SALE, ended, noted, payerCode, pin, present, scan, Shop, type Step } from './support.js';

let shop: Shop;
let shipped: string;
beforeAll(async () => {
  shop = await Shop.open();
  shipped = await readFile(COUNTER_SALE, 'utf8');
});
afterAll(() => shop.close());

const sale = (wallet: 'alipay' | 'wechat', fen: number): Step[] => [amount(fen), choose(wallet, 'how to pay'), choose('scan', 'scan the customer'), scan(payerCode(wallet)), confirmed, noted, ended];
const failure = async (work: Promise<unknown>): Promise<TillwrightError> => {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!TillwrightError.is(error)) throw new Error(`an error of Tillwright's was expected, not ${String(error)}`);
  return error;
};
const exists = (path: string): Promise<boolean> => access(path).then(() => true, () => false);

describe('a workflow with a fault is refused whole', () => {
  /** Where a text stands, counted from 1. */
  const placeOf = (text: string, marked: string, nth = 0): { line: number; column: number } => {
    const parts = text.split(marked);
    if (parts.length < nth + 2) throw new Error(`the workflow does not hold ${marked}`);
    const lines = parts.slice(0, nth + 1).join(marked).split('\n');
    return { line: lines.length, column: (lines.at(-1) ?? '').length + 1 };
  };

  it.each([
    ['a duplicate key', '"StartAt": "Prepare",', '"StartAt": "Prepare",\n  "StartAt": "Prepare",', 'WORKFLOW_DUPLICATE_KEY', '"StartAt"', 1, '/StartAt', undefined],
    ['an unknown field', '"Default": "PrepareOther"', '"Default": "PrepareOther",\n      "Defualt": "Confirm"', 'WORKFLOW_UNKNOWN_FIELD', '"Defualt"', 0, '/States/WhatIsNeeded/Defualt', 'Default'],
    ['an unknown action', '"pinpad:enterPin"', '"pinpad:enterPIN"', 'WORKFLOW_UNKNOWN_ACTION', '"pinpad:enterPIN"', 0, '/States/EnterPin/Resource', 'pinpad:enterPin'],
    ['an unknown state', '"Next": "EnterAmount"', '"Next": "EnterAmuont"', 'WORKFLOW_UNKNOWN_STATE', '"EnterAmuont"', 0, '/States/Prepare/Next', 'EnterAmount'],
    ['a JSONPath field', '"Resource": "till:check",', '"Resource": "till:check",\n      "InputPath": "$.order",', 'WORKFLOW_JSONPATH_FIELD', '"InputPath"', 0, '/States/Prepare/InputPath', undefined],
    ['a fraction as money', '"maxMinor": 5000000', '"maxMinor": 50000.5', undefined, '50000.5', 0, '/States/EnterAmount/Arguments/maxMinor', undefined],
    ['a fraction as the amount of a payment', '"amountMinor": "{% $amountMinor %}",\n        "currency": "CNY",\n        "with"', '"amountMinor": 88.5,\n        "currency": "CNY",\n        "with"', undefined, '88.5', 0, '/States/Pay/Arguments/amountMinor', undefined],
  ])('%s', async (_what, from, to, code, marked, nth, pointer, near) => {
    const text = shipped.replace(from, to);
    expect(text).not.toBe(shipped);
    const error = await failure(shop.counter([], { edit: () => text, data: 'refused' }));
    expect(error.code).toBe('WORKFLOW_INVALID');
    const [first, ...others] = diagnosticsOf(error);
    expect(others).toEqual([]);
    expect(first).toMatchObject({ severity: 'error', file: 'workflows/counter-sale.asl.json', ...placeOf(text, marked, nth), pointer, ...(code === undefined ? {} : { code }) });
    if (near !== undefined) expect(first?.near).toContain(near);
    for (const said of [first?.what, first?.expected, first?.next]) {
      expect(said?.zh).toMatch(/\p{Script=Han}/u);
      expect(said?.en).toMatch(/[a-z]/i);
    }
    expect(await exists(join(shop.dir, 'refused', 'log'))).toBe(false);
    expect(await shop.ledger()).toEqual([]);
  });

  it('every fault is listed, in the order of the file', async () => {
    const text = shipped.replace('"till:check"', '"till:chekc"').replace('"pinpad:enterPin"', '"pinpad:enterPIN"').replace('"printer:print"', '"printer:prnit"');
    const diagnostics = diagnosticsOf(await failure(shop.counter([], { edit: () => text, data: 'refused' })));
    expect(diagnostics.map(({ pointer }) => pointer)).toEqual(['/States/Prepare/Resource', '/States/EnterPin/Resource', '/States/Print/Resource']);
    expect(diagnostics.map(({ near }) => near[0])).toEqual(['till:check', 'pinpad:enterPin', 'printer:print']);
  });

  it('at a till that runs: the former one stays', async () => {
    let refused: unknown;
    const sold = await shop.sell(sale('alipay', 880), {
      onOpen: ({ till }) => {
        try {
          till.replace('counter-sale', shipped.replace('"pinpad:enterPin"', '"pinpad:enterPIN"'));
        } catch (error) {
          refused = error;
        }
      },
    });
    expect(TillwrightError.is(refused, 'WORKFLOW_INVALID')).toBe(true);
    expect(sold.result).toMatchObject({ status: 'succeeded' });
  });
});

describe('a data directory in use', () => {
  const children: ChildProcess[] = [];
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
  });
  const second = async (dir: string): Promise<{ told: string; child: ChildProcess }> => {
    const child = spawn(process.execPath, [new URL('second-process.js', import.meta.url).pathname, dir], { stdio: ['pipe', 'pipe', 'inherit'] });
    children.push(child);
    const [told] = (await once(child.stdout, 'data')) as [Buffer];
    return { told: told.toString('utf8').trim(), child };
  };
  const open = (dir: string) => createTill({ plugins: [], workflows: {}, terminals: {}, ...fileStorage(dir) });

  it('a second engine in the same process is told', async () => {
    const dir = join(shop.dir, 'twice');
    const till = await open(dir);
    const error = await failure(open(dir));
    expect(error.code).toBe('LOG_LOCKED');
    expect(error.message).toContain(dir);
    await till.close();
    await (await open(dir)).close();
  });

  it('a second process is told', async () => {
    const dir = join(shop.dir, 'taken');
    const till = await open(dir);
    const { told } = await second(dir);
    expect(told).toMatch(/^LOG_LOCKED .*先停止该进程.*Stop that process first/);
    await till.close();
  });

  it('what another process holds is refused here, and free once that process is gone', async () => {
    const dir = join(shop.dir, 'held');
    const { told, child } = await second(dir);
    expect(told).toBe('opened');
    expect((await failure(open(dir))).code).toBe('LOG_LOCKED');
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
    await (await open(dir)).close();
  });
});

describe('a damaged log', () => {
  const bytesOf = async (dir: string): Promise<{ [file: string]: string }> => {
    const files = (await readdir(dir, { recursive: true, withFileTypes: true })).filter((each) => each.isFile());
    return Object.fromEntries(await Promise.all(files.map(async ({ name, parentPath }) => [name, (await readFile(join(parentPath, name))).toString('base64')] as const)));
  };

  it('is refused with the place, and nothing is deleted', async () => {
    const sold = await shop.sell(sale('wechat', 990));
    expect(sold.result).toMatchObject({ status: 'succeeded' });
    const dir = join(shop.dir, 'till', 'log');
    const [segment] = (await readdir(dir)).filter((name) => name.endsWith('.jsonl'));
    const file = join(dir, segment ?? '');
    const sound = await readFile(file, 'utf8');
    // The amount of the intent, made a hundredth of what it was: JSON as before.
    const damaged = sound.replace('"amountMinor":990', '"amountMinor":  9');
    expect(damaged).not.toBe(sound);
    await writeFile(file, damaged);
    const before = await bytesOf(dir);

    const error = await failure(shop.counter([]));
    expect(error.code).toBe('LOG_DAMAGED');
    expect(error.message).toContain(segment);
    const line = damaged.slice(0, damaged.indexOf('"amountMinor":  9')).split('\n').length;
    expect(JSON.stringify(error.details)).toMatch(new RegExp(`\\b${line}\\b`));
    expect(error.hint.zh).toContain('未删除任何内容');
    const after = await bytesOf(dir);
    expect(after).toEqual(before);

    await writeFile(file, sound);
    await shop.reconcile();
  });
});

/** Stands before a host: carries everything, but for the next answer, in whose place it gives what it was told to. */
class Garbler {
  readonly #server: Server;
  #instead: Buffer | undefined;

  private constructor(port: number) {
    this.#server = createServer((client) => {
      const host = connect({ host: '127.0.0.1', port });
      for (const [one, other] of [[client, host], [host, client]] as const) {
        one.on('error', () => other.destroy());
        one.on('close', () => other.destroy());
      }
      client.pipe(host);
      host.on('data', (bytes: Buffer) => {
        const instead = this.#instead;
        if (instead === undefined) return void client.write(bytes);
        this.#instead = undefined;
        client.end(instead);
      });
    });
  }

  static async before(port: number): Promise<{ garbler: Garbler; port: number }> {
    const garbler = new Garbler(port);
    garbler.#server.listen(0, '127.0.0.1');
    await once(garbler.#server, 'listening');
    const address = garbler.#server.address();
    return { garbler, port: typeof address === 'object' && address !== null ? address.port : 0 };
  }

  next(instead: Buffer): void {
    this.#instead = instead;
  }

  close(): void {
    this.#server.close();
  }
}

describe('an answer that is none is unknown: the host is asked, or the payment undone', () => {
  const garblers: Garbler[] = [];
  afterEach(async () => {
    for (const garbler of garblers.splice(0)) garbler.close();
    await shop.reconcile();
  });
  const bytes = (length: number, seed: number): Buffer => Buffer.from(Array.from({ length }, (_, index) => (index * 7919 + seed * 104_729) % 251));
  const framed = (content: Buffer): Buffer => Buffer.concat([Buffer.from([content.length >> 8, content.length & 0xff]), content]);
  const http = (body: string | Buffer, head = 'HTTP/1.1 200 OK'): Buffer => {
    const content = Buffer.from(body as string);
    return Buffer.concat([Buffer.from(`${head}\r\nContent-Type: application/json\r\nContent-Length: ${content.length}\r\nConnection: close\r\n\r\n`), content]);
  };
  const toldOf = (records: readonly { event: { type: string } }[]): unknown[] =>
    records.map(({ event }) => event as { type: string; to?: string; answer?: { outcome: string } }).filter(({ type, to }) => type === 'paymentAnswered' && to === 'submit').map(({ answer }) => answer?.outcome);

  const header = Buffer.from('6000000003603100000000', 'hex');
  it.each<[string, Buffer]>([
    ['a frame of nothing', Buffer.from([0, 0])],
    ['a frame longer than what comes', Buffer.concat([Buffer.from([0xff, 0xff]), bytes(20, 1)])],
    ['bytes without meaning', framed(bytes(120, 2))],
    ['a header and nothing', framed(header)],
    ['a bitmap that promises every field', framed(Buffer.concat([header, Buffer.from('0210FFFFFFFFFFFFFFFF', 'hex'), bytes(40, 3)]))],
    ['a TLV that runs past its end', framed(Buffer.concat([header, Buffer.from('02100000000000000200', 'hex'), Buffer.from('00069F36FF01', 'hex')]))],
    ['another protocol', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
  ])('acquirer: %s', async (_what, instead) => {
    const { acquirer, ...others } = shop.hosts.endpoints;
    if (acquirer === undefined) throw new Error('no acquirer');
    const { garbler, port } = await Garbler.before(acquirer.port);
    garblers.push(garbler);
    const sold = await shop.sell([amount(1_230), choose('card', 'how to pay'), present('chip-ok'), pin('123456'), confirmed, noted, ended], {
      endpoints: { acquirer: { ...acquirer, port }, ...others },
      // Shown in the same turn in which the message leaves.
      onOpen: ({ till }) =>
        void till.on('prompt', ({ show, audience }) => {
          if (show.text.en === 'Processing, please wait' && audience === 'customer') garbler.next(instead);
        }),
    });
    expect(toldOf(sold.records)).toEqual(['unknown']);
    expect(sold.result).toMatchObject({ status: 'failed', unsettled: [] });
    expect(sold.payments).toMatchObject([{ state: 'undone' }]);
    expect(sold.alarms).toEqual([]);
    expect(sold.ledger).toMatchObject([{ status: 'reversed', amountMinor: 1_230 }]);
  });

  const nested = '{"a":'.repeat(5_000) + '1' + '}'.repeat(5_000);
  describe.each(['alipay', 'wechat'] as const)('%s', (wallet) => {
    it.each<[string, Buffer]>([
      ['a page', http('<html><body>502 Bad Gateway</body></html>', 'HTTP/1.1 502 Bad Gateway')],
      ['an empty body', http('')],
      ['JSON of another shape', http('[null, 1, {"alipay_trade_pay_response": []}]')],
      ['JSON without end', http('{"alipay_trade_pay_response":{"code":"10000"')],
      ['deep JSON', http(nested)],
      ['an approval that nobody signed', http(`{"alipay_trade_pay_response":{"code":"10000"},"trade_state":"SUCCESS"}`)],
      ['a refusal that nobody signed', http('{"code":"NOTENOUGH","message":"余额不足"}', 'HTTP/1.1 403 Forbidden')],
      ['bytes that are no text', http(bytes(300, 5))],
      ['no HTTP', bytes(100, 6)],
    ])('%s', async (_what, instead) => {
      const { alipay, wechat, ...others } = shop.hosts.endpoints;
      if (alipay === undefined || wechat === undefined) throw new Error('no wallets');
      const url = new URL(wallet === 'alipay' ? alipay.gateway : wechat.baseURL);
      const { garbler, port } = await Garbler.before(Number(url.port));
      garblers.push(garbler);
      url.port = String(port);
      const sold = await shop.sell(sale(wallet, 1_240), {
        endpoints: { ...others, alipay: { ...alipay, ...(wallet === 'alipay' ? { gateway: url.href } : {}) }, wechat: { ...wechat, ...(wallet === 'wechat' ? { baseURL: url.href } : {}) } },
        onPrompt: (prompt) => {
          if (prompt.kind === 'confirm') garbler.next(instead);
        },
      });
      expect(toldOf(sold.records)).toEqual(['unknown']);
      expect(sold.result).toMatchObject({ status: 'succeeded', output: { amountMinor: 1_240 } });
      expect(sold.alarms).toEqual([]);
      expect(sold.ledger).toMatchObject([{ status: 'approved', amountMinor: 1_240 }]);
    });
  });
});
