# shellcheck shell=bash
# Completion of inotify-csync for bash. The program itself is asked what a word can become; nothing that it answers is
# evaluated.

_inotify_csync() {
  local line word part REPLY i joins='' has_path='' files=''
  local -a words=('')
  COMPREPLY=()
  # Readline parts words at = and :, too.
  for ((i = 1; i <= COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    if [[ $word == [:=]* && ! $word == *[!:=]* ]]; then
      words[-1]+=$word
      joins=1
    elif [[ $joins ]]; then
      words[-1]+=$word
      joins=
    else
      words+=("$word")
    fi
  done
  # What stands before the part that readline replaces, without --flag=.
  part=${COMP_WORDS[COMP_CWORD]}
  [[ ! $part == [:=]* || $part == *[!:=]* ]] || part=
  _inotify_csync_unquoted "${words[-1]%"$part"}"
  local before=$REPLY flag=''
  if [[ $before == --*=* ]]; then
    before=${before#--*=}
  elif [[ $part == --*=* ]]; then
    flag=${part%%=*}=
  fi
  for i in "${!words[@]}"; do
    _inotify_csync_unquoted "${words[i]}"
    words[i]=$REPLY
  done
  while IFS= read -r line; do
    if [[ $line == :files ]]; then
      files=1
      continue
    fi
    line=${line%%$'\t'*}
    [[ ! $line == /* ]] || has_path=1
    COMPREPLY+=("$flag${line:${#before}}")
  done < <(command inotify-csync __complete "${words[@]:1}" 2>/dev/null)
  # Readline quotes and finds file names.
  [[ ! $has_path ]] || compopt -o filenames 2>/dev/null
  [[ ! $files ]] || compopt -o default -o bashdefault 2>/dev/null
}

# Sets REPLY to a word without its quotes and backslashes, as far as it has been typed.
_inotify_csync_unquoted() {
  local text=$1 char quote='' at
  REPLY=
  for ((at = 0; at < ${#text}; at++)); do
    char=${text:at:1}
    if [[ $char == "$quote" ]]; then
      quote=
    elif [[ ! $quote && $char == [\'\"] ]]; then
      quote=$char
    elif [[ $char == \\ && $quote != \' ]]; then
      at=$((at + 1))
      [[ ! $quote || ${text:at:1} == [\"\\\$\`] ]] || REPLY+=$char
      REPLY+=${text:at:1}
    else
      REPLY+=$char
    fi
  done
}

complete -F _inotify_csync inotify-csync
