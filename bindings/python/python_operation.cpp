#include "python_operation.hpp"

#include <algorithm>

#include <boost/system/errc.hpp>

namespace cmemcache::python {

namespace {

// What is under way when a client is closed says what a later call says.
void take_error(operation& op) {
  if (op.error && op.error == boost::system::errc::operation_canceled) op.error = errc::closed;
}

}  // namespace

void carried_by<single_exchange>::ask(single_operation& op, single_exchange& x) {
  op.ask(x.what, x.asked);
  if (x.key.has_stand_in()) op.stand_ins.push_back(x.key.stand_in);
  if (const error_code bad = x.client.engine().check(x.what, x.asked)) op.refused(0, bad, {});
}

void carried_by<single_exchange>::answer(single_operation& op, single_exchange& x) {
  take_error(op);
  x.answer = op.answer;
  for (const auto& r : op.refusals()) x.values().refusals().push_back(r);
  if (op.is_in_trouble()) x.failures = op.troubles();
}

void carried_by<multi_exchange>::ask(multi_operation& op, multi_exchange& x) {
  op.ask(x.what, x.elements);
  op.stand_ins = x.stand_ins();
  if (!x.checked) op.keep(x.client.engine().roster()->take_out_refused(x.what, op.asked(), op.answers).size());
}

void carried_by<multi_exchange>::answer(multi_operation& op, multi_exchange& x) {
  take_error(op);
  x.items = std::move(op.answer_items);
  x.values().answer_in(x.items);
  x.values().refusals() = std::move(op.answers.refusals());
  x.failures = op.troubles();
}

void carried_by<servers_exchange>::ask(server_operation& op, servers_exchange& x) {
  op.ask(x.what);
  op.error = x.client.engine().roster()->check(x.what);
}

void carried_by<servers_exchange>::answer(server_operation& op, servers_exchange& x) {
  take_error(op);
  x.replies = op.answers();
  if (op.servers != nullptr)
    for (std::size_t i = 0; i < op.servers->size(); ++i) x.servers.push_back((*op.servers)[i].where);
  x.failures = op.troubles();
}

void count_orphaned_replies(operation& op) noexcept {
  if (op.error || op.servers == nullptr || op.parts == 0) return;
  const auto add = [&](const part& p) { count((*op.servers)[p.server].orphaned_replies, 1); };
  add(op.first_part);
  for (const part& p : op.more_parts) add(p);
}

// One that is being destroyed is not, though its __del__ may not have said so: a subclass may have another.
bool is_there(const client_life& life, PyObject* client) noexcept { return !life.ended && Py_REFCNT(client) > 0; }

void raise_client_is_gone() {
  const reference instance = make_trouble({errc::closed, {}, "the client was closed, or let go, during the call"});
  if (instance) raise(instance);
}

}  // namespace cmemcache::python
