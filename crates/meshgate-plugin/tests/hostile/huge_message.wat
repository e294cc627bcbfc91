;; A message of 900,000 bytes.
;; @evaluate
(call $say (i32.const 1024) (i32.const 900000))
