//! The types of the prelude admit what their names say, and nothing else.
#![allow(clippy::unwrap_used)]

use agentc_compiler::builtin::ALIASES;
use agentc_constraint::spec::Spec;
use agentc_constraint::{Limits, Pattern, build};

fn pattern(name: &str) -> Pattern {
    let (_, pattern) = ALIASES.iter().find(|(alias, _)| *alias == name).unwrap();
    build(&Spec::Regex { pattern: (*pattern).to_owned() }, &[], &Limits::default()).unwrap()
}

fn days_of(year: u32, month: u32) -> u32 {
    let leap = year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
    match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    }
}

/// Every day of a month in years of each class, and one day more; then 29 February of all years.
#[test]
fn dates_follow_the_calendar() {
    let (date, datetime) = (pattern("date"), pattern("datetime"));
    for year in [0, 1, 4, 99, 100, 104, 400, 1900, 1999, 2000, 2023, 2024, 2100, 2400, 9996, 9999] {
        for month in 0..=13 {
            for day in 0..=32 {
                let text = format!("{year:04}-{month:02}-{day:02}");
                let right = (1..=days_of(year, month)).contains(&day);
                assert_eq!(date.is_match(text.as_bytes()), right, "{text}");
                assert_eq!(datetime.is_match(format!("{text}T09:30Z").as_bytes()), right, "{text}");
            }
        }
    }
    for year in 0..=9999 {
        let text = format!("{year:04}-02-29");
        assert_eq!(date.is_match(text.as_bytes()), days_of(year, 2) == 29, "{text}");
    }
    for bad in ["2024-2-29", "24-02-28", "2024-02-28 ", "2024/02/28", "12024-02-28"] {
        assert!(!date.is_match(bad.as_bytes()), "{bad}");
    }
}

#[test]
fn times_have_zones() {
    let datetime = pattern("datetime");
    for good in ["00:00", "23:59:59", "09:30Z", "09:30:00+14:00", "09:30-03:30"] {
        assert!(datetime.is_match(format!("2024-02-29T{good}").as_bytes()), "{good}");
    }
    for bad in ["24:00", "09:60", "9:30", "09:30z", "09:30+24:00", "09:30:60"] {
        assert!(!datetime.is_match(format!("2024-02-29T{bad}").as_bytes()), "{bad}");
    }
}

#[test]
fn hosts_have_no_hyphen_at_the_ends_of_their_labels() {
    let (email, url) = (pattern("email"), pattern("url"));
    let long = "a".repeat(63);
    for good in
        ["x.com", "a-b.org", "a--b.c-d.museum", "1.io", format!("{long}.de").as_str(), "mail.example.co.uk"]
    {
        assert!(email.is_match(format!("x@{good}").as_bytes()), "{good}");
        assert!(url.is_match(format!("https://{good}/a?b#c").as_bytes()), "{good}");
        assert!(url.is_match(format!("http://{good}:8080").as_bytes()), "{good}");
    }
    for bad in
        ["-.com", "-a.com", "a-.com", "a..com", ".com", "a.-b.com", "", format!("{long}a.com").as_str()]
    {
        assert!(!email.is_match(format!("x@{bad}").as_bytes()), "{bad}");
        assert!(!url.is_match(format!("https://{bad}").as_bytes()), "{bad}");
    }
    assert!(!email.is_match(b"x@localhost") && url.is_match(b"http://localhost:11434/api"));
}

#[test]
fn the_name_before_the_at_has_single_dots_within_it() {
    let email = pattern("email");
    let long = "a".repeat(64);
    for good in ["a", "first.last+tag", "a_b%c-d", "a.b.c", long.as_str()] {
        assert!(email.is_match(format!("{good}@x.com").as_bytes()), "{good}");
    }
    for bad in ["", ".a", "a.", "a..b", "a b", "a@b", format!("{long}a").as_str()] {
        assert!(!email.is_match(format!("{bad}@x.com").as_bytes()), "{bad}");
    }
}
