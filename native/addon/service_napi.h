// JS functions around native/systemd/service.h; their typed face is src/systemd/fd-store.ts.
#pragma once

// The library's own headers are not clean under our warnings.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wconversion"
#include <napi.h>
#pragma GCC diagnostic pop

namespace inotify_csync {

// Adds `notifyWithDescriptors` and `takePassedDescriptors` to `exports`.
Napi::Object InitService(Napi::Env env, Napi::Object exports);

}  // namespace inotify_csync
