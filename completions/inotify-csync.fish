# Completion of inotify-csync for fish. The program itself is asked what a word can become; nothing that it answers is
# evaluated.

function __inotify_csync_complete
    set -l before (commandline --tokenize --current-process --cut-at-cursor)
    set -l token (commandline --current-token --cut-at-cursor)
    # Its quote may still be open.
    set -l typed (string unescape -- "$token"; or string unescape -- "$token'"; or string unescape -- "$token\"")[1]
    set -l flag (string match --regex -- '^--[^=]+=' "$typed")
    for line in (command inotify-csync __complete $before[2..-1] "$typed" 2>/dev/null)
        if test "$line" = :files
            for path in (__fish_complete_path (string replace -- "$flag" '' "$typed"))
                printf '%s\n' "$flag$path"
            end
        else
            printf '%s\n' "$flag$line"
        end
    end
end

complete --command inotify-csync --no-files --arguments '(__inotify_csync_complete)'
