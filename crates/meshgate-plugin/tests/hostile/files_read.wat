;; Reads the file of the folder `shared` that its settings name, and answers with the content, or with what was wrong.
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
(call $read (i32.const 1104) (i32.const 6) (local.get $settings) (local.get $settings-length) (i32.const 8192))
(if (result i32) (i32.eqz (i32.load8_u (i32.const 8192)))
  (then (call $say (i32.load (i32.const 8196)) (i32.load (i32.const 8200))))
  (else (block $failed (result i32) (block $large (block $kind (block $absent
      (br_table $absent $kind $large (i32.load8_u (i32.const 8196))) (unreachable))
    (br $failed (call $say (i32.const 1120) (i32.const 9))))
    (br $failed (call $say (i32.const 1136) (i32.const 10))))
    (call $say (i32.const 1152) (i32.const 9)))))
