;; A whole plugin by hand, so that hostile ones need no toolchain. The tests put code in place of the three marks:
;; `;;DECLARE` (imports, globals, functions, start), `;;EVALUATE` (the body of evaluate, leaving a pointer to its result)
;; and `;;IMPORT` (imports of the component).
(component
  ;;IMPORT
  (import "meshgate:plugin/types@0.1.0" (instance $types
    (type $s (enum "error" "warning" "info")) (export "severity" (type $severity (eq $s)))
    (type $r (record (field "id" string) (field "title" string) (field "description" string) (field "severity" $severity)
      (field "remedy" (option string)) (field "applies-to" (list string))))
    (export "rule" (type $rule (eq $r)))
    (type $d (record (field "id" string) (field "version" string) (field "rules" (list $rule))
      (field "settings-schema" (option string)) (field "capabilities" (list string))))
    (export "description" (type $description (eq $d)))
    (type $l (record (field "pointer" string) (field "message" string))) (export "related" (type $related (eq $l)))
    (type $f (record (field "rule" string) (field "pointer" string) (field "message" string) (field "label" (option string))
      (field "related" (list $related)) (field "fix" (option string))))
    (export "finding" (type $finding (eq $f)))))
  (alias export $types "description" (type $description))
  (alias export $types "finding" (type $finding))
  (core module $guest
    (memory (export "memory") 16)
    (global $top (mut i32) (i32.const 65536))
    (data (i32.const 1024) "hostile.test")            ;; rule id, 12 bytes
    (data (i32.const 1040) "hostile")                 ;; plugin id, 7 bytes
    (data (i32.const 1056) "0.1.0")                   ;; version, 5 bytes
    (data (i32.const 1072) "a message")               ;; message, 9 bytes
    (data (i32.const 1088) "\ff\fe\fd")               ;; invalid UTF-8, 3 bytes
    ;; one rule at 2048 (48 bytes): id, title, description, severity, remedy, applies-to
    (data (i32.const 2048) "\00\04\00\00\0c\00\00\00" "\30\04\00\00\09\00\00\00" "\30\04\00\00\09\00\00\00" "\01\00\00\00"
      "\00\00\00\00\00\00\00\00\00\00\00\00" "\00\00\00\00\00\00\00\00")
    ;; the description at 2112 (44 bytes): id, version, rules, settings-schema, capabilities
    (data (i32.const 2112) "\10\04\00\00\07\00\00\00" "\20\04\00\00\05\00\00\00" "\00\08\00\00\01\00\00\00"
      "\00\00\00\00\00\00\00\00\00\00\00\00" "\00\00\00\00\00\00\00\00")
    ;; one finding at 4096 (56 bytes): rule, pointer, message, label, related, fix
    (data (i32.const 4096) "\00\04\00\00\0c\00\00\00" "\00\00\00\00\00\00\00\00" "\30\04\00\00\09\00\00\00")
    ;; Ok([that finding]) at 3072, Ok(()) at 3104
    (data (i32.const 3072) "\00\00\00\00\00\10\00\00\01\00\00\00")
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
      (local.set $at (i32.and (i32.add (global.get $top) (i32.const 7)) (i32.const -8)))
      (global.set $top (i32.add (local.get $at) (local.get 3)))
      (local.get $at))
    ;;DECLARE
    (func (export "describe") (result i32) (i32.const 2112))
    (func (export "validate") (param i32 i32) (result i32) (i32.const 3104))
    (func (export "evaluate") (param i32 i32 i32 i32) (result i32)
      ;;EVALUATE
    ))
  (core instance $guest (instantiate $guest))
  (alias core export $guest "memory" (core memory $memory))
  (alias core export $guest "realloc" (core func $realloc))
  (func (export "describe") (result $description)
    (canon lift (core func $guest "describe") (memory $memory)))
  (func (export "validate-settings") (param "settings" string) (result (result (error string)))
    (canon lift (core func $guest "validate") (memory $memory) (realloc $realloc)))
  (func (export "evaluate") (param "input" string) (param "settings" string) (result (result (list $finding) (error string)))
    (canon lift (core func $guest "evaluate") (memory $memory) (realloc $realloc))))
