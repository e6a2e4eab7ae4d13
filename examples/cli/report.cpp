#include "cli/report.hpp"

#include "cli/json.hpp"
#include "cli/output.hpp"

namespace cli {

exit_code code_of(cmemcache::status s) noexcept {
  switch (s) {
    case cmemcache::status::hit:
    case cmemcache::status::stored:
    case cmemcache::status::deleted:
    case cmemcache::status::touched:
    case cmemcache::status::number:
    case cmemcache::status::ok: return done;
    case cmemcache::status::miss:
    case cmemcache::status::not_stored:
    case cmemcache::status::exists:
    case cmemcache::status::not_found: return not_done;
    case cmemcache::status::unanswered: break;
  }
  return trouble;
}

int report_status(const settings& s, std::string_view key, const cmemcache::reply& r) {
  const std::string status(to_string(r.status));
  if (s.json) {
    json::object o;
    put_bytes(o, "key", key);
    o["status"] = status;
    if (r.status == cmemcache::status::number) o["number"] = r.number;
    print_json(o);
  } else {
    print(status + "\n");
  }
  return code_of(r.status);
}

int report_number(const settings& s, std::string_view key, const cmemcache::reply& r) {
  if (s.json) return report_status(s, key, r);
  if (r.status == cmemcache::status::number)
    print(std::to_string(r.number) + "\n");
  else
    remark(to_string(r.status));
  return code_of(r.status);
}

}  // namespace cli
