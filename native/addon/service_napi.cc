#include "addon/service_napi.h"

#include <system_error>
#include <vector>

#include "systemd/journal.h"
#include "systemd/service.h"

namespace inotify_csync {

namespace {

Napi::Error WithErrno(Napi::Env env, const std::system_error& error) {
  Napi::Error failure = Napi::Error::New(env, error.what());
  failure.Set("errno", Napi::Number::New(env, error.code().value()));
  return failure;
}

Napi::Value Notify(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (info.Length() < 2 || !info[0].IsString() || !info[1].IsArray()) {
    throw Napi::TypeError::New(env,
                               "notifyWithDescriptors takes a text and an array of descriptors");
  }
  const auto list = info[1].As<Napi::Array>();
  std::vector<int> fds;
  for (uint32_t index = 0; index < list.Length(); index++) {
    const Napi::Value fd = list.Get(index);
    if (!fd.IsNumber()) throw Napi::TypeError::New(env, "a descriptor must be a number");
    fds.push_back(fd.As<Napi::Number>().Int32Value());
  }
  try {
    return Napi::Boolean::New(env,
                              NotifyWithDescriptors(info[0].As<Napi::String>().Utf8Value(), fds));
  } catch (const std::system_error& error) {
    throw WithErrno(env, error);
  }
}

Napi::Value TakePassed(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  try {
    Napi::Array list = Napi::Array::New(env);
    uint32_t count = 0;
    for (const PassedDescriptor& passed : TakePassedDescriptors()) {
      Napi::Object shown = Napi::Object::New(env);
      shown.Set("fd", passed.fd);
      shown.Set("name", passed.name);
      list.Set(count++, shown);
    }
    return list;
  } catch (const std::system_error& error) {
    throw WithErrno(env, error);
  }
}

Napi::Value SendEntry(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (info.Length() < 2 || !info[0].IsString() || !info[1].IsBuffer()) {
    throw Napi::TypeError::New(env, "sendToJournal takes a path and a buffer");
  }
  const auto entry = info[1].As<Napi::Buffer<char>>();
  try {
    SendToJournal(info[0].As<Napi::String>().Utf8Value(), {entry.Data(), entry.Length()});
    return env.Undefined();
  } catch (const std::system_error& error) {
    throw WithErrno(env, error);
  }
}

}  // namespace

Napi::Object InitService(Napi::Env env, Napi::Object exports) {
  exports.Set("notifyWithDescriptors", Napi::Function::New(env, Notify, "notifyWithDescriptors"));
  exports.Set("takePassedDescriptors",
              Napi::Function::New(env, TakePassed, "takePassedDescriptors"));
  exports.Set("sendToJournal", Napi::Function::New(env, SendEntry, "sendToJournal"));
  return exports;
}

}  // namespace inotify_csync
