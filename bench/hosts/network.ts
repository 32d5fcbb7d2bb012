import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { BenchFailedError } from '../errors.js';
import type { Host } from './host.js';
import { Namespaces } from './namespaces.js';

const subnet = '10.77.0';

/** Address of host number `number`, from 1. */
export function addressOf(number: number): string {
  return `${subnet}.${number}`;
}

/** A bridge in a namespace of its own, and one cable from it to each host. */
export class Network {
  readonly #hub: Namespaces;
  readonly #hosts: readonly Host[];

  private constructor(hub: Namespaces, hosts: readonly Host[]) {
    this.#hub = hub;
    this.#hosts = hosts;
  }

  /**
   * Joins the hosts; the first has number 1. A packet takes `roundTrip` milliseconds longer, there
   * and back. Throws a {@link BenchFailedError} where the kernel cannot delay packets.
   */
  static async join(hosts: readonly Host[], roundTrip: number): Promise<Network> {
    const hub = await Namespaces.create(`
      ip link set lo up
      ip link add bridge type bridge
      ip link set bridge up`);
    const network = new Network(hub, hosts);
    for (const [index, host] of hosts.entries()) await network.#plug(index + 1, host);
    if (roundTrip > 0) for (const host of hosts) await delay(host.namespaces, roundTrip / 2);
    return network;
  }

  /**
   * Packets to and from a host vanish without a word, as behind a firewall that drops: connects
   * hang instead of failing. Fixed neighbour entries keep ARP from telling that the host is gone.
   */
  async blackhole(host: Host): Promise<void> {
    for (const from of this.#hosts) {
      for (const [index] of this.#hosts.entries()) {
        await this.#ip(from.namespaces, [
          ...['neighbour', 'replace', addressOf(index + 1), 'lladdr', hardwareAddress(index + 1)],
          ...['nud', 'permanent', 'dev', 'host0'],
        ]);
      }
    }
    await this.#ip(this.#hub, ['link', 'set', this.#linkOf(host), 'nomaster']);
  }

  /** Undoes {@link blackhole}. */
  async heal(host: Host): Promise<void> {
    await this.#ip(this.#hub, ['link', 'set', this.#linkOf(host), 'master', 'bridge', 'up']);
  }

  end(): Promise<void> {
    return this.#hub.end();
  }

  async #plug(number: number, host: Host): Promise<void> {
    const inHost = host.namespaces;
    await this.#ip(this.#hub, [
      ...['link', 'add', `link${number}`, 'type', 'veth'],
      ...['peer', 'name', 'host0', 'address', hardwareAddress(number), 'netns', String(inHost.pid)],
    ]);
    await this.#ip(this.#hub, ['link', 'set', `link${number}`, 'master', 'bridge', 'up']);
    await this.#ip(inHost, ['address', 'add', `${addressOf(number)}/24`, 'dev', 'host0']);
    await this.#ip(inHost, ['link', 'set', 'host0', 'up']);
  }

  #linkOf(host: Host): string {
    return `link${this.#hosts.indexOf(host) + 1}`;
  }

  async #ip(where: Namespaces, words: readonly string[]): Promise<void> {
    // Only the network: inside the pid namespace the machine's pids have no meaning.
    await promisify(execFile)('nsenter', ['-t', String(where.pid), '-n', '--', 'ip', ...words]);
  }
}

/** Each packet that leaves the host waits. */
async function delay(host: Namespaces, milliseconds: number): Promise<void> {
  const words = ['qdisc', 'add', 'dev', 'host0', 'root', 'netem', 'delay', `${milliseconds}ms`];
  try {
    await promisify(execFile)('nsenter', ['-t', String(host.pid), '-n', '--', 'tc', ...words]);
  } catch (error) {
    throw new BenchFailedError(
      'packets cannot be delayed here',
      '--rtt needs a kernel with netem (CONFIG_NET_SCH_NETEM)',
      { cause: error },
    );
  }
}

function hardwareAddress(number: number): string {
  return `02:00:00:4d:00:${number.toString(16).padStart(2, '0')}`;
}
