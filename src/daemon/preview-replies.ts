import { LedgerError } from '../csync2/database/connection.js';
import type { AcceptRootReply, CheckReply } from '../observe/control-replies.js';
import type { Preview } from '../sync/full-check/preview.js';
import { display, type PathBytes } from '../text/path-bytes.js';

/** The changes that a check of these paths would find. */
export async function foundReply(
  preview: Preview,
  paths: readonly PathBytes[],
): Promise<NonNullable<CheckReply['found']>> {
  const counts = { changed: 0, new: 0, deleted: 0 };
  const shown: { path: string; what: keyof typeof counts }[] = [];
  for (const path of paths) {
    for await (const finding of preview.check(path)) {
      counts[finding.what] += 1;
      if (shown.length < mostShown) shown.push({ path: display(finding.path), what: finding.what });
    }
  }
  return { ...counts, paths: shown };
}

/**
 * The files that accepting a directory as it is would delete on the peers. Unknown if csync2's
 * database can't be read.
 */
export async function missingReply(
  preview: Preview | undefined,
  path: PathBytes,
): Promise<Pick<AcceptRootReply, 'missing' | 'peers'>> {
  if (!preview) return { missing: null, peers: [] };
  try {
    const { files, peers } = await preview.missing(path);
    return { missing: files, peers: [...peers].map(([peer, count]) => ({ peer, files: count })) };
  } catch (error) {
    if (error instanceof LedgerError) return { missing: null, peers: [] };
    throw error;
  }
}

const mostShown = 1000;
