import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { Lab } from '../support/lab.js';

interface BadInput {
  readonly name: string;
  /** A bash script that spoils something on the host. */
  readonly spoil?: string;
  /** And one that fixes it again. */
  readonly fix?: string;
  /** Options in /etc/default/inotify-csync. */
  readonly options?: string;
  /** sysexits(3). */
  readonly exitCode: number;
  /** What the journal has to say, and what to do. */
  readonly says: RegExp;
  readonly advises: RegExp;
}

const cfg = '/etc/csync2.cfg';
const withLine = (line: string) => `sed -i 's|^  auto none;|  ${line}|' ${cfg}`;

const badInputs: readonly BadInput[] = [
  {
    name: 'csync2.cfg is missing',
    spoil: `rm ${cfg}`,
    exitCode: 66,
    says: /\/etc\/csync2\.cfg/,
    advises: /create it/,
  },
  {
    name: 'csync2.cfg is broken',
    spoil: withLine('autoo none;'),
    exitCode: 78,
    says: /\/etc\/csync2\.cfg:6: .*autoo/,
    advises: /auto/,
  },
  {
    name: 'the host is in no group',
    spoil: `sed -i 's|node1 node2|a b|' ${cfg}`,
    exitCode: 78,
    says: /node1.* is in no group/,
    advises: /-N NAME/,
  },
  {
    name: 'an included root is missing',
    spoil: withLine('include /srv/nothing;'),
    exitCode: 66,
    says: /\/srv\/nothing.*does not exist/,
    advises: /mount it or create it/,
  },
  {
    name: 'csync2 is missing',
    spoil: 'mv /usr/sbin/csync2 /usr/sbin/csync2.away',
    fix: 'mv /usr/sbin/csync2.away /usr/sbin/csync2',
    exitCode: 69,
    says: /csync2/,
    advises: /install/,
  },
  {
    name: 'the port is taken',
    spoil:
      'systemd-run --quiet --unit=other csync2 -ii; until ss -ltn | grep -q :30865; do sleep 0.1; done',
    fix: 'systemctl stop other',
    exitCode: 69,
    says: /30865 is taken/,
    advises: /stop the other server/,
  },
  {
    name: "the queue's directory can't be written",
    options: '--queue-file /proc/nothing/queue.log',
    exitCode: 73,
    says: /\/proc\/nothing/,
    advises: /--queue-file/,
  },
  {
    name: 'an unknown option',
    options: '--chek-interval 3',
    exitCode: 64,
    says: /chek-interval/,
    advises: /--check-interval/,
  },
  {
    name: 'an unknown setting in the file',
    spoil: 'echo "chek_interval = 3" > /etc/inotify-csync.toml',
    fix: 'rm /etc/inotify-csync.toml',
    exitCode: 78,
    says: /chek_interval/,
    advises: /check_interval/,
  },
  {
    name: 'a setting that is no number',
    options: '--check-interval soon',
    exitCode: 64,
    says: /soon/,
    advises: /seconds/,
  },
];

describe('bad input ends the service with a clear line, an exit code and nothing half-started', () => {
  let lab: Lab;
  before(async () => {
    lab = await Lab.boot(2);
  });
  after(() => lab?.down());

  for (const { name, spoil, fix, options, exitCode, says, advises } of badInputs) {
    test(name, async () => {
      const { root } = lab.node(1);
      await lab.configure();
      writeFileSync(`${root}/etc/default/inotify-csync`, `OPTIONS=${options ?? ''}\n`);
      if (spoil) await lab.bash(1, spoil);
      const cursor = (await lab.journal(1)).length;
      try {
        const { code } = await lab.run(1, 'systemctl', 'start', 'inotify-csync');
        assert.notEqual(code, 0, 'systemctl start must fail');
        const said = (await lab.journal(1))
          .slice(cursor)
          .filter((line) => line.includes(' inotify-csync['));
        assert.equal(await show('ExecMainStatus'), String(exitCode), said.join('\n'));
        assert.equal(await show('ActiveState'), 'failed', 'systemd must not try it again');
        assert.match(said.join('\n'), says);
        assert.match(said.join('\n'), advises);
        assert.doesNotMatch(said.join('\n'), /\n\s+at /, 'no stack');
        const left = await lab.run(1, 'pgrep', '-f', '^/usr/bin/node .*inotify-csync');
        assert.equal(left.stdout, '');
      } finally {
        if (fix) await lab.bash(1, fix);
        await lab.run(1, 'systemctl', 'reset-failed', 'inotify-csync');
      }
    });
  }

  test('and all fixed, it starts', async () => {
    await lab.configure();
    writeFileSync(`${lab.node(1).root}/etc/default/inotify-csync`, '');
    await lab.mustRun(1, 'systemctl', 'start', 'inotify-csync');
    assert.equal(await show('ActiveState'), 'active');
  });

  async function show(property: string): Promise<string> {
    return (await lab.mustRun(1, 'systemctl', 'show', '-P', property, 'inotify-csync')).trim();
  }
});
