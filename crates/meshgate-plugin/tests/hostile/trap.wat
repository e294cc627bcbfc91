;; Stops itself.
;; @evaluate
(unreachable)
