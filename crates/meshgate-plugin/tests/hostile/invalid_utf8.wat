;; A message that is no text.
;; @evaluate
(call $say (i32.const 1088) (i32.const 3))
