// NodeMesh, on a clock and a network of pretence.
#include "node_mesh.hpp"
#include "test_support.hpp"

#include <functional>
#include <set>

namespace foldstream::test {
namespace {

/// One mesh for each node; heartbeats arrive at once where `reaches` says so.
class Network {
 public:
  explicit Network(std::vector<int> ranks) : alive_(ranks.size(), ranks) {
    for (int node = 0; node < size(); ++node) {
      meshes_.emplace_back(size(), node);
      meshes_.back().restart(0);
    }
  }

  /// Beats four times a second.
  void run(double seconds) {
    for (const double end = now_ + seconds; now_ < end; now_ += 0.25)
      for (int node = 0; node < size(); ++node)
        if ((!reaches || reaches(node, node)) && !is_cut_off(node)) beat(node);
  }
  int size() const { return static_cast<int>(alive_.size()); }
  int heartbeats() const { return heartbeats_; }
  bool is_cut_off(int node) const { return cut_off_.contains(node); }
  /// Nodes that `node` takes for lost.
  std::vector<int> lost(int node) const {
    std::vector<int> lost;
    for (int other = 0; other < size(); ++other)
      if (of(node)[static_cast<std::size_t>(other)] == 0) lost.push_back(other);
    return lost;
  }

  std::function<bool(int from, int to)> reaches;

 private:
  using Alive = std::vector<int>;

  void beat(int node) {
    NodeMesh& mesh = meshes_[static_cast<std::size_t>(node)];
    mesh.update(of(node), now_);
    for (const int target : mesh.targets(of(node))) {
      ++heartbeats_;
      if (reaches && (!reaches(node, target) || !reaches(target, target))) continue;
      meshes_[static_cast<std::size_t>(target)].heard(node, now_);
      for (const int lost : lost(node)) of(target)[static_cast<std::size_t>(lost)] = 0;
    }
    for (const int lost : mesh.lost(of(node), now_)) of(node)[static_cast<std::size_t>(lost)] = 0;
    if (mesh.is_cut_off(of(node), now_)) cut_off_.insert(node);
  }
  const Alive& of(int node) const { return alive_[static_cast<std::size_t>(node)]; }
  Alive& of(int node) { return alive_[static_cast<std::size_t>(node)]; }

  using NodeMesh = mpi::NodeMesh;
  double now_ = 0;
  int heartbeats_ = 0;
  std::vector<NodeMesh> meshes_;
  std::vector<Alive> alive_;
  std::set<int> cut_off_;
};

TEST(NodeMesh, NeedsFewHeartbeatsAndLosesNobody) {
  Network network(std::vector<int>(100, 4));

  network.run(60);

  for (int node = 0; node < 100; ++node) EXPECT_THAT(network.lost(node), testing::IsEmpty());
  EXPECT_LE(network.heartbeats(), 240 * 6 * 100);
}

TEST(NodeMesh, TellsADeadNodeInFiveSeconds) {
  Network network(std::vector<int>(10, 4));
  network.run(10);

  network.reaches = [](int from, int to) { return from != 7 && to != 7; };
  network.run(5);

  for (const int node : {0, 1, 2, 3, 6, 8, 9}) EXPECT_EQ(network.lost(node), std::vector{7});
}

TEST(NodeMesh, TellsInFiveSecondsThatAllHubsDiedAtOnce) {
  Network network(std::vector<int>(10, 4));
  network.run(10);

  network.reaches = [](int from, int to) { return from > 2 && to > 2; };
  network.run(5);

  for (int node = 3; node < 10; ++node)
    EXPECT_EQ(network.lost(node), (std::vector{0, 1, 2})) << node;
}

TEST(NodeMesh, OneSideOfABrokenNetworkGoesOn) {
  Network network(std::vector<int>(10, 4));
  network.run(10);

  network.reaches = [](int from, int to) { return (from < 4) == (to < 4); };
  network.run(10);

  for (int node = 0; node < 4; ++node) EXPECT_TRUE(network.is_cut_off(node)) << node;
  for (int node = 4; node < 10; ++node) {
    EXPECT_FALSE(network.is_cut_off(node)) << node;
    EXPECT_EQ(network.lost(node), (std::vector{0, 1, 2, 3})) << node;
  }
}

TEST(NodeMesh, OfTwoEqualSidesThatWithTheFirstRankGoesOn) {
  Network network({2, 2});
  network.run(10);

  network.reaches = [](int from, int to) { return from == to; };
  network.run(5);

  EXPECT_EQ(network.lost(0), std::vector{1});
  EXPECT_TRUE(network.is_cut_off(1));
  EXPECT_THAT(network.lost(1), testing::IsEmpty());
}

TEST(NodeMesh, ANodeWithoutItsCableKnowsThatItIsCutOff) {
  Network network(std::vector<int>(10, 4));
  network.run(10);

  network.reaches = [](int from, int to) { return (from == 9) == (to == 9); };
  network.run(5);

  EXPECT_TRUE(network.is_cut_off(9));
  EXPECT_EQ(network.lost(0), std::vector{9});
  EXPECT_EQ(network.lost(8), std::vector{9});
}

TEST(NodeMesh, AProcessThatStoodStillBlamesNobody) {
  const std::vector<int> alive = {1, 1, 1};
  mpi::NodeMesh mesh(3, 0);
  mesh.restart(0);
  mesh.update(alive, 0);

  mesh.forgive(60);
  mesh.update(alive, 60);

  EXPECT_THAT(mesh.lost(alive, 60), testing::IsEmpty());
  EXPECT_FALSE(mesh.is_cut_off(alive, 60));
}

}  // namespace
}  // namespace foldstream::test
