// A conversation, whole and byte by byte: the transactions are the same.
#include "tests/fuzz/http_player.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using webtap::fuzz::HttpPlayer;
  webtap::fuzz::Input input(data, size);
  const std::uint8_t options = input.u8();
  webtap::http::Limits limits;
  limits.body_bytes = options & 1 ? 16 : limits.body_bytes;
  limits.pipelined = options & 2 ? 3 : limits.pipelined;
  limits.keep_framing = (options & 4) != 0;
  HttpPlayer whole(limits, (options & 8) == 0, size + 1);
  whole.play(input);
  HttpPlayer byte_by_byte(limits, (options & 8) == 0, 1);
  byte_by_byte.play(input);
  if (whole.transactions() != byte_by_byte.transactions()) {
    const std::string text =
        "whole:" + whole.transactions() + "\n\nbyte by byte:" + byte_by_byte.transactions() + "\n";
    std::fwrite(text.data(), 1, text.size(), stderr);
  }
  webtap::fuzz::require(whole.transactions() == byte_by_byte.transactions(), "cuts change nothing");
  return 0;
}
