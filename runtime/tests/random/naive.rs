//! The meaning of random programs, walked as trees: recursion for calls and branches, copies for what a `try`
//! goes back to. It shares the back end with the machine, and nothing else.

use std::collections::HashMap;
use std::sync::Arc;

use agentc_compiler::ir::{Role, SpecId, TextOrigin};
use agentc_compiler::source::Span;
use agentc_constraint::SharedSpec;
use agentc_constraint::spec::Spec;
use agentc_runtime::ask::{GenAsk, Wants};
use agentc_runtime::backend::{Backend, Product, TaskId, Work, WorkKind};
use agentc_runtime::context::Context;
use agentc_runtime::sample::{Sampling, Stream};
use agentc_runtime::{Fault, LocalModel, Stop};

use super::program::{Branch, Failure, Function, Kind, Name, Program, Source, Stmt, VARS};

/// Why statements are left before their end.
enum Leave {
    Break,
    Continue,
    Return,
    Failed(String, String),
}

type Done = Result<(), Leave>;

/// A function or branch in progress.
#[derive(Clone)]
struct Frame {
    vars: HashMap<Name, String>,
    context: Context,
}

pub(crate) struct Naive<'n, 'm> {
    pub(crate) program: &'n Program,
    pub(crate) model: &'n mut LocalModel<'m>,
    pub(crate) temp: f64,
    pub(crate) seed: u64,
    pub(crate) prints: Vec<String>,
    path: Vec<u64>,
    taken: u64,
}

/// How a run ended: what main returned or the error that it ended with, and its context.
pub(crate) struct End {
    pub(crate) result: Result<String, String>,
    pub(crate) context: Context,
}

impl<'n, 'm> Naive<'n, 'm> {
    pub(crate) fn new(
        program: &'n Program,
        model: &'n mut LocalModel<'m>,
        seed: u64,
        temp: f64,
    ) -> Naive<'n, 'm> {
        Naive { program, model, temp, seed, prints: Vec::new(), path: Vec::new(), taken: 0 }
    }

    pub(crate) fn run(&mut self) -> End {
        let mut frame = Frame { vars: vars("b"), context: Context::default() };
        let program = self.program;
        let done = self.begin(&mut frame).and_then(|()| self.stmts(&program.main, &mut frame));
        let result = match done {
            Ok(()) => Ok(["v0_0", "v0_1", "c0", "c1"].map(|name| frame.vars[name].clone()).join("|")),
            Err(Leave::Failed(code, _)) => Err(code),
            Err(_) => Err("left".to_owned()),
        };
        End { result, context: frame.context }
    }

    /// What main writes before its first statement.
    fn begin(&mut self, frame: &mut Frame) -> Done {
        if self.program.chat {
            frame.context.open(Role::User, Span::default());
            frame.context.write("Go on.", TextOrigin::Literal);
            frame.context.close();
            frame.context.open(Role::Assistant, Span::default());
        } else {
            frame.context.write("Say: ", TextOrigin::Literal);
        }
        self.captures(frame)?;
        if self.program.chat {
            frame.context.close();
        }
        Ok(())
    }

    fn captures(&mut self, frame: &mut Frame) -> Done {
        self.generate("c0", "[a-c]{1,3}", None, frame)?;
        frame.context.write(" ", TextOrigin::Literal);
        self.generate("c1", "[x-z]", None, frame)
    }

    fn stmts(&mut self, stmts: &[Stmt], frame: &mut Frame) -> Done {
        stmts.iter().try_for_each(|stmt| self.stmt(stmt, frame))
    }

    fn stmt(&mut self, stmt: &Stmt, frame: &mut Frame) -> Done {
        match stmt {
            Stmt::Text(text) => frame.context.write(text, TextOrigin::Literal),
            Stmt::Show(name) => frame.context.write(&frame.vars[name].clone(), TextOrigin::Data),
            Stmt::Gen(name, Kind::Letters) => self.generate(name, "[a-c]{1,3}", None, frame)?,
            Stmt::Gen(name, Kind::Impossible) => self.generate(name, "[a-c]{40}", Some(2), frame)?,
            Stmt::Gen(name, Kind::Free) => self.generate(name, "", Some(3), frame)?,
            Stmt::Set(name, source) => {
                let value = self.value(source, frame)?;
                frame.vars.insert(name.clone(), value);
            }
            Stmt::Print(name) => self.prints.push(frame.vars[name].clone()),
            Stmt::If(name, then, otherwise) => {
                let even = frame.vars[name].chars().count().is_multiple_of(2);
                self.stmts(if even { then } else { otherwise }, frame)?;
            }
            Stmt::Match(name, [one, few, none, other]) => {
                let arm = match frame.vars[name].chars().count() {
                    1 => one,
                    2 | 4 => few,
                    0 => none,
                    _ => other,
                };
                self.stmts(arm, frame)?;
            }
            Stmt::Repeat(count, body) => {
                for _ in 0..*count {
                    if !self.turn(body, frame)? {
                        break;
                    }
                }
            }
            Stmt::While(name, max, body) => {
                let mut turns = 0;
                while frame.vars[name].chars().count() < 4 && turns < *max && self.turn(body, frame)? {
                    turns += 1;
                }
            }
            Stmt::Break => return Err(Leave::Break),
            Stmt::Continue => return Err(Leave::Continue),
            Stmt::Return => return Err(Leave::Return),
            Stmt::Try(body, handler) => self.attempt(body, handler, frame)?,
            Stmt::Fail(failure) => fail(failure, frame)?,
            Stmt::Message(role, body) => {
                frame
                    .context
                    .open(if *role == "user" { Role::User } else { Role::Assistant }, Span::default());
                let done = self.stmts(body, frame);
                if !matches!(done, Err(Leave::Failed(..))) {
                    frame.context.close();
                }
                done?;
            }
            Stmt::Call(callee, name) => {
                let arg = frame.vars[name].clone();
                self.write(*callee, &arg, frame)?;
            }
            Stmt::Twice(callee, name) => {
                let arg = frame.vars[name].clone();
                self.write(*callee, &arg, frame)?;
                self.write(*callee, &format!("{arg}t"), frame)?;
            }
        }
        Ok(())
    }

    /// A call of a function that writes into the context of its caller.
    fn write(&mut self, callee: usize, arg: &str, frame: &mut Frame) -> Done {
        let mut inner = Frame { vars: vars(arg), context: frame.context.clone() };
        let done = self.call(&self.program.functions[callee], &mut inner);
        frame.context = inner.context;
        done
    }

    /// Whether the loop goes on.
    fn turn(&mut self, body: &[Stmt], frame: &mut Frame) -> Result<bool, Leave> {
        match self.stmts(body, frame) {
            Ok(()) | Err(Leave::Continue) => Ok(true),
            Err(Leave::Break) => Ok(false),
            Err(other) => Err(other),
        }
    }

    /// Text and captures are as they were; variables stay as they are.
    fn attempt(&mut self, body: &[Stmt], handler: &[Stmt], frame: &mut Frame) -> Done {
        let before = frame.clone();
        match self.stmts(body, frame) {
            Err(Leave::Failed(code, message)) => {
                frame.context = before.context;
                for (name, value) in before.vars.into_iter().filter(|(name, _)| name.starts_with('c')) {
                    frame.vars.insert(name, value);
                }
                for (text, origin) in [
                    ("(", TextOrigin::Literal),
                    (&code, TextOrigin::Data),
                    (": ", TextOrigin::Literal),
                    (&message, TextOrigin::Data),
                    (")", TextOrigin::Literal),
                ] {
                    frame.context.write(text, origin);
                }
                self.stmts(handler, frame)
            }
            done => done,
        }
    }

    /// A function's body, which begins with two captures. The text that an agent returns is in `p`.
    fn call(&mut self, function: &Function, frame: &mut Frame) -> Done {
        self.captures(frame)?;
        match self.stmts(&function.body, frame) {
            Ok(()) => {
                let value = ["v0_0", "c0", "v0_1", "c1"].map(|name| frame.vars[name].as_str()).concat();
                frame.vars.insert("p".to_owned(), value);
                Ok(())
            }
            Err(Leave::Return) => {
                frame.vars.insert("p".to_owned(), "early".to_owned());
                Ok(())
            }
            Err(other) => Err(other),
        }
    }

    fn value(&mut self, source: &Source, frame: &mut Frame) -> Result<String, Leave> {
        match source {
            Source::Longer(name, letter) => Ok(frame.vars[name].chars().chain([*letter]).take(6).collect()),
            Source::Quotient(name) => {
                let len = frame.vars[name].chars().count();
                // Tenths, halves up.
                let tenths = (5 * len).div_ceil(2);
                Ok(format!("{}.{}{}", tenths / 10, tenths % 10, 7 / (1 + len)))
            }
            Source::Fields(a, b) => {
                let (a, b) = (&frame.vars[a], &frame.vars[b]);
                let key: String = b.chars().take(1).collect();
                let mut fields = vec![("a".to_owned(), a.clone()), ("k".to_owned(), "z".to_owned())];
                match fields.iter_mut().find(|(name, _)| *name == key) {
                    Some((_, old)) => old.clone_from(b),
                    None => fields.push((key, b.clone())),
                }
                fields.retain(|(name, _)| name != "k" && name != a);
                let all: String = fields.into_iter().map(|(_, value)| value).collect();
                Ok(all.chars().take(6).collect())
            }
            Source::Hole(a, b) => {
                let even = frame.vars[a].chars().count().is_multiple_of(2);
                Ok(if even { frame.vars[b].clone() } else { String::new() })
            }
            Source::Context => {
                let text = self.model.profile().render(&frame.context).map_err(failed)?;
                Ok((text.chars().count() % 7).to_string())
            }
            Source::Agent(callee, name) => {
                let arg = frame.vars[name].clone();
                let mut inner = Frame { vars: vars(&arg), context: Context::default() };
                self.call(&self.program.functions[*callee], &mut inner)?;
                Ok(inner.vars["p"].clone())
            }
            Source::Agents(callee, name) => {
                self.taken += 1;
                let arg = frame.vars[name].clone();
                let both: Result<Vec<String>, Leave> =
                    (0..2).map(|number| self.agent_beside(*callee, number, &arg)).collect();
                Ok(cut(&both?.join("/")))
            }
            Source::Applied(name, other) => {
                let (text, more) = (&frame.vars[name], &frame.vars[other]);
                Ok(cut(&(cut(&format!("{text}{more}l")) + more + "l")))
            }
            Source::Reduced(name, other) => {
                let (text, more) = (&frame.vars[name], &frame.vars[other]);
                Ok(cut(&(cut(&format!("{text}p{more}")) + more + more)))
            }
            Source::Fork(count, branch) => {
                self.taken += 1;
                let yields: Result<Vec<String>, Leave> =
                    (0..*count).map(|number| self.branch(branch, number, frame)).collect();
                Ok(yields?.join("/"))
            }
            Source::Aside(branch) => {
                self.taken += 1;
                self.branch(branch, 0, frame)
            }
        }
    }

    /// One of two calls of an agent that go on side by side.
    fn agent_beside(&mut self, callee: usize, number: usize, arg: &str) -> Result<String, Leave> {
        let (path, taken) = (self.path.clone(), self.taken);
        self.path.extend([taken, number as u64]);
        self.taken = 0;
        let mut inner =
            Frame { vars: vars(&cut(&format!("{}{arg}", number + 1))), context: Context::default() };
        let done = self.call(&self.program.functions[callee], &mut inner);
        (self.path, self.taken) = (path, taken);
        done?;
        Ok(inner.vars["p"].clone())
    }

    fn branch(&mut self, branch: &Branch, number: usize, frame: &Frame) -> Result<String, Leave> {
        let mut inner = frame.clone();
        for var in 0..VARS {
            let outer = inner.vars[&format!("v{}_{var}", branch.depth - 1)].clone();
            inner.vars.insert(format!("v{}_{var}", branch.depth), outer);
        }
        let (path, taken) = (self.path.clone(), self.taken);
        self.path.extend([taken, number as u64]);
        self.taken = 0;
        let done = self.stmts(&branch.body, &mut inner);
        (self.path, self.taken) = (path, taken);
        done?;
        Ok(inner.vars[&branch.yields].clone())
    }

    /// A generation by the back end itself.
    fn generate(&mut self, name: &str, pattern: &str, max: Option<u32>, frame: &mut Frame) -> Done {
        self.taken += 1;
        let path: Vec<u64> = self.path.iter().copied().chain([self.taken]).collect();
        let spec = SharedSpec::new(match pattern {
            "" => Spec::Text { min: 0, max: None },
            pattern => Spec::Regex { pattern: pattern.to_owned() },
        });
        let ask = Box::new(GenAsk {
            name: name.to_owned(),
            spec: SpecId(0),
            bindings: Vec::new(),
            model: None,
            min: 0,
            max,
            sampling: Sampling { temp: self.temp, ..Sampling::default() },
            stream: Stream::new(self.seed, &path),
            heal: true,
            wants: Wants::default(),
        });
        let context = Arc::new(frame.context.clone());
        let kind = WorkKind::Generate { ask, spec, context, told: Some(0) };
        self.model.submit(TaskId(0), Work { kind, stop: Stop::default() });
        loop {
            let result = self.model.poll().into_iter().find_map(|report| report.result);
            if let Some(result) = result {
                let Product::Generated(product) = result.map_err(failed)? else { panic!("not a generation") };
                frame.vars.insert(name.to_owned(), product.text.clone());
                frame.context.settle(&product.tokens.unwrap_or_default(), product.text);
                return Ok(());
            }
        }
    }
}

/// The first six letters.
fn cut(text: &str) -> String {
    text.chars().take(6).collect()
}

fn vars(first: &str) -> HashMap<Name, String> {
    [("v0_0", first), ("v0_1", "")].map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

fn failed(fault: Fault) -> Leave {
    Leave::Failed(fault.code().to_owned(), fault.to_string())
}

fn fail(failure: &Failure, frame: &Frame) -> Done {
    Err(failed(match failure {
        Failure::Fail => Fault::Fail { message: "failed".to_owned() },
        Failure::Division => Fault::DivisionByZero,
        Failure::Argument => Fault::BadArgument { function: "int".to_owned(), value: "the str x".to_owned() },
        Failure::Expect(name) if frame.vars[name].chars().count() > 2 => return Ok(()),
        Failure::Expect(_) => Fault::Expect { message: "short".to_owned(), operands: Vec::new() },
    }))
}
