/** Random configurations, trees and changes for the comparison of our check with csync2's. */
import {
  chmodSync,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import type { Random } from '../cfg/random.js';

/** Names of the tree, one byte a character. */
const names = [
  ...['a', 'b', 'ab', 'a.b', '.a', 'A', 'c.tmp', 'x[1]', 'a*b', 'sp ace', '\xc3\xa9', '\xff\xfe'],
  ...['a\\b', '-x', '--', '%p%', '%41', '%', "q'q", 'd"q', '$HOME', 'a:b', 'a|b', '\n', 'n\nl'],
  ...[
    '\x01',
    '\x7f',
    '\x1f\x80',
    'v1:type=dir',
    'l'.repeat(255),
    '\xe9'.repeat(84),
    '~',
    ';',
    '{}',
  ],
];
const prefixNames = ['p', 'q', 'r'];
/** Of which the top is made; patterns speak of them. */
const tops = ['t', 'u', 'v'];
const globs = [
  '*',
  '?',
  'a*',
  '*b',
  '[ab]',
  '[!a]*',
  '**',
  'a**',
  '*.tmp',
  '.*',
  '\\*',
  'x\\[1\\]',
  '%*',
];

/** A configuration of the host `own`, for trees below `root`. */
export function randomConfig(random: Random, root: string, folder: string): string {
  const blocks = [
    ...prefixNames.slice(0, random.below(4)).map((name) => prefix(random, root, name)),
    ...random.times(0, 3, () => group(random, root, folder, random.chance(60))),
    group(random, root, folder, true),
    ...random.times(0, 1, () => `ignore ${random.pick(['uid', 'gid', 'mod', 'uid gid mod'])};`),
    ...random.times(0, 1, () => 'nossl * *; lock-timeout 5;'),
  ];
  for (let at = blocks.length - 1; at > 0; at--) {
    const other = random.below(at + 1);
    [blocks[at], blocks[other]] = [blocks[other] as string, blocks[at] as string];
  }
  return `${blocks.join('\n')}\n`;
}

function prefix(random: Random, root: string, usual: string): string {
  const lines = random.times(1, 2, () => {
    const path = random.pick([
      `${root}/t`,
      `${root}/t/`,
      `${root}/t/a`,
      `${root}/u`,
      root,
      `${root}/t/a/b`,
      `${root}/missing`,
      `${root}//t`,
      '/',
    ]);
    return `on ${random.pick(['own', 'o*', '*', 'other'])}: "${path}";`;
  });
  // Now and then one that our check leaves to csync2.
  const name = random.chance(5) ? random.pick(['a/b', 'p%', ...prefixNames]) : usual;
  return `prefix ${name} { ${lines.join(' ')} }`;
}

function group(random: Random, root: string, folder: string, isMember: boolean): string {
  const hosts = random.times(1, 4, () =>
    random.pick(['one', 'Two', 'three', 'four@Alias', '( five )', '( six one )', 'x.example.org']),
  );
  if (isMember) {
    const own = random.pick(['own', 'OWN', 'own@me', '( own )', 'own']);
    hosts.splice(random.below(hosts.length + 1), 0, own);
  }
  const statements = [
    `host ${hosts.join(' ')};`,
    `key ${folder}/key;`,
    ...random.times(1, 6, () => patterns(random, root)),
    ...random.times(0, 1, () => `auto ${random.pick(['none', 'younger', 'left', 'first'])};`),
    ...(random.chance(12) ? [action(random, root, folder)] : []),
  ];
  return `group ${random.chance(70) ? random.pick(['g', 'web']) : ''} { ${statements.join('\n')} }`;
}

function action(random: Random, root: string, folder: string): string {
  return `action {
    ${random.chance(60) ? `pattern "${root}/${random.pick(tops)}${random.pick(['', '/a*', '/**'])}";` : ''}
    exec "true %%"; ${random.chance(50) ? 'exec "true";' : ''}
    ${random.chance(50) ? `logfile ${folder}/actions;` : ''}
    ${random.pick(['', 'do-local;', 'do-local-only;', ''])}
  }`;
}

function patterns(random: Random, root: string): string {
  const kind = random.pick(['include', 'include', 'include', 'exclude', 'exclude', 'compare']);
  const words = random.times(1, 3, () => `"${pattern(random, root)}"`);
  return `${kind} ${words.join(' ')};`;
}

function pattern(random: Random, root: string): string {
  const kind = random.below(10);
  if (kind < 2) return component(random);
  if (kind < 4)
    return `${random.pick(['%p%', '%q%', '%r%', '%q%', '%*%', '%pp%', '%p', '%'])}${below(random, 2)}`;
  if (kind < 8)
    return `${root}/${random.pick(tops)}${below(random, 1)}${random.pick(['', '/', ''])}`;
  return `${random.pick([root, `${root}/**`, `${root}/*`, dirname(root)])}${below(random, 1)}`;
}

function below(random: Random, most: number): string {
  return random.times(0, most, () => `/${component(random)}`).join('');
}

function component(random: Random): string {
  return random.chance(60) ? random.pick(names).replaceAll('"', '') || 'a' : random.pick(globs);
}

/** A tree that changes. Paths are bytes, one a character. */
export class ChangingTree {
  readonly root: string;
  /** Files of every special kind, to be given further names in the tree. */
  readonly #specials: readonly string[];
  readonly #random: Random;
  readonly #realRoot: string;
  /** What has been there at some time. */
  readonly #known: string[] = [];

  constructor(random: Random, root: string, specials: readonly string[]) {
    this.#random = random;
    this.root = root;
    this.#specials = specials;
    mkdirSync(root);
    this.#realRoot = realpathSync.native(root);
    this.#known.push(root);
    for (const top of tops) if (random.chance(85)) this.#grow(`${root}/${top}`, 0);
  }

  /** Changes some paths. @returns what a watcher would tell of, and some more */
  change(count: number): string[] {
    const touched = new Set<string>();
    for (let made = 0; made < count; made++) {
      const path = this.#anyPath();
      touched.add(path);
      if (!this.#isInside(path)) continue;
      try {
        for (const other of this.#changeOne(path)) touched.add(other);
      } catch (error) {
        // In the way, gone, not empty, too long: nothing changes, and it is checked all the same.
        if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
      }
    }
    const random = this.#random;
    const others = random.times(0, 4, () => this.#anyPath());
    const above = [...touched].filter(() => random.chance(25)).map((path) => dirname(path));
    const rare = random.chance(8) ? [random.pick(['/', this.root, dirname(this.root)])] : [];
    const paths = [...above, ...touched, ...others, ...rare];
    return random.chance(50) ? [...new Set(paths)] : paths;
  }

  /**
   * Whether a path lies in the tree, whatever links are on the way to it: nothing else may ever be
   * changed.
   */
  #isInside(path: string): boolean {
    try {
      const parent = realpathSync.native(bytes(dirname(path)), { encoding: 'buffer' });
      return `${parent.toString('latin1')}/`.startsWith(`${this.#realRoot}/`);
    } catch {
      return false;
    }
  }

  #changeOne(path: string): string[] {
    const random = this.#random;
    switch (random.below(13)) {
      case 0:
      case 1:
        write(path, 'x'.repeat(random.below(5)));
        break;
      case 2: {
        // Other content, the same size and time: nobody sees it.
        const { size, mtime, atime } = lstatSync(bytes(path));
        write(path, 'y'.repeat(size));
        utimesSync(bytes(path), atime, mtime);
        break;
      }
      case 3:
        // chmod(2) follows links.
        if (lstatSync(bytes(path)).isSymbolicLink()) break;
        chmodSync(bytes(path), random.pick([0o644, 0o600, 0o4755, 0o1777, 0, 0o2750]));
        break;
      case 4:
        lchownSync(
          bytes(path),
          random.pick([0, 1, 65_534, 4_294_967_294, 2_147_483_648]),
          random.pick([0, 1000, 3_000_000_000]),
        );
        break;
      case 5: {
        const seconds = random.pick([
          0, 1, -1, -2_000_000_000.5, 1.999, 4_300_000_000, 1_700_000_000.25,
        ]);
        lutimesSync(bytes(path), seconds, seconds);
        break;
      }
      case 6:
        rmSync(bytes(path), { recursive: true });
        break;
      case 7:
        rmSync(bytes(path), { recursive: true, force: true });
        this.#make(path, 3);
        break;
      case 8: {
        const other = this.#anyPath();
        if (!this.#isInside(other)) break;
        renameSync(bytes(path), bytes(other));
        return [other];
      }
      case 9:
        rmSync(bytes(path), { force: true });
        symlinkSync(bytes(random.pick(targets)), bytes(path));
        break;
      default:
        return this.#grow(path, 2);
    }
    return [];
  }

  #grow(path: string, depth: number): string[] {
    this.#known.push(path);
    mkdirSync(bytes(path));
    const made = [path];
    const count = depth > 3 ? 0 : 5 - depth;
    for (const name of new Set(this.#random.times(0, count, () => this.#random.pick(names)))) {
      const child = `${path}/${name}`;
      if (this.#random.chance(45)) made.push(...this.#grow(child, depth + 1));
      else if (this.#make(child, depth + 1)) made.push(child);
    }
    return made;
  }

  #make(path: string, depth: number): boolean {
    const random = this.#random;
    this.#known.push(path);
    const kind = random.below(10);
    if (kind < 5) write(path, 'z'.repeat(random.below(4)));
    else if (kind < 7) symlinkSync(bytes(random.pick(targets)), bytes(path));
    else if (kind < 9) linkSync(bytes(random.pick(this.#specials)), bytes(path));
    else this.#grow(path, depth);
    return true;
  }

  #anyPath(): string {
    const random = this.#random;
    // Where prefixes and includes begin.
    if (random.chance(12))
      return this.root + random.pick(['/t', '/u', '/v', '/t/a', '/t/a/b', '/missing']);
    const path = random.pick(this.#known);
    if (random.chance(75)) return path;
    const child = `${path}/${random.pick(names)}`;
    this.#known.push(child);
    return child;
  }

  /** What is there now, for those who look into a failure. */
  paths(directory = this.root): string[] {
    return readdirSync(bytes(directory), { withFileTypes: true, encoding: 'buffer' }).flatMap(
      (entry) => {
        const path = `${directory}/${entry.name.toString('latin1')}`;
        return [path, ...(entry.isDirectory() ? this.paths(path) : [])];
      },
    );
  }
}

const targets = [
  ...[
    '.',
    '..',
    '/nowhere',
    'missing',
    'a',
    '/nowhere/else',
    '\xff',
    'a b:%',
    'v1:x=y',
    't'.repeat(4000),
  ],
  ...['%p%/a', "it's", '\n'],
];

function write(path: string, text: string): void {
  rmSync(bytes(path), { force: true });
  writeFileSync(bytes(path), text);
}

/** A path as bytes. */
export function bytes(path: string): Buffer {
  return Buffer.from(path, 'latin1');
}
