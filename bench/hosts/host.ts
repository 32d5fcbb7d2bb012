import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { BenchFailedError } from '../errors.js';
import { HostProcess } from './host-process.js';
import { HostShell } from './host-shell.js';
import { Namespaces } from './namespaces.js';

/** Where things are that all hosts have at the same path. */
export interface SharedPlaces {
  /** The synchronised tree, as every host sees it. */
  readonly root: string;
  /** csync2's system directory: configuration and key are the same everywhere. */
  readonly config: string;
  /** The hosts file: names and addresses of all hosts. */
  readonly hosts: string;
}

/** One csync2 node: a network of its own, a tree of its own at the path that is the same on all. */
export class Host {
  readonly name: string;
  /** Its tree, as the machine sees it. */
  readonly data: string;
  /** Directory of its database. */
  readonly database: string;
  readonly #directory: string;
  readonly #places: SharedPlaces;
  readonly namespaces: Namespaces;

  private constructor(
    number: number,
    directory: string,
    places: SharedPlaces,
    namespaces: Namespaces,
  ) {
    this.name = `node${number}`;
    this.#directory = directory;
    this.data = join(directory, 'data');
    this.database = join(directory, 'database');
    this.#places = places;
    this.namespaces = namespaces;
  }

  /** Makes host number `number` in `directory`. It has no link yet. */
  static async create(number: number, directory: string, places: SharedPlaces): Promise<Host> {
    const data = join(directory, 'data');
    mkdirSync(data, { recursive: true });
    mkdirSync(join(directory, 'database'));
    const namespaces = await Namespaces.create(`
      mount --bind '${data}' '${places.root}'
      mount --bind '${places.hosts}' /etc/hosts
      ip link set lo up`);
    return new Host(number, directory, places, namespaces);
  }

  /** Options that every call of csync2 on this host needs. */
  get csync2Options(): readonly string[] {
    return ['-N', this.name, '-D', this.database];
  }

  /** Path of a file of the host's own, outside the tree. */
  file(name: string): string {
    return join(this.#directory, name);
  }

  /** Path on this machine of something in the tree, named as the host names it. */
  onMachine(path: string): string {
    return join(this.data, path.slice(this.#places.root.length));
  }

  /**
   * Runs a command to its end. Throws a {@link BenchFailedError} for an exit code that is not 0.
   */
  async run(words: readonly string[]): Promise<string> {
    const [program = '', ...args] = this.namespaces.enter(words);
    try {
      const { stdout } = await promisify(execFile)(program, args, {
        env: this.#env,
        maxBuffer: 64 * 1024 * 1024,
      });
      return stdout;
    } catch (error) {
      const { stderr, message } = error as { stderr?: string; message: string };
      throw new BenchFailedError(`${this.name}: ${message}`, stderr?.trim() || 'it said nothing', {
        cause: error,
      });
    }
  }

  /** Starts something that goes on; its output goes to the file `${label}.log`. */
  start(label: string, words: readonly string[]): HostProcess {
    return new HostProcess(
      `${label} on ${this.name}`,
      this.namespaces.enter(words),
      this.file(`${label}.log`),
      this.#env,
    );
  }

  /** A shell that stays open. */
  shell(): HostShell {
    return new HostShell(this.namespaces.enter(['bash', '--norc']), this.#env);
  }

  /** Empties a log of the host. */
  clear(label: string): void {
    writeFileSync(this.file(`${label}.log`), '');
  }

  get #env(): NodeJS.ProcessEnv {
    return {
      ...process.env,
      CSYNC2_SYSTEM_DIR: this.#places.config,
      NOTIFY_SOCKET: undefined,
      JOURNAL_STREAM: undefined,
    };
  }
}
