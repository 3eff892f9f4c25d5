//! How long passes of the model take, by the number of their rows.

/// Passes of more rows are not told apart.
const MOST: usize = 64;

/// The weight of a new measurement.
const NEW: f64 = 0.2;

/// What each row more is taken to cost until more is known, as a part of a pass of one row.
const ASSUMED: f64 = 0.5;

/// See the module's description. Between two numbers of rows that were measured the time is taken to grow evenly.
#[derive(Debug)]
pub(super) struct Pace {
    /// Microseconds of a pass of so many rows less one.
    us: [Option<f64>; MOST],
}

impl Default for Pace {
    fn default() -> Pace {
        Pace { us: [None; MOST] }
    }
}

impl Pace {
    /// Notes how long a pass took. One that took very long was held up by something else.
    pub(super) fn time(&mut self, rows: usize, us: u64) {
        let Some(known) = self.us.get_mut(rows.wrapping_sub(1)) else { return };
        let us = us.max(1) as f64;
        *known = Some(known.map_or(us, |known| known + (us.min(2.0 * known) - known) * NEW));
    }

    /// Whether there is any measurement.
    pub(super) fn is_known(&self) -> bool {
        self.us.iter().any(Option::is_some)
    }

    /// Microseconds that a pass takes; nothing before there is a measurement.
    pub(super) fn of(&self, rows: usize) -> Option<f64> {
        let rows = rows.max(1);
        let known = |rows: usize| self.us.get(rows - 1).copied().flatten().map(|us| (rows as f64, us));
        let below = (1..=rows.min(MOST)).rev().find_map(known);
        let above = (rows..=MOST).find_map(known);
        let wanted = rows as f64;
        Some(match (below, above) {
            (Some((from, less)), Some((to, more))) if to > from => {
                less + (more - less).max(0.0) * (wanted - from) / (to - from)
            }
            (Some((from, us)), _) => us * cost(wanted) / cost(from),
            (None, Some((to, us))) => us * cost(wanted) / cost(to),
            (None, None) => return None,
        })
    }
}

/// A pass, as a part of one of a single row, as far as nothing is known.
fn cost(rows: f64) -> f64 {
    1.0 + ASSUMED * (rows - 1.0)
}
