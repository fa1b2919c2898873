/** Functions that an expression may call: JSONata 2's own, and those that the States Language adds. `$eval` is refused. */
export const JSONATA_FUNCTIONS: ReadonlySet<string> = new Set(
  `sum count max min average string substring substringBefore substringAfter lowercase uppercase length trim pad match contains
  replace split join formatNumber formatBase formatInteger parseInteger number floor ceil round abs sqrt power random boolean not
  map zip filter single reduce sift keys lookup append exists spread merge reverse each error assert type sort shuffle distinct
  base64encode base64decode encodeUrlComponent encodeUrl decodeUrlComponent decodeUrl toMillis fromMillis clone now millis
  partition range hash uuid parse`.split(/\s+/),
);

/** They would run text that no checker has seen. */
export const REFUSED_FUNCTIONS: ReadonlySet<string> = new Set(['eval']);
