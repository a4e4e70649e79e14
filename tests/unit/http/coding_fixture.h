// What decode_content makes of one body.
#pragma once

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "agent/http/content_coding.h"

namespace webtap::http {

struct Decoded {
  DecodeResult result;
  std::string body;  // as the application gets it: decoded, or as it came
  std::vector<event::Finding> findings;
};

inline Decoded decode(ByteView codings, ByteView body, bool complete = true,
                      const DecodeLimits& limits = {}) {
  // At the end of an allocation of its own size, so that the address sanitizer sees a read beyond it.
  const std::vector<char> exact(body.begin(), body.end());
  Decoded decoded;
  decoded.result = decode_content(codings, ByteView(exact.data(), exact.size()), complete, limits,
                                  event::Side::Response, decoded.body, decoded.findings);
  if (!decoded.result.decoded) decoded.body = body;
  for (const event::Finding& finding : decoded.findings) EXPECT_EQ(finding.side, event::Side::Response);
  return decoded;
}

// "kind detail" of every finding; the kind by its number's name.
inline std::vector<std::string> said(const Decoded& decoded) {
  std::vector<std::string> texts;
  for (const event::Finding& finding : decoded.findings) {
    switch (finding.kind) {
      case event::FindingKind::ContentUndecodable:
        texts.push_back("undecodable " + finding.detail);
        break;
      case event::FindingKind::ContentLimit:
        texts.push_back("limit " + finding.detail);
        break;
      case event::FindingKind::ContentUnknownCoding:
        texts.push_back("unknown " + finding.detail);
        break;
      case event::FindingKind::ContentMislabelled:
        texts.push_back("mislabelled " + finding.detail);
        break;
      case event::FindingKind::ContentTrailingData:
        texts.push_back("trailing " + finding.detail + std::to_string(finding.length));
        break;
      default:
        texts.push_back("unexpected kind " + std::to_string(static_cast<int>(finding.kind)));
    }
  }
  return texts;
}

inline std::string sample_text(std::size_t size) {
  std::string text;
  for (std::uint32_t i = 0; text.size() < size; ++i) {
    text += "line " + std::to_string(i * 2654435761u) + " of a page\n";
  }
  text.resize(size);
  return text;
}

}  // namespace webtap::http
