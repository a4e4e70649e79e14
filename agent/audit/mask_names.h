// The names whose values are masked: case-insensitive, looked up without allocation.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "webtap/base/bytes.h"

namespace webtap::audit {

class MaskNames {
 public:
  // The place of a name in list(); nothing = none of ours.
  using Number = std::optional<std::size_t>;

  explicit MaskNames(const std::vector<std::string>& names);

  bool empty() const { return list_.empty(); }
  // In lower case, in the order given, each once.
  const std::vector<std::string>& list() const { return list_; }

  bool contain(ByteView name) { return find(name).has_value(); }
  Number find(ByteView name);
  // Of a name as it stands in a form or a query: percent-encoded, `+` for a space (WHATWG URL, section 5.1).
  // Names of nested fields count by their components too: "user[password]", "user.password", "password[]".
  Number find_encoded(ByteView name);
  // Of a name as it stands between the quotes of a JSON string (RFC 8259, section 7).
  Number find_json(ByteView name);

 private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };

  void add(char byte);
  Number find_key(std::string_view key) const;

  std::unordered_map<std::string, std::size_t, Hash, std::equal_to<>> numbers_;
  std::vector<std::string> list_;
  std::size_t longest_ = 0;
  std::string key_;  // the name being looked up, as it is stored; no longer than is needed to tell it apart
  std::string component_;
};

}  // namespace webtap::audit
