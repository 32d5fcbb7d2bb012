import { execFileSync, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fromKey } from '#src/text/path-bytes.js';

/** What one csync2 run said. */
export interface Run {
  readonly code: number | null;
  /** One byte a character. */
  readonly output: string;
  readonly errors: string;
  /** What `-W 3` wrote. */
  readonly directories: readonly string[];
}

/**
 * A root directory of its own that holds csync2, the libraries it needs, and the trees of a test:
 * csync2 sees nothing else, so that even `include /**;` has a known answer. The database is in
 * memory.
 */
export class World {
  readonly root = mkdtempSync(join(tmpdir(), 'inotify-csync-world-'));
  readonly #program: string;

  /** Throws when csync2 or a library is missing. */
  constructor() {
    const program = findProgram();
    if (!program) throw new Error('csync2 is not installed');
    for (const file of [program, ...librariesOf(program)]) this.#copy(file);
    this.#program = program;
    this.write('/etc/csync2.key', `${'k'.repeat(64)}\n`);
  }

  /** Why the real csync2 cannot be asked here, or undefined. */
  static unavailable(): string | undefined {
    if (!findProgram()) return 'csync2 is not installed';
    const { status } = spawnSync(enter('/')[0] as string, [...enter('/').slice(1), '/bin/true']);
    return status === 0 ? undefined : 'neither chroot nor a user namespace is allowed here';
  }

  write(path: string, content: string | Buffer): void {
    mkdirSync(dirname(this.root + path), { recursive: true });
    writeFileSync(this.root + path, content);
  }

  /** Reads a file of this world; relative paths begin at /, csync2's working directory here. */
  readonly read = (path: string): Buffer => readFileSync(join(this.root, join('/', path)));

  /**
   * Every path of this world, as map keys (one byte a character), with whether it is a directory.
   */
  paths(): Map<string, boolean> {
    const found = new Map<string, boolean>([['/', true]]);
    const visit = (directory: string): void => {
      const real = Buffer.concat([Buffer.from(this.root), fromKey(directory)]);
      for (const entry of readdirSync(real, { withFileTypes: true, encoding: 'buffer' })) {
        const path = `${directory}/${entry.name.toString('latin1')}`;
        found.set(path, entry.isDirectory());
        if (entry.isDirectory()) visit(path);
      }
    };
    visit('');
    return found;
  }

  csync2(...parameters: string[]): Run {
    const [command, ...before] = enter(this.root);
    const run = spawnSync(
      command as string,
      [...before, this.#program, '-D', 'sqlite3://:memory:', ...parameters],
      {
        encoding: 'latin1',
        env: { CSYNC2_SYSTEM_DIR: '/etc', PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
        stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
        maxBuffer: 1 << 28,
      },
    );
    const directories = (run.output[3] ?? '').split('\0').slice(0, -1);
    return { code: run.status, output: run.stdout, errors: run.stderr, directories };
  }

  remove(): void {
    rmSync(this.root, { recursive: true });
  }

  #copy(file: string): void {
    if (existsSync(this.root + file)) return;
    mkdirSync(dirname(this.root + file), { recursive: true });
    copyFileSync(file, this.root + file);
  }
}

function enter(root: string): string[] {
  return process.getuid?.() === 0 ? ['chroot', root] : ['unshare', '-r', 'chroot', root];
}

function findProgram(): string | undefined {
  const directories = [...(process.env.PATH ?? '').split(':'), '/usr/sbin'];
  return directories.map((directory) => join(directory, 'csync2')).find((file) => existsSync(file));
}

function librariesOf(program: string): string[] {
  const linked = execFileSync('ldd', [program], { encoding: 'utf8' }).match(/\/\S+/g) ?? [];
  const libc = linked.find((file) => file.includes('libc.so'));
  // csync2 opens it by name when it opens its database.
  const sqlite = join(dirname(libc ?? '/usr/lib/libc.so.6'), 'libsqlite3.so.0');
  if (!existsSync(sqlite)) throw new Error(`${sqlite} is not there`);
  return [
    ...linked,
    sqlite,
    ...(execFileSync('ldd', [sqlite], { encoding: 'utf8' }).match(/\/\S+/g) ?? []),
  ];
}
