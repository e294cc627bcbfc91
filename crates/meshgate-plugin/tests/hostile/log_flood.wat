;; Writes to its log for ever.
;; @import
(import "meshgate:plugin/host@0.1.0" (instance $log
  (type $l (enum "debug" "info" "warning" "error")) (export "level" (type $level (eq $l)))
  (export "log" (func (param "level" $level) (param "message" string)))))
;; @lower
(core func $log (canon lower (func $log "log") (memory $memory)))
(core instance $host (export "log" (func $log)))
;; @with
(with "host" (instance $host))
;; @core-import
(import "host" "log" (func $log (param i32 i32 i32)))
;; @evaluate
(loop $l (call $log (i32.const 1) (i32.const 8192) (i32.const 200)) (br $l)) (unreachable)
