;; Never comes back.
;; @evaluate
(loop $l (br $l)) (unreachable)
