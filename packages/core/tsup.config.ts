import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import standalone from 'ajv/dist/standalone/index.js';
import type { Options } from 'tsup';
import { library } from '../../tsup.shared.js';
import { workflowSchema } from './src/definition/schema.js';
import { shapeAjv } from './src/definition/shape.js';

type Plugin = NonNullable<Options['esbuildPlugins']>[number];
const here = import.meta.dirname;

/** What ajv makes of the workflow language's schema, in place of the file that would make it anew in each process. */
const shapeCode = (): string => {
  const ajv = shapeAjv({ source: true, esm: true });
  // Its types and its module do not agree on where the function is.
  const { default: codeOf } = standalone as unknown as { default: typeof standalone };
  const helpers = new Map<string, string>();
  // ajv writes `require` for its own helpers even in a module.
  const code = codeOf(ajv, ajv.compile(workflowSchema)).replaceAll(/require\("(ajv\/dist\/runtime\/(\w+))"\)/g, (_all: string, path: string, name: string) => {
    helpers.set(name, path);
    return `${name}_`;
  });
  return [...[...helpers].map(([name, path]) => `import ${name}_ from '${path}.js';`), code, 'export const shapeCheck = () => validate;'].join('\n');
};

const madeBeforehand: Plugin = {
  name: 'made-beforehand',
  setup: (build) => build.onLoad({ filter: /definition[\\/]shape\.ts$/ }, () => ({ contents: shapeCode(), loader: 'js', resolveDir: here })),
};

/** Code of others that is taken in stands with its licences beside it. */
const licences = (file: string): Plugin => ({
  name: 'licences',
  setup: (build) => {
    build.initialOptions.metafile = true;
    build.onEnd(({ metafile }) => {
      const packages = new Set(Object.keys(metafile?.inputs ?? {}).flatMap((input) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input) ?? []));
      const texts = [...packages].sort().map((folder) => {
        const { name, version } = JSON.parse(readFileSync(join(here, folder, 'package.json'), 'utf8')) as { name: string; version: string };
        const licence = readdirSync(join(here, folder)).find((entry) => /^licen[cs]e/i.test(entry));
        if (licence === undefined) throw new Error(`${name} has no licence file`);
        return `${name} ${version}\n\n${readFileSync(join(here, folder, licence), 'utf8').trim()}\n`;
      });
      // In a clean folder this comes before the code is written.
      mkdirSync(dirname(join(here, file)), { recursive: true });
      writeFileSync(join(here, file), texts.join(`\n${'-'.repeat(80)}\n\n`));
    });
  },
});

const doors = ['src/index.ts', 'src/contract.ts', 'src/testing.ts', 'src/node.ts'];
const check = ['src/check.ts'];
const shared = library(doors);

export default [
  { ...shared, dts: { ...Object(shared.dts), entry: [...doors, ...check] }, clean: ['!check.*'], esbuildPlugins: [madeBeforehand] },
  // One file with all that it needs: `tillwright check` would take longer to find and load the modules of ajv than to check.
  {
    ...library(check),
    dts: false,
    clean: false,
    minify: true,
    noExternal: [/./],
    esbuildPlugins: [madeBeforehand, licences('dist/check.licences.txt')],
    esbuildOptions: (options) => {
      options.mainFields = ['module', 'main'];
    },
  },
] satisfies Options[];
