//! Dates and times as the types `date` and `datetime` write them, and their calendar: that of today, also for years in
//! which there was another. There is no clock here, and no time zones but for offsets.

/// The unit in which dates are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Seconds, of which the unit has so many.
    Seconds(i64),
    /// Months, of which the unit has so many.
    Months(i64),
}

/// The names of units, for messages.
pub const UNITS: &str = "\"seconds\", \"minutes\", \"hours\", \"days\", \"weeks\", \"months\" or \"years\"";

const DAY: i64 = 86_400;

impl Unit {
    /// The unit of a name, in the plural.
    pub fn named(name: &str) -> Option<Unit> {
        Some(match name {
            "seconds" => Unit::Seconds(1),
            "minutes" => Unit::Seconds(60),
            "hours" => Unit::Seconds(3600),
            "days" => Unit::Seconds(DAY),
            "weeks" => Unit::Seconds(7 * DAY),
            "months" => Unit::Months(1),
            "years" => Unit::Months(12),
            _ => return None,
        })
    }

    /// Whether it is a part of a day.
    pub fn is_of_day(self) -> bool {
        matches!(self, Unit::Seconds(seconds) if seconds < DAY)
    }
}

/// A date, with or without a time of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment<'t> {
    /// Days since the beginning of 1970.
    days: i64,
    time: Option<Time<'t>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Time<'t> {
    /// Seconds since midnight.
    seconds: i64,
    /// Whether the text tells seconds.
    precise: bool,
    /// `Z`, an offset, or nothing.
    zone: &'t str,
}

/// The days from the beginning of 1970 to a day of the calendar.
fn days_of(year: i64, month: i64, day: i64) -> i64 {
    // Years begin in March here, so that a leap day comes last.
    let year = year - i64::from(month <= 2);
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year, month and day.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + i64::from(month <= 2), month, day)
}

fn days_in(year: i64, month: i64) -> i64 {
    let (next_year, next) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    days_of(next_year, next, 1) - days_of(year, month, 1)
}

/// The number that so many digits spell, and what follows.
fn digits(text: &str, count: usize) -> Option<(i64, &str)> {
    let (number, rest) = text.split_at_checked(count)?;
    number.bytes().all(|byte| byte.is_ascii_digit()).then_some(())?;
    Some((number.parse().ok()?, rest))
}

fn part(text: &str, sign: char, most: i64) -> Option<(i64, &str)> {
    digits(text.strip_prefix(sign)?, 2).filter(|(number, _)| *number <= most)
}

impl<'t> Moment<'t> {
    /// Reads a `date` or a `datetime`.
    pub fn new(text: &'t str) -> Option<Moment<'t>> {
        let (year, rest) = digits(text, 4)?;
        let (month, rest) = part(rest, '-', 12).filter(|(month, _)| *month > 0)?;
        let (day, rest) = part(rest, '-', 31).filter(|(day, _)| (1..=days_in(year, month)).contains(day))?;
        let days = days_of(year, month, day);
        if rest.is_empty() {
            return Some(Moment { days, time: None });
        }
        let (hour, rest) = part(rest, 'T', 23)?;
        let (minute, rest) = part(rest, ':', 59)?;
        let (second, zone) = part(rest, ':', 59).map_or((None, rest), |(second, rest)| (Some(second), rest));
        offset(zone)?;
        let seconds = hour * 3600 + minute * 60 + second.unwrap_or(0);
        Some(Moment { days, time: Some(Time { seconds, precise: second.is_some(), zone }) })
    }

    /// Whether it tells a time of the day.
    pub fn has_time(&self) -> bool {
        self.time.is_some()
    }

    /// So many units later. A month that is too short ends it: a month after 31 January is the last day of February.
    /// `None` beyond the years 0000 to 9999.
    pub fn plus(self, count: i64, unit: Unit) -> Option<Moment<'t>> {
        let moment = match unit {
            Unit::Months(months) => Moment { days: self.month_later(count.checked_mul(months)?)?, ..self },
            Unit::Seconds(unit) => {
                let whole = self.local().checked_add(count.checked_mul(unit)?)?;
                let rest = whole.rem_euclid(DAY);
                let time = self.time.map(|time| Time {
                    seconds: rest,
                    precise: time.precise || rest % 60 != 0,
                    ..time
                });
                Moment { days: whole.div_euclid(DAY), time }
            }
        };
        let (first, end) = (days_of(0, 1, 1), days_of(10_000, 1, 1));
        (first..end).contains(&moment.days).then_some(moment)
    }

    fn month_later(&self, months: i64) -> Option<i64> {
        let (year, month, day) = civil(self.days);
        let months = (year * 12 + month - 1).checked_add(months)?;
        let (year, month) = (months.div_euclid(12), months.rem_euclid(12) + 1);
        (0..10_000).contains(&year).then(|| days_of(year, month, day.min(days_in(year, month))))
    }

    /// How many whole units later another one is. `None` if only one of two times says how it relates to UTC. A date is
    /// its midnight, wherever the other is.
    pub fn until(&self, other: &Moment<'_>, unit: Unit) -> Option<i64> {
        let zones = [self.zone(), other.zone()];
        let apart = match zones {
            [Some(a), Some(b)] => offset(a)?.unwrap_or(0) - offset(b)?.unwrap_or(0),
            _ => 0,
        };
        if let [Some(a), Some(b)] = zones
            && a.is_empty() != b.is_empty()
        {
            return None;
        }
        // As the clock of the first one tells it.
        let other = other.local() + apart * 60;
        let between = other - self.local();
        let months = match unit {
            Unit::Seconds(seconds) => return Some(between / seconds),
            Unit::Months(months) => months,
        };
        let (from, to) = (civil(self.days), civil(other.div_euclid(DAY)));
        let mut count = (to.0 - from.0) * 12 + to.1 - from.1;
        let later = |count| Some(self.month_later(count)? * DAY + self.local().rem_euclid(DAY));
        let beyond = later(count).is_some_and(|reached| (reached - other).signum() == between.signum());
        if beyond {
            count -= between.signum();
        }
        Some(count / months)
    }

    /// Seconds since the beginning of 1970, where its clock is.
    fn local(&self) -> i64 {
        self.days * DAY + self.time.map_or(0, |time| time.seconds)
    }

    /// Of one that has a time.
    fn zone(&self) -> Option<&'t str> {
        self.time.map(|time| time.zone)
    }

    /// From 1, Monday, to 7, Sunday.
    pub fn weekday(&self) -> i64 {
        (self.days + 3).rem_euclid(7) + 1
    }

    /// The number of the week in its year, which has the week's Thursday.
    fn week(&self) -> (i64, i64) {
        let thursday = self.days - self.weekday() + 4;
        let (year, ..) = civil(thursday);
        (year, (thursday - days_of(year, 1, 1)) / 7 + 1)
    }

    /// As a pattern says; `None` if that is none.
    pub fn format(&self, pattern: &str) -> Option<String> {
        let mut out = String::new();
        let mut rest = pattern;
        while let Some((text, code)) = rest.split_once('%') {
            out.push_str(text);
            let (bare, code) = code.strip_prefix('-').map_or((false, code), |code| (true, code));
            let sign = code.chars().next()?;
            out.push_str(&self.code(sign, bare)?);
            rest = &code[sign.len_utf8()..];
        }
        out.push_str(rest);
        Some(out)
    }

    /// What a code stands for, `bare` without a leading zero.
    fn code(&self, code: char, bare: bool) -> Option<String> {
        let (year, month, day) = civil(self.days);
        let seconds = self.time.map_or(0, |time| time.seconds);
        let hour = seconds / 3600;
        let (number, width) = match code {
            'Y' => (year, 4),
            'y' => (year % 100, 2),
            'm' => (month, 2),
            'd' => (day, 2),
            'j' => (self.days - days_of(year, 1, 1) + 1, 3),
            'G' => (self.week().0, 4),
            'V' => (self.week().1, 2),
            'u' => (self.weekday(), 1),
            'H' => (hour, 2),
            'I' => ((hour + 11) % 12 + 1, 2),
            'M' => (seconds / 60 % 60, 2),
            'S' => (seconds % 60, 2),
            _ if bare => return None,
            'B' => return name(&MONTHS, month).map(str::to_owned),
            'b' => return name(&MONTHS, month).and_then(|name| name.get(..3)).map(str::to_owned),
            'A' => return name(&DAYS, self.weekday()).map(str::to_owned),
            'a' => return name(&DAYS, self.weekday()).and_then(|name| name.get(..3)).map(str::to_owned),
            'p' => return Some(if hour < 12 { "AM" } else { "PM" }.to_owned()),
            '%' => return Some("%".to_owned()),
            _ => return None,
        };
        Some(if bare { number.to_string() } else { format!("{number:0width$}") })
    }
}

impl std::fmt::Display for Moment<'_> {
    /// In the form in which it was read.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (year, month, day) = civil(self.days);
        write!(f, "{year:04}-{month:02}-{day:02}")?;
        let Some(Time { seconds, precise, zone }) = self.time else { return Ok(()) };
        write!(f, "T{:02}:{:02}", seconds / 3600, seconds / 60 % 60)?;
        if precise {
            write!(f, ":{:02}", seconds % 60)?;
        }
        f.write_str(zone)
    }
}

/// The minutes of an offset, which there may be none of; `None` if it is something else.
fn offset(zone: &str) -> Option<Option<i64>> {
    let sign = match zone.chars().next() {
        None => return Some(None),
        Some('Z') => return (zone.len() == 1).then_some(Some(0)),
        Some('+') => '+',
        Some('-') => '-',
        Some(_) => return None,
    };
    let (hours, rest) = part(zone, sign, 23)?;
    let (minutes, rest) = part(rest, ':', 59)?;
    let size = hours * 60 + minutes;
    rest.is_empty().then_some(Some(if sign == '-' { -size } else { size }))
}

/// Why a text is no pattern of `format_date`.
pub fn refused_pattern(pattern: &str) -> Option<&'static str> {
    let day = Moment { days: 0, time: None };
    if !pattern.contains('%') || day.format(pattern).is_none() {
        return Some(
            "parts of a date are written %Y %m %d %B %b %A %a %H %M %S and so on, as in \"%A, %-d %B %Y\"; the manual lists them",
        );
    }
    None
}

fn name(names: &[&'static str], number: i64) -> Option<&'static str> {
    names.get(usize::try_from(number - 1).ok()?).copied()
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(text: &str) -> Moment<'_> {
        Moment::new(text).unwrap_or_else(|| panic!("{text} is no date"))
    }

    fn is_leap(year: i64) -> bool {
        year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    }

    /// Every day of ten thousand years, counted one by one.
    #[test]
    fn days_are_counted() {
        let (mut days, mut weekday) = (days_of(0, 1, 1), 6);
        for year in 0..10_000 {
            for (month, long) in [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31].into_iter().enumerate() {
                let month = month as i64 + 1;
                let long = if month == 2 && is_leap(year) { 29 } else { long };
                assert_eq!(days_in(year, month), long);
                for day in 1..=long {
                    assert_eq!((days_of(year, month, day), civil(days)), (days, (year, month, day)));
                    assert_eq!(Moment { days, time: None }.weekday(), weekday);
                    (days, weekday) = (days + 1, weekday % 7 + 1);
                }
            }
        }
        assert_eq!(days_of(1970, 1, 1), 0);
    }

    #[test]
    fn texts_are_read_as_the_types_write_them() {
        for good in
            ["2024-02-29", "0000-01-01", "2024-02-29T23:59", "2024-02-29T23:59:59Z", "2024-02-29T00:00-03:30"]
        {
            assert_eq!(moment(good).to_string(), good);
        }
        for bad in [
            "",
            "2023-02-29",
            "2023-2-9",
            "2023-13-01",
            "2023-00-01",
            "2023-01-00",
            "2023-01-01T",
            "2023-01-01 10:00",
            "2023-01-01T24:00",
            "2023-01-01T10:60",
            "2023-01-01T10:00:60",
            "2023-01-01T10:00z",
            "2023-01-01T10:00+24:00",
            "2023-01-01T10:00Z ",
            "+023-01-01",
            "2023-01-0é",
        ] {
            assert_eq!(Moment::new(bad), None, "{bad}");
        }
    }

    #[test]
    fn units_are_added() {
        let plus = |text: &str, count, unit| {
            let unit = Unit::named(unit).expect("a unit");
            Moment::new(text).and_then(|moment| moment.plus(count, unit)).map(|moment| moment.to_string())
        };
        assert_eq!(plus("2024-01-31", 1, "months").as_deref(), Some("2024-02-29"));
        assert_eq!(plus("2024-02-29", 1, "years").as_deref(), Some("2025-02-28"));
        assert_eq!(plus("2024-12-31", 1, "days").as_deref(), Some("2025-01-01"));
        assert_eq!(plus("2024-01-01", -1, "weeks").as_deref(), Some("2023-12-25"));
        assert_eq!(plus("2024-01-01T23:30+02:00", 45, "minutes").as_deref(), Some("2024-01-02T00:15+02:00"));
        assert_eq!(plus("2024-01-01T23:30", 1, "seconds").as_deref(), Some("2024-01-01T23:30:01"));
        assert_eq!(plus("9999-12-31", 1, "days"), None);
        assert_eq!(plus("0000-01-01", -1, "months"), None);
        assert_eq!(plus("2024-01-01", i64::MAX, "years"), None);
        assert_eq!(plus("2024-01-01", i64::MIN, "seconds"), None);
    }

    #[test]
    fn differences_are_whole_units() {
        let until =
            |from: &str, to: &str, unit| moment(from).until(&moment(to), Unit::named(unit).expect("a unit"));
        assert_eq!(until("2024-02-28", "2024-03-01", "days"), Some(2));
        assert_eq!(until("2024-03-01", "2024-02-28", "days"), Some(-2));
        assert_eq!(until("2024-01-31", "2024-02-28", "months"), Some(0));
        assert_eq!(until("2024-01-31", "2024-02-29", "months"), Some(1));
        assert_eq!(until("2000-02-29", "2024-02-28", "years"), Some(23));
        assert_eq!(until("2024-01-01T12:00", "2024-01-02T11:00", "days"), Some(0));
        assert_eq!(until("2024-01-01T12:00Z", "2024-01-01T12:00-02:00", "hours"), Some(2));
        assert_eq!(until("2024-01-01T12:00", "2024-01-01T12:00Z", "hours"), None);
        assert_eq!(until("2024-01-01", "2024-01-01T12:00Z", "hours"), Some(12));
    }

    /// As many months as can be added without going beyond.
    #[test]
    fn months_between_are_those_that_can_be_added() {
        let months = Unit::Months(1);
        let first = days_of(2023, 11, 1);
        for from in (first..first + 200).map(|days| Moment { days, time: None }) {
            for to in (first - 100..first + 300).map(|days| Moment { days, time: None }) {
                let count = from.until(&to, months).expect("a number");
                let at = |count| from.plus(count, months).expect("a date").days;
                let inside = if to.days >= from.days {
                    at(count) <= to.days && at(count + 1) > to.days && count >= 0
                } else {
                    at(count) >= to.days && at(count - 1) < to.days && count <= 0
                };
                assert!(inside, "{from} {to} {count}");
            }
        }
    }

    #[test]
    fn patterns_are_filled_in() {
        let moment = moment("2021-01-03T14:05:09Z");
        let is = |pattern, expected: &str| {
            assert_eq!(moment.format(pattern).as_deref(), Some(expected), "{pattern}")
        };
        is("%A, %-d %B %Y", "Sunday, 3 January 2021");
        is("%d.%m.%y %a %b", "03.01.21 Sun Jan");
        is("%G-W%V-%u, day %j or %-j", "2020-W53-7, day 003 or 3");
        is("%H:%M:%S %I %-I%p 100%%", "14:05:09 02 2PM 100%");
        for bad in ["%", "%-", "%q", "%-B", "YYYY-MM-DD", "", "%é"] {
            assert!(refused_pattern(bad).is_some(), "{bad}");
        }
    }
}
