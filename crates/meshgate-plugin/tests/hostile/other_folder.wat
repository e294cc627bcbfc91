;; Asks for a folder by a name that nobody granted.
;; @import
(import "meshgate:plugin/files@0.1.0" (instance $files
  (type $e (variant (case "not-found") (case "wrong-kind") (case "too-large") (case "failed" string)))
  (export "error" (type $error (eq $e)))
  (export "read" (func (param "folder" string) (param "path" string) (result (result (list u8) (error $error)))))))
;; @lower
(core func $read (canon lower (func $files "read") (memory $memory) (realloc $realloc)))
(core instance $host (export "read" (func $read)))
;; @with
(with "host" (instance $host))
;; @core-import
(import "host" "read" (func $read (param i32 i32 i32 i32 i32)))
;; @evaluate
(call $read (i32.const 1040) (i32.const 7) (local.get $settings) (local.get $settings-length) (i32.const 8192))
(i32.const 3072)
