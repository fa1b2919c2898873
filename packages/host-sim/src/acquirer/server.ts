import { createServer } from 'node:net';
import { setTimeout as later } from 'node:timers/promises';
import { FrameReader, frame } from '@tillwright/plugin-card/protocol';
import type { Fault, Faults } from '../faults.js';
import { listen, type Listener } from '../listener.js';
import type { HostParts } from './host-parts.js';
import { processRequest } from './process.js';
import { readRequest, type Request } from './request.js';

/** Where an answer goes: the connection its request came on. */
type Send = (answer: Uint8Array) => void;

/**
 * The acquirer's TCP side: cuts the stream into messages, lets each terminal's messages be worked on one after another,
 * and plays the faults of the wire. Bytes that are no message are not answered: the connection is closed.
 */
export async function startAcquirerServer(host: HostParts, options: { readonly port: number; readonly faults: Faults }): Promise<Listener> {
  const { faults } = options;
  const ending = new AbortController();
  const turns = new Map<string, Promise<void>>();
  const heldBack = new Map<string, (() => Promise<void>)[]>();

  const work = async (request: Request, send: Send, fault: Fault | undefined): Promise<void> => {
    const answer = await processRequest(host, request, {
      ...(fault?.do === 'decline' ? { code: fault.code } : {}),
      badSignature: fault?.do === 'bad-signature',
    });
    if (fault?.do === 'drop-answer') return;
    if (fault?.do === 'delay') {
      // Other messages of the terminal do not wait for an answer that is late on its way.
      void later(fault.ms, undefined, { signal: ending.signal }).then(() => send(answer), () => undefined);
      return;
    }
    send(fault?.do === 'garble' ? garbled(answer) : answer);
    if (fault?.do === 'answer-twice') send(answer);
  };

  const receive = async (request: Request, send: Send): Promise<void> => {
    const fault = faults.take(request.operation);
    if (fault?.do === 'drop-request') return;
    const held = heldBack.get(request.tid) ?? [];
    if (fault?.do === 'overtaken') {
      heldBack.set(request.tid, [...held, () => work(request, send, undefined)]);
      return;
    }
    await work(request, send, fault);
    if (request.operation !== 'reversal') return;
    heldBack.delete(request.tid);
    for (const arrive of held) await arrive();
  };

  // After the disk has failed, memory is ahead of it: nothing that is read from memory may be told to anyone.
  let failed: unknown;
  const unlessFailed = async (job: () => Promise<void>): Promise<void> => {
    if (failed !== undefined) throw failed;
    try {
      await job();
    } catch (error) {
      failed = error;
      throw error;
    }
  };

  /** One message of a terminal at a time, in the order they came. */
  const inTurn = (tid: string, job: () => Promise<void>): Promise<void> => {
    const turn = (turns.get(tid) ?? Promise.resolve()).then(() => unlessFailed(job));
    const settled = turn.catch(() => undefined).then(() => {
      if (turns.get(tid) === settled) turns.delete(tid);
    });
    turns.set(tid, settled);
    return turn;
  };

  const server = createServer({ noDelay: true }, (socket) => {
    const reader = new FrameReader();
    const send = (answer: Uint8Array): void => {
      if (!socket.destroyed) socket.write(frame(answer));
    };
    // A peer that resets the connection is its own business.
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      const requests = read(reader, chunk);
      for (const request of requests.messages) {
        // No answer, then: the terminal must not believe what may be lost.
        inTurn(request.tid, () => receive(request, send)).catch(() => socket.destroy());
      }
      if (requests.broken) socket.destroy();
    });
  });
  const door = await listen(server, options);
  return {
    port: door.port,
    async close() {
      ending.abort();
      await door.close();
      await Promise.all(turns.values());
    },
  };
}

function read(reader: FrameReader, chunk: Uint8Array): { readonly messages: readonly Request[]; readonly broken: boolean } {
  const messages: Request[] = [];
  try {
    for (const bytes of reader.push(chunk)) {
      const request = readRequest(bytes);
      // Only requests are answered: an answer sent back here would go round for ever.
      if (Number(request.message.mti.slice(2, 3)) % 2 === 1) return { messages, broken: true };
      messages.push(request);
    }
    return { messages, broken: false };
  } catch {
    return { messages, broken: true };
  }
}

/** Damage on the line: the length stays right, the message type and every eleventh byte behind it do not. */
function garbled(answer: Uint8Array): Uint8Array {
  return answer.map((byte, index) => (index >= 11 && index % 11 === 0 ? byte ^ 0xff : byte));
}
