#include "addon/survey_napi.h"

#include <atomic>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "walk/place.h"
#include "walk/survey.h"

namespace inotify_csync {

namespace {

std::string PathOf(const Napi::Value& value) {
  if (!value.IsBuffer()) throw Napi::TypeError::New(value.Env(), "a path must be a Buffer");
  const auto buffer = value.As<Napi::Buffer<char>>();
  return std::string(buffer.Data(), buffer.Length());
}

template <typename Number>
void Append(std::string* bytes, Number number) {
  bytes->append(reinterpret_cast<const char*>(&number), sizeof(number));
}

void AppendPath(std::string* bytes, const std::string& path) {
  Append(bytes, static_cast<uint32_t>(path.size()));
  bytes->append(path);
}

// Thousands of objects would hold up the event loop, so JavaScript gets records that consist of
// fixed fields and a path.
std::string Packed(const std::vector<ChangedEntry>& changed) {
  std::string bytes;
  for (const ChangedEntry& entry : changed) {
    Append(&bytes, static_cast<uint8_t>(entry.type));
    Append(&bytes, entry.inode);
    Append(&bytes, entry.size);
    Append(&bytes, entry.mtime_ns);
    Append(&bytes, entry.ctime_ns);
    Append(&bytes, entry.device);
    Append(&bytes, entry.links);
    AppendPath(&bytes, entry.path);
  }
  return bytes;
}

std::string Packed(const std::vector<UnreadableEntry>& unreadable) {
  std::string bytes;
  for (const UnreadableEntry& entry : unreadable) {
    Append(&bytes, static_cast<int32_t>(entry.error));
    AppendPath(&bytes, entry.path);
  }
  return bytes;
}

using Cancelled = std::shared_ptr<std::atomic<bool>>;

class SurveyWorker : public Napi::AsyncWorker {
 public:
  SurveyWorker(Napi::Env env, std::vector<std::string> paths, SurveyOptions options,
               Cancelled cancelled)
      : Napi::AsyncWorker(env, "inotify_csync_survey"),
        deferred_(env),
        paths_(std::move(paths)),
        options_(options),
        cancelled_(std::move(cancelled)) {}

  Napi::Promise Promise() const { return deferred_.Promise(); }

 private:
  void Execute() override {
    SurveyResult result;
    is_whole_ = Survey(options_, *cancelled_).Run(paths_, &result);
    entries_ = result.entries;
    changed_ = Packed(result.changed);
    unreadable_ = Packed(result.unreadable);
  }

  // The result is null when the survey has been cancelled.
  void OnOK() override {
    const Napi::Env env = Env();
    if (!is_whole_) {
      deferred_.Resolve(env.Null());
      return;
    }
    Napi::Object shown = Napi::Object::New(env);
    shown.Set("entries", static_cast<double>(entries_));
    shown.Set("changed", Napi::Buffer<char>::Copy(env, changed_.data(), changed_.size()));
    shown.Set("unreadable", Napi::Buffer<char>::Copy(env, unreadable_.data(), unreadable_.size()));
    deferred_.Resolve(shown);
  }

  void OnError(const Napi::Error& error) override { deferred_.Reject(error.Value()); }

  Napi::Promise::Deferred deferred_;
  const std::vector<std::string> paths_;
  const SurveyOptions options_;
  const Cancelled cancelled_;
  bool is_whole_ = false;
  uint64_t entries_ = 0;
  std::string changed_;
  std::string unreadable_;
};

// survey(paths, recursive, changedSince, linkedOnly) starts a survey in a thread of its own.
// Returns its promise and a function that cancels it.
Napi::Value StartSurvey(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (info.Length() < 4 || !info[0].IsArray() || !info[1].IsBoolean() || !info[2].IsBigInt() ||
      !info[3].IsBoolean()) {
    throw Napi::TypeError::New(env,
                               "survey takes an array of paths, a boolean, a bigint and a boolean");
  }
  const auto list = info[0].As<Napi::Array>();
  std::vector<std::string> paths;
  paths.reserve(list.Length());
  for (uint32_t index = 0; index < list.Length(); index++) paths.push_back(PathOf(list.Get(index)));
  SurveyOptions options;
  options.recursive = info[1].As<Napi::Boolean>().Value();
  bool lossless = true;
  options.changed_since_ns = info[2].As<Napi::BigInt>().Int64Value(&lossless);
  options.linked_only = info[3].As<Napi::Boolean>().Value();
  if (!lossless) throw Napi::RangeError::New(env, "a time must fit into 64 bits");
  const auto cancelled = std::make_shared<std::atomic<bool>>(false);
  auto* worker = new SurveyWorker(env, std::move(paths), options, cancelled);
  Napi::Object survey = Napi::Object::New(env);
  survey.Set("done", worker->Promise());
  survey.Set("cancel",
             Napi::Function::New(
                 env, [cancelled](const Napi::CallbackInfo&) { *cancelled = true; }, "cancel"));
  worker->Queue();
  return survey;
}

Napi::Value LookAt(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const PlaceFacts facts = LookAtPlace(PathOf(info[0]));
  Napi::Object shown = Napi::Object::New(env);
  shown.Set("errno", facts.error);
  shown.Set("kind", static_cast<int>(facts.kind));
  shown.Set("empty", facts.empty);
  shown.Set("inode", Napi::BigInt::New(env, facts.inode));
  shown.Set("bornNs", Napi::BigInt::New(env, facts.born_ns));
  shown.Set("fileSystem", Napi::BigInt::New(env, facts.file_system));
  return shown;
}

Napi::Value ListAttributes(const Napi::CallbackInfo& info) {
  const std::string names = AttributeNames(PathOf(info[0]));
  return Napi::Buffer<char>::Copy(info.Env(), names.data(), names.size());
}

}  // namespace

Napi::Object InitSurvey(Napi::Env env, Napi::Object exports) {
  exports.Set("survey", Napi::Function::New(env, StartSurvey, "survey"));
  exports.Set("lookAtPlace", Napi::Function::New(env, LookAt, "lookAtPlace"));
  exports.Set("attributeNames", Napi::Function::New(env, ListAttributes, "attributeNames"));
  return exports;
}

}  // namespace inotify_csync
