// Reads the options of a sink's URL, and says which are none.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "client/sinks/sink_url.h"

namespace webtap::client {

// All throw UsageError.
void allow_options(const SinkUrl& url, std::initializer_list<std::string_view> names);
// The option's value, which is one of `choices`; the first of them where it is not given.
std::string_view choice_option(const SinkUrl& url, std::string_view name,
                               std::initializer_list<std::string_view> choices);
std::uint64_t number_option(const SinkUrl& url, std::string_view name, std::uint64_t usual,
                            std::uint64_t most);
std::string text_option(const SinkUrl& url, std::string_view name, std::string_view usual);

}  // namespace webtap::client
