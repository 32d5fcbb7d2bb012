/**
 * Draws the operations of one host at random, some of them several at once, so that the second hits
 * what the first has made.
 */
import type { Random } from '../../csync2/cfg/random.js';
import { temporaryOf } from './names.js';

type Call = readonly [name: string, ...values: (string | number)[]];

export interface DrawOptions {
  /** Index of the host, which makes its contents differ from those of others. */
  readonly host: number;
  /** Whether others work in the same folder. */
  readonly shared: boolean;
  readonly mounts: boolean;
  readonly largest: number;
}

export class Draws {
  readonly random: Random;
  readonly options: DrawOptions;
  readonly #names: readonly string[];
  readonly #weighted: readonly (readonly [number, Draw])[];
  readonly #files: string[] = [];
  readonly #folders: string[] = ['in'];
  #count = 0;

  constructor(random: Random, names: readonly string[], options: DrawOptions) {
    this.random = random;
    this.#names = names;
    this.options = options;
    this.#weighted = options.mounts ? [...weighted, ...mounting] : weighted;
  }

  /** So many calls, or one or two more. */
  steps(count: number): readonly Call[] {
    const calls: Call[] = [];
    while (calls.length < count) calls.push(...this.#any());
    return calls;
  }

  #any(): readonly Call[] {
    const total = this.#weighted.reduce((sum, [weight]) => sum + weight, 0);
    let at = this.random.below(total);
    for (const [weight, draw] of this.#weighted) {
      at -= weight;
      if (at < 0) return draw(this);
    }
    throw new RangeError('the weights do not add up');
  }

  name(): string {
    return this.random.pick(this.#names);
  }

  /** A name that nothing has yet. */
  unused(): string {
    return `n${this.options.host}-${this.#count++}`;
  }

  /**
   * A path inside, in a folder that was made before in most cases; there may be something at it, or
   * not.
   */
  path(): string {
    if (this.random.chance(70))
      return this.#remember(`${this.folder()}/${this.name()}`, this.#files);
    return this.#remember(
      ['in', ...this.random.times(1, 3, () => this.name())].join('/'),
      this.#files,
    );
  }

  /** A path at which there was a file not long ago, in most cases. */
  file(): string {
    return this.random.chance(85) && this.#files.length > 0
      ? this.random.pick(this.#files)
      : this.path();
  }

  /** A folder that was made before, or the outermost. */
  folder(): string {
    return this.random.pick(this.#folders);
  }

  /** The path of a folder that is to be made. */
  newFolder(): string {
    const above = this.folder();
    // Names are long, and csync2 has buffers of 4 KB for paths with each byte written as three.
    const depth = above.split('/').length < 4 && above.length < 500 ? above : 'in';
    return this.#remember(`${depth}/${this.name()}`, this.#folders);
  }

  outer(): string {
    return `out/${this.name()}`;
  }

  beside(path: string): string {
    const at = path.lastIndexOf('/');
    return `${path.slice(0, at)}/${temporaryOf(path.slice(at + 1), this.random)}`;
  }

  /** Never twice the same; what differs comes first, so that also the shortest files differ. */
  token(): string {
    return `${(this.#count++).toString(36)}.${this.options.host}`;
  }

  size(): number {
    const { random } = this;
    const drawn = random.below(1000);
    if (drawn < 60) return 0;
    if (drawn < 700) return 1 + random.below(200);
    if (drawn < 950) return 200 + random.below(20_000);
    return 20_000 + random.below(300_000);
  }

  /** A megabyte or a few, seldom tens of them. */
  largeSize(): number {
    const { random, options } = this;
    const megabytes = random.chance(75)
      ? 1 + random.below(4)
      : random.chance(85)
        ? 5 + random.below(16)
        : 50 + random.below(51);
    return Math.min(options.largest, megabytes * 1_000_000 + random.below(1000));
  }

  #remember(path: string, list: string[]): string {
    // In the shared folder, too, the latest are the ones that are worth meeting.
    const limit = 24;
    if (!list.includes(path)) list.push(path);
    if (list.length > limit) list.splice(list === this.#folders ? 1 : 0, 1);
    return path;
  }
}

type Draw = (draws: Draws) => readonly Call[];

const modes = [
  0o600, 0o640, 0o644, 0o664, 0o700, 0o711, 0o750, 0o755, 0o777, 0o400, 0o000, 0o4755, 0o2755,
  0o1777,
];
const owners = [0, 0, 1000, 65_534, 12_345];
/** Whole seconds long past; the first is what npm gives to files. */
const pasts = [499_162_500, 0, 1, 1_000_000_000, 1_600_000_000];

const weighted: readonly (readonly [number, Draw])[] = [
  // Contents
  [70, (draws) => [['write', draws.path(), draws.token(), draws.size()]]],
  [45, (draws) => [['write', draws.file(), draws.token(), draws.size()]]],
  [25, (draws) => [['append', draws.file(), draws.token(), draws.size()]]],
  [30, (draws) => [['same_size', draws.file(), draws.token()]]],
  [12, (draws) => rewrites(draws)],
  [2, (draws) => [['write', draws.path(), draws.token(), draws.largeSize()]]],
  [10, (draws) => [['begin', draws.file(), draws.token(), draws.size()]]],
  [10, () => [['finish']]],
  // Time and size as before
  [10, (draws) => [['pinned', draws.file(), draws.token()]]],
  [8, (draws) => [['copy', draws.file(), draws.file()]]],
  [8, (draws) => [['utime', draws.file(), draws.random.pick(pasts)]]],
  [8, (draws) => settled(draws)],
  [8, (draws) => older(draws)],
  // Editors and deployments
  [40, (draws) => save(draws)],
  [10, (draws) => backup(draws)],
  // Folders
  [40, (draws) => [['mkdir_p', draws.newFolder()]]],
  [35, (draws) => nested(draws)],
  [14, (draws) => [['rename', draws.folder(), draws.newFolder()]]],
  [12, (draws) => filledAndRenamed(draws)],
  [8, (draws) => [['rmdir', draws.folder()]]],
  [16, (draws) => [['rm_rf', draws.folder()]]],
  [6, (draws) => removedAndMade(draws)],
  // Names
  [30, (draws) => [['rename', draws.file(), draws.path()]]],
  [14, (draws) => [['exchange', draws.file(), draws.file()]]],
  [8, (draws) => [['exchange', draws.folder(), draws.folder()]]],
  [6, (draws) => [['exchange', draws.folder(), draws.file()]]],
  [35, (draws) => [['unlink', draws.file()]]],
  [10, (draws) => unlinkedAndMade(draws)],
  // Status
  [18, (draws) => [['chmod', draws.file(), draws.random.pick(modes)]]],
  [8, (draws) => [['chmod', draws.folder(), draws.random.pick(modes)]]],
  [14, (draws) => [['chown', draws.file(), draws.random.pick(owners), draws.random.pick(owners)]]],
  [5, (draws) => [['chown', draws.folder(), draws.random.pick(owners), draws.random.pick(owners)]]],
  // Links
  [14, (draws) => [['symlink', draws.path(), target(draws)]]],
  [10, (draws) => retargeted(draws)],
  [10, (draws) => switched(draws)],
  [10, (draws) => link(draws)],
  // Another type under the same name
  [24, (draws) => replaced(draws)],
  [5, (draws) => [['fifo', draws.path()]]],
  // Out of the tree, and back
  [
    9,
    (draws) => [['rename', draws.random.chance(50) ? draws.file() : draws.folder(), draws.outer()]],
  ],
  [
    9,
    (draws) => [
      ['rename', draws.outer(), draws.random.chance(50) ? draws.path() : draws.newFolder()],
    ],
  ],
  [6, (draws) => outAndBack(draws)],
];

const mounting: readonly (readonly [number, Draw])[] = [
  [8, (draws) => mounted(draws)],
  [6, (draws) => [['unmount', draws.folder()]]],
  [4, (draws) => [['bind', draws.folder(), draws.folder()]]],
];

/** Several contents one after the other, within one second in most cases. */
function rewrites(draws: Draws): Call[] {
  const path = draws.file();
  const more = draws.random.times(1, 4, (): Call => ['same_size', path, draws.token()]);
  return [['write', path, draws.token(), draws.random.pick([3, 40, 5000])], ...more];
}

/** A file with a time of the past and another content under the same time and size. */
function settled(draws: Draws): Call[] {
  const path = draws.file();
  return [
    ['write', path, draws.token(), 100],
    ['utime', path, draws.random.pick(pasts)],
    ['pinned', path, draws.token()],
  ];
}

function older(draws: Draws): Call[] {
  const path = draws.file();
  return [
    ['older', path, draws.beside(path), draws.token(), draws.size(), draws.random.pick(pasts)],
  ];
}

function save(draws: Draws): Call[] {
  const path = draws.file();
  const temporary = draws.beside(path);
  if (draws.random.chance(60)) return [['save', path, temporary, draws.token(), draws.size()]];
  // As rsync does, with owner, mode and time before the name.
  return [
    ['write', temporary, draws.token(), draws.size()],
    ['chmod', temporary, draws.random.pick(modes)],
    ['utime', temporary, draws.random.pick(pasts)],
    ['rename', temporary, path],
  ];
}

function backup(draws: Draws): Call[] {
  const path = draws.file();
  return [
    [
      'backup_save',
      path,
      `${path.slice(0, path.lastIndexOf('/'))}/${draws.unused()}~`,
      draws.token(),
      draws.size(),
    ],
  ];
}

function nested(draws: Draws): Call[] {
  const path = draws.newFolder();
  return [
    ['mkdir_p', path],
    ...draws.random.times(
      1,
      4,
      (): Call => ['write', `${path}/${draws.name()}`, draws.token(), draws.size()],
    ),
  ];
}

function filledAndRenamed(draws: Draws): Call[] {
  const [path, other] = [draws.newFolder(), draws.newFolder()];
  return [
    ...nested(draws),
    ['mkdir_p', path],
    ['write', `${path}/${draws.name()}`, draws.token(), draws.size()],
    ['rename', path, other],
    ['write', `${other}/${draws.name()}`, draws.token(), draws.size()],
  ];
}

function removedAndMade(draws: Draws): Call[] {
  const path = draws.folder() === 'in' ? draws.newFolder() : draws.folder();
  return [
    ['rm_rf', path],
    ['mkdir_p', path],
    ['write', `${path}/${draws.name()}`, draws.token(), draws.size()],
  ];
}

function unlinkedAndMade(draws: Draws): Call[] {
  const path = draws.file();
  return [
    ['unlink', path],
    ['write', path, draws.token(), draws.size()],
  ];
}

function target(draws: Draws): string {
  return draws.random.pick([
    draws.name(),
    `../${draws.name()}`,
    '.',
    '/nowhere',
    'nowhere',
    '../..',
    draws.name().slice(0, 200),
  ]);
}

function retargeted(draws: Draws): Call[] {
  const path = draws.file();
  return [['retarget', path, draws.beside(path), target(draws)]];
}

/**
 * A release is filled, then the link that points to the current one is switched to it; sometimes
 * the old one goes.
 */
function switched(draws: Draws): Call[] {
  const folder = draws.newFolder();
  const link = `${folder.slice(0, folder.lastIndexOf('/'))}/current`;
  const release = `${folder}/${draws.unused()}`;
  return [
    ['mkdir_p', release],
    ...draws.random.times(
      1,
      5,
      (): Call => ['write', `${release}/${draws.name()}`, draws.token(), draws.size()],
    ),
    ['retarget', link, `${link}.new`, release.slice(folder.lastIndexOf('/') + 1)],
  ];
}

/**
 * In a folder of many, whoever changes a file by one of its names changes it for others, who hear
 * of no event.
 */
function link(draws: Draws): Call[] {
  const [source, path] = [draws.file(), draws.path()];
  const calls: Call[] = [['link', source, path]];
  return draws.options.shared || draws.random.chance(30) ? [...calls, ['unlink', source]] : calls;
}

function replaced(draws: Draws): Call[] {
  const path = draws.random.chance(60) ? draws.file() : draws.folder();
  if (path === 'in') return [];
  const another = draws.random.pick<readonly Call[]>([
    [['write', path, draws.token(), draws.size()]],
    [['mkdir', path]],
    [
      ['mkdir', path],
      ['write', `${path}/${draws.name()}`, draws.token(), draws.size()],
    ],
    [['symlink', path, target(draws)]],
    [['fifo', path]],
  ]);
  if (draws.random.chance(60)) return [['rm_rf', path], ...another];
  // At once: the other thing is made beside it and takes its place.
  const beside = `${path.slice(0, path.lastIndexOf('/'))}/${draws.unused()}`;
  const made = another.map(
    (call): Call => [call[0], String(call[1]).replace(path, () => beside), ...call.slice(2)],
  );
  return [...made, ['exchange', beside, path], ['rm_rf', beside]];
}

function outAndBack(draws: Draws): Call[] {
  const [path, away] = [draws.folder(), draws.outer()];
  return [
    ['rm_rf', away],
    ['rename', path, away],
    ['write', `${away}/${draws.name()}`, draws.token(), draws.size()],
    ['rename', away, draws.random.chance(50) ? path : draws.newFolder()],
  ];
}

function mounted(draws: Draws): Call[] {
  const path = draws.newFolder();
  return [
    ['mkdir_p', path],
    ['mount', path],
    ['write', `${path}/${draws.name()}`, draws.token(), draws.size()],
  ];
}
