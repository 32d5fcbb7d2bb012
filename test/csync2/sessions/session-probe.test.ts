/** What a session of csync2's server is at, told by its process. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { SessionProbe } from '#src/csync2/sessions/session-probe.js';

/** A process with a socket as its descriptor 0, as a session has, once it is blocked in a call. */
async function blocked(
  program: string,
  ...words: string[]
): Promise<ChildProcess & { pid: number }> {
  // What Node calls pipes are sockets.
  const child = spawn(program, words, { stdio: 'pipe', detached: true });
  await sleep(300);
  assert.ok(child.pid);
  return child as ChildProcess & { pid: number };
}

async function isWaiting(program: string, ...words: string[]): Promise<boolean | undefined> {
  const child = await blocked(program, ...words);
  try {
    return new SessionProbe({ database: undefined, managed: false })
      .look([child.pid])
      .get(child.pid)?.isWaiting;
  } finally {
    // With what it has started, which would keep the pipes open.
    process.kill(-child.pid, 'SIGKILL');
  }
}

test('who reads from its connection waits for the network', async () => {
  assert.equal(await isWaiting('cat'), true);
});

// The number of the clock that it sleeps by is that of its connection: 0.
test('who sleeps does not, as csync2 does for a second when its database is locked', async () => {
  assert.equal(await isWaiting('sleep', '60'), false);
});

test('who waits for a child does not', async () => {
  assert.equal(await isWaiting('sh', '-c', 'sleep 60; :'), false);
});
