import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import type { Settings } from '../config/settings.js';
import { databaseLocation, type Instance } from '../csync2/run/instance.js';
import type { HostPlan } from './host-plan.js';

/**
 * A 32-byte digest of everything that must be unchanged for the watches of an earlier run to be as
 * good as new ones and for its work to stay valid. It covers what is watched and how, for which
 * peers, and where queue and database are. Two runs with the same digest differ in nothing that
 * would need a full check at the start.
 */
export function watchFingerprint({ config, instance }: HostPlan, settings: Settings): Buffer {
  const facts = {
    config,
    instance,
    fileEvents: settings.fileEvents,
    queueFile: settings.queueFile,
    database: databaseIdentity(instance),
    // Fixed when an instance is made (inotify(7)). A raised limit needs a new instance.
    queuedEvents: queuedEventsLimit(),
  };
  return createHash('sha256').update(JSON.stringify(facts)).digest();
}

/** A different database file, for example after a removal, lacks what was checked. */
function databaseIdentity(instance: Instance): string {
  const location = databaseLocation(instance);
  if (location.kind === 'server') return location.url;
  const stat = statSync(location.file, { bigint: true, throwIfNoEntry: false });
  return stat ? `${location.file} ${stat.dev} ${stat.ino} ${stat.birthtimeNs}` : location.file;
}

function queuedEventsLimit(): string {
  try {
    return readFileSync('/proc/sys/fs/inotify/max_queued_events', 'ascii').trim();
  } catch {
    // ProcSubset=pid hides the file.
    return '';
  }
}
