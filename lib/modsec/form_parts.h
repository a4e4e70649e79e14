// Parts I and J as ModSecurity 2 writes them of requests whose body is multipart/form-data. Both are made of
// the body: readers pass over them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "webtap/base/bytes.h"
#include "webtap/event/audit_event.h"
#include "webtap/event/multipart.h"
#include "webtap/modsec/parts.h"

namespace webtap::modsec {

// Whether the first Content-Type of the request names multipart/form-data.
bool has_form_parts(const event::HttpMessage& request);

// Whether the request's body is to be written: part C is asked for, or I, which stands for it where there are
// form parts.
bool writes_body(const event::HttpMessage& request, Parts parts);

// An uploaded file.
struct Upload {
  std::size_t number = 0;  // among all parts that have a name, from 1 on
  ByteView file_name;      // until the next part is read
  std::uint64_t size = 0;
};

// Walks over the parts of the body that have a name.
class FormParts {
 public:
  explicit FormParts(const event::HttpMessage& request);
  bool next();

  bool is_file() const { return said_.has_file_name; }
  ByteView name() const { return said_.name; }
  ByteView value() const { return part_.data; }
  Upload upload() const { return {number_, said_.file_name, part_.data.size()}; }

 private:
  event::MultipartReader reader_;
  event::MultipartPart part_;
  event::Disposition said_;
  std::size_t number_ = 0;
};

// What put_fields and put_uploads write at most.
std::size_t form_parts_bound(const event::HttpMessage& request, Parts parts);
// Part I: the fields that are no files, as "name=value&name=value". Bytes other than `*`, digits and ASCII
// letters are %xx, a space is `+`.
char* put_fields(char* out, const event::HttpMessage& request);
// Part J: `number,size,"file name","<Unknown ContentType>"` a file, and "Total,size".
char* put_uploads(char* out, const event::HttpMessage& request);

}  // namespace webtap::modsec
