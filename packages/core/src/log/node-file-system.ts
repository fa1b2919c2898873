// The package has no types; packages that read these sources find the declaration only by its path.
// oxlint-disable-next-line typescript/triple-slash-reference
/// <reference path="./fs-native-extensions.d.ts" />
import * as fs from 'node:fs';
import { mkdir, open, readFile, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { promisify } from 'node:util';
import { tryLock } from 'fs-native-extensions';
import type { AppendFile, FileSystem, InPlaceFile, ReadFile } from './file-system.js';

// Plain descriptors: a FileHandle costs more per call, and these calls are the engine's slowest. And who lets a log go without
// closing it loses a descriptor, where a FileHandle that is collected ends the process (from Node 26 on).
const openFd = promisify(fs.open);
const closeFd = promisify(fs.close);
const fdatasync = promisify(fs.fdatasync);
const ftruncate = promisify(fs.ftruncate);

/** A kernel that writes and syncs in one call spares a turn of the event loop in between. `O_DSYNC` of macOS promises less than `fdatasync`; Windows has none. */
const O_SYNCED = process.platform === 'linux' ? fs.constants.O_DSYNC : 0;

/** Opens a file that is closed once, and not used after that: its number may be another file's by then. */
const openHeld = async (path: string, flags: number) => {
  const opened = await openFd(path, flags, 0o600);
  let closing: Promise<void> | undefined;
  return {
    fd: (): number => {
      if (closing) throw Object.assign(new Error(`EBADF: ${path} is closed`), { code: 'EBADF' });
      return opened;
    },
    close: () => (closing ??= closeFd(opened)),
  };
};

/** One whose `sync` has nothing left to do where the kernel has synced all that was written. */
const openSyncing = async (path: string, flags: number) => {
  const { fd, close } = await openHeld(path, flags);
  const eachSynced = (flags & O_SYNCED) !== 0;
  // What an earlier process left there may be unsynced.
  let dirty = true;
  return {
    write: (bytes: Uint8Array, position: number | null) =>
      new Promise<number>((done, fail) => {
        fs.write(fd(), bytes, 0, bytes.length, position, (error, written) => {
          if (error === null) return done(written);
          dirty = true;
          fail(error);
        });
      }),
    sync: async () => {
      if (!dirty) return;
      dirty = !eachSynced;
      try {
        await fdatasync(fd());
      } catch (error) {
        dirty = true;
        throw error;
      }
    },
    truncate: async (length: number) => {
      dirty = true;
      await ftruncate(fd(), length);
    },
    close,
  };
};

const missing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT';

const syncDirectory = async (path: string): Promise<void> => {
  // Windows has no handle to sync for a directory.
  if (process.platform === 'win32') return;
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
};

const makeDirectory = async (path: string): Promise<void> => {
  const first = await mkdir(path, { recursive: true });
  if (first === undefined) return;
  // From the innermost up to the one that already stood there, so that no new name is lost to a power cut.
  const outermost = dirname(resolve(first));
  for (let directory = resolve(path); ; directory = dirname(directory)) {
    await syncDirectory(directory);
    if (directory === outermost) return;
  }
};

const { O_APPEND, O_CREAT, O_EXCL, O_RDWR, O_WRONLY } = fs.constants;

const openAppend = async (path: string, { create, eachSynced = false }: { readonly create: boolean; readonly eachSynced?: boolean }): Promise<AppendFile> => {
  const { write, ...rest } = await openSyncing(path, O_WRONLY | O_APPEND | (eachSynced ? O_SYNCED : 0) | (create ? O_CREAT | O_EXCL : 0));
  return { append: (bytes) => write(bytes, null), ...rest };
};

const openInPlace = (path: string): Promise<InPlaceFile> => openSyncing(path, O_RDWR | O_CREAT | O_SYNCED);

const openRead = async (path: string): Promise<ReadFile> => {
  const { fd, close } = await openHeld(path, fs.constants.O_RDONLY);
  return {
    read: (position, length) =>
      new Promise((done, fail) => {
        const bytes = Buffer.allocUnsafe(length);
        fs.read(fd(), bytes, 0, length, position, (error, taken) => (error === null ? done(bytes.subarray(0, taken)) : fail(error)));
      }),
    close,
  };
};

const lock = async (path: string): Promise<(() => Promise<void>) | undefined> => {
  const fd = await openFd(path, 'a', 0o600);
  let held = false;
  try {
    // The kernel ties the lock to this open file: nothing stale is left to clear away, and a second open of the same process is refused.
    held = tryLock(fd);
  } finally {
    if (!held) await closeFd(fd);
  }
  // The file stays when the lock goes: removing it would let two processes lock two files of one name.
  return held ? () => closeFd(fd) : undefined;
};

const refresh = async (path: string, offset: number): Promise<void> => {
  const file = await open(path, 'r+');
  try {
    const { size } = await file.stat();
    const piece = Buffer.alloc(Math.min(Math.max(size - offset, 0), 1024 * 1024));
    for (let at = offset; at < size; ) {
      const { bytesRead } = await file.read(piece, 0, piece.length, at);
      if (bytesRead === 0) break;
      const { bytesWritten } = await file.write(piece, 0, bytesRead, at);
      at += bytesWritten;
    }
    await file.datasync();
  } finally {
    await file.close();
  }
};

const zero = async (path: string): Promise<void> => {
  const file = await open(path, 'r+');
  try {
    const { size } = await file.stat();
    await file.write(new Uint8Array(size), 0, size, 0);
    await file.datasync();
  } finally {
    await file.close();
  }
};

const orWhenMissing = async <T, M>(wanted: Promise<T>, instead: M): Promise<T | M> => {
  try {
    return await wanted;
  } catch (error) {
    if (missing(error)) return instead;
    throw error;
  }
};

/** The machine's own file system. */
export const nodeFileSystem: FileSystem = {
  lock,
  refresh,
  makeDirectory,
  list: (path) => orWhenMissing(readdir(path), []),
  openAppend,
  openInPlace,
  openRead,
  size: async (path) => (await orWhenMissing(stat(path), undefined))?.size,
  read: (path) => fs.createReadStream(path, { highWaterMark: 256 * 1024 }) as AsyncIterable<Buffer>,
  readWhole: (path) => orWhenMissing(readFile(path), undefined),
  rename,
  remove: (path) => rm(path, { force: true }),
  zero,
  syncDirectory,
};
