// The N-API face of the addon. It only converts values. It is safe in worker threads and with
// several instances in one process.
#include "addon/selection_napi.h"
#include "addon/service_napi.h"
#include "addon/survey_napi.h"
#include "addon/watcher_napi.h"

namespace {

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  inotify_csync::InitSelection(env, exports);
  inotify_csync::InitService(env, exports);
  inotify_csync::InitSurvey(env, exports);
  inotify_csync::InitWatcher(env, exports);
  return exports;
}

}  // namespace

NODE_API_MODULE(inotify_csync, Init)
