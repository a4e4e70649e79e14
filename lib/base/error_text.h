// What the system says of an error number, as the end of a sentence.
#pragma once

#include <string>

namespace webtap {

// "no such file or directory".
std::string error_text(int error);

}  // namespace webtap
