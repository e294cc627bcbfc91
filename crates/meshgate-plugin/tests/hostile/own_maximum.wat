;; Grows a table beyond the maximum that it declared itself, and goes on: it may have judged with half of its eyes.
;; @declare
(table $t 1 10 funcref)
;; @evaluate
(drop (table.grow $t (ref.null func) (i32.const 100))) (i32.const 3072)
