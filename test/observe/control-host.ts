/**
 * A control server in a process of its own, for tests that measure it:
 * `node control-host.js SOCKET READ_SOCKET REPLY_BYTES`. The read socket's group is that of the
 * process.
 */
import { readHandler } from '#src/daemon/read-handler.js';
import { readRequestBytesLimit } from '#src/observe/control-protocol.js';
import { ControlServer } from '#src/observe/control-server.js';
import { EventReaders } from '#src/observe/event-readers.js';
import { EventRing } from '#src/observe/event-ring.js';

const [path = '', readPath = '', bytes = '0'] = process.argv.slice(2);
const filler = 'x'.repeat(Number(bytes));
const ring = new EventRing();
const readers = new EventReaders(ring, 'run');
for (let at = 0; at < 10_000; at++)
  ring.add({ event: 'received', at, peer: 'web2' }, Buffer.alloc(200, 1));
const server = await ControlServer.listen(path, (request, gone) =>
  request.command === 'events'
    ? readers.read(request, request.seconds, gone)
    : { ...request, filler },
);
const answer = (command: string) => () => ({ command, filler });
const readServer = await ControlServer.listen(
  readPath,
  readHandler({ status: answer('status'), metrics: answer('metrics') }),
  undefined,
  { group: process.getegid?.() ?? 0, longestRequest: readRequestBytesLimit },
);
process.stdout.write('listening\n');
process.on('SIGTERM', () => void Promise.all([server.close(), readServer.close()]));
