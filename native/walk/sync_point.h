// Places at which a test can step in between two system calls. Compiled in for the tests' own
// programs alone (native/test/build): in the addon they are nothing.
#pragma once

#include <functional>
#include <string>

namespace inotify_csync {

#ifdef ICS_TEST_SYNC_POINTS
// Called from any walker and the tree's thread; set before a watcher begins.
extern std::function<void(const char* point, const std::string& path)> on_sync_point;
inline void SyncPoint(const char* point, const std::string& path) {
  if (on_sync_point) on_sync_point(point, path);
}
#else
inline void SyncPoint(const char*, const std::string&) {}
#endif

}  // namespace inotify_csync
