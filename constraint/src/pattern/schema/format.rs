//! The formats that strings can have, as the drafts define them.

use regex_syntax::hir::Hir;

/// What is known of a format.
pub(super) enum Format {
    /// An invention of its author's, or a note about a type: it says nothing.
    Free,
    /// The strings of the format.
    Regular(Hir),
    /// There is no automaton of its strings.
    Irregular,
}

/// Characters of a host's name, with its dots (RFC 1123).
const LONGEST_HOSTNAME: u32 = 253;

/// How many characters a format's strings have at most, where its expression does not say so.
pub(super) fn longest(name: &str) -> Option<u32> {
    (name == "hostname").then_some(LONGEST_HOSTNAME)
}

/// What a format's name means.
pub(super) fn expression(name: &str) -> Format {
    let text = match name {
        "date" | "full-date" => DATE.to_owned(),
        "time" => TIME.to_owned(),
        "date-time" => format!("(?:{DATE})[Tt](?:{TIME})"),
        "duration" => DURATION.to_owned(),
        "uuid" => "[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}".to_owned(),
        "ipv4" => ipv4(),
        "ipv6" => ipv6(),
        "hostname" => HOSTNAME.to_owned(),
        "email" => email(ATOM, HOSTNAME),
        "idn-email" => email(IDN_ATOM, IDN_HOSTNAME),
        "uri" => uri(""),
        "uri-reference" => format!("(?:{})|(?:{})", uri(""), relative("")),
        "iri" => uri(UCS),
        "iri-reference" => format!("(?:{})|(?:{})", uri(UCS), relative(UCS)),
        "uri-template" => URI_TEMPLATE.to_owned(),
        "content: base64" => BASE64.to_owned(),
        "json-pointer" => POINTER.to_owned(),
        "relative-json-pointer" => format!("(?:0|[1-9][0-9]*)(?:#|{POINTER})"),
        "regex" | "idn-hostname" => return Format::Irregular,
        _ => return Format::Free,
    };
    match regex_syntax::Parser::new().parse(&text) {
        Ok(hir) => Format::Regular(hir),
        Err(_) => Format::Irregular,
    }
}

/// RFC 3339, with its leap years.
const DATE: &str = "[0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])\
    |(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))\
    |(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29";
/// With a zone. Leap seconds come at the end of a day in UTC, and are written so here.
const TIME: &str = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])|23:59:60(?:\.[0-9]+)?(?:[Zz]|[+-]00:00)";
/// ISO 8601 as in the appendix of RFC 3339.
const DURATION: &str = "P(?:[0-9]+W|T(?:[0-9]+H(?:[0-9]+M(?:[0-9]+S)?)?|[0-9]+M(?:[0-9]+S)?|[0-9]+S)\
    |(?:[0-9]+Y(?:[0-9]+M(?:[0-9]+D)?)?|[0-9]+M(?:[0-9]+D)?|[0-9]+D)\
    (?:T(?:[0-9]+H(?:[0-9]+M(?:[0-9]+S)?)?|[0-9]+M(?:[0-9]+S)?|[0-9]+S))?)";
/// Labels of letters, digits and inner hyphens, of at most [`LONGEST_HOSTNAME`] characters together.
const HOSTNAME: &str =
    r"[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*";
const IDN_HOSTNAME: &str = r"[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}-]{0,61}[\p{L}\p{M}\p{N}])?(?:\.[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}-]{0,61}[\p{L}\p{M}\p{N}])?)*";
const ATOM: &str = "[a-zA-Z0-9!#$%&'*+/=?^_`{|}~-]+";
const IDN_ATOM: &str = r"[a-zA-Z0-9!#$%&'*+/=?^_`{|}~\x{80}-\x{10ffff}-]+";
/// RFC 4648, with its padding.
const BASE64: &str = "(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?";
const POINTER: &str = "(?:/(?:[^~/]|~[01])*)*";
const URI_TEMPLATE: &str = r#"(?:[^\x00-\x20"'%<>\\^`{|}\x7f]|%[0-9a-fA-F]{2}|\{[+#./;?&=,!@|]?(?:[a-zA-Z0-9_]|%[0-9a-fA-F]{2})(?:\.?(?:[a-zA-Z0-9_]|%[0-9a-fA-F]{2}))*(?::[1-9][0-9]{0,3}|\*)?(?:,(?:[a-zA-Z0-9_]|%[0-9a-fA-F]{2})(?:\.?(?:[a-zA-Z0-9_]|%[0-9a-fA-F]{2}))*(?::[1-9][0-9]{0,3}|\*)?)*\})*"#;
/// Characters beyond ASCII that IRIs may have.
const UCS: &str = r"\x{a0}-\x{d7ff}\x{f900}-\x{fdcf}\x{fdf0}-\x{ffef}\x{10000}-\x{1fffd}\x{20000}-\x{e0fff}";

fn ipv4() -> String {
    let octet = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
    format!(r"(?:{octet}\.){{3}}{octet}")
}

/// RFC 3986, by where `::` stands.
fn ipv6() -> String {
    let (group, v4) = ("[0-9a-fA-F]{1,4}", ipv4());
    let last = format!("(?:{group}:{group}|{v4})");
    let mut forms = vec![format!("(?:{group}:){{6}}{last}"), format!("::(?:{group}:){{5}}{last}")];
    for after in (0..=4).rev() {
        let before = 4 - after;
        forms.push(format!("(?:(?:{group}:){{0,{before}}}{group})?::(?:{group}:){{{after}}}{last}"));
    }
    forms.push(format!("(?:(?:{group}:){{0,5}}{group})?::{group}"));
    forms.push(format!("(?:(?:{group}:){{0,6}}{group})?::"));
    forms.join("|")
}

/// RFC 5321: dotted atoms or a quoted string, at a host or an address. The bounds of 64 characters before the `@` and of 253
/// behind it are not asked for: they are about parts, and only a whole text is counted.
fn email(atom: &str, host: &str) -> String {
    let quoted = r#""(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\[\x20-\x7e])*""#;
    let (v4, v6) = (ipv4(), ipv6());
    format!(r"(?:{atom}(?:\.{atom})*|{quoted})@(?:{host}|\[{v4}\]|\[IPv6:(?:{v6})\])")
}

/// RFC 3986 (3987 with `more` characters): a scheme and what it leads to.
fn uri(more: &str) -> String {
    let Parts { hier, tail, .. } = parts(more);
    format!(r"[a-zA-Z][a-zA-Z0-9+.-]*:(?:{hier}){tail}")
}

fn relative(more: &str) -> String {
    let Parts { relative, tail, .. } = parts(more);
    format!("(?:{relative}){tail}")
}

struct Parts {
    hier: String,
    relative: String,
    tail: String,
}

fn parts(more: &str) -> Parts {
    let plain = format!("a-zA-Z0-9._~!$&'()*+,;={more}-");
    let escape = "%[0-9a-fA-F]{2}";
    let segment = format!("(?:[:@{plain}]|{escape})*");
    let first = format!("(?:[:@{plain}]|{escape})+");
    let no_colon = format!("(?:[@{plain}]|{escape})+");
    let v6 = ipv6();
    let literal = format!(r"\[(?:{v6}|[vV][0-9a-fA-F]+\.[:{plain}]+)\]");
    let authority =
        format!("(?:(?:[:{plain}]|{escape})*@)?(?:{literal}|(?:[{plain}]|{escape})*)(?::[0-9]*)?");
    let rooted = format!("//{authority}(?:/{segment})*|/(?:{first}(?:/{segment})*)?");
    Parts {
        hier: format!("{rooted}|(?:{first}(?:/{segment})*)?"),
        relative: format!("{rooted}|(?:{no_colon}(?:/{segment})*)?"),
        tail: format!(r"(?:\?(?:[:@/?{plain}]|{escape})*)?(?:#(?:[:@/?{plain}]|{escape})*)?"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admits(name: &str, text: &str) -> bool {
        let Format::Regular(hir) = expression(name) else { panic!("{name} is regular") };
        regex::Regex::new(&format!("^(?:{hir})$")).expect("a regex").is_match(text)
    }

    #[test]
    fn formats_hold_what_the_standards_say() {
        let cases: &[(&str, &[&str], &[&str])] = &[
            (
                "date",
                &["2024-02-29", "1999-12-31", "2000-02-29"],
                &["2023-02-29", "1900-02-29", "2024-13-01", "24-01-01"],
            ),
            (
                "time",
                &["08:30:06Z", "23:59:60Z", "12:00:00.52+01:30"],
                &["24:00:00Z", "08:30:06", "8:30:06Z", "23:59:60+01:00"],
            ),
            (
                "date-time",
                &["1990-12-31T23:59:59Z", "1963-06-19t08:30:06.28z"],
                &["1990-02-31T15:59:59.123-08:00", "1990-12-31"],
            ),
            (
                "duration",
                &["P4DT12H30M5S", "P1Y", "PT0S", "P4W"],
                &["P", "PT", "P1", "4DT12H", "P1YT", "P1D2H"],
            ),
            ("ipv4", &["192.168.0.1", "0.0.0.0"], &["256.0.0.1", "1.2.3", "01.2.3.4"]),
            (
                "ipv6",
                &["::1", "::", "12:34:56:78:9a:bc:de:f0", "1::d6:192.168.0.1", "::42:ff:1"],
                &["12345::", "1:2", "::1::", ":::", "1:2:3:4:5:6:7:8:9"],
            ),
            (
                "hostname",
                &["a", "www.example.com", "xn--4gbwdl.xn--wgbh1c"],
                &["-a", "a-", "a..b", ".", "a_b"],
            ),
            (
                "email",
                &[
                    "joe.bloggs@example.com",
                    "te~st@example.com",
                    "\"joe bloggs\"@example.com",
                    "joe@[127.0.0.1]",
                ],
                &["2962", ".test@example.com", "te..st@example.com", "joe@in valid"],
            ),
            (
                "uri",
                &["http://foo.bar/?baz=qux#quux", "urn:oasis:names", "http://[2001::1]:80/a", "mailto:a@b"],
                &["//foo.bar", "/abc", "http:// x", "bar,baz:foo", "http://a b"],
            ),
            ("uri-reference", &["/abc", "abc", "#frag", "//foo/bar", ""], &["\\\\WINDOWS", "#frag\\ment"]),
            (
                "uuid",
                &["2EB8AA08-AA98-11EA-B4AA-73B441D16380"],
                &["2eb8aa08-aa98-11ea-b4aa-73b441d1638", "2eb8aa08aa9811eab4aa73b441d16380"],
            ),
            ("json-pointer", &["", "/foo/bar~0/baz~1/%a", "/"], &["/foo/bar~", "a", "~0"]),
            ("relative-json-pointer", &["1", "0/foo/bar", "0#"], &["/foo", "-1/a", "01/a", "0##"]),
            (
                "uri-template",
                &["http://example.com/dictionary/{term:1}/{term}", "a{?x,y*}"],
                &["http://example.com/{term", "a}"],
            ),
        ];
        for (name, good, bad) in cases {
            for text in *good {
                assert!(admits(name, text), "{name}: {text:?} is one");
            }
            for text in *bad {
                assert!(!admits(name, text), "{name}: {text:?} is none");
            }
        }
    }
}
