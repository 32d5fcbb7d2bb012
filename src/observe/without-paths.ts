import type { StatusSources } from './status-sources.js';

/**
 * The part of the status for users who may not see paths. It has counts, states and peers, but no
 * path, because names of files in root's trees may be confidential. Pure.
 */
export function withoutPaths(sources: StatusSources): StatusSources {
  const {
    configTroubles,
    deferred,
    detectedLate,
    fullCheckDue,
    lanes,
    newPeers,
    roots,
    unsupported,
  } = sources;
  return {
    ...sources,
    roots: roots.map((root) => ({ ...root, path: Buffer.from(hiddenPath) })),
    lanes: lanes.map((lane) => ({ ...lane, onHold: [] })),
    deferred: { ...deferred, first: [] },
    detectedLate: { ...detectedLate, paths: [] },
    unsupported: { ...unsupported, paths: [] },
    // An error may quote a line with a path, or an error of the system.
    configTroubles: configTroubles.map(({ since }) => ({
      message: hiddenText,
      hint: 'run this as root',
      since,
    })),
    newPeers: new Map(
      [...newPeers].map(([peer, comparing]) => [
        peer,
        { ...comparing, reason: shown(comparing.reason) },
      ]),
    ),
    fullCheckDue: fullCheckDue && { ...fullCheckDue, reason: shown(fullCheckDue.reason) },
    pathsLeftOut:
      roots.length +
      lanes.reduce((sum, { onHoldCount }) => sum + onHoldCount, 0) +
      deferred.count +
      detectedLate.count +
      unsupported.count,
  };
}

function shown(text: string): string {
  return text.includes('/') ? hiddenText : text;
}

const hiddenPath = '(path hidden)';
const hiddenText = '(text hidden)';
