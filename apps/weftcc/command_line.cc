#include "command_line.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "options.h"

namespace weft::cc {

namespace {

using Action = CommandLine::Action;
using Kind = Treatment::Kind;

constexpr auto source_suffixes =
    std::to_array<std::string_view>({".c", ".i", ".s", ".S", ".sx", ".ll"});
constexpr auto cxx_suffixes = std::to_array<std::string_view>(
    {".cc", ".cp", ".cxx", ".cpp", ".c++", ".C", ".CPP", ".ii", ".cppm", ".ixx"});
constexpr auto fortran_suffixes = std::to_array<std::string_view>(
    {".f", ".F", ".for", ".FOR", ".ftn", ".fpp", ".f77", ".f90", ".F90", ".f95", ".F95", ".f03",
     ".F03", ".f08", ".F08", ".f18", ".F18"});

bool ends_with_any(std::string_view text, std::span<const std::string_view> suffixes) {
  return std::ranges::any_of(suffixes, [&](std::string_view s) { return text.ends_with(s); });
}

// Goes through the words one by one; what they say together ends up in `line_`.
class Reader {
 public:
  Reader(Language language, std::vector<std::string> words) : words_(std::move(words)) {
    line_.language = language;
  }

  Result<CommandLine> read() {
    while (next_ < words_.size()) {
      const std::string& word = words_[next_++];
      if (word.size() > 1 && word.front() == '-') {
        TRY_VOID(option(word));
      } else {
        input(word);
      }
    }
    return std::move(line_);
  }

 private:
  void keep(std::string_view word, Word::Kind kind = Word::Kind::option) {
    line_.words.push_back({kind, std::string(word)});
  }

  void note(std::string_view what, std::string_view why) {
    if (!why.empty()) {
      line_.notes.push_back(fmt::format("{}: {}", what, why));
    }
  }

  void input(const std::string& word) {
    bool source = word == "-" || !forced_language_.empty() ||
                  ends_with_any(word, source_suffixes) || ends_with_any(word, cxx_suffixes) ||
                  ends_with_any(word, fortran_suffixes);
    line_.words.push_back(
        {source ? Word::Kind::source : Word::Kind::linked, word, forced_language_});
  }

  Result<void> option(const std::string& word) {
    if (word.starts_with("-Wl,")) {
      return linker_words(split(word.substr(4)));
    }
    if (word == "-Xlinker") {
      TRY(value, value_of(word));
      return linker_words({value});
    }
    if (word.starts_with("-l") && word.size() > 2) {
      library(word.substr(2));
      return {};
    }
    meaning(word);
    for (std::string_view macro : macros_of(word)) {
      keep(fmt::format("-D{}=1", macro));
    }
    if (auto treatment = treatment_of(word)) {
      return treat(word, *treatment);
    }
    if (word == "-o" || word == "-x") {
      TRY(value, value_of(word));
      if (word == "-o") {
        line_.output = value;
      } else {
        forced_language_ = value == "none" ? "" : value;
      }
      return {};
    }
    if (word.starts_with("-o") || word.starts_with("-x")) {
      (word[1] == 'o' ? line_.output : forced_language_) = word.substr(2);
      return {};
    }
    bool for_linker = word == "-u" || word == "-z" || word == "-e" || word.starts_with("-L");
    Word::Kind kind = for_linker ? Word::Kind::linked : Word::Kind::option;
    keep(word, kind);
    if (takes_value(word)) {
      TRY(value, value_of(word));
      keep(value, kind);
      if (word == "-z") {
        note_stack_size(value);
      }
    }
    return {};
  }

  Result<void> treat(const std::string& word, const Treatment& treatment) {
    switch (treatment.kind) {
      case Kind::refuse:
        return error(Error::Kind::unsupported, "{}: {}", word, treatment.text);
      case Kind::replace:
        keep(treatment.text);
        break;
      case Kind::drop:
        note(word, treatment.text);
        if (treatment.takes_value && next_ < words_.size()) {
          ++next_;
        }
        break;
    }
    return {};
  }

  // What an option says to this program, whether or not clang gets to see it.
  void meaning(std::string_view word) {
    if (word == "-c" || word == "-S") {
      line_.action = Action::compile;
      line_.assembles = line_.assembles && word == "-c";
    } else if (word == "-E" || word == "-M" || word == "-MM" || word == "-fsyntax-only" ||
               word == "--version" || word == "-###" || word.starts_with("-dump") ||
               word.starts_with("-print-") || word.starts_with("--print-") ||
               word == "--precompile") {
      line_.action = Action::other;
    } else if (word == "-v") {
      line_.verbose = true;
    } else if (word == "--help") {
      line_.help = true;
    } else if (word == "-pthread" || word == "-pthreads" || word == "-mthreads") {
      line_.threads = true;
    } else if (word == "-fopenmp" || word.starts_with("-fopenmp=")) {
      line_.threads = line_.openmp = true;
    } else if (word == "-fno-openmp") {
      line_.openmp = false;
    } else if (word == "-mguest-simd") {
      line_.guest_simd = true;
    } else if (word == "-nostdlib") {
      line_.no_default_libraries = line_.no_start_files = true;
    } else if (word == "-nodefaultlibs") {
      line_.no_default_libraries = true;
    } else if (word == "-nostartfiles") {
      line_.no_start_files = true;
    } else if (word == "-mexec-model=reactor") {
      line_.reactor = true;
    } else if (word == "-r") {
      line_.relocatable = true;
    } else if (word.ends_with("color-diagnostics") || word.starts_with("-fdiagnostics-color")) {
      line_.colour_given = true;
    } else {
      contraction(word);
    }
  }

  // The last of these on the command line counts, as with clang.
  void contraction(std::string_view word) {
    if (word == "-ffp-contract=fast" || word == "-ffast-math" || word == "-Ofast") {
      line_.fp_contract_fast = true;
    } else if (word.starts_with("-ffp-contract=") || word == "-fno-fast-math" ||
               word.starts_with("-ffp-model=")) {
      line_.fp_contract_fast = word == "-ffp-model=fast" || word == "-ffp-model=aggressive";
    }
  }

  Result<std::string> value_of(std::string_view option) {
    if (next_ == words_.size()) {
      return error(Error::Kind::invalid, "{} stands last, but needs a value", option);
    }
    return words_[next_++];
  }

  void library(const std::string& name) {
    if (name == "pthread" || name == "gomp" || name == "omp" || name == "iomp5") {
      line_.threads = true;
    }
    auto treatment = treatment_of_library(name);
    if (treatment && treatment->kind == Kind::drop) {
      note("-l" + name, treatment->text);
      return;
    }
    keep("-l" + (treatment ? std::string(treatment->text) : name), Word::Kind::linked);
    if (treatment && treatment->text.starts_with("c++")) {
      keep("-lc++abi", Word::Kind::linked);
      keep("-lunwind", Word::Kind::linked);
    }
  }

  static std::vector<std::string> split(std::string_view text) {
    std::vector<std::string> parts;
    for (size_t comma = 0; comma != std::string_view::npos;) {
      comma = text.find(',');
      parts.emplace_back(text.substr(0, comma));
      text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
    }
    return parts;
  }

  // Words for the linker. An option and its value may come by two -Wl, or -Xlinker.
  Result<void> linker_words(const std::vector<std::string>& words) {
    for (const std::string& word : words) {
      if (!pending_.empty()) {
        linker_value(word);
      } else if (auto treatment = treatment_of_linker_option(word)) {
        if (treatment->kind == Kind::refuse) {
          return error(Error::Kind::unsupported, "-Wl,{}: {}", word, treatment->text);
        }
        note("-Wl," + word, treatment->text);
        pending_ = treatment->takes_value ? word : "";
        pending_is_dropped_ = true;
      } else if (linker_option_takes_value(word)) {
        pending_ = word;
        pending_is_dropped_ = false;
      } else if (!word.empty()) {
        keep_for_linker({word});
      }
    }
    return {};
  }

  void linker_value(const std::string& value) {
    std::string option = std::exchange(pending_, "");
    if (pending_is_dropped_) {
      return;
    }
    if (option == "-z") {
      if (is_elf_keyword(value)) {
        note("-Wl,-z," + value, "it concerns ELF files");
        return;
      }
      note_stack_size(value);
    }
    keep_for_linker({option, value});
  }

  // -Xlinker rather than -Wl, since a value may hold a comma. In their places: -L and -l among
  // them, and --whole-archive, apply to what follows.
  void keep_for_linker(std::initializer_list<std::string_view> words) {
    for (std::string_view word : words) {
      keep("-Xlinker", Word::Kind::linked);
      keep(word, Word::Kind::linked);
    }
  }

  void note_stack_size(std::string_view keyword) {
    line_.stack_size_given = line_.stack_size_given || keyword.starts_with("stack-size=");
  }

  std::vector<std::string> words_;
  size_t next_ = 0;
  std::string forced_language_;  // by -x
  std::string pending_;          // an option of the linker that still wants its value
  bool pending_is_dropped_ = false;
  CommandLine line_;
};

}  // namespace

bool CommandLine::has_input() const {
  return std::ranges::any_of(words, [](const Word& word) {
    return word.kind == Word::Kind::source ||
           (word.kind == Word::Kind::linked && !word.text.starts_with('-'));
  });
}

bool Word::is_cxx() const {
  return kind == Kind::source &&
         (language.empty() ? ends_with_any(text, cxx_suffixes) : language.starts_with("c++"));
}

bool Word::is_fortran() const {
  return kind == Kind::source &&
         (language.empty() ? ends_with_any(text, fortran_suffixes) : language.starts_with("f"));
}

bool CommandLine::has_fortran() const {
  return language == Language::fortran || std::ranges::any_of(words, &Word::is_fortran);
}

bool CommandLine::has_cxx() const {
  return language == Language::cxx || std::ranges::any_of(words, &Word::is_cxx);
}

std::vector<const Word*> CommandLine::sources() const {
  std::vector<const Word*> found;
  for (const Word& word : words) {
    if (word.kind == Word::Kind::source) {
      found.push_back(&word);
    }
  }
  return found;
}

Result<CommandLine> read_command_line(Language language, std::vector<std::string> arguments) {
  TRY(words, expand_response_files(std::move(arguments)));
  return Reader(language, std::move(words)).read();
}

}  // namespace weft::cc
