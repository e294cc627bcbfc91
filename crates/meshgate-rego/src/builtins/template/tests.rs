//! What Go's templates render to, and what ours refuse. Deliberately absent: `text/template` itself to compare with.

use super::render;
use regorus::Value;

fn rendered(template: &str, data: &str) -> Result<String, String> {
    let value = render(&[Value::from(template), Value::from_json_str(data).unwrap()]);
    value.map(|value| value.as_string().unwrap().to_string()).map_err(|error| error.to_string())
}

#[test]
fn it_renders_as_go_does() {
    let data = r#"{"a": {"b": "x"}, "n": 3, "list": ["p", "q"], "empty": []}"#;
    for (template, wanted) in [
        ("{{.a.b}} {{ .n }}", "x 3"),
        ("{{if .empty}}yes{{else if .n}}n{{else}}no{{end}}", "n"),
        ("{{range $i, $v := .list}}{{if $i}}, {{end}}{{$v}}={{$.n}}{{end}}", "p=3, q=3"),
        ("{{range .empty}}x{{else}}none{{end}}", "none"),
        ("{{with .a}}{{.b}}{{end}}", "x"),
        ("a  {{- /* c */ -}}  b", "ab"),
        ("{{printf \"%03d\" .n}} {{len .list}} {{index .list 1}} {{(index .list 0)}}", "003 2 q p"),
        ("{{if and (gt .n 2) (eq .a.b \"x\" \"y\")}}ok{{end}}", "ok"),
        ("{{$x := .n}}{{range .list}}{{$x = .}}{{end}}{{$x}}", "q"),
        ("{{.list}} {{.missing}}", "[p q] <undefined>"),
        ("{{.n | printf \"%d!\"}}", "3!"),
        ("{{`raw`}}{{\"a\\tb\"}}", "rawa\tb"),
    ] {
        assert_eq!(rendered(template, data).as_deref(), Ok(wanted), "{template}");
    }
}

#[test]
fn what_it_cannot_do_is_an_error() {
    for template in
        ["{{define \"x\"}}{{end}}", "{{nope .}}", "{{if .a}}", "{{end}}", "{{.a", "{{$y}}", "{{.n.x}}", "{{(.a}}"]
    {
        assert!(rendered(template, r#"{"a": 1, "n": 3}"#).is_err(), "{template}");
    }
}

#[test]
fn nested_ranges_are_bounded() {
    let list = format!("{{\"l\": [{}0]}}", "0,".repeat(999));
    let said = rendered("{{range $.l}}{{range $.l}}{{range $.l}}x{{end}}{{end}}{{end}}", &list);
    assert!(said.unwrap_err().contains("more than 1000000 steps"));
}
