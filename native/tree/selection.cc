#include "tree/selection.h"

#include <fnmatch.h>
#include <locale.h>

#include <algorithm>
#include <cstring>
#include <set>
#include <stdexcept>
#include <utility>

namespace inotify_csync {
namespace {

constexpr const char* kSpecial = "*?[\\";

// csync2 never calls setlocale(3), so its fnmatch works byte by byte. This one must do the same,
// regardless of the locale of the process.
class InPosixLocale {
 public:
  InPosixLocale() : previous_(uselocale(Posix())) {}
  ~InPosixLocale() { uselocale(previous_); }
  InPosixLocale(const InPosixLocale&) = delete;
  InPosixLocale& operator=(const InPosixLocale&) = delete;

 private:
  static locale_t Posix() {
    static const locale_t locale = newlocale(LC_ALL_MASK, "C", nullptr);
    return locale;
  }
  locale_t previous_;
};

bool IsPathPattern(const std::string& text) {
  return !text.empty() && (text[0] == '/' || text[0] == '%');
}

// A `**` anywhere makes every star of the pattern cross slashes (csync2 add_patt).
int PathnameFlag(const std::string& text) {
  return text.find("**") == std::string::npos ? FNM_PATHNAME : 0;
}

std::string_view Basename(std::string_view name) {
  const size_t slash = name.rfind('/');
  return slash == std::string_view::npos ? name : name.substr(slash + 1);
}

// csync2's name for `prefix.path` or a `path` below it. The prefix path "/" has no slash of its own
// to drop, so csync2 calls /etc `%name%/etc` there, too.
std::string PrefixedName(const Prefix& prefix, std::string_view path) {
  std::string name;
  name.reserve(prefix.name.size() + path.size() + 2);
  name.append("%").append(prefix.name).append("%");
  if (path != prefix.path) name.append(prefix.path == "/" ? path : path.substr(prefix.path.size()));
  return name;
}

// Whether a pattern can match any name that begins with `%name%`. Compares the text before the
// first wildcard.
bool CanName(const Glob& glob, const Prefix& prefix) {
  const std::string start = "%" + prefix.name + "%";
  const size_t special = glob.text().find_first_of(kSpecial);
  const size_t size =
      std::min(start.size(), special == std::string::npos ? glob.text().size() : special);
  return start.compare(0, size, glob.text(), 0, size) == 0;
}

// Whether an include pattern may match an entry directly in `directory`.
bool MayMatchIn(const Glob& glob, const std::string& directory,
                const std::function<bool(const std::string&)>& is_directory) {
  if (glob.Matches(directory)) return true;
  const std::string& text = glob.text();
  if ((glob.flags() & FNM_PATHNAME) != 0 && text.find_first_of("[\\") == std::string::npos) {
    const size_t slash = text.rfind('/');
    if (slash == std::string::npos) return false;
    const Glob parent(slash == 0 ? "/" : text.substr(0, slash), FNM_PATHNAME);
    if (!parent.Matches(directory)) return false;
    const std::string last = text.substr(slash + 1);
    return last.find_first_of(kSpecial) != std::string::npos || !is_directory(last);
  }
  // The wildcards may match slashes, so only the text before the first wildcard is compared.
  const std::string start = text.substr(0, text.find_first_of(kSpecial));
  const std::string inside = directory == "/" ? directory : directory + '/';
  if (inside.compare(0, start.size(), start) == 0) return true;
  return start.compare(0, inside.size(), inside) == 0 &&
         start.find('/', inside.size()) == std::string::npos;
}

}  // namespace

Glob::Glob(std::string text, int flags)
    : text_(std::move(text)),
      flags_(flags),
      literal_size_(std::min(text_.find_first_of(kSpecial), text_.size())) {}

bool Glob::Matches(std::string_view name) const {
  if (name.size() < literal_size_ || std::memcmp(name.data(), text_.data(), literal_size_) != 0)
    return false;
  if (literal()) {
    return name.size() == literal_size_ ||
           ((flags_ & FNM_LEADING_DIR) != 0 && name[literal_size_] == '/');
  }
  const InPosixLocale posix;
  return fnmatch(text_.c_str(), name.data(), flags_) == 0;
}

Selection::Selection(std::vector<Group> groups, std::vector<Prefix> prefixes) {
  std::set<std::string> names;
  std::set<std::pair<std::string, int>> globs;
  std::vector<const Glob*> includes;
  groups_.reserve(groups.size());
  for (const Group& group : groups) {
    CompiledGroup compiled;
    for (auto pattern = group.patterns.rbegin(); pattern != group.patterns.rend(); ++pattern) {
      if (!IsPathPattern(pattern->text)) {
        compiled.basenames.push_back({Glob(pattern->text, 0), pattern->include});
        continue;
      }
      const int pathname = PathnameFlag(pattern->text);
      compiled.paths.push_back({Glob(pattern->text, pathname | FNM_LEADING_DIR), pattern->include});
      if (!pattern->include) continue;
      for (size_t slash = pattern->text.rfind('/'); slash != std::string::npos && slash > 0;
           slash = pattern->text.rfind('/', slash - 1)) {
        const std::string truncation = pattern->text.substr(0, slash);
        if (truncation.find_first_of(kSpecial) == std::string::npos) {
          names.insert(truncation);
        } else {
          globs.emplace(truncation, pathname);
        }
      }
    }
    groups_.push_back(std::move(compiled));
  }
  step_into_names_.assign(names.begin(), names.end());
  for (const auto& [text, flags] : globs) step_into_globs_.emplace_back(text, flags);

  for (const CompiledGroup& group : groups_) {
    for (const Rule& rule : group.paths) {
      if (rule.include) includes.push_back(&rule.glob);
    }
  }
  std::set<std::string> defined;
  for (Prefix& prefix : prefixes) {
    prefix_paths_.push_back(prefix.path);
    const bool first = defined.insert(prefix.name).second;
    const bool named = std::any_of(includes.begin(), includes.end(),
                                   [&prefix](const Glob* glob) { return CanName(*glob, prefix); });
    if (first && named) prefixes_.push_back(std::move(prefix));
  }
  if (prefixes_.size() > kMaxPrefixes)
    throw std::length_error("more than 31 prefixes are included");
}

Scope Selection::MatchName(std::string_view name) const {
  // fnmatch(3) needs a NUL at the end, which a view doesn't guarantee.
  const std::string terminated(name);
  if (Selected(terminated)) return Scope::kSelected;
  return StepsInto(terminated) ? Scope::kStepInto : Scope::kOutside;
}

Reach Selection::RootReach() const {
  Reach reach = 1;
  for (size_t i = 0; i < prefixes_.size(); ++i) {
    if (prefixes_[i].path != "/") continue;
    if (MatchName(PrefixedName(prefixes_[i], "/")) != Scope::kOutside) reach |= Reach{2} << i;
  }
  return reach;
}

Reach Selection::Enter(std::string_view path, Reach parent) const {
  if (path == "/") return RootReach();
  Reach reach = 0;
  if ((parent & 1) != 0 && (IsAbovePrefix(path) || MatchName(path) != Scope::kOutside)) reach |= 1;
  for (size_t i = 0; i < prefixes_.size(); ++i) {
    const bool begins = (parent & 1) != 0 && path == prefixes_[i].path;
    if (!begins && (parent & (Reach{2} << i)) == 0) continue;
    if (MatchName(PrefixedName(prefixes_[i], path)) != Scope::kOutside) reach |= Reach{2} << i;
  }
  return reach;
}

bool Selection::Selects(std::string_view path, Reach parent) const {
  if ((parent & 1) != 0 && Selected(std::string(path))) return true;
  for (size_t i = 0; i < prefixes_.size(); ++i) {
    const bool begins = (parent & 1) != 0 && path == prefixes_[i].path;
    if (!begins && (parent & (Reach{2} << i)) == 0) continue;
    if (Selected(PrefixedName(prefixes_[i], path))) return true;
  }
  return false;
}

bool Selection::MaySelectIn(std::string_view path, Reach reach,
                            const std::function<bool(const std::string&)>& is_directory) const {
  const auto may = [&](const std::string& name) {
    return std::any_of(groups_.begin(), groups_.end(), [&](const CompiledGroup& group) {
      return std::any_of(group.paths.begin(), group.paths.end(), [&](const Rule& rule) {
        return rule.include && MayMatchIn(rule.glob, name, is_directory);
      });
    });
  };
  if ((reach & 1) != 0 && may(std::string(path))) return true;
  for (size_t i = 0; i < prefixes_.size(); ++i) {
    const std::string& begin = prefixes_[i].path;
    if ((reach & (Reach{2} << i)) != 0 && may(PrefixedName(prefixes_[i], path))) return true;
    // The path of the prefix may be a file.
    const size_t slash = begin.rfind('/');
    if ((reach & 1) == 0 || begin == "/" || slash == std::string::npos) continue;
    if (path == (slash == 0 ? "/" : begin.substr(0, slash)) &&
        !is_directory(begin.substr(slash + 1)))
      return true;
  }
  return false;
}

Scope Selection::Explain(std::string_view path) const {
  // The parent of / gets the reach of / itself, so that a prefix at / begins there.
  Reach parent = 1;
  for (size_t end = 1;; ++end) {
    if (end != 1) end = std::min(path.find('/', end), path.size());
    const std::string_view directory = path.substr(0, end);
    if (end == path.size()) {
      if (Selects(directory, parent)) return Scope::kSelected;
      return Enter(directory, parent) != 0 ? Scope::kStepInto : Scope::kOutside;
    }
    parent = Enter(directory, parent);
    if (parent == 0) return Scope::kOutside;
  }
}

bool Selection::Selected(std::string_view name) const {
  const std::string_view basename = Basename(name);
  const auto last_match = [](const std::vector<Rule>& rules, std::string_view text,
                             bool otherwise) {
    for (const Rule& rule : rules) {
      if (rule.glob.Matches(text)) return rule.include;
    }
    return otherwise;
  };
  return std::any_of(groups_.begin(), groups_.end(), [&](const CompiledGroup& group) {
    return last_match(group.paths, name, false) && last_match(group.basenames, basename, true);
  });
}

bool Selection::StepsInto(std::string_view name) const {
  if (name == "/") return true;
  if (std::binary_search(step_into_names_.begin(), step_into_names_.end(), name)) return true;
  return std::any_of(step_into_globs_.begin(), step_into_globs_.end(),
                     [name](const Glob& glob) { return glob.Matches(name); });
}

// csync2 enters the parents of every prefix path, even the parents that its patterns exclude
// (check.c csync_check_mod).
bool Selection::IsAbovePrefix(std::string_view path) const {
  return std::any_of(prefix_paths_.begin(), prefix_paths_.end(), [path](const std::string& prefix) {
    return prefix.size() > path.size() && prefix[path.size()] == '/' &&
           prefix.compare(0, path.size(), path) == 0;
  });
}

bool MatchPattern(const std::string& pattern, const std::string& name) {
  if (!IsPathPattern(pattern)) return Glob(pattern, 0).Matches(Basename(name));
  return Glob(pattern, PathnameFlag(pattern) | FNM_LEADING_DIR).Matches(name);
}

bool MatchHost(const std::string& pattern, const std::string& name) {
  const InPosixLocale posix;
  return fnmatch(pattern.c_str(), name.c_str(), 0) == 0;
}

}  // namespace inotify_csync
