#include "agent/capture/live_filter.h"

#include <pcap/pcap.h>

#include <algorithm>
#include <cctype>
#include <memory>

#include "agent/capture/capture_error.h"

namespace webtap::capture {
namespace {

bool is_word_letter(char letter) {
  return std::isalnum(static_cast<unsigned char>(letter)) != 0 || letter == '_' || letter == '-';
}

bool has_word(std::string_view text, std::string_view word) {
  for (std::size_t at = text.find(word); at != text.npos; at = text.find(word, at + 1)) {
    const bool begins = at == 0 || !is_word_letter(text[at - 1]);
    const bool ends = at + word.size() == text.size() || !is_word_letter(text[at + word.size()]);
    if (begins && ends) return true;
  }
  return false;
}

struct PcapCloser {
  void operator()(pcap_t* pcap) const { pcap_close(pcap); }
};

}  // namespace

// Behind "vlan" libpcap looks for everything one tag further: pcap-filter(7).
std::string with_tagged_frames(const std::string& filter) {
  if (filter.find_first_not_of(" \t") == filter.npos || has_word(filter, "vlan")) return filter;
  return "(" + filter + ") or (vlan and ((" + filter + ") or (vlan and (" + filter + "))))";
}

void check_live_filter(const std::string& filter) {
  constexpr int kSnaplen = 262'144;
  const std::unique_ptr<pcap_t, PcapCloser> pcap(pcap_open_dead(DLT_EN10MB, kSnaplen));
  if (!pcap) throw CaptureError("cannot compile filter '" + filter + "': not enough memory");
  bpf_program program{};
  if (pcap_compile(pcap.get(), &program, filter.c_str(), 1, PCAP_NETMASK_UNKNOWN) != 0) {
    throw FilterError("cannot compile filter '" + filter + "': " + pcap_geterr(pcap.get()));
  }
  pcap_freecode(&program);
}

}  // namespace webtap::capture
