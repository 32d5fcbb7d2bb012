import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Lab } from '../support/lab.js';

describe('killed in the middle of 1,000 changes', () => {
  let lab: Lab;
  before(async () => {
    lab = await Lab.started(2);
  });
  after(() => lab?.down());

  test('all of them are on the peer after the restart', async () => {
    const here = lab.node(1).data;
    for (let number = 0; number < 1000; number += 1) {
      writeFileSync(`${here}/file-${number}`, `change ${number}\n`);
      if (number === 400) await lab.mustRun(1, 'systemctl', 'kill', '-s', 'KILL', 'inotify-csync');
      if (number % 10 === 0) await sleep(10);
    }
    await lab.waitUntilEqual(120);
    const there = lab.node(2).data;
    for (let number = 0; number < 1000; number += 1) {
      assert.equal(readFileSync(`${there}/file-${number}`, 'utf8'), `change ${number}\n`);
    }
    const restarts = await lab.mustRun(1, 'systemctl', 'show', '-P', 'NRestarts', 'inotify-csync');
    assert.equal(restarts.trim(), '1');
  });

  test('the receiving one killed', async () => {
    const here = lab.node(1).data;
    for (let number = 0; number < 1000; number += 1) {
      writeFileSync(`${here}/file-${number}`, `second text ${number}\n`);
      if (number === 400) await lab.mustRun(2, 'systemctl', 'kill', '-s', 'KILL', 'inotify-csync');
      if (number % 10 === 0) await sleep(10);
    }
    await lab.waitUntilEqual(120);
  });

  test('changed while the service was stopped', async () => {
    await lab.mustRun(1, 'systemctl', 'stop', 'inotify-csync');
    await lab.bash(1, 'cd /srv/data; rm file-1*; echo new > new; mkdir -p a/b; echo x > a/b/c');
    await lab.mustRun(1, 'systemctl', 'start', 'inotify-csync');
    await lab.waitUntilEqual();
  });
});
