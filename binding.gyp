{
  "target_defaults": {
    "cflags_cc": ["-std=c++17", "-Wall", "-Wextra", "-Werror", "-Wshadow", "-Wconversion"],
    "cflags_cc!": ["-fno-rtti", "-fno-exceptions"],
    "cflags": ["-O2"],
    "ldflags": ["-pthread"]
  },
  "targets": [
    {
      "target_name": "inotify_csync",
      "sources": [
        "native/addon.cc",
        "native/handover.cc",
        "native/journal.cc",
        "native/mounts.cc",
        "native/node_store.cc",
        "native/open_directory.cc",
        "native/place.cc",
        "native/reader.cc",
        "native/record_buffer.cc",
        "native/selection.cc",
        "native/selection_napi.cc",
        "native/service.cc",
        "native/service_napi.cc",
        "native/settle.cc",
        "native/survey.cc",
        "native/survey_napi.cc",
        "native/tree.cc",
        "native/tree_found.cc",
        "native/tree_looks.cc",
        "native/tree_repair.cc",
        "native/tree_shape.cc",
        "native/walker.cc",
        "native/walker_visit.cc",
        "native/watcher.cc",
        "native/watcher_napi.cc"
      ],
      "include_dirs": ["<!(node -p \"require('node-addon-api').include_dir\")"],
      "defines": ["NAPI_VERSION=8", "NODE_ADDON_API_DISABLE_DEPRECATED", "NAPI_CPP_EXCEPTIONS", "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS", "_FILE_OFFSET_BITS=64"]
    },
    {
      "target_name": "inotify-csync-exec",
      "type": "executable",
      "sources": ["native/exec.cc", "native/message_keeper.cc"],
      # It is started for each command of csync2: to load the C++ library would take longer than all it does.
      "ldflags": ["-static-libstdc++", "-static-libgcc"]
    },
    {
      # csync2's server is loaded with it.
      "target_name": "inotify-csync-preload",
      "type": "shared_library",
      "product_prefix": "",
      "product_extension": "so",
      "sources": ["native/preload/interposed.cc", "native/preload/traces.cc", "native/preload/turns.cc", "native/preload/whole_files.cc"],
      # csync2 is a C program: no library of C++ is to come with it.
      "cflags_cc": ["-fno-exceptions", "-fno-rtti", "-fvisibility=hidden"],
      "ldflags": ["-Wl,--as-needed"],
      "libraries": ["-ldl"]
    }
  ]
}
