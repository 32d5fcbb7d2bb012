import type { AutoMethod, CsyncConfig } from './model.js';

/** Another host that shares a group with this one. */
export interface Peer {
  /** Its name on the network and in the dirty table. */
  readonly name: string;
  /** The peer only receives, in every group that it shares with this host. */
  readonly slave: boolean;
  /** This host only receives, in every group they share. */
  readonly slaveHere: boolean;
  /** How conflicts between the two are resolved; `none` also where shared groups differ in that. */
  readonly auto: AutoMethod;
  /** The peer stands before this host in the first group that they share. */
  readonly onLeft: boolean;
  /** Names of the shared groups, in file order. */
  readonly groups: readonly string[];
  /**
   * The peer's name for this host. When shared groups differ in that, the name in the last of them,
   * because csync2 keeps its groups in reverse order and takes, file by file, the first that covers
   * the file.
   */
  readonly myName: string;
}

/** The peers of this host, each once, in the order in which the configuration names them. */
export function peersOf(config: CsyncConfig): readonly Peer[] {
  const peers = new Map<string, Peer>();
  for (const group of config.groups) {
    if (group.myName === undefined) continue;
    for (const { name, slave, onLeft } of group.hosts) {
      const known = peers.get(name);
      const auto = known && known.auto !== group.auto ? 'none' : group.auto;
      peers.set(name, {
        name,
        slave: slave && (known?.slave ?? true),
        slaveHere: group.slaveHere && (known?.slaveHere ?? true),
        auto,
        onLeft: known?.onLeft ?? onLeft,
        groups: [...new Set([...(known?.groups ?? []), group.name])],
        myName: group.myName,
      });
    }
  }
  return [...peers.values()];
}
