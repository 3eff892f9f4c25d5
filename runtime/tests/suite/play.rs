//! Runs a case on the models that it describes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use agentc_compiler::source::{NoFiles, World};
use agentc_compiler::{Options, compile, ir};
use agentc_runtime::model::script::ScriptModel;
use agentc_runtime::trace::Place;
use agentc_runtime::{
    Backends, Draft, Event, Input, Journal, Limits, LocalModel, Outcome, RunError, RunOptions, Session,
    Value, testing,
};

use crate::common;
use crate::reader::{Case, MAIN};

/// What a run came to, in the words of the annotations.
#[derive(Debug, PartialEq)]
pub(crate) struct Played {
    /// `value 3`, `prints "x"`, and so on, in the order of `RESULTS`.
    pub(crate) results: Vec<String>,
    pub(crate) failures: Vec<Failure>,
}

/// An error that ended the run or a test, and where; line 0 of the program if it has no place.
#[derive(Debug, PartialEq)]
pub(crate) struct Failure {
    pub(crate) code: String,
    pub(crate) file: String,
    pub(crate) line: usize,
    pub(crate) message: String,
}

/// Runs a case: its tests if it says which of them pass, otherwise its entry point.
///
/// # Errors
/// The program has errors, or what the run is given makes no sense.
pub(crate) fn play(case: &Case) -> Result<Played, String> {
    play_on(case, Draft::Never, &|model| model)
}

/// The same with drafts, on models that are made into others.
pub(crate) fn play_on(
    case: &Case,
    draft: Draft,
    made: &dyn Fn(ScriptModel) -> ScriptModel,
) -> Result<Played, String> {
    let limits = || Limits { draft, ..Limits::default() };
    let program = Arc::new(program(&case.text, &case.files)?);
    let mut own = made(own_model(case)?);
    let mut others = other_models(case, &program, &own)?;
    others = others.into_iter().map(|(name, model)| (name, made(model))).collect();
    let mut models = Backends::from(LocalModel::new(&mut own, limits()));
    for (name, model) in &mut others {
        models.add(name.as_str(), LocalModel::new(model, limits()));
    }
    if program.tests.is_empty() {
        play_main(case, &program, &mut models)
    } else {
        play_tests(case, &program, &mut models)
    }
}

fn program(text: &str, files: &dyn World) -> Result<ir::Program, String> {
    let compiled = compile(MAIN, text.as_bytes(), files, &Options::default());
    compiled.program.ok_or_else(|| format!("a case that runs has no errors: {:#?}", compiled.diags))
}

fn play_main(case: &Case, program: &Arc<ir::Program>, models: &mut Backends<'_>) -> Result<Played, String> {
    let (outcome, events) = match Session::new(program.clone(), &inputs(case)?, options(case)?) {
        Ok(session) => {
            let (outcome, events, journal) = common::end(session, models);
            repeat(case, program, &journal, &outcome, &events)?;
            (outcome, events)
        }
        Err(error) => (Outcome::of_error(error), Vec::new()),
    };
    let print = |event| match event {
        Event::Print { text } => Some(format!("prints {}", quoted(&text))),
        _ => None,
    };
    let mut printed = events.into_iter().filter_map(print).collect();
    let mut results = vec![format!("value {}", outcome.value().quoted())];
    results.append(&mut printed);
    let captures = outcome.captures().iter();
    results.extend(captures.map(|(name, value)| format!("capture {name} = {}", value.quoted())));
    results.extend(outcome.text().split_inclusive('\n').map(|line| format!("text {}", quoted(line))));
    Ok(Played {
        results,
        failures: outcome.error().map(|error| failure(program, error)).into_iter().collect(),
    })
}

/// Repeats a run from its journal, without any model.
///
/// # Errors
/// It tells something else, or ends in another way.
fn repeat(
    case: &Case,
    program: &Arc<ir::Program>,
    journal: &Journal,
    outcome: &Outcome,
    events: &[Event],
) -> Result<(), String> {
    let session = Session::repeat(program.clone(), common::kept(journal), options(case)?);
    let session = session.map_err(|error| error.to_string())?;
    let (again, repeated, _) = common::end(session, &mut Backends::none());
    let (first, second) = (common::seen(outcome), common::seen(&again));
    if first != second {
        return Err(format!("repeated, it ends as {second}, and ended as {first}"));
    }
    if common::by_context(&repeated) != common::by_context(events) {
        return Err(format!("repeated, it tells {repeated:#?}, and told {events:#?}"));
    }
    Ok(())
}

fn play_tests(case: &Case, program: &Arc<ir::Program>, models: &mut Backends<'_>) -> Result<Played, String> {
    let mut played = Played { results: Vec::new(), failures: Vec::new() };
    for test in 0..program.tests.len() {
        let report = testing::run(program, test, models, options(case)?, &mut |_| {});
        let report = report.ok_or("the test has no end")?;
        match report.error() {
            None => played.results.push(format!("passes {}", quoted(&report.name))),
            Some(error) => played.failures.push(failure(program, error)),
        }
    }
    Ok(played)
}

fn failure(program: &ir::Program, error: &RunError) -> Failure {
    let place = error.span.map(|span| Place::of(program, span));
    let (file, line) = place.map_or((MAIN.to_owned(), 0), |place| (place.file, place.line));
    Failure { code: error.fault.code().to_owned(), file, line, message: error.to_string() }
}

/// A text as an annotation shows it.
fn quoted(text: &str) -> String {
    Value::str(text).quoted()
}

/// What follows a word in the case's annotations.
fn given<'c>(case: &'c Case, word: &str) -> impl Iterator<Item = &'c str> {
    case.notes.iter().filter(move |note| note.word == word).map(|note| note.rest.as_str())
}

/// `name = value`
fn pair(text: &str) -> Result<(&str, &str), String> {
    text.split_once(" = ").ok_or_else(|| format!("`{text}` is not `name = value`"))
}

fn inputs(case: &Case) -> Result<Vec<(String, Input)>, String> {
    let pairs = given(case, "input").map(pair);
    pairs.map(|pair| pair.map(|(name, text)| (name.to_owned(), Input::Text(text.to_owned())))).collect()
}

fn options(case: &Case) -> Result<RunOptions, String> {
    let mut options = RunOptions::default();
    for text in given(case, "option") {
        let (name, value) = pair(text)?;
        let wrong = |_| format!("the option `{name}` cannot be `{value}`");
        let whole = || value.parse::<u64>().map_err(wrong);
        match name {
            "temp" => options.temp = Some(value.parse().map_err(|_| format!("`{value}` is no number"))?),
            "seed" => options.seed = Some(whole()?),
            "max_tokens" => options.max_tokens = Some(whole()?),
            "steps" => options.limits.steps = whole()?,
            "seconds" => options.deadline = Some(Instant::now() + Duration::from_secs(whole()?)),
            _ => return Err(format!("a case has no option `{name}`")),
        }
    }
    Ok(options)
}

/// The model of the run: noise, or the rules that stand under no model's name. Without rules it knows no answer.
fn own_model(case: &Case) -> Result<ScriptModel, String> {
    let rules: Vec<&str> = given(case, "script").filter(|rules| named_rules(rules).is_none()).collect();
    match (given(case, "random").next(), rules.is_empty()) {
        (Some(_), false) => Err("a model is either random or a script".to_owned()),
        (Some(seed), true) => {
            let seed = seed.parse().map_err(|_| format!("`{seed}` is no seed"))?;
            ScriptModel::random(seed).map_err(|error| error.to_string())
        }
        (None, _) => script(&rules.join(" ")),
    }
}

/// The models that the program declares: what is written for their names, or else the same model.
fn other_models(
    case: &Case,
    program: &ir::Program,
    own: &ScriptModel,
) -> Result<Vec<(String, ScriptModel)>, String> {
    let model = |name: &String| {
        let rules = given(case, "script").filter_map(named_rules).filter(|(other, _)| other == name);
        let rules: Vec<&str> = rules.map(|(_, rules)| rules).collect();
        let model = if rules.is_empty() { own.clone() } else { script(&rules.join(" "))? };
        Ok((name.clone(), model))
    };
    program.models.iter().map(|(name, _)| model(name)).collect()
}

/// `for NAME RULES`
fn named_rules(rules: &str) -> Option<(&str, &str)> {
    rules.strip_prefix("for ")?.split_once(' ')
}

/// A model of rules, which are those of a test's script.
fn script(rules: &str) -> Result<ScriptModel, String> {
    let program = program(&format!("test \"x\" with model = script {{ {rules} }} {{ }}"), &NoFiles)?;
    let model = testing::script(&program, 0).map_err(|error| error.to_string())?;
    model.ok_or_else(|| format!("`{rules}` are no rules"))
}
