import { type GuardedRoot, rootText } from '../../sync/guard/root-guard.js';
import { counted } from '../../text/counted.js';
import { display, type PathBytes, toKey } from '../../text/path-bytes.js';
import type { Outlets } from './outlets.js';
import { sample } from './texts.js';

export type RootReports = ReturnType<typeof rootReports>;

/** Reports included directories and mounts that are missing, or are back. */
export function rootReports({ log, troubles }: Outlets) {
  return {
    onRoot(root: GuardedRoot): void {
      const { path, state, isMount = false, isAccepted = false } = root;
      // The place is as good as back.
      if (state === 'returning') return;
      const [key, shown] = [`root ${toKey(path)}`, display(path)];
      if (state === 'present') {
        const what = isAccepted
          ? 'was accepted as it is: files missing here are deleted on the peers'
          : 'is back and will be checked';
        troubles.end(key, `${shown} ${what}`, {
          event: isMount ? 'mountBack' : 'rootBack',
          root: path,
        });
        return;
      }
      const way = acceptable.has(state)
        ? `; if this is intentional, run \`inotify-csync accept-root ${shown}\``
        : '';
      troubles.say({
        key,
        level: 'error',
        text: `${shown} is ${rootText(root)}: replication is paused at and below it until it is back${way}`,
        fields: {
          event: isMount || state === 'unmounted' ? 'mountMissing' : 'rootMissing',
          root: path,
          reason: state,
        },
      });
    },

    onHeld(paths: readonly PathBytes[]): void {
      log.debug(`not checked, because the root is missing: ${sample(paths)}`);
    },

    /** Peers have sent files to a place while it was missing, and the place lacks them. */
    onUnseen(place: PathBytes, files: readonly PathBytes[]): void {
      log.warn(
        `${counted(files.length, 'file')} that peers sent to ${display(place)} while it was missing ${files.length === 1 ? 'is' : 'are'} not in it; ` +
          `such files arrive when they change again, or after \`csync2 -m FILE\` on the peer: ${sample(files)}`,
        { event: 'mountBack', root: place, files: files.length },
      );
    },
  };
}

/** States of a place that somebody may have meant. */
const acceptable: ReadonlySet<string> = new Set(['emptied', 'replaced', 'unmounted']);
