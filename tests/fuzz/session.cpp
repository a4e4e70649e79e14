// Subscribers of a sensor, whose bytes are anything, in any order with what the sensor does itself: two
// connections at a time, through admission, filters, the window and the spool, without a network. What is
// sent to them follows the protocol.
#include <array>
#include <deque>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "agent/server/server_impl.h"
#include "tests/fuzz/folder.h"
#include "tests/fuzz/input.h"
#include "tests/support/fake_channel.h"
#include "tests/support/test_certificates.h"
#include "webtap/event/audit_event.h"
#include "webtap/wire/event_codec.h"
#include "webtap/wire/frame_codec.h"

namespace webtap::fuzz {
namespace {

constexpr std::array<const char*, 4> kIdentities{"all.test", "some.test", "heads.test", "nobody.test"};
constexpr std::string_view kTable =
    "subscribers:\n"
    "  - {identity: dns:all.test, bodies: true}\n"
    "  - {identity: dns:some.test, hosts: ['*.a.test'], bodies: true, mask: [Cookie], connections: 1}\n"
    "  - {identity: dns:heads.test}\n";
constexpr std::string_view kSecret = "s3cret";

// A server that never opens its port, and a spool that keeps the newest few megabytes.
struct World {
  World()
      : certificates(folder.path),
        spool(spool_options(folder.path)),
        server(options(), spool, &check_sentence) {
    while (number < 400) append();
    require(spool.sync(std::chrono::seconds(60)), "the spool is kept");
  }

  static void check_sentence(const std::string& text) {
    const auto plain = [](char c) { return c >= ' ' && c <= '~'; };
    require(std::ranges::all_of(text, plain), "no control characters in the log");
  }
  static spool::SpoolOptions spool_options(const std::string& path) {
    spool::SpoolOptions made;
    made.directory = path + "/spool";
    made.max_bytes = 4u << 20;
    made.segment_bytes = made.memory_bytes = 256u << 10;
    made.block_bytes = 64u << 10;
    return made;
  }
  server::Options options() {
    certificates.make("sensor", "serverAuth", "DNS:localhost");
    server::Options made;
    made.tls = certificates.options("sensor");
    made.subscribers = folder.path + "/subscribers.yaml";
    std::ofstream(made.subscribers) << kTable;
    made.sensor_name = "fuzzed";
    made.limits.default_window_bytes = 16u << 10;
    made.limits.largest_window_bytes = 64u << 10;
    made.limits.default_window_events = 20;
    made.limits.largest_window_events = 100;
    made.limits.parcel_bytes = 4u << 10;
    made.limits.parcel_events = 8;
    made.limits.looked_at = 64;
    made.limits.cached_bytes = 64u << 10;
    made.limits.gap_interval = {};  // no run lasts a second
    return made;
  }

  // Each a little different; now and then one that is none, or that is missing.
  void append() {
    const unsigned n = number++;
    const spool::Position position = spool.next() + (n % 17 == 0 ? 3 : 0);
    std::string bytes = "\xff no event";
    std::string problem;
    if (n % 31 != 0) wire::encode_event(event(n), bytes, problem);
    spool.append(position, Timestamp(std::chrono::seconds(n)), bytes);
  }
  static event::AuditEvent event(unsigned n) {
    event::AuditEvent made;
    made.boundary = "0123abcd";
    made.client = {*parse_address("192.0.2." + std::to_string(n % 256)), 1234};
    made.server = {*parse_address("198.51.100.1"), 80};
    made.host = std::array{"www.a.test", "b.test:8080", "X.A.TEST", ""}[n % 4];
    made.status = std::array<std::uint16_t, 4>{200, 404, 0, 503}[n / 2 % 4];
    made.request.present = made.response.present = true;
    made.request.head = std::string(n % 2 == 0 ? "GET" : "POST") + " /p" + std::to_string(n % 7) +
                        "?q=1 HTTP/1.1\r\n" + "Cookie: " + std::string(kSecret) + "\r\n";
    made.response.head = "HTTP/1.1 200 OK\r\n";
    made.response.body.assign(n % 5 == 0 ? 3000 : n % 50, 'x');
    if (n % 3 == 0) made.findings.push_back({.kind = event::FindingKind::BodyGap});
    return made;
  }

  Folder folder;
  TestCertificates certificates;
  unsigned number = 0;
  spool::Spool spool;
  server::Server::Impl server;
};

// What one subscriber was sent, and what it may be sent.
class Transcript {
 public:
  explicit Transcript(std::string identity) : identity_(std::move(identity)) {}

  void take(ByteView bytes, const server::Session& session) {
    while (!bytes.empty()) {
      const auto room = reader_.room();
      const std::size_t size = std::min(room.size(), bytes.size());
      std::copy_n(bytes.begin(), size, room.begin());
      reader_.committed(size);
      bytes.remove_prefix(size);
      ByteView payload;
      wire::FrameReader::Next next = reader_.next(payload);
      for (; next == wire::FrameReader::Next::Whole; next = reader_.next(payload)) on_frame(payload, session);
      require(next == wire::FrameReader::Next::More, "the sensor keeps the limits of frames");
    }
  }
  void acknowledge(wire::Position position) {
    acknowledged_ = std::max(acknowledged_, position);
    while (!ahead_.empty() && ahead_.front().to <= acknowledged_) ahead_.pop_front();
  }
  // Its grant was changed: what was chosen before may still come.
  void regranted() { regranted_ = true; }
  wire::Position told() const { return told_; }

 private:
  struct Sent {
    wire::Position to;
    std::uint64_t events;
    std::uint64_t bytes;
  };

  void on_frame(ByteView payload, const server::Session& session) {
    wire::Frame frame;
    std::string problem;
    require(wire::decode_frame(payload, frame, problem), "the sensor's frames can be read");
    require(!ended_, "nothing comes behind the end");
    if (const auto* welcome = std::get_if<wire::Welcome>(&frame)) {
      require(!welcome_, "one Welcome");
      welcome_ = *welcome;
      told_ = acknowledged_ = welcome->start_position - 1;
      selection_ =
          session.admission()->then != nullptr ? session.admission()->then : session.admission()->selection;
    } else if (std::holds_alternative<wire::Error>(frame) || std::holds_alternative<wire::Goodbye>(frame)) {
      ended_ = true;
    } else {
      require(welcome_.has_value(), "the Welcome is the first");
      on_stream(frame);
    }
  }
  void on_stream(const wire::Frame& frame) {
    if (const auto* batch = std::get_if<wire::Batch>(&frame)) {
      on_batch(*batch);
    } else if (const auto* gap = std::get_if<wire::Gap>(&frame)) {
      require(gap->to > told_, "a gap moves on");
      told_ = gap->to;
      send({.to = told_, .events = 1, .bytes = 0}, 1);  // it may come with the batch before it
    } else if (const auto* skip = std::get_if<wire::Skip>(&frame)) {
      require(skip->to > told_, "a skip moves on");
      told_ = skip->to;
    } else {
      require(std::holds_alternative<wire::Heartbeat>(frame), "a sensor's frame");
    }
  }
  void on_batch(const wire::Batch& batch) {
    std::string problem;
    require(batches_.read(batch, entries_, problem), "the sensor's batches can be read");
    Sent sent{0, 0, 0};
    for (const wire::Entry& entry : entries_) {
      require(entry.position > told_, "positions grow");
      told_ = sent.to = entry.position;
      ++sent.events;
      sent.bytes += entry.event.size();
      on_event(entry.event);
    }
    send(sent, 0);
  }
  void on_event(ByteView bytes) {
    wire::EventView view;
    std::string problem;
    if (!wire::view_event(bytes, view, problem)) {
      require(selection_->is_everything() || regranted_, "what is no event is for those who have everything");
      return;
    }
    require(regranted_ || server::passes(*selection_, view), "what the filter and the grant let through");
    require(welcome_->permissions.bodies || (view.request.body.empty() && view.response.body.empty()),
            "no bodies");
    const bool covered = identity_ == "some.test";
    require(!covered || bytes.find(kSecret) == ByteView::npos, "masked fields are covered");
  }
  // What exceeds the window comes alone, or behind so many others.
  void send(const Sent& sent, std::size_t others) {
    std::uint64_t events = sent.events;
    std::uint64_t bytes = sent.bytes;
    for (const Sent& before : ahead_) {
      events += before.events;
      bytes += before.bytes;
    }
    require(ahead_.size() <= others || (events <= welcome_->window.events && bytes <= welcome_->window.bytes),
            "the window");
    if (sent.to > acknowledged_) ahead_.push_back(sent);
  }

  const std::string identity_;
  wire::FrameReader reader_;
  wire::BatchReader batches_;
  std::vector<wire::Entry> entries_;
  std::optional<wire::Welcome> welcome_;
  std::shared_ptr<const server::Selection> selection_;
  wire::Position told_ = 0;
  wire::Position acknowledged_ = 0;
  std::deque<Sent> ahead_;
  bool regranted_ = false;
  bool ended_ = false;
};

wire::Subscribe subscription(Input& input, wire::Position newest) {
  wire::Subscribe made;
  const unsigned wishes = input.u8();
  made.protocol_version = input.u8() % 3;
  made.durable_name = std::array{"", "a", "b", "c d"}[wishes % 4];
  made.client_name = std::string(input.bytes(wishes % 16));
  made.bodies = (wishes & 4) != 0;
  if ((wishes & 8) != 0) made.compressions = {wire::Compression::Zstd};
  if ((wishes & 16) != 0) made.window = {input.u16(), input.u8()};
  if ((wishes & 32) != 0) made.resume = {{}, wire::Position{1} + input.u16()};
  made.start.at = static_cast<wire::Start::At>(input.u8() % 4);
  made.start.position = newest + 1 - std::min<wire::Position>(newest, input.u16() % 600);
  made.start.time = Timestamp(std::chrono::seconds(input.u16()));
  if ((wishes & 64) == 0) return made;
  const unsigned filters = input.u8();
  if ((filters & 1) != 0) made.filter.hosts = {std::string(input.bytes(filters >> 4)), "*.a.test"};
  if ((filters & 2) != 0) made.filter.methods = {"GET"};
  if ((filters & 4) != 0) made.filter.statuses = {{input.u8(), 404}};
  if ((filters & 8) != 0) made.filter.paths = {std::string(input.bytes(filters >> 5)), "/p1*"};
  if ((filters & 16) != 0)
    made.filter.clients = {{*parse_address("192.0.2.0"), static_cast<std::uint8_t>(24 + input.u8() % 9)}};
  made.filter.alerts = (filters & 32) != 0;
  return made;
}

// One of the connections, and whoever is at its other end.
class Peer {
 public:
  Peer(World& world, const char* identity) : world_(world), transcript_(identity) {
    line_->identity.dns = {identity};
    session_ = world.server.take_in(std::make_unique<FakeChannel>(line_));
  }
  ~Peer() {
    session_->close("the run is over");
    line_->settle();
    const std::weak_ptr<server::Session> left = session_;
    session_.reset();
    require(left.expired(), "nothing holds a session that ended");
  }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  void act(Input& input, unsigned what) {
    switch (what) {
      case 0:
        return line_->shake_hands(input.u8() == 255 ? asio::error::access_denied : std::error_code());
      case 1: {
        const wire::Subscribe wanted = subscription(input, world_.spool.appended());
        return say(wanted, input.u8());
      }
      case 2:
        return acknowledge(transcript_.told() + 128 - input.u8());
      case 3:
        line_->say(Exact(input.bytes(input.u8())).view());
        return;
      case 4:
        return say_raw(input.bytes(input.u8()));
      case 5:
        return line_->take();
      case 6:
        line_->turn();
        return;
      case 7:
        return read_on();
      case 8:
        return session_->tick(server::Session::Clock::now() + std::chrono::seconds(input.u8()));
      case 9:
        return input.u8() % 2 == 0 ? line_->hang_up() : line_->break_writing();
      case 10:
        return say_small(input.u8());
      case 11:
        return end(input.u8());
      case 12:
        return regrant(input.u8());
      case 13:
        return session_->hurry();
      default:
        return session_->wake();
    }
  }
  void check() {
    transcript_.take(line_->taken, *session_);
    line_->taken.clear();
    require(line_->own_bytes() <= 4096, "small frames do not pile up");
  }
  server::Session& session() { return *session_; }

 private:
  void say(const wire::Frame& frame, std::size_t piece) {
    std::string bytes;
    wire::encode_frame(frame, bytes);
    line_->say(bytes, piece == 0 ? bytes.size() : piece);
  }
  void say_raw(ByteView payload) {
    std::string bytes{0, 0, 0, static_cast<char>(payload.size())};
    bytes += payload;
    line_->say(bytes);
  }
  void acknowledge(wire::Position position) {
    check();
    // Before it counts: what is sent in answer was allowed by it. One that is refused ends the session.
    transcript_.acknowledge(position);
    say(wire::Ack{position}, 0);
  }
  // As a good subscriber does it.
  void read_on() {
    for (int i = 0; i < 32 && !line_->closed; ++i) {
      line_->turn();
      line_->take();
      check();
      if (i % 4 == 3 && session_->subscribed()) acknowledge(transcript_.told());
    }
  }
  void say_small(unsigned kind) {
    const std::array<wire::Frame, 7> frames{wire::Heartbeat{},   wire::Goodbye{}, wire::Error{},
                                            wire::Skip{5},       wire::Welcome{}, wire::Gap{1, 2, 0, {}},
                                            wire::UnknownFrame{}};
    say(frames[kind % frames.size()], kind / frames.size());
  }
  void end(unsigned how) {
    if (how % 3 == 0) session_->leave({wire::GoodbyeCode::Shutdown, "the sensor stops", 0});
    if (how % 3 == 1) session_->refuse({wire::ErrorCode::Internal, "a fault", 0});
    if (how % 3 == 2) session_->close("closed");
  }
  void regrant(unsigned how) {
    if (!session_->subscribed() || session_->ending()) return;
    server::Selection narrower = *session_->admission()->selection;
    narrower.hosts = {how % 2 == 0 ? "www.a.test" : "nothing.test"};
    const server::Grant grant = session_->admission()->grant;
    session_->regrant(grant, std::make_shared<const server::Selection>(std::move(narrower)));
    transcript_.regranted();
  }

  World& world_;
  Transcript transcript_;
  const std::shared_ptr<FakeLine> line_ = std::make_shared<FakeLine>();
  std::shared_ptr<server::Session> session_;
};

void run(World& world, Input& input) {
  std::array<std::optional<Peer>, 2> peers;
  const unsigned who = input.u8();
  peers[0].emplace(world, kIdentities[who % 4]);
  peers[1].emplace(world, kIdentities[who / 4 % 4]);
  for (int steps = 0; steps < 200 && !input.empty(); ++steps) {
    const unsigned choice = input.u8();
    std::optional<Peer>& peer = peers[choice & 1];
    const unsigned what = choice >> 1 & 15;
    if (what == 15 && choice >= 128) {
      peer.reset();
      peer.emplace(world, kIdentities[choice >> 5 & 3]);
    } else if (what == 14) {
      world.append();
      for (auto& each : peers) each->session().wake();
    } else {
      peer->act(input, what);
    }
    for (auto& each : peers) each->check();
  }
}

}  // namespace
}  // namespace webtap::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static webtap::fuzz::World world;
  webtap::fuzz::Input input(data, size);
  webtap::fuzz::run(world, input);
  const auto cursors = world.spool.cursors();
  for (const auto& cursor : cursors) world.spool.remove_cursor(cursor.first);
  return 0;
}
