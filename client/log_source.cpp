#include "client/log_source.h"

#include "webtap/modsec/json_reader.h"
#include "webtap/modsec/native_reader.h"

namespace webtap::client {

class LogSource::Reader {
 public:
  virtual ~Reader() = default;
  virtual void push(ByteView bytes) = 0;
  virtual void finish() = 0;
};

template <typename LogReader>
class LogSource::ReaderOf final : public Reader {
 public:
  explicit ReaderOf(modsec::EntryHandler& handler) : reader_(handler) {}
  void push(ByteView bytes) override { reader_.push(bytes); }
  void finish() override { reader_.finish(); }

 private:
  LogReader reader_;
};

LogSource::LogSource(modsec::EntryHandler& handler) : handler_(handler) {}
LogSource::~LogSource() = default;

void LogSource::push(ByteView bytes) {
  if (bytes.empty()) return;
  if (reader_ == nullptr) {
    if (bytes.front() == '{') {
      reader_ = std::make_unique<ReaderOf<modsec::JsonReader>>(handler_);
    } else {
      reader_ = std::make_unique<ReaderOf<modsec::NativeReader>>(handler_);
    }
  }
  reader_->push(bytes);
}

void LogSource::finish() {
  if (reader_ != nullptr) reader_->finish();
}

}  // namespace webtap::client
