import Fastify from 'fastify';
import type { HostName } from './endpoints.js';
import { HostSimError } from './errors.js';
import { parseFaults, type Faults } from './faults.js';

/** One payment as its host sees it. Amounts are integer fen. `payer` is masked. */
export interface LedgerEntry {
  readonly reference: string;
  readonly amountMinor: number;
  readonly currency: 'CNY';
  readonly status: 'approved' | 'reversed' | 'voided' | 'refunded' | 'closed' | 'waiting' | 'declined';
  /** Money given back so far, when any was. */
  readonly refundedMinor?: number;
  /** The host's own response code, when it refused. */
  readonly code?: string;
  /** Milliseconds since 1970, by the host's clock. */
  readonly at: number;
  readonly payer?: string;
  readonly terminalId?: string;
  /** Voids and refunds of this payment, as transactions of their own. */
  readonly undoneBy?: readonly { readonly reference: string; readonly kind: 'void' | 'refund'; readonly amountMinor: number; readonly status: string }[];
}

export interface ControlOptions {
  readonly host: HostName;
  readonly ledgerView: () => readonly LedgerEntry[];
  readonly faults: Faults;
  /** Takes cards or payers to know; throws what is wrong with them (`HOST_OPTIONS_INVALID`). */
  readonly onAccounts?: (body: unknown) => void | Promise<void>;
  /** Further `POST /<name>`: what happens outside of the till, such as a payer who scans a QR. Answers as `onAccounts`. */
  readonly actions?: Readonly<Record<string, (body: unknown) => unknown>>;
  readonly port?: number;
}

export interface Control {
  /** `http://127.0.0.1:port` */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * The control API beside a simulated host, HTTP and JSON on loopback:
 * `GET /ledger`, `GET | POST | DELETE /faults`, `POST /accounts`. A body it cannot take is answered 400 with
 * `{ code, message, hint }`.
 */
export async function startControl(options: ControlOptions): Promise<Control> {
  const { faults } = options;
  const app = Fastify({ logger: false, forceCloseConnections: true });

  app.setErrorHandler(async (error, _request, reply) => {
    if (error instanceof HostSimError) {
      await reply.code(400).send({ code: error.code, message: error.message, hint: error.hint });
      return;
    }
    const status = (error as { statusCode?: number }).statusCode ?? 500;
    await reply.code(status).send({ code: status < 500 ? 'HOST_OPTIONS_INVALID' : 'HOST_DATA_FAILED', message: status < 500 ? 'the body is not JSON' : 'the host failed' });
  });

  app.get('/ledger', async () => ({ host: options.host, entries: options.ledgerView() }));
  app.get('/faults', async () => faults.peekAll());
  app.post('/faults', async (request, reply) => {
    faults.push(parseFaults(request.body));
    await faults.applied();
    return reply.code(202).send(faults.peekAll());
  });
  app.delete('/faults', async (_request, reply) => {
    faults.clear();
    await faults.applied();
    return reply.code(204).send();
  });
  app.post('/accounts', async (request, reply) => {
    if (options.onAccounts === undefined) return reply.code(404).send({ code: 'HOST_OPTIONS_INVALID', message: 'this host takes no accounts' });
    await options.onAccounts(request.body);
    return reply.code(204).send();
  });

  for (const [name, action] of Object.entries(options.actions ?? {})) {
    app.post(`/${name}`, async (request, reply) => {
      const answer = await action(request.body);
      return answer === undefined ? reply.code(204).send() : answer;
    });
  }

  const url = await app.listen({ host: '127.0.0.1', port: options.port ?? 0 });
  return { url, close: () => app.close() };
}
