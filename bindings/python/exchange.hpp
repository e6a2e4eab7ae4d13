#pragma once

#include <span>
#include <vector>

#include "answers.hpp"
#include "caller.hpp"
#include "keys.hpp"
#include "protocol/command.hpp"

namespace cmemcache::python {

/// The state of one call of a verb: the command, what came of it, and what is done about trouble.
///
/// A verb reads its arguments into it; somebody carries it out, on this thread or another, and fills in the answers,
/// the refusals and the failures; then it is settled, and the verb makes a result of it. Nothing is decoded and no
/// Python code is run before the exchange is over, so that no exception can leave a connection in the middle of a
/// reply.
///
/// On the stack or on the heap, but from read() on it must stay where it is. Made, read, settled and destroyed with the
/// GIL held; whoever carries it out needs none. It borrows the arguments of the call and the client: whoever made it
/// keeps them.
class exchange : public caller {
 public:
  exchange(PyObject* self, bound_client& client, verb op) noexcept : caller{self, client, client.raises} {
    what.op = op;
    what.prefix = client.engine().options().key_prefix;
  }
  exchange(const exchange&) = delete;
  exchange& operator=(const exchange&) = delete;

  protocol::command what;
  bool checked = false;           ///< every element was checked already: see call::checked
  std::vector<failure> failures;  ///< one entry per server that was in trouble

 protected:
  ~exchange() = default;

  /// Deals with refusals and failures by what the caller wants: reports them, or raises. `keys` by slot. False: an
  /// exception is set.
  bool settle(const answers& from, std::span<const key_text> keys) {
    if (from.refusals().empty() && failures.empty()) [[likely]]
      return true;
    return settle_trouble(from, keys);
  }

  bool report(bool may_raise);

 private:
  bool settle_trouble(const answers& from, std::span<const key_text> keys);
};

}  // namespace cmemcache::python
