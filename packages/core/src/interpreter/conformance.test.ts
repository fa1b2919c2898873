/**
 * Executions that AWS Step Functions recorded (data from the tests of localstack, Apache-2.0), run with the recorded answers.
 * Status, output and error name have to agree in every one; causes, paths and assigned variables are counted.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, afterAll } from 'vitest';
import type { StateMachine } from '../definition/asl.js';
import { isObject, type Json, type JsonObject } from '../json.js';
import { evolve } from './evolve.js';
import { createEvaluate } from './expression.js';
import { programOf, runInMemory, type RunResult, type TaskOutcome } from './run-in-memory.js';
import type { ExecutionState } from './types.js';

interface Recorded {
  readonly name: string;
  readonly definition: StateMachine;
  readonly input: Json;
  readonly expected: { readonly status: 'SUCCEEDED' | 'FAILED'; readonly output?: Json; readonly error?: string; readonly cause?: string };
  readonly tasks: readonly { readonly state: string; readonly input: Json; readonly outcome: { readonly result?: Json; readonly error?: string; readonly cause?: Json } }[];
  readonly events: readonly string[];
  readonly path: readonly string[];
  readonly placeholders: readonly string[];
  readonly assigned: readonly { readonly [state: string]: JsonObject }[];
}

const file = fileURLToPath(new URL('../../../../../shared/conformance/asl-recorded.json', import.meta.url));
const cases = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { cases: Recorded[] }).cases : [];

const evaluate = createEvaluate({ hash: (algorithm, text) => createHash(algorithm.replace('SHA-', 'sha').toLowerCase()).update(text, 'utf8').digest('hex') });

const WILDCARD = /^<[a-z-]+(:\d+)?>$/;
const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
};

/** As the recording's own notes say: `<name:1>` stands for any string, an object may stand for the JSON text that holds it. */
const agrees = (found: unknown, expected: unknown): boolean => {
  if (typeof expected === 'string' && WILDCARD.test(expected)) return typeof found === 'string';
  if (typeof expected === 'string' && typeof found === 'string') {
    if (expected === found) return true;
    const [a, b] = [parsed(found), parsed(expected)];
    return typeof a === 'object' && typeof b === 'object' && agrees(a, b);
  }
  if (typeof found === 'string' && isObject(expected)) return agrees(parsed(found), expected);
  if (Array.isArray(expected)) return Array.isArray(found) && found.length === expected.length && expected.every((one, index) => agrees(found[index], one));
  if (isObject(expected)) {
    if (!isObject(found)) return false;
    const keys = Object.keys(expected);
    return keys.length === Object.keys(found).length && keys.every((key) => Object.hasOwn(found, key) && agrees(found[key], expected[key]));
  }
  return Object.is(found, expected);
};

/** Recorded Tasks inside a Parallel are missing from `tasks`; what they failed with stands in the expected output. */
const failureIn = (value: Json | undefined): { error: string; cause: Json } | undefined => {
  if (!isObject(value)) return undefined;
  if (typeof value['Error'] === 'string') return { error: value['Error'], cause: value['Cause'] ?? '' };
  for (const member of Object.values(value)) {
    const found = failureIn(member);
    if (found) return found;
  }
  return undefined;
};

const replay = (recorded: Recorded): Promise<RunResult> => {
  const answers = [...recorded.tasks];
  const seen: unknown[] = [];
  return runInMemory({
    definition: recorded.definition,
    input: recorded.input,
    evaluate,
    otherwise: (args): TaskOutcome => {
      const answer = answers.shift();
      const outcome = answer?.outcome ?? failureIn(recorded.expected.output);
      if (!outcome) throw new Error('A Task was called that the recording does not hold');
      seen.push(args);
      if (answer) expect(agrees(args, answer.input), `arguments of ${answer.state}`).toBe(true);
      if (outcome.error === undefined) return { result: ('result' in outcome ? outcome.result : null) ?? null };
      return { error: outcome.error, cause: typeof outcome.cause === 'string' ? outcome.cause : JSON.stringify(outcome.cause) };
    },
  });
};

/** The states in the order entered, and the variables of the root scope after each event that set some. */
const trace = (recorded: Recorded, { events }: RunResult): { path: string[]; assigned: JsonObject[] } => {
  const program = programOf(recorded);
  const path: string[] = [];
  const assigned: JsonObject[] = [];
  const known = new Set<string>();
  let state: ExecutionState | undefined;
  for (const event of events) {
    if (event.type === 'stepLeft' && event.assign) assigned.push({ [event.step.slice(0, event.step.lastIndexOf('#'))]: event.assign });
    const next: ExecutionState = evolve(state, event, 0, program);
    for (const scope of Object.values(next.scopes)) {
      if (known.has(scope.current.step)) continue;
      known.add(scope.current.step);
      path.push(scope.current.state);
    }
    state = next;
  }
  return { path, assigned };
};

/** Recorded values of variables are JSON texts, or already parsed. */
const sameAssigned = (found: readonly JsonObject[], expected: Recorded['assigned']): boolean =>
  expected.every((one) =>
    Object.entries(one).every(([state, variables]) =>
      found.some((each) =>
        isObject(each[state]) &&
        Object.entries(variables).every(([name, value]) => agrees((each[state] as JsonObject)[name], typeof value === 'string' ? parsed(value) : value)),
      ),
    ),
  );

describe.skipIf(cases.length === 0)('recorded executions (skipped where the recordings are absent)', () => {
  const counts = { run: 0, withCause: 0, cause: 0, path: 0, withAssigned: 0, assigned: 0, history: 0 };

  it.each(cases.map((recorded) => [recorded.name, recorded] as const))('%s', async (_, recorded) => {
    const result = await replay(recorded);
    const { expected } = recorded;
    expect(result.state.status).toBe(expected.status === 'SUCCEEDED' ? 'succeeded' : 'failed');
    if (expected.status === 'SUCCEEDED') expect(agrees(result.state.output, expected.output), JSON.stringify(result.state.output)).toBe(true);
    else expect(result.state.failure?.error).toBe(expected.error ?? '');
    counts.run++;
    if (expected.cause !== undefined) {
      counts.withCause++;
      if (agrees(result.state.failure?.cause, expected.cause)) counts.cause++;
    }
    const { path, assigned } = trace(recorded, result);
    if (JSON.stringify(path) === JSON.stringify(recorded.path)) counts.path++;
    if (recorded.assigned.length > 0) {
      counts.withAssigned++;
      if (sameAssigned(assigned, recorded.assigned)) counts.assigned++;
    }
  });

  afterAll(() => {
    console.info(
      `recorded executions: ${counts.run} of ${cases.length} agree in status, output and error; ` +
        `causes ${counts.cause}/${counts.withCause}, paths ${counts.path}/${counts.run}, assigned variables ${counts.assigned}/${counts.withAssigned}`,
    );
    expect(counts).toMatchObject({ run: cases.length });
  });
});
