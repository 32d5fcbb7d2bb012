/** Reads csync2.cfg as csync2 does, and derives peers, roots and selections from it. */
export {
  type ConfigFault,
  CsyncConfigDeniedError,
  CsyncConfigError,
  CsyncConfigMissingError,
  configFaults,
  HostNotInGroupError,
} from './errors.js';
export {
  type Explanation,
  type ExplanationLine,
  explainPath,
  type Verdict,
  verdicts,
} from './explain.js';
export { configFile, type LoadOptions, loadConfig } from './load.js';
export type * from './model.js';
export { matchHost } from './native-selection.js';
export { type Peer, peersOf } from './peers.js';
export { allRootsOf, type Root, rootsOf, treesOf } from './roots.js';
export {
  type ActivePrefix,
  activePrefixes,
  memberGroups,
  selectionFor,
  selectionOf,
  selectionRules,
} from './selection.js';
export {
  type ConfigWarning,
  type ConfigWarningKind,
  configWarnings,
  warningsOf,
} from './warnings.js';
export { configWithoutPlaces } from './without-places.js';
