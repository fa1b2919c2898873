/** How much a sealed store keeps for each key, in bytes: the key in UTF-8 and what is kept. On disk that is a page without its header. */
export const SEALED_ROOM = 4076;

/** @throws RangeError where key and content do not fit */
export const checkRoom = (key: string, kept: Uint8Array): void => {
  const bytes = new TextEncoder().encode(key).length + kept.length;
  if (bytes > SEALED_ROOM) throw new RangeError(`a sealed store keeps ${SEALED_ROOM} bytes for each key, its name counted; these are ${bytes}`);
};
