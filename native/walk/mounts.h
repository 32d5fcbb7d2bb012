// Reads the mount table of this process (/proc/self/mountinfo, proc(5)).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "tree/selection.h"

namespace inotify_csync {

struct MountTable {
  std::map<std::string, std::string> points;  // mount point -> the ids of what is mounted there
  std::map<std::string, std::string>
      sources;  // mount point -> devices and directories on them, without ids
  std::unordered_set<std::string>
      pseudo;  // mount points of file systems that hold no users' files
};

// Reads an open mountinfo file, which poll(2) can watch for POLLPRI.
std::shared_ptr<const MountTable> ReadMounts(int mountinfo_fd);

// The mount points that have appeared, vanished or been mounted over between two tables.
std::vector<std::string> ChangedMounts(const MountTable& before, const MountTable& after);

// A digest of the mounts in selected directories. It also compares the tables of two processes.
// Mounts have other ids in each mount namespace, and the service manager makes a namespace for each
// start. Never 0.
uint64_t MountsDigest(const MountTable& table, const Selection& selection);

}  // namespace inotify_csync
