;; Wants an interface that the contract does not have.
;; @import
(import "meshgate:plugin/network@0.1.0" (instance))
;; @evaluate
(i32.const 3072)
