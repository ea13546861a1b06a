// Exchange: carries the messages of endpoints, tells them whom it lost, and ends in order.
#include "exchange.hpp"
#include "loopback_transport.hpp"
#include "test_support.hpp"

#include <functional>

namespace foldstream::test {
namespace {

using namespace std::chrono_literals;

/// What happened to an endpoint, for tests to wait for.
class Probe final : public mpi::Endpoint {
 public:
  void on_message(const mpi::Envelope& envelope) override {
    note("message " + std::to_string(envelope.message.payload.size()));
  }
  std::vector<mpi::Envelope> poll() override {
    const std::scoped_lock lock(mutex_);
    return std::exchange(outbox_, {});
  }
  bool is_done() override {
    const std::scoped_lock lock(mutex_);
    return is_done_;
  }
  void give_up(const std::string& why) override {
    note("gave up: " + why);
    finish();
  }
  void on_lost(int rank) override { note("lost " + std::to_string(rank)); }

  void post(int peer, std::size_t bytes) {
    const std::scoped_lock lock(mutex_);
    outbox_.push_back({peer, {mpi::MessageKind::event, 0, std::vector<std::byte>(bytes)}});
  }
  void finish() {
    const std::scoped_lock lock(mutex_);
    is_done_ = true;
  }
  /// What was noted first and not taken yet; waits for it.
  std::string next() {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, 20s, [this] { return !notes_.empty(); })) return "nothing in 20 s";
    std::string first = std::move(notes_.front());
    notes_.pop_front();
    return first;
  }

 private:
  void note(std::string text) {
    const std::scoped_lock lock(mutex_);
    notes_.push_back(std::move(text));
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> notes_;
  std::vector<mpi::Envelope> outbox_;
  bool is_done_ = false;
};

/// What a Liveness is told to say.
struct Says {
  std::mutex mutex;
  std::vector<int> lost;
  std::string fenced;
  bool has_left = false;
};

class ScriptedLiveness final : public mpi::Liveness {
 public:
  explicit ScriptedLiveness(std::shared_ptr<Says> says) : says_(std::move(says)) {}

  std::vector<int> take_lost() override {
    const std::scoped_lock lock(says_->mutex);
    return std::exchange(says_->lost, {});
  }
  void leave() override {
    const std::scoped_lock lock(says_->mutex);
    says_->has_left = true;
  }
  std::string fenced() override {
    const std::scoped_lock lock(says_->mutex);
    return says_->fenced;
  }

 private:
  std::shared_ptr<Says> says_;
};

/// An exchange on each of two pretend ranks; that of rank 0 has a liveness.
struct Pair {
  std::shared_ptr<Says> says = std::make_shared<Says>();
  std::shared_ptr<mpi::Mailboxes> boxes = std::make_shared<mpi::Mailboxes>(2);
  std::shared_ptr<Probe> probe = std::make_shared<Probe>();
  std::shared_ptr<Probe> other_probe = std::make_shared<Probe>();
  std::optional<mpi::Exchange> exchange;
  std::optional<mpi::Exchange> other;

  Pair() {
    exchange.emplace(std::make_unique<mpi::LoopbackTransport>(boxes, 0),
                     std::make_unique<ScriptedLiveness>(says));
    other.emplace(std::make_unique<mpi::LoopbackTransport>(boxes, 1));
    exchange->add(probe);
    other->add(other_probe);
  }
  ~Pair() {
    probe->finish();
    other_probe->finish();
  }
  void lose(int rank) {
    const std::scoped_lock lock(says->mutex);
    says->lost.push_back(rank);
  }
};

TEST(Exchange, CarriesMessagesWhenItIsWoken) {
  Pair pair;

  pair.probe->post(1, 12);
  pair.exchange->wake();

  EXPECT_EQ(pair.other_probe->next(), "message 12");
}

TEST(Exchange, TellsWhomItLostAndSendsThemNothing) {
  Pair pair;

  pair.lose(1);
  EXPECT_EQ(pair.probe->next(), "lost 1");
  pair.probe->post(1, 12);
  pair.probe->post(0, 5);
  pair.exchange->wake();

  EXPECT_EQ(pair.probe->next(), "message 5");
  EXPECT_FALSE(pair.boxes->take(1));
}

TEST(Exchange, HearsNothingFromThoseItLost) {
  Pair pair;
  pair.lose(1);
  EXPECT_EQ(pair.probe->next(), "lost 1");

  pair.boxes->put(0, {1, {mpi::MessageKind::event, 0, std::vector<std::byte>(3)}});
  pair.boxes->put(0, {0, {mpi::MessageKind::event, 0, std::vector<std::byte>(4)}});

  EXPECT_EQ(pair.probe->next(), "message 4");
}

TEST(Exchange, TellsALaterEndpointWhoWasLostBefore) {
  Pair pair;
  pair.lose(1);
  EXPECT_EQ(pair.probe->next(), "lost 1");

  const auto later = std::make_shared<Probe>();
  pair.exchange->add(later);

  EXPECT_EQ(later->next(), "lost 1");
  later->finish();
}

TEST(Exchange, GivesUpWhenOthersGoOnWithoutIt) {
  Pair pair;
  {
    const std::scoped_lock lock(pair.says->mutex);
    pair.says->fenced = "the others think that rank 0 is lost";
  }

  EXPECT_EQ(pair.probe->next(), "gave up: the others think that rank 0 is lost");
}

TEST(Exchange, LeavesInOrder) {
  const auto says = Pair().says;

  EXPECT_TRUE(says->has_left);
}

TEST(Exchange, GivesUpWhenTheTransportBreaks) {
  Pair pair;
  pair.probe->post(7, 1);
  pair.exchange->wake();

  EXPECT_EQ(pair.probe->next(), "gave up: rank 0 cannot send to rank 7: there are 2 ranks.");
}

}  // namespace
}  // namespace foldstream::test
