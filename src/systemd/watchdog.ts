import type { Notifier } from './notify.js';

/** A part of the daemon that must keep moving. */
export interface Pulse {
  readonly name: string;
  /** Whether the part has moved since the last question, or is rightly idle. */
  beats(): boolean;
}

/** The state of a part at one look. */
export interface Movement {
  /** A number that changes with its work. */
  readonly moved: number;
  /** Something waits for the part that the part should do by itself, now. */
  readonly waiting: boolean;
}

/**
 * A pulse made of looks. It is missing if something waited at two looks and nothing moved between
 * them. So neither rest nor long work counts as a standstill, and new work has the time from one
 * look to the next. A look wakes no part.
 */
export function pulseOf(name: string, look: () => Movement): Pulse {
  let before: Movement = { moved: Number.NaN, waiting: false };
  return {
    name,
    beats() {
      const now = look();
      const isStill = now.waiting && before.waiting && now.moved === before.moved;
      before = now;
      return !isStill;
    },
  };
}

/** The events of the watchdog. */
export interface WatchdogEvents {
  /** A part does not beat, so the watchdog is not fed. */
  onSilent(name: string): void;
  /** The watchdog was fed. Work that needs no timer of its own may be done here. */
  onFed?(): void;
}

/**
 * Feeds the service manager's watchdog, but only while every part beats. The timer itself proves
 * that the event loop turns.
 */
export class Watchdog {
  readonly #notifier: Notifier;
  readonly #pulses: readonly Pulse[];
  readonly #events: WatchdogEvents;
  #timer: NodeJS.Timeout | undefined;

  constructor(notifier: Notifier, pulses: readonly Pulse[], events: WatchdogEvents) {
    this.#notifier = notifier;
    this.#pulses = pulses;
    this.#events = events;
  }

  /** Starts; does nothing if no watchdog is set. */
  start(): void {
    const { watchdogMilliseconds } = this.#notifier;
    if (watchdogMilliseconds === 0) return;
    this.#feed();
    // sd_watchdog_enabled(3) recommends half of the interval.
    this.#timer = setInterval(() => this.#feed(), watchdogMilliseconds / 2);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #feed(): void {
    // Every part is asked, so that each one sees every look.
    const silent = this.#pulses.filter((pulse) => !pulse.beats());
    for (const { name } of silent) this.#events.onSilent(name);
    if (silent.length > 0) return;
    this.#notifier.watchdog();
    this.#events.onFed?.();
  }
}
