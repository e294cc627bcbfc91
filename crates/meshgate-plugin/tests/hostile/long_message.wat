;; A message of 30,000 bytes, which a report would keep for every descriptor.
;; @evaluate
(call $say (i32.const 8192) (i32.const 30000))
