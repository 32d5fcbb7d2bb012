/** A control server in a process of its own, for tests that measure it: `node control-host.js SOCKET REPLY_BYTES`. */
import { ControlServer } from '#src/observe/control-server.js';
import { EventReaders } from '#src/observe/event-readers.js';
import { EventRing } from '#src/observe/event-ring.js';

const [path = '', bytes = '0'] = process.argv.slice(2);
const filler = 'x'.repeat(Number(bytes));
const ring = new EventRing();
const readers = new EventReaders(ring, 'run');
for (let at = 0; at < 10_000; at++) ring.add({ event: 'received', at, peer: 'web2' }, Buffer.alloc(200, 1));
const server = await ControlServer.listen(path, (request, gone) =>
  request.command === 'events' ? readers.read(request, request.seconds, gone) : { ...request, filler },
);
process.stdout.write('listening\n');
process.on('SIGTERM', () => void server.close());
