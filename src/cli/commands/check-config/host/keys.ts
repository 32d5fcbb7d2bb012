import { statSync } from 'node:fs';
import type { HostWarning } from './warning.js';

export interface KeyFacts {
  readonly file: string;
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
}

/**
 * Warns of readable keys. A user who can read a key can write every file of its group, on every
 * host.
 */
export function keyWarnings(facts: readonly KeyFacts[]): HostWarning[] {
  return facts.flatMap(({ file, mode, uid }) => {
    if ((mode & 0o077) === 0 && (uid === 0 || uid === process.geteuid?.())) return [];
    const shown = (mode & 0o777).toString(8).padStart(4, '0');
    return [
      {
        kind: 'key',
        text: `the key ${file} has mode ${shown} and belongs to user ${uid}: who reads it can write all files of the group`,
        hint: `run: chown root: ${file} && chmod 600 ${file}`,
        place: file,
      },
    ];
  });
}

export function readKeyFacts(files: readonly string[]): readonly KeyFacts[] {
  return [...new Set(files)].flatMap((file) => {
    const found = statSync(file, { throwIfNoEntry: false });
    return found ? [{ file, mode: found.mode & 0o7777, uid: found.uid }] : [];
  });
}
