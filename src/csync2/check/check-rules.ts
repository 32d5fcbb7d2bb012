/** What csync2.cfg says of one name, group by group, in the order in which csync2 asks them. */

import type { NativeSelection } from '../../native/selection.js';
import type { CsyncConfig } from '../cfg/model.js';
import { createSelection } from '../cfg/native-selection.js';
import { activePrefixes, memberGroups } from '../cfg/selection.js';
import type { PathPrefix } from '../files/name-encoding.js';
import type { IgnoredParts } from './note-text.js';

/** A peer that a name is marked for. */
export interface MarkedPeer {
  readonly name: string;
  /** What the peer calls this host, in the first group that has both. */
  readonly myName: string;
}

/** What the groups of this host make of a name. */
export interface Judgement {
  /** csync2 forgets it if it is gone: it is selected, or lies above what is. */
  readonly isKnown: boolean;
  /** Some group synchronises it. */
  readonly isSelected: boolean;
  /** Who gets it, each once, in the order in which csync2 marks them. */
  readonly peers: readonly MarkedPeer[];
  /** A change of it may have csync2 run commands on this host (`do-local`). */
  readonly runsCommands: boolean;
}

/** The rules of a csync2.cfg as a check of single paths needs them. */
export class CheckRules {
  /** Those that have a path on this host, in csync2's order. */
  readonly prefixes: readonly PathPrefix[];
  readonly ignore: IgnoredParts;
  /** In csync2's order: the last group of the file comes first. */
  readonly #groups: readonly RuleGroup[];

  constructor(config: CsyncConfig) {
    this.prefixes = activePrefixes(config);
    this.ignore = config.ignore;
    this.#groups = memberGroups(config)
      .map(({ actions, hosts, myName = '', patterns }) => ({
        selection: createSelection({
          groups: [
            {
              // A check does not count `compare` patterns.
              patterns: patterns
                .filter(({ action }) => action !== 'compare')
                .map(({ text, action }) => ({ text, include: action === 'include' })),
            },
          ],
          prefixes: [],
        }),
        peers: hosts.map(({ name }) => ({ name, myName })),
        runsCommands: actions.some(({ local, localOnly }) => local || localOnly),
      }))
      .reverse();
  }

  /**
   * Whether a name of csync2's stands for one path only. Of two prefixes of one name csync2 looks
   * below the path of the second for names of both, and at a percent sign or a slash in the name of
   * a prefix it may end.
   */
  get areClear(): boolean {
    const names = this.prefixes.map(({ name }) => name.toString('latin1'));
    return new Set(names).size === names.length && !names.some((name) => /[%/]/.test(name));
  }

  /** Judges a name, real or below a prefix. */
  judge(name: Buffer): Judgement {
    const peers = new Map<string, MarkedPeer>();
    let [isKnown, isSelected, runsCommands] = [false, false, false];
    for (const group of this.#groups) {
      const scope = group.selection.matchName(name);
      if (scope > 0) isKnown = true;
      if (scope !== selected) continue;
      isSelected = true;
      if (group.runsCommands) runsCommands = true;
      for (const peer of group.peers) if (!peers.has(peer.name)) peers.set(peer.name, peer);
    }
    return { isKnown, isSelected, peers: [...peers.values()], runsCommands };
  }
}

interface RuleGroup {
  readonly selection: NativeSelection;
  readonly peers: readonly MarkedPeer[];
  readonly runsCommands: boolean;
}

/** Of {@link NativeSelection.matchName}. */
const selected = 2;
