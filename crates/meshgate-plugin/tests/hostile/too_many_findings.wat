;; More findings than are taken, each of them well formed: the same one a thousand times, 56 bytes apart.
;; @declare
(func $copies (local $i i32)
  (loop $l
    (memory.copy (i32.add (i32.const 200000) (i32.mul (local.get $i) (i32.const 56))) (i32.const 4096) (i32.const 56))
    (local.set $i (i32.add (local.get $i) (i32.const 1)))
    (br_if $l (i32.lt_u (local.get $i) (i32.const 1000)))))
;; @evaluate
(call $copies) (i32.store (i32.const 3076) (i32.const 200000)) (i32.store (i32.const 3080) (i32.const 1000)) (i32.const 3072)
