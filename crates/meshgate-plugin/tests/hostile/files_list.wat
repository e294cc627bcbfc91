;; Lists the folder of `shared` that its settings name, and answers with the first name.
;; @import
(import "meshgate:plugin/files@0.1.0" (instance $files
  (type $e (variant (case "not-found") (case "wrong-kind") (case "too-large") (case "failed" string)))
  (export "error" (type $error (eq $e)))
  (type $n (record (field "name" string) (field "is-folder" bool) (field "size" u64)))
  (export "entry" (type $entry (eq $n)))
  (export "list" (func (param "folder" string) (param "path" string) (result (result (list $entry) (error $error)))))))
;; @lower
(core func $list (canon lower (func $files "list") (memory $memory) (realloc $realloc)))
(core instance $host (export "list" (func $list)))
;; @with
(with "host" (instance $host))
;; @core-import
(import "host" "list" (func $list (param i32 i32 i32 i32 i32)))
;; @evaluate
(call $list (i32.const 1104) (i32.const 6) (local.get $settings) (local.get $settings-length) (i32.const 8192))
(if (result i32) (i32.eqz (i32.load8_u (i32.const 8192)))
  (then (call $say (i32.load (i32.load (i32.const 8196))) (i32.load offset=4 (i32.load (i32.const 8196)))))
  (else (call $say (i32.const 1168) (i32.const 6))))
