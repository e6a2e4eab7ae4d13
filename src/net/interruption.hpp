#pragma once

namespace cmemcache::net {

/// The caller's way to say stop in the middle of a wait: asked on the waiting thread after a signal arrived.
/// Value type; the context is the caller's.
struct interruption {
  bool (*asked)(void* context) noexcept = nullptr;
  void* context = nullptr;

  bool operator()() const noexcept { return asked != nullptr && asked(context); }
};

}  // namespace cmemcache::net
