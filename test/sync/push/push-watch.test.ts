import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { PushWatch } from '#src/sync/push/push-watch.js';
import { waitFor } from '../../support/wait-for.js';

describe('an update that is watched over', () => {
  test('its files are pinned from before it starts until it sends the first', (context) => {
    const { watch, events } = setUp(context);
    assert.deepEqual(events, ['pinned']);
    watch.add(said('Bound to 10.0.0.1:0 as web1.'));
    assert.deepEqual(events, ['pinned']);
    watch.add(said('Connect to 10.0.0.2:30865 (web2).'));
    assert.deepEqual(events, ['pinned', 'pinned', 'let go'], 'for as long again');
    watch.add(said('Deleting /srv/gone on web2 ...'));
    assert.equal(events.length, 3, 'csync2 is still looking');
    watch.add(said('Updating /srv/file on web2 ...'));
    watch.add(said('Connect to 10.0.0.2:30865 (web2).'));
    watch.end();
    assert.deepEqual(events, ['pinned', 'pinned', 'let go', 'let go']);
  });

  test('where nothing can be pinned for want of descriptors, it is ended', () => {
    const events: string[] = [];
    const watch = new PushWatch({
      paths: [],
      pin() {
        throw Object.assign(new Error('EMFILE'), { code: 'EMFILE' });
      },
      onOutOfSight: () => events.push('ended'),
    });
    watch.add(said('Connect to 10.0.0.2:30865 (web2).'));
    watch.end();
    assert.deepEqual(events, ['ended', 'ended']);
  });

  test('they are let go when it ends, or hangs', async (context) => {
    const ended = setUp(context);
    ended.watch.add(said('Connect to 10.0.0.2:30865 (web2).'));
    ended.watch.end();
    assert.deepEqual(ended.events, ['pinned', 'pinned', 'let go', 'let go']);
    const hanging = setUp(context);
    assert.ok(await waitFor(() => hanging.events.length === 2, 30));
    assert.deepEqual(hanging.events, ['pinned', 'let go'], 'it does not connect');
    hanging.watch.add(said('Connect to 10.0.0.2:30865 (web2).'));
    assert.ok(await waitFor(() => hanging.events.length === 4, 30));
    assert.deepEqual(hanging.events, ['pinned', 'let go', 'pinned', 'let go']);
  });

  test(
    'while it connects, and while it hangs, its files are looked at again and again',
    {
      skip: process.getuid?.() === 0 ? false : 'only root can give up its rights for a moment',
    },
    async (context) => {
      for (const text of [
        'Connecting to host web2 (PLAIN) ...',
        'Connect to 10.0.0.2:30865 (web2).',
      ]) {
        const { watch, events, folder } = setUp(context);
        watch.add(said(text));
        await sleep(600);
        assert.ok(!events.includes('out of sight'));
        chmodSync(folder, 0);
        process.seteuid?.(65534);
        try {
          assert.ok(await waitFor(() => events.includes('out of sight'), 30));
        } finally {
          process.seteuid?.(0);
        }
        watch.end();
      }
    },
  );
});

function said(text: string) {
  return { kind: 'said', text } as const;
}

function setUp(context: TestContext) {
  const root = mkdtempSync(join(tmpdir(), 'push-watch-test-'));
  chmodSync(root, 0o755);
  context.after(() => rmSync(root, { recursive: true, force: true }));
  const folder = join(root, 'folder');
  mkdirSync(folder);
  writeFileSync(join(folder, 'file'), '');
  const events: string[] = [];
  const watch = new PushWatch({
    paths: [Buffer.from(join(folder, 'file')), Buffer.from(join(folder, 'gone'))],
    pin: () => {
      events.push('pinned');
      return () => events.push('let go');
    },
    onOutOfSight: () => events.push('out of sight'),
  });
  context.after(() => watch.end());
  return { watch, events, folder };
}
