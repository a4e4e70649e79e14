// The names whose values are masked: case-insensitive, looked up without allocation.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "webtap/base/bytes.h"

namespace webtap::audit {

class MaskNames {
 public:
  explicit MaskNames(const std::vector<std::string>& names);

  bool empty() const { return names_.empty(); }
  bool contain(ByteView name);
  // Of a name as it stands in a form or a query: percent-encoded, `+` for a space (WHATWG URL, section 5.1).
  bool contain_encoded(ByteView name);

 private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };

  std::unordered_set<std::string, Hash, std::equal_to<>> names_;
  std::size_t longest_ = 0;
  std::string key_;  // the name being looked up, as it is stored
};

}  // namespace webtap::audit
