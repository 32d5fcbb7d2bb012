// Tests whole watchers on real directories, with something happening exactly between two of their
// system calls.
//
//   race_test NAME DIRECTORY      exits with 0 if all was seen, else prints the rest
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "walk/sync_point.h"
#include "watch/watcher.h"

namespace inotify_csync {

std::function<void(const char*, const std::string&)> on_sync_point;

namespace {

namespace fs = std::filesystem;

class Scene {
 public:
  explicit Scene(const std::string& base) : root_(base + "/root"), outside_(base + "/outside") {
    fs::create_directories(root_);
    fs::create_directories(outside_);
  }
  ~Scene() {
    if (watcher_) watcher_->Stop();
    on_sync_point = nullptr;
  }

  std::string In(const std::string& name) const { return root_ + "/" + name; }
  std::string Out(const std::string& name) const { return outside_ + "/" + name; }

  // Calls `act` once, the first time that a walker comes to `point` of this path (any path if
  // empty).
  void At(const char* point, const std::string& path, std::function<void()> act) {
    on_sync_point = [this, point, path, act = std::move(act)](const char* reached,
                                                              const std::string& where) {
      if (std::strcmp(point, reached) != 0 || (!path.empty() && where != path)) return;
      if (acted_.exchange(true)) return;
      act();
      done_ = true;
    };
  }

  void Open() {
    WatcherOptions options;
    options.tree.file_mask = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVE | IN_ATTRIB;
    options.tree.grace = 20;
    options.walkers = 1;
    watcher_ = std::make_unique<Watcher>(std::make_shared<const Selection>(
        std::vector<Group>{{{{root_, true}}}}, std::vector<Prefix>{}), options, [] {});
  }
  void Walk() {
    Open();
    Until([this] { return watcher_->State().walked; }, "the first walk");
  }

  static void Write(const std::string& path) { std::ofstream(path) << "x"; }

  // Waits until a mark that is made now has been reported. Everything before it has been reported
  // then, and the action at the sync point has happened.
  void Quiet() {
    Until([this] { return done_.load(); }, "the sync point");
    const std::string mark = In("mark" + std::to_string(++marks_));
    Write(mark);
    Until([&] { return Reported(mark); }, mark);
    Until([this] { return watcher_->Stats().tree.detached == 0; }, "no directory to be detached");
  }

  void WantReported(const std::string& path) {
    if (!Reported(path)) Wrong("not reported: " + path);
  }
  void WantCovered(const std::string& path) {
    Take();
    for (std::string at = path; at.size() >= root_.size(); at.resize(at.rfind('/'))) {
      if (records_.count("R" + at) != 0) return;
    }
    WantReported(path);
  }
  void WantUnreported(const std::string& path) {
    if (Reported(path)) Wrong("reported: " + path);
  }
  void WantNoLoss() {
    const TreeStats stats = watcher_->Stats().tree;
    if (stats.overflows != 0 || stats.unknown_descriptors != 0 || stats.reconciles != 0)
      Wrong("a loss");
  }
  void WantWatches(size_t below_root) {
    const size_t above = static_cast<size_t>(std::count(root_.begin(), root_.end(), '/'));
    Until([&] { return watcher_->Stats().watches == above + 1 + below_root; },
          "the number of watches");
  }
  void Until(const std::function<bool()>& condition, const std::string& what) {
    for (int turn = 0; !condition(); turn++) {
      if (turn == 12000) {
        Wrong("waited a minute for " + what);
        return;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }
  TreeStats Stats() const { return watcher_->Stats().tree; }
  int wrong() const { return wrong_; }

 private:
  bool Reported(const std::string& path) {
    Take();
    for (const RecordKind kind : {RecordKind::kFile, RecordKind::kWritten, RecordKind::kMoved}) {
      if (records_.count(static_cast<char>(kind) + path) != 0) return true;
    }
    return false;
  }
  // A record is its kind, a count, the length of its text and the text.
  void Take() {
    for (std::string batch = watcher_->records().Take(); !batch.empty();
         batch = watcher_->records().Take()) {
      for (size_t at = 0; at < batch.size();) {
        uint32_t size;
        std::memcpy(&size, batch.data() + at + 2, sizeof(size));
        records_.insert(batch[at] + batch.substr(at + 6, size));
        at += 6 + size;
      }
    }
  }
  void Wrong(const std::string& text) {
    std::printf("%s\n", text.c_str());
    wrong_++;
  }

  const std::string root_, outside_;
  std::unique_ptr<Watcher> watcher_;
  std::set<std::string> records_;
  std::atomic<bool> acted_{false}, done_{false};
  int marks_ = 0;
  int wrong_ = 0;
};

void FileBeforeListing(Scene* scene) {
  scene->Walk();
  scene->At("watched", scene->In("d"), [scene] { Scene::Write(scene->In("d/f")); });
  fs::create_directory(scene->In("d"));
  scene->Quiet();
  scene->WantCovered(scene->In("d/f"));
  scene->WantNoLoss();
}

void DirectoryBeforeListing(Scene* scene) {
  scene->Walk();
  scene->At("watched", scene->In("d"), [scene] { fs::create_directories(scene->In("d/e/g")); });
  fs::create_directory(scene->In("d"));
  scene->Quiet();
  scene->WantWatches(3);
  Scene::Write(scene->In("d/e/g/f"));
  scene->Quiet();
  scene->WantReported(scene->In("d/e/g/f"));
  scene->WantNoLoss();
}

void DirectoryAfterListing(Scene* scene) {
  scene->Walk();
  scene->At("listed", scene->In("d"), [scene] { fs::create_directories(scene->In("d/e/g")); });
  fs::create_directory(scene->In("d"));
  scene->Quiet();
  scene->WantWatches(3);
  Scene::Write(scene->In("d/e/g/f"));
  scene->Quiet();
  scene->WantReported(scene->In("d/e/g/f"));
  scene->WantNoLoss();
}

void VanishesBeforeWatch(Scene* scene) {
  scene->Walk();
  scene->At("opened", scene->In("d"), [scene] { fs::remove(scene->In("d")); });
  fs::create_directory(scene->In("d"));
  scene->Quiet();
  scene->WantCovered(scene->In("d"));
  scene->WantWatches(0);
  scene->WantNoLoss();
}

void SwappedBeforeWatch(Scene* scene) {
  fs::create_directories(scene->In("b/inb"));
  scene->Walk();
  scene->At("opened", scene->In("a"), [scene] {
    fs::rename(scene->In("a"), scene->In("x"));
    fs::rename(scene->In("b"), scene->In("a"));
  });
  fs::create_directory(scene->In("a"));
  scene->Quiet();
  scene->WantWatches(3);
  for (const char* name : {"a/f", "a/inb/f", "x/f"}) Scene::Write(scene->In(name));
  scene->Quiet();
  for (const char* name : {"a/f", "a/inb/f", "x/f"}) scene->WantReported(scene->In(name));
  scene->WantNoLoss();
}

void RenamedWhileListed(Scene* scene) {
  scene->Walk();
  scene->At("watched", scene->In("d"), [scene] {
    fs::create_directories(scene->In("d/e"));
    fs::rename(scene->In("d"), scene->In("r"));
  });
  fs::create_directory(scene->In("d"));
  scene->Quiet();
  scene->WantWatches(2);
  Scene::Write(scene->In("r/e/f"));
  scene->Quiet();
  scene->WantReported(scene->In("r/e/f"));
  scene->WantNoLoss();
}

// The kernel knows the descriptor and sends its events, but the tree hasn't been told of it.
void EventsBeforeFinding(Scene* scene) {
  scene->Walk();
  scene->At("found", "", [scene] {
    Scene::Write(scene->In("d/f"));
    fs::create_directory(scene->In("d/e"));
    scene->Until([&] { return scene->Stats().held >= 2; }, "the events to be held");
  });
  fs::create_directory(scene->In("d"));
  scene->Quiet();
  scene->WantReported(scene->In("d/f"));
  scene->WantWatches(2);
  scene->WantNoLoss();
}

void EventsOfRemovedWatch(Scene* scene) {
  fs::create_directories(scene->In("d/e"));
  scene->Walk();
  scene->At("removing", "", [scene] {
    Scene::Write(scene->Out("d/f"));
    Scene::Write(scene->Out("d/e/f"));
  });
  fs::rename(scene->In("d"), scene->Out("d"));
  scene->Quiet();
  scene->WantCovered(scene->In("d"));
  scene->WantWatches(0);
  scene->WantUnreported(scene->In("d/f"));
  scene->WantUnreported(scene->In("d/e/f"));
  scene->WantNoLoss();
}

void ChangedDuringFirstWalk(Scene* scene) {
  fs::create_directories(scene->In("d"));
  scene->At("listed", scene->In("d"), [scene] {
    fs::create_directories(scene->In("d/late/deep"));
    fs::create_directories(scene->In("other/deep"));
    fs::rename(scene->In("d"), scene->In("moved"));
  });
  scene->Walk();
  scene->Quiet();
  scene->WantWatches(5);
  for (const char* name : {"moved/f", "moved/late/deep/f", "other/deep/f"})
    Scene::Write(scene->In(name));
  scene->Quiet();
  for (const char* name : {"moved/f", "moved/late/deep/f", "other/deep/f"})
    scene->WantReported(scene->In(name));
  scene->WantNoLoss();
}

const std::map<std::string, void (*)(Scene*)> kRaces{
    {"file-before-listing", FileBeforeListing},
    {"directory-before-listing", DirectoryBeforeListing},
    {"directory-after-listing", DirectoryAfterListing},
    {"vanishes-before-watch", VanishesBeforeWatch},
    {"swapped-before-watch", SwappedBeforeWatch},
    {"renamed-while-listed", RenamedWhileListed},
    {"events-before-finding", EventsBeforeFinding},
    {"events-of-removed-watch", EventsOfRemovedWatch},
    {"changed-during-first-walk", ChangedDuringFirstWalk},
};

}  // namespace
}  // namespace inotify_csync

int main(int count, char** words) {
  using namespace inotify_csync;
  const auto race = count == 3 ? kRaces.find(words[1]) : kRaces.end();
  if (race == kRaces.end()) return 64;
  Scene scene(std::filesystem::absolute(words[2]).string());
  race->second(&scene);
  return scene.wrong() == 0 ? 0 : 1;
}
