import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';

/** What the manager's socket has received. */
export interface Message {
  readonly state: string;
  /** What /proc/self/fd says of each descriptor that came along. */
  readonly targets: readonly string[];
}

/** A unix datagram socket as the service manager has one, which node itself has not. */
export async function manager(
  context: TestContext,
  address: string,
): Promise<() => Promise<Message>> {
  const child = spawn('python3', ['-c', receiver, address], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  context.after(() => child.kill());
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<string> => {
    const line = await lines.next();
    if (line.done) throw new Error('the receiver has ended');
    return line.value;
  };
  await next();
  return async () => JSON.parse(await next()) as Message;
}

const receiver = `
import array, json, os, socket, sys
name = sys.argv[1]
receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind("\\0" + name[1:] if name[0] == "@" else name)
print("bound", flush=True)
while True:
    state, control, _, _ = receiver.recvmsg(65536, socket.CMSG_SPACE(64 * 4))
    fds = array.array("i")
    for level, kind, data in control:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            fds.frombytes(data)
    targets = [os.readlink("/proc/self/fd/%d" % fd) for fd in fds]
    for fd in fds:
        os.close(fd)
    print(json.dumps({"state": state.decode(), "targets": targets}), flush=True)
`;
