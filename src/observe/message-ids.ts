import type { InotifyCsyncError } from '../errors.js';

/**
 * Events that administrators act on or search for. Each is a `MESSAGE_ID=` in the journal
 * (systemd.journal-fields(7)) and is explained in systemd/inotify-csync.catalog, which
 * `journalctl -x` shows. An id is never changed and never reused.
 */
export const messageIds = {
  /** Every directory is watched and the server listens. */
  ready: '3b53da0db06b45b6aa5461bebdc54d9a',
  fullCheckBegun: 'aedb31b1360c4ed29725840e96d4489b',
  fullCheckDone: 'bb6e736c0ca4419fbf5d7ae38f038b1c',
  /** A full check could not access everything. It is repeated. */
  fullCheckIncomplete: '648c63af690843d79c7d9a4b77281d4d',
  /**
   * The watcher may have missed changes, because the kernel's queue overflowed or a directory could
   * not be read.
   */
  watchLoss: '6f0e1c144d1b4e95854ec2bfe9f4e4b6',
  watchLossOver: '793eba33327649759ffaf2d2750f317b',
  watchLimit: 'dadf539575a94d3c8a205ff859533247',
  /** A full check found changes that the watcher had not reported. */
  detectedLate: '35f570e188f94ebb8cea3363272cdde6',
  peerDown: '0115549d54f54f8799860867d618b0b2',
  peerBack: 'f02530fb370842379bd0739d4897ab75',
  /** An administrator has paused a peer. */
  peerPaused: '3397ff433ecf440495e842ec84d5bc8c',
  peerResumed: 'e3eaf40fc5ed48938147a68591df7f56',
  /** A peer that is up rejects a file. */
  fileRejected: '96a24e592034418d84662e12ca498796',
  fileConflict: 'f519d92e7ac34d2d9828d7993146344c',
  fileAccepted: 'a30f100b46cc4bdfac20c3079401c8d1',
  /** csync2 on this host can't check a path. */
  checkFailed: '8a2a5f9340364e1bb9e56d6e3b07dd9f',
  checkFailedOver: '2bf8048c2d174664915201018a959200',
  /** Paths that csync2 can't handle. They stay on this host. */
  pathsUnsupported: 'c15c3dc827b149c9a67e9cb31527d323',
  pathsUnsupportedOver: '0dfa3636be6a475791ba8141068c8a42',
  /** A path can't be accessed, for example because of an I/O error. */
  pathUnreadable: '43497c0ee4ee4dfdaca2ac0351dbe9d0',
  /** An included directory is missing or was replaced. */
  rootMissing: '38de11384c8d42aa84dd10d570594ff4',
  rootBack: 'f6f8c7f1d8904034a09a05c045af5f4f',
  /** A mount below an included directory is missing or was replaced. */
  mountMissing: '2fcef233bc784c9cbfd2bec3066c8dd6',
  mountBack: '61621f970b7843e1bdb4435b970838da',
  /** Descriptors, memory or processes are short. */
  shortage: '7d0c1e5b6a3f4c0e9d2b8f417a65c3e1',
  shortageOver: 'b94f26c07e1d4a8f8c35d90e6b2a71f4',
  configRead: '36ea6a1b83d347c499b8e67602af6957',
  configRejected: 'a6b85bc19ca24717a5a8c8bc67f35382',
  serverDown: '453a744680a84777a259aeaa1cf1deee',
  serverBack: '738ee616cfe14c57a8153517d5c71817',
  /** Unused connections to the csync2 server were ended. */
  silentConnections: 'a58b769d7c7d4b28811df9a3bc47e000',
  /** csync2's server here refuses the sessions of a peer. */
  sessionsRefused: '04c11c052c414aa2ba3ba210502ca74b',
  sessionsRefusedOver: 'bfc76963763143ee9716b87056a37183',
  queueTrouble: '6db62a0b34e8498ba6ec0086d964b8f5',
  diskFull: '685afe9f04794cc9a89746005f2dab10',
  queueWell: '2797678c2b6b482885abfb06b86feb53',
  /** The service has ended, or could not start, for another reason. */
  failed: '139a4cca2b564dcdb132ebf08151122f',
} as const;

/** The name of an event. */
export type LogEvent = keyof typeof messageIds;

/** The event for an error that ends the service, prevents its start or is only reported. */
export function eventOfError(error: InotifyCsyncError): LogEvent {
  const errno = (error.cause as NodeJS.ErrnoException | undefined)?.code;
  if (error.code.startsWith('ICS_QUEUE')) {
    return errno === 'ENOSPC' || errno === 'EDQUOT' ? 'diskFull' : 'queueTrouble';
  }
  return eventsByCode[error.code] ?? 'failed';
}

const eventsByCode: Readonly<Record<string, LogEvent>> = {
  ICS_CSYNC2_CONFIG: 'configRejected',
  ICS_CSYNC2_CONFIG_MISSING: 'configRejected',
  ICS_CSYNC2_OPTION: 'configRejected',
  ICS_FILE_EVENT: 'configRejected',
  ICS_HOST_NOT_IN_GROUP: 'configRejected',
  ICS_SETTING: 'configRejected',
  ICS_SETTINGS_FILE: 'configRejected',
  ICS_SETTING_UNKNOWN: 'configRejected',
  ICS_USAGE: 'configRejected',
  ICS_ROOT_MISSING: 'rootMissing',
  ICS_WATCH_LIMIT: 'watchLimit',
  ICS_WATCH_START: 'watchLimit',
  ICS_PORT_TAKEN: 'serverDown',
  ICS_SERVER_START: 'serverDown',
};
