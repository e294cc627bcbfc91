;; Its findings lie where there is no memory.
;; @evaluate
(i32.store (i32.const 3076) (i32.const 2000000000)) (i32.const 3072)
