// The store contract: what every foldstream::Store must do. A test program includes this file and
// says INSTANTIATE_TEST_SUITE_P(Memory, StoreContract, testing::Values(case)).
#pragma once

#include "test_support.hpp"

#include <foldstream/store.hpp>

#include <functional>
#include <memory>
#include <thread>

namespace foldstream::test {

/// One make of store.
struct StoreCase {
  std::string name;
  std::function<std::shared_ptr<Store>()> make;  ///< a new, empty one

  friend void PrintTo(const StoreCase& made, std::ostream* out) { *out << made.name; }
};

class StoreContract : public testing::TestWithParam<StoreCase> {
 protected:
  const std::shared_ptr<Store> store = GetParam().make();
};

inline StoredTask stored_task(double value, const std::string& task = "predict") {
  StoredTask stored{"P1", task, 1.5, {}, "predict 2\nseed=7\nmsa=aa.msa"};
  stored.outputs["model"] = {
      {"xyz", {Tensor::of(std::vector<double>{value, 2, 3}), "angstrom", {"axis"}}},
      {"name", text_field("model of P1")}};
  stored.outputs["empty"] = {};
  return stored;
}

TEST_P(StoreContract, GivesBackWhatWasSaved) {
  store->save(key_of("a"), stored_task(1));

  EXPECT_TRUE(store->is_writable());
  EXPECT_TRUE(store->contains(key_of("a")));
  EXPECT_EQ(store->load(key_of("a")), stored_task(1));
}

TEST_P(StoreContract, KnowsNothingOfOtherKeys) {
  store->save(key_of("a"), stored_task(1));

  EXPECT_FALSE(store->contains(key_of("b")));
  EXPECT_EQ(store->load(key_of("b")), std::nullopt);
}

TEST_P(StoreContract, SavingAgainReplaces) {
  store->save(key_of("a"), stored_task(1));
  store->save(key_of("a"), stored_task(2));

  EXPECT_EQ(store->load(key_of("a")), stored_task(2));
}

TEST_P(StoreContract, KeepsWhatAKeyIsMadeOf) {
  StoredTask odd = stored_task(1);
  odd.fields = "stage 1\npath=/a b/ä\nüml=\xff\x01";

  store->save(key_of("a"), odd);

  EXPECT_EQ(store->load(key_of("a"))->fields, odd.fields);
}

TEST_P(StoreContract, ManyThreadsMaySaveAndLoad) {
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([this, t] {
      for (int i = 0; i < 10; ++i) {
        const Key key = key_of(std::to_string(t) + "." + std::to_string(i));
        store->save(key, stored_task(i, "task_" + std::to_string(t)));
        EXPECT_EQ(store->load(key), stored_task(i, "task_" + std::to_string(t)));
      }
    });
  threads.clear();

  for (int t = 0; t < 4; ++t) EXPECT_TRUE(store->contains(key_of(std::to_string(t) + ".9")));
}

}  // namespace foldstream::test
