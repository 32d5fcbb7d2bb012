import type { Lab } from './lab.js';

/** Removes from a host what the laboratory has laid down itself; then a package is all there is. */
export async function removeProduct(lab: Lab, number: number): Promise<void> {
  await lab.bash(
    number,
    `rm -rf /usr/lib/inotify-csync /usr/bin/inotify-csync /etc/systemd/system/inotify-csync* \
       /usr/lib/systemd/system/inotify-csync* /usr/lib/sysctl.d/60-inotify-csync.conf \
       /usr/lib/systemd/catalog/inotify-csync.catalog /usr/lib/sysusers.d/inotify-csync.conf \
       /usr/share/man/man?/inotify-csync* /usr/share/*/*completions*/*inotify-csync*
     groupdel inotify-csync 2>/dev/null || true
     systemctl daemon-reload`,
  );
}
