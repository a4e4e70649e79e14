// One thread appends, the spool's own keeps, readers read: nothing is missed, nothing is given twice, nobody
// sleeps for ever. With ThreadSanitizer, that nothing is raced for.
#include <condition_variable>
#include <mutex>
#include <thread>

#include "tests/unit/spool/spool_fixture.h"

namespace webtap::spool {
namespace {

using namespace std::chrono_literals;

// As the stream's server does it: reads until there is nothing, then sleeps until it is told.
class Server {
 public:
  void tell() {
    const std::lock_guard lock(mutex_);
    told_ = true;
    wakes_.notify_one();
  }
  // Gives how many records came before `last`; 0 where it was not told in time.
  std::uint64_t read_until(Spool& spool, Position last, Reader::Until until) {
    Reader reader = spool.reader(1);
    ReadBatch batch;
    std::uint64_t records = 0;
    Position at = 1;
    while (reader.position() <= last) {
      const Position appended = spool.appended();
      const Position synced = spool.synced();
      const Reader::Result result = reader.read(10'000, until, batch);
      if (result == Reader::Result::Records) {
        for (const RecordView& record : batch.records) {
          if (record.position != at++ || record.bytes != std::to_string(record.position)) return 0;
          ++records;
        }
        spool.set_cursor("reader", reader.position() - 1);
      } else if (result == Reader::Result::Gap) {
        at = batch.gap->to + 1;
      } else if (result == Reader::Result::CaughtUp && spool.arm(appended, synced)) {
        std::unique_lock lock(mutex_);
        if (!wakes_.wait_for(lock, 60s, [&] { return told_; })) return 0;
        told_ = false;
      }
    }
    return records;
  }

 private:
  std::mutex mutex_;
  std::condition_variable wakes_;
  bool told_ = false;
};

class Concurrency : public SpoolTest, public testing::WithParamInterface<Reader::Until> {};

TEST_P(Concurrency, ReaderGetsEverythingWhileItIsAppended) {
  constexpr Position kLast = 20'000;
  Server server;
  options_.on_progress = [&] { server.tell(); };
  options_.segment_bytes = 100'000;
  options_.memory_bytes = 200'000;
  Spool spool(options_);
  std::thread appending([&] {
    std::minstd_rand random(5);
    for (Position at = 1; at <= kLast; ++at) {
      while (!spool.append(at, {}, std::to_string(at)) && spool.next() <= at) {
      }
      if (random() % 200 == 0) std::this_thread::sleep_for(200us);
    }
    while (spool.appended() < kLast) {  // the last were refused: a gap that the next record says
      spool.append(spool.next(), {}, std::to_string(spool.next()));
      std::this_thread::sleep_for(1ms);
    }
  });
  const std::uint64_t records = server.read_until(spool, kLast, GetParam());
  appending.join();
  EXPECT_GT(records, 0u);
  const SpoolCounters counters = spool.counters();
  EXPECT_GE(records + counters.refused + counters.lost, kLast);
}

INSTANTIATE_TEST_SUITE_P(Untils, Concurrency,
                         testing::Values(Reader::Until::Synced, Reader::Until::Appended));

TEST_F(SpoolTest, ReaderBehindRetentionIsToldAndGoesOn) {
  options_.segment_bytes = 20'000;
  options_.max_bytes = 100'000;
  options_.memory_bytes = 20'000;
  std::atomic<std::int64_t> seconds = 1000;
  options_.clock = [&] { return Timestamp(std::chrono::seconds(seconds++)); };
  Spool spool(options_);
  std::atomic<bool> done = false;
  std::thread appending([&] {
    for (int i = 0; i < 5000; ++i) {
      append(spool, std::string(200, 'r'));
      if (i % 50 == 0) sync(spool);
    }
    sync(spool);
    done = true;
  });
  Reader reader = spool.reader(1);
  ReadBatch batch;
  Position at = 1;
  for (;;) {
    const bool was_done = done;
    const Reader::Result result = reader.read(500, Reader::Until::Synced, batch);
    if (result == Reader::Result::CaughtUp && was_done) break;
    if (result == Reader::Result::Gap) {
      EXPECT_EQ(batch.gap->from, at);
      EXPECT_NE(batch.gap->reason, GapReason::Damage);
    }
    for (const RecordView& record : batch.records) EXPECT_EQ(record.position, at++);
    at = reader.position();
    if (at % 64 == 0) std::this_thread::sleep_for(1ms);
  }
  appending.join();
  EXPECT_EQ(at, spool.appended() + 1);
}

}  // namespace
}  // namespace webtap::spool
