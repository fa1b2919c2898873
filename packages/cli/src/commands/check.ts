import type { Text } from '@tillwright/core';
import { type Catalogue, checkWorkflows, renderDiagnostics } from '@tillwright/core/check';
import { loadConfig, type TillwrightConfig } from '../config.js';
import { EXIT, type ExitCode } from '../exit.js';
import { type Language, say } from '../language.js';
import { readWorkflows } from '../workflow-files.js';

const sound = { zh: '没有发现问题', en: 'no faults' } as const satisfies Text;

/** Checks workflow files against everything that the plugins offer. */
export const check = async (files: readonly string[], options: { config?: string; json: boolean; strict: boolean; language: Language }): Promise<ExitCode> => {
  const config = await loadConfig(options.config);
  const sources = await readWorkflows(files);
  const catalogue = await catalogueOf(config, Object.keys(sources));
  const { diagnostics } = checkWorkflows(sources, catalogue);
  if (options.json) console.log(JSON.stringify({ diagnostics }));
  else if (diagnostics.length > 0) console.error(renderDiagnostics(diagnostics, sources, { language: options.language, color: process.stderr.isTTY }));
  else console.log(`${Object.values(sources).map(({ file }) => file).join(', ')}: ${say(options.language, sound)}`);
  return diagnostics.some(({ severity }) => severity === 'error' || options.strict) ? EXIT.wrongUse : EXIT.succeeded;
};

/** What the plugins that come with Tillwright offer is kept as data: asking them means loading every SDK. A till of other plugins is asked. */
const catalogueOf = async ({ plugins }: TillwrightConfig, workflows: readonly string[]): Promise<Catalogue> => {
  if (!plugins) {
    const { default: kept } = await import('../default-catalogue.json', { with: { type: 'json' } });
    return { ...(kept as unknown as Catalogue), workflows };
  }
  const { createTillCatalogue } = await import('../catalogue.js');
  return createTillCatalogue((defaults) => plugins(defaults), workflows);
};
