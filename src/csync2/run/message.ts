/**
 * One message of a csync2 process, whole and separate, as the launcher keeps it
 * (`native/exec/message_keeper.h`). A file name in it may look like any other message, but can't
 * become one.
 */
export interface Message {
  /** When it was sent, milliseconds since 1970. */
  readonly at: number;
  /** The process that sent the message, according to the kernel. */
  readonly pid: number;
  /**
   * `said` is csync2's own message. `bare` comes without csync2's time of day. `keeper` comes from
   * the launcher itself.
   */
  readonly kind: 'said' | 'bare' | 'keeper';
  /** One character a byte, without the newline at its end. */
  readonly text: string;
}

/** Reads messages from pieces of a stream or a log. The last line may be unfinished. */
export class MessageReader {
  #unfinished = '';

  /** Takes the next piece, one character a byte. Lines that are no messages are left out. */
  read(piece: string): Message[] {
    const lines = (this.#unfinished + piece).split('\n');
    this.#unfinished = (lines.pop() ?? '').slice(-longestLine);
    return lines.flatMap((line) => parseMessage(line) ?? []);
  }

  /** Forgets an unfinished line because the log has been truncated or replaced. */
  restart(): void {
    this.#unfinished = '';
  }
}

/** Reads one line; undefined if it is no message. */
export function parseMessage(line: string): Message | undefined {
  const parts = form.exec(line);
  if (!parts) return undefined;
  const [, time = '', pid = '', mark = '', text = ''] = parts;
  return {
    at: Date.parse(time),
    pid: Number(pid),
    kind: kinds[mark] ?? 'bare',
    text: unescapeBytes(text),
  };
}

function unescapeBytes(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replace(/\\(n|\\|x[0-9a-f]{2})/g, (_, what: string) => {
    if (what === 'n') return '\n';
    return what === '\\' ? '\\' : String.fromCharCode(Number.parseInt(what.slice(1), 16));
  });
}

const form = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) <(\d+)>([ +-])(.*)$/s;
const kinds: Readonly<Record<string, Message['kind']>> = {
  ' ': 'said',
  '-': 'bare',
  '+': 'keeper',
};
/**
 * More than the launcher writes in one line. It cuts a message at 64 KiB, and a byte takes at most
 * four characters.
 */
const longestLine = 300 * 1024;
