/** A connection to the acquirer that carries whole messages, and the one over TCP. */
import { connect, type Socket } from 'node:net';
import { frame, FrameReader } from './protocol.js';

/** A connection that stands. From the first `send` on everything is uncertain. */
export interface Connection {
  /** @param message encoded, without a frame's length */
  send(message: Uint8Array): void;
  /** Ends it; a connection that does not stand yet is given up. */
  close(): void;
}

/** What is heard on a connection, in order. */
export interface Listener {
  connected(): void;
  /** No connection could be made, or the one that stood is gone. `why` for people. */
  broken(why: string): void;
  message(bytes: Uint8Array): void;
  /** What came was no frame. */
  garbled(why: string): void;
}

/** Begins to make a connection; says how it went by the listener. Never throws. */
export type Connect = (listener: Listener) => Connection;

export const overTcp =
  ({ host, port }: { readonly host: string; readonly port: number }): Connect =>
  (listener) => {
    const socket: Socket = connect({ host, port, noDelay: true });
    const frames = new FrameReader();
    let stands = false;
    socket.once('connect', () => {
      stands = true;
      listener.connected();
    });
    socket.on('error', (error: NodeJS.ErrnoException) =>
      listener.broken(stands ? `the connection broke (${error.code ?? 'error'})` : `no connection to the acquirer (${error.code ?? 'error'})`),
    );
    socket.on('close', () => listener.broken('the acquirer closed the connection without an answer'));
    socket.on('data', (chunk: Buffer) => {
      try {
        for (const bytes of frames.push(chunk)) listener.message(bytes);
      } catch (error) {
        listener.garbled(error instanceof Error ? error.message : 'not a message');
      }
    });
    return { send: (message) => void socket.write(frame(message)), close: () => void socket.destroy() };
  };
