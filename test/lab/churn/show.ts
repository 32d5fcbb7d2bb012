/** Writes a plan down as a script that a person can read. */
import type { Plan, Step } from './plan.js';

/**
 * One line for each operation, in the order of their times: seconds after the start, host, command.
 */
export function scriptOf(plan: Plan): string {
  const where =
    plan.mode === 'own'
      ? 'in = the own folder of each host'
      : 'in = the folder that all hosts share';
  const steps = plan.streams.flatMap((stream, host) =>
    stream.map((step) => ({ at: step[0], host, text: commandOf(step) })),
  );
  const chains = plan.chains.map(({ at, path, size, links }) => ({
    at,
    host: links[0]?.host ?? 0,
    text: `${word(path.replace(/^in/, 'turns'))} of ${size} bytes goes from host to host, each rewrites it when it has arrived: ${links
      .map(({ host, how, delay }) => `node${host + 1} (${how} after ${delay} ms)`)
      .join(', ')}`,
  }));
  const blows = plan.blows.map(({ at, host, kind, lasts }) => ({
    at,
    host,
    text: `*** ${kind} (${lasts} ms)`,
  }));
  const lines = [...steps, ...chains, ...blows]
    .sort((a, b) => a.at - b.at)
    .map(({ at, host, text }) => `${(at / 1000).toFixed(3).padStart(7)}  node${host + 1}  ${text}`);
  return [
    `# seed ${plan.seed}, ${plan.mode}; ${where}, out = a folder outside of the tree`,
    ...lines,
    '',
  ].join('\n');
}

function commandOf([, name, ...values]: Step): string {
  const [first = '', second = '', third = '', fourth = ''] = values.map((value) =>
    typeof value === 'string' ? word(value) : String(value),
  );
  const write = (path: string, token: string, size: string) =>
    `echo ${token} > ${path} (${size} bytes)`;
  switch (name) {
    case 'write':
      return write(first, second, third);
    case 'append':
      return `echo ${second} >> ${first} (${third} bytes)`;
    case 'same_size':
      return `echo ${second} 1<> ${first} (the same size)`;
    case 'pinned':
      return `echo ${second} 1<> ${first} (the same size), touch -d its old time ${first}`;
    case 'begin':
      return `open ${first}, to be written ${second} (${third} bytes) at the next finish`;
    case 'save':
      return `${write(second, third, fourth)}; mv -T ${second} ${first}`;
    case 'backup_save':
      return `mv -T ${first} ${second}; ${write(first, third, fourth)}; rm ${second}`;
    case 'copy':
      return `cp -p ${first} ${second}`;
    case 'older':
      return `${write(second, third, fourth)}; touch -d @${values[4]} ${second}; mv -T ${second} ${first}`;
    case 'utime':
      return `touch -d @${second} ${first}`;
    case 'chmod':
      return `chmod ${Number(values[1]).toString(8)} ${first}`;
    case 'chown':
      return `chown -h ${second}:${third} ${first}`;
    case 'mkdir_p':
      return `mkdir -p ${first}`;
    case 'symlink':
      return `ln -sT ${second} ${first}`;
    case 'retarget':
      return `ln -sT ${third} ${second}; mv -T ${second} ${first}`;
    case 'fifo':
      return `mkfifo ${first}`;
    case 'link':
      return `ln -T ${first} ${second}`;
    case 'unlink':
      return `rm ${first}`;
    case 'rm_rf':
      return `rm -rf ${first}`;
    case 'rename':
      return `mv -T ${first} ${second}`;
    case 'exchange':
      return `mv --exchange -T ${first} ${second}`;
    case 'mount':
      return `mount -t tmpfs churn ${first}`;
    case 'bind':
      return `mount --bind ${first} ${second}`;
    case 'unmount':
      return `umount ${first}`;
    default:
      return [name, ...values.map((value) => word(String(value)))].join(' ');
  }
}

/**
 * As bash reads it: plain if it can be, else with the bytes that are not letters written as $'\x…'.
 */
function word(text: string): string {
  if (/^[\w./~-]+$/.test(text) && !text.startsWith('-')) return text;
  const escaped = text.replace(
    /[^ -&(-[\]-~]/g,
    (byte) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
  return escaped === text ? `'${text}'` : `$'${escaped}'`;
}
