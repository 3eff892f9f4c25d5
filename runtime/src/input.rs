//! From what a caller provides to the arguments of the entry point: read by type, checked, and completed with
//! the defaults that the program declares.

use std::sync::Arc;

use agentc_compiler::ir::{self, FuncId, NamedTy, Param, Ty};
use agentc_compiler::json::{self, JsonError};

use crate::ask::AskKind;
use crate::error::{Fault, RunError, short};
use crate::limits::Limits;
use crate::value::Value;
use crate::value::print::Quoted;
use crate::value::read::{ReadError, Reading};
use crate::vm::{Defaults, Phase, Vm};

/// What a caller gives for an input.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// As a person types it: the text itself for a `str`, JSON for any other type.
    Text(String),
    /// A value.
    Value(Value),
}

/// The arguments of the entry point in order. Every input that is given must be one of the program's.
pub(crate) fn arguments(
    program: &Arc<ir::Program>,
    inputs: &[(String, Input)],
    limits: &Limits,
) -> Result<Vec<Value>, RunError> {
    let params = &program.funcs[program.entry.index()].params;
    for (name, _) in inputs {
        if params.iter().all(|param| param.name != *name) {
            return Err(refuse(unknown(name, params)));
        }
    }
    params.iter().map(|param| argument(program, param, inputs, limits)).collect()
}

/// The inputs of a JSON object, such as a file that `name` is the name of.
///
/// # Errors
/// An error of the inputs, if the text is not JSON, not an object, or deeper than values may be.
pub fn inputs_of_json(name: &str, text: &str, limits: &Limits) -> Result<Vec<(String, Input)>, RunError> {
    // The object itself is no part of a value.
    let value = json::parse(text, limits.value_depth.saturating_add(1)).map(Value::from).map_err(|error| {
        refuse(match error {
            JsonError::TooDeep { line, column, .. } => format!(
                "an input in `{name}` has more than {} levels of lists and records, at line {line}, column {column}",
                limits.value_depth
            ),
            wrong => format!("`{name}` is not JSON: {wrong}"),
        })
    })?;
    match value {
        Value::Record(fields) => {
            Ok(fields.iter().map(|(name, value)| (name.clone(), Input::Value(value.clone()))).collect())
        }
        other => Err(refuse(format!(
            "`{name}` must be a JSON object of inputs, such as {{\"name\": \"Ada\"}}, but it is `{}`",
            short(Quoted(&other), 40)
        ))),
    }
}

fn argument(
    program: &Arc<ir::Program>,
    param: &Param,
    inputs: &[(String, Input)],
    limits: &Limits,
) -> Result<Value, RunError> {
    // Of several the last: later flags override earlier ones.
    match inputs.iter().rev().find(|(name, _)| *name == param.name) {
        Some((_, input)) => {
            let reading = Reading::new(&program.types, limits);
            let refused = |error| refuse(unfit(param, input, error, &reading));
            read(input, &param.ty, &reading).map_err(refused)
        }
        None => match param.default {
            Some(func) => default(program, func, limits),
            None => Err(refuse(missing(param, program))),
        },
    }
}

fn read(input: &Input, ty: &Ty, reading: &Reading<'_>) -> Result<Value, ReadError> {
    match input {
        Input::Text(text) => reading.input(text, ty),
        Input::Value(value) => reading.coerce(value, ty),
    }
}

/// Runs the function that computes a default. It is pure: a compiler that lets it do more is refused.
fn default(program: &Arc<ir::Program>, func: FuncId, limits: &Limits) -> Result<Value, RunError> {
    let limits = Limits { steps: limits.steps.min(limits.input_steps), ..limits.clone() };
    let mut vm = Vm::new(program.clone(), func, Vec::new(), Defaults::default(), limits);
    loop {
        let turn = vm.run()?;
        if let Some(ask) = turn.asks.first() {
            let what = match &ask.kind {
                AskKind::Generate(r#gen) => format!("generate `{}`", r#gen.name),
                AskKind::Call(call) => format!("call the tool `{}`", call.tool),
                AskKind::Text | AskKind::Tokens => "read a context".to_owned(),
                AskKind::Score { .. } | AskKind::Embed { .. } | AskKind::Fact(_) => {
                    "ask for anything".to_owned()
                }
            };
            let message = format!("the default of an input cannot {what}");
            return Err(RunError::at(ask.span, Fault::Input { message }));
        }
        if let Phase::Done(value) = turn.phase {
            return Ok(value);
        }
    }
}

/// Whether a journal's start can be that of a run of the program.
pub(crate) fn check_call(
    program: &ir::Program,
    func: FuncId,
    args: &[Value],
    defaults: &Defaults,
) -> Result<(), Fault> {
    let params = program.funcs.get(func.index()).map(|func| func.params.len());
    if params == Some(args.len()) && defaults.models.len() == program.models.len() {
        return Ok(());
    }
    Err(Fault::Input { message: "the saved run does not belong to this program".to_owned() })
}

fn refuse(message: String) -> RunError {
    RunError::of_run(Fault::Input { message })
}

fn unknown(name: &str, params: &[Param]) -> String {
    let near = params.iter().map(|param| (distance(name, &param.name), &param.name)).min();
    match near {
        Some((far, near)) if far <= 1 + name.len() / 4 => {
            format!("there is no input `{name}`; did you mean `{near}`?")
        }
        Some(_) => {
            let names: Vec<String> = params.iter().map(|param| format!("`{}`", param.name)).collect();
            format!("there is no input `{name}`: the program takes {}", names.join(", "))
        }
        None => format!("there is no input `{name}`: the program takes none"),
    }
}

fn missing(param: &Param, program: &ir::Program) -> String {
    let ty = describe(&param.ty, &program.types);
    format!("the input `{0}` ({ty}) is missing: give it with `--input {0}=…`", param.name)
}

fn unfit(param: &Param, input: &Input, error: ReadError, reading: &Reading<'_>) -> String {
    let name = &param.name;
    let text = match input {
        Input::Text(text) => short(text, 40),
        Input::Value(value) => short(value, 40),
    };
    let ty = describe(&param.ty, reading.types);
    match error {
        ReadError::TooDeep => {
            format!("the input `{name}` has more than {} levels of lists and records", reading.depth)
        }
        ReadError::TooLarge => {
            format!("the input `{name}` is larger than a value may be: {} bytes", reading.size)
        }
        // What does not even begin as JSON was not meant as such.
        ReadError::NotJson(error) if text.trim_start().starts_with(['{', '[']) => {
            format!("the input `{name}` must be {ty}, but it is not JSON: {error}")
        }
        ReadError::Digits => format!(
            "the input `{name}` must be {ty}, which does not have all the digits of `{text}`: declare it as json, which keeps them"
        ),
        ReadError::NotOfType | ReadError::NotJson(_) | ReadError::Template(_) => {
            format!("the input `{name}` must be {ty}, but `{text}` is not")
        }
    }
}

/// A type as the language writes it.
fn describe(ty: &Ty, types: &[NamedTy]) -> String {
    match ty {
        Ty::Null => "null".to_owned(),
        Ty::Bool => "bool".to_owned(),
        Ty::Int => "int".to_owned(),
        Ty::Float => "float".to_owned(),
        Ty::Str => "str".to_owned(),
        Ty::Any => "json".to_owned(),
        Ty::Lit(constant) => Value::from(constant).quoted(),
        Ty::Union(members) => {
            members.iter().map(|member| describe(member, types)).collect::<Vec<_>>().join(" | ")
        }
        Ty::List(item) if matches!(**item, Ty::Union(_)) => format!("({})[]", describe(item, types)),
        Ty::List(item) => format!("{}[]", describe(item, types)),
        Ty::Map(item) => format!("map({})", describe(item, types)),
        Ty::Named(id) => types.get(*id as usize).map_or("json", |named| named.name.as_str()).to_owned(),
        Ty::Record(fields) => {
            let field = |field: &ir::Field| {
                let optional = if field.optional { "?" } else { "" };
                format!("{}: {}{optional}", field.name, describe(&field.ty, types))
            };
            format!("{{{}}}", fields.iter().map(field).collect::<Vec<_>>().join(", "))
        }
    }
}

/// Edits between two names (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut corner = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let change = corner + usize::from(x != *y);
            corner = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(corner + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use agentc_compiler::ir::Const;

    use super::*;

    #[test]
    fn distances() {
        for (a, b, d) in [("", "", 0), ("question", "qestion", 1), ("ab", "ba", 2), ("kitten", "sitting", 3)]
        {
            assert_eq!(distance(a, b), d);
        }
    }

    #[test]
    fn types_read_as_they_are_written() {
        let either = Ty::Union(vec![Ty::Lit(Const::Str("a".into())), Ty::Null]);
        assert_eq!(describe(&Ty::List(Box::new(either)), &[]), r#"("a" | null)[]"#);
        let types = [NamedTy { name: "Tree".into(), ty: Ty::Null }];
        let trees = Ty::Map(Box::new(Ty::List(Box::new(Ty::Named(0)))));
        assert_eq!(describe(&trees, &types), "map(Tree[])");
    }
}
