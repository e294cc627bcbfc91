;; Grows a table instead.
;; @declare
(table $t 1 funcref)
;; @evaluate
(drop (table.grow $t (ref.null func) (i32.const 100000000))) (unreachable)
