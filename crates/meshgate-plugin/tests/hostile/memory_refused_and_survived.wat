;; Is refused memory and goes on, as a program does that catches the error: it may have judged with half of its eyes.
;; @evaluate
(drop (memory.grow (i32.const 1000))) (i32.const 3072)
