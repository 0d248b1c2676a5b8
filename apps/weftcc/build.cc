#include "build.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "explain.h"
#include "process.h"
#include "wasm_file.h"

namespace weft::cc {

namespace {

using Action = CommandLine::Action;
using Memory = Toolchain::Memory;

// In each object: what its compilation said about fusing multiplications and additions. WebAssembly
// itself cannot say it. The linker puts the sections of all objects together, and a program in
// which all agree keeps one that says "fast" (read by src/engine).
constexpr std::string_view contraction_section = "weft.fp_contract";
constexpr std::string_view fast = "fast\n";
constexpr std::string_view off = "off\n";

// Files that are gone when this is.
class Scratch {
 public:
  Scratch() = default;
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() {
    for (const std::string& file : files_) {
      unlink(file.c_str());
    }
  }

  Result<std::string> file(std::string_view suffix) {
    std::error_code failed;
    std::string path = std::filesystem::temp_directory_path(failed).string();
    path += fmt::format("/weftcc-XXXXXX{}", suffix);
    int fd = mkstemps(path.data(), static_cast<int>(suffix.size()));
    if (fd < 0) {
      return io_error(errno, "making a temporary file");
    }
    close(fd);
    files_.push_back(path);
    return path;
  }

 private:
  std::vector<std::string> files_;
};

void append(Words& words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
}

class Build {
 public:
  Build(const Toolchain& toolchain, const CommandLine& line, Executable executable,
        const std::string& weft)
      : toolchain_(toolchain),
        line_(line),
        output_(line.output.empty() ? "a.out" : line.output),
        starts_(executable == Executable::command && !output_.ends_with(".wasm")),
        weft_(weft) {}

  // clang as the user called it, with what guests need around it.
  Result<int> compile() {
    if (line_.has_fortran()) {
      return compile_fortran();
    }
    Words words = toolchain_.compiler(line_);
    append_options(words);
    for (const Word& word : line_.words) {
      // clang warns when it is told about libraries while it does not link; nobody else does
      if (word.kind == Word::Kind::source ||
          (word.kind == Word::Kind::linked && !line_.has_input())) {
        append_source(words, word);
      }
    }
    append(words, toolchain_.compile_end(line_));
    if (!line_.output.empty()) {
      append(words, {"-o", line_.output});
    }
    TRY(exit_code, step(words));
    if (exit_code == 0 && line_.action == Action::compile && line_.assembles) {
      TRY_VOID(mark_objects());
    }
    return exit_code;
  }

  Result<int> link() {
    for (const Word* source : line_.sources()) {
      TRY(object, scratch_.file(".o"));
      TRY(exit_code, compile_to(*source, object));
      if (exit_code != 0) {
        return exit_code;
      }
      objects_.push_back(object);
    }
    if (line_.language == Language::fortran && !line_.relocatable) {
      TRY(flags, fortran_flags());
      fortran_flags_ = flags;
    }
    TRY(exit_code, link_objects());
    if (exit_code == 0 && !line_.relocatable) {
      TRY_VOID(finish());
    }
    return exit_code;
  }

 private:
  // The user's options but those that name the guest's own headers.
  void append_options(Words& words) const {
    for (size_t i = 0; i < line_.words.size(); ++i) {
      const Word& word = line_.words[i];
      if (word.kind != Word::Kind::option) {
        continue;
      }
      bool separate = word.text == "-I" || word.text == "-isystem";
      if (separate && i + 1 < line_.words.size() &&
          toolchain_.is_system_include(line_.words[i + 1].text)) {
        ++i;
      } else if (!word.text.starts_with("-I") ||
                 !toolchain_.is_system_include(word.text.substr(2))) {
        words.push_back(word.text);
      }
    }
  }

  static void append_source(Words& words, const Word& word) {
    if (word.language.empty()) {
      words.push_back(word.text);
    } else {
      append(words, {"-x", word.language, word.text, "-x", "none"});
    }
  }

  // The Fortran compiler takes one source at a time; what -c, -S, -E and so on ask for is among the
  // options.
  Result<int> compile_fortran() {
    if (line_.sources().empty()) {
      Words words = toolchain_.compiler(line_);  // --version and the like
      append_options(words);
      return step(words);
    }
    for (const Word* source : line_.sources()) {
      Words words =
          source->is_fortran() ? toolchain_.fortran_compiler(line_) : toolchain_.compiler(line_);
      append_options(words);
      if (source->is_fortran()) {
        words.push_back(source->text);
      } else {
        append_source(words, *source);
        append(words, toolchain_.compile_end(line_));
      }
      if (!line_.output.empty()) {
        append(words, {"-o", line_.output});
      }
      TRY(exit_code, step(words));
      if (exit_code != 0) {
        return exit_code;
      }
    }
    if (line_.action == Action::compile && line_.assembles) {
      TRY_VOID(mark_objects());
    }
    return 0;
  }

  Words with_colours(Words words) const {
    if (!line_.colour_given && isatty(STDERR_FILENO) != 0) {
      words.emplace_back("-fcolor-diagnostics");
    }
    return words;
  }

  // Runs clang; what it could not say itself is explained.
  Result<int> step(const Words& words) const {
    bool clang_runs = words.front().starts_with("clang");
    TRY(finished, run(clang_runs ? with_colours(words) : words, Streams::pass_on));
    if (finished.exit_code != 0) {
      explain_errors(finished);
    }
    return finished.exit_code;
  }

  void explain_errors(const Finished& finished) const {
    fputs(explain(finished.errors, toolchain_.unsupported_functions()).c_str(), stderr);
  }

  Result<int> compile_to(const Word& source, const std::string& object) {
    Words words;
    if (source.is_fortran()) {
      words = toolchain_.fortran_compiler(line_);
      append_options(words);
      words.push_back(source.text);
    } else {
      words = toolchain_.compiler(line_);
      words.emplace_back("-Qunused-arguments");
      append_options(words);
      append_source(words, source);
      append(words, toolchain_.compile_end(line_));
    }
    append(words, {"-c", "-o", object});
    TRY(exit_code, step(words));
    if (exit_code == 0) {
      TRY_VOID(mark(object));
    }
    return exit_code;
  }

  // What the Fortran run-time library needs of the linker, a word a line.
  Result<Words> fortran_flags() const {
    TRY(finished, run(toolchain_.fortran_flags_command(), Streams::hold));
    fwrite(finished.errors.data(), 1, finished.errors.size(), stderr);
    if (finished.exit_code != 0) {
      return error(Error::Kind::not_found, "Fortran's run-time library cannot be had, see above");
    }
    Words words;
    for (size_t begin = 0; begin < finished.output.size();) {
      size_t end = std::min(finished.output.find('\n', begin), finished.output.size());
      words.push_back(finished.output.substr(begin, end - begin));
      begin = end + 1;
    }
    return words;
  }

  // A program gets a shared memory when something in it refers to pthread_create. Only the linker
  // knows, so it is asked to say; when the guess was wrong it links once more.
  Result<int> link_objects() const {
    Memory memory = line_.threads ? Memory::shared : Memory::own;
    TRY(finished, run(with_colours(link_words(memory)), Streams::hold));
    bool creates = finished.output.find("reference to pthread_create\n") != std::string::npos;
    Memory needed = creates ? Memory::shared : Memory::own;
    if (needed != memory && !line_.relocatable && (creates || finished.exit_code == 0)) {
      TRY(again, run(with_colours(link_words(needed)), Streams::hold));
      finished = std::move(again);
    }
    print_rest(finished.output);
    fwrite(finished.errors.data(), 1, finished.errors.size(), stderr);
    // a program that links may yet be wrong
    explain_errors(finished);
    return finished.exit_code;
  }

  Words link_words(Memory memory) const {
    Words words;
    if (line_.relocatable) {
      words = {std::string(clang), "--target=wasm32-wasip1", "-nostdlib", "-Qunused-arguments"};
    } else {
      words = toolchain_.linker(line_, memory);
      append(words, {"-Xlinker", "--trace-symbol=pthread_create"});
      // main may lie in a library, as GoogleTest's does; the C library asks for it only weakly
      if (!line_.reactor) {
        append(words, {"-Xlinker", "--undefined=__main_argc_argv"});
      }
    }
    auto object = objects_.begin();
    for (const Word& word : line_.words) {
      words.push_back(word.kind == Word::Kind::source ? *object++ : word.text);
    }
    append(words, fortran_flags_);
    if (!line_.relocatable) {
      if (starts_ && !line_.no_default_libraries) {
        words.push_back(toolchain_.start_directory_object());
      }
      append(words, toolchain_.link_end(line_));
    }
    append(words, {"-o", output_});
    return words;
  }

  // What the linker was asked for by us is not the user's business; the rest of its output is.
  static void print_rest(const std::string& trace) {
    for (size_t begin = 0; begin < trace.size();) {
      size_t end = std::min(trace.find('\n', begin), trace.size() - 1) + 1;
      std::string_view text = std::string_view(trace).substr(begin, end - begin);
      if (!text.ends_with(" pthread_create\n")) {
        fwrite(text.data(), 1, text.size(), stdout);
      }
      begin = end;
    }
  }

  Result<void> mark_objects() const {
    if (!line_.output.empty()) {
      return mark(line_.output);
    }
    for (const Word* source : line_.sources()) {
      TRY_VOID(mark(std::filesystem::path(source->text).stem().string() + ".o"));
    }
    return {};
  }

  // Bitcode of -flto, and what is no regular file, stays as it is.
  Result<void> mark(const std::string& object) const {
    struct stat status = {};
    if (stat(object.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) {
      return {};
    }
    TRY(bytes, read_file(object));
    if (!is_wasm(bytes)) {
      return {};
    }
    append_custom_section(bytes, contraction_section, line_.fp_contract_fast ? fast : off);
    return write_file(object, bytes);
  }

  Result<void> finish() const {
    struct stat status = {};
    if (stat(output_.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) {
      return {};
    }
    TRY(module, read_file(output_));
    if (!is_wasm(module)) {
      return {};
    }
    TRY(said, take_custom_sections(module, contraction_section));
    if (!said.empty() && said.find(off) == std::string::npos) {
      append_custom_section(module, contraction_section, "fast");
    }
    if (starts_) {
      std::string line = fmt::format("#!{} exec\n", weft_);
      module.insert(module.begin(), line.begin(), line.end());
    }
    return write_file(output_, module);
  }

  const Toolchain& toolchain_;
  const CommandLine& line_;
  Scratch scratch_;
  std::vector<std::string> objects_;  // of the sources, in their order
  Words fortran_flags_;
  std::string output_;
  bool starts_;  // the program is to be a file that starts under weft
  const std::string& weft_;
};

void print_notes(const CommandLine& line) {
  for (const std::string& note : line.notes) {
    fmt::print(stderr, "weftcc: note: {}\n", note);
  }
}

}  // namespace

Result<int> build(const Toolchain& toolchain, const CommandLine& line, Executable executable,
                  const std::string& weft) {
  if (line.verbose) {
    print_notes(line);
  }
  Build build(toolchain, line, executable, weft);
  bool links = line.action == Action::link && line.has_input();
  return links ? build.link() : build.compile();
}

}  // namespace weft::cc
