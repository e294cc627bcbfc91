;; Reads data while it describes itself: what it says then is kept, so it must not depend on anything.
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
;; @describe
(call $read (i32.const 1104) (i32.const 6) (i32.const 8192))
;; @evaluate
(i32.const 3072)
