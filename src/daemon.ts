import { join } from 'node:path';
import type { Csync2Options } from './config/csync2-options.js';
import { restartNeeded } from './config/restart-needed.js';
import type { Settings } from './config/settings.js';
import { controlHandler } from './control.js';
import { Activity } from './csync2/activity.js';
import { peersOf } from './csync2/cfg/index.js';
import { ConfigWatch } from './csync2/config-watch.js';
import { externalSessions } from './csync2/external-server.js';
import { ManagedServer } from './csync2/server.js';
import { Generation, type GenerationParts, type Plan, readPlan } from './generation.js';
import { socketName } from './observe/control-protocol.js';
import { ControlServer } from './observe/control-server.js';
import { createLog, type Log } from './observe/log.js';
import { Reporter } from './observe/reporter.js';
import { assembleStatus, type Status } from './observe/status.js';
import { statusLine } from './observe/status-line.js';
import { throttle } from './observe/throttle.js';
import { display, fromKey } from './path-bytes.js';
import { Queue } from './queue/queue.js';
import { Succession } from './succession.js';
import { KnownPeers } from './sync/known-peers.js';
import { type Notifier, systemdNotifier } from './systemd/notify.js';
import { Watchdog } from './systemd/watchdog.js';

/**
 * The daemon: makes the stages, joins them and runs until SIGTERM or SIGINT. Resolves to the exit code. SIGHUP has both
 * configurations read anew.
 *
 * @param reloadSettings - reads the settings anew; throws an InotifyCsyncError if they are wrong
 *
 * Throws an InotifyCsyncError when it can't start or go on; whatever had been begun has then been ended.
 */
export async function runDaemon(
  settings: Settings,
  csync2Options: Csync2Options,
  reloadSettings: () => Settings = () => settings,
): Promise<number> {
  const log = createLog(settings.logLevel);
  const notifier = systemdNotifier();
  const stop = stopSignal(log);
  const ending: Ending = [];
  try {
    await run(settings, csync2Options, reloadSettings, { log, notifier, stop, ending });
    return 0;
  } finally {
    notifier.stopping();
    await endAll(ending, log);
    log.info('stopped');
  }
}

/** How to end what has been begun, in the order of beginning. */
type Ending = (() => unknown)[];

interface Surroundings {
  readonly log: Log;
  readonly notifier: Notifier;
  readonly stop: AbortSignal;
  readonly ending: Ending;
}

async function run(
  settings: Settings,
  csync2Options: Csync2Options,
  reloadSettings: () => Settings,
  around: Surroundings,
): Promise<void> {
  const { log, notifier, stop, ending } = around;
  const startedAt = Date.now();
  const publish = throttle(() => notifier.status(statusLine(status())), 1000);
  const reporter = new Reporter(log, publish);
  const plan = await readPlan(settings, csync2Options);

  const queue = Queue.open({
    file: settings.queueFile,
    linesUntilReset: settings.numLinesUntilReset,
    onReset: () => queue.owe('the queue has been reset'),
    onTrouble: (trouble) => log.warn(trouble.message),
  });
  ending.push(() => queue.close({ clean: true }));
  const server =
    settings.server === 'managed' ? new ManagedServer(plan.instance, settings.csyncLog, reporter) : undefined;
  if (server) {
    await server.start();
    ending.push(() => server.stop());
  }
  const activity = new Activity(settings.csyncLog, server?.sessions ?? externalSessions);
  ending.push(() => activity.close());

  const peers = peersOf(plan.config).map((peer) => peer.name);
  const knownPeers = KnownPeers.open(`${settings.queueFile}.peers`, peers);
  const onProgress = showProgress(notifier);
  const parts: GenerationParts = {
    settings,
    csync2Options,
    queue,
    activity,
    gate: server,
    knownPeers,
    reporter,
    onProgress,
  };
  const first = new Generation(plan, parts);
  const configWatch = new ConfigWatch(() => void reload());
  const succession = new Succession(first, parts, ({ plan: next }) => configWatch.follow(next.config.files));
  ending.push(() => succession.end());
  const status = () => statusOf({ succession, queue, server, activity, startedAt });
  await Promise.race([first.ready(), whenAborted(stop)]);
  if (stop.aborted) return;

  const reload = async (readSettings?: () => Settings) => {
    notifier.reloading();
    try {
      const changed = readSettings?.();
      await succession.replace(changed);
      log.info(`read anew: ${introduction(succession.current.plan, succession)}`);
      const late = changed ? restartNeeded(settings, changed) : [];
      if (late.length > 0) log.warn(`to take effect, this needs a restart: ${late.join(', ')}`);
    } catch (error) {
      reporter.onRejectedConfig(error);
    }
    notifier.ready();
  };
  const onHangUp = () => void reload(reloadSettings);
  process.on('SIGHUP', onHangUp);
  ending.push(() => process.off('SIGHUP', onHangUp));
  configWatch.follow(plan.config.files);
  ending.push(() => configWatch.close());
  const control = await ControlServer.listen(
    join(settings.runtimeDirectory, socketName),
    controlHandler(queue, () => succession.current.sync, status),
  );
  ending.push(() => control.close());
  const watchdog = new Watchdog(notifier, [], (part) => log.error(`${part} does not move: no sign of life`));
  watchdog.start();
  ending.push(() => watchdog.stop());

  // What changed before the watches stood was seen by nobody.
  queue.owe(queue.recovery.reason ?? 'start');
  if (queue.recovery.unclean) await first.repair();
  log.info(`ready: ${introduction(plan, succession)}`);
  notifier.ready();
  first.start();
  publish();
  ending.push(() => publish.cancel());
  await Promise.race([succession.running(), whenAborted(stop)]);
}

/** The last begun ends first: no stage is left talking to one that is gone. One that fails to end holds up no other. */
async function endAll(ending: Ending, log: Log): Promise<void> {
  for (const end of ending.reverse()) {
    try {
      await end();
    } catch (error) {
      log.error(`while stopping: ${error instanceof Error ? error.message : error}`);
    }
  }
}

/** Aborted by SIGTERM or SIGINT. */
function stopSignal(log: Log): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    // Never taken off again: were it the last listener to go, execa's clean-up would let the signal kill us.
    process.on(name, () => {
      if (!controller.signal.aborted) log.info(`${name}: stopping`);
      controller.abort();
    });
  }
  return controller.signal;
}

function whenAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

/** Tells the service manager how far the walk is, and that it may take as long as it moves on. */
function showProgress(notifier: Notifier): (directories: number) => void {
  let last = 0;
  return (directories) => {
    if (performance.now() - last < 1000) return;
    last = performance.now();
    notifier.extend(30);
    notifier.status(`setting up watches: ${directories} directories so far`);
  };
}

function introduction({ instance }: Plan, { current: { sync, watcher } }: Succession): string {
  const peers = sync.lanes.map((lane) => lane.peer).join(', ') || 'nobody';
  return `${instance.hostName} watches ${watcher.stats().directories} directories and updates ${peers} (${sync.strategy})`;
}

interface Viewed {
  readonly succession: Succession;
  readonly queue: Queue;
  readonly server: ManagedServer | undefined;
  readonly activity: Activity;
  readonly startedAt: number;
}

function statusOf({ succession, queue, server, activity, startedAt }: Viewed): Status {
  const { plan, sync, watcher } = succession.current;
  const { directories, unwatched, denied: unreadable } = watcher.stats();
  return assembleStatus({
    host: plan.instance.hostName,
    strategy: sync.strategy,
    startedAt,
    scheduler: sync.scheduler.state,
    directories,
    unwatched,
    unreadable,
    queue: { depth: queue.depth, oldestAt: queue.oldestAt, resets: queue.resets },
    fullCheckOwed: queue.owed,
    misses: { count: sync.misses.count, paths: sync.misses.paths.map((key) => display(fromKey(key))) },
    roots: sync.guard.states(),
    lanes: sync.lanes.map((lane) => lane.status()),
    deferred: sync.scheduler.deferred,
    server: server?.state ?? 'external',
    sessions: activity.sessions(),
    received: activity.received(),
  });
}
