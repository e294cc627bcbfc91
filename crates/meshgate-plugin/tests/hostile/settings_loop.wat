;; Never accepts its settings.
;; @validate
(loop $l (br $l))
;; @evaluate
(i32.const 3072)
