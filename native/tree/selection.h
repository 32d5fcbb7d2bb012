// Decides which paths csync2 synchronises, by csync2's own matching rules (csync2 groups.c,
// check.c), one path at a time while a tree is walked. Pure, without I/O and without state after
// construction, so threads can share it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace inotify_csync {

struct Pattern {
  std::string text;  // as in csync2.cfg, trailing slashes stripped
  bool include = false;
};

// A group that this host is a member of. Patterns are in file order, without those of `compare`.
struct Group {
  std::vector<Pattern> patterns;
};

// A prefix that has a path on this host. Names below `path` are also known as `%name%...`.
struct Prefix {
  std::string name;
  std::string path;
};

// csync2's answer for one name (csync_match_file).
enum class Scope : uint8_t { kOutside = 0, kStepInto = 1, kSelected = 2 };

// The name spaces in which a walk from / has reached a directory. Bit 0 is the real path, bit i + 1
// the i-th prefix that some include pattern can name. Zero means that csync2's walk never gets
// here.
using Reach = uint32_t;

// One pattern, or one truncation of a pattern, ready to be matched.
class Glob {
 public:
  Glob(std::string text, int flags);

  // fnmatch(3) in the "C" locale; `name` ends with a NUL at name.data()[name.size()].
  bool Matches(std::string_view name) const;

  // Has no wildcards and escapes, so that it matches only its own text.
  bool literal() const { return literal_size_ == text_.size(); }
  const std::string& text() const { return text_; }
  int flags() const { return flags_; }

 private:
  std::string text_;
  int flags_;
  size_t literal_size_;  // length of what precedes the first special character
};

class Selection {
 public:
  static constexpr size_t kMaxPrefixes = 31;

  // The first of two prefixes with the same name counts. Throws std::length_error when include
  // patterns name more than kMaxPrefixes prefixes.
  Selection(std::vector<Group> groups, std::vector<Prefix> prefixes);

  // csync_match_file for one name, real or in %prefix% form.
  Scope MatchName(std::string_view name) const;

  Reach RootReach() const;

  // The reach of directory `path` (absolute, real) whose parent directory has reach `parent`.
  Reach Enter(std::string_view path, Reach parent) const;

  // Whether `path`, an entry of any type in a directory with reach `parent`, is synchronised.
  bool Selects(std::string_view path, Reach parent) const;

  // Whether an entry directly in directory `path` that is not a directory may be synchronised; true
  // when unsure. `is_directory` tests an entry that a pattern names literally.
  bool MaySelectIn(std::string_view path, Reach reach,
                   const std::function<bool(const std::string&)>& is_directory) const;

  // Walks down from / and returns whether csync2's walk would get to `path` and select it.
  Scope Explain(std::string_view path) const;

 private:
  struct Rule {
    Glob glob;
    bool include;
  };
  struct CompiledGroup {
    std::vector<Rule> paths;      // last in the file first
    std::vector<Rule> basenames;  // last in the file first
  };

  bool Selected(std::string_view name) const;
  bool StepsInto(std::string_view name) const;
  bool IsAbovePrefix(std::string_view path) const;

  std::vector<CompiledGroup> groups_;
  std::vector<std::string> step_into_names_;  // sorted truncations without wildcards
  std::vector<Glob> step_into_globs_;
  std::vector<Prefix> prefixes_;          // those with a bit in Reach
  std::vector<std::string> prefix_paths_;  // of all prefixes, for IsAbovePrefix
};

// Whether one pattern of csync2.cfg, by its class, matches `name` or the last component of it.
bool MatchPattern(const std::string& pattern, const std::string& name);

// Whether fnmatch(3) in the "C" locale, without flags, accepts `name`: csync2's test of host names.
bool MatchHost(const std::string& pattern, const std::string& name);

}  // namespace inotify_csync
