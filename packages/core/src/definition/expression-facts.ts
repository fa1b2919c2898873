import jsonata from 'jsonata';
import { linearPattern } from './pattern.js';

/** A part of an expression; units from the beginning of the whole string, `{%` included. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** What an expression says, as far as the checker looks: read without evaluating. */
export interface ExpressionFacts {
  readonly fault?: { readonly kind: 'syntax' | 'too-long'; readonly why: string; readonly span: Span };
  /** Variables that the expression does not bind itself, `$` left off; `called` where it stands as a function. */
  readonly variables: readonly { readonly name: string; readonly called: boolean; readonly span: Span }[];
  /** Variables that it asks for (`$exists($x)`, `$x ?? 0`, `$x ? 1 : 2`): it goes on without them. Absent where there are none. */
  readonly asked?: ReadonlySet<string>;
  /** What it takes from `$states`, by the field's name. */
  readonly states: readonly { readonly field: string; readonly span: Span }[];
  readonly patterns: readonly { readonly fault: string; readonly span: Span }[];
  /** Operators on numbers that have a text on one side. */
  readonly textSums?: readonly { readonly operator: string; readonly span: Span }[];
  /** Where it is no more than a number. */
  readonly constant?: number;
}

/** The interpreter's own limit. */
export const EXPRESSION_LENGTH_MAX = 32_768;

/**
 * Reads `{% ... %}`.
 * @param text the whole string, `{%` and `%}` included
 */
export const expressionFacts = (text: string): ExpressionFacts => {
  const whole = { from: 0, to: text.length };
  const none = { variables: [], states: [], patterns: [] };
  if (text.length > EXPRESSION_LENGTH_MAX) return { ...none, fault: { kind: 'too-long', why: '', span: whole } };
  const plain = plainTerms(text);
  if (plain) return plain;
  let ast: AstNode;
  try {
    ast = jsonata(text.slice(OPEN, -2)).ast() as unknown as AstNode;
  } catch (error) {
    // The parser recurses: what nests too deeply ends in a RangeError.
    if (error instanceof RangeError) return { ...none, fault: { kind: 'too-long', why: '', span: whole } };
    return { ...none, fault: { kind: 'syntax', ...syntaxFault(error, text) } };
  }
  return { ...namesIn(ast, text), ...(ast.type === 'number' && typeof ast.value === 'number' ? { constant: ast.value } : {}) };
};

const OPEN = 2;

/**
 * Most expressions are variables with names behind them, alone or with operators, numbers and texts between: these need no
 * parser. Where texts and arithmetic meet, it looks.
 */
const plainTerms = (text: string): ExpressionFacts | undefined => {
  if (text.length > PLAIN_LENGTH_MAX || !PLAIN.test(text) || (/['&]/.test(text) && / [-+*/%] /.test(text))) return undefined;
  const variables: { name: string; called: boolean; span: Span }[] = [];
  const states: { field: string; span: Span }[] = [];
  for (const { index, 1: name, 2: field } of text.matchAll(TERM)) {
    if (name === undefined) continue;
    const to = index + 1 + name.length;
    variables.push({ name, called: false, span: { from: index, to } });
    if (name === 'states' && field !== undefined) states.push({ field, span: { from: to + 1, to: to + 1 + field.length } });
  }
  // A constant is the parser's.
  return variables.length === 0 ? undefined : { variables, states, patterns: [] };
};
/** Far below the depth at which the parser gives up on a long sum. */
const PLAIN_LENGTH_MAX = 300;
/** Operators and constants by their names are no names of members here, though the parser takes some of them. */
const NAMES = String.raw`(?:\.(?!(?:and|or|in|true|false|null)\b)[A-Za-z_]\w*)*`;
const OPERAND = String.raw`(?:\$[A-Za-z_]\w*${NAMES}|\d{1,15}(?:\.\d{1,9})?|'[^'\\]*')`;
const PLAIN = new RegExp(String.raw`^\{% *${OPERAND}(?: +(?:[-+*/%&=<>]|!=|<=|>=|and|or|in) +${OPERAND})* *%\}$`);
const TERM = /'[^']*'|\$([A-Za-z_]\w*)(?:\.(\w+))?/g;

const syntaxFault = (error: unknown, text: string): { why: string; span: Span } => {
  const told = (typeof error === 'object' && error !== null ? error : {}) as { message?: unknown; position?: unknown; token?: unknown };
  const end = Math.min(OPEN + (typeof told.position === 'number' ? told.position : 0), text.length - 2);
  const length = typeof told.token === 'string' && told.token !== '(end)' ? told.token.length : 1;
  // At the end the parser stands behind the last token: the closing mark is where something is missing.
  const token = Math.max(OPEN, end - length);
  const from = told.token === '(end)' ? text.length - 2 : text[token - 1] === '$' ? token - 1 : token;
  return { why: typeof told.message === 'string' ? told.message : 'it can not be read', span: { from, to: told.token === '(end)' ? text.length : Math.max(end, from + 1) } };
};

/** The parser's tree, as far as it is looked at; it has more kinds of node than its types name. */
interface AstNode {
  readonly type?: string;
  readonly value?: unknown;
  readonly position?: number;
  readonly [part: string]: unknown;
}

const isNode = (part: unknown): part is AstNode => typeof part === 'object' && part !== null && !(part instanceof RegExp);

/** Walks with a stack of its own: a long sum is a deep tree. */
const namesIn = (ast: AstNode, text: string): Pick<ExpressionFacts, 'variables' | 'asked' | 'states' | 'patterns' | 'textSums'> => {
  const bound = new Set<string>();
  const used: { name: string; called: boolean; span: Span }[] = [];
  const patterns: { fault: string; span: Span }[] = [];
  const states: { field: string; span: Span }[] = [];
  const textSums: { operator: string; span: Span }[] = [];
  const called = new Set<unknown>();
  const asked = new Set<string>();
  const seen = new Set<AstNode>();
  const stack: AstNode[] = [ast];
  for (let node = stack.pop(); node; node = stack.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    if (Array.isArray(node)) {
      stack.push(...node.filter(isNode).toReversed());
      continue;
    }
    const end = OPEN + (node.position ?? 0);
    switch (node.type) {
      case 'variable': {
        const name = String(node.value);
        used.push({ name, called: called.has(node), span: { from: Math.max(0, end - name.length - 1), to: end } });
        break;
      }
      case 'function':
        ask(asked, node);
        called.add(node.procedure);
        break;
      case 'condition':
        askRoot(asked, node.condition);
        break;
      case 'partial':
        called.add(node.procedure);
        break;
      case 'apply':
        called.add(node.rhs);
        break;
      case 'path': {
        const [first, second] = Array.isArray(node.steps) ? (node.steps as readonly AstNode[]) : [];
        if (first?.type === 'variable' && first.value === 'states' && second?.type === 'name') {
          const field = String(second.value);
          const behind = OPEN + (second.position ?? 0);
          states.push({ field, span: { from: Math.max(0, behind - field.length), to: behind } });
        }
        break;
      }
      case 'bind':
        bind(bound, node.lhs);
        break;
      case 'binary': {
        const operator = String(node.value);
        if (ARITHMETIC.has(operator) && [node.lhs, node.rhs].some(isText)) textSums.push({ operator, span: { from: end - 1, to: end } });
        break;
      }
      case 'lambda':
        for (const argument of Array.isArray(node.arguments) ? node.arguments : []) bind(bound, argument);
        break;
      case 'regex': {
        const fault = node.value instanceof RegExp ? patternFault(node.value) : undefined;
        if (fault !== undefined) patterns.push({ fault, span: { from: Math.max(0, text.lastIndexOf('/', end - 2)), to: end } });
        break;
      }
      default:
    }
    for (const name of [node.focus, node.index]) if (typeof name === 'string') bound.add(name);
    stack.push(...Object.values(node).filter(isNode).toReversed());
  }
  return {
    variables: used.filter(({ name }) => name !== '' && name !== '$' && !bound.has(name)),
    ...(asked.size > 0 ? { asked } : {}),
    ...(textSums.length > 0 ? { textSums } : {}),
    states: bound.has('states') ? [] : states,
    patterns,
  };
};

const ARITHMETIC = new Set(['+', '-', '*', '/', '%']);
const isText = (side: unknown): boolean => isNode(side) && (side.type === 'string' || (side.type === 'binary' && side.value === '&'));

/** `$exists($x)` and `$exists($x.y)`; the parser writes `$x ?? 0` as the former, too. */
const ask = (asked: Set<string>, { procedure, arguments: given }: AstNode): void => {
  if (!isNode(procedure) || procedure.type !== 'variable' || procedure.value !== 'exists') return;
  askRoot(asked, Array.isArray(given) ? given[0] : undefined);
};
const askRoot = (asked: Set<string>, node: unknown): void => {
  if (!isNode(node)) return;
  const [root] = Array.isArray(node.steps) ? (node.steps as readonly AstNode[]) : [node];
  if (root?.type === 'variable') asked.add(String(root.value));
};

const bind = (bound: Set<string>, variable: unknown): void => {
  if (isNode(variable) && variable.type === 'variable') bound.add(String(variable.value));
};

/** What this engine can not compile can not be matched in time linear in the text. */
const patternFault = (pattern: RegExp): string | undefined => {
  try {
    linearPattern(pattern);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : 'it can not be compiled';
  }
};
