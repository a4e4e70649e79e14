// Filters of a live capture.
#pragma once

#include <string>
#include <string_view>

namespace webtap::capture {

// A filter that also takes what `filter` takes out of frames with one or two VLAN tags. In tcpdump's language
// "port 80" means frames without a tag only; a sensor on a mirror port would see nothing of tagged traffic. A
// filter that speaks of VLANs itself stays as it is, as does an empty one.
std::string with_tagged_frames(const std::string& filter);

// Throws FilterError where `filter` is no filter for Ethernet.
void check_live_filter(const std::string& filter);

}  // namespace webtap::capture
