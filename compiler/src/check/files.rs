//! Files that a program embeds: read once, and only as text.

use std::sync::Arc;

use super::Checker;
use crate::ast::Text;
use crate::diag::Diag;
use crate::modules::{MISSING, path_of};

/// A file that was read.
#[derive(Debug)]
pub(super) struct File {
    /// What the world calls it.
    pub(super) path: String,
    pub(super) text: Arc<str>,
}

impl Checker<'_> {
    /// The text of the file that a path names; `what` names its purpose in findings, which are reported
    /// once for each file.
    pub(super) fn file(&mut self, spelling: &Text, what: &str) -> Option<File> {
        let from = self.program.modules.list().get(self.module).map_or("", |m| m.path.as_str());
        let path = match path_of(from, spelling, what) {
            Ok(path) => path,
            Err(diag) => {
                self.report(diag);
                return None;
            }
        };
        if let Some(known) = self.cache.files.get(&path) {
            self.findings.hidden |= known.is_none();
            return known.clone().map(|text| File { path, text });
        }
        let text = self.read_file(&path, spelling);
        self.cache.files.insert(path.clone(), text.clone());
        text.map(|text| File { path, text })
    }

    fn read_file(&mut self, path: &str, spelling: &Text) -> Option<Arc<str>> {
        let bytes = match self.program.world.read(path) {
            Ok(bytes) => bytes,
            Err(error) => {
                self.report(Diag::new("E0600", spelling.span, error.message).hint(MISSING));
                return None;
            }
        };
        match crate::decode(&bytes, self.program.limits) {
            Ok(text) => Some(text.into()),
            Err(diag) => {
                let message = format!("`{path}`: {}", diag.message);
                let diag = Diag { span: spelling.span, message, ..diag };
                let most = self.program.limits.source;
                self.report(diag.hint(format!("embedded files are text in UTF-8, of at most {most} bytes")));
                None
            }
        }
    }
}
