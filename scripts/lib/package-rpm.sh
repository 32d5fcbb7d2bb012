# shellcheck shell=bash
# The package for Fedora, openSUSE and their relatives. For scripts/package.

# package_rpm DIRECTORY: with the directories of the distribution whose rpmbuild makes it.
package_rpm() {
  local root=$work/rpm top=$work/rpmbuild doc
  mkdir -p "$top"
  doc=$(rpm --eval '%{_defaultdocdir}')
  lay_package_down "$root" site-functions "$doc"
  licence_file "$root"
  # rpm looks for the libraries that a file needs only if it may be executed.
  find "$root/usr/lib/inotify-csync" -type f \( -name '*.node' -o -name '*.so' \) -exec chmod 0755 {} +
  (cd "$root" && printf '%%docdir %s\n' "$doc/inotify-csync" && files_section) >"$top/files"
  scriptlets >"$top/scriptlets"
  cat "$scripts/rpm/inotify-csync.spec" "$top/scriptlets" >"$top/inotify-csync.spec"
  rpmbuild -bb --quiet --define "_topdir $top" --define "_rpmdir $top/made" \
    --define "product_version $version" --define "next_node $(next_node)" \
    --define "laid_down $root" --define "_builddir $top" --buildroot "$top/root" \
    "$top/inotify-csync.spec" >"$work/rpm.log" 2>&1 ||
    { cat "$work/rpm.log" >&2; fail 70 'rpmbuild failed' 'what it said is above'; }
  local made
  made=$(find "$top/made" -name '*.rpm')
  mv -- "$made" "$1/"
  echo "$1/${made##*/}"
}

# Each file, and each directory that is this package's own.
files_section() {
  find . -mindepth 1 -type d -path '*/inotify-csync*' -printf '%%dir "/%P"\n' | sort
  find . -mindepth 1 ! -type d -path './usr/share/licenses/*' -printf '%%license "/%P"\n' | sort
  find . -mindepth 1 ! -type d ! -path './usr/share/licenses/*' -printf '"/%P"\n' | sort
}

# Debian's scripts, told in Debian's words what rpm tells as the number of packages that there are then.
scriptlets() {
  printf '\n%%post\n'
  # shellcheck disable=SC2016
  printf '%s\n' '[ "$1" -gt 1 ] && set -- configure upgraded || set -- configure'
  body postinst
  # What a distribution or an administrator wants to be enabled; by default nothing. The timer of the
  # metrics is not asked for: who wants it enables it.
  # shellcheck disable=SC2016
  printf '%s\n' 'if [ -z "$2" ] && command -v systemctl >/dev/null; then' \
    '  systemctl --no-reload preset inotify-csync.service || true' 'fi'
  printf '\n%%preun\n'
  # shellcheck disable=SC2016
  printf '%s\n' '[ "$1" -gt 0 ] && set -- upgrade || set -- remove'
  body prerm
  printf '\n%%postun\n'
  # shellcheck disable=SC2016
  printf '%s\n' '[ "$1" -gt 0 ] && set -- upgrade || set -- remove'
  body postrm
}

# body SCRIPT: without the line that names the shell, and without what purges: rpm does not know that.
# In a scriptlet % begins a macro.
body() {
  sed -e '1{/^#!/d}' -e '/^if .* = purge \]/,$d' -e 's/%/%%/g' "$scripts/debian/$1"
}
