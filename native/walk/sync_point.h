// Points between two system calls at which a test can act. They exist only in the tests' own
// programs (native/test/build). In the addon they do nothing.
#pragma once

#include <functional>
#include <string>

namespace inotify_csync {

#ifdef ICS_TEST_SYNC_POINTS
// Called from any walker and from the tree's thread. Set it before a watcher begins.
extern std::function<void(const char* point, const std::string& path)> on_sync_point;
inline void SyncPoint(const char* point, const std::string& path) {
  if (on_sync_point) on_sync_point(point, path);
}
#else
inline void SyncPoint(const char*, const std::string&) {}
#endif

}  // namespace inotify_csync
