import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import Database from 'better-sqlite3';
import {
  certificateWarnings,
  readCertificateFacts,
} from '#src/cli/commands/check-config/host/certificates.js';
import { type ClockFacts, clockWarnings } from '#src/cli/commands/check-config/host/clock.js';
import { readDatabaseFacts } from '#src/cli/commands/check-config/host/database.js';
import {
  type Build,
  type FlavourFacts,
  flavourWarnings,
  readFlavourFacts,
} from '#src/cli/commands/check-config/host/flavours.js';
import { jobWarnings, readJobLines } from '#src/cli/commands/check-config/host/jobs.js';
import { keyWarnings, readKeyFacts } from '#src/cli/commands/check-config/host/keys.js';
import { limitWarnings } from '#src/cli/commands/check-config/host/limits.js';
import { nameWarnings, readNameFacts } from '#src/cli/commands/check-config/host/names.js';
import { portWarnings, readPortFacts } from '#src/cli/commands/check-config/host/port.js';
import {
  readTemporaryDirectoryFacts,
  temporaryDirectoryWarnings,
} from '#src/cli/commands/check-config/host/temporary-directory.js';
import type { LimitAssessment } from '#src/limits/assess.js';

function makeRoot(context: TestContext, files: Record<string, string> = {}): string {
  const root = mkdtempSync(join(tmpdir(), 'host-test-'));
  context.after(() => rmSync(root, { recursive: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

test('jobs that run csync2 beside us, wherever they stand', (context) => {
  const root = makeRoot(context, {
    'etc/crontab': '# csync2 -x\n*/5 * * * * root csync2 -x\n',
    'etc/cron.d/csync2': '0 * * * * root cd / && /usr/sbin/csync2 -N web1 -xv >/dev/null 2>&1\n',
    'etc/cron.daily/audit': '#!/bin/sh\ncsync2 -TT\ncsync2 -L\necho csync2 -x-ray\n',
    'var/spool/cron/crontabs/root': '* * * * * sh -c "csync2 -cr /; csync2 -u"\n',
    'etc/systemd/system/sync.service': '[Service]\nExecStart=/usr/sbin/csync2 -cu\n',
    'etc/systemd/system/other.service': '[Unit]\nConflicts=csync2.socket\n',
    'etc/systemd/system/web.service.d/after.conf':
      '[Service]\nExecStartPost=/usr/sbin/csync2 -x /srv\n',
  });
  assert.deepEqual(placesOfJobs(root), [
    '/etc/crontab:2',
    '/etc/cron.d/csync2:1',
    '/var/spool/cron/crontabs/root:1',
    '/etc/systemd/system/sync.service:2',
    '/etc/systemd/system/web.service.d/after.conf:2',
  ]);
});

test('jobs that call a script which runs csync2', (context) => {
  const root = makeRoot(context, {
    'etc/cron.d/sync':
      '# /usr/local/bin/off.sh\n5 * * * * root /usr/local/bin/sync.sh >/var/log/sync.log 2>&1\n',
    'usr/local/bin/sync.sh': '#!/bin/sh\ncd /\ncsync2 -xv\n',
    'usr/local/bin/off.sh': '#!/bin/sh\ncsync2 -xv\n',
    'var/log/sync.log': 'csync2 -xv\n',
    'etc/systemd/system/nightly.service': '[Service]\nExecStart=-/opt/nightly --now\n',
    'opt/nightly': '#!/bin/bash\n/usr/sbin/csync2 -cr / && /usr/sbin/csync2 -u\n',
  });
  assert.deepEqual(placesOfJobs(root), ['/usr/local/bin/sync.sh:3', '/opt/nightly:2']);
});

test('jobs that are switched off are none', (context) => {
  const root = makeRoot(context, {
    'etc/cron.d/csync2':
      '# 0 4 * * * root csync2 -cr / ; csync2 -T <my-hostname> <peer-hostname>\n',
    'etc/cron.d/csync2.disabled': '* * * * * root csync2 -x\n',
    'etc/cron.daily/csync2.dpkg-old': '#!/bin/sh\ncsync2 -x\n',
    'usr/lib/systemd/system/off.service': '[Service]\nExecStart=csync2 -x\n',
    'usr/lib/systemd/system/off.timer': '[Timer]\nOnCalendar=daily\n',
    'usr/lib/systemd/system/on.service': '[Service]\nExecStart=csync2 -x\n',
    'usr/lib/systemd/system/other.timer': '[Timer]\nOnCalendar=daily\nUnit=on.service\n',
    'etc/systemd/system/timers.target.wants/other.timer': '',
  });
  assert.deepEqual(placesOfJobs(root), ['/usr/lib/systemd/system/on.service:2']);
});

function placesOfJobs(root: string): string[] {
  return jobWarnings(readJobLines(root)).map(({ place }) => place);
}

test('other servers on the port', (context) => {
  const root = makeRoot(context, {
    'etc/inetd.conf': '#csync2 off\ncsync2 stream tcp nowait root /usr/sbin/csync2 csync2 -i\n',
    'etc/xinetd.d/csync2': 'service csync2\n{\n disable = no\n}\n',
    'etc/systemd/system/sockets.target.wants/csync2.socket': '',
    'etc/rc2.d/K01csync2': '',
    'etc/rc3.d/S01csync2': '',
  });
  const warnings = portWarnings(readPortFacts(30_865, true, root));
  assert.deepEqual(
    warnings.map(({ place }) => place),
    [
      '/etc/inetd.conf:2',
      '/etc/xinetd.d/csync2',
      '/etc/systemd/system/sockets.target.wants/csync2.socket',
      '/etc/rc3.d/S01csync2',
    ],
  );
  const clean = makeRoot(context, {
    'etc/inetd.conf': '#<off># csync2 stream tcp nowait root /usr/sbin/csync2 csync2 -i\n',
    'etc/xinetd.d/csync2': 'service csync2\n{\n disable = yes\n}\n',
  });
  assert.deepEqual(portWarnings(readPortFacts(30_865, true, clean)), []);
});

test('whoever listens on the port is named', async (context) => {
  const root = makeRoot(context);
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, resolve));
  context.after(() => server.close());
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  const [warning] = portWarnings(readPortFacts(address.port, false, root));
  assert.match(
    warning?.text ?? '',
    new RegExp(`^TCP port ${address.port} is taken by .* \\(pid ${process.pid}\\)$`),
  );
  assert.deepEqual(portWarnings(readPortFacts(address.port, true, root)), []);
});

test('tempdir: unset, missing, synchronised, on another file system', (context) => {
  const root = makeRoot(context, { 'data/file': '', 'tmp/x': '' });
  const tree = Buffer.from(join(root, 'data'));
  const nothing = { explain: () => 0 as const };
  const everything = { explain: () => 2 as const };
  const texts = (
    path: string | undefined,
    selection: Parameters<typeof readTemporaryDirectoryFacts>[2],
  ) =>
    temporaryDirectoryWarnings(
      readTemporaryDirectoryFacts(path, [tree], selection, '/etc/csync2.cfg'),
    ).map(({ text }) => text);
  assert.match(texts(undefined, nothing)[0] ?? '', /tempdir is not set/);
  assert.match(texts(join(root, 'missing'), nothing)[0] ?? '', /is not a directory/);
  assert.deepEqual(texts(join(root, 'tmp'), nothing), []);
  assert.match(texts(join(root, 'tmp'), everything)[0] ?? '', /is synchronised itself/);
  assert.match(texts('/proc', nothing)[0] ?? '', /another file system than/);
});

test('names that do not resolve', async () => {
  const place = { file: '/etc/csync2.cfg', line: 3 };
  const facts = await readNameFacts([
    { name: 'localhost', place, isOwn: false },
    { name: 'no-such-host.invalid', place, isOwn: false },
    { name: 'no-such-own.invalid', place: undefined, isOwn: true },
  ]);
  const warnings = nameWarnings(facts);
  assert.deepEqual(
    warnings.map(({ place: where }) => where),
    ['/etc/csync2.cfg:3', ''],
  );
  assert.match(warnings[0]?.text ?? '', /^no-such-host\.invalid does not resolve/);
  assert.match(warnings[1]?.text ?? '', /can't bind/);
});

test('names that resolve to this host itself, as Debian has it for its own name', () => {
  const place = { file: '/etc/csync2.cfg', line: 3 };
  const fact = (name: string, address: string, isOwn = false) => ({
    name,
    place: isOwn ? undefined : place,
    isOwn,
    failure: undefined,
    addresses: [address],
  });
  const texts = (...facts: Parameters<typeof nameWarnings>[0]) =>
    nameWarnings(facts).map(({ text }) => text);
  assert.deepEqual(
    texts(fact('web2', '10.0.0.2'), fact('web3', '127.0.0.1'), fact('web1', '127.0.1.1', true)),
    [
      'web3 resolves to 127.0.0.1: that is this host itself, not the peer',
      "web1 resolves to 127.0.1.1: csync2's server binds to that, where no peer can reach it",
    ],
  );
  assert.deepEqual(
    texts(fact('a', '127.0.0.2'), fact('b', '127.0.0.3', true)),
    [],
    'a cluster on one machine',
  );
  assert.equal(texts(fact('web2', '127.0.1.1')).length, 1, 'the only peer');
  assert.deepEqual(texts(fact('127.0.0.2', '127.0.0.2'), fact('web2', '10.0.0.2')), []);
});

test('keys that others can read', (context) => {
  const root = makeRoot(context, { good: 'x', open: 'x' });
  chmodSync(join(root, 'good'), 0o600);
  chmodSync(join(root, 'open'), 0o640);
  const warnings = keyWarnings(
    readKeyFacts([join(root, 'good'), join(root, 'open'), join(root, 'missing')]),
  );
  assert.deepEqual(
    warnings.map(({ place }) => place),
    [join(root, 'open')],
  );
  assert.match(warnings[0]?.text ?? '', /mode 0640/);
  assert.equal(keyWarnings([{ file: '/k', mode: 0o600, uid: 4711 }]).length, 1);
});

const stock: Build = {
  path: '/usr/sbin/csync2',
  version: 'csync2 2.1-0rc1, version 2.0',
  hasNanoseconds: false,
};
const fork: Build = {
  path: '/usr/local/sbin/csync2',
  version: 'csync2 2.1.1',
  hasNanoseconds: true,
};

const flavours: [name: string, facts: Partial<FlavourFacts>, texts: RegExp[]][] = [
  ['one build', {}, []],
  ['a copy of it elsewhere', { others: [{ ...stock, path: '/opt/csync2' }] }, []],
  ['another build beside it', { others: [fork] }, [/another csync2 \(csync2 2\.1\.1\)/]],
  [
    'another server',
    { serverProgram: fork.path },
    [/the running csync2 server is \/usr\/local\/sbin\/csync2/],
  ],
  ['a database of another build', { timeUnit: 'nanoseconds' }, [/was written by another csync2/]],
  ['a database of its own', { timeUnit: 'seconds' }, []],
  ['no csync2 at all', { used: undefined, others: [fork], timeUnit: 'nanoseconds' }, []],
];
for (const [name, facts, texts] of flavours) {
  test(`flavours: ${name}`, () => {
    const all = {
      used: stock,
      others: [],
      serverProgram: undefined,
      timeUnit: undefined,
      ...facts,
    };
    const found = flavourWarnings(all).map(({ text }) => text);
    assert.equal(found.length, texts.length, found.join('\n'));
    for (const [index, shape] of texts.entries()) assert.match(found[index] as string, shape);
  });
}

test('flavours are read from the programs themselves', async (context) => {
  const usage = (version: string, options: string) =>
    `#!/bin/sh\ncat >&2 <<END\n\ncsync2 ${version} - cluster synchronization tool\nVersion: ${version}\n${options}END\nexit 1\n`;
  const root = makeRoot(context, {
    one: usage('2.0', '\t-x   sync\n'),
    two: usage('2.1', '\t-b   batch\n'),
  });
  for (const name of ['one', 'two']) chmodSync(join(root, name), 0o755);
  const one = await readFlavourFacts(join(root, 'one'), undefined);
  assert.deepEqual(
    [one.used?.version, one.used?.hasNanoseconds],
    ['csync2 2.0, version 2.0', false],
  );
  const two = await readFlavourFacts(join(root, 'two'), undefined);
  assert.deepEqual(
    [two.used?.version, two.used?.hasNanoseconds],
    ['csync2 2.1, version 2.1', true],
  );
  assert.equal((await readFlavourFacts(join(root, 'missing'), undefined)).used, undefined);
});

function makeCertificate(root: string, name: string, subject: string): string {
  const [key, certificate] = [join(root, `${name}.key`), join(root, `${name}.pem`)];
  const words = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', subject];
  execFileSync('openssl', [...words, '-keyout', key, '-out', certificate], { stdio: 'pipe' });
  return certificate;
}

function makeDatabase(
  file: string,
  rows: readonly string[],
  pins: Record<string, string> = {},
): void {
  const database = new Database(file);
  database.exec(
    'CREATE TABLE file (filename, checktxt); CREATE TABLE x509_cert (peername, certdata)',
  );
  const add = database.prepare('INSERT INTO file VALUES (?, ?)');
  for (const [index, text] of rows.entries()) add.run(`/srv/data/file%20${index}`, text);
  for (const [peer, data] of Object.entries(pins)) {
    database.prepare('INSERT INTO x509_cert VALUES (?, ?)').run(peer, data);
  }
  database.close();
}

test('certificates with different subjects, and none at all', (context) => {
  const root = makeRoot(context);
  const own = makeCertificate(root, 'csync2_ssl_cert', '/CN=cluster');
  const other = makeCertificate(root, 'other', '/O=Somebody/CN=web2');
  const hex = (file: string) =>
    Buffer.from(readFileSync(file, 'utf8').replace(/-----.*-----|\s/g, ''), 'base64').toString(
      'hex',
    );
  makeDatabase(join(root, 'db3'), [], { web2: hex(other), web3: hex(own), old: hex(other) });
  const pins = readDatabaseFacts(join(root, 'db3'), 0)?.pins ?? [];
  assert.deepEqual(
    pins.map(({ peer, subject }) => `${peer}: ${subject}`),
    ['old: O=Somebody\nCN=web2', 'web2: O=Somebody\nCN=web2', 'web3: CN=cluster'],
  );
  const peers = ['web2', 'web3'];
  const missing = certificateWarnings(readCertificateFacts(root, peers, pins));
  assert.match(missing[0]?.text ?? '', /there is no .*csync2_ssl_key\.pem/);
  symlinkSync(join(root, 'csync2_ssl_cert.key'), join(root, 'csync2_ssl_key.pem'));
  const warnings = certificateWarnings(readCertificateFacts(root, peers, pins));
  assert.deepEqual(
    warnings.map(({ text }) => text),
    [
      'the certificate of web2 is for "O=Somebody, CN=web2", ours for "CN=cluster": GnuTLS refuses it',
    ],
  );
  assert.deepEqual(certificateWarnings(readCertificateFacts(root, [], pins)), []);
});

test('what the database tells: whose it is, and times from the future', (context) => {
  const root = makeRoot(context);
  const now = 1_700_000_000;
  const row = (time: number | string) => `v1:mtime=${time}:mode=33188:uid=0:gid=0:type=reg:size=1`;
  makeDatabase(join(root, 'stock'), [
    row(now - 5),
    row(now + 60),
    'v1:mode=16877:uid=0:gid=0:type=dir',
  ]);
  assert.deepEqual(readDatabaseFacts(join(root, 'stock'), now), {
    pins: [],
    timeUnit: 'seconds',
    ahead: { name: '/srv/data/file 1', seconds: 60 },
  });
  makeDatabase(join(root, 'fork'), [row(`${now - 5}000000000`)]);
  const fromFork = readDatabaseFacts(join(root, 'fork'), now);
  assert.deepEqual([fromFork?.timeUnit, fromFork?.ahead], ['nanoseconds', undefined]);
  makeDatabase(join(root, 'empty'), []);
  assert.equal(readDatabaseFacts(join(root, 'empty'), now)?.timeUnit, undefined);
  assert.equal(readDatabaseFacts(join(root, 'missing'), now), undefined);
  writeFileSync(join(root, 'text'), 'no database\n'.repeat(100));
  assert.equal(readDatabaseFacts(join(root, 'text'), now), undefined);
});

test('clocks matter where times decide', () => {
  const group = (auto: ClockFacts['groups'][number]['auto']) => ({
    name: 'g',
    auto,
    place: { file: '/c', line: 1 },
  });
  const ahead = { name: '/srv/f', seconds: 61 };
  const count = (facts: Partial<ClockFacts>) =>
    clockWarnings({ groups: [group('younger')], isSynchronized: true, ahead: undefined, ...facts })
      .length;
  assert.equal(count({}), 0);
  assert.equal(count({ isSynchronized: undefined }), 0);
  assert.equal(count({ isSynchronized: false }), 1);
  assert.equal(count({ isSynchronized: false, ahead }), 2);
  assert.equal(count({ isSynchronized: false, ahead, groups: [group('none'), group('left')] }), 0);
});

test('limits that are too low, now or at the next boot', () => {
  const limit = { others: 0, recommended: 262_144 };
  const assessment: Pick<LimitAssessment, 'limits' | 'lowered'> = {
    limits: [
      { ...limit, name: 'max_user_watches', current: 8192, needed: 170_000, enough: false },
      { ...limit, name: 'max_user_instances', current: 128, needed: 5, enough: true },
    ],
    lowered: [
      { name: 'max_user_watches', value: 8192, file: '/etc/sysctl.d/99-sysctl.conf', line: 2 },
      { name: 'max_user_instances', value: 128, file: '/etc/sysctl.d/99-sysctl.conf', line: 3 },
    ],
  };
  assert.deepEqual(
    limitWarnings(assessment as LimitAssessment).map(({ place }) => place),
    ['/proc/sys/fs/inotify/max_user_watches', '/etc/sysctl.d/99-sysctl.conf:2'],
  );
});
