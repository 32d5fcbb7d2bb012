import type { StatusSources } from './status.js';

/**
 * What of the status everybody may see who may ask for it: counts, states and peers, and no path,
 * since names of files in root's trees may be confidential. Pure.
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
    // What is wrong may quote a line with a path, or an error of the system.
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
