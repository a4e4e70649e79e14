#include "agent/spool/inspection.h"

#include "tests/unit/spool/spool_fixture.h"

namespace webtap::spool {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Inspection : public SpoolTest {
 protected:
  // Three segments of two records.
  void SetUp() override {
    options_.segment_bytes = 100;
    Spool spool(options_);
    for (Position at = 1; at <= 6; ++at) {
      append(spool, text(at));
      if (at % 2 == 0) sync(spool);
    }
    spool.set_cursor("reader", 4);
  }
  static std::string text(Position at) { return std::to_string(at) + std::string(80, 't'); }
  SpoolReport look() {
    Directory directory(options_.directory, Directory::Access::Look, files_);
    return inspect(directory, files_);
  }
  std::vector<Position> exported() {
    Directory directory(options_.directory, Directory::Access::Look, files_);
    std::vector<Position> positions;
    for_each_record(directory, [&](const RecordView& view) {
      if ((view.flags & kGapFlag) == 0) positions.push_back(view.position);
      return true;
    });
    return positions;
  }
  void repair_it() {
    repair(options_.directory, [this](const std::string& text) { said_ += text + "\n"; });
  }
  void flip(const std::filesystem::path& path, std::size_t at) {
    std::string bytes = contents(path);
    bytes[at] = static_cast<char>(bytes[at] ^ 1);
    write(path, bytes);
  }
};

TEST_F(Inspection, TellsWhatIsThere) {
  const SpoolReport report = look();
  EXPECT_TRUE(report.is_sound());
  ASSERT_EQ(report.segments.size(), 3u);
  EXPECT_EQ(report.segments[1].records, 2u);
  EXPECT_EQ(report.segments[1].last, 4u);
  EXPECT_TRUE(report.segments[2].sealed);
  EXPECT_THAT(to_text(report), HasSubstr("ended in order"));
  EXPECT_THAT(to_text(report), HasSubstr("cursor reader at 4"));
  EXPECT_THAT(exported(), ElementsAre(1, 2, 3, 4, 5, 6));
  repair_it();
  EXPECT_EQ(said_, "");
}

TEST_F(Inspection, DamagedRecordIsSaidAndRepairedAroundIt) {
  flip(segments()[1], kSegmentHeader + kRecordHeader + 5);
  const SpoolReport report = look();
  EXPECT_FALSE(report.is_sound());
  EXPECT_THAT(to_text(report), HasSubstr("DAMAGED at byte 64"));
  repair_it();
  EXPECT_TRUE(look().is_sound());
  EXPECT_EQ(segments(".damaged").size(), 1u);
  EXPECT_THAT(exported(), ElementsAre(1, 2, 4, 5, 6));
  Spool spool(options_);
  EXPECT_THAT(read_all(spool, 2), ElementsAre(record(2, text(2)), gap(3, 3, 1, GapReason::Damage),
                                              record(4, text(4)), record(5, text(5)), record(6, text(6))));
  EXPECT_EQ(spool.cursor("reader")->acknowledged, 4u);
}

TEST_F(Inspection, SegmentWithoutHeaderIsPutAside) {
  flip(segments()[0], 1);
  EXPECT_THAT(to_text(look()), HasSubstr("DAMAGED: no header"));
  repair_it();
  EXPECT_TRUE(look().is_sound());
  EXPECT_THAT(exported(), ElementsAre(3, 4, 5, 6));
}

TEST_F(Inspection, LostStateIsMadeAnew) {
  write(std::filesystem::path(options_.directory) / "state", "");
  EXPECT_FALSE(look().is_sound());
  repair_it();
  EXPECT_TRUE(look().is_sound());
  EXPECT_THAT(exported(), ElementsAre(1, 2, 3, 4, 5, 6));
}

TEST_F(Inspection, LooksWhileItIsInUseAndRepairsOnlyAlone) {
  Spool spool(options_);
  append(spool, text(7));
  ASSERT_TRUE(sync(spool));
  EXPECT_TRUE(look().is_sound());
  EXPECT_THAT(exported(), ElementsAre(1, 2, 3, 4, 5, 6, 7));
  EXPECT_THROW(repair_it(), SpoolError);
}

TEST_F(Inspection, MissingDirectoryIsNotMade) {
  options_.directory = folder_ / "missing";
  EXPECT_THROW(look(), SpoolError);
  EXPECT_THROW(repair_it(), SpoolError);
  EXPECT_FALSE(std::filesystem::exists(options_.directory));
}

}  // namespace
}  // namespace webtap::spool
