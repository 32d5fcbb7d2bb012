import type { Lab } from './lab.js';

const unit = 'inotify-csync';

/** The service on one host of a lab: its end, and what systemd knows of it. */
export class LabService {
  readonly #lab: Lab;
  readonly #node: number;

  constructor(lab: Lab, node: number) {
    this.#lab = lab;
    this.#node = node;
  }

  /**
   * Settings of the unit for this test, in a drop-in. With it the service doesn't start as long as
   * the file /run/hold is there.
   */
  async dropIn(...lines: string[]): Promise<void> {
    const hold = `ExecStartPre=/bin/sh -c 'while [ -e /run/hold ]; do sleep 0.05; done'`;
    const text = ['[Service]', hold, ...lines].join('\n');
    const folder = `/etc/systemd/system/${unit}.service.d`;
    await this.#lab.bash(
      this.#node,
      `mkdir -p ${folder}; cat > ${folder}/test.conf <<'END'\n${text}\nEND\nsystemctl daemon-reload`,
    );
  }

  /** One of the unit's properties (systemctl show). */
  async show(property: string): Promise<string> {
    return (await this.#lab.mustRun(this.#node, 'systemctl', 'show', '-P', property, unit)).trim();
  }

  async signal(name: string): Promise<void> {
    await this.#lab.mustRun(this.#node, 'systemctl', 'kill', '--kill-who=main', '-s', name, unit);
  }

  /**
   * Waits until everything that was read from the kernel is written down: see
   * native/watch/handover.h.
   */
  async quiet(): Promise<void> {
    const pid = await this.show('MainPID');
    const script = `for fd in /proc/${pid}/fd/*; do
      case "$(readlink "$fd")" in */memfd:inotify-csync-handover*) od -An -tu8 -j8 -N16 "$fd";; esac; done`;
    await this.#lab.waitFor('nothing to be in hand', async () => {
      const [begun, kept] = (await this.#lab.bash(this.#node, script)).trim().split(/\s+/);
      return begun !== undefined && begun === kept;
    });
  }

  /**
   * Ends the service by a signal (to be restarted by systemd) or by `systemctl restart`, runs a
   * script while no process of it lives, and waits until it works again.
   */
  async whileDead(how: 'KILL' | 'restart', script: string): Promise<void> {
    await this.#lab.bash(this.#node, 'touch /run/hold');
    if (how === 'restart')
      await this.#lab.mustRun(this.#node, 'systemctl', 'restart', '--no-block', unit);
    else await this.signal(how);
    await this.#lab.waitFor(
      'it to be dead',
      async () => (await this.show('SubState')) === 'start-pre',
    );
    await this.#lab.bash(this.#node, script);
    await this.#lab.bash(this.#node, 'rm /run/hold');
    await this.#lab.waitFor('it to work', async () => (await this.show('SubState')) === 'running');
  }
}
