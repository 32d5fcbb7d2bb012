// Finds the functions that this library replaces.
#pragma once
#include <dlfcn.h>

namespace ics::preload {

/** The function of this name that csync2 would call without this library (dlsym(3), RTLD_NEXT). */
template <typename Function>
Function* Next(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

}  // namespace ics::preload
