import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { exitCodes, InotifyCsyncError } from './errors.js';
import type { NativeSelectionConstructor } from './native/selection.js';
import type { NativeWatcherConstructor } from './native/watcher.js';

/**
 * The addon's interface, as `native/addon/addon.cc` exports it. The classes in `src/watch` and
 * `src/csync2/cfg` wrap it.
 */
export interface NativeAddon {
  readonly Selection: NativeSelectionConstructor;
  readonly Watcher: NativeWatcherConstructor;
  /**
   * Surveys paths in a thread of its own. `done` resolves to null when the survey was cancelled.
   * See `src/sync/common/survey.ts`.
   */
  survey(
    paths: readonly Buffer[],
    recursive: boolean,
    changedSince: bigint,
    linkedOnly: boolean,
  ): { readonly done: Promise<NativeSurvey | null>; readonly cancel: () => void };
  /** Describes a path, without following links; see `native/walk/place.h`. */
  lookAtPlace(path: Buffer): NativePlace;
  /** Names of a path's extended attributes, ACLs among them, each followed by a NUL. */
  attributeNames(path: Buffer): Buffer;
}

/** The packed result of a survey; see `src/sync/common/survey.ts`. */
export interface NativeSurvey {
  readonly entries: number;
  readonly changed: Buffer;
  readonly unreadable: Buffer;
}

export interface NativePlace {
  /** If it is not 0, nothing else is known. */
  readonly errno: number;
  /** 0 directory, 1 regular file, 2 anything else. */
  readonly kind: number;
  readonly empty: boolean;
  readonly inode: bigint;
  /** Nanoseconds since 1970; 0 if the file system doesn't keep it. */
  readonly bornNs: bigint;
  /** statfs(2) f_fsid; 0 if the file system has none. */
  readonly fileSystem: bigint;
}

let loaded: NativeAddon | undefined;

/** Loads the addon once. Throws an InotifyCsyncError that lists the paths tried. */
export function loadNative(): NativeAddon {
  if (loaded) return loaded;
  const require = createRequire(import.meta.url);
  loaded = require(pathOf('inotify_csync.node')) as NativeAddon;
  return loaded;
}

/**
 * Path of the launcher that takes its arguments as bytes (`native/exec/exec.cc`). Throws an
 * InotifyCsyncError that lists the paths tried.
 */
export function launcherPath(): string {
  return pathOf('inotify-csync-exec');
}

/** Path of the library that is preloaded into csync2's server and updates (`native/preload/`). */
export function preloadPath(): string {
  return pathOf('inotify-csync-preload.so');
}

/** A part in C++ has not been built. */
export class MissingNativeError extends InotifyCsyncError {
  constructor(name: string, tried: readonly string[]) {
    super(
      'ICS_NATIVE_MISSING',
      exitCodes.software,
      `${name} is not built (looked for ${tried.join(', ')})`,
      'run: npm run build',
    );
  }
}

function pathOf(name: string): string {
  const packageRoot = dirname(dirname(fileURLToPath(import.meta.url)));
  const tried = ['Release', 'Debug'].map((kind) => join(packageRoot, 'build', kind, name));
  const found = tried.find((path) => existsSync(path));
  if (!found) throw new MissingNativeError(name, tried);
  return found;
}
