;; A list of a million findings; they all lie in the same few pages, so it costs the guest nothing.
;; @evaluate
(i32.store (i32.const 3080) (i32.const 1000000)) (i32.const 3072)
