//! Everything that can go wrong between a file and its outcome, in one type.

use agentc_compiler::diag::Diag;
use agentc_compiler::source::Sources;
use agentc_runtime::model::ModelError;
use agentc_runtime::{ErrorKind, Fault, InBranch, Outcome, RunError, Value};

use crate::program::Program;
use crate::store::StoreError;

/// Why there is no outcome.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The program has errors.
    #[error("{0}")]
    Program(Diagnostics),
    /// The run ended early.
    #[error(transparent)]
    Run(Box<Failure>),
    /// There is no such model.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The model cannot be loaded.
    #[error(transparent)]
    Model(ModelError),
    /// The engine's thread is gone, which only a bug in it can cause.
    #[error("the engine ended unexpectedly")]
    EngineGone,
    /// A file cannot be read or written.
    #[error("cannot {what}: {reason}")]
    Io {
        /// What was tried.
        what: String,
        /// What the system said.
        reason: String,
    },
    /// A program that was built before cannot be used.
    #[error("`{name}` cannot be used: {reason}")]
    Built {
        /// What it is called.
        name: String,
        /// Why not.
        reason: String,
    },
    /// A command was asked for something that makes no sense.
    #[error("{message}")]
    Usage {
        /// What, and why not.
        message: String,
        /// What to do instead.
        hint: Option<String>,
    },
}

impl Error {
    /// That of a run which ends before it begins, for a reason that has no place in its program.
    pub fn before_run(fault: Fault) -> Error {
        let error = RunError::of_run(fault);
        let outcome = Outcome::of_error(error.clone());
        Error::Run(Box::new(Failure::placeless(error, outcome)))
    }

    pub(crate) fn io(what: impl Into<String>, error: &std::io::Error) -> Error {
        Error::Io { what: what.into(), reason: error.to_string() }
    }

    /// The exit code of a process that ends with it.
    pub fn exit_code(&self) -> u8 {
        match self {
            Error::Program(_) => 3,
            Error::Run(failure) => failure.error().fault.kind().exit_code(),
            Error::Store(_) | Error::Model(_) | Error::EngineGone => ErrorKind::Model.exit_code(),
            Error::Io { .. } | Error::Built { .. } | Error::Usage { .. } => 2,
        }
    }

    /// A stable code, for errors that have one.
    pub fn code(&self) -> &'static str {
        match self {
            Error::Program(diagnostics) => diagnostics.first().map_or("E0000", |diag| diag.code),
            Error::Run(failure) => failure.error().fault.code(),
            Error::Store(_) => "R0710",
            Error::Model(_) => "R0701",
            Error::EngineGone => "R0709",
            Error::Io { .. } => "R0202",
            Error::Usage { .. } => "R0203",
            Error::Built { .. } => "R0204",
        }
    }

    /// The place it is about; for several findings, that of the first error.
    pub fn location(&self) -> Option<Location> {
        match self {
            Error::Program(found) => {
                let (source, start, _) = found.sources.locate(found.first()?.span)?;
                Some(Location { file: source.name.clone(), line: start.line, column: start.column })
            }
            Error::Run(failure) => failure.location().cloned(),
            _ => None,
        }
    }

    /// What the user can do.
    pub fn hint(&self) -> Option<String> {
        match self {
            Error::Program(_) | Error::Io { .. } => None,
            Error::Run(failure) => failure.error().fault.hint(),
            Error::Store(error) => error.hint(),
            Error::Model(error) => error.hint(),
            Error::Usage { hint, .. } => hint.clone(),
            Error::Built { .. } => {
                Some("build it again from its source, with this `agentc build`".to_owned())
            }
            Error::EngineGone => {
                Some("this is a defect of agentc: please report it with the program".to_owned())
            }
        }
    }
}

/// The findings about a program, at least one of them an error.
#[derive(Debug, Clone)]
pub struct Diagnostics {
    /// In the order of the source.
    pub diags: Vec<Diag>,
    /// The texts that they are about.
    pub sources: Sources,
}

impl Diagnostics {
    /// The first error.
    fn first(&self) -> Option<&Diag> {
        self.diags.iter().find(|diag| diag.is_error())
    }
}

impl std::fmt::Display for Diagnostics {
    /// One line each: place, code, message.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (i, diag) in self.diags.iter().filter(|diag| diag.is_error()).enumerate() {
            f.write_str(if i > 0 { "\n" } else { "" })?;
            if let Some((source, start, _)) = self.sources.locate(diag.span) {
                write!(f, "{}:{start}: ", source.name)?;
            }
            write!(f, "{}: {}", diag.code, diag.message)?;
        }
        Ok(())
    }
}

/// A place in a source file, counted from 1.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Location {
    /// The file's name.
    pub file: String,
    /// The line.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
}

/// A part of a condition that did not hold.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Part {
    /// As it is written.
    pub source: String,
    /// What it was.
    pub value: Value,
    /// Where it is.
    pub span: Option<Location>,
}

/// A branch in which a run failed.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Branch {
    /// Which one, from 0.
    pub branch: usize,
    /// How many there are.
    pub count: usize,
    /// Where its `fork` or `map` is.
    pub span: Option<Location>,
}

/// A run that ended early, with everything it did until then.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{error}")]
pub struct Failure {
    error: RunError,
    location: Option<Location>,
    parts: Vec<Part>,
    branches: Vec<Branch>,
    outcome: Outcome,
}

impl Failure {
    /// The outcome of a run that reached its end; otherwise an error that contains it.
    pub(crate) fn check(outcome: Outcome, program: &Program) -> Result<Outcome, Error> {
        let Some(error) = outcome.error().cloned() else { return Ok(outcome) };
        Err(Error::Run(Box::new(Failure::new(error, outcome, program))))
    }

    fn new(error: RunError, outcome: Outcome, program: &Program) -> Failure {
        let location = error.span.and_then(|span| program.locate(span));
        let parts = match &error.fault {
            Fault::Expect { operands, .. } => operands
                .iter()
                .map(|operand| Part {
                    source: program.source_of(operand.span).to_owned(),
                    value: operand.value.clone(),
                    span: program.locate(operand.span),
                })
                .collect(),
            _ => Vec::new(),
        };
        let branch = |InBranch { number, count, span }: &InBranch| Branch {
            branch: *number,
            count: *count,
            span: program.locate(*span),
        };
        let branches = error.branches.iter().map(branch).collect();
        Failure { error, location, parts, branches, outcome }
    }

    /// An error that has no place in any program.
    fn placeless(error: RunError, outcome: Outcome) -> Failure {
        Failure { error, location: None, parts: Vec::new(), branches: Vec::new(), outcome }
    }

    /// A run that could not begin.
    pub(crate) fn of_error(error: RunError, program: &Program) -> Failure {
        Failure::new(error.clone(), Outcome::of_error(error), program)
    }

    /// What went wrong.
    pub fn error(&self) -> &RunError {
        &self.error
    }

    /// Where.
    pub fn location(&self) -> Option<&Location> {
        self.location.as_ref()
    }

    /// For an `expect`: the parts of its condition that are not constants.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The branches in which it happened, innermost first.
    pub fn branches(&self) -> &[Branch] {
        &self.branches
    }

    /// Text, captures and costs until then.
    pub fn outcome(&self) -> &Outcome {
        &self.outcome
    }
}
