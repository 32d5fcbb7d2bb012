import type { Csync2Options } from '../config/csync2-options.js';
import type { Settings } from '../config/settings.js';
import { type CsyncConfig, treesOf } from '../csync2/cfg/index.js';
import { prepareDatabase } from '../csync2/database/prepare-database.js';
import { hasKnownChecks, knowsBatchedDeletes } from '../csync2/run/flavour.js';
import { databaseLocation, type Instance } from '../csync2/run/instance.js';
import { resolveInstance } from '../csync2/run/resolve-instance.js';
import { Runner } from '../csync2/run/runner.js';
import { requireOwnDirectory } from '../state/own-directory.js';
import { runFiles } from '../state/run-files.js';
import { requireRoots } from '../sync/guard/required-roots.js';

/** A host's valid configuration, before anything has been started. */
export interface HostPlan {
  readonly config: CsyncConfig;
  readonly instance: Instance;
  /** Whether this csync2 knows `-b`; determined only if `-b` would be used. */
  readonly batchedDeletes: boolean;
  /** Whether its checks can be done without it; asked only where they would be. */
  readonly knownChecks: boolean;
}

/**
 * Reads csync2.cfg and checks whether csync2 can work with it.
 *
 * Throws an InotifyCsyncError for everything that is wrong with the configuration or the host.
 */
export async function readPlan(
  settings: Settings,
  csync2Options: Csync2Options,
): Promise<HostPlan> {
  const plan = resolveInstance({
    ...csync2Options,
    program: settings.csync2,
    systemDirectory: settings.cfgPath,
  });
  requireOwnDirectory(settings.runtimeDirectory);
  const exact = treesOf(plan.config).filter((root) => root.exact);
  requireRoots(
    exact.map(({ path, patterns: [pattern] }) => ({
      path,
      place: `${pattern?.place.file}:${pattern?.place.line}`,
    })),
  );
  const runner = new Runner(plan.instance);
  await prepareDatabase(runner);
  const isShared = !settings.privateDatabases || databaseLocation(plan.instance).kind === 'server';
  const treesFile = runFiles(settings.queueFile, settings.runtimeDirectory).runtime.trees;
  const instance = { ...plan.instance, treesFile };
  return {
    ...plan,
    instance,
    batchedDeletes: isShared && (await knowsBatchedDeletes(runner)),
    knownChecks: settings.checker === 'auto' && (await hasKnownChecks(runner)),
  };
}
