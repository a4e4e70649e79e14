// Against a socket as the supervisor has it.
#include "agent/service/notify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace webtap::service {
namespace {

using testing::MatchesRegex;

class Supervisor {
 public:
  explicit Supervisor(bool abstract = false) {
    const std::string name = "webtap-notify-" + std::to_string(getpid());
    address_ = abstract ? "@" + name : (std::filesystem::temp_directory_path() / name).string();
    sockaddr_un own{};
    own.sun_family = AF_UNIX;
    std::memcpy(own.sun_path, address_.data(), address_.size());
    if (abstract) own.sun_path[0] = '\0';
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
    socket_ = Descriptor(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (bind(socket_.number(), reinterpret_cast<sockaddr*>(&own), length) != 0) std::abort();
    setenv("NOTIFY_SOCKET", address_.c_str(), 1);
  }
  ~Supervisor() {
    if (address_[0] == '/') unlink(address_.c_str());
  }
  // What was sent; empty where there is nothing.
  std::string take() {
    std::array<char, 4096> text{};
    const ssize_t size = recv(socket_.number(), text.data(), text.size(), MSG_DONTWAIT);
    return size < 0 ? "" : std::string(text.data(), static_cast<std::size_t>(size));
  }

 private:
  std::string address_;
  Descriptor socket_;
};

TEST(Notify, says_what_the_service_does) {
  Supervisor supervisor;
  Notify notify;
  EXPECT_TRUE(notify.is_supervised());
  EXPECT_EQ(getenv("NOTIFY_SOCKET"), nullptr);  // not for children
  notify.ready("capturing on eth0");
  EXPECT_EQ(supervisor.take(), "READY=1\nSTATUS=capturing on eth0");
  notify.reloading();
  EXPECT_THAT(supervisor.take(), MatchesRegex("RELOADING=1\nMONOTONIC_USEC=[0-9]+"));
  notify.status("a\nREADY=1");
  EXPECT_EQ(supervisor.take(), "STATUS=a READY=1");
  notify.stopping("writing what is open");
  EXPECT_EQ(supervisor.take(), "STOPPING=1\nSTATUS=writing what is open");
}

TEST(Notify, an_address_that_is_in_no_file_system) {
  Supervisor supervisor(true);
  Notify notify;
  notify.ready("up");
  EXPECT_EQ(supervisor.take(), "READY=1\nSTATUS=up");
}

TEST(Notify, without_a_supervisor_nothing_happens) {
  unsetenv("NOTIFY_SOCKET");
  Notify notify;
  EXPECT_FALSE(notify.is_supervised());
  notify.ready("up");
  notify.alive();
  for (const char* wrong : {"", "x", "relative/path", "@", "vsock:2:1234"}) {
    setenv("NOTIFY_SOCKET", wrong, 1);
    EXPECT_FALSE(Notify().is_supervised()) << wrong;
  }
  setenv("NOTIFY_SOCKET", ("/" + std::string(200, 'x')).c_str(), 1);
  EXPECT_FALSE(Notify().is_supervised());
}

TEST(Notify, a_supervisor_that_does_not_listen_holds_up_nothing) {
  Supervisor supervisor;
  Notify notify;
  for (int i = 0; i < 10'000; ++i) notify.status("nobody reads this");
  EXPECT_NE(supervisor.take(), "");
}

TEST(Notify, the_watchdog_is_told_when_it_is_time) {
  Supervisor supervisor;
  setenv("WATCHDOG_USEC", "3600000000", 1);
  setenv("WATCHDOG_PID", std::to_string(getpid()).c_str(), 1);
  Notify notify;
  EXPECT_EQ(notify.watchdog(), std::chrono::hours(1));
  for (int i = 0; i < 100; ++i) notify.alive();
  EXPECT_EQ(supervisor.take(), "WATCHDOG=1");
  EXPECT_EQ(supervisor.take(), "");
}

TEST(Notify, a_watchdog_of_another_process_is_not_ours) {
  Supervisor supervisor;
  setenv("WATCHDOG_USEC", "1000000", 1);
  setenv("WATCHDOG_PID", "1", 1);
  Notify notify;
  EXPECT_EQ(notify.watchdog(), std::chrono::microseconds(0));
  notify.alive();
  EXPECT_EQ(supervisor.take(), "");
  setenv("WATCHDOG_USEC", "soon", 1);
  EXPECT_EQ(Notify().watchdog(), std::chrono::microseconds(0));
}

}  // namespace
}  // namespace webtap::service
