;; A whole plugin by hand, so that hostile ones need no toolchain: README.md says how the other files are put into it.
(component
  (import "meshgate:plugin/types@0.1.0" (instance $types
    (type $s (enum "error" "warning" "info")) (export "severity" (type $severity (eq $s)))
    (type $r (record (field "id" string) (field "title" string) (field "description" string) (field "severity" $severity)
      (field "remedy" (option string)) (field "related" (list string)) (field "applies-to" (list string))))
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
  ;; @import: component imports

  ;; The memory has a module of its own, since host functions are lowered before the guest is there.
  (core module $heap
    (memory (export "memory") 16)
    (global $top (mut i32) (i32.const 65536))
    (data (i32.const 1024) "hostile.test")            ;; rule id, 12 bytes
    (data (i32.const 1040) "hostile")                 ;; plugin id, 7 bytes
    (data (i32.const 1056) "0.1.0")                   ;; version, 5 bytes
    (data (i32.const 1072) "a message")               ;; message, 9 bytes
    (data (i32.const 1088) "\ff\fe\fd")               ;; invalid UTF-8, 3 bytes
    (data (i32.const 1104) "shared")                  ;; the name of a granted folder, 6 bytes
    (data (i32.const 1120) "not found")               ;; 9 bytes
    (data (i32.const 1136) "wrong kind")              ;; 10 bytes
    (data (i32.const 1152) "too large")               ;; 9 bytes
    (data (i32.const 1168) "failed")                  ;; 6 bytes
    (data (i32.const 1184) "nothing")                 ;; 7 bytes
    ;; one rule at 2048 (56 bytes): id, title, description, severity, remedy, related, applies-to
    (data (i32.const 2048) "\00\04\00\00\0c\00\00\00" "\30\04\00\00\09\00\00\00" "\30\04\00\00\09\00\00\00" "\01\00\00\00"
      "\00\00\00\00\00\00\00\00\00\00\00\00" "\00\00\00\00\00\00\00\00" "\00\00\00\00\00\00\00\00")
    ;; the description at 2112 (44 bytes): id, version, rules, settings-schema, capabilities
    (data (i32.const 2112) "\10\04\00\00\07\00\00\00" "\20\04\00\00\05\00\00\00" "\00\08\00\00\01\00\00\00"
      "\00\00\00\00\00\00\00\00\00\00\00\00" "\00\00\00\00\00\00\00\00")
    ;; one finding at 4096 (56 bytes): rule, pointer, message (at 4112), label, related, fix
    (data (i32.const 4096) "\00\04\00\00\0c\00\00\00" "\00\00\00\00\00\00\00\00" "\30\04\00\00\09\00\00\00")
    ;; Ok([that finding]) at 3072, Ok(()) at 3104
    (data (i32.const 3072) "\00\00\00\00\00\10\00\00\01\00\00\00")
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
      (local.set $at (i32.and (i32.add (global.get $top) (i32.const 7)) (i32.const -8)))
      (global.set $top (i32.add (local.get $at) (local.get 3)))
      (local.get $at)))
  (core instance $heap (instantiate $heap))
  (alias core export $heap "memory" (core memory $memory))
  (alias core export $heap "realloc" (core func $realloc))
  ;; @lower: host functions, and (core instance $host (export "name" (func $name)) …)

  (core module $guest
    (import "heap" "memory" (memory 16))
    ;; @core-import: the guest's imports

    ;; Answers with the one finding, its message being what lies there.
    (func $say (param $at i32) (param $length i32) (result i32)
      (i32.store (i32.const 4112) (local.get $at))
      (i32.store (i32.const 4116) (local.get $length))
      (i32.const 3072))
    ;; @declare: globals, tables, functions, start

    (func (export "describe") (result i32)
      ;; @describe: anything that comes before the answer
      (i32.const 2112))
    (func (export "validate") (param i32 i32) (result i32)
      ;; @validate: anything that comes before the answer
      (i32.const 3104))
    (func (export "evaluate") (param $input i32) (param $input-length i32) (param $settings i32) (param $settings-length i32)
      (result i32)
      ;; @evaluate: leaves the address of the result
    ))
  (core instance $guest (instantiate $guest (with "heap" (instance $heap)) ;; @with: (with "host" (instance $host))
  ))
  (func (export "describe") (result $description)
    (canon lift (core func $guest "describe") (memory $memory)))
  (func (export "validate-settings") (param "settings" string) (result (result (error string)))
    (canon lift (core func $guest "validate") (memory $memory) (realloc $realloc)))
  (func (export "evaluate") (param "input" string) (param "settings" string) (result (result (list $finding) (error string)))
    (canon lift (core func $guest "evaluate") (memory $memory) (realloc $realloc))))
