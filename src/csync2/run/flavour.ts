import type { Runner } from './runner.js';

/**
 * Whether this csync2 knows `-b`, which puts the deletion of sent rows off to the end of an update:
 * the fork of csync2 that came with the original script does, the one of the distributions does
 * not. Asked by trying, as neither says so in its help.
 */
export async function knowsBatchedDeletes(runner: Runner): Promise<boolean> {
  const result = await runner.run({ mode: ['-b', '-H'], stallSeconds: 60 });
  return result.outcome === 'done' || result.exitCode === nothingToList;
}

const nothingToList = 2;
