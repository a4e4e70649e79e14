// Where the data stands in a body that was kept with its chunked framing (RFC 9112, section 7.1).
#pragma once

#include <cstddef>
#include <vector>

#include "agent/audit/head_fields.h"
#include "webtap/base/bytes.h"

namespace webtap::audit {

struct ChunkedBody {
  std::vector<Range> data;      // in order; what cannot be read as a chunk is data, to the end of the body
  std::size_t trailers_at = 0;  // behind the last chunk's line; the body's size where there is no last chunk
};

ChunkedBody find_chunks(ByteView body);

}  // namespace webtap::audit
