#include "agent/server/subscribers.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "webtap/base/text.h"

namespace webtap::server {
namespace {

constexpr std::size_t kLargestTable = 1u << 20;
constexpr std::size_t kMostConnections = 1024;

// Reads one document; every complaint names the line.
class TableReader {
 public:
  explicit TableReader(const std::string& path) : path_(path) {}

  std::vector<Grant> read(const std::string& text) {
    YAML::Node document;
    try {
      document = YAML::Load(text);
    } catch (const YAML::Exception& error) {
      complain(error.mark, error.msg);
    }
    if (!document.IsMap()) complain(document.Mark(), "expected a map with the key 'subscribers'");
    for (const auto& member : document) {
      const auto key = scalar(member.first, "a key");
      if (key != "subscribers")
        complain(member.first.Mark(), "unknown key '" + key + "', expected 'subscribers'");
    }
    const YAML::Node list = document["subscribers"];
    if (!list.IsDefined() || !list.IsSequence()) complain(list.Mark(), "'subscribers' must be a list");
    std::vector<Grant> grants;
    for (const auto& entry : list) grants.push_back(grant(entry));
    return grants;
  }

 private:
  [[noreturn]] void complain(const YAML::Mark& mark, const std::string& why) const {
    const std::string place = mark.is_null() ? "" : "line " + std::to_string(mark.line + 1) + ": ";
    throw SubscribersError("cannot use the subscribers' table '" + path_ + "': " + place + why);
  }

  std::string scalar(const YAML::Node& node, const std::string& what) const {
    if (!node.IsScalar()) complain(node.Mark(), "expected " + what + " as text");
    return node.Scalar();
  }

  std::vector<std::string> texts(const YAML::Node& node, const std::string& key) const {
    if (!node.IsSequence()) complain(node.Mark(), "'" + key + "' must be a list, as [a, b]");
    std::vector<std::string> list;
    for (const auto& member : node) list.push_back(scalar(member, "the members of '" + key + "'"));
    return list;
  }

  Grant grant(const YAML::Node& entry) const {
    if (!entry.IsMap()) complain(entry.Mark(), "expected a map with the key 'identity'");
    Grant grant;
    for (const auto& member : entry)
      take(scalar(member.first, "a key"), member.second, member.first.Mark(), grant);
    if (grant.identity.empty()) complain(entry.Mark(), "this entry has no 'identity'");
    return grant;
  }

  void take(const std::string& key, const YAML::Node& value, const YAML::Mark& mark, Grant& grant) const {
    if (key == "identity") {
      grant.identity = identity(value);
    } else if (key == "hosts") {
      grant.hosts = texts(value, key);
      std::ranges::transform(grant.hosts, grant.hosts.begin(), lower_case);
    } else if (key == "bodies") {
      grant.bodies = boolean(value, key);
    } else if (key == "mask") {
      grant.masked_fields = texts(value, key);
      std::ranges::transform(grant.masked_fields, grant.masked_fields.begin(), lower_case);
    } else if (key == "connections") {
      grant.connections = connections(value);
    } else {
      complain(mark, "unknown key '" + key + "', expected identity, hosts, bodies, mask or connections");
    }
  }

  std::string identity(const YAML::Node& value) const {
    const std::string text = scalar(value, "'identity'");
    const std::size_t colon = text.find(':');
    const std::string kind = text.substr(0, colon);
    if (colon == std::string::npos || colon + 1 == text.size() ||
        (kind != "uri" && kind != "dns" && kind != "email" && kind != "sha256")) {
      complain(value.Mark(), "an identity begins with uri:, dns:, email: or sha256:, not '" + text + "'");
    }
    return kind == "dns" || kind == "sha256" ? lower_case(text) : text;
  }

  bool boolean(const YAML::Node& value, const std::string& key) const {
    const std::string text = scalar(value, "'" + key + "'");
    if (text != "true" && text != "false")
      complain(value.Mark(), "'" + key + "' is true or false, not '" + text + "'");
    return text == "true";
  }

  std::size_t connections(const YAML::Node& value) const {
    std::size_t number = 0;
    if (!value.IsScalar() || !YAML::convert<std::size_t>::decode(value, number) || number < 1 ||
        number > kMostConnections || value.Scalar().starts_with('-')) {
      complain(value.Mark(), "'connections' is a number from 1 to " + std::to_string(kMostConnections));
    }
    return number;
  }

  const std::string path_;
};

}  // namespace

Subscribers Subscribers::from_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(kLargestTable + 1, '\0');
  if (!file)
    throw SubscribersError("cannot open the subscribers' table '" + path +
                           "': no such file, or not readable");
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) throw SubscribersError("cannot read the subscribers' table '" + path + "'");
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kLargestTable) {
    throw SubscribersError("cannot use the subscribers' table '" + path + "': it is larger than 1 MiB");
  }
  return from_text(text, path);
}

Subscribers Subscribers::from_text(const std::string& text, const std::string& path) {
  Subscribers subscribers;
  subscribers.everybody_ = false;
  subscribers.grants_ = TableReader(path).read(text);
  return subscribers;
}

std::optional<Grant> Subscribers::grant(const tls::PeerIdentity& peer) const {
  const std::vector<std::string> names = names_of(peer);
  if (everybody_) {
    Grant grant;
    grant.identity = names.front();
    grant.bodies = true;
    return grant;
  }
  for (const Grant& grant : grants_) {
    if (std::ranges::find(names, grant.identity) != names.end()) return grant;
  }
  return std::nullopt;
}

std::vector<std::string> names_of(const tls::PeerIdentity& peer) {
  std::vector<std::string> names;
  for (const std::string& uri : peer.uris) names.push_back("uri:" + uri);
  for (const std::string& name : peer.dns) names.push_back("dns:" + name);
  for (const std::string& email : peer.emails) names.push_back("email:" + email);
  names.push_back(tls::fingerprint_text(peer.key_sha256));
  return names;
}

}  // namespace webtap::server
