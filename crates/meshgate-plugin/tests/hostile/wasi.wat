;; Wants the environment.
;; @import
(import "wasi:cli/environment@0.2.0" (instance))
;; @evaluate
(i32.const 3072)
