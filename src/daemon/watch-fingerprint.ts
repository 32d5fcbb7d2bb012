import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import type { Settings } from '../config/settings.js';
import { databaseLocation, type Instance } from '../csync2/run/instance.js';
import type { HostPlan } from './host-plan.js';

/**
 * A digest, 32 bytes, of all that must be the same for the watches of an earlier run to be as good
 * as new ones and for what that run had done to stay done: what is watched and how, for whom, and
 * where queue and database are. Two runs with the same digest differ in nothing that a full check
 * at the start would be needed for.
 */
export function watchFingerprint({ config, instance }: HostPlan, settings: Settings): Buffer {
  const facts = {
    config,
    instance,
    fileEvents: settings.fileEvents,
    queueFile: settings.queueFile,
    database: databaseIdentity(instance),
    // Fixed for an instance when it is made (inotify(7)): a limit that was raised wants a new one.
    queuedEvents: queuedEventsLimit(),
  };
  return createHash('sha256').update(JSON.stringify(facts)).digest();
}

/** A different database file, for example after a removal, does not contain what was checked. */
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
    // ProcSubset=pid hides it.
    return '';
  }
}
