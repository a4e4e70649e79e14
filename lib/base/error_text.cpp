#include "webtap/base/error_text.h"

#include <system_error>

#include "webtap/base/text.h"

namespace webtap {

std::string error_text(int error) {
  std::string text = std::generic_category().message(error);
  const bool acronym = text.size() > 1 && lower(text[1]) != text[1];
  if (!text.empty() && !acronym) text[0] = lower(text[0]);
  return text;
}

}  // namespace webtap
