// How long a body is (RFC 9112, section 6.3): read leniently, so that what a server or browser took for the
// body is taken for it here.
#pragma once

#include "agent/http/body_reader.h"
#include "agent/http/head.h"

namespace webtap::http {

Framing request_framing(const RequestHead& head);
// `to_head`: the response answers a HEAD request.
Framing response_framing(const ResponseHead& head, bool to_head);
// The status allows no body, but the head announces one: whether there is one, the next bytes tell.
bool contradicts_bodiless_status(const ResponseHead& head, bool to_head);

}  // namespace webtap::http
