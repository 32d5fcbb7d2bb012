// The JS class `Selection` around inotify_csync::Selection.
#pragma once

// The library's own headers are not clean under our warnings.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wconversion"
#include <napi.h>
#pragma GCC diagnostic pop

#include <memory>

#include "tree/selection.h"

namespace inotify_csync {

// Adds the class to `exports`.
Napi::Object InitSelection(Napi::Env env, Napi::Object exports);

// The selection inside a JS `Selection`. Throws a JS TypeError when `value` is something else.
std::shared_ptr<const Selection> UnwrapSelection(const Napi::Value& value);

}  // namespace inotify_csync
