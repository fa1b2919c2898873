import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Options } from 'tsup';
import { library } from '../../tsup.shared.js';

type Plugin = NonNullable<Options['esbuildPlugins']>[number];

/** `import text from 'page.md?raw'`, as vite reads it. */
const rawText: Plugin = {
  name: 'raw-text',
  setup: (build) => {
    build.onResolve({ filter: /\?raw$/ }, ({ path, resolveDir }) => ({ path: resolve(resolveDir, path.replace(/\?raw$/, '')), namespace: 'raw-text' }));
    build.onLoad({ filter: /./, namespace: 'raw-text' }, async ({ path }) => ({ contents: await readFile(path, 'utf8'), loader: 'text' }));
  },
};

export default { ...library(['src/index.ts', 'src/main.ts']), esbuildPlugins: [rawText] } satisfies Options;
