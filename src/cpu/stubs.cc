// The text of the assembly that is linked into every code file. The host's side is in
// enter_x86_64.S.
//
// signals.cc knows two things about it: r14 is the memory base wherever the program counter is in
// here, and `jnz` and `ret` occur only at the end of a host call, when the guest's stack is back
// and the interrupt flag has been looked at.

#include <fmt/format.h>

#include <iterator>

#include "cpu/thread.h"

namespace weft::cpu {
namespace {

constexpr std::string_view head_text = R"(
    .section .text.weft_stubs, "ax", @progbits
    .intel_syntax noprefix
    .globl weft_stubs_begin
    .hidden weft_stubs_begin
    .p2align 4
weft_stubs_begin:
)";

// One host call. The C convention leaves host addresses in registers that it does not keep; the
// guest gets zeros. The action in edx is 0 in the usual case, so one `or` asks for it and for the
// interrupt flag. While the host runs, a debugger finds the guest's frame through guest_rsp: the
// CFA is [r14 - 8] + 8 (DW_OP_breg14 -8, deref, plus_uconst 8).
constexpr std::string_view call_text = R"(
    .globl weft_call_{n}
    .hidden weft_call_{n}
    .type weft_call_{n}, @function
    .p2align 4
weft_call_{n}:
    .cfi_startproc
    mov qword ptr [r14 - 8], rsp
    mov dword ptr [r14 - 28], {n}
    mov rsp, qword ptr [r14 - 16]
    .cfi_escape 0x0f, 5, 0x7e, 0x78, 0x06, 0x23, 0x08
    mov rdi, qword ptr [r14 + ({object})]
    call qword ptr [r14 + ({fn})]
    mov rsp, qword ptr [r14 - 8]
    .cfi_def_cfa 7, 8
    xor esi, esi
    xor edi, edi
    xor r8d, r8d
    xor r9d, r9d
    xor r10d, r10d
    xor r11d, r11d
    mov ecx, edx
    or ecx, dword ptr [r14 - 32]
    jnz weft_stub_slow
    ret
    .cfi_endproc
    .size weft_call_{n}, . - weft_call_{n}
)";

constexpr std::string_view trap_text = R"(
    .globl weft_trap_{kind}
    .hidden weft_trap_{kind}
    .type weft_trap_{kind}, @function
weft_trap_{kind}:
    .cfi_startproc
    mov eax, {code}
    jmp weft_stub_trapped
    .cfi_endproc
    .size weft_trap_{kind}, . - weft_trap_{kind}
)";

// The end of a host call that leaves the guest (edx is the action, or 0 when only the flag is set),
// the end of a trap (eax is the answer), and the end of the entry function.
constexpr std::string_view tail_text = R"(
    .p2align 4
    .type weft_stub_slow, @function
weft_stub_slow:
    .cfi_startproc
    mov qword ptr [r14 - 56], rax
    mov eax, {interrupted}
    test edx, edx
    cmovnz eax, edx
{push}
    mov qword ptr [r14 - 8], rsp
    jmp weft_stub_leave
    .cfi_endproc
    .size weft_stub_slow, . - weft_stub_slow

    .type weft_stub_trapped, @function
weft_stub_trapped:
    .cfi_startproc
{push}
    mov qword ptr [r14 - 128], rsp
    jmp weft_stub_leave
    .cfi_endproc
    .size weft_stub_trapped, . - weft_stub_trapped

    .globl weft_finish
    .hidden weft_finish
    .type weft_finish, @function
    .cfi_startproc
    .cfi_undefined 16
    nop
weft_finish:
    mov eax, {returned}
weft_stub_leave:
    mov rdx, r14
    mov rsp, qword ptr [r14 - 16]
    add rsp, 8
    pop r15
    pop r14
    pop r13
    pop r12
    pop rbx
    pop rbp
    pop rcx
    jmp rcx
    .cfi_endproc
    .size weft_finish, . - weft_finish
    .globl weft_stubs_end
    .hidden weft_stubs_end
weft_stubs_end:
    .att_syntax prefix
    .text
)";

std::string push_callee_saved() {
  std::string text;
  for (auto [name, dwarf] :
       {std::pair{"rbp", 6}, {"rbx", 3}, {"r12", 12}, {"r13", 13}, {"r14", 14}, {"r15", 15}}) {
    fmt::format_to(std::back_inserter(text),
                   "    push {}\n    .cfi_adjust_cfa_offset 8\n    .cfi_rel_offset {}, 0\n", name,
                   dwarf);
  }
  return text;
}

}  // namespace

static_assert(static_cast<int>(Action::suspend) == static_cast<int>(Leave::suspended));
static_assert(static_cast<int>(Action::stop) == static_cast<int>(Leave::stopped));

std::string stub_assembly(size_t host_functions, int64_t import_offset) {
  std::string text(head_text);
  auto out = std::back_inserter(text);
  for (size_t n = 0; n < host_functions; ++n) {
    int64_t entry = import_offset + static_cast<int64_t>(n * sizeof(ImportEntry));
    fmt::format_to(out, call_text, fmt::arg("n", n), fmt::arg("fn", entry),
                   fmt::arg("object", entry + 8));
  }
  for (int kind = 0; kind < wasm::trap_kinds; ++kind) {
    fmt::format_to(out, trap_text, fmt::arg("kind", kind),
                   fmt::arg("code", static_cast<int>(Leave::trapped) | kind << 8));
  }
  fmt::format_to(out, tail_text, fmt::arg("push", push_callee_saved()),
                 fmt::arg("interrupted", static_cast<int>(Leave::interrupted)),
                 fmt::arg("returned", static_cast<int>(Leave::returned)));
  return text;
}

}  // namespace weft::cpu
