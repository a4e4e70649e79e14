// Owns a file descriptor.
#pragma once

#include "webtap/base/descriptor.h"

namespace webtap::sink {

using webtap::Descriptor;

}  // namespace webtap::sink
