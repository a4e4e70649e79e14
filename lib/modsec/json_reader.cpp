#include "webtap/modsec/json_reader.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "webtap/base/utf8.h"
#include "webtap/modsec/finding_message.h"
#include "webtap/modsec/json_head.h"

namespace webtap::modsec {
namespace {

using event::AuditEvent;
using event::Finding;

constexpr std::size_t kMaxDepth = 16;

// What a line says beside the event's own members.
struct Draft {
  explicit Draft(AuditEvent& target) : event(target) {}

  AuditEvent& event;
  bool is_ours = false;  // has the member "webtap"
  HeaderList request_fields;
  HeaderList response_fields;
  std::string request_line;
  std::string protocol;
  std::string reason;
  std::uint16_t status = 0;
  bool has_request_line = false;
  bool has_protocol = false;
  bool has_reason = false;
  bool request_last_line_ended = true;
  bool response_last_line_ended = true;
  std::string request_head;
  std::string response_head;
  bool has_request_head = false;
  bool has_response_head = false;
  std::uint64_t engine_messages = 0;
  std::vector<std::string> latin1;
};

bool parse_uuid(std::string_view text, std::array<std::uint8_t, 16>& uuid) {
  if (text.size() != 36) return false;
  std::size_t at = 0;
  for (std::size_t i = 0; i < uuid.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10)
      if (text[at++] != '-') return false;
    const auto [end, error] = std::from_chars(text.data() + at, text.data() + at + 2, uuid[i], 16);
    if (error != std::errc{} || end != text.data() + at + 2) return false;
    at += 2;
  }
  return true;
}

bool set_address(std::string_view text, Endpoint& endpoint) {
  const auto address = parse_address(text);
  if (address) endpoint.address = *address;
  return address.has_value();
}

using StringSetter = std::function<bool(Draft&, std::string&)>;
const std::unordered_map<std::string_view, StringSetter>& string_setters() {
  const auto keep = [](auto member) {
    return [member](Draft& d, std::string& text) {
      return std::invoke(member, d.event) = std::move(text), true;
    };
  };
  const auto keep_with = [](std::string Draft::*member, bool Draft::*flag) {
    return [=](Draft& d, std::string& text) { return d.*member = std::move(text), d.*flag = true; };
  };
  static const std::unordered_map<std::string_view, StringSetter> setters{
      {"transaction.transaction_id", keep(&AuditEvent::transaction_id)},
      {"transaction.remote_address", [](Draft& d, std::string& t) { return set_address(t, d.event.client); }},
      {"transaction.local_address", [](Draft& d, std::string& t) { return set_address(t, d.event.server); }},
      {"request.request_line", keep_with(&Draft::request_line, &Draft::has_request_line)},
      {"request.body", [](Draft& d, std::string& t) { return d.event.request.body += t, true; }},
      {"response.protocol", keep_with(&Draft::protocol, &Draft::has_protocol)},
      {"response.body", [](Draft& d, std::string& t) { return d.event.response.body = std::move(t), true; }},
      {"audit_data.messages",
       [](Draft& d, std::string& t) { return d.event.messages.push_back(std::move(t)), true; }},
      {"audit_data.producer", keep(&AuditEvent::producer)},
      {"audit_data.server", keep(&AuditEvent::server_banner)},
      {"audit_data.sensor_id", keep(&AuditEvent::sensor)},
      {"webtap.sensor_uuid",
       [](Draft& d, std::string& t) { return parse_uuid(t, d.event.name.sensor_uuid); }},
      {"webtap.boundary", keep(&AuditEvent::boundary)},
      {"webtap.host", keep(&AuditEvent::host)},
      {"webtap.request.head", keep_with(&Draft::request_head, &Draft::has_request_head)},
      {"webtap.response.head", keep_with(&Draft::response_head, &Draft::has_response_head)},
      {"webtap.response.reason", keep_with(&Draft::reason, &Draft::has_reason)},
      {"webtap.latin1", [](Draft& d, std::string& t) { return d.latin1.push_back(std::move(t)), true; }},
      {"webtap.findings.kind",
       [](Draft& d, std::string& t) {
         const auto kind = parse_finding_name(t);
         if (kind) d.event.findings.back().kind = *kind;
         return kind.has_value();
       }},
      {"webtap.findings.side",
       [](Draft& d, std::string& t) {
         const auto side = parse_side(t);
         if (side) d.event.findings.back().side = *side;
         return side.has_value();
       }},
      {"webtap.findings.detail",
       [](Draft& d, std::string& t) { return d.event.findings.back().detail = std::move(t), true; }},
  };
  return setters;
}

// Numbers come as their bits and whether they are negative.
struct Number {
  std::uint64_t bits;
  bool negative;

  template <typename Integer>
  bool store(Integer& out) const {
    const bool fits = negative ? std::numeric_limits<Integer>::is_signed
                               : bits <= static_cast<std::uint64_t>(std::numeric_limits<Integer>::max());
    if (fits) out = static_cast<Integer>(bits);
    return fits;
  }
  bool store(Timestamp& out) const {
    std::int64_t count = 0;
    if (!store(count)) return false;
    out = Timestamp(Duration(count));
    return true;
  }
};

using NumberSetter = bool (*)(Draft&, Number);
const std::unordered_map<std::string_view, NumberSetter>& number_setters() {
  static const std::unordered_map<std::string_view, NumberSetter> setters{
      {"transaction.remote_port", [](Draft& d, Number n) { return n.store(d.event.client.port); }},
      {"transaction.local_port", [](Draft& d, Number n) { return n.store(d.event.server.port); }},
      {"response.status", [](Draft& d, Number n) { return n.store(d.status); }},
      {"webtap.boot_epoch", [](Draft& d, Number n) { return n.store(d.event.name.boot_epoch); }},
      {"webtap.sequence", [](Draft& d, Number n) { return n.store(d.event.name.sequence); }},
      {"webtap.started", [](Draft& d, Number n) { return n.store(d.event.started); }},
      {"webtap.finished", [](Draft& d, Number n) { return n.store(d.event.finished); }},
      {"webtap.status", [](Draft& d, Number n) { return n.store(d.event.status); }},
      {"webtap.request.body_size", [](Draft& d, Number n) { return n.store(d.event.request.body_size); }},
      {"webtap.request.wire_size", [](Draft& d, Number n) { return n.store(d.event.request.wire_size); }},
      {"webtap.response.body_size", [](Draft& d, Number n) { return n.store(d.event.response.body_size); }},
      {"webtap.response.wire_size", [](Draft& d, Number n) { return n.store(d.event.response.wire_size); }},
      {"webtap.engine_messages", [](Draft& d, Number n) { return n.store(d.engine_messages); }},
      {"webtap.findings.offset", [](Draft& d, Number n) { return n.store(d.event.findings.back().offset); }},
      {"webtap.findings.length", [](Draft& d, Number n) { return n.store(d.event.findings.back().length); }},
  };
  return setters;
}

// Follows the parser through the text (nlohmann's SAX interface) and fills the draft. Members that are not
// known are passed over.
class DraftBuilder {
 public:
  explicit DraftBuilder(Draft& draft) : draft_(draft) {}
  const std::string& problem() const { return problem_; }

  bool null() { return true; }
  bool number_float(double, const std::string&) { return true; }
  bool binary(nlohmann::json::binary_t&) { return true; }
  bool boolean(bool value) {
    const std::string& where = path();
    if (where == "webtap.request.present") draft_.event.request.present = value;
    if (where == "webtap.response.present") draft_.event.response.present = value;
    if (where == "webtap.request.last_line_ended") draft_.request_last_line_ended = value;
    if (where == "webtap.response.last_line_ended") draft_.response_last_line_ended = value;
    return true;
  }
  bool number_integer(std::int64_t value) { return number({static_cast<std::uint64_t>(value), value < 0}); }
  bool number_unsigned(std::uint64_t value) { return number({value, false}); }
  bool string(std::string& text) {
    if (HeaderList* fields = header_list()) {
      fields->emplace_back(names_[2], std::move(text));
      return true;
    }
    const auto setter = string_setters().find(path());
    return setter == string_setters().end() || setter->second(draft_, text) || refuse();
  }
  bool start_object(std::size_t) {
    if (!enter()) return false;
    if (names_.size() == 2 && names_[0] == "webtap") draft_.is_ours = true;
    if (names_.size() == 3 && path_of(2) == "webtap.findings") draft_.event.findings.emplace_back();
    return true;
  }
  bool start_array(std::size_t) {
    arrays_ += 1;
    return arrays_ <= kMaxDepth || refuse_depth();
  }
  bool end_array() { return arrays_ -= 1, true; }
  bool key(std::string& name) {
    names_.back() = std::move(name);
    return true;
  }
  bool end_object() {
    names_.pop_back();
    return true;
  }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::json::exception&) {
    problem_ = "no JSON from byte " + std::to_string(position) + " on";
    return false;
  }

 private:
  // An object's frame holds the name of the member that is being read. Arrays have no frame: their elements
  // belong to the member that holds the array.
  bool enter() {
    names_.emplace_back();
    return names_.size() <= kMaxDepth || refuse_depth();
  }
  bool number(Number value) {
    const auto setter = number_setters().find(path());
    return setter == number_setters().end() || setter->second(draft_, value) || refuse();
  }
  bool refuse_depth() {
    problem_ = "nested too deeply";
    return false;
  }
  // Only paths that are known come here, so their text is safe to show.
  bool refuse() {
    problem_ = "member " + path() + " cannot be read";
    return false;
  }
  HeaderList* header_list() {
    if (names_.size() != 3 || names_[1] != "headers") return nullptr;
    if (names_[0] == "request") return &draft_.request_fields;
    return names_[0] == "response" ? &draft_.response_fields : nullptr;
  }
  // The names of the outer `depth` members, with dots between. A name that holds a dot itself is none of
  // ours.
  const std::string& path_of(std::size_t depth) {
    path_.clear();
    for (std::size_t i = 0; i < std::min(depth, names_.size()); ++i) {
      const bool foreign = names_[i].find('.') != std::string::npos;
      path_.append(i == 0 ? "" : ".").append(foreign ? "?" : names_[i]);
    }
    return path_;
  }
  const std::string& path() { return path_of(names_.size()); }

  Draft& draft_;
  std::vector<std::string> names_;
  std::size_t arrays_ = 0;
  std::string path_;
  std::string problem_;
};

bool to_bytes(std::string& text) {
  auto bytes = latin1_bytes(text);
  if (bytes) text = std::move(*bytes);
  return bytes.has_value();
}

bool to_bytes(HeaderList& fields) {
  return std::ranges::all_of(fields,
                             [](auto& field) { return to_bytes(field.first) && to_bytes(field.second); });
}

// Turns the characters of a string listed in webtap.latin1 back into bytes.
bool restore_bytes(Draft& d, std::string_view path) {
  AuditEvent& event = d.event;
  const std::pair<std::string_view, std::string*> strings[] = {
      {"transaction.transaction_id", &event.transaction_id},
      {"request.request_line", &d.request_line},
      {"request.body", &event.request.body},
      {"response.protocol", &d.protocol},
      {"response.body", &event.response.body},
      {"audit_data.producer", &event.producer},
      {"audit_data.server", &event.server_banner},
      {"audit_data.sensor_id", &event.sensor},
      {"webtap.boundary", &event.boundary},
      {"webtap.host", &event.host},
      {"webtap.request.head", &d.request_head},
      {"webtap.response.head", &d.response_head},
      {"webtap.response.reason", &d.reason}};
  for (const auto& [name, text] : strings)
    if (name == path) return to_bytes(*text);
  if (path == "request.headers") return to_bytes(d.request_fields);
  if (path == "response.headers") return to_bytes(d.response_fields);
  const auto all_to_bytes = [](std::string& text) { return to_bytes(text); };
  if (path == "audit_data.messages") return std::ranges::all_of(event.messages, all_to_bytes);
  return path == "webtap.findings" && std::ranges::all_of(event.findings, all_to_bytes, &Finding::detail);
}

void restore_heads(Draft& d) {
  AuditEvent& event = d.event;
  if (d.has_request_head)
    event.request.head = std::move(d.request_head);
  else if (d.has_request_line)
    event.request.head = rebuild_head(d.request_line, d.request_fields, d.request_last_line_ended);
  if (d.has_response_head) {
    event.response.head = std::move(d.response_head);
  } else if (d.has_protocol) {
    std::string line = std::move(d.protocol) + ' ' + std::to_string(d.status);
    if (d.has_reason) line.append(" ").append(d.reason);
    event.response.head = rebuild_head(line, d.response_fields, d.response_last_line_ended);
  }
}

// The engine's own messages are the last ones; those before them say the findings once more.
bool restore_messages(Draft& d) {
  auto& messages = d.event.messages;
  if (d.engine_messages > messages.size()) return false;
  messages.erase(messages.begin(), messages.end() - static_cast<std::ptrdiff_t>(d.engine_messages));
  return true;
}

}  // namespace

bool parse_json_entry(ByteView line, AuditEvent& event, std::string& problem) {
  event.clear();
  problem.clear();
  Draft draft(event);
  DraftBuilder builder(draft);
  if (!nlohmann::json::sax_parse(line.begin(), line.end(), &builder)) {
    problem = builder.problem();
    return false;
  }
  if (!draft.is_ours) problem = "not written by webtap";
  for (const std::string& path : draft.latin1)
    if (!restore_bytes(draft, path)) problem = "the bytes of " + path + " cannot be restored";
  if (!restore_messages(draft)) problem = "there are fewer messages than the engine gave";
  if (!problem.empty()) return false;
  restore_heads(draft);
  return true;
}

void JsonReader::push(ByteView bytes) {
  while (!bytes.empty()) {
    const std::size_t lf = bytes.find('\n');
    add_to_line(bytes.substr(0, lf));
    if (lf == ByteView::npos) return;
    bytes.remove_prefix(lf + 1);
    end_line();
  }
}

void JsonReader::finish() {
  end_line();
  line_offset_ = 0;
}

void JsonReader::add_to_line(ByteView bytes) {
  line_size_ += bytes.size();
  line_.append(bytes.substr(0, limits_.entry_bytes - std::min(limits_.entry_bytes, line_.size())));
}

void JsonReader::end_line() {
  const Damage place{line_offset_, line_size_, DamageKind::TooLarge, {}};
  line_offset_ += line_size_ + 1;
  std::string problem;
  if (line_size_ > line_.size()) {
    handler_.on_damage(place);
  } else if (line_.find_first_not_of(" \t\r") != std::string::npos) {
    if (parse_json_entry(line_, event_, problem))
      handler_.on_event(event_, place.offset);
    else
      handler_.on_damage({place.offset, place.length, DamageKind::Malformed, problem});
  }
  line_.clear();
  line_size_ = 0;
}

}  // namespace webtap::modsec
