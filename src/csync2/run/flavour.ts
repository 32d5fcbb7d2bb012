import type { Runner } from './runner.js';

/**
 * Whether this csync2 knows `-b`, which deletes sent rows only at the end of an update. The fork of
 * csync2 that came with the original script knows it, the one of the distributions does not. Tries
 * the option, because the help of neither mentions it.
 */
export async function knowsBatchedDeletes(runner: Runner): Promise<boolean> {
  const result = await runner.run({ mode: ['-b', '-H'], stallSeconds: 60 });
  return result.outcome === 'done' || result.exitCode === nothingToList;
}

const nothingToList = 2;
