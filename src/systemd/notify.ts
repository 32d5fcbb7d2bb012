import { createRequire } from 'node:module';

/**
 * The service manager's notification protocol (sd_notify(3)). Does nothing if no manager listens.
 */
export interface Notifier {
  ready(): void;
  stopping(): void;
  /** The reload of both configurations begins; {@link ready} ends it. */
  reloading(): void;
  /** One line for `systemctl status`. */
  status(text: string): void;
  /**
   * Asks for more time to start, stop or reload: this many seconds from now
   * (`EXTEND_TIMEOUT_USEC`).
   */
  extend(seconds: number): void;
  /** Says that we live. Only needed when {@link watchdogMilliseconds} is not 0. */
  watchdog(): void;
  /**
   * The longest time that the manager allows between two signs of life, in milliseconds; 0 if it
   * does not watch.
   */
  readonly watchdogMilliseconds: number;
}

/** The notifier for this process. */
export function systemdNotifier(environment: NodeJS.ProcessEnv = process.env): Notifier {
  if (!environment.NOTIFY_SOCKET) return silent;
  const library = createRequire(import.meta.url)('sd-notify') as SdNotify;
  return {
    ready: () => library.ready(),
    stopping: () => library.stopping(process.pid),
    reloading: () =>
      library.sendState(`RELOADING=1\nMONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`),
    // A newline would begin another assignment.
    status: (text) => library.sendState(`STATUS=${text.replaceAll('\n', ' ')}`),
    extend: (seconds) => library.sendState(`EXTEND_TIMEOUT_USEC=${Math.round(seconds * 1e6)}`),
    watchdog: () => library.watchdog(),
    watchdogMilliseconds: library.watchdogInterval(),
  };
}

interface SdNotify {
  ready(pid?: number): void;
  stopping(pid: number): void;
  sendState(assignments: string): void;
  watchdog(): void;
  watchdogInterval(): number;
}

const silent: Notifier = {
  ready() {},
  stopping() {},
  reloading() {},
  status() {},
  extend() {},
  watchdog() {},
  watchdogMilliseconds: 0,
};
