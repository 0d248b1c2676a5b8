// Linked into a guest program, this tells weft that the program was compiled with
// -ffp-contract=fast: multiplications and additions may be fused wherever that pays. WebAssembly
// itself has no way to say so.
__asm__(
    "  .section .custom_section.weft.fp_contract,\"\",@\n"
    "  .ascii \"fast\"\n");
