;; Does what it should: one finding. It runs beside every other, and must not be harmed.
;; @evaluate
(i32.const 3072)
