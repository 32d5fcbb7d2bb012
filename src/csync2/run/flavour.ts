import type { Runner } from './runner.js';

/**
 * Whether this is a csync2 whose checks are known, to the last byte that they write: 2.0 as the
 * distributions have it, which calls itself 2.1-0rc1 as well. Asked by its help, which it prints
 * for an option that it does not know.
 */
export async function hasKnownChecks(runner: Pick<Runner, 'run'>): Promise<boolean> {
  let help = '';
  const onOutput = (chunk: Buffer) => {
    help += chunk.toString('latin1');
  };
  await runner.run({ mode: ['-?'], stallSeconds: 60, onOutput });
  const [, name] = /^csync2 (\S+) - cluster synchronization tool/m.exec(help) ?? [];
  const [, version] = /^Version: (\S+)$/m.exec(help) ?? [];
  return name === '2.1-0rc1' && version === '2.0';
}

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
