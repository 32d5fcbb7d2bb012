// Runs whole watchers with all their threads beside a churning file system, for the sanitizers,
// above all `thread`.
//
//   watcher_test DIRECTORY ROUNDS
#include <sys/inotify.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <thread>

#include "watch/watcher.h"

namespace {

namespace fs = std::filesystem;

void Churn(const fs::path& root, uint64_t seed, const std::atomic<bool>* stop) {
  std::mt19937_64 random(seed);
  const auto any = [&] {
    return root / std::to_string(random() % 4) / std::to_string(random() % 4);
  };
  std::error_code ignored;
  while (!*stop) {
    switch (random() % 5) {
      case 0: fs::create_directories(any() / "deep", ignored); break;
      case 1: fs::rename(any(), any(), ignored); break;
      case 2: fs::remove_all(any(), ignored); break;
      case 3:
        fs::rename(root / std::to_string(random() % 4), root / std::to_string(random() % 4),
                   ignored);
        break;
      default: std::ofstream(any() / "file") << seed; break;
    }
  }
}

}  // namespace

int main(int count, char** words) {
  using namespace inotify_csync;
  if (count != 3) return 64;
  const fs::path root = fs::absolute(words[1]);
  const auto selection = std::make_shared<const Selection>(
      std::vector<Group>{{{{root.string(), true}}}}, std::vector<Prefix>{});
  uint64_t records = 0;
  for (int round = 0; round < std::atoi(words[2]); round++) {
    std::atomic<bool> stop{false};
    std::thread one([&] { Churn(root, static_cast<uint64_t>(round) * 2 + 1, &stop); });
    std::thread two([&] { Churn(root, static_cast<uint64_t>(round) * 2 + 2, &stop); });
    WatcherOptions options;
    options.tree.file_mask = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVE;
    options.tree.grace = 20;
    // Every other watcher has so little memory that it overflows.
    if (round % 2 == 1) options.reader.queue_max = 4096;
    Watcher watcher(selection, options, [] {});
    for (int turn = 0; turn < 20; turn++) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      records += watcher.records().Take().size();
      watcher.Stats();
      watcher.State();
    }
    stop = true;
    one.join();
    two.join();
    watcher.Stop();
  }
  std::printf("watcher_test: %s rounds, %llu bytes of records\n", words[2],
              static_cast<unsigned long long>(records));
  return 0;
}
