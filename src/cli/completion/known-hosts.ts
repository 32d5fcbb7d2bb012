import type { Status } from '../../observe/status.js';
import { askRunning } from '../ask-running.js';
import type { CommandContext } from '../context.js';
import type { ParsedFlags } from '../setting-flags.js';

/** This host, its peers and its included directories. */
export interface KnownHosts {
  /** Its name in csync2.cfg. */
  readonly host: string | undefined;
  readonly peers: readonly string[];
  readonly roots: readonly string[];
}

/** Asks the daemon. If the daemon does not answer or shows no paths, reads csync2.cfg. */
export async function knownHosts({
  flags,
  ...where
}: { readonly flags: ParsedFlags } & Omit<CommandContext, 'exitCode'>): Promise<KnownHosts> {
  const context = { ...where, exitCode: 0 };
  const asked = await fromDaemon(flags, context).catch(() => undefined);
  if (asked && asked.roots.length > 0) return asked;
  const read = await fromFiles(flags, context).catch(() => undefined);
  return read ?? asked ?? { host: undefined, peers: [], roots: [] };
}

async function fromDaemon(flags: ParsedFlags, context: CommandContext): Promise<KnownHosts> {
  const { host, peers, roots } = (await askRunning(
    flags,
    context,
    { command: 'status' },
    longestAnswer,
  )) as Status;
  return {
    host,
    peers: peers.map(({ name }) => name),
    // A backslash stands for bytes that can't be shown.
    roots: roots.map(({ path }) => path).filter((path) => !path.includes('\\')),
  };
}

async function fromFiles(flags: ParsedFlags, context: CommandContext): Promise<KnownHosts> {
  const { settingsOf } = await import('../settings-of.js');
  const { resolveInstance } = await import('../../csync2/run/resolve-instance.js');
  const { peersOf, rootsOf } = await import('../../csync2/cfg/index.js');
  const { settings, csync2Options } = settingsOf(flags, context);
  const { config, instance } = resolveInstance(
    { ...csync2Options, program: settings.csync2, systemDirectory: settings.cfgPath },
    { readKeys: false },
  );
  return {
    host: instance.hostName,
    peers: peersOf(config).map(({ name }) => name),
    roots: rootsOf(config).map(({ path }) => path.toString()),
  };
}

/** Seconds; short, because a person waits after pressing the key. */
const longestAnswer = 1;
