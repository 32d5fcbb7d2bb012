# shellcheck shell=bash
# The built product, laid down as a host has it. For scripts/install and scripts/package.

# lay_down ROOT NODE [ZSH]: the program in ROOT/usr/lib/inotify-csync, run by the program NODE; the
# units, limits, the group, manual pages and completions below ROOT/usr. ROOT may be empty: this
# machine. ZSH is the folder of completions that packages have, in Debian other than elsewhere.
lay_down() {
  local root=$1 node=$2 zsh=usr/share/zsh/${3:-vendor-completions}
  lay_down_library "$root/usr/lib/inotify-csync"
  mkdir -p "$root/usr/bin" "$root"/usr/lib/{systemd/system,sysctl.d,sysusers.d} "$root"/usr/share/man/man{1,5,8} \
    "$root"/usr/share/bash-completion/completions "$root/$zsh" \
    "$root"/usr/share/fish/vendor_completions.d
  printf '%s\n' '#!/bin/sh' "exec $node"' /usr/lib/inotify-csync/dist/cli/main.js "$@"' |
    replace 0755 "$root/usr/bin/inotify-csync"
  install -m 0644 systemd/*.{service,timer} "$root/usr/lib/systemd/system/"
  install -m 0644 systemd/60-inotify-csync.sysctl.conf "$root/usr/lib/sysctl.d/60-inotify-csync.conf"
  install -m 0644 systemd/inotify-csync.sysusers.conf "$root/usr/lib/sysusers.d/inotify-csync.conf"
  if [ -e systemd/inotify-csync.catalog ]; then
    mkdir -p "$root/usr/lib/systemd/catalog"
    install -m 0644 systemd/inotify-csync.catalog "$root/usr/lib/systemd/catalog/"
  fi
  local page
  for page in man/*.[1-8]; do
    gzip -9 -n <"$page" | replace 0644 "$root/usr/share/man/man${page##*.}/${page##*/}.gz"
  done
  install -m 0644 completions/inotify-csync.bash "$root/usr/share/bash-completion/completions/inotify-csync"
  install -m 0644 completions/_inotify-csync "$root/$zsh/"
  install -m 0644 completions/inotify-csync.fish "$root/usr/share/fish/vendor_completions.d/"
}

# The new library takes the place of the old one as a whole, so that a file that is no more does not stay behind.
lay_down_library() {
  local library=$1
  rm -rf -- "$library.new"
  mkdir -p "$library.new/build/Release"
  # Only what runs: no compiler's leavings, no development dependencies, no second copy of SQLite's source.
  tar --create --exclude='*/build/Release/obj*' --exclude='*/build/Release/.deps' --exclude='*/better-sqlite3/deps' \
    --exclude='*/better-sqlite3/src' --exclude='*.ts' --exclude='*.map' --exclude='.tsbuildinfo' \
    --files-from=<(printf '%s\n' package.json dist completions; dependencies) | tar --extract --no-same-owner --directory "$library.new"
  find build/Release -maxdepth 1 -type f \( -name '*.node' -o -name 'inotify-csync-exec' -o -name '*.so' \) \
    -exec cp -- {} "$library.new/build/Release/" \;
  rm -rf -- "$library"
  mv -- "$library.new" "$library"
}

# The folders of the packages that run, one a line.
dependencies() {
  npm ls --omit=dev --all --parseable 2>/dev/null | sed -n "s|^$repository/||p" | grep '^node_modules/'
}

# replace MODE FILE: writes its input to the file, which is there as a whole or not at all.
replace() {
  cat >"$2.new"
  chmod "$1" "$2.new"
  mv -- "$2.new" "$2"
}
