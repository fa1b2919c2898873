/** Binds ports and plugins with inversify: one container for each terminal, into which every plugin is loaded. */
import 'reflect-metadata';
import { Container, ContainerModule } from 'inversify';
import {
  Actions,
  type Action,
  Clock,
  CONTRACT_VERSION,
  Counters,
  HealthCheck,
  PaymentMethod,
  PinPad,
  type Plugin,
  Printer,
  type Provision,
  RandomSource,
  Scanner,
  type Service,
  Terminal,
  type Token,
  Vault,
} from './contract.js';
import { unusable } from './engine/services.js';
import { standardActions } from './engine/standard/index.js';
import type { LoadedTerminal } from './engine/terminal.js';
import { createVault } from './engine/vault.js';
import { TillwrightError } from './errors.js';
import { misfit } from './provided.js';

const coreTokens: readonly Token<unknown>[] = [Clock, RandomSource, Terminal, Counters, Vault];

/**
 * Checks plugins against each other and against this core, before anything is made.
 * @throws PLUGIN_CONTRACT_MISMATCH, PLUGIN_CONFLICT, PLUGIN_NEEDS_MISSING (all of them at once)
 */
export const checkPlugins = (plugins: readonly Plugin[]): void => {
  for (const { name, contract } of plugins) {
    if (contract.major > CONTRACT_VERSION.major || contract.major < CONTRACT_VERSION.major - 1) {
      const served = [CONTRACT_VERSION.major - 1, CONTRACT_VERSION.major].filter((major) => major > 0).map((major) => `${major}.x`);
      throw new TillwrightError('PLUGIN_CONTRACT_MISMATCH', { plugin: name, found: `${contract.major}.${contract.minor}`, served: served.join(', ') });
    }
  }
  const repeated = plugins.map(({ name }) => name).find((name, index, names) => names.indexOf(name) !== index);
  if (repeated !== undefined) throw new TillwrightError('PLUGIN_CONFLICT', { found: `plugin ${repeated}` });
  const providers = new Map<symbol, string>(coreTokens.map(({ id }) => [id, 'core']));
  for (const { name, provides } of plugins) {
    for (const { token } of provides) {
      const other = providers.get(token.id);
      if (other !== undefined && !token.many) throw new TillwrightError('PLUGIN_CONFLICT', { found: `${token.name} (${other}, ${name})` });
      providers.set(token.id, name);
    }
  }
  const missing = plugins.flatMap(({ name, provides }) =>
    provides.flatMap(({ token, how }) =>
      how.kind === 'factory' ? how.needs.filter((need) => !need.optional && !need.many && !providers.has(need.id)).map((need) => `${need.name} (for ${token.name} of ${name})`) : [],
    ),
  );
  if (missing.length > 0) throw new TillwrightError('PLUGIN_NEEDS_MISSING', { missing: [...new Set(missing)].join(', ') });
};

/** What core binds for a terminal beside the plugins. */
export interface TerminalPorts {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly terminal: Terminal;
  readonly counters: Counters;
}

/**
 * Loads every plugin for one terminal.
 * @throws PLUGIN_MALFORMED; PLUGIN_CONFLICT for two methods of one id or two actions of one name; PLUGIN_UNSAFE (MONEY-RULES, end); PLUGIN_UNUSABLE where one can't be made
 */
export const loadTerminal = (ports: TerminalPorts, plugins: readonly Plugin[]): LoadedTerminal => {
  const vault = createVault(ports.random);
  const provided = plugins.flatMap((plugin) =>
    plugin.provides.map((provision, index): Provided => ({ plugin, provision, id: provision.token.many ? Symbol(`${plugin.name}#${index}`) : provision.token.id })),
  );
  // Values need no container: thousands of terminals may share them.
  const container = provided.every(isValue) ? undefined : containerOf(ports, vault, provided);
  const make = (each: Provided): unknown => (isValue(each) ? each.provision.how.value : owned(each.plugin, ports.terminal, () => container?.get(each.id)));
  const all = <T>(token: Token<T>): T[] => provided.filter(({ provision }) => provision.token.id === token.id).map((each) => make(each) as T);

  const services: LoadedTerminal['services'][number][] = [];
  const methods = new Map<string, { method: PaymentMethod; plugin: string }>();
  const actions = new Map<string, { [name: string]: Action }>(Object.keys(standardActions).map((namespace) => [namespace, {}]));
  for (const each of provided) {
    const made = make(each);
    const { plugin, provision: { token } } = each;
    const why = misfit(token, made);
    if (why !== undefined) throw new TillwrightError('PLUGIN_MALFORMED', { plugin: plugin.name, why });
    if (token.id === PaymentMethod.id) addMethod(plugin, made as PaymentMethod);
    else if (token.id === Actions.id) addActions(plugin, made as Actions);
    else note(plugin, made);
  }

  function note({ name }: Plugin, made: unknown): void {
    if (typeof made !== 'object' || made === null || !('open' in made || 'close' in made) || services.some(({ service }) => service === made)) return;
    services.push({ plugin: name, service: made as Service });
  }
  function addMethod(plugin: Plugin, method: PaymentMethod): void {
    const other = methods.get(method.id);
    if (other) throw new TillwrightError('PLUGIN_CONFLICT', { found: `payment method ${method.id} (${other.plugin}, ${plugin.name})` });
    checkSafety(method);
    note(plugin, method);
    methods.set(method.id, { method, plugin: plugin.name });
  }
  function addActions(plugin: Plugin, offered: Actions): void {
    if (Object.hasOwn(standardActions, offered.namespace) || offered.namespace === 'workflow') {
      throw new TillwrightError('PLUGIN_CONFLICT', { found: `action namespace ${offered.namespace} (core, ${plugin.name})` });
    }
    const known = actions.get(offered.namespace) ?? {};
    const twice = Object.keys(offered.actions).find((name) => Object.hasOwn(known, name));
    if (twice !== undefined) throw new TillwrightError('PLUGIN_CONFLICT', { found: `action ${offered.namespace}:${twice} (${plugin.name})` });
    actions.set(offered.namespace, { ...known, ...offered.actions });
  }

  return {
    terminal: ports.terminal,
    methods,
    actions,
    checks: all(HealthCheck),
    vault,
    services,
    pinPad: all(PinPad)[0],
    printer: all(Printer)[0],
    scanner: all(Scanner)[0],
    unready: new Map(),
  };
};

/** A fault while something of a plugin is made is told as that plugin's. */
const owned = <T>(plugin: Plugin, terminal: Terminal, make: () => T): T => {
  try {
    return make();
  } catch (error) {
    throw unusable(plugin.name, terminal.id, error);
  }
};

/** What a plugin provides, and under what the container holds it: who needs all of a token finds them under the token, who loads them knows which plugin brought each. */
interface Provided {
  readonly plugin: Plugin;
  readonly provision: Provision;
  readonly id: symbol;
}

const isValue = (provided: Provided): provided is Provided & { readonly provision: { readonly how: { readonly kind: 'value' } } } => provided.provision.how.kind === 'value';

const containerOf = (ports: TerminalPorts, vault: Vault, provided: readonly Provided[]): Container => {
  const container = new Container({ defaultScope: 'Singleton' });
  container.load(
    new ContainerModule(({ bind }) => {
      bind(Clock.id).toConstantValue(ports.clock);
      bind(RandomSource.id).toConstantValue(ports.random);
      bind(Terminal.id).toConstantValue(ports.terminal);
      bind(Counters.id).toConstantValue(ports.counters);
      bind(Vault.id).toConstantValue(vault);
      for (const { plugin, provision, id } of provided) {
        bindProvision(bind, id, provision, (make) => owned(plugin, ports.terminal, make));
        if (id !== provision.token.id) bind(provision.token.id).toService(id);
      }
    }),
  );
  return container;
};

type Bind = ConstructorParameters<typeof ContainerModule>[0] extends (options: infer O) => unknown ? (O extends { bind: infer B } ? B : never) : never;

/** @param making what is needed may be another plugin's: each answers for its own */
const bindProvision = (bind: Bind, id: symbol, { how }: Provision, making: <T>(make: () => T) => T): void => {
  switch (how.kind) {
    case 'value':
      bind(id).toConstantValue(how.value);
      return;
    case 'class':
      bind(id).to(how.constructor as new (...args: unknown[]) => unknown).inSingletonScope();
      return;
    case 'factory':
      bind(id)
        .toResolvedValue((...needs: unknown[]) => making(() => (how.make as (...needs: unknown[]) => unknown)(...needs)), how.needs.map(injectOptions) as never)
        .inSingletonScope();
  }
};

const injectOptions = (need: Token<unknown>): unknown =>
  need.many
    ? { serviceIdentifier: need.id, isMultiple: true, optional: true }
    : need.optional
      ? { serviceIdentifier: need.id, optional: true }
      : need.id;

/** A configuration under which safety can not hold is refused at load, with the reason. */
const checkSafety = (method: PaymentMethod): void => {
  const unsafe = (why: string): never => {
    throw new TillwrightError('PLUGIN_UNSAFE', { method: method.id, why });
  };
  const { capabilities, policy } = method;
  for (const [flag, name] of [
    ['inquiry', 'inquire'],
    ['reversal', 'reverse'],
    ['completion', 'complete'],
  ] as const) {
    if (capabilities[flag] && typeof method[name] !== 'function') unsafe(`it claims ${flag} and has no ${name}()`);
  }
  if (capabilities.movesMoney && !capabilities.inquiry && !capabilities.reversal) unsafe('it moves money and offers neither inquiry nor reversal');
  if (typeof method.deliver === 'function' && policy.reverse.backoffMs.length === 0) unsafe('it delivers what is owed, and lists no back-off');
  const versions = method.dataVersions ?? [1];
  if (versions.length === 0 || !versions.every((version) => Number.isSafeInteger(version) && version > 0)) unsafe('its dataVersions are no list of whole numbers above 0');
  const times = [policy.answerWithinMs, ...policy.inquireAtMs, policy.reverse.notBeforeMs, policy.reverse.withinMs, ...policy.reverse.backoffMs, ...policy.watchAtMs];
  if (!times.every((time) => Number.isFinite(time) && time >= 0)) unsafe('a time of its settling policy is not a finite number of milliseconds');
  // A void without an answer would be made anew for ever, and its lane stay shut.
  if (!Number.isFinite(policy.reverse.laneAttempts)) unsafe('laneAttempts is no finite number');
  if (policy.answerWithinMs <= 0) unsafe('answerWithinMs must be above 0');
  if (capabilities.inquiry && policy.inquireAtMs.length === 0) unsafe('it offers inquiry and lists no time for it');
  if (policy.inquireAtMs.length > 1000 || policy.watchAtMs.length > 1000) unsafe('its polling does not end');
  if (capabilities.reversal && (policy.reverse.backoffMs.length === 0 || policy.reverse.laneAttempts < 1)) unsafe('its reversal lists no back-off or no tries');
  if (capabilities.reversal && policy.reverse.withinMs <= policy.reverse.notBeforeMs) unsafe('the time for its reversals (reverse.withinMs) is over before they may begin (reverse.notBeforeMs)');
};
