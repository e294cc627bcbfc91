;; Asks for four thousand million random bytes.
;; @import
(import "meshgate:plugin/random@0.1.0" (instance $random
  (export "bytes" (func (param "length" u32) (result (list u8))))))
;; @lower
(core func $bytes (canon lower (func $random "bytes") (memory $memory) (realloc $realloc)))
(core instance $host (export "bytes" (func $bytes)))
;; @with
(with "host" (instance $host))
;; @core-import
(import "host" "bytes" (func $bytes (param i32 i32)))
;; @evaluate
(call $bytes (i32.const -1) (i32.const 8192)) (i32.const 3072)
