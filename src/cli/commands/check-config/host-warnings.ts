import type { LoadedSettings } from '../../../config/index.js';
import {
  type CsyncConfig,
  matchHost,
  memberGroups,
  peersOf,
  selectionOf,
  treesOf,
} from '../../../csync2/cfg/index.js';
import { databaseLocation, type Instance } from '../../../csync2/run/instance.js';
import { assessLimits, sysctlFile } from '../../../limits/index.js';
import { queueHolder } from '../../../queue/from-outside.js';
import { walkProgress } from '../watch-limit/progress.js';
import { certificateWarnings, readCertificateFacts } from './host/certificates.js';
import { clockWarnings, readSynchronized } from './host/clock.js';
import { readDatabaseFacts } from './host/database.js';
import { flavourWarnings, readFlavourFacts } from './host/flavours.js';
import { jobWarnings, readJobLines } from './host/jobs.js';
import { keyWarnings, readKeyFacts } from './host/keys.js';
import { limitWarnings } from './host/limits.js';
import { nameWarnings, readNameFacts } from './host/names.js';
import { portWarnings, readPortFacts } from './host/port.js';
import {
  readTemporaryDirectoryFacts,
  temporaryDirectoryWarnings,
} from './host/temporary-directory.js';
import type { HostWarning } from './host/warning.js';

/**
 * Reads the properties of this host that matter to csync2 and us, and returns warnings. Changes
 * nothing.
 */
export async function readHostWarnings(
  { settings }: LoadedSettings,
  config: CsyncConfig,
  instance: Instance,
): Promise<readonly HostWarning[]> {
  const selection = selectionOf(config);
  const groups = memberGroups(config);
  const trees = treesOf(config).map(({ path }) => path);
  const daemon = queueHolder(settings.queueFile);
  const location = databaseLocation(instance);
  const database =
    location.kind === 'sqlite' ? readDatabaseFacts(location.file, Date.now() / 1000) : undefined;
  const [names, flavours, isSynchronized] = await Promise.all([
    readNameFacts(namesIn(config, instance)),
    readFlavourFacts(settings.csync2, database?.timeUnit),
    readSynchronized(),
  ]);
  const keys = groups.map(({ keyFile }) => keyFile);
  const tlsPeers = peersOf(config)
    .filter(({ name, myName }) => !isPlain(config, myName, name))
    .map(({ name }) => name);
  return [
    ...jobWarnings(readJobLines()),
    ...(settings.server === 'managed'
      ? portWarnings(readPortFacts(Number(instance.port ?? standardPort), daemon !== undefined))
      : []),
    ...temporaryDirectoryWarnings(
      readTemporaryDirectoryFacts(config.tempDirectory, trees, selection, config.file),
    ),
    ...nameWarnings(names),
    ...keyWarnings(readKeyFacts(keys)),
    ...flavourWarnings(flavours),
    ...certificateWarnings(readCertificateFacts(settings.cfgPath, tlsPeers, database?.pins ?? [])),
    ...clockWarnings({ groups, isSynchronized, ahead: database?.ahead }),
    ...limitWarnings(readLimitAssessment(selection, daemon)),
  ];
}

const standardPort = 30_865;

function namesIn(config: CsyncConfig, instance: Instance) {
  const peers = new Map(
    memberGroups(config).flatMap(({ hosts }) =>
      hosts.map(({ name, place }) => [name, place] as const),
    ),
  );
  const names = [...peers].map(([name, place]) => ({ name, place, isOwn: false }));
  if (!instance.hostNameGiven) return names;
  return [...names, { name: instance.hostName, place: undefined, isOwn: true }];
}

/**
 * Whether two hosts talk without TLS. Any matching `nossl` statement decides that, and no statement
 * revokes it.
 */
function isPlain({ nossl }: CsyncConfig, from: string, to: string): boolean {
  const matches = (pattern: string, name: string) =>
    matchHost(Buffer.from(pattern), Buffer.from(name));
  return nossl.some((pair) => matches(pair.from, from) && matches(pair.to, to));
}

function readLimitAssessment(
  selection: ReturnType<typeof selectionOf>,
  daemon: number | undefined,
) {
  const progress = walkProgress();
  try {
    return assessLimits({
      selection,
      daemon,
      uid: process.geteuid?.() ?? 0,
      sysctlFile,
      onDirectory: progress.onDirectory,
    });
  } finally {
    progress.end();
  }
}
