import type { FlushPeer, FlushView, SetAside } from '#src/daemon/flush/progress.js';

const troubles = [
  'nothing read',
  'loss',
  'held',
  'failure',
  'tear',
  'part',
  'late mark',
  'incomplete',
  'mistake',
  'reload',
] as const;
type Trouble = (typeof troubles)[number];

/** Gives numbers from 0 to 1. */
export type Random = () => number;

/**
 * The way of a change from the kernel to the peers, a step at a time in any order, with all that
 * may happen on it: readings that bring nothing, losses, failed and postponed and torn checks,
 * reloads, peers that are down, files checked once more.
 */
export class PipelineModel {
  readonly peers = ['web2', 'web3'];
  /** Version of each file on this host; each change has a higher one. */
  readonly disk = new Map<string, number>(files.map((file) => [file, 0]));
  /** The highest version of each file that a peer has ever had. */
  readonly had = new Map(this.peers.map((peer) => [peer, new Map(this.disk)]));
  /** Told of each push that has ended, with what it has sent. */
  onPush: ((peer: string, files: string[]) => void) | undefined;
  readonly #random: Random;
  readonly #rates = new Map<Trouble, number>();
  #version = 0;
  #generation: object = {};
  #isReplacing = false;
  #kernel: string[] = [];
  #inHand: string[] = [];
  #begun = 1n;
  #kept = 1n;
  #isProbing = false;
  #queue: { readonly sequence: number; readonly path: string }[] = [];
  #written = 0;
  #done = 0;
  #requeued = 0;
  #rechecks = 0;
  #aside = new Set<string>();
  #torn = new Set<string>();
  #noted = new Map(this.disk);
  #rows = new Map(this.peers.map((peer) => [peer, new Set<string>()]));
  #pushes = new Map<
    string,
    { file: string; version: number | undefined; isMarkedSince: boolean }
  >();
  #ticket = 0;
  #due: { ticket: number; reason: string } | undefined;
  #succeeded = 0;
  #check: number | undefined;

  constructor(random: Random) {
    this.#random = random;
    // What goes wrong often would hide that something else does: a full check makes up for most.
    const rate = () => (random() < 0.6 ? 0 : random() * 0.5);
    for (const kind of troubles) this.#rates.set(kind, rate());
  }

  /** Changes a file, or a whole tree. */
  change(): void {
    const path = this.#pick([...files, 't']);
    for (const file of filesOf(path)) this.disk.set(file, ++this.#version);
    this.#kernel.push(path);
  }

  /**
   * One step of one stage. `isCalm`: nothing goes wrong, and nothing new begins but what is due.
   */
  step(isCalm: boolean): void {
    const trouble = (kind: Trouble) => !isCalm && this.#random() < (this.#rates.get(kind) ?? 0);
    const steps = [
      () => this.#read(trouble('nothing read')),
      () => this.#settle(trouble('loss')),
      () => this.#checkQueue(trouble),
      () => this.#checkQueue(trouble),
      () => this.#requeue(),
      () => trouble('late mark') || this.#mark(),
      () => this.#fullCheck(trouble('incomplete')),
      () => this.#push(trouble('mistake')),
      () => this.#push(trouble('mistake')),
      () => this.#reload(trouble('reload')),
    ];
    this.#pick(steps)();
  }

  get view(): FlushView {
    return {
      generation: this.#isReplacing ? undefined : this.#generation,
      events: {
        hasUnread: this.#kernel.length > 0,
        begun: this.#begun + (this.#isProbing ? 1n : 0n),
        kept: this.#kept,
        blind: undefined,
      },
      queue: { written: this.#written, done: this.#done },
      requeued: this.#requeued,
      rechecks: this.#rechecks,
      setAside: () =>
        new Map<string, SetAside>([...this.#aside].map((path) => [path, { text: path }])),
      fullCheck: { due: this.#due && { ...this.#due }, succeeded: this.#succeeded },
      isMarking: () => this.#torn.size > 0,
      peers: this.peers.map(
        (name): FlushPeer => ({
          name,
          isNew: false,
          lacks: () => new Set(this.#rows.get(name)),
          why: () => '',
        }),
      ),
    };
  }

  #read(isEmpty: boolean): void {
    if (this.#isProbing || isEmpty) {
      this.#isProbing = !this.#isProbing;
      return;
    }
    const count = 1 + Math.floor(this.#random() * 3);
    const read = this.#kernel.splice(0, count);
    if (read.length === 0) return;
    this.#begun++;
    this.#inHand.push(...read);
  }

  /** What has been read becomes records, in parts; when nothing is left, that is noted, later. */
  #settle(isLost: boolean): void {
    const path = this.#inHand.shift();
    if (path !== undefined && isLost) this.#requireFullCheck();
    else if (path !== undefined) this.#append(path);
    else if (this.#random() < 0.5) this.#kept = this.#begun;
  }

  #checkQueue(trouble: (kind: Trouble) => boolean): void {
    const record = this.#queue.shift();
    if (!record) return;
    const { path } = record;
    if (trouble('held')) this.#requireFullCheck();
    else if (trouble('failure')) this.#aside.add(path);
    else if (trouble('tear')) this.#tear(path);
    else {
      const [first] = filesOf(path);
      const isPart = first !== path && trouble('part');
      for (const file of filesOf(path)) if (!isPart || file !== first) this.#look(file);
      if (isPart && first) this.#aside.add(first);
    }
    this.#done = record.sequence;
  }

  #look(file: string): void {
    if (this.#noted.get(file) === this.disk.get(file)) return;
    this.#noted.set(file, this.disk.get(file) as number);
    this.#markFor(file);
  }

  /** Noted and not marked: only the memory of it tells. */
  #tear(path: string): void {
    for (const file of filesOf(path)) {
      if (this.#noted.get(file) === this.disk.get(file)) continue;
      this.#noted.set(file, this.disk.get(file) as number);
      this.#torn.add(file);
    }
    this.#aside.add(path);
  }

  #mark(): void {
    for (const file of this.#torn) this.#markFor(file);
    this.#torn.clear();
  }

  #requeue(): void {
    if (this.#aside.size === 0) return;
    const path = this.#pick([...this.#aside]);
    this.#aside.delete(path);
    this.#append(path);
    this.#requeued = this.#written;
  }

  #fullCheck(isIncomplete: boolean): void {
    if (this.#check === undefined) {
      this.#check = this.#due?.ticket;
      return;
    }
    for (const file of files) this.#look(file);
    const ticket = this.#check;
    this.#check = undefined;
    if (isIncomplete) return;
    this.#succeeded = Math.max(this.#succeeded, ticket);
    if (this.#due?.ticket === ticket) this.#due = undefined;
  }

  /**
   * Begins to send a file that a peer lacks, sometimes as deleted: then it is checked once more. Or
   * ends that.
   */
  #push(isMistaken: boolean): void {
    const peer = this.#pick(this.peers);
    const rows = this.#rows.get(peer) as Set<string>;
    const push = this.#pushes.get(peer);
    if (push) {
      this.#pushes.delete(peer);
      if (push.version !== undefined) this.had.get(peer)?.set(push.file, push.version);
      if (!push.isMarkedSince) rows.delete(push.file);
      this.onPush?.(peer, [push.file]);
      return;
    }
    if (rows.size === 0) return;
    const file = this.#pick([...rows]);
    this.#pushes.set(peer, {
      file,
      version: isMistaken ? undefined : this.disk.get(file),
      isMarkedSince: false,
    });
    if (!isMistaken) return;
    this.#rechecks++;
    this.#noted.set(file, -1);
    this.#append(file);
  }

  #markFor(file: string): void {
    for (const rows of this.#rows.values()) rows.add(file);
    for (const push of this.#pushes.values()) push.isMarkedSince ||= push.file === file;
  }

  #reload(isWanted: boolean): void {
    if (!this.#isReplacing) {
      this.#isReplacing = isWanted;
      return;
    }
    for (const path of this.#aside) this.#append(path);
    this.#aside.clear();
    this.#kernel = [];
    this.#inHand = [];
    this.#requeued = 0;
    this.#rechecks = 0;
    this.#check = undefined;
    [this.#begun, this.#kept, this.#isProbing] = [1n, 1n, false];
    this.#requireFullCheck();
    this.#generation = {};
    this.#isReplacing = false;
  }

  #append(path: string): void {
    this.#queue.push({ sequence: ++this.#written, path });
  }

  #requireFullCheck(): void {
    this.#due = { ticket: ++this.#ticket, reason: 'a loss' };
  }

  #pick<Item>(items: readonly Item[]): Item {
    return items[Math.floor(this.#random() * items.length)] as Item;
  }
}

function filesOf(path: string): string[] {
  return files.filter((file) => file === path || file.startsWith(`${path}/`));
}

const files = ['a', 'b', 't/a', 't/b'];
