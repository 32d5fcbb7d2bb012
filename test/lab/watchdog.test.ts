import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { partText } from '#src/daemon/pulses.js';
import { Lab } from '../support/lab.js';
import { LabService } from '../support/lab-service.js';

/**
 * Loaded into the daemon before it begins, through NODE_OPTIONS: at SIGUSR2 the part that
 * /run/block names stops for good. The product has nothing of this.
 */
const hook = `
import { readFileSync } from 'node:fs';
import { Checker } from '/usr/lib/inotify-csync/dist/sync/check/checker.js';
import { Watcher } from '/usr/lib/inotify-csync/dist/watch/watcher.js';

let blocked = '';
let watcher;
const never = () => new Promise(() => {});
const { open } = Watcher;
Watcher.open = (options) => (watcher = open.call(Watcher, options));
const iterate = Watcher.prototype[Symbol.asyncIterator];
Watcher.prototype[Symbol.asyncIterator] = async function* () {
  for await (const batch of iterate.call(this)) {
    if (blocked === 'queue') await never();
    yield batch;
  }
};
const { check } = Checker.prototype;
Checker.prototype.check = function (...words) {
  return blocked === 'scheduler' ? never() : check.apply(this, words);
};
process.on('SIGUSR2', () => {
  blocked = readFileSync('/run/block', 'utf8').trim();
  if (blocked === 'reader' || blocked === 'tree') watcher.stall(1e9, blocked);
  while (blocked === 'event loop');
});
`;

/** csync2, but a check takes as long as /run/slow says. */
const slowCsync2 = `#!/bin/sh
case " $* " in *' -c '* | *' -cr '*) [ ! -e /run/slow ] || sleep "$(cat /run/slow)" ;; esac
exec csync2 "$@"
`;

describe('the watchdog', () => {
  let lab: Lab;
  let service: LabService;
  before(async () => {
    lab = await Lab.boot(2);
    service = new LabService(lab, 1);
    writeFileSync(`${lab.node(1).root}/etc/hook.mjs`, hook);
    writeFileSync(`${lab.node(1).root}/usr/local/bin/slow-csync2`, slowCsync2, { mode: 0o755 });
    writeFileSync(
      `${lab.node(1).root}/etc/inotify-csync.toml`,
      'csync2 = "/usr/local/bin/slow-csync2"\n',
    );
    await service.dropIn('WatchdogSec=4', 'Environment=NODE_OPTIONS=--import=/etc/hook.mjs');
    await lab.start();
    await lab.waitUntilChecked();
  });
  after(() => lab?.down());

  const restarts = async () => Number(await service.show('NRestarts'));

  /** Waits until it has been fed so often. */
  const fed = async (times: number) => {
    let last = await service.show('WatchdogTimestampMonotonic');
    for (let count = 0; count < times; count++) {
      await lab.waitFor('the watchdog to be fed', async () => {
        const now = await service.show('WatchdogTimestampMonotonic');
        const isFed = now !== last;
        last = now;
        return isFed;
      });
    }
  };

  test('is fed by a daemon at rest, beside a peer that is down, and one that is silent', async () => {
    const before = await restarts();
    await fed(4);
    for (const action of ['cut', 'blackhole'] as const) {
      await lab.link(action, 2);
      writeFileSync(`${lab.node(1).data}/${action}`, 'x\n');
      await fed(5);
      await lab.link('heal', 2);
    }
    assert.equal(await restarts(), before);
    await lab.mustRun(1, 'inotify-csync', 'retry');
    await lab.waitUntilEqual();
  });

  test('is fed while csync2 takes longer for one check than the watchdog waits', async () => {
    const before = await restarts();
    await lab.bash(1, 'echo 20 > /run/slow; echo slow > /srv/data/slow');
    await lab.waitFor(
      'the file',
      async () => (await lab.run(2, 'test', '-s', '/srv/data/slow')).code === 0,
    );
    await lab.bash(1, 'rm /run/slow');
    assert.equal(await restarts(), before);
    await lab.waitUntilEqual();
  });

  test('a stopped daemon is restarted', async () => {
    const before = await restarts();
    await service.signal('STOP');
    await lab.bash(1, 'echo stopped > /srv/data/stopped');
    await lab.waitFor('the restart', async () => (await restarts()) > before);
    await lab.waitUntilEqual();
  });

  for (const part of ['reader', 'tree', 'queue', 'scheduler', 'event loop'] as const) {
    test(`a daemon whose ${part} stands still is restarted, and what changed meanwhile arrives`, async () => {
      await lab.waitFor('it to work', async () => (await service.show('SubState')) === 'running');
      await service.quiet();
      const before = await restarts();
      await lab.bash(1, `echo ${part} > /run/block`);
      await service.signal('USR2');
      for (let number = 0; (await restarts()) === before; number++) {
        assert.ok(number < 300, 'it is not restarted');
        writeFileSync(`${lab.node(1).data}/${part} ${number % 20}`, `${number}\n`);
        await sleep(200);
      }
      await lab.waitUntilEqual();
      const journal = (await lab.journal(1)).join('\n');
      assert.match(journal, /Watchdog timeout/);
      if (part !== 'event loop') assert.ok(journal.includes(`${partText[part]} is stuck`), journal);
    });
  }
});
