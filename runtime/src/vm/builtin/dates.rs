//! Functions of the prelude on dates, which are texts. Their calendar is the compiler's.

use agentc_compiler::builtin::date::{Moment, UNITS, Unit};

use super::Call;
use crate::error::{Fault, short};
use crate::value::Value;

impl Call<'_> {
    /// So many units later. Traps on what is no date, and beyond the years that dates have.
    pub(super) fn date_add(&self) -> Result<Value, Fault> {
        let (moment, unit) = (self.moment(self.first)?, self.unit(1)?);
        let count = self.second().as_int().ok_or_else(|| self.bad(self.second()))?;
        if unit.is_of_day() && !moment.has_time() {
            return Err(self.refused(format!("{moment} without a time, which has no parts of a day")));
        }
        let later = moment.plus(count, unit).map(|moment| moment.to_string().into());
        later.ok_or_else(|| self.refused(format!("{moment} and {count}, which leave the years 0000 to 9999")))
    }

    /// Whole units between two dates. Traps where one of two times has no offset and the other has.
    pub(super) fn date_diff(&self) -> Result<Value, Fault> {
        let (from, to, unit) = (self.moment(self.first)?, self.moment(self.second())?, self.unit(1)?);
        let between = from.until(&to, unit).map(Value::Int);
        between.ok_or_else(|| {
            self.refused(format!("{from} and {to}, of which only one tells how it relates to UTC"))
        })
    }

    pub(super) fn format_date(&self) -> Result<Value, Fault> {
        let (moment, pattern) = (self.moment(self.first)?, self.text_at(0)?);
        let written = moment.format(pattern).map(Value::from);
        written.ok_or_else(|| self.refused(format!("the pattern {}", short(pattern, 40))))
    }

    /// A date that is read from a text.
    pub(super) fn moment<'v>(&self, value: &'v Value) -> Result<Moment<'v>, Fault> {
        let text = value.as_str().ok_or_else(|| self.bad(value))?;
        Moment::new(text).ok_or_else(|| self.refused(format!("{}, which is no date", short(text, 40))))
    }

    fn unit(&self, at: usize) -> Result<Unit, Fault> {
        let name = self.text_at(at)?;
        Unit::named(name)
            .ok_or_else(|| self.refused(format!("the unit {}: there are {UNITS}", short(name, 40))))
    }
}
