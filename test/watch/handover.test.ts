import assert from 'node:assert/strict';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { decodeHandover } from '#src/watch/handover.js';
import { ServiceManager } from '../support/service-manager.js';

const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));

test('a page of another version, or half a page, is none', () => {
  const bytes = Buffer.alloc(64);
  assert.equal(decodeHandover(bytes), undefined);
  bytes.write('icshand1', 'latin1');
  bytes.writeBigUInt64LE(7n, 8);
  assert.equal(decodeHandover(bytes)?.clean, false);
  bytes.writeBigUInt64LE(7n, 16);
  assert.equal(decodeHandover(bytes)?.clean, true);
  assert.equal(decodeHandover(bytes.subarray(0, 63)), undefined);
});

test('killed at a quiet moment: 1,000 changes meanwhile are in the queue, and nothing else is due', async (context) => {
  const service = new WatchingService(context);
  assert.equal((await service.start()).gap, 'nothing-left');
  await service.quiet();
  await service.end(9);
  const written = service.write(1000);
  const { gap, due } = await service.start();
  assert.equal(gap, null);
  // The full check that was due at the first start; nothing has been added.
  assert.equal(due, 'the queue is new; start, no watches left from the last run');
  await service.quiet();
  assert.deepEqual(service.missing(written), []);
});

test('stopped in order: the same, and a second and a third time', async (context) => {
  const service = new WatchingService(context);
  await service.start();
  const written: string[] = [];
  for (let round = 0; round < 3; round++) {
    written.push(...service.write(300));
    await service.end(15);
    written.push(...service.write(300));
    assert.equal((await service.start()).gap, null);
  }
  await service.quiet();
  assert.deepEqual(service.missing(written), []);
});

test('another fingerprint, and an empty store: a full check is due', async (context) => {
  const service = new WatchingService(context);
  await service.start();
  await service.quiet();
  await service.end(15);
  assert.equal((await service.start('another')).gap, 'other-fingerprint');
  await service.quiet();
  await service.end(15);
  service.manager.empty();
  assert.equal((await service.start('another')).gap, 'nothing-left');
});

test('killed at any moment of its start: all changes are in the queue, or a full check is due', async (context) => {
  const random = randomOf(seed);
  context.diagnostic(`SEED=${seed}`);
  const service = new WatchingService(context);
  for (let index = 0; index < 2000; index++)
    mkdirSync(join(service.root, `d${index}/e`), { recursive: true });
  const first = await service.start();
  await service.quiet();
  await service.end(9);
  let inHand = 0;
  for (let round = 0; round < 12; round++) {
    const written = service.write(20);
    service.manager.start();
    await service.manager.next('the start', (line) => 'started' in line);
    await sleep(random() * 900);
    await service.end(9);
    written.push(...service.write(20));
    const { due } = await service.start();
    await service.quiet();
    if (due === first.due)
      assert.deepEqual(service.missing(written), [], `round ${round}, SEED=${seed}`);
    else {
      // Due for good now: the rest could not be told apart from it.
      assert.match(String(due), /changes not yet in the queue/);
      inHand = round + 1;
      break;
    }
    await service.end(9);
  }
  context.diagnostic(inHand === 0 ? 'never anything in hand' : `in hand in round ${inHand}`);
});

test('killed at any moment of a stream of changes: all are in the queue, or a full check is due', async (context) => {
  const random = randomOf(seed);
  context.diagnostic(`SEED=${seed}`);
  const service = new WatchingService(context);
  await service.start();
  let silent = 0;
  for (let round = 0; round < 40; round++) {
    const written: string[] = [];
    const writing = (async () => {
      for (let step = 0; step < 30; step++) {
        written.push(...service.write(1 + Math.floor(random() * 8)));
        await sleep(random() * 6);
      }
    })();
    await sleep(random() * 220);
    await service.end(9);
    await writing;
    const { gap } = await service.start();
    await service.quiet();
    if (gap !== null) {
      assert.equal(gap, 'in-hand');
      continue;
    }
    silent++;
    assert.deepEqual(service.missing(written), [], `round ${round}, SEED=${seed}`);
  }
  context.diagnostic(`${silent} of 40 kills left nothing in hand`);
});

/** The service under a manager, on a fresh directory. */
class WatchingService {
  readonly base = mkdtempSync(join(tmpdir(), 'ics-handover-'));
  readonly root = join(this.base, 'root');
  readonly manager: ServiceManager;
  readonly #fingerprintFile = join(this.base, 'fingerprint');
  #names = 0;

  constructor(context: TestContext) {
    for (const folder of ['root', 'queue', 'root/deep/er'])
      mkdirSync(join(this.base, folder), { recursive: true, mode: 0o700 });
    writeFileSync(this.#fingerprintFile, 'first');
    const program = fileURLToPath(new URL('./watching-service.js', import.meta.url));
    const words = [
      process.execPath,
      program,
      this.root,
      join(this.base, 'queue/queue.log'),
      this.#fingerprintFile,
    ];
    this.manager = new ServiceManager(words);
    context.after(async () => {
      await this.manager.end();
      rmSync(this.base, { recursive: true, force: true });
    });
  }

  async start(fingerprint?: string): Promise<{ gap: unknown; due: unknown }> {
    if (fingerprint !== undefined) writeFileSync(this.#fingerprintFile, fingerprint);
    this.manager.start();
    const { gap, due } = await this.manager.next('the watches', (line) => line.ready === true);
    return { gap, due };
  }

  /** Ends it by a signal. */
  async end(signal: number): Promise<void> {
    this.manager.signal(signal);
    await this.manager.next('the end', (line) => 'exited' in line);
  }

  /** Waits until a change made now is written down and nothing is in hand. */
  async quiet(): Promise<void> {
    const [mark] = this.write(1);
    while (this.missing([mark as string]).length > 0) await sleep(5);
    this.manager.signal(12);
    await this.manager.next('nothing in hand', (line) => line.clean === true);
  }

  /** Makes so many changes of several kinds and gives the paths that must be covered. */
  write(count: number): string[] {
    const paths: string[] = [];
    for (let index = 0; index < count; index++) {
      const name = `n${this.#names++}`;
      const path = join(this.root, this.#names % 3 === 0 ? 'deep/er' : '', name);
      if (this.#names % 10 === 0) {
        mkdirSync(join(path, 'sub'), { recursive: true });
        writeFileSync(join(path, 'sub/file'), name);
        paths.push(join(path, 'sub/file'));
      } else if (this.#names % 7 === 0) {
        writeFileSync(`${path}.new`, name);
        renameSync(`${path}.new`, path);
        paths.push(path);
      } else {
        writeFileSync(path, name);
        paths.push(path);
      }
    }
    return paths;
  }

  /** Those of the paths that no record in the queue's segments covers. */
  missing(paths: readonly string[]): string[] {
    const covered = this.#recorded();
    return paths.filter((path) => {
      for (let at = path; at.length >= this.root.length; at = at.slice(0, at.lastIndexOf('/'))) {
        if (at === path && (covered.has(`F ${at}`) || covered.has(`T ${at}`))) return false;
        if (covered.has(`R ${at}`)) return false;
      }
      return true;
    });
  }

  /** Every record of the queue, as `F /path`. */
  #recorded(): Set<string> {
    const folder = join(this.base, 'queue');
    const lines = readdirSync(folder)
      .filter((name) => /^queue\.log\.\d+$/.test(name))
      .flatMap((name) => readFileSync(join(folder, name), 'latin1').split('\n'));
    return new Set(
      lines.flatMap((line) => /^\d+ \d+ ([FR]) \S+ (.*)$/.exec(line)?.slice(1).join(' ') ?? []),
    );
  }
}

/** Mulberry32: a small generator, so that a seed tells what has happened. */
function randomOf(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
