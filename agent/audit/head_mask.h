// Masks what stands in heads: header fields, cookies, parameters of queries and fragments, and the user
// information of URIs, which is a password in most cases and so masked whatever the names are.
#pragma once

#include <cstddef>
#include <span>

#include "agent/audit/mask_names.h"
#include "agent/audit/mask_pen.h"

namespace webtap::audit {

// Parameters as a query and a URL-encoded form have them.
void mask_parameters(std::span<char> parameters, Place place, MaskNames& names, MaskPen& pen);
// The user information of an authority (RFC 3986, section 3.2.1): what stands before its last `@`.
void mask_user_info(std::span<char> authority, MaskPen& pen);

class HeadMask {
 public:
  HeadMask(MaskNames& names, MaskPen& pen) : names_(names), pen_(pen) {}

  // Start line and fields.
  void mask(std::span<char> head);
  // The fields of `text` from `at` on, as FieldReader reads them.
  void mask_fields(std::span<char> text, std::size_t at);

 private:
  void mask_start_line(std::span<char> head);
  void mask_field(ByteView name, std::span<char> value);
  MaskNames::Number find_field(ByteView name);
  void mask_credentials(std::span<char> value, MaskNames::Number field);
  void mask_cookies(std::span<char> value, MaskNames::Number field);
  void mask_set_cookie(std::span<char> value, MaskNames::Number field);
  std::size_t mask_cookie(std::span<char> value, std::size_t at, MaskNames::Number field);
  void mask_attribute(std::span<char> attribute, MaskNames::Number field);
  void mask_reference(std::span<char> reference);

  MaskNames& names_;
  MaskPen& pen_;
};

}  // namespace webtap::audit
