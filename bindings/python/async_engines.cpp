#include "async_engines.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "client.hpp"
#include "errors.hpp"
#include "gil.hpp"
#include "loop_engine.hpp"
#include "python_operation.hpp"
#include "reactor_gil.hpp"

namespace cmemcache::python {

namespace {

bool interpreter_ends = false;

constexpr const char* capsule_name = "cmemcache.futures";

using weak_engine = std::weak_ptr<threaded_engine>;

void destroy_handle(PyObject* capsule) {
  delete static_cast<weak_engine*>(PyCapsule_GetPointer(capsule, capsule_name));
}

// Its end may wait for a thread that waits for the GIL, and may come wherever somebody has kept it for a moment.
void end_without_gil(threaded_engine* engine) {
  if (!is_left_outside()) without_gil([engine] { delete engine; });
}

reference handle_of(const std::shared_ptr<threaded_engine>& engine) {
  auto weak = std::make_unique<weak_engine>(engine);
  reference capsule = reference::owning(PyCapsule_New(weak.get(), capsule_name, destroy_handle));
  if (!capsule) throw python_error_set();
  weak.release();
  return capsule;
}

// On the engine's thread: a whole batch under one taking of the GIL.
void deliver(operation_list over) {
  const reactor_gil inside;
  while (operation* const op = over.pop()) {
    op->complete();
    op->release();
  }
}

}  // namespace

async_engines::~async_engines() { close(); }

void async_engines::refuse_when_closed() const {
  if (!closed_ && !interpreter_ends) return;
  const char* const why = closed_ ? "the client is closed" : "the interpreter is shutting down";
  const reference instance = make_trouble({errc::closed, {}, why});
  if (instance) raise(instance);
  throw python_error_set();
}

std::shared_ptr<threaded_engine> async_engines::futures() {
  leave_what_is_inherited();
  if (futures_ == nullptr) {
    refuse_when_closed();
    std::shared_ptr<threaded_engine> made(new threaded_engine(roster_, deliver), end_without_gil);
    handle_ = handle_of(made);
    futures_ = std::move(made);
  }
  return futures_;
}

std::shared_ptr<loop_engine> async_engines::on_loop(PyObject* loop) {
  leave_what_is_inherited();
  const auto found = std::ranges::find_if(loops_, [&](const auto& e) { return e->is_of(loop); });
  if (found != loops_.end()) return *found;
  refuse_when_closed();
  auto made = loop_engine::make(loop, roster_);
  refuse_when_closed();  // other threads may have run meanwhile
  const auto before = std::exchange(loops_, {});
  std::ranges::copy_if(before, std::back_inserter(loops_), [](const auto& e) { return !e->has_ended(); });
  return loops_.emplace_back(std::move(made));
}

// Of the parent's nothing can even be destroyed: its threads may have been anywhere in it, its descriptors' numbers may be
// others' by now, and what a loop's selector is told here the parent's would hear.
void async_engines::leave_what_is_inherited() noexcept {
  if (futures_ != nullptr && futures_->is_inherited()) {
    new std::shared_ptr<threaded_engine>(std::move(futures_));
    handle_ = {};
  }
  if (std::ranges::any_of(loops_, [](const auto& e) { return e->is_inherited(); }))
    new std::vector<std::shared_ptr<loop_engine>>(std::exchange(loops_, {}));
}

void async_engines::disconnect_all() {
  leave_what_is_inherited();
  if (futures_ != nullptr) futures_->disconnect_all();
  for (const auto loops = loops_; const auto& loop : loops) loop->disconnect_all();
}

void async_engines::close_futures() noexcept {
  leave_what_is_inherited();
  handle_ = {};
  std::exchange(futures_, nullptr).reset();
}

void async_engines::close_loops() noexcept {
  leave_what_is_inherited();
  for (const auto& loop : std::exchange(loops_, {})) loop->close();
}

void async_engines::close() noexcept {
  close_loops();
  close_futures();
}

void withdraw(PyObject* handle, std::uint64_t id) {
  auto* const weak = static_cast<weak_engine*>(PyCapsule_GetPointer(handle, capsule_name));
  if (weak == nullptr) throw python_error_set();
  const auto engine = weak->lock();
  if (engine != nullptr && !engine->is_inherited()) engine->cancel(id);
}

void refuse_new_threads() noexcept {
  interpreter_ends = true;
  tears_down();
}

}  // namespace cmemcache::python
