#include "test_support.hpp"
#include "workflows/report/sample_result.hpp"

#include <foldstream/workflows/report/report.hpp>

#include <cctype>

namespace foldstream::workflows::report {
namespace {

using testing::HasSubstr;
using testing::Not;

/// What is wrong with the nesting of the tags of `page`; empty if every tag is closed in order.
std::string nesting_error(const std::string& page) {
  std::vector<std::string> open;
  for (std::size_t at = page.find('<'); at != std::string::npos; at = page.find('<', at + 1)) {
    const std::size_t end = page.find('>', at);
    if (end == std::string::npos) return "a tag without end";
    const std::string tag = page.substr(at + 1, end - at - 1);
    const std::string name = tag.substr(0, tag.find_first_of(" \n/", 1));
    if (tag.find('<') != std::string::npos) return "'<' inside <" + tag;
    if (tag[0] == '!' || tag.back() == '/') continue;
    if (tag[0] != '/') {
      open.push_back(name);
    } else if (open.empty() || name.substr(1) != open.back()) {
      return name + " closes " + (open.empty() ? "nothing" : open.back());
    } else {
      open.pop_back();
    }
  }
  return open.empty() ? "" : open.back() + " stays open";
}

Report sample_report(const std::string& name = "demo") {
  const TargetResult result = test::sample_result(name);
  const Manifest manifest{name, {{"a b.pdb", 1, {}}, {"demo_scores.json", 1, {}}}};
  Report report;
  report.facts = {{"seed", "1"}};
  report.targets.push_back(report_target(result, manifest, "targets/demo"));
  report.targets[0].times = {{"search", 2.5}, {"predict", 61}};
  return report;
}

TEST(Report, IsWellFormedAndSelfContained) {
  const std::string page = format_report(sample_report());

  EXPECT_EQ(nesting_error(page), "");
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_THAT(page, Not(HasSubstr("http://")));
  EXPECT_THAT(page, Not(HasSubstr("https://")));
  EXPECT_THAT(page, Not(HasSubstr("url(")));
}

TEST(Report, ShowsNumbersPicturesAndFilesOfATarget) {
  const std::string page = format_report(sample_report());

  EXPECT_THAT(page, HasSubstr("<td class=\"n\">17 to 2</td>"));
  EXPECT_THAT(page, HasSubstr("Neff <b>1.5</b>"));
  EXPECT_THAT(page, HasSubstr("1 min 04 s"));
  EXPECT_THAT(page, HasSubstr("href=\"targets/demo/a%20b.pdb\">a b.pdb</a>"));
  for (const char* picture : {"Trace of model 1", "Contact map", "Estimated pLDDT", "each column"})
    EXPECT_THAT(page, HasSubstr(picture));
}

TEST(Report, EscapesWhateverItIsGiven) {
  const std::string evil = "<script>alert(\"1\")</script>&'\x01\xff";
  Report report = sample_report(evil);
  report.title = report.targets[0].outcome = report.targets[0].message = evil;
  report.facts = {{evil, evil}};
  report.targets[0].warnings = {evil};
  report.targets[0].times[0].stage = evil;
  report.targets[0].files = {"javascript:alert(1)", evil};

  const std::string page = format_report(report);

  EXPECT_EQ(nesting_error(page), "");
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_THAT(page, Not(HasSubstr("href=\"javascript:")));
  EXPECT_THAT(page,
              HasSubstr("&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;\uFFFD\uFFFD"));
}

TEST(Report, ShowsFailedTargetsWithTheirReason) {
  Report report;
  ReportTarget& target = report.targets.emplace_back();
  target.name = "bad";
  target.outcome = "failed";
  target.message = "x.fasta:1:2: no";

  const std::string page = format_report(report);

  EXPECT_EQ(nesting_error(page), "");
  EXPECT_THAT(page, HasSubstr("<span class=\"badge bad\">failed</span>"));
  EXPECT_THAT(page, HasSubstr("<span class=\"why\">x.fasta:1:2: no</span>"));
  EXPECT_THAT(page, Not(HasSubstr("<section")));
}

TEST(Report, DrawsNoMoreTargetsThanAsked) {
  Report report = sample_report();
  report.targets.push_back(report.targets[0]);
  report.detailed = 1;

  const std::string page = format_report(report);

  EXPECT_THAT(page, HasSubstr("id=\"target-1\""));
  EXPECT_THAT(page, Not(HasSubstr("target-2")));
  EXPECT_THAT(page, HasSubstr("Pictures of the first 1 targets only."));
}

TEST(Report, OfNothingIsStillAPage) { EXPECT_EQ(nesting_error(format_report({})), ""); }

TEST(Report, IsTheSameEveryTime) {
  EXPECT_EQ(format_report(sample_report()), format_report(sample_report()));
}

TEST(Report, WritesOddStructuresWithoutFailing) {
  Report report = sample_report();
  auto& target = report.targets[0];
  target.model.chains[0].residues[2].atoms.clear();
  target.model.chains[0].residues[4].atoms[0].position.x = std::nan("");
  target.plddt = {std::nan(""), -5, 400};
  target.column_depth = {0, 0};

  const std::string page = format_report(report);

  EXPECT_EQ(nesting_error(page), "");
  EXPECT_THAT(page, Not(HasSubstr("nan")));
  EXPECT_THAT(page, Not(HasSubstr("–")));
}

TEST(Report, IsWrittenToAFile) {
  const test::TemporaryFolder folder;

  write_report(folder.path() / "report.html", sample_report());

  EXPECT_EQ(test::read_text(folder.path() / "report.html"), format_report(sample_report()));
}

}  // namespace
}  // namespace foldstream::workflows::report
