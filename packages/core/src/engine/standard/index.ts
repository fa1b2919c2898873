import { paymentActions } from './payment.js';
import { promptActions } from './prompt.js';
import { printerActions, scannerActions, tillActions } from './till.js';
import type { StandardAction } from './types.js';

/** The actions that core itself offers; `workflow:run` is the interpreter's. */
export const standardActions: { readonly [namespace: string]: { readonly [name: string]: StandardAction } } = {
  prompt: promptActions,
  payment: paymentActions,
  till: tillActions,
  scanner: scannerActions,
  printer: printerActions,
};
