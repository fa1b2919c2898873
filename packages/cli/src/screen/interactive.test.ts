import { EventEmitter } from 'node:events';
import type { Till } from '@tillwright/core';
import type { SimulatedTill } from '@tillwright/device-sim';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Payer } from './interactive.js';

/** Stands for the terminal: each question waits to be answered by one of its choices. */
const terminal = vi.hoisted(() => ({ asked: [] as { message: string; choose(name: string): void }[] }));
const untilAborted = vi.hoisted(() => (signal: AbortSignal, reject: (reason: Error) => void) => {
  signal.addEventListener('abort', () => reject(Object.assign(new Error('aborted'), { name: 'AbortPromptError' })));
});
vi.mock('@inquirer/prompts', () => ({
  select: ({ message, choices }: { message: string; choices: { value: unknown; name: string }[] }, { signal }: { signal: AbortSignal }) =>
    new Promise((resolve, reject) => {
      terminal.asked.push({ message, choose: (name) => resolve(choices.find((choice) => choice.name.startsWith(name))?.value) });
      untilAborted(signal, reject);
    }),
  input: ({ message }: { message: string }, { signal }: { signal: AbortSignal }) =>
    new Promise((resolve, reject) => {
      terminal.asked.push({ message, choose: resolve });
      untilAborted(signal, reject);
    }),
}));
const { showInteractively } = await import('./interactive.js');

const till = Object.assign(new EventEmitter(), { catalogue: { methods: [] }, cancelPrompt: vi.fn(), payments: vi.fn(() => [] as { state: string }[]) });
const world = Object.assign(new EventEmitter(), {
  cards: [{ id: 'stripe-only', description: 'a stripe', works: ['swipe'] }],
  presented: [] as string[],
  presentCard(id: string, by: string): boolean {
    this.presented.push(`${id} ${by}`);
    return by === 'swipe';
  },
});
const payer = vi.fn<Payer>();
const card = { for: 'card', device: 'reader', accept: ['swipe', 'tap'] };

beforeEach(() => {
  vi.spyOn(console, 'log').mockImplementation(() => {});
  showInteractively(till as unknown as Till, world as unknown as SimulatedTill, 'en', payer);
});
afterEach(() => {
  vi.restoreAllMocks();
  for (const each of [till, world]) each.removeAllListeners();
});

/** The question that is asked next, answered. */
const choose = async (name: string): Promise<string> => {
  await vi.waitFor(() => expect(terminal.asked).not.toHaveLength(0), { interval: 1 });
  const [question] = terminal.asked.splice(0, 1);
  question?.choose(name);
  return question?.message ?? '';
};

describe('a device that waits', () => {
  it('asks again where the reader does not take the card so', async () => {
    world.emit('waiting', card);
    expect([await choose('stripe-only'), await choose('tap'), await choose('stripe-only'), await choose('swipe')]).toEqual(['[customer] Which card?', '[customer] How?', '[customer] Which card?', '[customer] How?']);
    await vi.waitFor(() => expect(world.presented).toEqual(['stripe-only tap', 'stripe-only swipe']), { interval: 1 });
  });

  it('asks anew though its former question has not gone yet', async () => {
    world.presented = [];
    world.emit('waiting', card);
    await vi.waitFor(() => expect(terminal.asked).toHaveLength(1), { interval: 1 });
    world.emit('idle', { device: 'reader' });
    world.emit('waiting', card);
    terminal.asked.splice(0);
    await choose('stripe-only');
    await choose('swipe');
    await vi.waitFor(() => expect(world.presented).toEqual(['stripe-only swipe']), { interval: 1 });
  });
});

describe('a QR code', () => {
  const SCAN = 'Waiting for the customer to scan and pay';
  const shown = { id: 'qr', kind: 'device', audience: 'customer', show: { text: { zh: '扫码', en: 'Scan' }, qr: 'pay:1' } };
  afterEach(() => void till.cancelPrompt.mockClear());

  it('of a method whose host is not simulated: the merchant is told so, and can still cancel', async () => {
    payer.mockResolvedValue(false);
    till.emit('prompt', shown);
    expect([await choose('The customer scans and pays'), await choose('Cancel')]).toEqual([SCAN, SCAN]);
    expect(console.log).toHaveBeenCalledWith(expect.stringContaining('not simulated here'));
    await vi.waitFor(() => expect(till.cancelPrompt).toHaveBeenCalledWith('qr', 'customer'), { interval: 1 });
  });

  it('that the simulated host does not hear of can still be cancelled', async () => {
    const told = vi.spyOn(console, 'error').mockImplementation(() => {});
    payer.mockRejectedValue(new Error('fetch failed'));
    till.emit('prompt', shown);
    expect([await choose('The customer scans and pays'), await choose('Cancel')]).toEqual([SCAN, SCAN]);
    expect(told).toHaveBeenCalledWith('fetch failed');
    await vi.waitFor(() => expect(till.cancelPrompt).toHaveBeenCalledWith('qr', 'customer'), { interval: 1 });
  });

  it('that the customer has declined can still be cancelled: its host may take its time to say so', async () => {
    payer.mockResolvedValue(true);
    till.emit('prompt', shown);
    expect([await choose('The customer scans and declines'), await choose('Cancel')]).toEqual([SCAN, SCAN]);
    expect(console.log).not.toHaveBeenCalledWith(expect.stringContaining('not simulated here'));
    await vi.waitFor(() => expect(till.cancelPrompt).toHaveBeenCalledWith('qr', 'customer'), { interval: 1 });
  });
});

describe('a payment that waits for its payer', () => {
  const CANCELS = 'c cancels this payment';
  const shown = { id: 'pay', kind: 'device', audience: 'customer', show: { text: { zh: '请在手机上完成支付', en: 'Please finish the payment on your phone' } } };
  beforeEach(() => void till.payments.mockReturnValue([{ state: 'undecided' }]));
  afterEach(() => {
    till.payments.mockReset().mockReturnValue([]);
    till.cancelPrompt.mockClear();
    terminal.asked.splice(0);
  });

  it('can be cancelled', async () => {
    till.emit('prompt', shown);
    expect(await choose('c')).toBe(CANCELS);
    await vi.waitFor(() => expect(till.cancelPrompt).toHaveBeenCalledWith('pay', 'customer'), { interval: 1 });
  });

  it('which is asked only while there is nothing else to ask', async () => {
    till.emit('prompt', shown);
    await vi.waitFor(() => expect(terminal.asked).toHaveLength(1), { interval: 1 });
    terminal.asked.splice(0);
    world.presented = [];
    world.emit('waiting', card);
    expect([await choose('stripe-only'), await choose('swipe'), await choose('c')]).toEqual(['[customer] Which card?', '[customer] How?', CANCELS]);
    await vi.waitFor(() => expect(till.cancelPrompt).toHaveBeenCalledOnce(), { interval: 1 });
  });

  it('makes room for a QR code', async () => {
    till.emit('prompt', shown);
    await vi.waitFor(() => expect(terminal.asked).toHaveLength(1), { interval: 1 });
    terminal.asked.splice(0);
    till.emit('prompt', { ...shown, show: { ...shown.show, qr: 'pay:1' } });
    expect(await choose('Cancel')).toBe('Waiting for the customer to scan and pay');
  });

  it('is not offered where nothing was sent yet', async () => {
    till.payments.mockReturnValue([]);
    till.emit('prompt', shown);
    world.emit('waiting', card);
    expect([await choose('stripe-only'), await choose('swipe')]).toEqual(['[customer] Which card?', '[customer] How?']);
    expect(terminal.asked).toEqual([]);
  });
});
