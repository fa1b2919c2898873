import { createServer } from 'node:net';
import { FrameReader, frame } from '@tillwright/plugin-card/protocol';
import type { Faults } from '../faults.js';
import { listen, type Listener } from '../listener.js';
import type { Acquirer } from './acquirer.js';

/** The acquirer's TCP side on 127.0.0.1: cuts the stream into messages. */
export async function startAcquirerServer(acquirer: Pick<Acquirer, 'connect'>, options: { readonly port: number; readonly faults: Faults }): Promise<Listener> {
  const server = createServer({ noDelay: true }, (socket) => {
    const reader = new FrameReader();
    const host = acquirer.connect({
      answer(payload) {
        if (!socket.destroyed) socket.write(frame(payload));
      },
      hangUp: () => void socket.destroy(),
    });
    // A peer that resets the connection is its own business.
    socket.on('error', () => undefined);
    socket.on('close', () => host.closed());
    socket.on('data', (chunk) => {
      try {
        for (const payload of reader.push(chunk)) host.receive(payload);
      } catch {
        socket.destroy();
      }
    });
  });
  return listen(server, options);
}
