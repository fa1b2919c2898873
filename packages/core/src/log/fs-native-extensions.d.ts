declare module 'fs-native-extensions' {
  /** @returns false where another open file holds the lock */
  export const tryLock: (fd: number) => boolean;
}
