import { readdirSync, readFileSync } from 'node:fs';

/** Where workflows and scripts stand. */
export const folder = new URL('../../../workflows/', import.meta.url);

/** Every workflow that ships, parts among them. */
export const workflows = Object.fromEntries(
  readdirSync(folder)
    .filter((name) => name.endsWith('.asl.json'))
    .map((name) => [name.replace('.asl.json', ''), { file: name, text: readFileSync(new URL(name, folder), 'utf8') }]),
);
