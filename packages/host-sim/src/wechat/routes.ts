import type { WireRequest } from '../wallet/wire.js';

export interface Route {
  /** As faults name it. */
  readonly operation: 'codepay' | 'native' | 'query' | 'reverse' | 'close' | 'refund' | 'refund-query';
  /** The number in the path, decoded; empty where there is none. */
  readonly number: string;
  readonly query: URLSearchParams;
}

const ROUTES: readonly (readonly [method: string, path: RegExp, operation: Route['operation']])[] = [
  ['POST', /^\/v3\/pay\/transactions\/codepay$/, 'codepay'],
  ['POST', /^\/v3\/pay\/transactions\/native$/, 'native'],
  ['GET', /^\/v3\/pay\/transactions\/out-trade-no\/([^/]+)$/, 'query'],
  ['POST', /^\/v3\/pay\/transactions\/out-trade-no\/([^/]+)\/reverse$/, 'reverse'],
  ['POST', /^\/v3\/pay\/transactions\/out-trade-no\/([^/]+)\/close$/, 'close'],
  ['POST', /^\/v3\/refund\/domestic\/refunds$/, 'refund'],
  ['GET', /^\/v3\/refund\/domestic\/refunds\/([^/]+)$/, 'refund-query'],
];

export function routeOf(request: WireRequest): Route | undefined {
  const [path = '', ...rest] = request.target.split('?');
  for (const [method, shape, operation] of ROUTES) {
    const found = request.method === method ? shape.exec(path) : null;
    if (found !== null) return { operation, number: decoded(found[1] ?? ''), query: new URLSearchParams(rest.join('?')) };
  }
  return undefined;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
