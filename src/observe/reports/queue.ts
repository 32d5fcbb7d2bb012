import type { QueueEntry } from '../../queue/entry.js';
import type { QueueTrouble } from '../../queue/errors.js';
import { eventOfError } from '../message-ids.js';
import type { TroubleKind } from '../recent-troubles.js';
import type { Outlets } from './outlets.js';

export type QueueReports = ReturnType<typeof queueReports>;

/** Reports what comes into the queue, and its troubles. */
export function queueReports({ feed, onChange, recent, troubles }: Outlets) {
  return {
    /** The watcher has reported changes. */
    onNoticed(entries: readonly QueueEntry[]): void {
      feed.noticed(entries, Date.now());
    },

    onQueueTrouble(trouble: QueueTrouble): void {
      const passing = passingKinds[trouble.trouble];
      const lasting = passing === undefined ? `queue ${trouble.trouble}` : undefined;
      recent.begins(passing ?? diskTrouble(trouble), lasting, Date.now());
      onChange();
      const fields = {
        event: eventOfError(trouble),
        reason: trouble.trouble,
        errorCode: trouble.code,
      };
      const text = `${trouble.message}: ${trouble.hint}`;
      troubles.say({ key: `queue ${trouble.trouble}`, level: 'warn', text, fields });
    },

    onQueueWell(trouble: QueueTrouble['trouble']): void {
      recent.ends(`queue ${trouble}`, Date.now());
      onChange();
      troubles.end(`queue ${trouble}`, 'the queue works again', {
        event: 'queueWell',
        reason: trouble,
      });
    },
  };
}

function diskTrouble(trouble: QueueTrouble): TroubleKind {
  return eventOfError(trouble) === 'diskFull' ? 'queue-disk-full' : 'queue-disk-failing';
}

/** What is over as soon as it is noticed; all else is the disk's. */
const passingKinds: Partial<Record<QueueTrouble['trouble'], TroubleKind>> = {
  read: 'queue-damaged',
  damage: 'queue-damaged',
  overflow: 'queue-overflow',
};
