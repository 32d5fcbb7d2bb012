import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { readHandler } from '#src/daemon/read-handler.js';
import { askDaemon } from '#src/observe/control-client.js';
import { readRequestBytesLimit } from '#src/observe/control-protocol.js';
import { ControlServer } from '#src/observe/control-server.js';
import { shareDirectory } from '#src/observe/share-directory.js';
import { runCommand } from '../support/command.js';

const skip = process.geteuid?.() !== 0 && 'only root can become somebody else';
/** No group of any machine. */
const group = 65_531;

describe('the read socket', { skip }, () => {
  test('is open to the group and to root, and the control socket to root alone', async (context) => {
    const { control, read } = await setUp(context);
    assert.equal(statSync(read).mode & 0o7777, 0o660);
    assert.equal(statSync(read).gid, group);
    const member = ['--reuid=65534', '--regid=65534', `--groups=${group}`];
    const stranger = ['--reuid=65534', '--regid=65534', '--clear-groups'];
    assert.match(await asked(member, read), /^{"ok":true,"result":{"is":"status"}}/);
    assert.match(await asked(member, control), /^EACCES/);
    assert.match(await asked(stranger, read), /^EACCES/);
    assert.match(await asked(stranger, control), /^EACCES/);
    assert.deepEqual(await askDaemon(read, { command: 'status' }), { is: 'status' });
  });

  test('answers what shows something, and nothing that acts', async (context) => {
    const { read } = await setUp(context);
    assert.deepEqual(await askDaemon(read, { command: 'metrics' }), [{ is: 'metrics' }]);
    for (const request of [
      { command: 'check' },
      { command: 'check', paths: ['/srv'] },
      { command: 'retry' },
      { command: 'pause' },
      { command: 'resume' },
      { command: 'flush', seconds: 0 },
      { command: 'verify', repair: false },
      { command: 'reload' },
      { command: 'accept-root', path: '/srv' },
    ] as const) {
      const refused = {
        code: 'ICS_READ_ONLY',
        exitCode: 77,
        message: `${request.command} is for root only`,
      };
      await assert.rejects(askDaemon(read, request), refused);
    }
  });

  test('takes only small requests', async (context) => {
    const { read } = await setUp(context);
    const paths = [`/${'x'.repeat(readRequestBytesLimit)}`];
    const refused = { code: 'ICS_REQUEST_TOO_LONG', message: /longer than 4096 bytes/ };
    await assert.rejects(askDaemon(read, { command: 'check', paths }), refused);
  });
});

describe('the directory of the sockets', { skip }, () => {
  test('lets the group through, and shows it nothing else', async (context) => {
    const { folder, run } = await setUp(context);
    chmodSync(folder, 0o755);
    const { mode, gid, uid } = statSync(run);
    assert.deepEqual([mode & 0o7777, gid, uid], [0o710, group, 0]);
    const listed = spawnSync('setpriv', [
      ...['--reuid=65534', '--regid=65534', `--groups=${group}`],
      ...['sh', '-c', `ls '${run}' 2>&1; touch '${run}/x' 2>&1`],
    ]);
    assert.equal(
      String(listed.stdout).match(/Permission denied/g)?.length,
      2,
      String(listed.stdout),
    );
  });

  test('is left alone if others can enter it already, or if it is a link or a file', (context) => {
    const folder = folderFor(context);
    const open = join(folder, 'open');
    mkdirSync(open);
    for (const mode of [0o755, 0o750, 0o711, 0o1777]) {
      chmodSync(open, mode);
      shareDirectory(open, group);
      assert.deepEqual([statSync(open).mode & 0o7777, statSync(open).gid], [mode, 0]);
    }
    const own = join(folder, 'own');
    mkdirSync(own, { mode: 0o700 });
    symlinkSync(own, join(folder, 'link'));
    writeFileSync(join(folder, 'file'), '');
    assert.throws(() => shareDirectory(join(folder, 'link'), group));
    assert.throws(() => shareDirectory(join(folder, 'file'), group));
    assert.equal(lstatSync(own).mode & 0o7777, 0o700);
  });
});

/** The two sockets, as the daemon makes them. */
async function setUp(context: TestContext) {
  const folder = folderFor(context);
  const run = join(folder, 'run');
  mkdirSync(run, { mode: 0o700 });
  shareDirectory(run, group);
  const [control, read] = [join(run, 'control.sock'), join(run, 'status.sock')];
  const handler = readHandler({
    status: () => ({ is: 'status' }),
    metrics: () => [{ is: 'metrics' }],
  });
  const access = { group, longestRequest: readRequestBytesLimit };
  const servers = [
    await ControlServer.listen(control, (request) => request),
    await ControlServer.listen(read, handler, undefined, access),
  ];
  context.after(() => Promise.all(servers.map((server) => server.close())));
  return { folder, run, control, read };
}

function folderFor(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'read-socket-'));
  chmodSync(folder, 0o711);
  context.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** What somebody gets who asks for the status, or why he cannot ask. */
async function asked(who: readonly string[], path: string): Promise<string> {
  const script = `
    const client = require('node:net').connect(process.argv[1], () => client.write('{"command":"status"}\\n'));
    client.once('data', (reply) => { console.log(String(reply)); client.destroy(); });
    client.once('error', ({ code }) => console.log(code));`;
  const { stdout } = await runCommand(['setpriv', ...who, process.execPath, '-e', script, path]);
  return stdout;
}
