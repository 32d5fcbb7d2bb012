// JS functions around native/walk/survey.h and native/walk/place.h; their typed faces are
// src/sync/common/survey.ts and src/sync/guard/place-look.ts.
#pragma once

// The library's own headers are not clean under our warnings.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wconversion"
#include <napi.h>
#pragma GCC diagnostic pop

namespace inotify_csync {

// Adds `survey`, `lookAtPlace` and `attributeNames` to `exports`.
Napi::Object InitSurvey(Napi::Env env, Napi::Object exports);

}  // namespace inotify_csync
