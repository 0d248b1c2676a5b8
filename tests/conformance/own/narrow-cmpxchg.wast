;; A narrow compare wraps the expected value before it compares (proposal threads, overview: "expected
;; wrapped"; the official scripts have no expected value beyond the width).
(module
  (memory 1 1 shared)
  (func (export "put") (param i64) (i64.store (i32.const 0) (local.get 0)))
  (func (export "get") (result i64) (i64.load (i32.const 0)))
  (func (export "i32_8") (param i32 i32) (result i32)
    (i32.atomic.rmw8.cmpxchg_u (i32.const 0) (local.get 0) (local.get 1)))
  (func (export "i32_16") (param i32 i32) (result i32)
    (i32.atomic.rmw16.cmpxchg_u (i32.const 0) (local.get 0) (local.get 1)))
  (func (export "i64_8") (param i64 i64) (result i64)
    (i64.atomic.rmw8.cmpxchg_u (i32.const 0) (local.get 0) (local.get 1)))
  (func (export "i64_32") (param i64 i64) (result i64)
    (i64.atomic.rmw32.cmpxchg_u (i32.const 0) (local.get 0) (local.get 1))))

(invoke "put" (i64.const 0x1111111111111111))
(assert_return (invoke "i32_8" (i32.const 0x11111111) (i32.const 0x1cd)) (i32.const 0x11))
(assert_return (invoke "get") (i64.const 0x11111111111111cd))
(assert_return (invoke "i32_16" (i32.const 0xffff11cd) (i32.const 0xabcd2222)) (i32.const 0x11cd))
(assert_return (invoke "get") (i64.const 0x1111111111112222))
(assert_return (invoke "i64_8" (i64.const 0xf000000000000022) (i64.const 0x133)) (i64.const 0x22))
(assert_return (invoke "get") (i64.const 0x1111111111112233))
(assert_return (invoke "i64_32" (i64.const 0x711112233) (i64.const -1)) (i64.const 0x11112233))
(assert_return (invoke "get") (i64.const 0x11111111ffffffff))
(assert_return (invoke "i64_32" (i64.const 0x1fffffffe) (i64.const 5)) (i64.const 0xffffffff))
(assert_return (invoke "get") (i64.const 0x11111111ffffffff))

;; The same on a memory that is not shared.
(module
  (memory 1)
  (func (export "put") (param i64) (i64.store (i32.const 0) (local.get 0)))
  (func (export "get") (result i64) (i64.load (i32.const 0)))
  (func (export "i64_8") (param i64 i64) (result i64)
    (i64.atomic.rmw8.cmpxchg_u (i32.const 0) (local.get 0) (local.get 1))))
(assert_return (invoke "i64_8" (i64.const 0xf000000000000000) (i64.const 0x101)) (i64.const 0))
(assert_return (invoke "get") (i64.const 1))
