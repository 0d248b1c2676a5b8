# The host's side of the switch between the stack of a thread and the stack of a guest.
#
#   host stack at host_rsp:   pad r15 r14 r13 r12 rbx rbp return-address
#   guest stack at guest_rsp:     r15 r14 r13 r12 rbx rbp return-address
#
# A switch ends in `pop rcx; jmp rcx`: a `ret` that the processor's return predictor did not see
# called costs more than an indirect jump. No host address is in a register when guest code begins;
# registers that a C call does not keep are zero. Offsets are those of
# cpu/instance_head.h (base - 256 is the head) and cpu/save_area.h.

    .intel_syntax noprefix
    .text

    .macro push_callee_saved
    push rbp
    push rbx
    push r12
    push r13
    push r14
    push r15
    .endm
    .macro pop_callee_saved
    pop r15
    pop r14
    pop r13
    pop r12
    pop rbx
    pop rbp
    .endm

    # Saves the host and tells every instance that may run where it is. In: rdi head, rsi peers, rdx
    # their number.
    .macro leave_host
    push rbp
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset 6, 0
    push rbx
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset 3, 0
    push r12
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset 12, 0
    push r13
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset 13, 0
    push r14
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset 14, 0
    push r15
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset 15, 0
    sub rsp, 8
    .cfi_adjust_cfa_offset 8
    mov qword ptr [rdi + 240], rsp
    test rdx, rdx
    jz 2f
1:  mov rax, qword ptr [rsi + 8*rdx - 8]
    mov qword ptr [rax + 240], rsp
    dec rdx
    jnz 1b
2:  lea r14, [rdi + 256]
    .endm

# Left weft_cpu_enter(head, peers, peer_count): goes on from the guest stack.
    .globl weft_cpu_enter
    .hidden weft_cpu_enter
    .type weft_cpu_enter, @function
    .p2align 4
weft_cpu_enter:
    .cfi_startproc
    leave_host
    .cfi_undefined 16
    mov rsp, qword ptr [r14 - 8]
    mov rax, qword ptr [r14 - 56]
    xor edx, edx
    xor esi, esi
    xor edi, edi
    xor r8d, r8d
    xor r9d, r9d
    xor r10d, r10d
    xor r11d, r11d
    pop_callee_saved
    pop rcx
    # A tick up to here sets the flag; from here on the handler saves the guest as if it stood at
    # rcx.
    cmp dword ptr [r14 - 32], 0
    .globl weft_cpu_enter_window
    .hidden weft_cpu_enter_window
weft_cpu_enter_window:
    jne 3f
    jmp rcx
    .globl weft_cpu_enter_window_end
    .hidden weft_cpu_enter_window_end
weft_cpu_enter_window_end:
3:  push rcx
    push_callee_saved
    mov qword ptr [r14 - 8], rsp
    mov qword ptr [r14 - 56], rax
    mov eax, 4                          # Leave::interrupted
    mov rdx, r14
    mov rsp, qword ptr [r14 - 16]
    jmp weft_cpu_leave
    .cfi_endproc
    .size weft_cpu_enter, . - weft_cpu_enter

# Left weft_cpu_resume(head, peers, peer_count, state_mask): goes on from the save area, every
# register as it was. Nothing is written to the guest stack, so that its red zone is safe; the flags
# travel over the host's. r14 comes last but rax, and the address goes through a thread-local,
# because no register is left to hold it.
    .globl weft_cpu_resume
    .hidden weft_cpu_resume
    .type weft_cpu_resume, @function
    .p2align 4
weft_cpu_resume:
    .cfi_startproc
    mov r8, rcx
    leave_host
    mov rbx, qword ptr [r14 - 72]
    mov eax, r8d
    xor edx, edx
    xrstor64 [rbx + 192]
    mov rax, qword ptr [rbx + 152]
    mov qword ptr fs:weft_cpu_resume_rip@tpoff, rax
    # A tick up to here sets the flag; from here on the handler leaves the save area as it is.
    cmp dword ptr [r14 - 32], 0
    .globl weft_cpu_resume_window
    .hidden weft_cpu_resume_window
weft_cpu_resume_window:
    jne 3f
    push qword ptr [rbx + 160]
    popfq
    mov rax, qword ptr [rbx + 24]
    mov rcx, qword ptr [rbx + 40]
    mov rdx, qword ptr [rbx + 48]
    mov rsi, qword ptr [rbx + 56]
    mov rdi, qword ptr [rbx + 64]
    mov rbp, qword ptr [rbx + 72]
    mov rsp, qword ptr [rbx + 80]
    mov r8, qword ptr [rbx + 88]
    mov r9, qword ptr [rbx + 96]
    mov r10, qword ptr [rbx + 104]
    mov r11, qword ptr [rbx + 112]
    mov r12, qword ptr [rbx + 120]
    mov r13, qword ptr [rbx + 128]
    mov r14, qword ptr [rbx + 136]
    mov r15, qword ptr [rbx + 144]
    mov rbx, qword ptr [rbx + 32]
    jmp qword ptr fs:weft_cpu_resume_rip@tpoff
    .globl weft_cpu_resume_window_end
    .hidden weft_cpu_resume_window_end
weft_cpu_resume_window_end:
3:  mov eax, 3                          # Leave::preempted
    mov rdx, r14
    jmp weft_cpu_leave
    .cfi_endproc
    .size weft_cpu_resume, . - weft_cpu_resume

# Where a guest's departure arrives: rsp is host_rsp, rax and rdx are the answer of weft_cpu_enter
# or weft_cpu_resume.
    .globl weft_cpu_leave
    .hidden weft_cpu_leave
    .type weft_cpu_leave, @function
    .p2align 4
weft_cpu_leave:
    .cfi_startproc
    .cfi_def_cfa 7, 64
    .cfi_offset 6, -16
    .cfi_offset 3, -24
    .cfi_offset 12, -32
    .cfi_offset 13, -40
    .cfi_offset 14, -48
    .cfi_offset 15, -56
    add rsp, 8
    .cfi_adjust_cfa_offset -8
    pop r15
    .cfi_adjust_cfa_offset -8
    pop r14
    .cfi_adjust_cfa_offset -8
    pop r13
    .cfi_adjust_cfa_offset -8
    pop r12
    .cfi_adjust_cfa_offset -8
    pop rbx
    .cfi_adjust_cfa_offset -8
    pop rbp
    .cfi_adjust_cfa_offset -8
    pop rcx
    .cfi_adjust_cfa_offset -8
    .cfi_register 16, 2
    jmp rcx
    .cfi_endproc
    .size weft_cpu_leave, . - weft_cpu_leave

    .section .tbss, "awT", @nobits
    .hidden weft_cpu_resume_rip
    .globl weft_cpu_resume_rip
    .type weft_cpu_resume_rip, @object
    .p2align 3
weft_cpu_resume_rip:
    .zero 8
    .size weft_cpu_resume_rip, 8

    .section .note.GNU-stack, "", @progbits
