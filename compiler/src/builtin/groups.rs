//! What a regex captures, which decides what `find_all` gives.

use regex_syntax::ast::{self, Ast, GroupKind, Visitor};

/// The groups of a regex.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Groups {
    /// None: what was found is the whole match.
    None,
    /// One without a name: it is what was found.
    One,
    /// Several without names, so many: a list of them.
    Several(usize),
    /// Some with names, by their numbers: a record of these.
    Named(Vec<(usize, String)>),
}

impl Groups {
    /// Those of a regex that can be read.
    pub fn of(pattern: &str) -> Groups {
        let Ok(ast) = ast::parse::Parser::new().parse(pattern) else { return Groups::None };
        let (count, names) = ast::visit(&ast, Walk::default()).unwrap_or_default();
        match count {
            _ if !names.is_empty() => Groups::Named(names),
            0 => Groups::None,
            1 => Groups::One,
            more => Groups::Several(more),
        }
    }
}

#[derive(Default)]
struct Walk {
    count: usize,
    names: Vec<(usize, String)>,
}

impl Visitor for Walk {
    type Output = (usize, Vec<(usize, String)>);
    type Err = std::convert::Infallible;

    fn finish(self) -> Result<Self::Output, Self::Err> {
        Ok((self.count, self.names))
    }

    fn visit_pre(&mut self, ast: &Ast) -> Result<(), Self::Err> {
        if let Ast::Group(group) = ast {
            match &group.kind {
                GroupKind::CaptureIndex(_) => self.count += 1,
                GroupKind::CaptureName { name, .. } => {
                    self.count += 1;
                    self.names.push((name.index as usize, name.name.clone()));
                }
                GroupKind::NonCapturing(_) => {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_counted() {
        assert_eq!(Groups::of("a(?:b)"), Groups::None);
        assert_eq!(Groups::of(r"\((a)"), Groups::One);
        assert_eq!(Groups::of("(a)|((b)){0}"), Groups::Several(3));
        let named = vec![(2, "y".to_owned()), (3, "m".to_owned())];
        assert_eq!(Groups::of("(?x) (x)(?<y>[0-9]+) # (\n -(?P<m>..)"), Groups::Named(named));
    }
}
