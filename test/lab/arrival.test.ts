import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { Lab } from '../support/lab.js';

// A change on any host is on every other one.
for (const hosts of [2, 3]) {
  describe(`${hosts} hosts`, () => {
    let lab: Lab;
    before(async () => {
      lab = await Lab.started(hosts);
    });
    after(() => lab?.down());

    const changes: readonly [name: string, script: string][] = [
      ['a new file', 'echo one > file'],
      ['a rewritten file', 'echo another text > file'],
      ['a longer file', 'echo more >> file'],
      ['other permissions', 'chmod 4711 file'],
      ['another owner', 'chown 1234:2345 file'],
      ['an older time', 'touch -d "2001-02-03 04:05:06" file'],
      ['a file of no bytes', ': > empty'],
      ['a file of 3 MiB', 'head -c 3145728 /dev/urandom > large'],
      ['a new directory with a file', 'mkdir directory && echo two > directory/inside'],
      ['permissions of a directory', 'chmod 2750 directory'],
      ['a symbolic link', 'ln -s directory/inside link'],
      ['a symbolic link that leads elsewhere', 'ln -sfn nowhere link'],
      ['a hard link', 'ln file second-name'],
      ['a FIFO', 'mkfifo fifo'],
      ['a renamed file', 'mv file renamed'],
      ['a renamed directory', 'mv directory moved'],
      ['a file in the place of a directory', 'rm -r moved && echo three > moved'],
      ['a directory in the place of a file', 'rm moved && mkdir moved && echo four > moved/four'],
      ['a deleted file', 'rm renamed'],
      ['a deleted directory', 'rm -r moved'],
    ];
    for (const [name, script] of changes) {
      test(name, async () => {
        await lab.bash(1, `cd /srv/data; ${script}`);
        await lab.waitUntilEqual();
      });
    }

    test('changes on each host', async () => {
      for (const { number } of lab.nodes)
        await lab.bash(number, `echo ${number} > /srv/data/from-${number}`);
      await lab.waitUntilEqual();
      for (const { number, data } of lab.nodes) {
        assert.equal(readFileSync(`${data}/from-${number}`, 'utf8'), `${number}\n`);
      }
    });

    test('ten texts of one length within one second: the last one counts', async () => {
      await lab.bash(
        1,
        'for i in 0 1 2 3 4 5 6 7 8 9; do echo $i > /srv/data/counter; sleep 0.04; done',
      );
      await lab.waitUntilEqual();
      for (const { data } of lab.nodes)
        assert.equal(readFileSync(`${data}/counter`, 'utf8'), '9\n');
    });

    test('an excluded name stays at home', async () => {
      await lab.configure('exclude *.tmp;');
      for (const { number } of lab.nodes)
        await lab.mustRun(number, 'systemctl', 'restart', 'inotify-csync');
      await lab.bash(1, 'echo x > /srv/data/kept.tmp; echo y > /srv/data/sent');
      const peers = lab.nodes.slice(1);
      await lab.waitFor('the other file to arrive', () =>
        peers.every(({ data }) => existsSync(`${data}/sent`)),
      );
      for (const { data } of peers) assert.equal(existsSync(`${data}/kept.tmp`), false);
      await lab.bash(1, 'rm /srv/data/kept.tmp');
      await lab.waitUntilEqual();
    });
  });
}
