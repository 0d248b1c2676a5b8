/* weft: the compiler knows setjmp and longjmp by these names alone. The mask of signals lies where
 * the buffer has room. */
#ifndef __weft_setjmp_h
#define __weft_setjmp_h
#ifdef __cplusplus
extern "C" {
#endif
void __weft_save_mask(struct __jmp_buf_tag*, int);
void __weft_restore_mask(const struct __jmp_buf_tag*);
#ifdef __cplusplus
}
#endif
#undef sigsetjmp
#define sigsetjmp(buffer, save) (__weft_save_mask((buffer), (save)), setjmp(buffer))
#define siglongjmp(buffer, value) (__weft_restore_mask(buffer), longjmp((buffer), (value)))
#define _setjmp(buffer) setjmp(buffer)
#define _longjmp(buffer, value) longjmp((buffer), (value))
#endif
