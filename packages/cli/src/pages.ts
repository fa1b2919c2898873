/** The pages of the documentation that `tillwright explain` reads to a person; a build takes their text in. */
import errors from '../../../docs/errors.md?raw';
import actions from '../../../docs/rules/actions.md?raw';
import errorsCaught from '../../../docs/rules/errors.md?raw';
import expressions from '../../../docs/rules/expressions.md?raw';
import money from '../../../docs/rules/money.md?raw';
import parts from '../../../docs/rules/parts.md?raw';
import people from '../../../docs/rules/people.md?raw';
import shape from '../../../docs/rules/shape.md?raw';
import text from '../../../docs/rules/text.md?raw';
import variables from '../../../docs/rules/variables.md?raw';
import ways from '../../../docs/rules/ways.md?raw';

/** The tables of every code and error name. */
export const ERRORS_PAGE = errors;
/** A section for each code of the checker. */
export const RULE_PAGES: readonly string[] = [actions, errorsCaught, expressions, money, parts, people, shape, text, variables, ways];
