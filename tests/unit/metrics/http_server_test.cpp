#include "agent/metrics/http_server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <atomic>
#include <thread>

#include "webtap/base/descriptor.h"

namespace webtap::metrics {
namespace {

using namespace std::chrono_literals;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr const char* kGet = "GET /page HTTP/1.1\r\nHost: x\r\n\r\n";

// A client that says what it is told to, and hears until the server ends.
class Client {
 public:
  explicit Client(const HttpServer& server) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval patience{60, 0};
    setsockopt(socket_.number(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(server.port());
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(socket_.number(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }

  // False: the server takes no more.
  bool say(const std::string& text) {
    return send(socket_.number(), text.data(), text.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(text.size());
  }
  std::string hear() {
    std::string all;
    char buffer[4096];
    for (ssize_t came = 0; (came = recv(socket_.number(), buffer, sizeof buffer, 0)) > 0;)
      all.append(buffer, static_cast<std::size_t>(came));
    return all;
  }
  std::string ask(const std::string& text) {
    say(text);
    return hear();
  }

 private:
  Descriptor socket_;
};

HttpServer::Pages pages() {
  return {{"/page",
           [] {
             return Page{200, "text/plain", "the page\n"};
           }},
          {"/ill",
           [] {
             return Page{503, "text/plain", "ill\n"};
           }},
          {"/broken", []() -> Page { throw std::runtime_error("secret"); }},
          {"/long", [] {
             return Page{200, "text/plain", std::string(100'000, 'x')};
           }}};
}

ServerOptions loopback() {
  ServerOptions options;
  options.address = "127.0.0.1";
  return options;
}

TEST(MetricsServer, GivesPages) {
  const HttpServer server(loopback(), pages());
  const std::string heard = Client(server).ask(kGet);
  EXPECT_THAT(heard, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(heard, HasSubstr("Content-Type: text/plain\r\n"));
  EXPECT_THAT(heard, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(heard, EndsWith("\r\n\r\nthe page\n"));
  EXPECT_THAT(Client(server).ask("GET /ill?verbose HTTP/1.0\r\n\r\n"), StartsWith("HTTP/1.1 503 "));
}

TEST(MetricsServer, GivesAHeadAlone) {
  const HttpServer server(loopback(), pages());
  const std::string heard = Client(server).ask("HEAD /page HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(heard, HasSubstr("Content-Length: 9\r\n"));
  EXPECT_THAT(heard, EndsWith("\r\n\r\n"));
}

TEST(MetricsServer, RefusesWhatItDoesNotHave) {
  const HttpServer server(loopback(), pages());
  EXPECT_THAT(Client(server).ask("GET /other HTTP/1.1\r\nHost: x\r\n\r\n"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(Client(server).ask("GET /../page/ HTTP/1.1\r\nHost: x\r\n\r\n"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(Client(server).ask("POST /page HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody"),
              StartsWith("HTTP/1.1 405 "));
  EXPECT_THAT(Client(server).ask("no HTTP at all\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
}

TEST(MetricsServer, APageThatFailsTellsNothing) {
  const HttpServer server(loopback(), pages());
  const std::string heard = Client(server).ask("GET /broken HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(heard, StartsWith("HTTP/1.1 500 "));
  EXPECT_THAT(heard, Not(HasSubstr("secret")));
}

TEST(MetricsServer, AnswersWhoeverSendsABodyOfAnySize) {
  const HttpServer server(loopback(), pages());
  Client client(server);
  client.say("POST /page HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000000\r\n\r\n");
  client.say(std::string(30'000, 'b'));
  EXPECT_THAT(client.hear(), StartsWith("HTTP/1.1 405 "));
}

TEST(MetricsServer, ReadsNoMoreOfARequestThanItsLimit) {
  const HttpServer server(loopback(), pages());
  Client client(server);
  client.say("GET /page HTTP/1.1\r\n");
  std::size_t said = 0;
  while (said < (8u << 20) && client.say("X-More: of the same\r\n")) said += 21;
  EXPECT_LT(said, 8u << 20) << "the server reads on";
  EXPECT_THAT(Client(server).ask(kGet), EndsWith("the page\n"));
}

TEST(MetricsServer, ARangeAddsNothing) {
  const HttpServer server(loopback(), pages());
  std::string ranges = "0-";
  while (ranges.size() < 8000) ranges += ",0-";
  const std::string heard =
      Client(server).ask("GET /long HTTP/1.1\r\nHost: x\r\nRange: bytes=" + ranges + "\r\n\r\n");
  EXPECT_LT(heard.size(), 101'000u);
  EXPECT_THAT(Client(server).ask(kGet), EndsWith("the page\n"));
}

TEST(MetricsServer, SlowRequestsEnd) {
  ServerOptions options = loopback();
  options.limits.exchange = 200ms;
  options.limits.threads = 1;
  const HttpServer server(options, pages());
  Client slow(server);
  slow.say("GET /page HTTP/1.1\r\nX-Slow");
  const auto began = std::chrono::steady_clock::now();
  slow.hear();
  EXPECT_GE(std::chrono::steady_clock::now() - began, 100ms);
  EXPECT_THAT(Client(server).ask(kGet), EndsWith("the page\n"));
}

TEST(MetricsServer, AReaderThatDoesNotReadEnds) {
  ServerOptions options = loopback();
  options.limits.exchange = 200ms;
  options.limits.threads = 1;
  const HttpServer server(options, {{"/page",
                                     [] {
                                       return Page{200, "text/plain", "the page\n"};
                                     }},
                                    {"/huge", [] {
                                       return Page{200, "x/y", std::string(32u << 20, 'x')};
                                     }}});
  Client deaf(server);
  deaf.say("GET /huge HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(Client(server).ask(kGet), EndsWith("the page\n"));
}

TEST(MetricsServer, TheSilentTakeNoThread) {
  ServerOptions options = loopback();
  options.limits.exchange = 60s;
  const HttpServer server(options, pages());
  std::vector<std::unique_ptr<Client>> silent;
  for (int i = 0; i < 20; ++i) silent.push_back(std::make_unique<Client>(server));
  const auto began = std::chrono::steady_clock::now();
  EXPECT_THAT(Client(server).ask(kGet), EndsWith("the page\n"));
  EXPECT_LT(std::chrono::steady_clock::now() - began, 50s);
}

TEST(MetricsServer, AnswersManyAtATime) {
  const HttpServer server(loopback(), pages());
  std::atomic<int> good = 0;
  std::vector<std::thread> clients;
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([&] {
      for (int n = 0; n < 25; ++n) good += Client(server).ask(kGet).ends_with("the page\n") ? 1 : 0;
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(good, 200);
}

TEST(MetricsServer, EndsWhileSomebodyIsConnected) {
  ServerOptions options = loopback();
  options.limits.exchange = 600s;
  auto server = std::make_unique<HttpServer>(options, pages());
  Client half(*server);
  half.say("GET /pa");
  EXPECT_THAT(Client(*server).ask(kGet), EndsWith("the page\n"));
  const auto began = std::chrono::steady_clock::now();
  server.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - began, 60s);
}

TEST(MetricsServer, SaysWhyItCannotListen) {
  const HttpServer server(loopback(), pages());
  ServerOptions same = loopback();
  same.port = server.port();
  try {
    const HttpServer other(same, pages());
    FAIL() << "two servers have one port";
  } catch (const ServerError& error) {
    EXPECT_EQ(std::string(error.what()),
              "cannot serve metrics on 127.0.0.1:" + std::to_string(same.port) + ": address already in use");
  }
}

TEST(MetricsServer, ServesAllAddresses) {
  const HttpServer server({}, pages());
  EXPECT_THAT(Client(server).ask(kGet), EndsWith("the page\n"));
}

}  // namespace
}  // namespace webtap::metrics
