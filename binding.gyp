{
  "target_defaults": {
    "cflags_cc": ["-std=c++17", "-Wall", "-Wextra", "-Werror", "-Wshadow", "-Wconversion"],
    "cflags_cc!": ["-fno-rtti", "-fno-exceptions"],
    "cflags": ["-O2"],
    "include_dirs": ["native"],
    "ldflags": ["-pthread"]
  },
  "targets": [
    {
      "target_name": "inotify_csync",
      "sources": [
        "native/addon/addon.cc",
        "native/watch/handover.cc",
        "native/systemd/journal.cc",
        "native/walk/mounts.cc",
        "native/tree/node_store.cc",
        "native/walk/open_directory.cc",
        "native/walk/place.cc",
        "native/watch/reader.cc",
        "native/watch/record_buffer.cc",
        "native/tree/selection.cc",
        "native/addon/selection_napi.cc",
        "native/systemd/service.cc",
        "native/addon/service_napi.cc",
        "native/tree/settle.cc",
        "native/walk/survey.cc",
        "native/addon/survey_napi.cc",
        "native/tree/tree.cc",
        "native/tree/tree_found.cc",
        "native/tree/tree_looks.cc",
        "native/tree/tree_repair.cc",
        "native/tree/tree_shape.cc",
        "native/walk/walker.cc",
        "native/walk/walker_visit.cc",
        "native/watch/watcher.cc",
        "native/addon/watcher_napi.cc"
      ],
      "include_dirs": ["<!(node -p \"require('node-addon-api').include_dir\")"],
      "defines": ["NAPI_VERSION=8", "NODE_ADDON_API_DISABLE_DEPRECATED", "NAPI_CPP_EXCEPTIONS", "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS", "_FILE_OFFSET_BITS=64"]
    },
    {
      "target_name": "inotify-csync-exec",
      "type": "executable",
      "sources": ["native/exec/exec.cc", "native/exec/message_keeper.cc"],
      # It is started for each command of csync2: to load the C++ library would take longer than all it does.
      "ldflags": ["-static-libstdc++", "-static-libgcc"]
    },
    {
      # csync2's server is loaded with it.
      "target_name": "inotify-csync-preload",
      "type": "shared_library",
      "product_prefix": "",
      "product_extension": "so",
      "sources": ["native/preload/interposed.cc", "native/preload/interposed_files.cc", "native/preload/places.cc", "native/preload/traces.cc", "native/preload/turns.cc", "native/preload/verdicts.cc", "native/preload/whole_files.cc"],
      # csync2 is a C program: no library of C++ is to come with it.
      # Not cflags_cc: the defaults above take these off there.
      "cflags": ["-fno-exceptions", "-fno-rtti", "-fvisibility=hidden"],
      "ldflags": ["-Wl,--as-needed"],
      "libraries": ["-ldl"]
    }
  ]
}
