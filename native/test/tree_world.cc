#include "tree_world.h"

#include <sys/inotify.h>

#include <algorithm>
#include <cstdio>

namespace inotify_csync::test {

namespace {

constexpr char kRoot[] = "/w";

enum Stage { kBegin, kVerify, kOpen, kWatch, kList, kFinding };

std::string Join(const std::string& directory, const std::string& name) {
  return directory == "/" ? "/" + name : directory + "/" + name;
}

}  // namespace

TreeWorld::TreeWorld(const std::vector<std::string>& prepared, TreeOptions options)
    : options_(options) {
  kernel.MakeDirectory(kRoot);
  kernel.MakeDirectory("/o");
  for (const std::string& path : prepared) kernel.MakeDirectory(path);
  selection_ =
      std::make_shared<Selection>(std::vector<Group>{{{{kRoot, true}}}}, std::vector<Prefix>{});
  Begin(0);
}

TreeWorld::TreeWorld(const TreeWorld& other)
    : kernel(other.kernel),
      losses(other.losses),
      log(other.log),
      verbose(other.verbose),
      coarse(other.coarse),
      selection_(other.selection_),
      options_(other.options_),
      tree_(new Tree(*other.tree_, this)),
      now_(other.now_),
      restarted_(other.restarted_),
      told_loss_(other.told_loss_),
      shadow_(other.shadow_) {
  // Looks that share something must share it in their copies, too.
  std::map<const void*, std::shared_ptr<void>> copies;
  const auto copied = [&copies](const auto& original) {
    using Shared = typename std::decay_t<decltype(original)>::element_type;
    if (!original) return std::shared_ptr<Shared>();
    std::shared_ptr<void>& copy = copies[original.get()];
    if (!copy) copy = std::make_shared<Shared>(*original);
    return std::static_pointer_cast<Shared>(copy);
  };
  const std::function<std::shared_ptr<Look>(const std::shared_ptr<Look>&)> copy =
      [&](const std::shared_ptr<Look>& look) {
        if (!look) return look;
        const bool known = copies.count(look.get()) != 0;
        const auto twin = copied(look);
        if (known) return twin;
        twin->open = copied(look->open);
        twin->parent_node = copied(look->parent_node);
        twin->node = copied(look->node);
        twin->after = copy(look->after);
        return twin;
      };
  for (const auto& look : other.looks_) looks_.push_back(copy(look));
}

void TreeWorld::Begin(int32_t adopted) {
  TreeOptions options = options_;
  options.file_mask = IN_CREATE | IN_CLOSE_WRITE | IN_ATTRIB | IN_DELETE | IN_MOVE;
  options.adopted = adopted;
  tree_.reset(new Tree(*selection_, options, this));
  tree_->Start();
}

void TreeWorld::Restart(const std::function<size_t(size_t)>& pick) {
  const size_t events = kernel.queue.empty() ? 0 : 1;
  while (!tree_->IsFirstWalk() && !tree_->IsSettled()) {
    const size_t steps = Steps();
    if (steps > events) Step(events + pick(steps - events));
    else if (const Millis next = tree_->Deadline(); next >= 0 && next < now_ + 5000)
      AdvanceTime(std::max<Millis>(0, next - now_));
    else break;
  }
  log.push_back("  left");
  const size_t before = losses;
  tree_->Leave();
  // The successor repairs the loss once it is ready.
  told_loss_ = losses != before;
  looks_.clear();
  restarted_ = true;
  Begin(kernel.last_watch());
}

size_t TreeWorld::Steps() const {
  size_t steps = kernel.queue.empty() ? 0 : 1;
  for (const auto& look : looks_) steps += CanAdvance(*look);
  return steps;
}

void TreeWorld::Step(size_t which) {
  if (!kernel.queue.empty() && which-- == 0) {
    const Event event = kernel.queue.front();
    kernel.queue.pop_front();
    if (verbose) {
      char line[64];
      std::snprintf(line, sizeof(line), "    event wd %d mask %x %s", event.wd, event.mask,
                    event.name.c_str());
      log.push_back(line);
    }
    tree_->OnEvent(event, now_);
    AfterInput();
    return;
  }
  for (const auto& look : looks_) {
    if (!CanAdvance(*look) || which-- != 0) continue;
    const std::shared_ptr<Look> taken = look;
    const bool finding = taken->stage == kFinding;
    do Advance(taken);
    while (coarse && !finding && taken->stage != kFinding);
    return;
  }
}

void TreeWorld::AdvanceTime(Millis duration) {
  now_ += duration;
  AfterInput();
}

void TreeWorld::Quiesce() {
  for (int rounds = 0; rounds < 100000; rounds++) {
    if (Steps() > 0) {
      Step(0);
      continue;
    }
    const Millis next = tree_->Deadline();
    if (next < 0) return;
    now_ = std::max(now_, next);
    if (verbose) log.push_back("    time " + std::to_string(now_));
    AfterInput();
  }
  log.push_back("NEVER QUIET");
}

bool TreeWorld::CanAdvance(const Look& look) const {
  return look.stage != kFinding || !look.after || look.after->delivered;
}

// One system call of a walker.
void TreeWorld::Advance(const std::shared_ptr<Look>& look) {
  Found& found = look->found;
  switch (look->stage) {
    case kBegin:
      look->stage = kOpen;
      if (look->job->parent.id != kNoNode && look->parent == kNoInode) {
        look->parent = kernel.Resolve(look->job->parent_path);
        look->stage = kVerify;
        look->serial = tree_->Serial();
        if (look->parent == kNoInode || !kernel.At(look->parent).directory) {
          found.status = LookStatus::kParentLost;
          look->stage = kFinding;
        }
      }
      break;
    case kVerify:
      look->stage = kOpen;
      if (!kernel.At(look->parent).linked) {
        found.status = LookStatus::kParentLost;
        look->stage = kFinding;
      } else if (const int32_t wd = kernel.AddWatch(look->parent); wd != look->job->parent_wd) {
        if (wd >= 0) tree_->OnStrayWatch(wd);
        found.status = LookStatus::kParentLost;
        look->stage = kFinding;
      }
      break;
    case kOpen:
      look->serial = tree_->Serial();
      if (look->path.size() > options_.deepest) {
        found.status = LookStatus::kTooDeep;
        look->stage = kFinding;
        break;
      }
      look->opened = look->name.empty() ? kTop : kernel.Entry(look->parent, look->name);
      look->stage = kWatch;
      if (look->opened == kNoInode || !kernel.At(look->opened).directory) {
        found.status = look->opened == kNoInode ? LookStatus::kGone : LookStatus::kNotDirectory;
        look->stage = kFinding;
      }
      break;
    case kWatch:
      look->stage = kFinding;
      if (!kernel.At(look->opened).linked) {
        found.status = LookStatus::kGone;
        break;
      }
      found.wd = kernel.AddWatch(look->opened);
      found.status = found.wd < 0 ? LookStatus::kNoSpace : LookStatus::kWatched;
      if (found.wd < 0) break;
      found.recursed = look->job->deep || found.wd > look->job->high_water;
      if (found.recursed) look->stage = kList;
      break;
    case kList: {
      look->stage = kFinding;
      const auto entries = kernel.At(look->opened).entries;
      bool clipped = false;
      for (const auto& [name, inode] : entries) {
        if (!kernel.At(inode).directory) continue;
        auto below = std::make_shared<Look>();
        below->job = look->job;
        below->open = look->open;
        below->parent_node = look->node;
        below->parent = look->opened;
        below->name = name;
        below->path = Join(look->path, name);
        below->reach = selection_->Enter(below->path, look->reach);
        if (below->reach == 0) continue;
        const bool deep = below->path.size() > options_.deepest;
        // One report of a too deep directory is enough.
        if (deep && clipped) continue;
        clipped |= deep;
        below->stage = deep ? kFinding : kOpen;
        if (deep) below->found.status = LookStatus::kTooDeep;
        if (deep) below->serial = look->serial;
        below->after = look;
        ++*look->open;
        looks_.push_back(std::move(below));
      }
      break;
    }
    case kFinding:
      Deliver(look);
      break;
  }
}

void TreeWorld::Deliver(const std::shared_ptr<Look>& look) {
  looks_.erase(std::find(looks_.begin(), looks_.end(), look));
  look->delivered = true;
  Found& found = look->found;
  found.job = look->job->id;
  found.parent = *look->parent_node;
  found.parent_wd = look->after ? look->after->found.wd : look->job->parent_wd;
  found.name = look->name;
  found.reach = look->reach;
  found.ticket = look->ticket;
  found.serial = look->serial;
  if (verbose) {
    log.push_back("    job " + std::to_string(found.job) + " finds " + look->path + " status " +
                  std::to_string(static_cast<int>(found.status)) + " wd " +
                  std::to_string(found.wd));
  }
  *look->node = tree_->OnFound(found, now_);
  if (--*look->open == 0) tree_->OnJobDone(look->job->id, 0, now_);
  AfterInput();
}

void TreeWorld::AfterInput() {
  tree_->Tick(now_);
  tree_->Flush(now_);
}

void TreeWorld::StartJob(Job job) {
  const auto shared = std::make_shared<Job>(std::move(job));
  const auto open = std::make_shared<size_t>(shared->names.size());
  for (size_t index = 0; index < shared->names.size(); index++) {
    auto look = std::make_shared<Look>();
    look->job = shared;
    look->open = open;
    look->parent_node = std::make_shared<NodeRef>(shared->parent);
    look->name = shared->names[index].name;
    look->path = look->name.empty() ? "/" : Join(shared->parent_path, look->name);
    look->reach = shared->names[index].reach;
    look->ticket = static_cast<int>(index);
    looks_.push_back(std::move(look));
  }
}

void TreeWorld::Emit(RecordKind kind, std::string_view text) {
  log.push_back(std::string(1, static_cast<char>(kind)) + " " + std::string(text));
  if (kind == RecordKind::kLoss) {
    losses++;
    CopyAll();
  } else if (kind == RecordKind::kTouch) {
    CopyMode(std::string(text));
  } else {
    Copy(std::string(text), kind == RecordKind::kTree);
  }
}

// A file that has been copied keeps its content, so a touch record must not be the only record of
// changed content.
void TreeWorld::CopyMode(const std::string& path) {
  const auto copied = shadow_.find(path);
  const Inode inode = kernel.Resolve(path);
  if (copied == shadow_.end() || inode == kNoInode ||
      kernel.At(inode).directory != (copied->second.version == -1)) {
    Copy(path, false);
  } else if (!kernel.At(inode).directory) {
    copied->second.mode = kernel.At(inode).mode;
  }
}

void TreeWorld::FirstWalkDone(uint64_t) {
  log.push_back("walked");
  // A successor continues with what its predecessor has copied.
  if (!restarted_ || told_loss_) CopyAll();
  told_loss_ = false;
}

void TreeWorld::CopyAll() {
  shadow_.clear();
  Copy(kRoot, true);
}

// Does what csync2 does for a record at the earliest possible moment. A plain check takes the entry
// alone, a recursive one also everything below it.
void TreeWorld::Copy(const std::string& path, bool recursive) {
  const Inode inode = kernel.Resolve(path);
  const auto below = [this, &path] {
    auto first = shadow_.lower_bound(path + "/");
    auto last = first;
    while (last != shadow_.end() && last->first.rfind(path + "/", 0) == 0) ++last;
    return std::pair(first, last);
  };
  const bool is_directory = inode != kNoInode && kernel.At(inode).directory;
  if (recursive || !is_directory) {
    const auto [first, last] = below();
    if (recursive || (inode != kNoInode)) shadow_.erase(first, last);
  }
  if (inode == kNoInode) {
    const auto [first, last] = below();
    if (first == last) shadow_.erase(path);
    return;
  }
  if (path.rfind(kRoot, 0) != 0) return;
  shadow_[path] =
      is_directory ? Copied{-1, 0} : Copied{kernel.At(inode).version, kernel.At(inode).mode};
  if (!recursive || !is_directory) return;
  for (const auto& [name, child] : kernel.At(inode).entries) Copy(path + "/" + name, true);
}

std::vector<std::string> TreeWorld::Watched() const {
  std::vector<std::string> paths;
  for (const auto& [inode, wd] : kernel.watches()) {
    std::string path;
    const NodeId node = tree_->store().ByWatch(wd);
    paths.push_back(node != kNoNode && tree_->store().Path(node, &path) ? path : "?");
  }
  return paths;
}

std::string TreeWorld::Verify(bool lawful) {
  if (!log.empty() && log.back() == "NEVER QUIET") return "never quiet";
  std::map<std::string, Copied> real;
  std::map<std::string, int32_t> watched;
  std::vector<std::pair<std::string, Inode>> below{{kRoot, kernel.Resolve(kRoot)}};
  if (kernel.watches().count(kTop) == 0) return "/ is not watched";
  watched["/"] = kernel.watches().at(kTop);
  while (!below.empty()) {
    const auto [path, inode] = below.back();
    below.pop_back();
    if (inode == kNoInode) continue;
    const File& file = kernel.At(inode);
    real[path] = file.directory ? Copied{-1, 0} : Copied{file.version, file.mode};
    if (!file.directory) continue;
    // A too deep directory's contents are not reported until it has a shorter path.
    if (path.size() > options_.deepest) continue;
    const auto watch = kernel.watches().find(inode);
    if (watch == kernel.watches().end()) return path + " is not watched";
    watched[path] = watch->second;
    for (const auto& [name, child] : file.entries) below.emplace_back(path + "/" + name, child);
  }
  for (const auto& [path, wd] : watched) {
    const NodeId node = tree_->store().ByWatch(wd);
    std::string known;
    if (node == kNoNode || !tree_->store().Path(node, &known))
      return path + " has no node in its place";
    if (known != path) return path + " is known as " + known;
    if (tree_->store()[node].next_alias != kNoNode) return path + " is known twice";
  }
  // A successor removes its predecessor's watches when it meets them.
  if (lawful && !restarted_ && kernel.watches().size() != watched.size())
    return "watches have been left behind";
  if (tree_->store().nodes() != watched.size()) return "nodes have been left behind";
  if (tree_->Stats().held != 0) return "events have been left behind";
  for (const auto& [path, is] : real) {
    const auto copy = shadow_.find(path);
    if (copy == shadow_.end()) return path + " is missing in the shadow";
    if (copy->second.version != is.version) return path + " has an old content in the shadow";
    if (copy->second.mode != is.mode) return path + " has an old mode in the shadow";
  }
  for (const auto& [path, copied] : shadow_) {
    if (path.substr(0, path.rfind('/')).size() > options_.deepest) continue;
    if (real.count(path) == 0) return path + " is left over in the shadow";
  }
  return "";
}

}  // namespace inotify_csync::test
