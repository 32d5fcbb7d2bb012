# shellcheck shell=bash
# The package for Debian. For scripts/package.

# package_deb DIRECTORY
package_deb() {
  local root=$work/deb architecture file
  architecture=$(dpkg --print-architecture)
  lay_package_down "$root" vendor-completions /usr/share/doc
  debian_documents "$root"
  mkdir -p "$root/DEBIAN"
  install -m 0755 "$scripts"/debian/{postinst,prerm,postrm} "$root/DEBIAN/"
  control "$root" "$architecture" >"$root/DEBIAN/control"
  (cd "$root" && find . -type f ! -path './DEBIAN/*' -printf '%P\0' | sort -z | xargs -0 md5sum) \
    >"$root/DEBIAN/md5sums"
  file=$1/inotify-csync_${version}_$architecture.deb
  dpkg-deb --root-owner-group -Zxz --build "$root" "$file" >&2
  echo "$file"
}

debian_documents() {
  local root=$1 folder=$1/usr/share/doc/inotify-csync date
  date=$(date --utc --rfc-email --date="@$SOURCE_DATE_EPOCH")
  mkdir -p "$root/usr/share/lintian/overrides"
  printf 'inotify-csync (%s) stable; urgency=medium\n\n  * See CHANGELOG.md.\n\n -- %s  %s\n' \
    "$version" "$maintainer" "$date" | gzip -9 -n >"$folder/changelog.gz"
  copyright "$root" >"$folder/copyright"
  install -m 0644 "$scripts/debian/lintian-overrides" "$root/usr/share/lintian/overrides/inotify-csync"
}

# control ROOT ARCHITECTURE
control() {
  local root=$1 size libraries
  size=$(du --summarize --apparent-size --block-size=1024 "$root" | cut -f1)
  libraries=$(shared_libraries "$root")
  cat <<END
Package: inotify-csync
Version: $version
Architecture: $2
Maintainer: $maintainer
Installed-Size: $size
Depends: nodejs (>= 20.19), nodejs (<< $(next_node)~), csync2, libsqlite3-0, $libraries
Section: net
Priority: optional
Description: real-time file replication to csync2 peers
 csync2 keeps directory trees equal on the hosts of a cluster, but it does not
 watch for changes. This service watches the trees that csync2.cfg names with
 inotify and tells csync2 exactly which paths to check.
 .
 It works with an unmodified csync2, survives crashes and restarts without losing a
 change, and scales to hundreds of thousands of directories.
END
}

# shared_libraries ROOT: the packages of the libraries that the addons need, with versions.
shared_libraries() {
  local root=$1 folder=$work/shlibs
  mkdir -p "$folder/debian"
  printf 'Source: inotify-csync\n\nPackage: inotify-csync\nArchitecture: any\n' >"$folder/debian/control"
  mapfile -t binaries < <(find "$root" -type f \
    \( -name '*.node' -o -name inotify-csync-exec -o -name '*.so' \))
  # An addon takes Node's symbols from the program that loads it, hence the warnings that are not shown.
  (cd "$folder" && dpkg-shlibdeps -O --ignore-missing-info "${binaries[@]}" 2>/dev/null) |
    sed -n 's/^shlibs:Depends=//p'
}
