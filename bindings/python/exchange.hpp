#pragma once

#include <span>

#include "answers.hpp"
#include "caller.hpp"
#include "gil.hpp"
#include "keys.hpp"
#include "protocol/command.hpp"

namespace cmemcache::python {

/// One call of a verb: the command, the engine's carrying it out without the GIL, and what is done about trouble.
///
/// Nothing is decoded and no Python code is run before the exchange is over, so that no exception can leave a
/// connection in the middle of a reply. Lives on the verb's stack frame, whose references keep keys and values.
class exchange : public caller {
 public:
  exchange(PyObject* self, bound_client& client, verb op) noexcept : caller{self, client, client.raises} {
    what.op = op;
    what.prefix = client.engine().options().key_prefix;
  }

  /// Carries out `what` for `elements`. False: an exception is set (a signal handler's, or one of C++), and what became
  /// of the elements is unknown.
  bool run(std::span<protocol::element> elements, answers& into, std::span<const std::uint64_t> hashes = {}) {
    return run_parts(elements, 0, into, hashes);
  }

  /// The same, where only the elements from `hashed_from` on came with a hash of their own.
  bool run_parts(std::span<protocol::element> elements, std::size_t hashed_from, answers& into,
                 std::span<const std::uint64_t> hashes);

  /// Deals with what went wrong, by what the caller wants: reports it, or raises. `keys` by slot. False: an
  /// exception is set.
  bool settle(const answers& from, std::span<const key_text> keys) {
    if (from.refusals().empty() && trouble_.failures.empty()) [[likely]]
      return true;
    return settle_trouble(from, keys);
  }

  /// For a command about servers: asks them all, and deals with trouble. False: an exception is set.
  bool ask_all(std::vector<server_stats>& out);

  /// Every element was checked already: see call::checked.
  void skip_checks() noexcept { trouble_.checked = true; }

  gil_exit gil;
  protocol::command what;

 private:
  bool settle_trouble(const answers& from, std::span<const key_text> keys);
  bool report(bool may_raise);
  template <typename Work>
  bool outside(Work&& work);

  call trouble_;
};

/// The exchange of a verb about one key, with room for its answer: nothing of it is allocated.
class single_exchange : public exchange {
 public:
  single_exchange(PyObject* self, bound_client& client, verb op) noexcept
      : exchange(self, client, op), values({&answer, 1}, room_, gil) {}

  bool read_key(PyObject* object) {
    if (!python::read_key(client, object, keys_of::single, key)) return false;
    asked.key = key.bytes;
    return true;
  }

  /// Asks, and deals with trouble. False: an exception is set.
  bool run() {
    const std::size_t hashes = key.hashed ? 1 : 0;
    return exchange::run({&asked, 1}, values, {&key.hash, hashes}) && settle(values, {&key, 1});
  }

  key_text key;
  protocol::element asked{.key = {}};
  item answer;
  answers values;

 private:
  char room_[4096];  // a small value's place; a thread's stack may be as small as 32 KiB
};

}  // namespace cmemcache::python
