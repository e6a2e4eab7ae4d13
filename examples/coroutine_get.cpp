/// Coroutines: code that reads like the blocking one, and a thread that does other things while it waits.
///
///     coroutine_get [servers]      servers: "host:port,host:port", 127.0.0.1:11211 where none is given

#include <cmemcache/client.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <exception>
#include <iostream>
#include <string_view>
#include <utility>
#include <vector>

using boost::asio::as_tuple;
using boost::asio::use_awaitable;

boost::asio::awaitable<void> greet(cmemcache::client& mc) {
  // Each co_await gives the thread to others until the server has answered. Trouble is thrown; a miss is a reply.
  co_await mc.async_set("coroutine:greeting", "hello", 60, 0, use_awaitable);
  const auto got = co_await mc.async_get("coroutine:greeting", use_awaitable);
  if (got) std::cout << "get        " << got.value << '\n';

  // Many keys in one go. What the views point to must stay until the call is over, and in a coroutine it does.
  const std::vector<std::pair<std::string_view, std::string_view>> pairs{{"coroutine:a", "1"}, {"coroutine:b", "2"}};
  co_await mc.async_set_multi(pairs, 60, 0, use_awaitable);
  const std::vector<std::string_view> keys{"coroutine:a", "coroutine:b", "coroutine:nothing"};
  const auto found = co_await mc.async_get_multi(keys, use_awaitable);
  for (std::size_t i = 0; i < keys.size(); ++i)
    std::cout << "get_multi  " << keys[i] << ": " << (found[i] ? found[i].value : "(miss)") << '\n';

  // With as_tuple trouble comes as an error_code, beside the reply, and nothing is thrown.
  auto [ec, r] = co_await mc.async_get("not a key", as_tuple(use_awaitable));
  std::cout << "error_code " << ec.message() << ", " << to_string(r.status) << '\n';

  co_await mc.async_delete("coroutine:greeting", use_awaitable);
  co_await mc.async_delete_multi(keys, use_awaitable);
}

int main(int argc, char** argv) try {
  boost::asio::io_context io;

  // No call takes longer than `timeout`, whatever the servers do: it then fails with errc::timed_out.
  cmemcache::client mc(io, cmemcache::parse_servers(argc > 1 ? argv[1] : "127.0.0.1:11211"),
                       {.timeout = std::chrono::milliseconds(500)});

  boost::asio::co_spawn(io, greet(mc), [](std::exception_ptr thrown) {
    if (thrown) std::rethrow_exception(thrown);
  });
  io.run();  // returns when no call is under way any more
} catch (const std::exception& e) {
  std::cerr << "coroutine_get: " << e.what() << '\n';
  return 2;
}
