/**
 * What an integrator gives a plugin to work with, held against its schema before the plugin is made. A configuration in JavaScript is seen
 * by no compiler, and a merchant number given as a number would only show in answers that are never believed.
 */
import { schemas } from './engine/schemas.js';
import { TillwrightError } from './errors.js';
import { isObject, type Json, type JsonSchema } from './json.js';

/** @param plugin as the refusal names it */
export const pluginOptions = (plugin: string) => {
  const refused = (why: string): TillwrightError => new TillwrightError('PLUGIN_OPTIONS_INVALID', { plugin, why });
  return {
    /** For what a schema can't say. `why` names options, never what they hold: some are keys. */
    refused,
    /**
     * @param schema of an object; what its `properties` do not name is refused, in objects below it as well
     * @throws PLUGIN_OPTIONS_INVALID
     */
    check: (schema: JsonSchema, options: unknown): void => {
      const unknown = unknownMember(schema, options, 'options');
      if (unknown !== undefined) throw refused(`${unknown} is not known`);
      const problem = schemas.problem(schema, options as Json, 'options');
      if (problem !== undefined) throw refused(problem);
    },
  };
};

const unknownMember = (schema: JsonSchema, value: unknown, called: string): string | undefined => {
  const { properties } = schema as { readonly properties?: { readonly [name: string]: JsonSchema } };
  if (properties === undefined || !isObject(value)) return undefined;
  for (const [name, member] of Object.entries(value)) {
    const below = Object.hasOwn(properties, name) ? unknownMember(properties[name] ?? {}, member, `${called}/${name}`) : `${called}/${name}`;
    if (below !== undefined) return below;
  }
  return undefined;
};
