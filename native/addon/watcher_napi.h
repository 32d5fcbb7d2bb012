// The JS class `Watcher` around inotify_csync::Watcher; its typed face is src/native/watcher.ts.
#pragma once

#include "addon/selection_napi.h"

namespace inotify_csync {

// Adds the class to `exports`.
Napi::Object InitWatcher(Napi::Env env, Napi::Object exports);

}  // namespace inotify_csync
