#include "scan.hpp"

#include <algorithm>
#include <mutex>
#include <string>
#include <tuple>

namespace foldstream::workflows::search {
namespace {

bool better(const Candidate& a, const Candidate& b) {
  return std::tie(a.evalue, a.index) < std::tie(b.evalue, b.index);
}

/// Keeps the best candidates of all threads. What is kept does not depend on the order they come
/// in.
class Best {
 public:
  explicit Best(std::size_t limit) : limit_(limit) {}

  void add(const std::vector<Candidate>& candidates) {
    const std::scoped_lock lock(mutex_);
    kept_.insert(kept_.end(), candidates.begin(), candidates.end());
    if (kept_.size() > 2 * limit_ + 4096) cut();
  }
  std::vector<Candidate> sorted() {
    cut();
    std::sort(kept_.begin(), kept_.end(), better);
    return std::move(kept_);
  }

 private:
  void cut() {
    if (kept_.size() <= limit_) return;
    const auto end = kept_.begin() + static_cast<std::ptrdiff_t>(limit_);
    std::nth_element(kept_.begin(), end, kept_.end(), better);
    kept_.erase(end, kept_.end());
  }

  std::size_t limit_;
  std::mutex mutex_;
  std::vector<Candidate> kept_;
};

/// The first sequence that starts at or behind residue `position`.
std::uint64_t first_from(const Database& database, std::uint64_t position) {
  std::uint64_t low = 0, high = database.size();
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    if (database.residues_before(middle) < position) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

std::vector<Candidate> scan_range(const Database& database, const Scorer& scorer, double max_evalue,
                                  std::uint64_t first, std::uint64_t last) {
  std::vector<Candidate> found;
  const double threshold = scorer.statistics.score_at(max_evalue);
  for (std::uint64_t index = first; index < last; ++index) {
    const auto target = database.sequence(index);
    const LocalScore end = scorer.kernel.score(target);
    if (end.score < threshold || end.score <= 0) continue;
    const double score = end.score * scorer.composition.factor(target);
    const double evalue = scorer.statistics.evalue(score);
    if (evalue <= max_evalue) found.push_back({index, end, score, evalue});
  }
  return found;
}

}  // namespace

std::vector<Candidate> scan(const Database& database, const Scorer& scorer, double max_evalue,
                            std::size_t limit, const Context& context) {
  // about 20 ms of work a block, so that cancelling is prompt and threads end together
  const auto length = static_cast<std::uint64_t>(scorer.profile.length);
  const std::uint64_t block =
      std::max({std::uint64_t{4096}, 100'000'000 / length, database.residues() / 1'000'000});
  const int blocks = static_cast<int>((database.residues() + block - 1) / block);
  Best best(limit);
  std::mutex mutex;
  int done = 0;
  parallel_for(context, blocks, [&](int b) {
    const std::uint64_t start = static_cast<std::uint64_t>(b) * block;
    const std::uint64_t first = first_from(database, start);
    best.add(scan_range(database, scorer, max_evalue, first, first_from(database, start + block)));
    const std::scoped_lock lock(mutex);
    context.report(static_cast<double>(++done) / blocks, "scanning the database");
  });
  return best.sorted();
}

}  // namespace foldstream::workflows::search
