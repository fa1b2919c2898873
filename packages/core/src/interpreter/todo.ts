/** What a state owes now. Live running and recovery execute the same list. */
import { machineAt, scopeAddress, scopeChain } from './address.js';
import { progress } from './progress.js';
import type { Command, ExecutionState, Program, ScopeState, Todo } from './types.js';

export const todo: Todo = (state, program) => {
  if (state.status !== 'running') return [];
  const commands: Command[] = [];
  const root = state.scopes[''];
  if (root) collect({ state, program, commands, ready: [] }, root);
  return commands;
};

/** Addresses of the scopes that stand where `decide` has to go on. */
export const readyScopes = (state: ExecutionState, program: Program): string[] => {
  const walk: Walk = { state, program, commands: [], ready: [] };
  const root = state.scopes[''];
  if (root && state.status === 'running') collect(walk, root);
  return walk.ready;
};

interface Walk {
  readonly state: ExecutionState;
  readonly program: Program;
  readonly commands: Command[];
  readonly ready: string[];
}

const collect = (walk: Walk, scope: ScopeState): void => {
  const { commands, ready, state, program } = walk;
  if (owedBy(scope, program, commands) === 'ready') {
    if (ready.length === 0) commands.push({ do: 'continue' });
    ready.push(scope.address);
    return;
  }
  const { step, phase } = scope.current;
  if (phase.is !== 'scopes') return;
  for (let index = 0; index < phase.begun; index++) {
    const inner = state.scopes[scopeAddress(step, index)];
    if (inner) collect(walk, inner);
  }
};

/**
 * Adds what one scope owes by itself, without those within it. A scope owes the same as long as it is the same object, so that
 * whoever knows which have changed need not look at the others.
 * @returns `ready` where `decide` has to go on; nothing within such a scope is begun any more
 */
export const owedBy = (scope: ScopeState, program: Program, commands: Command[]): 'ready' | 'blocked' => {
  const { step, phase } = scope.current;
  if (scope.pointer === '') {
    const seconds = machineAt(program, scope.workflow, '')?.TimeoutSeconds;
    if (seconds !== undefined) {
      commands.push({ do: 'timer', step: scope.address, timer: 'execution-timeout', dueAt: scope.startedAt + seconds * 1000 });
    }
  }
  switch (phase.is) {
    case 'entered':
    case 'ended':
      return 'ready';
    case 'waiting':
      commands.push({ do: 'timer', step, timer: 'wait', dueAt: phase.dueAt });
      return 'blocked';
    case 'retrying':
      commands.push({ do: 'timer', step, timer: 'retry', dueAt: phase.retryAt });
      return 'blocked';
    case 'task':
      commands.push({
        do: 'call',
        step,
        attempt: phase.attempt,
        resource: phase.resource,
        arguments: phase.arguments,
        answers: phase.answers,
        scopes: scopeChain(scope.address),
        ...(phase.dueAt === undefined ? {} : { dueAt: phase.dueAt }),
        ...(phase.heartbeatMs === undefined ? {} : { heartbeatMs: phase.heartbeatMs }),
      });
      if (phase.dueAt !== undefined) commands.push({ do: 'timer', step, timer: 'timeout', dueAt: phase.dueAt });
      return 'blocked';
    case 'scopes':
      // Once its end is certain nothing within is begun any more, even if the log was cut before the event that says so.
      if (progress(phase) !== 'open') return 'ready';
      if (phase.dueAt !== undefined) commands.push({ do: 'timer', step, timer: 'timeout', dueAt: phase.dueAt });
      return 'blocked';
  }
};
