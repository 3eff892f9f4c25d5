//! Runs a case on the models that it describes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use agentc_compiler::source::{NoFiles, World};
use agentc_compiler::{Options, compile, ir};
use agentc_runtime::model::script::ScriptModel;
use agentc_runtime::trace::Place;
use agentc_runtime::{
    Event, Input, Limits, Outcome, RunError, RunOptions, Scheduler, Schedulers, Session, Value, session,
    testing,
};

use crate::reader::{Case, MAIN};

/// What a run came to, in the words of the annotations.
pub(crate) struct Played {
    /// `value 3`, `prints "x"`, and so on, in the order of `RESULTS`.
    pub(crate) results: Vec<String>,
    pub(crate) failures: Vec<Failure>,
}

/// An error that ended the run or a test, and where; line 0 of the program if it has no place.
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
    let program = Arc::new(program(&case.text, &case.files)?);
    let mut own = own_model(case)?;
    let mut others = other_models(case, &program, &own)?;
    let mut models = Schedulers::from(Scheduler::new(&mut own, Limits::default()));
    for (name, model) in &mut others {
        models.add(name.as_str(), Scheduler::new(model, Limits::default()));
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

fn play_main(case: &Case, program: &Arc<ir::Program>, models: &mut Schedulers<'_>) -> Result<Played, String> {
    let mut printed = Vec::new();
    let mut emit = |event| {
        if let Event::Print { text } = event {
            printed.push(format!("prints {}", quoted(&text)));
        }
    };
    let outcome = match Session::new(program.clone(), &inputs(case)?, options(case)?) {
        Ok(session) => session::run(session, models, &mut emit).ok_or("the run has no end")?,
        Err(error) => Outcome::of_error(error),
    };
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

fn play_tests(
    case: &Case,
    program: &Arc<ir::Program>,
    models: &mut Schedulers<'_>,
) -> Result<Played, String> {
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
