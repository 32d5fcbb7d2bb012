#include "operations.h"

namespace inotify_csync::test {

namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

void AddMoves(std::vector<Operation>* all, const Pairs& moves) {
  for (const auto& [from, to] : moves) {
    all->push_back({"mv " + from + " " + to,
                    [from = from, to = to](KernelModel& k) { return k.Rename(from, to); }});
  }
}

void AddExchanges(std::vector<Operation>* all, const Pairs& pairs) {
  for (const auto& [left, right] : pairs) {
    all->push_back({"exchange " + left + " " + right, [left = left, right = right](KernelModel& k) {
                      return k.Exchange(left, right);
                    }});
  }
}

Operation MakeDirectory(const std::string& path) {
  return {"mkdir " + path, [path](KernelModel& k) { return k.MakeDirectory(path); }};
}

Operation RemoveDirectory(const std::string& path) {
  return {"rmdir " + path, [path](KernelModel& k) { return k.RemoveDirectory(path); }};
}

Operation WriteFile(const std::string& path) {
  return {"write " + path,
          [path](KernelModel& k) { return k.Write(path) || (k.Create(path) && k.Write(path)); }};
}

Operation CreateFile(const std::string& path) {
  return {"create " + path, [path](KernelModel& k) { return k.Create(path); }};
}

Operation UnlinkFile(const std::string& path) {
  return {"unlink " + path, [path](KernelModel& k) { return k.Unlink(path); }};
}

Operation ChangeMode(const std::string& path) {
  return {"chmod " + path, [path](KernelModel& k) { return k.ChangeMode(path); }};
}

std::vector<Operation> MakeAll() {
  std::vector<Operation> all;
  for (const std::string path : {"/w/a", "/w/b", "/w/a/c", "/w/b/c"}) {
    all.push_back(MakeDirectory(path));
    all.push_back(RemoveDirectory(path));
    all.push_back(WriteFile(path + "/f"));
    all.push_back(CreateFile(path));
    all.push_back(UnlinkFile(path + "/f"));
    all.push_back(UnlinkFile(path));
    all.push_back(ChangeMode(path + "/f"));
  }
  AddMoves(&all, {{"/w/a", "/w/b"},
                  {"/w/b", "/w/a"},
                  {"/w/a", "/o/a"},
                  {"/o/a", "/w/a"},
                  {"/o/a", "/w/b"},
                  {"/w/a/c", "/w/b/c"},
                  {"/w/a/c", "/w/b"},
                  {"/w/b", "/w/a/c"},
                  {"/w/a/c", "/o/c"},
                  {"/o/c", "/w/a/c"},
                  {"/w/b/c", "/w/a/c"},
                  {"/w/a/f", "/w/b/f"},
                  {"/w/a", "/w/b/c"}});
  all.push_back(ChangeMode("/w/a"));
  AddExchanges(&all, {{"/w/a", "/w/b"}, {"/w/a/c", "/w/b"}, {"/w/a", "/o/a"}});
  return all;
}

std::vector<Operation> MakeThreeNames() {
  std::vector<Operation> all;
  all.push_back(MakeDirectory("/w/a"));
  all.push_back(RemoveDirectory("/w/a"));
  all.push_back(WriteFile("/w/a/f"));
  AddMoves(&all, {{"/w/a", "/w/b"}, {"/w/b", "/w/a"}, {"/w/a", "/o/c"}, {"/o/c", "/w/a"}});
  return all;
}

std::vector<Operation> MakeNested() {
  std::vector<Operation> all = MakeThreeNames();
  AddMoves(&all, {{"/w/a", "/w/b/a"}, {"/w/b/a", "/w/a"}});
  AddExchanges(&all, {{"/w/a", "/w/b"}});
  return all;
}

}  // namespace

const std::vector<Operation>& AllOperations() {
  static const std::vector<Operation> all = MakeAll();
  return all;
}

const std::vector<Operation>& ThreeNames() {
  static const std::vector<Operation> all = MakeThreeNames();
  return all;
}

const std::vector<Operation>& Nested() {
  static const std::vector<Operation> all = MakeNested();
  return all;
}

const std::vector<std::vector<std::string>>& PreparedTrees() {
  static const std::vector<std::vector<std::string>> trees{
      {}, {"/w/a", "/w/a/c"}, {"/w/a", "/w/b", "/w/a/c", "/w/b/c"}, {"/o/a", "/o/a/c", "/w/b"}};
  return trees;
}

}  // namespace inotify_csync::test
