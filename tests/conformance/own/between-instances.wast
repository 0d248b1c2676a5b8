;; Calls between instances: tail calls in constant stack, exceptions and results that pass several instances.
(module $A
  (type $step (func (param i32) (result i32 i64)))
  (tag $wide (export "wide") (param i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64))
  (table (export "table") 2 2 funcref)
  (func $throw (export "throw")
    (throw $wide (i64.const 1) (i64.const 2) (i64.const 3) (i64.const 4) (i64.const 5) (i64.const 6) (i64.const 7) (i64.const 8) (i64.const 9) (i64.const 10) (i64.const 11) (i64.const 12) (i64.const 13) (i64.const 14) (i64.const 15) (i64.const 16) (i64.const 17) (i64.const 18) (i64.const 19) (i64.const 20)))
  ;; counts down, each step in the other instance
  (func (export "step") (type $step)
    (if (i32.eqz (local.get 0)) (then (return (i32.const 42) (i64.const 43))))
    (return_call_indirect (type $step) (i32.sub (local.get 0) (i32.const 1)) (i32.const 0)))
  ;; the same, and throws at the end
  (func (export "step-and-throw") (param i32)
    (if (i32.eqz (local.get 0)) (then (return_call $throw)))
    (return_call_indirect (param i32) (i32.sub (local.get 0) (i32.const 1)) (i32.const 1)))
)
(register "A" $A)

(module $B
  (type $step (func (param i32) (result i32 i64)))
  (import "A" "wide" (tag $wide (param i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64)))
  (import "A" "table" (table $table 2 2 funcref))
  (import "A" "step" (func $a-step (type $step)))
  (import "A" "step-and-throw" (func $a-throw (param i32)))
  (import "A" "throw" (func $throw))
  (import "spectest" "print_i32" (func $print (param i32)))
  (func $step (export "step") (type $step) (return_call $a-step (local.get 0)))
  (func $step-and-throw (export "step-and-throw") (param i32) (return_call $a-throw (local.get 0)))
  (elem (i32.const 0) $step $step-and-throw)
  (func (export "called") (param i32) (result i64 i32)
    (local i32 i64)
    (call $step (local.get 0)) (local.set 2) (local.set 1)
    (local.get 2) (local.get 1))
  (func (export "caught") (param i32) (result i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64)
    try (result i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64)
      (call $step-and-throw (local.get 0))
      (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0)
    catch $wide
    end)
  (func (export "caught-and-thrown-on") (param i32) (result i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64)
    try (result i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64)
      try
        (call $a-throw (local.get 0))
      catch_all
        (call $print (i32.const 1))
        rethrow 0
      end
      (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0)
    catch $wide
    end)
  (func (export "host-tail-call") (param i32) (return_call $print (local.get 0)))
)

(assert_return (invoke $A "step" (i32.const 200000)) (i32.const 42) (i64.const 43))
(assert_return (invoke $B "step" (i32.const 200001)) (i32.const 42) (i64.const 43))
(assert_return (invoke $B "called" (i32.const 200000)) (i64.const 43) (i32.const 42))
(assert_return (invoke $B "caught" (i32.const 200000))
  (i64.const 1) (i64.const 2) (i64.const 3) (i64.const 4) (i64.const 5) (i64.const 6) (i64.const 7) (i64.const 8) (i64.const 9) (i64.const 10) (i64.const 11) (i64.const 12) (i64.const 13) (i64.const 14) (i64.const 15) (i64.const 16) (i64.const 17) (i64.const 18) (i64.const 19) (i64.const 20))
(assert_return (invoke $B "caught-and-thrown-on" (i32.const 3))
  (i64.const 1) (i64.const 2) (i64.const 3) (i64.const 4) (i64.const 5) (i64.const 6) (i64.const 7) (i64.const 8) (i64.const 9) (i64.const 10) (i64.const 11) (i64.const 12) (i64.const 13) (i64.const 14) (i64.const 15) (i64.const 16) (i64.const 17) (i64.const 18) (i64.const 19) (i64.const 20))
(assert_return (invoke $B "host-tail-call" (i32.const 3)))
(assert_exception (invoke $B "step-and-throw" (i32.const 5)))
(assert_return (invoke $B "called" (i32.const 1)) (i64.const 43) (i32.const 42))
