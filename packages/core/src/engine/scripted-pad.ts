/** A PIN pad with a memory of the log and nothing else: no method that is scripted asks it for more. */
import { ActionError, bind, definePlugin, PinPad, type Plugin } from '../contract.js';

const silent = async (): Promise<never> => {
  throw new ActionError('Device.Unavailable', 'this pad only remembers');
};

/** @param memory may break the contract: tests do */
export const scriptedPad = (memory: { readonly [F in 'logMark' | 'keepLogMark']: (...args: never[]) => Promise<unknown> }): Plugin => {
  const pad = { serial: 'PAD00001', ready: async () => false, loadWorkingKeys: silent, enterPin: silent, mac: silent, seal: silent, unseal: silent, logMark: memory.logMark, keepLogMark: memory.keepLogMark };
  return definePlugin({ name: 'pad', provides: [bind(PinPad).toValue(pad as PinPad)] });
};
