import type { Text } from '@tillwright/core';
import { nearestNames } from '@tillwright/core/check';
import { loadConfig } from '../config.js';
import { EXIT, type ExitCode } from '../exit.js';
import { type Language, say } from '../language.js';
import { ERRORS_PAGE, RULE_PAGES } from '../pages.js';

/** Prints what a code or an error name means and what to do; for a code of the checker also why the rule is there, with examples. */
export const explain = async (name: string, { config, language }: { config?: string; language: Language }): Promise<ExitCode> => {
  const known = explanations();
  // What the pages tell of is explained while plugins of one's own can't be loaded: it may be about just that.
  if (!known.has(name.toUpperCase())) {
    await addOwn(known, config).catch((error: unknown) => {
      if (!known.has(name)) throw error;
    });
  }
  const found = known.get(name) ?? known.get(name.toUpperCase());
  if (!found) {
    const near = nearestNames(name, known.keys());
    const guess = near.length > 0 ? say(language, { zh: `是否指 ${near.join('、')}？`, en: `Did you mean ${near.join(', ')}?` }) : say(language, SEE);
    console.error(`tillwright: ${say(language, { zh: `没有代码或错误名 ${JSON.stringify(name)}。`, en: `there is no code or error name ${JSON.stringify(name)}.` })} ${guess}`);
    return EXIT.wrongUse;
  }
  const { title, told, page } = found;
  console.log([title, ...told.map((text) => `  ${say(language, text)}`), ...(page === undefined ? [] : ['', page])].join('\n'));
  return EXIT.succeeded;
};

const SEE = { zh: '代码见报告的第一个词，例如 WORKFLOW_UNKNOWN_ACTION；错误名例如 Payment.Declined。', en: 'A code is the first word of a report, such as WORKFLOW_UNKNOWN_ACTION; an error name is one such as Payment.Declined.' };

interface Explanation {
  title: string;
  readonly told: Text[];
  readonly page?: string;
}

let pages: Map<string, Explanation> | undefined;
/** Everything that the pages tell of, by code or name, for somebody who adds to it. */
const explanations = (): Map<string, Explanation> => new Map([...(pages ??= readPages())].map(([name, one]) => [name, { ...one, told: [...one.told] }]));

const readPages = (): Map<string, Explanation> => {
  const sections = new Map(RULE_PAGES.flatMap((page) => page.split(/^## /m).slice(1).map((section) => [/^`(\w+)`/.exec(section)?.[1] ?? '', section.replace(/^.*\n+/, '').trim()] as const)));
  const known = new Map<string, Explanation>();
  const lines = ERRORS_PAGE.split('\n');
  lines.forEach((line, index) => {
    const name = /^\| `([\w.-]+)`/.exec(line)?.[1];
    if (name === undefined) return;
    const [title = '', ...en] = cells(line);
    const [, ...zh] = cells(lines[index + 1] ?? '');
    const page = sections.get(name);
    const one = known.get(name) ?? { title: title.replaceAll('`', ''), told: [], ...(page === undefined ? {} : { page }) };
    known.set(name, one);
    // Error names of actions stand in one line with both languages, and once for each action that says it in its own words.
    const [from = '', both = ''] = en;
    if (both.includes('<br>')) {
      const [english = '', chinese = ''] = both.split('<br>');
      one.told.push({ zh: `${from.replaceAll('`', '')}：${chinese}`, en: `${from.replaceAll('`', '')}: ${english}` });
    } else one.told.push(...en.map((text, cell) => named(cell, en.length, { zh: zh[cell] ?? '', en: text })));
  });
  return known;
};

/** The errors of plugins that no page tells of: those of a till's own. */
const addOwn = async (known: Map<string, Explanation>, config: string | undefined): Promise<void> => {
  const { plugins } = await loadConfig(config);
  if (!plugins) return;
  const { createTillCatalogue } = await import('../catalogue.js');
  const { actions, methods } = await createTillCatalogue((defaults) => plugins(defaults), []);
  const said = [
    ...Object.entries(actions).flatMap(([namespace, each]) => Object.entries(each).map(([action, { errors }]) => [`${namespace}:${action}`, errors] as const)),
    ...methods.map(({ id, errors }) => [`method ${id}`, errors] as const),
  ];
  for (const [from, errors] of said) {
    for (const [name, { zh, en }] of Object.entries(errors)) {
      const one = known.get(name) ?? { title: name, told: [] };
      known.set(name, one);
      if (!one.told.some((text) => text.en.endsWith(`: ${en}`))) one.told.push({ zh: `${from}：${zh}`, en: `${from}: ${en}` });
    }
  }
};

const cells = (row: string): string[] => row.split(/(?<!\\)\|/).slice(1, -1).map((cell) => cell.trim().replaceAll('\\|', '|'));

/** What happened, what was expected where the checker tells it, what next. */
const named = (cell: number, count: number, { zh, en }: Text): Text => {
  if (cell === 0) return { zh, en };
  return cell === count - 1 ? { zh: `下一步: ${zh}`, en: `Next: ${en}` } : { zh: `应为: ${zh}`, en: `Expected: ${en}` };
};
