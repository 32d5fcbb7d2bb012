import type { Csync2Options } from './config/csync2-options.js';
import { restartNeeded } from './config/restart-needed.js';
import type { Settings } from './config/settings.js';
import { peersOf } from './csync2/cfg/index.js';
import { databaseLocation } from './csync2/run/instance.js';
import { externalSessions } from './csync2/server/external-server.js';
import { ManagedServer } from './csync2/server/server.js';
import { makeLogDirectory } from './csync2/server-log/log-file.js';
import { SessionTraces } from './csync2/server-log/session-traces.js';
import { Activity } from './csync2/sessions/activity.js';
import { RefusedSessions } from './csync2/sessions/refused-sessions.js';
import { SessionProbe } from './csync2/sessions/session-probe.js';
import { SessionReaper } from './csync2/sessions/session-reaper.js';
import { ConfigTroubles } from './daemon/config-troubles.js';
import { ConfigWatch } from './daemon/config-watch.js';
import { controlHandler } from './daemon/control.js';
import { Flushes } from './daemon/flush/flush.js';
import { Generation, type GenerationParts } from './daemon/generation.js';
import { type HostPlan, readPlan } from './daemon/host-plan.js';
import { allPausedText, Pauses } from './daemon/pauses.js';
import { pulsesOf } from './daemon/pulses.js';
import { admitReaders, openReaders } from './daemon/readers.js';
import { Succession } from './daemon/succession.js';
import { takeOver } from './daemon/take-over.js';
import { timelinesFor } from './daemon/timelines-for.js';
import { noteVerdict } from './daemon/verdicts.js';
import { introduction, metricsNow, publicStatusOf, statusOf } from './daemon/view.js';
import { watchFingerprint } from './daemon/watch-fingerprint.js';
import { gapText, WatchStore } from './daemon/watch-store.js';
import { ControlServer } from './observe/control-server.js';
import { Counts } from './observe/counts.js';
import { EventFeed } from './observe/event-feed.js';
import { EventReaders } from './observe/event-readers.js';
import { EventRing } from './observe/event-ring.js';
import { createLog, type Log } from './observe/log.js';
import { RecentTroubles } from './observe/recent-troubles.js';
import { createReporter } from './observe/reporter.js';
import { statusLine } from './observe/status-line.js';
import { throttle } from './observe/throttle.js';
import { isShortage } from './proc/shortage.js';
import { queueUsedAt } from './queue/from-outside.js';
import { Queue } from './queue/queue.js';
import { runFiles } from './state/run-files.js';
import { MountMemory } from './sync/guard/mount-memory.js';
import { FileMemory } from './sync/memory/file-memory.js';
import { NoteHistory } from './sync/memory/note-history.js';
import { UnseenSpans } from './sync/memory/unseen-spans.js';
import { WriteCounts } from './sync/memory/write-counts.js';
import { KnownPeers } from './sync/newcomers/known-peers.js';
import { PausedPeers } from './sync/push/paused-peers.js';
import { type Notifier, systemdNotifier } from './systemd/notify.js';
import { Watchdog } from './systemd/watchdog.js';
import { counted } from './text/counted.js';

/**
 * Runs the daemon. Makes and connects the stages, and runs until SIGTERM or SIGINT. Resolves to the
 * exit code. SIGHUP reloads both configurations.
 *
 * @param reloadSettings - reloads the settings; throws an InotifyCsyncError if they are wrong
 *
 * Throws an InotifyCsyncError when it can't start or continue. Everything that had been started has
 * then been ended.
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
  let isReady = false;
  const onReady = () => {
    isReady = true;
  };
  try {
    await run(settings, csync2Options, reloadSettings, { log, notifier, stop, ending, onReady });
    return 0;
  } finally {
    notifier.stopping();
    await endAll(ending, log);
    // A daemon that never ran doesn't log that it stopped.
    if (isReady || stop.aborted) log.info('stopped');
  }
}

/** How to end the started parts, in the order of their start. */
type Ending = (() => unknown)[];

interface Surroundings {
  readonly log: Log;
  readonly notifier: Notifier;
  readonly stop: AbortSignal;
  readonly ending: Ending;
  readonly onReady: () => void;
}

async function run(
  settings: Settings,
  csync2Options: Csync2Options,
  reloadSettings: () => Settings,
  around: Surroundings,
): Promise<void> {
  const { log, notifier, stop, ending, onReady } = around;
  const startedAt = Date.now();
  const publish = throttle(() => {
    try {
      notifier.status(statusLine(status()));
    } catch (error) {
      if (!isShortage(error)) throw error;
      publish();
    }
  }, 1000);
  const counts = new Counts();
  const ring = new EventRing();
  const recentTroubles = new RecentTroubles();
  const feed = new EventFeed(ring);
  const reporter = createReporter(log, {
    ...{ counts, feed },
    recent: recentTroubles,
    onChange: publish,
  });
  const files = runFiles(settings.queueFile, settings.runtimeDirectory);
  const plan = await readPlan(settings, csync2Options);
  const readersGroup = admitReaders(settings, log);
  const watchStore = new WatchStore(log);
  const { watch, gap } = watchStore.inherit(watchFingerprint(plan, settings));

  const unseen = UnseenSpans.open(files.queue.unseen, startedAt);
  const lastSign = queueUsedAt(settings.queueFile);
  const queue = Queue.open({
    file: settings.queueFile,
    unwritten: gap ? 'lost' : 'none',
    linesUntilReset: settings.numLinesUntilReset || Number.POSITIVE_INFINITY,
    onReset: () => queue.requireFullCheck('the queue has been reset'),
    // The cause may be a moment old. Causes before this run are known.
    onFullCheckDue: () => unseen.add(Math.max(startedAt, Date.now() - noticedWithin), Date.now()),
    onTrouble: reporter.onQueueTrouble,
    onWell: reporter.onQueueWell,
  });
  ending.push(() => queue.close({ clean: true }));
  if (lastSign === undefined) unseen.forgetBefore(startedAt);
  else if (gap) unseen.add(lastSign - (queue.recovery.unclean ? inMemory : 0), startedAt);
  // Write this to disk before anything is read from the kernel, because reading uses up what the
  // last run has left.
  if (gap) queue.requireFullCheck(gapText[gap]);
  const server =
    settings.server === 'managed'
      ? new ManagedServer(plan.instance, settings.csyncLog, reporter, files.runtime.server)
      : undefined;
  if (server) makeLogDirectory(settings.csyncLog);
  const halfReceived = server ? await takeOver(server, plan, settings.csyncLog, log) : [];
  const activity = new Activity(
    settings.csyncLog,
    server?.sessions ?? externalSessions,
    probeOf(plan, server),
    server && new SessionTraces(server.tracesFile),
  );
  ending.push(() => activity.dispose());
  const refused = new RefusedSessions(startedAt);
  if (server) ending.push(() => server.stop());

  const peers = peersOf(plan.config).map((peer) => peer.name);
  const knownPeers = KnownPeers.open(files.queue.knownPeers, peers);
  const paused = PausedPeers.open(files.queue.paused, peers);
  if (paused.isDamaged) log.warn(allPausedText(files.queue.paused));
  const mountMemory = MountMemory.open(files.queue.mounts);
  const onProgress = showProgress(notifier);
  const parts: GenerationParts = {
    settings,
    csync2Options,
    files,
    queue,
    activity,
    gate: server,
    knownPeers,
    paused,
    halfReceived,
    memory: new FileMemory(),
    notes: new NoteHistory(),
    writes: new WriteCounts(Date.now()),
    unseen,
    mountMemory,
    reporter,
    onProgress,
    counts,
    timelines: timelinesFor(settings, reporter.onAccepted),
  };
  const first = new Generation(plan, parts, watch);
  const configWatch = new ConfigWatch(() => void reload().catch(ignore));
  const succession = new Succession(first, parts, (next) => {
    watchStore.keep(next.watcher);
    configWatch.follow(next.plan.config.files);
  });
  ending.push(() => succession.end(({ watcher }) => watchStore.has(watcher)));
  activity.onVerdict = (verdict) => noteVerdict(verdict, refused, succession, reporter);
  // Before anybody can send us something: the server must take nothing for a place that is not
  // there, and follow no link in a tree.
  first.lookAtPlaces();
  first.tellTrees();
  if (server) {
    await server.start();
    const reaper = new SessionReaper({
      sessions: () => activity.staying(),
      logFile: settings.csyncLog,
      onEnded: reporter.onSilentEnded,
    });
    reaper.start();
    ending.push(() => reaper.stop());
  }
  const troubles = new ConfigTroubles(reloadSettings);
  const viewed = {
    ...{ counts, succession, queue, server, activity, refused, recentTroubles, startedAt },
    backlogs: new Map(),
    configTroubles: () => troubles.list(Date.now()),
  };
  const status = () => statusOf(viewed);
  const metrics = () => metricsNow(succession, status(), counts);
  await Promise.race([first.ready(), whenAborted(stop)]);
  if (stop.aborted) return;

  const reload = async (readSettings?: () => Settings): Promise<readonly string[]> => {
    notifier.reloading();
    // An edit followed by SIGHUP is one change, and makes one full check due.
    configWatch.dismiss();
    try {
      const changed = readSettings?.();
      await troubles.judge(succession.replace(changed));
      log.info(`reloaded: ${introduction(succession)}`, { event: 'configRead' });
      const late = changed ? restartNeeded(settings, changed) : [];
      if (late.length > 0) log.warn(`restart the service to apply: ${late.join(', ')}`);
      return late;
    } catch (error) {
      reporter.onRejectedConfig(error);
      throw error;
    } finally {
      notifier.ready();
      publish();
    }
  };
  // No client waits for the answer. The journal has it.
  const onHangUp = () => void reload(reloadSettings).catch(ignore);
  process.on('SIGHUP', onHangUp);
  ending.push(() => process.off('SIGHUP', onHangUp));
  configWatch.follow(plan.config.files);
  ending.push(() => configWatch.close());
  const control = await ControlServer.listen(
    files.runtime.control,
    controlHandler({
      queue,
      current: () => succession.current,
      status,
      metrics,
      flushes: new Flushes({
        queue,
        current: () => succession.current,
        isReplacing: () => succession.isReplacing,
      }),
      pauses: new Pauses(paused, succession, reporter),
      events: new EventReaders(ring, `${process.pid} ${startedAt}`),
      reload: () => reload(reloadSettings),
    }),
    (error) => reporter.onError('accepting on the control socket', error),
  );
  ending.push(() => control.close());
  const closeReaders = await openReaders({
    ...{
      settings,
      socket: files.runtime.read,
      group: readersGroup,
      metrics,
      log,
      onTrouble: reporter.onError,
    },
    status: () => publicStatusOf(viewed),
  });
  ending.push(closeReaders);
  if (queue.recovery.unclean) await first.repair();
  watchStore.keep(first.watcher);
  log.info(
    `ready: ${introduction(succession)}${watch ? ', continuing with the watches of the last run' : ''}`,
    {
      event: 'ready',
      milliseconds: Date.now() - startedAt,
    },
  );
  notifier.ready();
  onReady();
  first.start();
  const watchdog = new Watchdog(notifier, pulsesOf(succession), {
    onSilent: (part) => log.error(`${part} is stuck: the watchdog gets no sign of life`),
    // The ages in the status line grow without any other change.
    onFed: publish,
  });
  watchdog.start();
  ending.push(() => watchdog.stop());
  publish();
  ending.push(() => publish.cancel());
  await Promise.race([succession.running(), whenAborted(stop)]);
}

/** Milliseconds of events that a killed run may have lost from its memory. */
const inMemory = 3000;
/** Milliseconds within which a loss is noticed. */
const noticedWithin = 1000;

function probeOf({ instance }: HostPlan, server: ManagedServer | undefined): SessionProbe {
  const location = databaseLocation(instance);
  const database = location.kind === 'sqlite' ? location.file : undefined;
  return new SessionProbe({ database, managed: server !== undefined });
}

function ignore(): void {}

/**
 * Ends the parts in reverse order, so that no stage talks to one that has ended. A part that fails
 * to end doesn't delay the others.
 */
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
    // Never removed. If this were the last listener to go, execa's clean-up would let the signal
    // kill us.
    process.on(name, () => {
      if (!controller.signal.aborted) log.info(`${name}: stopping`);
      controller.abort();
    });
  }
  return controller.signal;
}

function whenAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) =>
    signal.addEventListener('abort', () => resolve(), { once: true }),
  );
}

/**
 * Reports the progress of the walk to the service manager, and asks for more time as long as it
 * advances.
 */
function showProgress(notifier: Notifier): (directories: number) => void {
  let last = 0;
  return (directories) => {
    if (performance.now() - last < 1000) return;
    last = performance.now();
    notifier.extend(30);
    notifier.status(
      `setting up watches: ${counted(directories, 'directory', 'directories')} so far`,
    );
  };
}
