# Guest code for the tests: functions in the C convention with the memory base in r14, as the engine
# generates them. Arguments and results are 16 bytes each in the argument area, whose address is at
# [r14 - 64].

    .intel_syntax noprefix
    .section .text.weft_guest, "ax", @progbits

    .macro function name
    .globl guest_\name
    .hidden guest_\name
    .type guest_\name, @function
    .p2align 4
guest_\name:
    .endm

    .globl guest_begin
    .hidden guest_begin
guest_begin:

# arg 0 = arg 0 + arg 1
    function add
    mov rax, [r14 - 64]
    mov rcx, [rax]
    add rcx, [rax + 16]
    mov [rax], rcx
    ret

# arg 0 = host 0 (1, 2, 3, 4, 5), the further arguments are in the argument area
    function host_arguments
    push rbx
    mov rbx, [r14 - 64]
    mov esi, 1
    mov edx, 2
    mov ecx, 3
    mov r8d, 4
    mov r9d, 5
    call weft_call_0
    mov [rbx], rax
    pop rbx
    ret

# Calls host 1 (arg 0 times) with the count down; arg 1 += its results
    function call_loop
    push rbx
    push rbp
    push r12
    mov rbp, [r14 - 64]
    mov rbx, [rbp]
    mov r12, [rbp + 16]
1:  mov rsi, rbx
    call weft_call_1
    add r12, rax
    dec rbx
    jnz 1b
    mov [rbp + 16], r12
    pop r12
    pop rbp
    pop rbx
    ret

# The same with a guest function that answers its argument, for comparison
    function plain_loop
    push rbx
    push rbp
    push r12
    mov rbp, [r14 - 64]
    mov rbx, [rbp]
    mov r12, [rbp + 16]
1:  mov rsi, rbx
    call guest_identity
    add r12, rax
    dec rbx
    jnz 1b
    mov [rbp + 16], r12
    pop r12
    pop rbp
    pop rbx
    ret
    function identity
    mov rax, rsi
    ret

# Calls host 1 with distinct values in all registers that a call keeps; arg 0 = 1 when they are as
# before, arg 1 = the result
    function kept_registers
    push rbx
    push rbp
    push r12
    push r13
    push r15
    mov rbx, 0x1111
    mov rbp, 0x2222
    mov r12, 0x3333
    mov r13, 0x4444
    mov r15, 0x5555
    push rsp
    push rsp
    mov esi, 7
    sub rsp, 16
    call weft_call_1
    add rsp, 16
    lea rdx, [rsp + 16]
    mov rcx, [r14 - 64]
    mov [rcx + 16], rax
    xor eax, eax
    cmp rbx, 0x1111
    jne 1f
    cmp rbp, 0x2222
    jne 1f
    cmp r12, 0x3333
    jne 1f
    cmp r13, 0x4444
    jne 1f
    cmp r15, 0x5555
    jne 1f
    cmp rdx, [rsp + 8]
    jne 1f
    mov eax, 1
1:  mov [rcx], rax
    add rsp, 16
    pop r15
    pop r13
    pop r12
    pop rbp
    pop rbx
    ret

# arg 0 = all registers that a call does not keep but rax, or-ed: after a host call, arg 1 = the
# same at the entry
    function clean_registers
    push rbx
    mov rbx, [r14 - 64]
    or rdx, rsi
    or rdx, rdi
    or rdx, r8
    or rdx, r9
    or rdx, r10
    or rdx, r11
    mov [rbx + 16], rdx
    mov esi, 7
    call weft_call_1
    or rdx, rcx
    or rdx, rsi
    or rdx, rdi
    or rdx, r8
    or rdx, r9
    or rdx, r10
    or rdx, r11
    mov [rbx], rdx
    pop rbx
    ret

# arg 0 = the 8 bytes at base + arg 0
    function load
    mov rax, [r14 - 64]
    mov rcx, [rax]
    mov rdx, [r14 + rcx]
    mov [rax], rdx
    ret

# arg 0 = arg 0 / arg 1, 32 bits
    function divide
    mov rcx, [r14 - 64]
    mov eax, [rcx]
    cdq
    idiv dword ptr [rcx + 16]
    mov [rcx], eax
    ret

# Calls itself for ever
    function recurse
    push rbx
    call guest_recurse
    pop rbx
    ret

# Calls host 2 with the stack pointer at arg 0
    function call_at
    mov rax, [r14 - 64]
    mov rsp, [rax]
    call weft_call_2
    ud2

# Traps with kind arg 0; the callee-saved registers hold what the test expects
    function trap
    mov rax, [r14 - 64]
    mov rax, [rax]
    mov ebx, 0xb
    mov ebp, 0xbb
    mov r12d, 0xc
    mov r13d, 0xd
    mov r15d, 0xf
    sub rsp, 8
    lea rcx, [rip + traps]
    imul rax, rax, 8
    add rcx, rax
    jmp rcx
    .p2align 3
traps:
    .irp kind, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13
    call weft_trap_\kind
    .p2align 3
    .endr

    function endless
1:  jmp 1b

    function endless_calls
    sub rsp, 8
1:  mov esi, 1
    call weft_call_1
    jmp 1b

    function undefined
    ud2

# Calls host 1 as the instance whose base is arg 0, then as itself; arg 1 = the sum of the results
    function peer
    push rbx
    push r14
    sub rsp, 8
    mov rax, [r14 - 64]
    mov esi, 10
    mov r14, [rax]
    call weft_call_1
    mov rbx, rax
    mov r14, [rsp + 8]
    mov esi, 20
    call weft_call_1
    add rbx, rax
    mov rax, [r14 - 64]
    mov [rax + 16], rbx
    add rsp, 8
    pop r14
    pop rbx
    ret

# Spins arg 0 times, counting in memory at base
    function spin
    mov rax, [r14 - 64]
    mov rcx, [rax]
1:  inc qword ptr [r14]
    dec rcx
    jnz 1b
    ret

# Sends itself a tick, arg 0 times: tgkill(arg 1, arg 2, arg 3). No real guest has system calls.
    function ticks
    push rbx
    mov rbx, [r14 - 64]
1:  mov eax, 234
    mov rdi, [rbx + 16]
    mov rsi, [rbx + 32]
    mov rdx, [rbx + 48]
    syscall
    dec qword ptr [rbx]
    jnz 1b
    pop rbx
    ret

# A digest of arg 0 rounds over all general registers, a carry that lives across rounds, and locals
# in the red zone.
    function scalar
    push rbx
    push rbp
    push r12
    push r13
    push r15
    mov rax, [r14 - 64]
    mov rcx, [rax]
    mov rbx, 0x9e3779b97f4a7c15
    mov rbp, 0xbf58476d1ce4e5b9
    mov r8, 1
    mov r9, 2
    mov r10, 3
    mov r11, 5
    mov r12, 7
    mov r13, 11
    mov r15, 13
    mov rsi, 17
    mov rdi, 19
    mov [rsp - 8], rbx
    mov [rsp - 64], rbp
    mov qword ptr [rsp - 128], 23
    clc
1:  adc r8, rbx
    adc r9, rbp
    adc r10, r8
    adc r11, r9
    adc r12, r10
    adc r13, [rsp - 8]
    adc r15, [rsp - 64]
    adc rsi, [rsp - 128]
    adc rdi, rsi
    mov [rsp - 8], r8
    mov [rsp - 64], r12
    mov [rsp - 128], rdi
    mov rdx, r15
    rorx rdx, rdx, 13
    lea rbx, [rbx + rdx]
    lea rbp, [rbp + rdi + 1]
    lea rcx, [rcx - 1]
    jrcxz 2f
    jmp 1b
2:  adc r8, r9
    adc r8, r10
    adc r8, r11
    adc r8, r12
    adc r8, r13
    adc r8, r15
    adc r8, rsi
    adc r8, rdi
    mov rax, [r14 - 64]
    mov [rax], r8
    pop r15
    pop r13
    pop r12
    pop rbp
    pop rbx
    ret

# The same over sixteen ymm registers, integers and doubles; the upper halves count.
    function avx2
    mov rax, [r14 - 64]
    mov rcx, [rax]
    lea rdx, [rip + seeds]
    vmovdqu ymm0, [rdx]
    .irp n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
    vpaddq ymm\n, ymm0, [rdx + 4*\n]
    .endr
    vmovupd ymm12, [rip + doubles]
    vmovapd ymm13, ymm12
    vmovapd ymm14, ymm12
    vmovapd ymm15, ymm12
1:  .irp n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
    vpaddq ymm0, ymm0, ymm\n
    vpxor ymm\n, ymm\n, ymm0
    vpermq ymm\n, ymm\n, 0x39
    .endr
    vaddpd ymm13, ymm13, ymm12
    vsqrtpd ymm14, ymm13
    vmulpd ymm15, ymm14, ymm12
    vaddpd ymm13, ymm15, ymm12
    dec rcx
    jnz 1b
    .irp n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    vpaddq ymm0, ymm0, ymm\n
    .endr
    vextracti128 xmm1, ymm0, 1
    vpaddq xmm0, xmm0, xmm1
    vmovdqu [rax], xmm0
    vzeroupper
    ret

# And over all zmm registers with masks.
    function avx512
    mov rax, [r14 - 64]
    mov rcx, [rax]
    lea rdx, [rip + seeds]
    vmovdqu64 zmm0, [rdx]
    .irp n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    vpaddq zmm\n, zmm0, [rdx + 2*\n]
    .endr
    mov edx, 0xa5
    kmovw k1, edx
    mov edx, 0x3c
    kmovw k5, edx
    mov edx, 0x99
    kmovw k7, edx
1:  .irp n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    vpaddq zmm0{k5}, zmm0, zmm\n
    vpxorq zmm\n, zmm\n, zmm0
    valignq zmm\n{k7}, zmm\n, zmm0, 3
    .endr
    vpaddq zmm0{k1}, zmm0, zmm31
    kxorw k5, k5, k1
    kshiftrw k1, k1, 1
    korw k1, k1, k7
    dec rcx
    jnz 1b
    .irp n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    vpaddq zmm0, zmm0, zmm\n
    .endr
    vextracti64x4 ymm1, zmm0, 1
    vpaddq ymm0, ymm0, ymm1
    vextracti128 xmm1, ymm0, 1
    vpaddq xmm0, xmm0, xmm1
    vmovdqu [rax], xmm0
    kmovw edx, k5
    add [rax], rdx
    vzeroupper
    ret

    .globl guest_end
    .hidden guest_end
guest_end:

    .section .rodata.weft_guest, "a", @progbits
    .p2align 6
seeds:
    .quad 0x243f6a8885a308d3, 0x13198a2e03707344, 0xa4093822299f31d0, 0x082efa98ec4e6c89
    .quad 0x452821e638d01377, 0xbe5466cf34e90c6c, 0xc0ac29b7c97c50dd, 0x3f84d5b5b5470917
    .quad 0x9216d5d98979fb1b, 0xd1310ba698dfb5ac, 0x2ffd72dbd01adfb7, 0xb8e1afed6a267e96
    .quad 0xba7c9045f12c7f99, 0x24a19947b3916cf7, 0x0801f2e2858efc16, 0x636920d871574e69
doubles:
    .double 1.0, 1.5, 2.25, 3.0

    .section .note.GNU-stack, "", @progbits
