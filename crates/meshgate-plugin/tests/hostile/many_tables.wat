;; Two tables that are each within bounds and together are not.
;; @declare
(table $t 60000 funcref) (table $u 60000 funcref)
;; @evaluate
(i32.const 3072)
