//! The types of the prelude.

/// The days of the calendar, 29 February in leap years only.
macro_rules! date {
    () => {
        concat!(
            "([0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)",
            "|02-(0[1-9]|1[0-9]|2[0-8]))",
            "|([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29)"
        )
    };
}

macro_rules! time {
    () => {
        "([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?"
    };
}

/// A part of a host's name, between dots: no hyphen at its ends.
macro_rules! label {
    () => {
        "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
    };
}

/// Type names of the prelude and the regexes they stand for.
pub const ALIASES: &[(&str, &str)] = &[
    ("date", date!()),
    ("datetime", concat!(date!(), "T", time!(), "(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])?")),
    ("digits", "[0-9]+"),
    ("email", concat!("[A-Za-z0-9_%+-](\\.?[A-Za-z0-9_%+-]){0,63}@(", label!(), "\\.)+[A-Za-z]{2,24}")),
    ("identifier", "[A-Za-z_][A-Za-z0-9_]*"),
    (
        "ipv4",
        "((25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])\\.){3}(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])",
    ),
    ("line", "[^\\r\\n]+"),
    ("time", time!()),
    ("url", concat!("https?://", label!(), "(\\.", label!(), ")*\\.?(:[0-9]{1,5})?(/[^\\s\"<>]*)?")),
    ("uuid", "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"),
    ("word", "\\w+(['’-]\\w+)*"),
];

/// The types that have names of their own.
pub const TYPES: &[&str] = &["bool", "float", "int", "json", "str"];
