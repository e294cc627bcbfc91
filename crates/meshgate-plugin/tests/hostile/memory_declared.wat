;; Wants 512 MiB before it says a word.
;; @import
(core module $glutton (memory 8192))
(core instance (instantiate $glutton))
;; @evaluate
(i32.const 3072)
