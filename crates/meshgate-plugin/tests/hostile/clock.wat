;; Looks at the clock; answers with one finding if the century is right.
;; @import
(import "meshgate:plugin/clock@0.1.0" (instance $clock (export "now" (func (result u64)))))
;; @lower
(core func $now (canon lower (func $clock "now")))
(core instance $host (export "now" (func $now)))
;; @with
(with "host" (instance $host))
;; @core-import
(import "host" "now" (func $now (result i64)))
;; @evaluate
(if (i64.lt_u (call $now) (i64.const 1700000000000000000)) (then unreachable)) (i32.const 3072)
