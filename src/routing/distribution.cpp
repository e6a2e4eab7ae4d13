#include <cmemcache/distribution.hpp>

#include <array>
#include <cstddef>

namespace cmemcache {
namespace {

// In the order of the enumerators, so that a value is its name's place.
constexpr std::array<std::string_view, 5> distribution_names{"modulo", "modula", "ketama", "ketama_weighted",
                                                             "rendezvous"};
constexpr std::array<std::string_view, 8> hash_names{"crc",     "crc32",    "md5",     "one_at_a_time",
                                                     "fnv1_32", "fnv1a_32", "murmur3", "murmur"};

static_assert(distribution_names.size() == static_cast<std::size_t>(distribution::rendezvous) + 1);
static_assert(hash_names.size() == static_cast<std::size_t>(hash_kind::murmur) + 1);

template <class Names, class Kind>
std::string_view name_of(const Names& names, Kind kind) noexcept {
  const auto place = static_cast<std::size_t>(kind);
  return place < names.size() ? names[place] : std::string_view{};
}

template <class Kind, class Names>
std::optional<Kind> find(const Names& names, std::string_view name) noexcept {
  for (std::size_t place = 0; place < names.size(); ++place)
    if (names[place] == name) return static_cast<Kind>(place);
  return std::nullopt;
}

}  // namespace

std::string_view to_string(distribution kind) noexcept { return name_of(distribution_names, kind); }

std::string_view to_string(hash_kind kind) noexcept { return name_of(hash_names, kind); }

std::optional<distribution> parse_distribution(std::string_view name) noexcept {
  return find<distribution>(distribution_names, name);
}

std::optional<hash_kind> parse_hash_kind(std::string_view name) noexcept { return find<hash_kind>(hash_names, name); }

}  // namespace cmemcache
