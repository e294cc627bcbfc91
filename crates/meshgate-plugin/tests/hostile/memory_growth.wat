;; Takes memory until it is refused, and aborts, as an allocator does.
;; @evaluate
(loop $l (br_if $l (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) (unreachable)
