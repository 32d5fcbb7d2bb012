import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { QueueEntry } from '#src/queue/entry.js';
import { type Files, realFiles } from '#src/queue/files.js';
import type { QueueOptions, ReadBatch } from '#src/queue/options.js';
import { Queue } from '#src/queue/queue.js';
import { toKey } from '#src/text/path-bytes.js';

/** A folder of its own for a test, removed afterwards. */
export function temporaryFolder(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'queue-test-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Opens the queue in `folder`; without `onTrouble` any trouble fails the test. */
export function openQueue(folder: string, options: Partial<QueueOptions> = {}): Queue {
  const onTrouble = (trouble: Error): never => assert.fail(trouble.message);
  return Queue.open({
    file: join(folder, 'queue.log'),
    linesUntilReset: 1e9,
    onTrouble,
    ...options,
  });
}

/** Closes as a killed process would leave it, but for the lock. */
export function abandon(queue: Queue): void {
  queue.close({ clean: false });
}

export function file(path: string | Buffer): QueueEntry {
  return { kind: 'file', path: Buffer.from(path as string) };
}

export function tree(path: string): QueueEntry {
  return { kind: 'tree', path: Buffer.from(path) };
}

/** Entries as `F /path`. */
export function show(entries: readonly QueueEntry[]): string[] {
  const letters = { file: 'F', touch: 'T', tree: 'R', recheck: 'C', loss: 'A' };
  return entries.map(
    (entry) => `${letters[entry.kind]} ${entry.kind === 'loss' ? entry.reason : toKey(entry.path)}`,
  );
}

/** Everything from the cursor on, in batches of `records`, committed batch by batch. */
export function drain(queue: Queue, records = 1000): string[] {
  const all: string[] = [];
  for (let batch = next(queue, records); batch; batch = next(queue, records)) {
    all.push(...show(batch.entries));
    queue.commit(batch.end);
  }
  return all;
}

export function next(queue: Queue, records = 1000): ReadBatch | undefined {
  return queue.read({ records, bytes: 1e9 });
}

/**
 * The real file system with some methods replaced; `on` is the place to switch failures on and off.
 */
export function brokenFiles(replace: (real: Files) => Partial<Files>): Files {
  return { ...realFiles, ...replace(realFiles) };
}

export function errno(code: string): Error {
  return Object.assign(new Error(`${code}: injected`), { code });
}

/** A seeded generator of numbers in [0, 1) (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** The seed of this run: `SEED`, or a new one, which is printed. */
export function chooseSeed(context: TestContext): number {
  const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
  context.diagnostic(`SEED=${seed}`);
  return seed;
}

export function textOf(path: string): string {
  return readFileSync(path, 'latin1');
}
