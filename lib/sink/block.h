// Whole entries waiting to be written to a file: bytes, and where each entry ends.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace webtap::sink {

class Block {
 public:
  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  std::size_t capacity() const { return capacity_; }
  std::size_t entries() const { return ends_.size(); }
  std::string_view bytes() const { return {data_.get(), size_}; }
  // How many entries lie wholly within the first `bytes`, and where the last of them ends.
  std::pair<std::size_t, std::size_t> whole_entries(std::size_t bytes) const {
    const auto beyond = std::ranges::upper_bound(ends_, bytes);
    return {static_cast<std::size_t>(beyond - ends_.begin()), beyond == ends_.begin() ? 0 : *(beyond - 1)};
  }

  // Room behind the last entry; valid until the next call.
  char* room(std::size_t size) {
    if (capacity_ - size_ < size) grow(size_ + size);
    return data_.get() + size_;
  }
  // The entry that was written to room() ends at `end`.
  void take(const char* end) {
    size_ = static_cast<std::size_t>(end - data_.get());
    ends_.push_back(size_);
  }
  void clear() {
    size_ = 0;
    ends_.clear();
  }
  void release() { *this = {}; }

 private:
  void grow(std::size_t wanted) {
    const std::size_t capacity = std::max({wanted, 2 * capacity_, kSmallest});
    auto larger = std::make_unique_for_overwrite<char[]>(capacity);
    if (size_ != 0) std::memcpy(larger.get(), data_.get(), size_);
    data_ = std::move(larger);
    capacity_ = capacity;
  }

  static constexpr std::size_t kSmallest = 16u << 10;

  std::unique_ptr<char[]> data_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
  std::vector<std::size_t> ends_;
};

}  // namespace webtap::sink
