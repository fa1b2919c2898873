import { editorSchema } from '@tillwright/core';
import type { Plugin } from '@tillwright/core/contract';
import { createTillCatalogue } from '../catalogue.js';
import { loadConfig } from '../config.js';
import { EXIT, type ExitCode } from '../exit.js';

/** Prints the JSON Schema of workflow files, with everything that the plugins offer, for an editor. */
export const schema = async (options: { config?: string }): Promise<ExitCode> => {
  const config = await loadConfig(options.config);
  const catalogue = await createTillCatalogue((defaults: readonly Plugin[]) => config.plugins?.(defaults) ?? defaults, []);
  console.log(JSON.stringify(editorSchema(catalogue), undefined, 2));
  return EXIT.succeeded;
};
