/** A control server in a process of its own, for tests that measure it: `node control-host.js SOCKET REPLY_BYTES`. */
import { ControlServer } from '#src/observe/control-server.js';

const [path = '', bytes = '0'] = process.argv.slice(2);
const filler = 'x'.repeat(Number(bytes));
const server = await ControlServer.listen(path, (request) => ({ ...request, filler }));
process.stdout.write('listening\n');
process.on('SIGTERM', () => void server.close());
