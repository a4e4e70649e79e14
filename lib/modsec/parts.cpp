#include "webtap/modsec/parts.h"

namespace webtap::modsec {

std::optional<Parts> Parts::parse(std::string_view letters, char* bad) {
  std::uint32_t bits = bit('A') | bit('Z');
  for (const char letter : letters) {
    if ((letter < 'A' || letter > 'K') && letter != 'Z') {
      if (bad != nullptr) *bad = letter;
      return std::nullopt;
    }
    bits |= bit(letter);
  }
  return Parts(bits);
}

std::string Parts::to_string() const {
  std::string letters;
  for (char letter = 'A'; letter <= 'Z'; ++letter)
    if (has(letter)) letters += letter;
  return letters;
}

}  // namespace webtap::modsec
