// Files, as bytes of the program (assets.h).
.section .rodata
.globl weft_openapi_begin
.globl weft_openapi_end
weft_openapi_begin:
.incbin "openapi.json"
weft_openapi_end:
.section .note.GNU-stack,"",@progbits
