#include "options.h"

#include <algorithm>
#include <array>

namespace weft::cc {

namespace {

using Kind = Treatment::Kind;

// What happens to the options that a list of patterns names, separated by spaces. A pattern ending
// in
// * matches every option that begins so.
struct Rule {
  Treatment treatment;
  std::string_view patterns;

  bool matches(std::string_view option) const {
    std::string_view rest = patterns;
    while (!rest.empty()) {
      size_t space = std::min(rest.find(' '), rest.size());
      if (matches_one(rest.substr(0, space), option)) {
        return true;
      }
      rest.remove_prefix(std::min(space + 1, rest.size()));
    }
    return false;
  }

 private:
  static bool matches_one(std::string_view pattern, std::string_view option) {
    if (pattern.ends_with('*')) {
      return option.starts_with(pattern.substr(0, pattern.size() - 1));
    }
    return option == pattern;
  }
};

constexpr Treatment drop(std::string_view why) { return {Kind::drop, why}; }
constexpr Treatment drop_with_value(std::string_view why) { return {Kind::drop, why, true}; }
constexpr Treatment replace(std::string_view by) { return {Kind::replace, by}; }
constexpr Treatment refuse(std::string_view why) { return {Kind::refuse, why}; }
// For an option that a later pattern would match.
constexpr Treatment keep = {Kind::replace, ""};

constexpr std::string_view machine =
    "code is generated for the machine that runs it, when weft loads the program";
constexpr std::string_view position = "WebAssembly code has no position";
constexpr std::string_view one_module = "a program is linked statically, into one module";
constexpr std::string_view hardening =
    "WebAssembly keeps return addresses and code out of the program's reach";
constexpr std::string_view no_plugins =
    "a WebAssembly program is one module and loads no shared libraries; build a static library "
    "(for configure: --disable-shared, for CMake: -DBUILD_SHARED_LIBS=OFF; see docs/toolchain.md)";
constexpr std::string_view profiling =
    "instrumented profiles cannot be written here; profile under weft with perf instead";

constexpr std::string_view wasm_ld = "the linker is wasm-ld";
constexpr std::string_view no_tables = "exceptions need no unwind tables here";
constexpr std::string_view addresses = "guests have 32-bit addresses; sizes are those of wasm32";

constexpr auto options = std::to_array<Rule>({
    {refuse(no_plugins), "-shared -dynamiclib -bundle"},
    {refuse(profiling), "-p -pg"},
    {keep, "-mrelaxed-simd -mno-relaxed-simd -mexec-model=* -mllvm"},
    {drop(""), "-mguest-simd -pthread -pthreads -mthreads"},
    {drop(one_module),
     "-shared-libgcc -static-libgcc -static-libstdc++ -static-libgfortran -static-libasan "
     "-static-openmp -static -static-pie -dynamic -rdynamic -symbolic "
     "-fno-semantic-interposition -fsemantic-interposition"},
    {drop_with_value(one_module), "-rpath"},
    {drop(position),
     "-pie -no-pie -nopie -fPIC -fpic -fPIE -fpie -fno-PIC -fno-pic -fno-PIE -fno-pie -fno-plt "
     "-fplt -mcmodel=*"},
    {drop(machine),
     "-march=* -mcpu=* -mtune=* -mfpmath=* -mprefer-vector-width=* -momit-leaf-frame-pointer "
     "-mno-omit-leaf-frame-pointer -mstackrealign -mpreferred-stack-boundary=* "
     "-mincoming-stack-boundary=* -mno-red-zone -mred-zone -mrecip* -mtls-dialect=* -mvzeroupper"},
    {drop(hardening),
     "-mbranch-protection=* -mindirect-branch* -mfunction-return* -fstack-protector* "
     "-fno-stack-protector* -fstack-clash-protection -fno-stack-clash-protection "
     "-fcf-protection* -fsplit-stack"},
    {drop(addresses), "-m64 -m32 -mx32"},
    {drop("double is aligned to 8 bytes in any case"), "-malign-double"},
    {drop("long double has 128 bits in guests"), "-mlong-double-*"},
    {drop(wasm_ld), "-fuse-ld=* -fno-use-linker-plugin -fuse-linker-plugin -specs=*"},
    {drop(no_tables),
     "-fasynchronous-unwind-tables -funwind-tables -fno-asynchronous-unwind-tables "
     "-fno-unwind-tables"},
    {drop("objects hold either bitcode or WebAssembly"), "-ffat-lto-objects"},
    {replace("-flto"), "-flto=auto -flto=jobserver"},
});

// Machine options of x86 that only say which instructions may be used.
constexpr auto instruction_sets = std::to_array<std::string_view>({
    "mmx",        "3dnow",  "sse",     "ssse3", "avx",        "fma",         "bmi",
    "lzcnt",      "popcnt", "abm",     "aes",   "pclmul",     "sha",         "f16c",
    "fsgsbase",   "rdrnd",  "rdseed",  "adx",   "prfchw",     "prefetchwt1", "clflushopt",
    "clwb",       "xsave",  "fxsr",    "cx16",  "movbe",      "sahf",        "vaes",
    "vpclmulqdq", "gfni",   "amx",     "rtm",   "hle",        "mwaitx",      "tbm",
    "xop",        "lwp",    "evex512", "80387", "hard-float", "accumulate",
});

// Each instruction set holds those before it.
constexpr auto sse_macros =
    std::to_array<std::string_view>({"__MMX__", "__SSE__", "__SSE2__", "__SSE3__", "__SSSE3__",
                                     "__SSE4_1__", "__SSE4_2__", "__AVX__", "__AVX2__"});
constexpr auto sse_options = std::to_array<std::string_view>(
    {"-mmmx", "-msse", "-msse2", "-msse3", "-mssse3", "-msse4.1", "-msse4.2", "-mavx", "-mavx2"});

constexpr auto libraries = std::to_array<Rule>({
    {drop("it is linked in any case"), "c"},
    {drop("it is part of the C library here"),
     "pthread rt dl m util resolv nsl anl socket crypt xnet intl"},
    {drop("its functions are part of the compiler's library here"),
     "gcc gcc_s gcc_eh atomic ssp quadmath"},
    {replace("c++"), "stdc++ stdc++fs stdc++exp"},
    {replace("c++abi"), "supc++"},
    {replace("omp"), "gomp iomp5"},
    {drop("Fortran's run-time library is linked by weftfc"), "gfortran flang flang_rt"},
});

constexpr std::string_view elf = "it concerns ELF files";

constexpr auto linker_options = std::to_array<Rule>({
    {refuse(no_plugins), "-shared --shared -Bshareable"},
    {drop(elf),
     "--as-needed -as-needed --no-as-needed -no-as-needed --push-state --pop-state "
     "--copy-dt-needed-entries --no-copy-dt-needed-entries --add-needed --no-add-needed "
     "--enable-new-dtags --disable-new-dtags --hash-style=* --hash-size=* --build-id* "
     "--eh-frame-hdr --no-eh-frame-hdr --ld-generated-unwind-info --no-ld-generated-unwind-info "
     "--relax --no-relax --icf=* --sort-common* --sort-section* --warn-* --no-warn-* "
     "--compress-debug-sections* --stats --discard-* -x -X -plugin-opt=* --omagic -N"},
    {drop_with_value(elf), "--plugin -plugin"},
    {drop("wasm-ld looks into all archives until nothing is missing"),
     "--start-group --end-group -( -)"},
    {drop(one_module),
     "-rpath=* --rpath=* -rpath-link=* --rpath-link=* -soname=* --soname=* --dynamic-linker=* "
     "--dynamic-list=* --dynamic-list-* --version-script=* -version-script=* --export-dynamic "
     "-export-dynamic -E --exclude-libs=* -Bstatic -Bdynamic -dn -dy -static --no-dynamic-linker "
     "-Bsymbolic* --no-allow-shlib-undefined --allow-shlib-undefined"},
    {drop_with_value(one_module),
     "-rpath --rpath -R -rpath-link --rpath-link -soname --soname -h -dynamic-linker "
     "--dynamic-linker --dynamic-list --version-script -version-script --exclude-libs"},
    {drop("nothing may be undefined in any case"),
     "--no-undefined -no-undefined --unresolved-symbols=*"},
    {drop(position), "-pie -no-pie -Ttext* --image-base*"},
    {drop_with_value("the target is wasm32"), "-m"},
});

constexpr auto with_value = std::to_array<std::string_view>({
    "-o",
    "-I",
    "-L",
    "-D",
    "-U",
    "-B",
    "-T",
    "-u",
    "-x",
    "-l",
    "-A",
    "-G",
    "-F",
    "-e",
    "-z",
    "-include",
    "-imacros",
    "-include-pch",
    "-isystem",
    "-iquote",
    "-idirafter",
    "-isysroot",
    "-iprefix",
    "-iwithprefix",
    "-iwithprefixbefore",
    "-cxx-isystem",
    "-imultilib",
    "-MF",
    "-MT",
    "-MQ",
    "-Xclang",
    "-Xlinker",
    "-Xpreprocessor",
    "-Xassembler",
    "-mllvm",
    "--param",
    "-arch",
    "-target",
    "-dumpbase",
    "-dumpdir",
    "-dumpbase-ext",
    "-aux-info",
    "-framework",
    "-gcc-toolchain",
    "--sysroot",
    "--config",
    "-wrapper",
    "-ftrapv-handler",
    "-mthread-model",
    "--entry",
});

constexpr auto linker_with_value = std::to_array<std::string_view>({
    "-z",
    "-u",
    "-e",
    "-L",
    "-l",
    "-o",
    "-y",
    "-mllvm",
    "-Map",
    "--export",
    "--export-if-defined",
    "--wrap",
    "--entry",
    "--trace-symbol",
    "--undefined",
    "--features",
    "-O",
    "--defsym",
});

// The linker's keywords behind -z that are ELF's.
constexpr auto z_keywords = std::to_array<std::string_view>({
    "relro",
    "norelro",
    "now",
    "lazy",
    "noexecstack",
    "execstack",
    "defs",
    "undefs",
    "text",
    "notext",
    "origin",
    "combreloc",
    "nocombreloc",
    "nodelete",
    "nodlopen",
    "separate-code",
    "noseparate-code",
    "initfirst",
    "interpose",
    "nocopyreloc",
    "muldefs",
    "pack-relative-relocs",
    "max-page-size=",
    "common-page-size=",
    "start-stop-gc",
    "nostart-stop-gc",
    "keep-text-section-prefix",
});

template <size_t n>
std::optional<Treatment> find(const std::array<Rule, n>& rules, std::string_view option) {
  auto rule = std::ranges::find_if(rules, [&](const Rule& r) { return r.matches(option); });
  return rule == rules.end() ? std::nullopt : std::optional(rule->treatment);
}

// -msse4.2, -mno-avx512f: an instruction set switched on or off
bool is_instruction_set(std::string_view option) {
  if (!option.starts_with("-m")) {
    return false;
  }
  option.remove_prefix(2);
  if (option.starts_with("no-")) {
    option.remove_prefix(3);
  }
  return std::ranges::any_of(instruction_sets,
                             [&](std::string_view set) { return option.starts_with(set); });
}

}  // namespace

std::optional<Treatment> treatment_of(std::string_view option) {
  if (auto treatment = find(options, option)) {
    bool kept = treatment->kind == Kind::replace && treatment->text.empty();
    return kept ? std::nullopt : treatment;
  }
  if (is_instruction_set(option)) {
    return drop(machine);
  }
  return std::nullopt;
}

std::span<const std::string_view> macros_of(std::string_view option) {
  if (option == "-msse4") {
    option = "-msse4.2";
  }
  auto found = std::ranges::find(sse_options, option);
  if (found == sse_options.end()) {
    return {};
  }
  return std::span(sse_macros).first(static_cast<size_t>(found - sse_options.begin()) + 1);
}

std::optional<Treatment> treatment_of_library(std::string_view name) {
  return find(libraries, name);
}

std::optional<Treatment> treatment_of_linker_option(std::string_view option) {
  return find(linker_options, option);
}

bool takes_value(std::string_view option) {
  return std::ranges::find(with_value, option) != with_value.end();
}

bool linker_option_takes_value(std::string_view option) {
  return std::ranges::find(linker_with_value, option) != linker_with_value.end();
}

bool is_elf_keyword(std::string_view keyword) {
  return std::ranges::any_of(z_keywords, [&](std::string_view z) {
    return z.ends_with('=') ? keyword.starts_with(z) : keyword == z;
  });
}

}  // namespace weft::cc
