// Whatever was done to its files while it was closed, a spool opens, gives what is whole, and says what is
// missing.
#include <unistd.h>

#include "agent/spool/segment_walker.h"
#include "tests/unit/spool/spool_fixture.h"

namespace webtap::spool {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class DamagedSpool : public SpoolTest {
 protected:
  // Five segments of ten records.
  void SetUp() override {
    options_.segment_bytes = 1000;
    Spool spool(options_);
    for (Position at = 1; at <= 50; ++at) {
      append(spool, text(at));
      if (at % 10 == 0) {
        ASSERT_TRUE(sync(spool));
      }
    }
  }
  static std::string text(Position at) { return "record " + std::to_string(at) + std::string(100, '.'); }

  // Every position is given or said to be missing, in order, and every record is what it was. Gives the gaps.
  static std::vector<Gap> check(const std::vector<Given>& given, Position last) {
    std::vector<Gap> gaps;
    Position at = 1;
    for (const Given& one : given) {
      EXPECT_EQ(one.gap ? one.gap->from : one.position, at);
      if (one.gap) gaps.push_back(*one.gap);
      EXPECT_EQ(one.bytes, one.gap ? "" : text(one.position));
      at = one.position + 1;
    }
    EXPECT_EQ(at, last + 1);
    return gaps;
  }
  std::vector<Gap> gaps_after_restart() {
    Spool spool(options_);
    EXPECT_EQ(spool.next(), 51u);
    std::vector<Gap> gaps = check(read_all(spool, 1), 50);
    EXPECT_EQ(check(read_all(spool, 1), 50), gaps);  // the same once more
    return gaps;
  }
};

TEST_F(DamagedSpool, WholeSpoolHasNoGaps) {
  ASSERT_THAT(segments(), SizeIs(5));
  EXPECT_THAT(gaps_after_restart(), IsEmpty());
}

TEST_F(DamagedSpool, MissingSegmentsAreGaps) {
  const auto files = segments();
  std::filesystem::remove(files[0]);
  std::filesystem::remove(files[2]);
  EXPECT_THAT(gaps_after_restart(),
              ElementsAre(Gap{1, 10, 10, GapReason::Damage}, Gap{21, 30, 10, GapReason::Damage}));
}

TEST_F(DamagedSpool, MissingLastSegmentIsAGap) {
  std::filesystem::remove(segments()[4]);
  EXPECT_THAT(gaps_after_restart(), ElementsAre(Gap{41, 50, 10, GapReason::Damage}));
}

TEST_F(DamagedSpool, SegmentWithADamagedHeaderIsPutAside) {
  std::string bytes = contents(segments()[1]);
  bytes[3] = 'x';
  write(segments()[1], bytes);
  {
    Spool spool(options_);
    EXPECT_THAT(check(read_all(spool, 1), 50), ElementsAre(Gap{11, 20, 10, GapReason::Damage}));
    append(spool, "x");
    ASSERT_TRUE(sync(spool));
  }
  EXPECT_EQ(said_.find("control"), std::string::npos);
  Spool spool(options_);
  append(spool, "y");
  ASSERT_TRUE(sync(spool));
  EXPECT_THAT(read_all(spool, 1), Contains(gap(11, 20, 10, GapReason::Damage)));
}

TEST_F(DamagedSpool, FlippedBitsCostTheirRecordOnly) {
  const auto file = segments()[2];
  const std::string whole = contents(file);
  std::minstd_rand random(3);
  for (int round = 0; round < 40; ++round) {
    std::string bytes = whole;
    const std::size_t at = kSegmentHeader + random() % (whole.size() - kSegmentHeader);
    bytes[at] = static_cast<char>(bytes[at] ^ 1 << random() % 8);
    write(file, bytes);
    const std::vector<Gap> gaps = gaps_after_restart();
    ASSERT_LE(gaps.size(), 1u);  // none where it was the seal
    if (gaps.empty()) continue;
    EXPECT_EQ(gaps[0].from, gaps[0].to) << at;
    EXPECT_EQ(gaps[0].reason, GapReason::Damage);
  }
}

TEST_F(DamagedSpool, CutSegmentsGiveWhatIsWhole) {
  const auto file = segments()[2];
  const std::string whole = contents(file);
  for (std::size_t size = 0; size < whole.size(); size += 37) {
    write(file, whole.substr(0, size));
    for (const Gap& gap : gaps_after_restart()) {
      EXPECT_EQ(gap.to, 30u);
      EXPECT_EQ(
          gap.from,
          21 + (size < kSegmentHeader ? 0 : (size - kSegmentHeader) / (kRecordHeader + text(21).size())));
    }
    if (segments(".damaged").size() == 1) std::filesystem::rename(segments(".damaged")[0], file);
  }
}

TEST_F(DamagedSpool, GarbageInFileNamesAndFoldersIsLeftAlone) {
  const std::filesystem::path folder = segments()[0].parent_path();
  write(folder / "core", "x");
  write(folder / "00000000000000000099.txt", "x");
  std::filesystem::create_directory(folder / "00000000000000000098.seg");
  std::filesystem::create_symlink("/etc/passwd", folder / "00000000000000000097.seg");
  std::filesystem::create_directory(std::filesystem::path(options_.directory) / "notes");
  EXPECT_THAT(gaps_after_restart(), IsEmpty());
  EXPECT_TRUE(std::filesystem::exists(folder / "core"));
}

TEST_F(DamagedSpool, LostStateIsTakenFromTheSegments) {
  const SensorUuid sensor = Spool(options_).sensor();
  for (const std::size_t size : {std::size_t{0}, std::size_t{100}, 2 * kStateSlot}) {
    write(std::filesystem::path(options_.directory) / "state", std::string(size, 'g'));
    Spool spool(options_);
    EXPECT_EQ(spool.sensor(), sensor);
    EXPECT_GT(spool.next(), 50u + kReserve);  // as numbers may have been given that are not on disk
    const std::vector<Given> given = read_all(spool, 1);
    ASSERT_GE(given.size(), 50u);
    EXPECT_EQ(given[49], record(50, text(50)));
    EXPECT_THAT(said_, HasSubstr("state is lost"));
  }
}

TEST_F(DamagedSpool, OneDamagedSlotOfTheStateIsNotMissed) {
  const std::filesystem::path file = std::filesystem::path(options_.directory) / "state";
  const std::string whole = contents(file);
  ASSERT_GT(whole.size(), kStateSlot);
  for (const std::size_t slot : {0, 1}) {
    std::string bytes = whole;
    bytes.replace(slot * kStateSlot, 1000, 1000, '\0');
    write(file, bytes);
    Spool spool(options_);
    const std::vector<Given> given = read_all(spool, 1);
    ASSERT_GE(given.size(), 50u);
    EXPECT_EQ(given[49], record(50, text(50)));
  }
}

TEST_F(DamagedSpool, AnotherSensorsSegmentIsNotGivenAsOurs) {
  SpoolOptions other = options_;
  other.directory = folder_ / "other";
  {
    Spool spool(other);
    for (Position at = 1; at <= 5; ++at) append(spool, "foreign");
    ASSERT_TRUE(sync(spool));
  }
  std::filesystem::path foreign;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(other.directory)) {
    if (entry.path().extension() == ".seg") foreign = entry.path();
  }
  std::filesystem::copy_file(foreign, segments()[0], std::filesystem::copy_options::overwrite_existing);
  EXPECT_THAT(gaps_after_restart(), ElementsAre(Gap{1, 10, 10, GapReason::Damage}));
}

// Who can choose what an event says cannot make a record of it that appears where another is damaged.
TEST_F(SpoolTest, RecordsWithinAnEventAreNoRecords) {
  std::string forged(kRecordHeader + 6, '\0');
  write_record(forged.data(), 0, {3, {}, 0, "forged"});
  {
    Spool spool(options_);
    append(spool, "one");
    append(spool, forged + forged);
    append(spool, "three");
    ASSERT_TRUE(sync(spool));
  }
  std::string bytes = contents(segments()[0]);
  bytes[kSegmentHeader + kRecordHeader + 3 + 4] ^= 1;  // the checksum of the second
  write(segments()[0], bytes);
  Spool spool(options_);
  EXPECT_THAT(read_all(spool, 1),
              ElementsAre(record(1, "one"), gap(2, 2, 1, GapReason::Damage), record(3, "three")));
}

}  // namespace
}  // namespace webtap::spool
