;; Calls itself until there is no stack.
;; @declare
(func $deep (param i32) (result i32) (i32.add (call $deep (local.get 0)) (i32.const 1)))
;; @evaluate
(call $deep (i32.const 0))
