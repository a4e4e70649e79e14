// Masks what stands in bodies: fields of URL-encoded forms, of multipart forms, members of JSON texts. Where
// it cannot be told what a value's name was, because bytes are missing, the content is still coded, or its
// syntax is broken, the value is masked.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "agent/audit/head_mask.h"
#include "agent/audit/json_mask.h"
#include "agent/audit/mask_names.h"
#include "agent/audit/mask_pen.h"
#include "webtap/base/bytes.h"

namespace webtap::audit {

// What an event does not say of a body, and masking must know.
struct BodyForm {
  bool framed = false;  // kept with its transfer framing
  bool coded = false;   // still in its content coding
  bool several_gaps = false;
  std::size_t gap = std::string::npos;  // position in the kept body before which the first bytes are missing
};

class BodyMask {
 public:
  BodyMask(MaskNames& names, MaskPen& pen)
      : names_(names), pen_(pen), heads_(names, pen), json_(names, pen) {}

  // `head`: the head of the body's message, not masked yet.
  void mask(ByteView head, std::span<char> body, const BodyForm& form);

 private:
  enum class Kind : std::uint8_t { Other, Form, Multipart, Json };

  // What a head says of its body.
  struct Content {
    Kind kind = Kind::Other;
    bool conflicting = false;  // several kinds are named: which of them the application believes is not known
    bool may_be_json = false;  // no type is named, or one as which JSON is often sent
    std::optional<ByteView> boundary;
  };

  static Content content_of(ByteView head);
  static Content content_of_type(ByteView content_type);
  static Place place_of(Kind kind);
  void mask_plain(const Content& content, std::span<char> body, std::size_t gap, bool several_gaps);
  void mask_framed(const Content& content, std::span<char> body, std::size_t gap);
  void mask_form(std::span<char> body, std::size_t gap, bool several_gaps);
  void mask_multipart(std::span<char> body, ByteView boundary, std::size_t gap, bool several_gaps);
  void mask_parts(std::span<char> body, ByteView boundary);
  void mask_part(ByteView head, std::span<char> data);

  MaskNames& names_;
  MaskPen& pen_;
  HeadMask heads_;
  JsonMask json_;
  std::string unchunked_;
  std::string name_;
};

}  // namespace webtap::audit
