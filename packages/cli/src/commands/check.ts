import { checkWorkflows, renderDiagnostics, type Text } from '@tillwright/core';
import type { Plugin } from '@tillwright/core/contract';
import { createTillCatalogue } from '../catalogue.js';
import { loadConfig } from '../config.js';
import { EXIT, type ExitCode } from '../exit.js';
import { type Language, say } from '../language.js';
import { readWorkflows } from '../workflow-files.js';

const sound = { zh: '没有发现问题', en: 'no faults' } as const satisfies Text;

/** Checks workflow files against everything that the plugins offer. */
export const check = async (files: readonly string[], options: { config?: string; json: boolean; strict: boolean; language: Language }): Promise<ExitCode> => {
  const config = await loadConfig(options.config);
  const sources = await readWorkflows(files);
  const catalogue = await createTillCatalogue((defaults: readonly Plugin[]) => config.plugins?.(defaults) ?? defaults, Object.keys(sources));
  const { diagnostics } = checkWorkflows(sources, catalogue);
  if (options.json) console.log(JSON.stringify({ diagnostics }));
  else if (diagnostics.length > 0) console.error(renderDiagnostics(diagnostics, sources, { language: options.language, color: process.stderr.isTTY }));
  else console.log(`${Object.values(sources).map(({ file }) => file).join(', ')}: ${say(options.language, sound)}`);
  return diagnostics.some(({ severity }) => severity === 'error' || options.strict) ? EXIT.wrongUse : EXIT.succeeded;
};
