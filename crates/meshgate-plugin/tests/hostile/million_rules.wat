;; Describes a million rules.
;; @describe
(i32.store (i32.const 2132) (i32.const 1000000))
;; @evaluate
(i32.const 3072)
