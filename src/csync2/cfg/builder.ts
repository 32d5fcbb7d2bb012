import { closest } from '../../text/closest.js';
import { CsyncConfigError } from './errors.js';
import { keyFileOf, readKeyFile } from './key-file.js';
import {
  type AutoMethod,
  autoMethods,
  type Group,
  type GroupAction,
  type GroupHost,
  type GroupPattern,
  type NoSsl,
  type Place,
  type Prefix,
} from './model.js';
import type { ReadFile, Token } from './tokens.js';

/** Whether csync2's fnmatch(3) (no flags, "C" locale) accepts `name`. */
export type MatchHost = (pattern: Buffer, name: Buffer) => boolean;

export interface BuilderOptions {
  /** Own name, lower case. */
  readonly hostName: string;
  /** The directory of relative key files. */
  readonly systemDirectory: string;
  readonly readFile: ReadFile;
  /** Whether key files are read. */
  readonly readKeys: boolean;
  readonly matchHost: MatchHost;
}

type Draft<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer E)[] ? E[] : T[K] };
type GroupDraft = Omit<Draft<Group>, 'keyFile' | 'auto'> & { keyFile?: string; auto?: AutoMethod };
type Action = Draft<GroupAction>;

const slash = 0x2f;
const percent = 0x25;

/**
 * Performs the actions of csync2's grammar in the order in which csync2's parser runs them, so that
 * the same one of several faults is found. Every method may throw CsyncConfigError.
 */
export class ConfigBuilder {
  readonly groups: Group[] = [];
  readonly prefixes: Prefix[] = [];
  readonly nossl: NoSsl[] = [];
  /** All host names that groups give to nodes, for the message to a host that is in no group. */
  readonly knownHosts = new Set<string>();
  readonly ignore = { uid: false, gid: false, mod: false };
  database: string | undefined;
  tempDirectory: string | undefined;
  lockTimeout = 12;

  readonly #options: BuilderOptions;
  #unnamed = 0;
  #group: GroupDraft | undefined;
  #prefix: Draft<Prefix> | undefined;

  constructor(options: BuilderOptions) {
    this.#options = options;
  }

  beginGroup(name: Token | undefined, place: Place): void {
    if (!name) this.#unnamed += 1;
    this.#group = {
      name: name ? latin1(name) : `group_${this.#unnamed}`,
      place,
      slaveHere: false,
      hosts: [],
      patterns: [],
      backupGenerations: 3,
      actions: [],
    };
  }

  /** `node` is the host itself, `peer` its name on the network. */
  addHost(node: Token, peer: Token, slave: boolean): void {
    const group = this.#currentGroup();
    const own = lowerCase(latin1(node));
    const name = lowerCase(latin1(peer));
    this.knownHosts.add(own);
    if (own === this.#options.hostName) {
      group.slaveHere = slave;
      group.myName = name;
    } else {
      const host: GroupHost = {
        name,
        slave,
        onLeft: group.myName === undefined,
        place: node.place,
      };
      group.hosts.push(host);
    }
  }

  addPattern(action: GroupPattern['action'], token: Token): void {
    const text = withoutTrailingSlashes(token.text);
    const isPath = text[0] === slash || text[0] === percent;
    this.#currentGroup().patterns.push({
      text,
      class: isPath ? 'path' : 'basename',
      action,
      place: token.place,
    });
  }

  setKey(token: Token): void {
    const group = this.#currentGroup();
    if (group.keyFile !== undefined) {
      throw new CsyncConfigError(
        'keyTwice',
        token.place,
        `group ${group.name} has two keys`,
        'keep one `key FILE;` in each group',
      );
    }
    const { readFile, readKeys, systemDirectory } = this.#options;
    group.keyFile = readKeys
      ? readKeyFile(token, systemDirectory, readFile)
      : keyFileOf(token, systemDirectory);
  }

  setAuto(token: Token): void {
    const group = this.#currentGroup();
    if (group.auto !== undefined) {
      throw new CsyncConfigError(
        'autoTwice',
        token.place,
        `group ${group.name} has two auto settings`,
        'keep one `auto METHOD;` in each group',
      );
    }
    const text = latin1(token);
    const method = autoMethods.find((name) => name === text);
    if (!method) {
      const meant = closest(text, autoMethods);
      throw new CsyncConfigError(
        'autoUnknown',
        token.place,
        `unknown auto setting ${shown(token)}`,
        meant ? `did you mean ${meant}?` : `use one of ${autoMethods.join(', ')}`,
      );
    }
    group.auto = method;
  }

  setBackupDirectory(token: Token): void {
    this.#currentGroup().backupDirectory = token.text;
  }

  setBackupGenerations(token: Token): void {
    this.#currentGroup().backupGenerations = integer(token);
  }

  addAction(): Action {
    const action: Action = {
      patterns: [],
      commands: [],
      logFile: Buffer.from('/dev/null'),
      local: false,
      localOnly: false,
    };
    this.#currentGroup().actions.push(action);
    return action;
  }

  endGroup(): void {
    const { keyFile, auto, ...group } = this.#currentGroup();
    if (keyFile === undefined) {
      throw new CsyncConfigError(
        'keyMissing',
        group.place,
        `group ${group.name} has no key`,
        'create one with `csync2 -k FILE`, copy it to every host and add `key FILE;` to the group',
      );
    }
    this.groups.push({ ...group, keyFile, auto: auto ?? 'none' });
    this.#group = undefined;
  }

  beginPrefix(name: Token): void {
    this.#prefix = { name: name.text, place: name.place };
    this.prefixes.push(this.#prefix);
  }

  /** Adds one `on HOSTS: PATH;`. The first that matches this host counts. */
  addPrefixPath(hosts: Token, path: Token): void {
    if (path.text[0] !== slash) {
      throw new CsyncConfigError(
        'prefixRelative',
        path.place,
        `the path of a prefix must be absolute: ${shown(path)}`,
        'begin it with /',
      );
    }
    const prefix = this.#prefix as Draft<Prefix>;
    if (prefix.path) return;
    if (!this.#options.matchHost(hosts.text, Buffer.from(this.#options.hostName, 'latin1'))) return;
    prefix.path = withoutTrailingSlashes(path.text);
  }

  addNoSsl(from: Token, to: Token): void {
    this.nossl.push({ from: latin1(from), to: latin1(to) });
  }

  setIgnore(token: Token): void {
    const property = latin1(token);
    if (property !== 'uid' && property !== 'gid' && property !== 'mod') {
      throw new CsyncConfigError(
        'ignoreUnknown',
        token.place,
        `unknown property to ignore: ${shown(token)}`,
        'use uid, gid or mod',
      );
    }
    this.ignore[property] = true;
  }

  setDatabase(token: Token): void {
    this.database ??= token.text.toString('utf8');
  }

  setTempDirectory(token: Token): void {
    this.tempDirectory = token.text.toString('utf8');
  }

  setLockTimeout(token: Token): void {
    this.lockTimeout = integer(token) >>> 0;
  }

  refuseCygwin(token: Token): never {
    throw new CsyncConfigError(
      'cygwinOnly',
      token.place,
      'no-cygwin-lowercase is for csync2 on Cygwin only',
      'remove the statement',
    );
  }

  #currentGroup(): GroupDraft {
    return this.#group as GroupDraft;
  }
}

// A word as messages show it.
function shown(token: Token): string {
  return JSON.stringify(token.text.toString('utf8'));
}

function latin1(token: Token): string {
  return token.text.toString('latin1');
}

/** tolower(3) in the "C" locale: ASCII only. */
export function lowerCase(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

function withoutTrailingSlashes(text: Buffer): Buffer {
  let end = text.length;
  while (end > 1 && text[end - 1] === slash) end -= 1;
  return text.subarray(0, end);
}

// atoi(3) of glibc: strtol clamps to 64 bits, the cast keeps the lower 32.
function integer(token: Token): number {
  const digits = /^[ \t\n\v\f\r]*([+-]?)(\d+)/.exec(latin1(token));
  if (!digits) return 0;
  const value = BigInt(digits[2] as string) * (digits[1] === '-' ? -1n : 1n);
  const limit = 2n ** 63n;
  const clamped = value >= limit ? limit - 1n : value < -limit ? -limit : value;
  return Number(BigInt.asIntN(32, clamped));
}
