;; Never gets to the point of being asked.
;; @declare
(func $s (loop $l (br $l))) (start $s)
;; @evaluate
(i32.const 3072)
