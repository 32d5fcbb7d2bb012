#include "walk/mounts.h"

#include <unistd.h>

#include <sstream>

namespace inotify_csync {

namespace {

// Kernel interfaces in the form of files. Their directories come and go without events, and some
// never end.
const std::unordered_set<std::string> kPseudo = {
    "autofs", "binfmt_misc", "bpf",        "cgroup",    "cgroup2", "configfs", "debugfs",
    "devpts", "devtmpfs",    "efivarfs",   "fusectl",   "mqueue",  "nsfs",     "proc",
    "pstore", "rpc_pipefs",  "securityfs", "selinuxfs", "sysfs",   "tracefs"};

// mountinfo writes blank, tab, newline and backslash as \ooo.
std::string Unescape(const std::string& text) {
  std::string plain;
  for (size_t at = 0; at < text.size(); at++) {
    if (text[at] == '\\' && at + 3 < text.size()) {
      plain += static_cast<char>((text[at + 1] - '0') * 64 + (text[at + 2] - '0') * 8 +
                                 (text[at + 3] - '0'));
      at += 3;
    } else {
      plain += text[at];
    }
  }
  return plain;
}

}  // namespace

std::shared_ptr<const MountTable> ReadMounts(int mountinfo_fd) {
  auto table = std::make_shared<MountTable>();
  std::string text;
  char buffer[16384];
  off_t offset = 0;
  for (ssize_t count; (count = pread(mountinfo_fd, buffer, sizeof(buffer), offset)) > 0;
       offset += count) {
    text.append(buffer, static_cast<size_t>(count));
  }
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    // 36 35 98:0 /root /point options [optional fields] - type source options
    std::istringstream fields(line);
    std::string id, parent, device, root, point, field, type;
    fields >> id >> parent >> device >> root >> point;
    while (fields >> field && field != "-") continue;
    fields >> type;
    point = Unescape(point);
    table->points[point] += id + " " + device + " " + root + ";";
    table->sources[point] += device + " " + root + ";";
    // The last mount at a point hides the earlier ones.
    if (kPseudo.count(type) != 0) table->pseudo.insert(point);
    else table->pseudo.erase(point);
  }
  return table;
}

std::vector<std::string> ChangedMounts(const MountTable& before, const MountTable& after) {
  std::vector<std::string> changed;
  for (const auto& [point, what] : after.points) {
    const auto old = before.points.find(point);
    if (old == before.points.end() || old->second != what) changed.push_back(point);
  }
  for (const auto& [point, what] : before.points) {
    if (after.points.count(point) == 0) changed.push_back(point);
  }
  return changed;
}

uint64_t MountsDigest(const MountTable& table, const Selection& selection) {
  // FNV-1a, 64 bits.
  uint64_t digest = 0xcbf29ce484222325;
  const auto add = [&digest](const std::string& text) {
    for (size_t at = 0; at <= text.size(); at++) {
      digest = (digest ^ static_cast<unsigned char>(text.c_str()[at])) * 0x100000001b3;
    }
  };
  for (const auto& [point, sources] : table.sources) {
    if (selection.Explain(point) == Scope::kOutside) continue;
    add(point);
    add(sources);
  }
  return digest == 0 ? 1 : digest;
}

}  // namespace inotify_csync
