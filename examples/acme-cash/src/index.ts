/** Cash: a payment method, a drawer as a device of its own, and an action that opens it. */
import { action, Actions, bind, definePlugin, PaymentMethod, token, toDecimal, type Plugin } from '@tillwright/core/contract';

/** What a drawer's driver has to offer. */
export interface Drawer {
  open(): Promise<void>;
}
export const Drawer = token<Drawer>('acme/Drawer');

/** A drawer that tells what it does; a real one would sit behind the receipt printer's cable. */
class TalkingDrawer implements Drawer {
  async open(): Promise<void> {
    console.log('acme-cash: the drawer is open');
  }
}

class CashPayment implements PaymentMethod {
  readonly id = 'acme-cash';
  readonly label = { zh: '现金', en: 'Cash' };
  readonly needs = 'none';
  readonly capabilities = { operations: ['sale'], inquiry: false, reversal: false, completion: false, partialApproval: false, movesMoney: false } as const;
  readonly arguments = { type: 'object', additionalProperties: false };
  readonly errors = {};
  readonly policy = { answerWithinMs: 60_000, inquireAtMs: [], reverse: { notBeforeMs: 0, withinMs: 0, backoffMs: [], laneAttempts: 1 }, watchAtMs: [] };

  constructor(private readonly drawer: Drawer) {}

  async prepare(request: Parameters<PaymentMethod['prepare']>[0]): ReturnType<PaymentMethod['prepare']> {
    return { prepared: { reference: `${request.paymentId}@${request.attempt}`, lane: request.paymentId, data: {}, dataVersion: 1 } };
  }

  async submit(request: Parameters<PaymentMethod['submit']>[0]): ReturnType<PaymentMethod['submit']> {
    await this.drawer.open();
    const received = { key: 'received', label: { zh: '实收现金', en: 'Cash received' }, value: `RMB ${toDecimal(request.amount)}` };
    return { outcome: 'approved', verified: true, amount: request.amount, completion: 'none', facts: { receipt: [received] } };
  }

  remedy(): ReturnType<PaymentMethod['remedy']> {
    return { do: 'ask-person', why: 'give the cash back' };
  }
}

export const cash = (): Plugin =>
  definePlugin({
    name: 'acme-cash',
    version: '1.0.0',
    provides: [
      bind(Drawer).toValue(new TalkingDrawer()),
      bind(PaymentMethod).from([Drawer], (drawer) => new CashPayment(drawer)),
      bind(Actions).from([Drawer], (drawer) => ({
        namespace: 'drawer',
        actions: {
          open: action({
            description: { zh: '打开钱箱', en: 'Opens the drawer' },
            arguments: { type: 'object', additionalProperties: false },
            result: { const: true },
            errors: {},
            redo: 'again',
            run: async () => {
              await drawer.open();
              return true;
            },
          }),
        },
      })),
    ],
  });
