/** Receipts: a document in, text, ESC/POS bytes and a picture out. */
export { renderReceipt } from './render.js';
export type { RenderedReceipt, RenderOptions } from './render.js';
