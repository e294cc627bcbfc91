;; Speaks for a rule that it did not describe.
;; @evaluate
(i32.store8 (i32.const 1024) (i32.const 120)) (i32.const 3072)
