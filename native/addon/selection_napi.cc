#include "addon/selection_napi.h"

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace inotify_csync {
namespace {

// Marks our objects, so that another addon's object or a forged prototype is never unwrapped.
constexpr napi_type_tag kSelectionTag = {0x9d1f3c5ba7e84062, 0xb6a0e2d4719c583f};

std::string_view View(const Napi::Value& value, const char* what) {
  if (!value.IsBuffer())
    throw Napi::TypeError::New(value.Env(), std::string(what) + " must be a Buffer");
  const auto buffer = value.As<Napi::Buffer<char>>();
  return {buffer.Data(), buffer.Length()};
}

// A C string ends at a NUL. csync2's strings do, too.
std::string Text(const Napi::Value& value, const char* what) {
  const std::string_view view = View(value, what);
  return std::string(view.substr(0, view.find('\0')));
}

Napi::Array List(const Napi::Value& holder, const char* name) {
  if (!holder.IsObject())
    throw Napi::TypeError::New(holder.Env(), "selection rules must be objects");
  const Napi::Value list = holder.As<Napi::Object>().Get(name);
  if (!list.IsArray())
    throw Napi::TypeError::New(holder.Env(), std::string(name) + " must be an array");
  return list.As<Napi::Array>();
}

std::vector<Group> ReadGroups(const Napi::Value& rules) {
  std::vector<Group> groups;
  const Napi::Array list = List(rules, "groups");
  for (uint32_t i = 0; i < list.Length(); ++i) {
    const Napi::Array patterns = List(list.Get(i), "patterns");
    Group group;
    for (uint32_t j = 0; j < patterns.Length(); ++j) {
      const Napi::Value item = patterns.Get(j);
      if (!item.IsObject()) throw Napi::TypeError::New(rules.Env(), "a pattern must be an object");
      const auto pattern = item.As<Napi::Object>();
      group.patterns.push_back({Text(pattern.Get("text"), "the text of a pattern"),
                                pattern.Get("include").ToBoolean().Value()});
    }
    groups.push_back(std::move(group));
  }
  return groups;
}

std::vector<Prefix> ReadPrefixes(const Napi::Value& rules) {
  std::vector<Prefix> prefixes;
  const Napi::Array list = List(rules, "prefixes");
  for (uint32_t i = 0; i < list.Length(); ++i) {
    const Napi::Value item = list.Get(i);
    if (!item.IsObject()) throw Napi::TypeError::New(rules.Env(), "a prefix must be an object");
    const auto prefix = item.As<Napi::Object>();
    prefixes.push_back({Text(prefix.Get("name"), "the name of a prefix"),
                        Text(prefix.Get("path"), "the path of a prefix")});
  }
  return prefixes;
}

class SelectionObject : public Napi::ObjectWrap<SelectionObject> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "Selection",
                       {InstanceMethod<&SelectionObject::MatchName>("matchName"),
                        InstanceMethod<&SelectionObject::Explain>("explain"),
                        StaticMethod<&SelectionObject::MatchOnePattern>("matchPattern"),
                        StaticMethod<&SelectionObject::MatchHostName>("matchHost")});
  }

  explicit SelectionObject(const Napi::CallbackInfo& info)
      : Napi::ObjectWrap<SelectionObject>(info) {
    try {
      selection_ = std::make_shared<const Selection>(ReadGroups(info[0]), ReadPrefixes(info[0]));
    } catch (const std::length_error& error) {
      throw Napi::RangeError::New(info.Env(), error.what());
    }
    info.This().As<Napi::Object>().TypeTag(&kSelectionTag);
  }

  const std::shared_ptr<const Selection>& selection() const { return selection_; }

 private:
  Napi::Value MatchName(const Napi::CallbackInfo& info) {
    const std::string_view name = View(info[0], "name");
    return Napi::Number::New(info.Env(), static_cast<double>(selection_->MatchName(name)));
  }

  Napi::Value Explain(const Napi::CallbackInfo& info) {
    const std::string_view path = View(info[0], "path");
    if (path.empty() || path[0] != '/')
      throw Napi::TypeError::New(info.Env(), "path must be absolute");
    return Napi::Number::New(info.Env(), static_cast<double>(selection_->Explain(path)));
  }

  static Napi::Value MatchOnePattern(const Napi::CallbackInfo& info) {
    return Napi::Boolean::New(info.Env(),
                              MatchPattern(Text(info[0], "pattern"), Text(info[1], "name")));
  }

  static Napi::Value MatchHostName(const Napi::CallbackInfo& info) {
    return Napi::Boolean::New(info.Env(),
                              MatchHost(Text(info[0], "pattern"), Text(info[1], "name")));
  }

  std::shared_ptr<const Selection> selection_;
};

}  // namespace

Napi::Object InitSelection(Napi::Env env, Napi::Object exports) {
  exports.Set("Selection", SelectionObject::Define(env));
  return exports;
}

std::shared_ptr<const Selection> UnwrapSelection(const Napi::Value& value) {
  if (!value.IsObject() || !value.As<Napi::Object>().CheckTypeTag(&kSelectionTag)) {
    throw Napi::TypeError::New(value.Env(), "expected a Selection");
  }
  return SelectionObject::Unwrap(value.As<Napi::Object>())->selection();
}

}  // namespace inotify_csync
