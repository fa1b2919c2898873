export { type JourneyOptions, type Journey, journeyOf } from './journey.js';
export { mermaidOf } from './mermaid.js';
export { type Language, type Lane, type Machine, modelOf, type Reading } from './model.js';
export { type SvgOptions, svgOf } from './svg.js';
