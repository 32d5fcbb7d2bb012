// The state machine under libFuzzer (clang's -fsanitize=fuzzer). Every byte decides something.
//
// The first byte says whether the kernel keeps to its rules. If it does, everything must be right
// in the end, as in tree_test. If not, events come that no kernel would send, with any mask,
// descriptor and name. Then nothing may crash or run for ever, and an overflow, after which
// everything is walked again, must set everything right.
#include <sys/inotify.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "../operations.h"
#include "../tree_world.h"

namespace inotify_csync::test {
namespace {

class Bytes {
 public:
  Bytes(const uint8_t* data, size_t size) : at_(data), end_(data + size) {}
  bool empty() const { return at_ == end_; }
  size_t Pick(size_t count) { return empty() ? 0 : *at_++ % count; }

 private:
  const uint8_t* at_;
  const uint8_t* end_;
};

constexpr uint32_t kMasks[] = {IN_CREATE,    IN_DELETE,      IN_MOVED_FROM, IN_MOVED_TO,
                               IN_ATTRIB,    IN_CLOSE_WRITE, IN_MODIFY,     IN_DELETE_SELF,
                               IN_MOVE_SELF, IN_IGNORED,     IN_UNMOUNT,    IN_Q_OVERFLOW,
                               IN_ISDIR,     0x80000000};
constexpr const char* kNames[] = {"a", "b", "c", "f", "w", "o", "", "..", "a/c", "\xff"};

Event Unheard(Bytes* bytes, const KernelModel& kernel) {
  Event event;
  event.wd = static_cast<int32_t>(bytes->Pick(static_cast<size_t>(kernel.last_watch()) + 3)) - 1;
  event.mask = kMasks[bytes->Pick(std::size(kMasks))] | (bytes->Pick(2) != 0 ? IN_ISDIR : 0U);
  if (bytes->Pick(8) == 0) event.mask |= kMasks[bytes->Pick(std::size(kMasks))];
  event.name = kNames[bytes->Pick(std::size(kNames))];
  return event;
}

void Fail(const TreeWorld& world, const std::string& wrong) {
  // Print only the beginning, which shows the cause. An endless log is cut.
  for (size_t line = 0; line < std::min<size_t>(world.log.size(), 300); line++) {
    std::fprintf(stderr, "%s\n", world.log[line].c_str());
  }
  std::fprintf(stderr, "%s\n", wrong.c_str());
  std::abort();
}

void Run(Bytes bytes) {
  const bool lawful = bytes.Pick(2) == 0;
  TreeWorld world(PreparedTrees()[bytes.Pick(PreparedTrees().size())]);
  world.verbose = true;
  if (bytes.Pick(2) == 0) world.Quiesce();
  // The limit keeps a run short enough to understand, and allows thousands of runs a second.
  for (int turn = 0; turn < 200 && !bytes.empty(); turn++) {
    switch (bytes.Pick(8)) {
      case 0:
      case 1: {
        const Operation& operation = AllOperations()[bytes.Pick(AllOperations().size())];
        if (operation.run(world.kernel)) world.log.push_back("  " + operation.text);
        break;
      }
      case 2:
        if (!lawful) {
          world.kernel.queue.push_back(Unheard(&bytes, world.kernel));
          break;
        }
        world.kernel.queue_max = 1 + bytes.Pick(255);
        break;
      case 3: world.AdvanceTime(static_cast<Millis>(bytes.Pick(256)) * 4); break;
      default:
        if (world.Steps() > 0) world.Step(bytes.Pick(world.Steps()));
        break;
    }
  }
  world.Quiesce();
  if (!lawful) {
    world.kernel.queue.push_back({-1, IN_Q_OVERFLOW, 0, ""});
    world.Quiesce();
  }
  const std::string wrong = world.Verify(lawful);
  if (!wrong.empty()) Fail(world, wrong);
}

}  // namespace
}  // namespace inotify_csync::test

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  inotify_csync::test::Run({data, size});
  return 0;
}
