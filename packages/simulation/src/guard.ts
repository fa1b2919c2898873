import type { Plugin, Provision } from '@tillwright/core/contract';
import type { Life } from '@tillwright/core/testing';

/** A plugin whose services a dead process reaches no more: its calls come to nothing, and what was under way is heard by nobody. */
export const guarded = (plugin: Plugin, life: Life): Plugin => ({ ...plugin, provides: plugin.provides.map((provision) => guardedProvision(provision, life)) });

const guardedProvision = (provision: Provision, life: Life): Provision => {
  const { how } = provision;
  if (how.kind === 'factory') return { ...provision, how: { ...how, make: (...needs: never[]) => guard(how.make(...needs), life) } };
  return how.kind === 'value' ? { ...provision, how: { ...how, value: guard(how.value, life) } } : provision;
};

const guard = <T>(service: T, life: Life): T => {
  if (typeof service !== 'object' || service === null) return service;
  return new Proxy(service, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      return (...args: unknown[]) => {
        if (!life.alive) return new Promise<never>(() => {});
        const given: unknown = (member as (...args: unknown[]) => unknown).apply(target, args);
        return given instanceof Promise ? life.hear(given) : given;
      };
    },
  });
};
