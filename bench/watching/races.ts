import { execFile } from 'node:child_process';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Taken } from './protocol.js';
import type { ToolProcess } from './tool-handle.js';

/** What each race is, for people. */
export const raceTitles = {
  S1: 'file written at once into directories just made',
  S2: 'file written there later',
  S3: 'file written after the topmost directory was renamed',
  S4: 'file in a full tree moved in',
  S5: 'stale paths after a tree was moved out (0 is right)',
} as const;

export type RaceName = keyof typeof raceTitles;

/** How many of the runs were right; of S5, how many stale paths were reported. */
export type Scores = Readonly<Record<RaceName, number>>;

export interface RaceResult {
  readonly scores: Scores;
  /**
   * S1 to S4: runs of which the file or a directory above it was reported, whatever that means to
   * the tool.
   */
  readonly hinted: readonly number[];
}

/**
 * Has an outside shell do what watchers lose, `runs` times each, below `root`, which the tool
 * watches. A file counts when the tool reports it, or reports a directory above it as to be looked
 * at with all that is below.
 *
 * @param outside - a directory beside the root, on the same file system
 */
export async function runRaces(
  tool: ToolProcess,
  root: string,
  outside: string,
  runs: number,
): Promise<RaceResult> {
  const numbers = Array.from({ length: runs }, (_, index) => index + 1);
  const score = async (
    script: string,
    path: (number: number) => string,
  ): Promise<[number, number]> => {
    await shell(root, `for i in $(seq ${runs}); do ${script}; done`);
    const taken = await tool.taken(quietMilliseconds);
    const paths = numbers.map((number) => `${root}/${path(number)}`);
    return [
      paths.filter((name) => isReported(name, taken)).length,
      paths.filter((name) => isHinted(name, taken, root)).length,
    ];
  };
  const settled = async () => {
    await tool.taken(quietMilliseconds);
  };

  const s1 = await score(
    'mkdir -p tree$i/a/b; echo 1 >tree$i/a/b/first',
    (i) => `tree${i}/a/b/first`,
  );
  const s2 = await score('echo 2 >tree$i/a/b/second', (i) => `tree${i}/a/b/second`);
  await shell(root, `for i in $(seq ${runs}); do mv tree$i moved$i; done`);
  await settled();
  const s3 = await score('echo 3 >moved$i/a/b/third', (i) => `moved${i}/a/b/third`);
  await shell(
    outside,
    `for i in $(seq ${runs}); do mkdir -p full$i/a; echo 4 >full$i/a/fourth; done`,
  );
  const s4 = await score(`mv ${outside}/full$i .`, (i) => `full${i}/a/fourth`);
  await shell(root, `mkdir ${outside}/gone; mv moved* ${outside}/gone/`);
  await settled();
  await shell(outside, `for i in $(seq ${runs}); do echo 5 >gone/moved$i/a/b/stale; done`);
  const { seen, below } = await tool.taken(quietMilliseconds);
  const s5 = [...seen, ...below].filter(
    (path) => path.endsWith('/stale') || path.startsWith(`${root}/moved`),
  ).length;
  return {
    scores: { S1: s1[0], S2: s2[0], S3: s3[0], S4: s4[0], S5: s5 },
    hinted: [s1, s2, s3, s4].map(([, hinted]) => hinted),
  };
}

function isReported(path: string, { seen, below }: Taken): boolean {
  return seen.includes(path) || below.some((tree) => path === tree || path.startsWith(`${tree}/`));
}

function isHinted(path: string, taken: Taken, root: string): boolean {
  for (let at = path; at.length > root.length; at = dirname(at))
    if (isReported(at, taken)) return true;
  return false;
}

async function shell(directory: string, script: string): Promise<void> {
  await promisify(execFile)('bash', ['-c', script], { cwd: directory });
  // Tools gather for up to half a second before they say anything.
  await sleep(500);
}

/** Nothing new for so long: the tool has said all it has to say. */
const quietMilliseconds = 1500;
