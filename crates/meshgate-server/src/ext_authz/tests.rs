//! Which request a proxy means, and paths that could be read in several ways.
//!
//! Deliberately absent: proxies; they are in the black-box tests.

use super::*;

fn meant(path: &str, headers: &[(&'static str, &str)]) -> Result<String, String> {
    let mut map = HeaderMap::new();
    // Every proxy says the method, but where a test says that it does not.
    let methods = GETS.iter().filter(|(name, _)| {
        let uri = name.replace("method", "uri");
        headers.iter().any(|(known, _)| *known == uri) && !headers.iter().any(|(known, _)| known == name)
    });
    for (name, value) in headers.iter().chain(methods) {
        map.append(*name, HeaderValue::from_bytes(value.as_bytes()).expect("a header"));
    }
    asked(&map, &Method::GET, path, None).map(|asked| format!("{} {}", asked.method, asked.uri))
}

const ORIGINAL: (&str, &str) = ("x-original-uri", "/orders");
const FORWARDED: (&str, &str) = ("x-forwarded-uri", "/public");
const GETS: [(&str, &str); 2] = [("x-original-method", "GET"), ("x-forwarded-method", "GET")];

#[test]
fn a_named_proxy_is_believed_in_its_own_headers_alone() {
    assert_eq!(meant("/ext-authz/nginx", &[ORIGINAL, FORWARDED]).as_deref(), Ok("GET /orders"));
    assert_eq!(meant("/ext-authz/caddy", &[ORIGINAL, FORWARDED]).as_deref(), Ok("GET /public"));
    assert_eq!(
        meant("/ext-authz/traefik", &[FORWARDED, ("x-forwarded-method", "post")]).as_deref(),
        Ok("POST /public")
    );
    assert_eq!(meant("/ext-authz/envoy/orders/1", &[FORWARDED]).as_deref(), Ok("GET /orders/1"));
    assert!(meant("/ext-authz/nginx", &[FORWARDED]).is_err());
    assert!(meant("/ext-authz/caddy", &[FORWARDED, ("x-forwarded-uri", "/other")]).is_err());
    // A header that is no text is there, and a method that is not there is no read.
    assert!(meant("/ext-authz", &[("x-original-uri", "/orders/é"), FORWARDED]).is_err());
    assert!(meant("/ext-authz/nginx", &[ORIGINAL, ("x-original-method", "é")]).is_err());
    let mut map = HeaderMap::new();
    map.insert("x-original-uri", HeaderValue::from_static("/orders"));
    assert!(asked(&map, &Method::GET, "/ext-authz/nginx", None).is_err());
}

#[test]
fn without_a_name_one_source_is_taken_and_two_are_refused() {
    assert_eq!(meant("/ext-authz", &[ORIGINAL]).as_deref(), Ok("GET /orders"));
    assert_eq!(meant("/ext-authz/orders", &[]).as_deref(), Ok("GET /orders"));
    assert!(meant("/ext-authz", &[ORIGINAL, FORWARDED]).is_err());
    assert!(meant("/ext-authz/orders", &[FORWARDED]).is_err());
    assert!(meant("/ext-authz", &[]).is_err());
}

#[test]
fn a_path_that_can_be_read_in_several_ways_is_refused() {
    for path in [
        "/a/../b",
        "/a/./b",
        "/a//b",
        "/a%2fb",
        "/a%2Fb",
        "/a/%2e%2e/b",
        "/a\\b",
        "/a;x=1/b",
        "/a%5cb",
        "/a%00",
        "/%ff",
        "a/b",
        "/a%252fb",
        "",
    ] {
        assert!(Address::read(path).is_err(), "{path}");
    }
    for address in ["/a#/../b", "http://h?/a", "http://h#/a", "http://h"] {
        assert!(Address::read(address).is_err(), "{address}");
    }
    let address = Address::read("https://host/a%20b/c/?x=1&x=2").expect("an address");
    assert_eq!(address.steps, ["a b", "c"]);
    assert_eq!(address.query.get("x"), Some(&vec!["1".to_owned(), "2".to_owned()]));
    assert_eq!(Address::read("/").map(|address| address.steps.len()), Ok(0));
}

#[test]
fn only_true_allows_and_a_denial_never_looks_like_success() {
    for value in [json!(null), json!("true"), json!(1), json!({}), json!({"allowed": "true"}), json!([true])] {
        assert!(!Answer::of(&value).allowed, "{value}");
    }
    let answer = Answer::of(&json!({"allowed": false, "http_status": 200}));
    assert_eq!((answer.allowed, answer.status), (false, StatusCode::FORBIDDEN));
    assert_eq!(Answer::of(&json!({"allowed": false, "http_status": 429})).status, StatusCode::TOO_MANY_REQUESTS);
    let answer = Answer::of(&json!({"allowed": true, "obligations": {"masks": [{"column": "grün\n"}]}}));
    let masks = answer.headers.iter().find(|(name, _)| name == MASKS).map(|(_, value)| value.to_str().expect("ASCII"));
    assert_eq!(masks, Some(r#"[{"column":"gr\u00fcn\n"}]"#));
    for obligations in [json!({"mask": []}), json!({"masks": null}), json!([]), json!({"masks": {}})] {
        assert!(!Answer::of(&json!({"allowed": true, "obligations": obligations})).allowed, "{obligations}");
    }
    assert!(!Answer::of(&json!({"allowed": true, "headers": {"a b": "x"}})).allowed);
    let long = "x".repeat(HEADER_MAX);
    assert!(!Answer::of(&json!({"allowed": true, "obligations": {"duties": [{"kind": long}]}})).allowed);
}
