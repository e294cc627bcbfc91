;; Was built against a contract that this host does not know yet.
;; @import
(import "meshgate:plugin/host@0.2.0" (instance))
;; @evaluate
(i32.const 3072)
