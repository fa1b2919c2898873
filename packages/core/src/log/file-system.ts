/**
 * The little of a file system that the log and the sealed store need: a seam at which tests break the disk.
 * Every function rejects with the system's own error (`ENOSPC`, `EIO`, `EROFS`); nobody here tries again.
 */
export interface FileSystem {
  /**
   * Locks a file for this process, making it where it is missing; the lock ends with the process, however that dies.
   * @returns gives it back; `undefined` where another open of the file holds it
   */
  lock(path: string): Promise<(() => Promise<void>) | undefined>;
  /** Makes the directory and those above it, each one durable. */
  makeDirectory(path: string): Promise<void>;
  /** Names in a directory, none where there is no directory. */
  list(path: string): Promise<readonly string[]>;
  /**
   * Opens for appending. `create` makes the file, and fails where it exists; without it the file must exist.
   * `eachSynced` says that a sync follows each append: where the system does both in one call, that sync finds nothing left to do.
   * An append that failed may be a sync that failed then: it is for whoever treats both alike.
   */
  openAppend(path: string, options: { readonly create: boolean; readonly eachSynced?: boolean }): Promise<AppendFile>;
  /**
   * Opens a file that is written in place, making it where it is missing. A sync follows each write, or several at the same time:
   * where the system does both in one call, as `eachSynced` says for appends, an error of any of those may be meant for another.
   */
  openInPlace(path: string): Promise<InPlaceFile>;
  /** Opens a file to be read here and there. */
  openRead(path: string): Promise<ReadFile>;
  /** In bytes; `undefined` where there is no file. */
  size(path: string): Promise<number | undefined>;
  /** The file's bytes from its start, in pieces; ends where the file ended when that was read. */
  read(path: string): AsyncIterable<Uint8Array>;
  /**
   * Writes a file's bytes from an offset on once more, as they are, and syncs them. After a failed sync the kernel may show
   * bytes that are not on disk and that it no longer means to write: only written again do they get there.
   */
  refresh(path: string, offset: number): Promise<void>;
  /** The whole of a small file, `undefined` where there is none. */
  readWhole(path: string): Promise<Uint8Array | undefined>;
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Overwrites a file's bytes with zeros, in place, and syncs it. */
  zero(path: string): Promise<void>;
  /** A file's name is durable only once its directory is. */
  syncDirectory(path: string): Promise<void>;
}

export interface AppendFile {
  /** @returns how many bytes were taken: fewer than given is a short write */
  append(bytes: Uint8Array): Promise<number>;
  /** `fdatasync`. */
  sync(): Promise<void>;
  /** Cuts the file to a length in bytes. */
  truncate(length: number): Promise<void>;
  close(): Promise<void>;
}

export interface InPlaceFile {
  /** @returns how many bytes were taken: fewer than given is a short write */
  write(bytes: Uint8Array, position: number): Promise<number>;
  /** `fdatasync`. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

export interface ReadFile {
  /** Fewer bytes than asked for where the file ends. */
  read(position: number, length: number): Promise<Uint8Array>;
  close(): Promise<void>;
}
