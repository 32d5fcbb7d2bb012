import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { encodeName } from '#src/csync2/files/name-encoding.js';
import { ManagedServer, ServerStartError } from '#src/csync2/server/server.js';
import { PortTakenError } from '#src/csync2/server/server-port.js';
import { Activity } from '#src/csync2/sessions/activity.js';
import { SessionProbe } from '#src/csync2/sessions/session-probe.js';
import { childrenOf } from '#src/proc/process.js';
import {
  type CsyncNode,
  listens,
  makeCluster,
  sessionsOf,
  until,
} from '../../support/csync2-cluster.js';
import { WireClient } from '../../support/csync2-wire.js';

describe('managed server', () => {
  test('listens when it says so, takes files, and is gone when stopped', async (context) => {
    const { node, other, server } = await setUp(context);
    assert.equal(server.state, 'stopped');
    await server.start();
    assert.equal(server.state, 'listening');
    assert.ok(listens(node.name, node.port));
    other.write('file', 'text');
    other.csync2('-cr', '/');
    other.csync2('-u');
    assert.equal(node.read('file'), 'text');
    const { pid } = server;
    await server.stop();
    assert.equal(server.state, 'stopped');
    assert.ok(!listens(node.name, node.port));
    assert.equal(isAlive(pid), false);
  });

  test('killed, it comes back, and says why it was away', async (context) => {
    const { node, server, ended } = await setUp(context);
    await server.start();
    for (let kill = 1; kill <= 2; kill++) {
      const before = server.pid as number;
      process.kill(before, 'SIGKILL');
      await until(() => ended.length === kill, 'the end to be noticed');
      assert.equal(server.state, 'restarting');
      await until(() => server.state === 'listening', 'the server to be back');
      assert.notEqual(server.pid, before);
      assert.ok(listens(node.name, node.port));
    }
    assert.match(ended[0] as string, /\S/);
  });

  test('killed while it serves: back, although the session that goes on has inherited its socket', async (context) => {
    const { node, server, ended } = await setUp(context);
    await server.start();
    const session = await openSession(context, node);
    await until(() => server.sessions().length === 1, 'the session');
    const [pid] = server.sessions() as [number];
    context.after(() => end(pid));
    process.kill(server.pid as number, 'SIGKILL');
    await until(() => ended.length === 1, 'the end to be noticed');
    await until(
      () => server.state === 'listening',
      'the server to be back while the session is open',
      20,
    );
    session.destroy();
  });

  test('a session that outlives its server is still a session', async (context) => {
    const { node, server, ended } = await setUp(context);
    await server.start();
    const session = await openSession(context, node);
    await until(() => server.sessions().length === 1, 'the session');
    const [pid] = server.sessions() as [number];
    context.after(() => end(pid));
    process.kill(server.pid as number, 'SIGKILL');
    await until(() => ended.length === 1, 'the end to be noticed');
    assert.ok(isAlive(pid), 'csync2 lets it go on');
    assert.deepEqual(
      server.sessions(),
      [pid],
      'half-received files would be taken for local changes',
    );
    session.destroy();
  });

  test('a port that is taken: the error names the holder', async (context) => {
    const { node, server } = await setUp(context);
    const holder = createServer().listen(node.port, node.name);
    context.after(() => holder.close());
    await new Promise((resolve) => holder.once('listening', resolve));
    await assert.rejects(server.start(), (error: Error) => {
      assert.ok(error instanceof PortTakenError);
      assert.match(error.message, new RegExp(`${node.port}.*node.*${process.pid}`));
      return true;
    });
    assert.equal(server.state, 'stopped');
    holder.close();
    await until(() => !listens(node.name, node.port), 'the port to be free');
    await server.start();
    assert.equal(server.state, 'listening');
  });

  test('a port whose holder is just going is waited for', async (context) => {
    const { node, server } = await setUp(context);
    const holder = createServer().listen(node.port, node.name);
    await new Promise((resolve) => holder.once('listening', resolve));
    const started = server.start();
    setTimeout(() => holder.close(), 300);
    await started;
    assert.equal(server.state, 'listening');
  });

  test('sessions of a server that died with us are waited for, and ended if they hang', async (context) => {
    const { node, server } = await setUp(context);
    // Not a server of ours: we have not ended with it.
    await node.startServer();
    const before = node.serverPid as number;
    const [brief, hanging] = [await openSession(context, node), await openSession(context, node)];
    await until(() => sessionsOf(before).length === 2, 'the sessions');
    const sessions = sessionsOf(before);
    process.kill(before, 'SIGKILL');
    const started = server.start();
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.ok(sessions.every(isAlive), 'a session that goes on is left alone at first');
    brief.destroy();
    await started;
    assert.equal(server.state, 'listening');
    await server.stop();
    hanging.destroy();
    assert.deepEqual(sessions.map(commandOf), ['', '']);
  });

  test('another csync2 server is left alone, whatever it serves', async (context) => {
    const { node, server } = await setUp(context);
    await node.startServer();
    const session = await openSession(context, node);
    await until(() => sessionsOf(node.serverPid as number).length === 1, 'the session');
    await assert.rejects(server.start(), PortTakenError);
    session.destroy();
  });

  test('a server that cannot start says what csync2 said', async (context) => {
    const { node, logFile } = await setUp(context);
    const silent = new ManagedServer({ ...node.instance, program: '/nowhere/csync2' }, logFile);
    await assert.rejects(silent.start(), ServerStartError);
    assert.equal(silent.state, 'stopped');
    const failing = node.wrapProgram('echo "Cannot, because of this." >&2; exit 1');
    await assert.rejects(new ManagedServer(failing, logFile).start(), /Cannot, because of this/);
  });

  test('killed before it listens, it is started again; always killed, another time may do', async (context) => {
    const { node, logFile } = await setUp(context);
    const count = join(node.systemDirectory, 'starts');
    const killed = node.wrapProgram(
      `echo >>'${count}'; [ "$(wc -l <'${count}')" -gt 2 ] || kill -KILL $$; exec csync2 "$@"`,
    );
    const server = new ManagedServer(killed, logFile);
    context.after(() => server.stop());
    await server.start();
    assert.equal(server.state, 'listening');
    await server.stop();
    const always = new ManagedServer(node.wrapProgram('kill -KILL $$'), logFile);
    await assert.rejects(always.start(), { name: 'ServerStartError', exitCode: 75 });
    assert.equal(always.state, 'stopped');
  });

  test('killed while its log has been removed: back all the same, with a new log', async (context) => {
    const { node, server, ended, logFile } = await setUp(context);
    await server.start();
    rmSync(logFile);
    process.kill(server.pid as number, 'SIGKILL');
    await until(() => ended.length === 1, 'the end to be noticed', 10);
    await until(() => server.state === 'listening', 'the server to be back', 10);
    assert.ok(listens(node.name, node.port));
  });

  test('stopped while it waits to start again, it stays stopped', async (context) => {
    const { node, server, ended } = await setUp(context);
    await server.start();
    process.kill(server.pid as number, 'SIGKILL');
    await until(() => ended.length === 1, 'the end to be noticed');
    await server.stop();
    await new Promise((resolve) => setTimeout(resolve, 1200));
    assert.equal(server.state, 'stopped');
    assert.ok(!listens(node.name, node.port));
  });

  test('stopped in the very moment of its new start, it stays stopped', async (context) => {
    const { node, server, ended } = await setUp(context);
    await server.start();
    process.kill(server.pid as number, 'SIGKILL');
    await until(() => ended.length === 1 && server.pid !== undefined, 'the new start');
    await server.stop();
    assert.equal(server.state, 'stopped');
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.equal(server.state, 'stopped');
    assert.ok(!listens(node.name, node.port));
  });

  test('the log is bounded, and goes on after it has been emptied', async (context) => {
    const { node, server, logFile } = await setUp(context);
    await server.start();
    truncateSync(logFile, 15 * 1024 * 1024);
    server.releaseSessions();
    assert.equal(statSync(logFile).size, 15 * 1024 * 1024);
    truncateSync(logFile, 17 * 1024 * 1024);
    server.releaseSessions();
    assert.equal(statSync(logFile).size, 0);
    (await openSession(context, node)).destroy();
    await until(() => readFileSync(logFile, 'utf8').includes('New connection'), 'the next line');
    assert.ok(!readFileSync(logFile).includes(0), 'no hole at the beginning');
  });
});

describe('gate of the managed server', () => {
  test('closed, it lets nobody in and loses nobody; open ones go on', async (context) => {
    const { node, other, server } = await setUp(context);
    await server.start();
    other.write('file', 'text');
    other.csync2('-cr', '/');
    server.holdSessions();
    const push = spawn(
      'csync2',
      ['-N', other.name, '-p', String(node.port), '-D', other.databaseDirectory, '-u'],
      {
        env: { ...process.env, CSYNC2_SYSTEM_DIR: other.systemDirectory },
        stdio: 'ignore',
      },
    );
    const done = new Promise((resolve) => push.once('exit', resolve));
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.deepEqual(server.sessions(), []);
    assert.equal(push.exitCode, null);
    server.releaseSessions();
    assert.equal(await done, 0);
    assert.equal(node.read('file'), 'text');
  });

  test('closed when it is stopped: it ends', async (context) => {
    const { node, server } = await setUp(context);
    await server.start();
    server.holdSessions();
    await server.stop();
    assert.ok(!listens(node.name, node.port));
  });

  test('closed and opened while the server dies: no error at any moment', async (context) => {
    const { server, ended } = await setUp(context);
    await server.start();
    for (let kill = 1; kill <= 3; kill++) {
      process.kill(server.pid as number, 'SIGKILL');
      while (ended.length < kill) {
        server.holdSessions();
        await new Promise(setImmediate);
        server.releaseSessions();
        await new Promise(setImmediate);
      }
      await until(() => server.state === 'listening', 'the server to be back');
    }
  });
});

describe('activity of the server', () => {
  test('a session is seen while a client is connected, and no longer', async (context) => {
    const { node, server, activity } = await setUp(context);
    await server.start();
    assert.deepEqual(activity.openSessions(), []);
    const one = await openSession(context, node);
    const two = await openSession(context, node);
    await until(() => activity.sessions().size === 2, 'both in the log');
    assert.equal(activity.openSessions().length, 2);
    // A process may be there before its first message.
    const from = () => [...activity.sessions().values()].map((session) => session.from).join();
    await until(() => from() === '127.0.0.1,127.0.0.1', 'both to be named');
    one.destroy();
    await until(() => activity.openSessions().length === 1, 'one to end');
    two.destroy();
    await until(() => activity.openSessions().length === 0, 'both to end');
    assert.equal(activity.sessions().size, 0);
    assert.equal(await activity.quiet(10), true);
  });

  test('who has not said who he is, or only waits, is not waited for; who sends is', async (context) => {
    const { node, other, server, activity } = await setUp(context);
    await server.start();
    const client = await wireClient(context, node, other);
    await until(() => activity.sessions().size === 1, 'the session');
    assert.deepEqual(
      [activity.busySessions(), activity.receiving()[0]?.phase],
      [[], 'unidentified'],
    );
    assert.equal(await activity.quiet(60), true);
    await client.greet(other.name);
    await until(() => activity.receiving()[0]?.phase === 'idle', 'it to wait for the peer');
    assert.deepEqual(activity.busySessions(), []);
    await client.beginPatch(key, '%25data%25/large');
    client.socket.write('octet-stream 1000000\nabc');
    await until(() => activity.busySessions().length === 1, 'it to receive');
    assert.equal(await activity.quiet(0.3), false);
    const quiet = activity.quiet(60);
    client.socket.destroy();
    assert.equal(await quiet, true);
  });

  test('a session that is to replace a directory with something in it awaits the file for ever, and its peer an answer', async (context) => {
    const { node, other, server, activity } = await setUp(context);
    await server.start();
    node.write('directory/file', 'text');
    node.csync2('-cIr', '/');
    const client = await wireClient(context, node, other);
    await client.greet(other.name);
    await client.beginPatch(key, '%25data%25/other');
    const isAtImpasse = () => activity.staying().some((session) => session.isAtImpasse);
    assert.equal(isAtImpasse(), false);
    client.socket.destroy();
    const second = await wireClient(context, node, other);
    await second.greet(other.name);
    await second.beginPatch(key, '%25data%25/directory');
    await until(isAtImpasse, 'it to say so');
  });

  test('quiet gives up when it is told', async (context) => {
    const { node, other, server, activity } = await setUp(context);
    await server.start();
    const client = await wireClient(context, node, other);
    await client.greet(other.name);
    await client.beginPatch(key, '%25data%25/large');
    client.socket.write('octet-stream 1000000\nabc');
    await until(() => activity.busySessions().length === 1, 'it to receive');
    const abort = new AbortController();
    const waiting = activity.quiet(60, abort.signal);
    abort.abort();
    assert.equal(await waiting, false);
    assert.equal(await activity.quiet(60, abort.signal), false, 'aborted before');
  });

  test('a session that is killed does not block for ever, and is broken', async (context) => {
    const { node, other, server, activity } = await setUp(context);
    await server.start();
    const client = await wireClient(context, node, other);
    await client.greet(other.name);
    assert.match(await client.patch(key, '%25data%25/half', 'text'), /^OK/);
    await client.beginPatch(key, '%25data%25/large');
    client.socket.write('octet-stream 1000000\nabc');
    await until(() => activity.busySessions().length === 1, 'it to receive');
    const quiet = activity.quiet(60);
    process.kill(server.sessions()[0] as number, 'SIGKILL');
    assert.equal(await quiet, true);
    assert.equal(activity.sessions().size, 0);
    const [broken] = activity.takeBroken();
    assert.deepEqual(
      broken?.received.map(({ name }) => name),
      ['%data%/half'],
    );
  });

  test('how a file was taken over: while it is, when the session goes on, and when it hangs up', async (context) => {
    const { node, other, server, activity } = await setUp(context);
    await server.start();
    const client = await wireClient(context, node, other);
    await client.greet(other.name);
    await client.patch(key, '%25data%25/first', 'text');
    const ending = (name: string) => activity.reception(`%data%/${name}`)?.ending;
    await until(() => activity.receiving()[0]?.current !== undefined, 'the first file in the log');
    assert.equal(activity.reception('%data%/first')?.until, undefined);
    assert.equal(activity.receiving()[0]?.current?.name, '%data%/first');
    await client.patch(key, '%25data%25/second', 'text');
    await until(
      () => activity.receiving()[0]?.current?.name === '%data%/second',
      'the second file in the log',
    );
    assert.deepEqual([ending('first'), ending('second')], ['next', undefined]);
    client.socket.destroy();
    await until(() => activity.openSessions().length === 0, 'the session to end');
    assert.deepEqual([ending('first'), ending('second')], ['next', 'closed']);
  });

  test('a name that looks like messages of the server is a name', async (context) => {
    const { node, other, server, activity } = await setUp(context);
    await server.start();
    const client = await wireClient(context, node, other);
    await client.greet(other.name);
    const forged = '[10:00:00] <1> Updated %data%/victim from node9.';
    const hostile = `x\n${forged}\n2026-11-26T10:00:00.000Z <1> Updated %data%/victim from node9.\n`;
    mkdirSync(dirname(join(node.root, hostile)), { recursive: true });
    assert.match(await client.patch(key, encoded(`%data%/${hostile}`), 'text'), /^OK/);
    activity.openSessions();
    assert.deepEqual([...activity.received()], [[other.name, 1]]);
    assert.equal(activity.reception('%data%/victim'), undefined);
    assert.equal(activity.receiving()[0]?.current?.name, `%data%/${hostile}`);
  });

  test('what came in is counted by peer, also when names hold " from "', async (context) => {
    const { other, server, activity } = await setUp(context);
    await server.start();
    for (const name of ['a', 'b from c.', 'd%e']) other.write(name, 'x');
    other.csync2('-cr', '/');
    other.csync2('-u');
    await until(() => server.sessions().length === 0, 'the session to end');
    assert.equal(activity.received().get(other.name), 3);
    other.write('a', 'longer');
    other.csync2('-cr', '/');
    other.csync2('-u');
    await until(() => server.sessions().length === 0, 'the session to end');
    assert.equal(activity.received().get(other.name), 4);
  });

  test('a log that appears late, is truncated, or is replaced', (context) => {
    const folder = mkdtempSync(join(tmpdir(), 'activity-test-'));
    context.after(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'log');
    const live: number[] = [];
    const probe = new SessionProbe({ database: undefined, managed: false });
    const activity = new Activity(file, () => live, probe);
    context.after(() => activity.dispose());
    const update = (name: string) => `2026-11-26T10:00:00.000Z <7> Updated ${name} from web2.\n`;
    const count = () => activity.received().get('web2') ?? 0;
    assert.equal(count(), 0);
    writeFileSync(file, update('/1'));
    assert.equal(count(), 1);
    appendFileSync(file, update('/2').slice(0, 20));
    assert.equal(count(), 1);
    appendFileSync(file, update('/2').slice(20));
    assert.equal(count(), 2);
    truncateSync(file, 0);
    assert.equal(count(), 2);
    appendFileSync(file, update('/3'));
    assert.equal(count(), 3);
    appendFileSync(file, update('/4'));
    renameSync(file, `${file}.1`);
    writeFileSync(file, update('/5'));
    assert.equal(count(), 5, 'what was written between our last look and the rotation counts too');
    rmSync(file);
    assert.equal(count(), 5);
    live.push(process.pid);
    assert.deepEqual(activity.openSessions(), [process.pid], 'without a log the processes say it');
  });

  test('the children of a process, and of one that is gone', () => {
    const child = spawn('sleep', ['60'], { stdio: 'ignore' });
    assert.ok(childrenOf(process.pid).includes(child.pid as number));
    child.kill('SIGKILL');
    assert.deepEqual(childrenOf(2 ** 22 + 1), []);
  });
});

/** Two nodes; the server of the first is ours, and is not started yet. */
async function setUp(context: TestContext) {
  const [node, other] = (await makeCluster(context)) as [CsyncNode, CsyncNode];
  const ended: string[] = [];
  const server = new ManagedServer(node.instance, node.logFile, {
    onEnded: (why) => ended.push(why),
  });
  const probe = new SessionProbe({ database: node.databaseFile, managed: true });
  const activity = new Activity(node.logFile, server.sessions, probe);
  context.after(async () => {
    const sessions = server.pid === undefined ? [] : sessionsOf(server.pid);
    await server.stop();
    activity.dispose();
    for (const pid of sessions) end(pid);
  });
  return { node, other, server, activity, ended, logFile: node.logFile };
}

/** A client that speaks as the other node. */
function wireClient(context: TestContext, node: CsyncNode, other: CsyncNode): Promise<WireClient> {
  return WireClient.connect(context, {
    host: node.name,
    port: node.port,
    localAddress: other.name,
  });
}

/** As a name goes over the wire. */
function encoded(name: string): string {
  return encodeName(Buffer.from(name, 'latin1')).toString('latin1');
}

/** That of `makeCluster`. */
const key = 'k'.repeat(64);

/** A connection that says nothing keeps a session open. */
async function openSession(context: TestContext, node: CsyncNode): Promise<Socket> {
  const socket = connect(node.port, node.name);
  socket.on('error', () => {});
  context.after(() => socket.destroy());
  await new Promise((resolve) => socket.once('connect', resolve));
  return socket;
}

/** A process's command line; empty if it is gone, or dead and not yet collected. */
function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    return '';
  }
}

function isAlive(pid: number | undefined): boolean {
  try {
    return pid !== undefined && process.kill(pid, 0);
  } catch {
    return false;
  }
}

function end(pid: number): void {
  if (isAlive(pid)) process.kill(pid, 'SIGKILL');
}
