;; Reads the data at the path that its settings name, and answers with it.
;; @import
(import "meshgate:plugin/data@0.1.0" (instance $data
  (export "read" (func (param "path" string) (result (option string))))))
;; @lower
(core func $read (canon lower (func $data "read") (memory $memory) (realloc $realloc)))
(core instance $host (export "read" (func $read)))
;; @with
(with "host" (instance $host))
;; @core-import
(import "host" "read" (func $read (param i32 i32 i32)))
;; @evaluate
(call $read (local.get $settings) (local.get $settings-length) (i32.const 8192))
(if (result i32) (i32.load8_u (i32.const 8192))
  (then (call $say (i32.load (i32.const 8196)) (i32.load (i32.const 8200))))
  (else (call $say (i32.const 1184) (i32.const 7))))
