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
    let hir = match name {
        "regex" | "idn-hostname" => None,
        "time" => time(),
        "date-time" => {
            parse(&format!("(?:{DATE})[Tt]")).zip(time()).map(|(date, time)| Hir::concat(vec![date, time]))
        }
        _ => match text(name) {
            Some(text) => parse(&text),
            None => return Format::Free,
        },
    };
    hir.map_or(Format::Irregular, Format::Regular)
}

fn parse(text: &str) -> Option<Hir> {
    regex_syntax::Parser::new().parse(text).ok()
}

/// The expression of a format, if it is one.
fn text(name: &str) -> Option<String> {
    Some(match name {
        "date" | "full-date" => DATE.to_owned(),
        "duration" => DURATION.to_owned(),
        "uuid" => "[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}".to_owned(),
        "ipv4" => ipv4(),
        "ipv6" => ipv6(),
        "hostname" => hostname(&LDH),
        "email" => email("", &hostname(&LDH)),
        "idn-email" => email(BEYOND_ASCII, &hostname(&UNICODE)),
        "uri" => uri(&URI),
        "uri-reference" => format!("(?:{})|(?:{})", uri(&URI), relative(&URI)),
        "iri" => uri(&IRI),
        "iri-reference" => format!("(?:{})|(?:{})", uri(&IRI), relative(&IRI)),
        "uri-template" => URI_TEMPLATE.to_owned(),
        "content: base64" => BASE64.to_owned(),
        "json-pointer" => POINTER.to_owned(),
        "relative-json-pointer" => format!("(?:0|[1-9][0-9]*)(?:#|{POINTER})"),
        _ => return None,
    })
}

/// RFC 3339, with its leap years.
const DATE: &str = "[0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])\
    |(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))\
    |(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29";
/// ISO 8601 as in the appendix of RFC 3339.
const DURATION: &str = "P(?:[0-9]+W|T(?:[0-9]+H(?:[0-9]+M(?:[0-9]+S)?)?|[0-9]+M(?:[0-9]+S)?|[0-9]+S)\
    |(?:[0-9]+Y(?:[0-9]+M(?:[0-9]+D)?)?|[0-9]+M(?:[0-9]+D)?|[0-9]+D)\
    (?:T(?:[0-9]+H(?:[0-9]+M(?:[0-9]+S)?)?|[0-9]+M(?:[0-9]+S)?|[0-9]+S))?)";
/// What a host's labels are made of: where they begin, within, and where they end.
struct Label {
    begins: &'static str,
    within: &'static str,
    ends: &'static str,
}

/// Letters, digits and inner hyphens.
const LDH: Label = Label { begins: "[a-zA-Z0-9]", within: "[a-zA-Z0-9-]", ends: "[a-zA-Z0-9]" };
/// The same of any script.
const UNICODE: Label =
    Label { begins: r"[\p{L}\p{N}]", within: r"[\p{L}\p{M}\p{N}-]", ends: r"[\p{L}\p{M}\p{N}]" };
/// Characters of email addresses beyond ASCII.
const BEYOND_ASCII: &str = r"\x{80}-\x{10ffff}";
/// RFC 4648, with its padding.
const BASE64: &str = "(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?";
const POINTER: &str = "(?:/(?:[^~/]|~[01])*)*";
const URI_TEMPLATE: &str = r#"(?:[^\x00-\x20"%<>\\^`{|}\x7f]|%[0-9a-fA-F]{2}|\{[+#./;?&=,!@|]?(?:[a-zA-Z0-9_]|%[0-9a-fA-F]{2})(?:\.?(?:[a-zA-Z0-9_]|%[0-9a-fA-F]{2}))*(?::[1-9][0-9]{0,3}|\*)?(?:,(?:[a-zA-Z0-9_]|%[0-9a-fA-F]{2})(?:\.?(?:[a-zA-Z0-9_]|%[0-9a-fA-F]{2}))*(?::[1-9][0-9]{0,3}|\*)?)*\})*"#;

/// Characters of an identifier of a resource beyond those of URIs, and those of its query alone.
struct Ucs {
    anywhere: &'static str,
    query: &'static str,
}

const URI: Ucs = Ucs { anywhere: "", query: "" };
/// RFC 3987.
const IRI: Ucs = Ucs {
    anywhere: r"\x{a0}-\x{d7ff}\x{f900}-\x{fdcf}\x{fdf0}-\x{ffef}\x{10000}-\x{1fffd}\x{20000}-\x{2fffd}\x{30000}-\x{3fffd}\x{40000}-\x{4fffd}\x{50000}-\x{5fffd}\x{60000}-\x{6fffd}\x{70000}-\x{7fffd}\x{80000}-\x{8fffd}\x{90000}-\x{9fffd}\x{a0000}-\x{afffd}\x{b0000}-\x{bfffd}\x{c0000}-\x{cfffd}\x{d0000}-\x{dfffd}\x{e1000}-\x{efffd}",
    query: r"\x{e000}-\x{f8ff}\x{f0000}-\x{ffffd}\x{100000}-\x{10fffd}",
};

/// A time with a zone. Leap seconds come at the end of a day in UTC, when it is another time elsewhere: they are known of zones
/// that differ from it by whole quarters of an hour, as all do. (Otherwise every minute of a day would have to be told apart.)
fn time() -> Option<Hir> {
    let second = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?";
    let mut ways = vec![parse(&format!("{second}(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"))?];
    let part = parse(r"(?:\.[0-9]+)?")?;
    let text = |text: String| Hir::literal(text.into_bytes());
    // As expressions these would take longer to read than to use.
    for hour in 0..24 {
        let minutes =
            [(59, 0, 0), (14, 15, 45), (29, 30, 30), (44, 45, 15)].map(|(minute, ahead, behind)| {
                let hour_ahead = if ahead == 0 { (hour + 1) % 24 } else { hour };
                let mut zones = vec![
                    text(format!("+{hour_ahead:02}:{ahead:02}")),
                    text(format!("-{:02}:{behind:02}", 23 - hour)),
                ];
                if (hour, minute) == (23, 59) {
                    zones.extend([text("Z".to_owned()), text("z".to_owned())]);
                }
                Hir::concat(vec![text(format!("{minute}:60")), part.clone(), Hir::alternation(zones)])
            });
        ways.push(Hir::concat(vec![text(format!("{hour:02}:")), Hir::alternation(minutes.into())]));
    }
    Some(Hir::alternation(ways))
}

/// Labels of at most 63 characters, and of [`LONGEST_HOSTNAME`] together. Two hyphens in the third place mean an A-label, which
/// is said to be Punycode. What decodes is no regular set, but what breaks off does not: the last character is a letter, and the
/// first that is coded takes three.
fn hostname(Label { begins, within, ends }: &Label) -> String {
    let longer = format!("{within}(?:{ends}{within}|-{ends}){within}{{0,58}}{ends}");
    let label = format!("{begins}(?:{ends}|{within}{ends}|{within}{within}{ends}|{longer})?");
    let a_label = "xn--[a-zA-Z0-9-]{2,58}[a-zA-Z]";
    format!(r"(?:{label}|{a_label})(?:\.(?:{label}|{a_label}))*")
}

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
fn email(more: &str, host: &str) -> String {
    let atom = format!("[a-zA-Z0-9!#$%&'*+/=?^_`{{|}}~{more}-]+");
    let quoted = format!(r#""(?:[\x20\x21\x23-\x5b\x5d-\x7e{more}]|\\[\x20-\x7e])*""#);
    let (v4, v6) = (ipv4(), ipv6());
    format!(r"(?:{atom}(?:\.{atom})*|{quoted})@(?:{host}|\[{v4}\]|\[IPv6:(?:{v6})\])")
}

/// RFC 3986 (3987 with more characters): a scheme and what it leads to.
fn uri(more: &Ucs) -> String {
    let Parts { hier, tail, .. } = parts(more);
    format!(r"[a-zA-Z][a-zA-Z0-9+.-]*:(?:{hier}){tail}")
}

fn relative(more: &Ucs) -> String {
    let Parts { relative, tail, .. } = parts(more);
    format!("(?:{relative}){tail}")
}

struct Parts {
    hier: String,
    relative: String,
    tail: String,
}

fn parts(more: &Ucs) -> Parts {
    let Ucs { anywhere, query } = more;
    let plain = format!("a-zA-Z0-9._~!$&'()*+,;={anywhere}-");
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
        tail: format!(r"(?:\?(?:[{query}:@/?{plain}]|{escape})*)?(?:#(?:[:@/?{plain}]|{escape})*)?"),
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
                &[
                    "08:30:06Z",
                    "23:59:60Z",
                    "12:00:00.52+01:30",
                    "15:59:60-08:00",
                    "01:29:60.5+01:30",
                    "23:29:60+23:30",
                    "00:29:60-23:30",
                    "00:59:60+01:00",
                    "05:44:60+05:45",
                    "23:59:60-00:00",
                ],
                &[
                    "24:00:00Z",
                    "08:30:06",
                    "8:30:06Z",
                    "23:59:60+01:00",
                    "22:59:60Z",
                    "23:58:60Z",
                    "23:59:60-00:30",
                    "01:29:60-01:30",
                ],
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
                &["a", "www.example.com", "xn--4gbwdl.xn--wgbh1c", "a--b.com", "ab-c", "a-b", "xn--ll-0ea"],
                &["-a", "a-", "a..b", ".", "a_b", "xn--X", "XN--aa---o47jg78q", "xn--", "ab--cd", "xn--ab-"],
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
            (
                "idn-email",
                &["δοκιμή@example.com", "\"δοκιμή\"@example.com", "실례@실례.테스트", "user@cafe\u{301}.com"],
                &["2962", "user＠example.com", "a@-b"],
            ),
            (
                "iri",
                &["http://ƒøø.ßår/?∂éœ=πîx#πîüx", "http://a/?q=\u{f0000}", "http://a/\u{e1000}"],
                &["/abc", "http://a/\u{f0000}", "http://a/\u{2fffe}", "http://a/#\u{e000}"],
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
                &["http://example.com/dictionary/{term:1}/{term}", "a{?x,y*}", "a'b"],
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
