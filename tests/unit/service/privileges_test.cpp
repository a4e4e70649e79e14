// Each in a process of its own: what is given up does not come back.
#include "agent/service/privileges.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>

namespace webtap::service {
namespace {

using testing::HasSubstr;

// What the function gives, run in a child; "" is what is wanted.
std::string in_a_child(const std::function<std::string()>& check) {
  int ends[2];
  if (pipe(ends) != 0) return "no pipe";
  const pid_t child = fork();
  if (child == 0) {
    std::string result;
    try {
      result = check();
    } catch (const std::exception& error) {
      result = std::string("threw: ") + error.what();
    }
    [[maybe_unused]] const ssize_t written = write(ends[1], result.data(), result.size());
    _exit(0);
  }
  close(ends[1]);
  std::string text(4096, '\0');
  const ssize_t size = read(ends[0], text.data(), text.size());
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  text.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
  return status == 0 ? text : "the child ended with " + std::to_string(status) + ": " + text;
}

std::string status_line(const std::string& key) {
  std::ifstream file("/proc/thread-self/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(key + ":")) return line.substr(line.find_first_not_of(" \t", key.size() + 1));
  }
  return "";
}

bool can_capture() {
  const int number = socket(AF_PACKET, SOCK_RAW, 0);
  if (number >= 0) close(number);
  return number >= 0;
}

std::string first_wrong(const std::vector<std::pair<const char*, bool>>& checks) {
  for (const auto& [what, holds] : checks) {
    if (!holds) return what;
  }
  return "";
}

struct Privileges : testing::Test {
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "needs root";
    const std::string allowed = in_a_child([] {
      return setgroups(0, nullptr) == 0 && setresgid(65534, 65534, 65534) == 0 &&
                     setresuid(65534, 65534, 65534) == 0
                 ? ""
                 : "no";
    });
    if (!allowed.empty()) GTEST_SKIP() << "root may not become another user here";
  }
};

TEST_F(Privileges, root_becomes_the_user_and_can_nothing_more) {
  EXPECT_EQ(in_a_child([] {
              const User user = find_user("nobody");
              become(user, Keep::Nothing);
              const std::string none = "0000000000000000";
              return first_wrong({
                  {"real user", getuid() == user.id},
                  {"effective user", geteuid() == user.id},
                  {"group", getegid() == user.group},
                  {"groups of root", getgroups(0, nullptr) <= 1},
                  {"effective set", status_line("CapEff") == none},
                  {"permitted set", status_line("CapPrm") == none},
                  {"inheritable set", status_line("CapInh") == none},
                  {"bounding set", status_line("CapBnd") == none},
                  {"ambient set", status_line("CapAmb") == none},
                  {"no new privileges", status_line("NoNewPrivs") == "1"},
                  {"root again", setuid(0) != 0},
                  {"capture", !can_capture()},
                  {"dumpable", prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0},
              });
            }),
            "");
}

TEST_F(Privileges, what_is_open_stays_of_use) {
  EXPECT_EQ(in_a_child([]() -> std::string {
              const int capture = socket(AF_PACKET, SOCK_RAW, 0);
              if (capture < 0) return "";  // not permitted to anybody here
              become(find_user("nobody"), Keep::Nothing);
              const int size = 1 << 20;
              return setsockopt(capture, SOL_SOCKET, SO_RCVBUF, &size, sizeof size) == 0 ? "" : "socket";
            }),
            "");
}

TEST_F(Privileges, net_raw_alone_can_be_kept) {
  EXPECT_EQ(
      in_a_child([] {
        const bool could = can_capture();
        become(find_user("nobody"), Keep::NetRaw);
        return first_wrong({
            {"permitted set", status_line("CapPrm") == (could ? "0000000000002000" : status_line("CapPrm"))},
            {"bounding set", status_line("CapBnd") == "0000000000000000"},
            {"capture", can_capture() == could},
            {"has_net_raw", has_net_raw() == could},
            {"root again", setuid(0) != 0},
        });
      }),
      "");
}

TEST_F(Privileges, who_is_the_user_already_only_drops) {
  EXPECT_EQ(in_a_child([] {
              const User user = find_user("nobody");
              become(user, Keep::NetRaw);  // as a supervisor starts it
              const bool could = has_net_raw();
              become(user, Keep::Nothing);
              return first_wrong({{"capture", !can_capture() && !has_net_raw()},
                                  {"could", could == (status_line("CapPrm") != "" && could)},
                                  {"user", geteuid() == user.id}});
            }),
            "");
}

TEST_F(Privileges, who_may_not_become_the_user_is_told_so) {
  EXPECT_THAT(in_a_child([] {
                become(find_user("nobody"), Keep::Nothing);
                become(find_user("daemon"), Keep::Nothing);
                return "became it";
              }),
              HasSubstr("cannot run as 'daemon': operation not permitted"));
}

TEST_F(Privileges, a_directory_is_made_for_the_user_and_what_is_there_stays_whose_it_is) {
  std::string pattern = (std::filesystem::temp_directory_path() / "webtap-user-XXXXXX").string();
  ASSERT_NE(mkdtemp(pattern.data()), nullptr);
  const User user = find_user("nobody");
  for (int i = 0; i < 2; ++i) make_directory_for(user, pattern + "/new");
  struct stat status {};
  ASSERT_EQ(stat((pattern + "/new").c_str(), &status), 0);
  EXPECT_EQ(status.st_uid, user.id);
  EXPECT_EQ(status.st_mode & 0777, 0750U);
  std::filesystem::create_directory(pattern + "/other");
  std::filesystem::create_symlink(pattern + "/other", pattern + "/link");
  make_directory_for(user, pattern + "/other");
  make_directory_for(user, pattern + "/link");
  ASSERT_EQ(stat((pattern + "/other").c_str(), &status), 0);
  EXPECT_EQ(status.st_uid, 0U);
  EXPECT_THROW(make_directory_for(user, pattern + "/missing/new"), PrivilegeError);
  std::filesystem::remove_all(pattern);
}

TEST(Users, by_name_and_by_number) {
  EXPECT_EQ(find_user("root").id, 0U);
  EXPECT_EQ(find_user("0").name, "root");
  for (const char* name : {"no-such-user", "", "4294967290", "-1"})
    EXPECT_THROW(find_user(name), PrivilegeError);
}

TEST(CoreDumps, are_forbidden) {
  EXPECT_EQ(in_a_child([] {
              forbid_core_dumps();
              rlimit limit{1, 1};
              getrlimit(RLIMIT_CORE, &limit);
              return first_wrong({{"limit", limit.rlim_cur == 0 && limit.rlim_max == 0},
                                  {"dumpable", prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0}});
            }),
            "");
}

}  // namespace
}  // namespace webtap::service
