#include "options.h"

#include <algorithm>
#include <array>

namespace weft::cc {

namespace {

using Kind = Treatment::Kind;

// A pattern ending in * matches every option that begins so.
struct Rule {
  std::string_view pattern;
  Treatment treatment;

  bool matches(std::string_view option) const {
    if (pattern.ends_with('*')) {
      return option.starts_with(pattern.substr(0, pattern.size() - 1));
    }
    return option == pattern;
  }
};

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

constexpr auto options = std::to_array<Rule>({
    {"-shared", {Kind::refuse, no_plugins}},
    {"-dynamiclib", {Kind::refuse, no_plugins}},
    {"-bundle", {Kind::refuse, no_plugins}},
    {"-p", {Kind::refuse, profiling}},
    {"-pg", {Kind::refuse, profiling}},
    {"-shared-libgcc", {Kind::drop, one_module}},
    {"-static-libgcc", {Kind::drop, one_module}},
    {"-static-libstdc++", {Kind::drop, one_module}},
    {"-static-libgfortran", {Kind::drop, one_module}},
    {"-static-libasan", {Kind::drop, one_module}},
    {"-static-openmp", {Kind::drop, one_module}},
    {"-static", {Kind::drop, one_module}},
    {"-static-pie", {Kind::drop, one_module}},
    {"-dynamic", {Kind::drop, one_module}},
    {"-rdynamic", {Kind::drop, one_module}},
    {"-symbolic", {Kind::drop, one_module}},
    {"-rpath", {Kind::drop, one_module, true}},
    {"-pie", {Kind::drop, position}},
    {"-no-pie", {Kind::drop, position}},
    {"-nopie", {Kind::drop, position}},
    {"-fPIC", {Kind::drop, position}},
    {"-fpic", {Kind::drop, position}},
    {"-fPIE", {Kind::drop, position}},
    {"-fpie", {Kind::drop, position}},
    {"-fno-PIC", {Kind::drop, position}},
    {"-fno-pic", {Kind::drop, position}},
    {"-fno-PIE", {Kind::drop, position}},
    {"-fno-pie", {Kind::drop, position}},
    {"-fno-plt", {Kind::drop, position}},
    {"-fplt", {Kind::drop, position}},
    {"-fno-semantic-interposition", {Kind::drop, one_module}},
    {"-fsemantic-interposition", {Kind::drop, one_module}},
    {"-mguest-simd", {Kind::drop, ""}},
    {"-mrelaxed-simd", {Kind::replace, "-mrelaxed-simd"}},
    {"-mno-relaxed-simd", {Kind::replace, "-mno-relaxed-simd"}},
    {"-mexec-model=*", {Kind::replace, ""}},
    {"-mllvm", {Kind::replace, ""}},
    {"-march=*", {Kind::drop, machine}},
    {"-mcpu=*", {Kind::drop, machine}},
    {"-mtune=*", {Kind::drop, machine}},
    {"-mfpmath=*", {Kind::drop, machine}},
    {"-mprefer-vector-width=*", {Kind::drop, machine}},
    {"-mbranch-protection=*", {Kind::drop, hardening}},
    {"-mindirect-branch*", {Kind::drop, hardening}},
    {"-mfunction-return*", {Kind::drop, hardening}},
    {"-mcmodel=*", {Kind::drop, position}},
    {"-m64", {Kind::drop, "guests have 32-bit addresses; sizes are those of wasm32"}},
    {"-m32", {Kind::drop, "guests have 32-bit addresses in any case"}},
    {"-mx32", {Kind::drop, "guests have 32-bit addresses in any case"}},
    {"-malign-double", {Kind::drop, "double is aligned to 8 bytes in any case"}},
    {"-momit-leaf-frame-pointer", {Kind::drop, machine}},
    {"-mno-omit-leaf-frame-pointer", {Kind::drop, machine}},
    {"-mstackrealign", {Kind::drop, machine}},
    {"-mpreferred-stack-boundary=*", {Kind::drop, machine}},
    {"-mincoming-stack-boundary=*", {Kind::drop, machine}},
    {"-mno-red-zone", {Kind::drop, machine}},
    {"-mred-zone", {Kind::drop, machine}},
    {"-mrecip*", {Kind::drop, machine}},
    {"-mlong-double-*", {Kind::drop, "long double has 128 bits in guests"}},
    {"-mtls-dialect=*", {Kind::drop, machine}},
    {"-mvzeroupper", {Kind::drop, machine}},
    {"-fstack-protector*", {Kind::drop, hardening}},
    {"-fno-stack-protector*", {Kind::drop, hardening}},
    {"-fstack-clash-protection", {Kind::drop, hardening}},
    {"-fno-stack-clash-protection", {Kind::drop, hardening}},
    {"-fcf-protection*", {Kind::drop, hardening}},
    {"-fsplit-stack", {Kind::drop, hardening}},
    {"-fuse-ld=*", {Kind::drop, "the linker is wasm-ld"}},
    {"-fno-use-linker-plugin", {Kind::drop, "the linker is wasm-ld"}},
    {"-fuse-linker-plugin", {Kind::drop, "the linker is wasm-ld"}},
    {"-specs=*", {Kind::drop, "the linker is wasm-ld"}},
    {"-fasynchronous-unwind-tables", {Kind::drop, "exceptions need no unwind tables here"}},
    {"-funwind-tables", {Kind::drop, "exceptions need no unwind tables here"}},
    {"-fno-asynchronous-unwind-tables", {Kind::drop, "exceptions need no unwind tables here"}},
    {"-fno-unwind-tables", {Kind::drop, "exceptions need no unwind tables here"}},
    {"-pthread", {Kind::drop, ""}},
    {"-pthreads", {Kind::drop, ""}},
    {"-mthreads", {Kind::drop, ""}},
    {"-ffat-lto-objects", {Kind::drop, "objects hold either bitcode or WebAssembly"}},
    {"-flto=auto", {Kind::replace, "-flto"}},
    {"-flto=jobserver", {Kind::replace, "-flto"}},
});

// Machine options of x86 that only say which instructions may be used.
constexpr auto instruction_sets = std::to_array<std::string_view>({
    "mmx", "3dnow", "sse", "ssse3", "avx", "fma", "bmi", "lzcnt", "popcnt", "abm", "aes", "pclmul",
    "sha", "f16c", "fsgsbase", "rdrnd", "rdseed", "adx", "prfchw", "prefetchwt1", "clflushopt",
    "clwb", "xsave", "fxsr", "cx16", "movbe", "sahf", "vaes", "vpclmulqdq", "gfni", "amx", "rtm",
    "hle", "mwaitx", "tbm", "xop", "lwp", "evex512", "80387", "hard-float", "accumulate",
});

// Each instruction set holds those before it.
constexpr auto sse_macros = std::to_array<std::string_view>(
    {"__MMX__", "__SSE__", "__SSE2__", "__SSE3__", "__SSSE3__", "__SSE4_1__", "__SSE4_2__",
     "__AVX__", "__AVX2__"});
constexpr auto sse_options = std::to_array<std::string_view>(
    {"-mmmx", "-msse", "-msse2", "-msse3", "-mssse3", "-msse4.1", "-msse4.2", "-mavx", "-mavx2"});

constexpr std::string_view in_libc = "it is part of the C library here";
constexpr std::string_view in_compiler = "its functions are part of the compiler's library here";

constexpr auto libraries = std::to_array<Rule>({
    {"c", {Kind::drop, "it is linked in any case"}},
    {"pthread", {Kind::drop, in_libc}},
    {"rt", {Kind::drop, in_libc}},
    {"dl", {Kind::drop, in_libc}},
    {"m", {Kind::drop, in_libc}},
    {"util", {Kind::drop, in_libc}},
    {"resolv", {Kind::drop, in_libc}},
    {"nsl", {Kind::drop, in_libc}},
    {"anl", {Kind::drop, in_libc}},
    {"socket", {Kind::drop, in_libc}},
    {"crypt", {Kind::drop, in_libc}},
    {"xnet", {Kind::drop, in_libc}},
    {"intl", {Kind::drop, in_libc}},
    {"gcc", {Kind::drop, in_compiler}},
    {"gcc_s", {Kind::drop, in_compiler}},
    {"gcc_eh", {Kind::drop, in_compiler}},
    {"atomic", {Kind::drop, in_compiler}},
    {"ssp", {Kind::drop, in_compiler}},
    {"quadmath", {Kind::drop, in_compiler}},
    {"stdc++", {Kind::replace, "c++"}},
    {"stdc++fs", {Kind::replace, "c++"}},
    {"stdc++exp", {Kind::replace, "c++"}},
    {"supc++", {Kind::replace, "c++abi"}},
    {"gomp", {Kind::replace, "omp"}},
    {"iomp5", {Kind::replace, "omp"}},
});

constexpr std::string_view elf = "it concerns ELF files";

constexpr auto linker_options = std::to_array<Rule>({
    {"-shared", {Kind::refuse, no_plugins}},
    {"--shared", {Kind::refuse, no_plugins}},
    {"-Bshareable", {Kind::refuse, no_plugins}},
    {"--as-needed", {Kind::drop, elf}},
    {"-as-needed", {Kind::drop, elf}},
    {"--no-as-needed", {Kind::drop, elf}},
    {"-no-as-needed", {Kind::drop, elf}},
    {"--push-state", {Kind::drop, elf}},
    {"--pop-state", {Kind::drop, elf}},
    {"--copy-dt-needed-entries", {Kind::drop, elf}},
    {"--no-copy-dt-needed-entries", {Kind::drop, elf}},
    {"--add-needed", {Kind::drop, elf}},
    {"--no-add-needed", {Kind::drop, elf}},
    {"--enable-new-dtags", {Kind::drop, elf}},
    {"--disable-new-dtags", {Kind::drop, elf}},
    {"--start-group", {Kind::drop, "wasm-ld looks into all archives until nothing is missing"}},
    {"--end-group", {Kind::drop, "wasm-ld looks into all archives until nothing is missing"}},
    {"-(", {Kind::drop, "wasm-ld looks into all archives until nothing is missing"}},
    {"-)", {Kind::drop, "wasm-ld looks into all archives until nothing is missing"}},
    {"-rpath", {Kind::drop, one_module, true}},
    {"--rpath", {Kind::drop, one_module, true}},
    {"-R", {Kind::drop, one_module, true}},
    {"-rpath=*", {Kind::drop, one_module}},
    {"--rpath=*", {Kind::drop, one_module}},
    {"-rpath-link", {Kind::drop, one_module, true}},
    {"--rpath-link", {Kind::drop, one_module, true}},
    {"-rpath-link=*", {Kind::drop, one_module}},
    {"--rpath-link=*", {Kind::drop, one_module}},
    {"-soname", {Kind::drop, one_module, true}},
    {"--soname", {Kind::drop, one_module, true}},
    {"-h", {Kind::drop, one_module, true}},
    {"-soname=*", {Kind::drop, one_module}},
    {"--soname=*", {Kind::drop, one_module}},
    {"-dynamic-linker", {Kind::drop, one_module, true}},
    {"--dynamic-linker", {Kind::drop, one_module, true}},
    {"--dynamic-linker=*", {Kind::drop, one_module}},
    {"--dynamic-list=*", {Kind::drop, one_module}},
    {"--dynamic-list", {Kind::drop, one_module, true}},
    {"--dynamic-list-*", {Kind::drop, one_module}},
    {"--version-script=*", {Kind::drop, one_module}},
    {"-version-script=*", {Kind::drop, one_module}},
    {"--version-script", {Kind::drop, one_module, true}},
    {"-version-script", {Kind::drop, one_module, true}},
    {"--export-dynamic", {Kind::drop, one_module}},
    {"-export-dynamic", {Kind::drop, one_module}},
    {"-E", {Kind::drop, one_module}},
    {"--exclude-libs", {Kind::drop, one_module, true}},
    {"--exclude-libs=*", {Kind::drop, one_module}},
    {"-Bstatic", {Kind::drop, one_module}},
    {"-Bdynamic", {Kind::drop, one_module}},
    {"-dn", {Kind::drop, one_module}},
    {"-dy", {Kind::drop, one_module}},
    {"-static", {Kind::drop, one_module}},
    {"-pie", {Kind::drop, position}},
    {"-no-pie", {Kind::drop, position}},
    {"--no-dynamic-linker", {Kind::drop, one_module}},
    {"-Bsymbolic*", {Kind::drop, one_module}},
    {"--no-undefined", {Kind::drop, "nothing may be undefined in any case"}},
    {"-no-undefined", {Kind::drop, "nothing may be undefined in any case"}},
    {"--no-allow-shlib-undefined", {Kind::drop, one_module}},
    {"--allow-shlib-undefined", {Kind::drop, one_module}},
    {"--unresolved-symbols=*", {Kind::drop, "nothing may be undefined in any case"}},
    {"--hash-style=*", {Kind::drop, elf}},
    {"--hash-size=*", {Kind::drop, elf}},
    {"--build-id*", {Kind::drop, elf}},
    {"--eh-frame-hdr", {Kind::drop, elf}},
    {"--no-eh-frame-hdr", {Kind::drop, elf}},
    {"--ld-generated-unwind-info", {Kind::drop, elf}},
    {"--no-ld-generated-unwind-info", {Kind::drop, elf}},
    {"--relax", {Kind::drop, elf}},
    {"--no-relax", {Kind::drop, elf}},
    {"--icf=*", {Kind::drop, elf}},
    {"--sort-common*", {Kind::drop, elf}},
    {"--sort-section*", {Kind::drop, elf}},
    {"--warn-*", {Kind::drop, elf}},
    {"--no-warn-*", {Kind::drop, elf}},
    {"--compress-debug-sections*", {Kind::drop, elf}},
    {"--stats", {Kind::drop, elf}},
    {"--discard-*", {Kind::drop, elf}},
    {"-x", {Kind::drop, elf}},
    {"-X", {Kind::drop, elf}},
    {"--plugin", {Kind::drop, elf, true}},
    {"-plugin", {Kind::drop, elf, true}},
    {"-plugin-opt=*", {Kind::drop, elf}},
    {"-m", {Kind::drop, "the target is wasm32", true}},
    {"-Ttext*", {Kind::drop, position}},
    {"--image-base*", {Kind::drop, position}},
    {"--omagic", {Kind::drop, elf}},
    {"-N", {Kind::drop, elf}},
});

constexpr auto with_value = std::to_array<std::string_view>({
    "-o", "-I", "-L", "-D", "-U", "-B", "-T", "-u", "-x", "-l", "-A", "-G", "-F", "-e", "-z",
    "-include", "-imacros", "-include-pch", "-isystem", "-iquote", "-idirafter", "-isysroot",
    "-iprefix", "-iwithprefix", "-iwithprefixbefore", "-cxx-isystem", "-imultilib", "-MF", "-MT",
    "-MQ", "-Xclang", "-Xlinker", "-Xpreprocessor", "-Xassembler", "-mllvm", "--param", "-arch",
    "-target", "-dumpbase", "-dumpdir", "-dumpbase-ext", "-aux-info", "-framework", "-gcc-toolchain",
    "--sysroot", "--config", "-wrapper", "-ftrapv-handler", "-mthread-model", "--entry",
});

constexpr auto linker_with_value = std::to_array<std::string_view>({
    "-z", "-u", "-e", "-L", "-l", "-o", "-y", "-mllvm", "-Map", "--export", "--export-if-defined",
    "--wrap", "--entry", "--trace-symbol", "--undefined", "--features", "-O", "--defsym",
});

// The linker's keywords behind -z that are ELF's.
constexpr auto z_keywords = std::to_array<std::string_view>({
    "relro", "norelro", "now", "lazy", "noexecstack", "execstack", "defs", "undefs", "text",
    "notext", "origin", "combreloc", "nocombreloc", "nodelete", "nodlopen", "separate-code",
    "noseparate-code", "initfirst", "interpose", "nocopyreloc", "muldefs", "pack-relative-relocs",
    "max-page-size=", "common-page-size=", "start-stop-gc", "nostart-stop-gc", "keep-text-section-prefix",
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
    // an entry that only protects an option from the patterns behind it
    bool unchanged = treatment->kind == Kind::replace &&
                     (treatment->text.empty() || treatment->text == option);
    return unchanged ? std::nullopt : treatment;
  }
  if (is_instruction_set(option)) {
    return Treatment{Kind::drop, machine};
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

bool takes_value(std::string_view option) { return std::ranges::find(with_value, option) != with_value.end(); }

bool linker_option_takes_value(std::string_view option) {
  return std::ranges::find(linker_with_value, option) != linker_with_value.end();
}

bool is_elf_keyword(std::string_view keyword) {
  return std::ranges::any_of(z_keywords, [&](std::string_view z) {
    return z.ends_with('=') ? keyword.starts_with(z) : keyword == z;
  });
}

}  // namespace weft::cc
