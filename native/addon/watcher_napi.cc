#include "addon/watcher_napi.h"

#include <algorithm>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>

#include "watch/watcher.h"

namespace inotify_csync {

namespace {

// The state that the threads and the JS object share. The threads call into JS through `notify`
// only, without waiting and with at most one call under way. Data stays here until JS takes it.
struct Shared {
  Napi::ThreadSafeFunction notify;
  std::atomic<bool> notified{false};
  std::unique_ptr<Watcher> watcher;
  std::thread closer;
  bool closing = false;
  napi_env env = nullptr;
};

class NativeWatcher : public Napi::ObjectWrap<NativeWatcher> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "Watcher",
                       {InstanceMethod<&NativeWatcher::Take>("take"),
                        InstanceMethod<&NativeWatcher::State>("state"),
                        InstanceMethod<&NativeWatcher::Stats>("stats"),
                        InstanceMethod<&NativeWatcher::Stall>("stall"),
                        InstanceMethod<&NativeWatcher::Kept>("kept"),
                        InstanceMethod<&NativeWatcher::Pulses>("pulses"),
                        InstanceMethod<&NativeWatcher::Close>("close"),
                        InstanceMethod<&NativeWatcher::Detach>("detach"),
                        InstanceAccessor<&NativeWatcher::ReadAt>("readAt"),
                        InstanceAccessor<&NativeWatcher::InotifyFd>("inotifyFd"),
                        InstanceAccessor<&NativeWatcher::HandoverFd>("handoverFd")});
  }

  explicit NativeWatcher(const Napi::CallbackInfo& info);
  ~NativeWatcher() override { End(shared_.get()); }

 private:
  static void End(Shared* shared);
  static void OnEnvironmentEnd(void* shared);

  Napi::Value Take(const Napi::CallbackInfo& info);
  Napi::Value State(const Napi::CallbackInfo& info);
  Napi::Value Stats(const Napi::CallbackInfo& info);
  Napi::Value Stall(const Napi::CallbackInfo& info);
  Napi::Value Kept(const Napi::CallbackInfo& info);
  Napi::Value Pulses(const Napi::CallbackInfo& info);
  Napi::Value Close(const Napi::CallbackInfo& info) { return Finish(info, false); }
  Napi::Value Detach(const Napi::CallbackInfo& info) { return Finish(info, true); }
  Napi::Value ReadAt(const Napi::CallbackInfo& info) {
    const int64_t microseconds = shared_->watcher->records().TakenReadAt();
    return Napi::Number::New(info.Env(), static_cast<double>(microseconds) / 1000);
  }
  Napi::Value InotifyFd(const Napi::CallbackInfo& info) {
    return Napi::Number::New(info.Env(), shared_->watcher->inotify_fd());
  }
  Napi::Value HandoverFd(const Napi::CallbackInfo& info) {
    return Napi::Number::New(info.Env(), shared_->watcher->handover_fd());
  }
  Napi::Value Finish(const Napi::CallbackInfo& info, bool detach);

  std::shared_ptr<Shared> shared_;
};

template <typename Number>
void ReadNumber(const Napi::Object& options, const char* name, Number* value) {
  const Napi::Value given = options.Get(name);
  if (given.IsNumber()) *value = static_cast<Number>(given.As<Napi::Number>().Int64Value());
}

NativeWatcher::NativeWatcher(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<NativeWatcher>(info), shared_(std::make_shared<Shared>()) {
  const Napi::Env env = info.Env();
  if (info.Length() < 2 || !info[0].IsObject() || !info[1].IsFunction()) {
    throw Napi::TypeError::New(env, "Watcher takes options and a callback");
  }
  const Napi::Object given = info[0].As<Napi::Object>();
  auto selection = UnwrapSelection(given.Get("selection"));
  WatcherOptions options;
  ReadNumber(given, "inotifyFd", &options.inotify_fd);
  ReadNumber(given, "handoverFd", &options.handover_fd);
  if (const Napi::Value fingerprint = given.Get("fingerprint"); fingerprint.IsBuffer()) {
    const auto bytes = fingerprint.As<Napi::Buffer<unsigned char>>();
    if (bytes.Length() != options.fingerprint.size())
      throw Napi::RangeError::New(env, "a fingerprint has 32 bytes");
    std::copy_n(bytes.Data(), bytes.Length(), options.fingerprint.begin());
  }
  ReadNumber(given, "mask", &options.tree.file_mask);
  ReadNumber(given, "walkers", &options.walkers);
  ReadNumber(given, "settle", &options.tree.settle);
  ReadNumber(given, "grace", &options.tree.grace);
  ReadNumber(given, "readBytes", &options.reader.read_bytes);
  ReadNumber(given, "queueMax", &options.reader.queue_max);
  ReadNumber(given, "recordsMax", &options.records_max);

  Shared* shared = shared_.get();
  shared->env = env;
  // The finalizer frees this state when the last thread has let go of it.
  shared->notify = Napi::ThreadSafeFunction::New(
      env, info[1].As<Napi::Function>(), "inotify_csync", 0, 1,
      [](Napi::Env, std::shared_ptr<Shared>* keep) {
        if ((*keep)->closer.joinable()) (*keep)->closer.join();
        delete keep;
      },
      new std::shared_ptr<Shared>(shared_));
  const auto tell = [shared] {
    if (shared->notified.exchange(true)) return;
    const auto status =
        shared->notify.NonBlockingCall([shared](Napi::Env, Napi::Function callback) {
          shared->notified = false;
          callback.Call({});
        });
    if (status != napi_ok) shared->notified = false;
  };
  try {
    shared->watcher = std::make_unique<Watcher>(std::move(selection), std::move(options), tell);
  } catch (const std::system_error& error) {
    shared->closing = true;
    shared->notify.Release();
    Napi::Error failure = Napi::Error::New(env, error.what());
    failure.Set("errno", Napi::Number::New(env, error.code().value()));
    throw failure;
  }
  // A worker thread or the process may end without close().
  napi_add_env_cleanup_hook(env, OnEnvironmentEnd, shared);
}

// Ends the threads here and now because the environment ends or the object was collected.
void NativeWatcher::End(Shared* shared) {
  if (shared->closer.joinable()) shared->closer.join();
  if (shared->closing) return;
  shared->closing = true;
  napi_remove_env_cleanup_hook(shared->env, OnEnvironmentEnd, shared);
  if (shared->watcher) shared->watcher->Stop();
  shared->notify.Abort();
}

void NativeWatcher::OnEnvironmentEnd(void* shared) { End(static_cast<Shared*>(shared)); }

Napi::Value NativeWatcher::Take(const Napi::CallbackInfo& info) {
  const std::string batch = shared_->watcher->records().Take();
  if (batch.empty()) return info.Env().Null();
  return Napi::Buffer<char>::Copy(info.Env(), batch.data(), batch.size());
}

Napi::Value NativeWatcher::State(const Napi::CallbackInfo& info) {
  const WatcherState state = shared_->watcher->State();
  Napi::Object shown = Napi::Object::New(info.Env());
  shown.Set("walked", state.walked);
  shown.Set("directories", static_cast<double>(state.directories));
  shown.Set("seconds", state.seconds);
  shown.Set("beyondLimit", static_cast<double>(state.beyond_limit));
  shown.Set("errno", state.error);
  shown.Set("mounts", static_cast<double>(state.mounts));
  return shown;
}

Napi::Value NativeWatcher::Stats(const Napi::CallbackInfo& info) {
  const WatcherStats stats = shared_->watcher->Stats();
  Napi::Object shown = Napi::Object::New(info.Env());
  const auto set = [&shown](const char* name, auto value) {
    shown.Set(name, static_cast<double>(value));
  };
  set("directories", stats.directories);
  set("watches", stats.watches);
  set("events", stats.tree.events);
  set("records", stats.tree.records);
  set("looks", stats.tree.looks);
  set("overflows", stats.tree.overflows);
  set("unknownDescriptors", stats.tree.unknown_descriptors);
  set("reconciles", stats.tree.reconciles);
  set("heldEvents", stats.tree.held);
  set("denied", stats.tree.denied);
  set("unwatched", stats.tree.unwatched);
  set("detached", stats.tree.detached);
  set("nodeBytes", stats.node_bytes);
  set("unreadBytes", stats.unread_bytes);
  set("pendingBytes", stats.pending_bytes);
  return shown;
}

Napi::Value NativeWatcher::Stall(const Napi::CallbackInfo& info) {
  const int64_t duration = info[0].As<Napi::Number>().Int64Value();
  const bool reader =
      info.Length() > 1 && info[1].IsString() && info[1].As<Napi::String>().Utf8Value() == "reader";
  if (reader) shared_->watcher->StallReader(duration);
  else shared_->watcher->Stall(duration);
  return info.Env().Undefined();
}

Napi::Value NativeWatcher::Kept(const Napi::CallbackInfo& info) {
  shared_->watcher->Kept();
  return info.Env().Undefined();
}

Napi::Value NativeWatcher::Pulses(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto shown = [env](const ThreadPulse& pulse) {
    Napi::Object object = Napi::Object::New(env);
    object.Set("moved", static_cast<double>(pulse.moved));
    object.Set("waiting", pulse.waiting);
    return object;
  };
  // Don't ask the threads while the watcher ends.
  const bool ending = shared_->closing;
  Napi::Object pulses = Napi::Object::New(env);
  pulses.Set("reader", shown(ending ? ThreadPulse() : shared_->watcher->ReaderPulse()));
  pulses.Set("tree", shown(ending ? ThreadPulse() : shared_->watcher->TreePulse()));
  return pulses;
}

// Ends the threads away from the event loop, because closing an instance with 100,000 watches takes
// a tenth of a second.
Napi::Value NativeWatcher::Finish(const Napi::CallbackInfo& info, bool detach) {
  const Napi::Env env = info.Env();
  if (shared_->closing) return env.Undefined();
  shared_->closing = true;
  auto* done = new Napi::FunctionReference(Napi::Persistent(info[0].As<Napi::Function>()));
  const auto finish = [shared = shared_.get(), done, detach] {
    int left = -1;
    if (detach) left = shared->watcher->Detach();
    else shared->watcher->Stop();
    shared->notify.NonBlockingCall(
        done, [shared, left](Napi::Env inside, Napi::Function, Napi::FunctionReference* callback) {
          if (shared->closer.joinable()) shared->closer.join();
          napi_remove_env_cleanup_hook(shared->env, OnEnvironmentEnd, shared);
          callback->Call({Napi::Number::New(inside, left)});
          delete callback;
          shared->notify.Release();
        });
  };
  try {
    shared_->closer = std::thread(finish);
  } catch (const std::system_error&) {
    // No further thread can be started, so the event loop has to wait for the end.
    finish();
  }
  return env.Undefined();
}

}  // namespace

Napi::Object InitWatcher(Napi::Env env, Napi::Object exports) {
  exports.Set("Watcher", NativeWatcher::Define(env));
  return exports;
}

}  // namespace inotify_csync
