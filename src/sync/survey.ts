import { lstat, readdir } from 'node:fs/promises';
import { join, type PathBytes } from '../path-bytes.js';
import { changedAt, type FileStamp, stampOf } from './file-stamp.js';

/** How a survey is made. */
export interface SurveyOptions {
  readonly recursive: boolean;
  /** What has changed before is left out; milliseconds since 1970. */
  readonly changedSince: number;
  readonly signal: AbortSignal;
}

/** What is on the disk, without directories. */
export interface Surveyed {
  readonly changed: readonly (FileStamp & { readonly path: PathBytes })[];
}

/** Looks at paths on the disk, and at what is below them. */
export type Survey = (paths: readonly PathBytes[], options: SurveyOptions) => Promise<Surveyed>;

export const survey: Survey = async (paths, { recursive, changedSince, signal }) => {
  const changed: (FileStamp & { readonly path: PathBytes })[] = [];
  const left = [...paths];
  for (let path = left.pop(); path && !signal.aborted; path = left.pop()) {
    const stat = await lstat(path, { bigint: true }).catch(() => undefined);
    if (stat?.isDirectory() && recursive) {
      const names = await readdir(path, { encoding: 'buffer' }).catch(() => []);
      for (const name of names) left.push(join(path, name as unknown as Buffer));
    } else if (stat && !stat.isDirectory()) {
      const stamp = stampOf(stat);
      if (changedAt(stamp) >= changedSince) changed.push({ path, ...stamp });
    }
  }
  return { changed };
};
