import type { Random } from '../csync2/cfg/random.js';

/**
 * One call of test/churn/operator.py: its name and its arguments. Paths have one character a byte.
 */
export type Operation = readonly [name: string, ...values: (string | number)[]];

/** One seed: what happens to one small tree, and how its watcher is made. */
export interface Plan {
  readonly seed: number;
  /** Done before the watcher opens, or while it opens. */
  readonly first: readonly Operation[];
  readonly later: readonly Operation[];
  /** Done by a second process while the first does `later`; often nothing. */
  readonly beside: readonly Operation[];
  /** Whether `first` happens during the first walk. */
  readonly early: boolean;
  /** A base name that the selection excludes. */
  readonly excluded: string | undefined;
  readonly native: Readonly<Record<string, number>>;
  readonly walkers: number;
  /** The plan makes the watcher lose events or records; otherwise it must lose nothing. */
  readonly lossy: boolean;
}

const plain = ['a', 'b', 'c', 'd'];
const hostile = [
  ' blank ',
  'new\nline',
  '%41',
  `q'"`,
  '-dash',
  '\xff\xfe',
  'x'.repeat(255),
  '\\x41',
  '*',
  '\x01',
  '...',
  '~',
];

/** The plan of a seed; the same for the same seed and length everywhere. */
export function planOf(seed: number, random: Random, length: number): Plan {
  const names = random.chance(40)
    ? [...plain.slice(0, 3), random.pick(hostile)]
    : plain.slice(0, 2 + random.below(3));
  const lossy = random.chance(12);
  const operations = new Operations(random, names);
  const first = random.times(length >> 1, length, () => operations.any()).flat();
  let later = random.times(length, 3 * length, () => operations.any()).flat();
  let beside: Operation[] = [];
  if (random.chance(40)) {
    // A file that gets a second name between the other process's look and its writing would change
    // without an event.
    beside = random
      .times(length, 3 * length, () => operations.any())
      .flat()
      .filter(([name]) => name !== 'link');
    later = later.filter(([name]) => name !== 'link');
  }
  return {
    seed,
    first,
    later:
      lossy && random.chance(20)
        ? [['stop'], ['flood', 'root/f', 8000], ['cont'], ...later]
        : later,
    beside,
    early: random.chance(50),
    excluded: random.chance(25) ? random.pick(names) : undefined,
    native: {
      settle: random.pick([1, 10, 50]),
      grace: random.pick([1, 20, 100, 500]),
      // 272 bytes hold one event with the longest name, inotify(7).
      readBytes: random.pick([272, 512, 4096, 1 << 20]),
      ...(lossy ? random.pick([{ queueMax: 4096 }, { recordsMax: 300 }, {}]) : {}),
    },
    walkers: random.pick([1, 2, 4]),
    lossy,
  };
}

class Operations {
  readonly #random: Random;
  readonly #names: readonly string[];
  #count = 0;

  constructor(random: Random, names: readonly string[]) {
    this.#random = random;
    this.#names = names;
  }

  /**
   * One step; a few are made of several operations, so that the second hits what the first has
   * made.
   */
  any(): Operation[] {
    const random = this.#random;
    const total = weighted.reduce((sum, [weight]) => sum + weight, 0);
    let at = random.below(total);
    for (const [weight, make] of weighted) {
      at -= weight;
      if (at < 0) return make(this);
    }
    throw new RangeError('the weights do not add up');
  }

  below(limit: number): number {
    return this.#random.below(limit);
  }

  pick<T>(values: readonly T[]): T {
    return this.#random.pick(values);
  }

  name(): string {
    return this.pick(this.#names);
  }

  /** Mostly below the root, sometimes outside, one to four levels deep. */
  path(outside = 15): string {
    const top = this.#random.chance(outside) ? 'outside' : 'root';
    return [top, ...this.#random.times(1, 1 + this.below(4), () => this.name())].join('/');
  }

  inner(): string {
    return this.path(0);
  }

  outer(): string {
    return this.path(100);
  }

  /** Never twice the same. */
  text(): string {
    return `text ${++this.#count} `;
  }
}

const modes = [0o700, 0o711, 0o744, 0o750, 0o755, 0o775];

const weighted: readonly (readonly [number, (make: Operations) => Operation[]])[] = [
  [14, (make) => [['write', make.path(), make.text()]]],
  [6, (make) => [['append', make.path(), make.text()]]],
  [4, (make) => [['begin', make.path(), make.text()]]],
  [4, () => [['finish']]],
  [3, (make) => [['hold', make.path()]]],
  [2, () => [['release']]],
  [3, (make) => [['node', make.path()]]],
  [2, (make) => [['fifo', make.path()]]],
  [
    4,
    (make) => [
      ['symlink', make.path(), make.pick([make.name(), `../${make.name()}`, '.', 'nowhere'])],
    ],
  ],
  [5, (make) => [['link', make.path(), make.path()]]],
  [8, (make) => [['unlink', make.path()]]],
  [8, (make) => [['mkdir', make.path()]]],
  [12, (make) => [['mkdir_p', make.path()]]],
  [4, (make) => [['rmdir', make.path()]]],
  [6, (make) => [['rm_rf', make.path()]]],
  [
    6,
    (make) => [
      ['replace', make.path(), make.pick(['directory', 'file', 'fifo', 'symlink']), make.name()],
    ],
  ],
  [14, (make) => [['rename', make.path(), make.path()]]],
  [8, (make) => [['exchange', make.path(), make.path()]]],
  [6, (make) => [['chmod', make.path(), make.pick(modes)]]],
  [5, (make) => [['rename', make.inner(), make.outer()]]],
  [5, (make) => [['rename', make.outer(), make.inner()]]],
  [
    6,
    (make) => {
      const path = make.inner();
      return [
        ['mkdir_p', path],
        ['write', `${path}/${make.name()}`, make.text()],
        ['rename', path, make.inner()],
      ];
    },
  ],
  [
    3,
    (make) => {
      const [inner, outer] = [make.inner(), make.outer()];
      return [
        ['mkdir_p', outer.slice(0, outer.lastIndexOf('/'))],
        ['rename', inner, outer],
        ['write', `${outer}/${make.name()}`, make.text()],
        ['rename', outer, make.below(2) ? inner : make.inner()],
      ];
    },
  ],
  [
    3,
    (make) => {
      const path = make.inner();
      return [['hold', path], ['rm_rf', path], ['mkdir', path], ['release']];
    },
  ],
  [1, (make) => [['move_root', make.outer()]]],
  [1, () => [['chmod', 'root', 0o755]]],
  [7, (make) => [['pause', make.pick([0, 1, 2, 5, 20])]]],
  [4, () => [['stop']]],
  [5, () => [['cont']]],
];
