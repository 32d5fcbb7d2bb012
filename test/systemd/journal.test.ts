import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { fstatSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { createLog } from '#src/observe/log.js';
import { encodeEntry, openJournal } from '#src/systemd/journal.js';

test('fields are serialized as the protocol says, bytes as they are', () => {
  const path = Buffer.from([0x2f, 0xff, 0x3d, 0x0a, 0xfe]);
  const length = Buffer.from([5, 0, 0, 0, 0, 0, 0, 0]);
  assert.deepEqual(
    encodeEntry({
      MESSAGE: 'Größe=1',
      FILES: 3,
      PEER: undefined,
      PATH: path,
      ROOT: Buffer.from([0xff]),
    }),
    Buffer.concat([
      Buffer.from('MESSAGE=Größe=1\nFILES=3\nPATH\n'),
      length,
      path,
      Buffer.from('\nROOT='),
      Buffer.from([0xff]),
      Buffer.from('\n'),
    ]),
  );
});

test('an entry arrives; one that is too large for a datagram arrives in a sealed memory file', async (context) => {
  const { socket, receive } = await receiver(context);
  const journal = openJournal(socket);
  assert.ok(journal);
  assert.ok(journal.send({ MESSAGE: 'small', PATH: Buffer.from([0xff, 0x0a]) }));
  const small = await receive();
  assert.equal(small.how, 'datagram');
  assert.ok(small.entry.startsWith('MESSAGE=small\nPATH\n\x02\0\0\0\0\0\0\0\xff\n\n'), small.entry);
  const long = 'x'.repeat(3_000_000);
  assert.ok(journal.send({ MESSAGE: long }));
  const large = await receive();
  // F_SEAL_SEAL, SHRINK, GROW, WRITE (fcntl(2)).
  assert.equal(large.how, 'memory file, seals 15');
  assert.ok(large.entry.startsWith(`MESSAGE=${long}\n`));
});

test('without a socket entries go to stderr with their priority, one line each', () => {
  const { stderr } = logged(
    '/nowhere/socket',
    "log.warn('first\\nsecond', { peer: 'web2' }); log.debug('no')",
  );
  assert.equal(stderr, '<4>first | second\n');
});

test('the log writes levels, fields and ids', async (context) => {
  const { socket, receive } = await receiver(context);
  const journal = openJournal(socket);
  const log = createLog('info', journal);
  log.error('web2 is away', {
    event: 'peerDown',
    peer: 'web2',
    files: 3,
    milliseconds: 12.7,
    reason: 'refused',
  });
  const { entry } = await receive();
  assert.deepEqual(entry.split('\n').slice(0, 8), [
    'MESSAGE=web2 is away',
    'PRIORITY=3',
    'SYSLOG_IDENTIFIER=inotify-csync',
    'MESSAGE_ID=0115549d54f54f8799860867d618b0b2',
    'PEER=web2',
    'FILES=3',
    'DURATION_MS=13',
    'REASON=refused',
  ]);
});

test('a stderr that is not the journal gets lines with a time', () => {
  const { stderr } = logged(undefined, "log.info('text')");
  assert.match(stderr, /^\d{4}-\S+Z info: text\n$/);
});

/** What a process of its own writes, whose stderr is the journal's stream if there is a socket. */
function logged(socket: string | undefined, action: string): { stderr: string } {
  const modules = new URL('../../../dist/', import.meta.url);
  const program = `
    import { fstatSync } from 'node:fs';
    const { dev, ino } = fstatSync(2);
    ${socket ? `process.env.JOURNAL_STREAM = dev + ':' + ino;` : ''}
    const { createLog } = await import('${modules}observe/log.js');
    const { openJournal } = await import('${modules}systemd/journal.js');
    const log = createLog('info', openJournal('${socket}'));
    ${action}`;
  const environment = { ...process.env, JOURNAL_STREAM: undefined };
  const { stderr, status } = spawnSync(
    process.execPath,
    ['--input-type=module', '--eval', program],
    {
      encoding: 'utf8',
      env: environment,
    },
  );
  assert.equal(status, 0, stderr);
  return { stderr };
}

interface Received {
  readonly how: string;
  /** One character a byte. */
  readonly entry: string;
}

/** A socket as the journal has one, and this process's stderr taken for its stream. */
async function receiver(
  context: TestContext,
): Promise<{ socket: string; receive: () => Promise<Received> }> {
  const folder = mkdtempSync(join(tmpdir(), 'journal-test-'));
  const socket = join(folder, 'socket');
  const child = spawn('python3', ['-c', program, socket], { stdio: ['ignore', 'pipe', 'inherit'] });
  const { JOURNAL_STREAM: before } = process.env;
  context.after(() => {
    child.kill();
    rmSync(folder, { recursive: true });
    if (before === undefined) delete process.env.JOURNAL_STREAM;
    else process.env.JOURNAL_STREAM = before;
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  assert.equal((await lines.next()).value, 'bound');
  const [device, inode] = identityOfStderr();
  process.env.JOURNAL_STREAM = `${device}:${inode}`;
  const receive = async (): Promise<Received> => {
    const { how, file } = JSON.parse((await lines.next()).value) as { how: string; file: string };
    return { how, entry: readFileSync(file, 'latin1') };
  };
  return { socket, receive };
}

function identityOfStderr(): [number, number] {
  const { dev, ino } = fstatSync(2);
  return [dev, ino];
}

const program = `
import array, fcntl, json, os, socket, sys
receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind(sys.argv[1])
print("bound", flush=True)
count = 0
while True:
    text, control, _, _ = receiver.recvmsg(1 << 20, socket.CMSG_SPACE(4))
    how = "datagram"
    for level, kind, data in control:
        fd = array.array("i", data)[0]
        how = "memory file, seals %d" % fcntl.fcntl(fd, 1034)
        text = os.pread(fd, os.fstat(fd).st_size, 0)
        os.close(fd)
    count += 1
    file = "%s.%d" % (sys.argv[1], count)
    with open(file, "wb") as out:
        out.write(text)
    print(json.dumps({"how": how, "file": file}), flush=True)
`;
