#include "agent/http/body_reader.h"

#include <algorithm>
#include <optional>

#include "agent/http/text.h"

namespace webtap::http {
namespace {

using event::FindingKind;
using Kind = Framing::Kind;

// A chunk-size line: digits of base 16, and what follows them.
struct SizeLine {
  bool empty = false;
  bool overflow = false;
  std::optional<std::uint64_t> size;
  ByteView rest;
};

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  const char l = lower(c);
  return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

SizeLine parse_size_line(ByteView line) {
  line = trim(line, is_padding);
  SizeLine parsed{line.empty(), false, std::nullopt, line};
  std::uint64_t size = 0;
  std::size_t at = 0;
  for (; at < line.size() && hex_digit(line[at]) >= 0; ++at) {
    parsed.overflow = parsed.overflow || (size >> 60) != 0;
    size = size << 4 | static_cast<std::uint64_t>(hex_digit(line[at]));
  }
  if (at == 0 || parsed.overflow || (size >> 62) != 0) return parsed;
  parsed.size = size;
  parsed.rest = line.substr(at);
  return parsed;
}

}  // namespace

void BodyReader::begin(const Framing& framing, const BodyStore& store) {
  framing_ = framing;
  store_ = store;
  kind_ = framing.kind;
  remaining_ = framing.kind == Kind::Length ? framing.length : 0;
  missing_ = 0;
  line_.clear();
  line_begin_ = 0;
  empty_lines_ = 0;
  chunk_ = Chunk::Size;
  first_chunk_ = true;
  if (store_.message && kind_ == Kind::Length)
    store_.message->body.reserve(std::min<std::uint64_t>({remaining_, store_.limit, 64u << 10}));
}

void BodyReader::keep(ByteView bytes) {
  if (!store_.message) return;
  Message& message = *store_.message;
  message.body_size += bytes.size();
  const std::size_t room = store_.limit - std::min(store_.limit, message.body.size());
  message.body.append(bytes.substr(0, room));
}

void BodyReader::keep_framing(ByteView bytes) {
  if (store_.keep_framing) keep(bytes);
}

BodyReader::Step BodyReader::read(ByteView& in, Findings& findings) {
  if (kind_ == Kind::Chunked) return read_chunked(in, findings);
  if (kind_ == Kind::UntilClose) {
    keep(in);
    in = {};
    return Step::NeedMore;
  }
  const ByteView part = in.substr(0, remaining_);
  keep(part);
  remaining_ -= part.size();
  in.remove_prefix(part.size());
  return remaining_ == 0 ? Step::End : Step::NeedMore;
}

BodyReader::Step BodyReader::read_chunked(ByteView& in, Findings& findings) {
  while (!in.empty()) {
    Step step = Step::NeedMore;
    switch (chunk_) {
      case Chunk::Size:
        step = read_size(in, findings);
        break;
      case Chunk::Data: {
        const ByteView part = in.substr(0, remaining_);
        keep(part);
        remaining_ -= part.size();
        in.remove_prefix(part.size());
        if (remaining_ == 0) begin_data_end();
        break;
      }
      case Chunk::DataEnd:
        step = read_data_end(in, findings);
        break;
      case Chunk::Trailer:
        step = read_trailer(in, findings);
        break;
    }
    if (step != Step::NeedMore || kind_ != Kind::Chunked) return step;
  }
  return Step::NeedMore;
}

// Moves bytes of `in` up to and with LF to line_, at most until it has `limit` bytes; gives how many.
std::size_t BodyReader::take_line(ByteView& in, std::size_t limit) {
  const std::size_t lf = in.find('\n');
  std::size_t count = lf == ByteView::npos ? in.size() : lf + 1;
  count = std::min(count, limit - std::min(limit, line_.size()));
  line_.append(in.substr(0, count));
  in.remove_prefix(count);
  return count;
}

BodyReader::Step BodyReader::read_size(ByteView& in, Findings& findings) {
  const bool extension = line_.find(';') != std::string::npos;
  const std::size_t limit = extension ? kExtension : kSizeLine;
  take_line(in, limit);
  if (!line_.empty() && line_.back() == '\n') return on_size_line(findings);
  if (line_.size() < limit) return Step::NeedMore;
  return !extension && line_.find(';') != std::string::npos ? Step::NeedMore : on_invalid_size(findings);
}

BodyReader::Step BodyReader::on_size_line(Findings& findings) {
  const SizeLine parsed = parse_size_line(line_);
  if (parsed.empty && ++empty_lines_ <= kEmptyLines) {
    if (first_chunk_) return Step::NeedMore;  // stays in line_ while the body may turn out not to be chunked
    keep_framing(line_);
    line_.clear();
    return Step::NeedMore;
  }
  if (!parsed.size) return on_invalid_size(findings);
  if (!line_.ends_with("\r\n")) findings.add_once(FindingKind::BareLineFeed);
  const ByteView rest = trim(parsed.rest);
  const bool known_rest = rest.empty() || rest.front() == ';';
  if (!known_rest && first_chunk_ && rest.front() != ',') return on_invalid_size(findings);
  if (!known_rest || empty_lines_ != 0)
    findings.add_once(FindingKind::InvalidChunkSize, trim(line_, is_padding));
  remaining_ = *parsed.size;
  chunk_ = remaining_ == 0 ? Chunk::Trailer : Chunk::Data;
  keep_framing(line_);
  line_.clear();
  line_begin_ = 0;
  empty_lines_ = 0;
  first_chunk_ = false;
  return Step::NeedMore;
}

BodyReader::Step BodyReader::on_invalid_size(Findings& findings) {
  findings.add_once(FindingKind::InvalidChunkSize, trim(line_, is_padding));
  remaining_ = 0;
  if (!first_chunk_ || framing_.otherwise == Kind::None) return Step::Lost;
  kind_ = framing_.otherwise;
  if (kind_ == Kind::Length) remaining_ = framing_.length;
  const std::string read_before = std::move(line_);
  ByteView rest = read_before;
  const Step step = read(rest, findings);
  line_.assign(rest);
  return step;
}

void BodyReader::begin_data_end() {
  chunk_ = Chunk::DataEnd;
  data_end_cr_ = false;
}

BodyReader::Step BodyReader::read_data_end(ByteView& in, Findings& findings) {
  // CRLF, or LF, or nothing at all before the next size.
  while (!in.empty()) {
    const char c = in.front();
    if (c != '\r' && c != '\n') {
      findings.add_once(FindingKind::InvalidChunkEnd);
      chunk_ = Chunk::Size;
      return Step::NeedMore;
    }
    keep_framing(in.substr(0, 1));
    in.remove_prefix(1);
    if (c == '\n') {
      if (!data_end_cr_) findings.add_once(FindingKind::BareLineFeed);
      chunk_ = Chunk::Size;
      return Step::NeedMore;
    }
    data_end_cr_ = true;
  }
  return Step::NeedMore;
}

BodyReader::Step BodyReader::read_trailer(ByteView& in, Findings& findings) {
  const std::size_t before = line_.size();
  take_line(in, kTrailer);
  if (line_.size() == before || line_.back() != '\n') {
    if (line_.size() < kTrailer) return Step::NeedMore;
    findings.add_once(FindingKind::TrailerSection, line_, line_.size());
    return Step::Lost;
  }
  const ByteView line = ByteView(line_).substr(line_begin_);
  if (trim(line, is_padding).empty()) return end_of_trailer(findings);
  line_begin_ = line_.size();
  return Step::NeedMore;
}

BodyReader::Step BodyReader::end_of_trailer(Findings& findings) {
  keep_framing(line_);
  line_.resize(line_begin_);
  if (!line_.empty()) findings.add_once(FindingKind::TrailerSection, line_, line_.size());
  line_.clear();
  return Step::End;
}

BodyReader::Step BodyReader::gap(std::uint64_t& length, Findings& findings) {
  const bool counted = kind_ == Kind::Length || (kind_ == Kind::Chunked && chunk_ == Chunk::Data);
  const bool open_end = kind_ == Kind::UntilClose;
  const std::uint64_t own = open_end ? length : counted ? std::min(length, remaining_) : 0;
  // Of a gap that goes beyond a chunk, all is said to be the body's: where the body ends is not known.
  const std::uint64_t said = kind_ == Kind::Chunked ? length : own;
  const std::uint64_t at = store_.message ? store_.message->body_size : 0;
  if (said != 0) findings.add(FindingKind::BodyGap, at, said);
  if (own != 0) {
    if (store_.message) {
      if (store_.message->first_gap == Message::kNoGap) store_.message->first_gap = at - missing_;
      store_.message->body_size += own;
    }
    missing_ += own;
    length -= own;
    if (!open_end) remaining_ -= own;
  }
  if (kind_ == Kind::Length && remaining_ == 0) return Step::End;
  if (kind_ == Kind::Chunked && counted && remaining_ == 0) begin_data_end();
  return length == 0 ? Step::NeedMore : Step::Lost;
}

bool BodyReader::finish(Findings& findings) {
  if (kind_ == Kind::Chunked && first_chunk_ && chunk_ == Chunk::Size && !line_.empty()) {
    if (on_invalid_size(findings) == Step::End) return true;
  }
  if (kind_ != Kind::Chunked) return kind_ == Kind::UntilClose || remaining_ == 0;
  const bool in_trailer = chunk_ == Chunk::Trailer;  // all of the body came
  if (in_trailer && !line_.empty()) findings.add_once(FindingKind::TrailerSection, line_, line_.size());
  return in_trailer;
}

}  // namespace webtap::http
