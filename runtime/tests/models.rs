//! Programs that generate with more than one model: who reads what, what is reported, and what it costs.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use agentc_compiler::ir;
use agentc_runtime::backend::{Named, load_all};
use agentc_runtime::model::script::{Rule, ScriptModel};
use agentc_runtime::model::{Load, Model, ModelError};
use agentc_runtime::session::run;
use agentc_runtime::{
    Backends, ErrorKind, Event, Fault, Journal, Limits, LocalModel, Outcome, Poll, Prepared, RunOptions,
    Session, TokenOrigin,
};
use common::{program, scheds, script};

const TWO: &str = "model \"big\" {}\nmodel small = \"tiny\" { ctx: 512, seed: 3, temp: 0.5 }\n";

fn two(source: &str) -> Arc<ir::Program> {
    program(&format!("{TWO}{source}"))
}

/// A model of rules with a template and tokens of its own.
fn other(rules: &[(&str, &str)]) -> ScriptModel {
    let rules = rules.iter().map(|(prompt, answer)| Rule::new(*prompt, *answer)).collect();
    let template = "{% for m in messages %}[{{ m['role'] }}]{{ m['content'] }}\n{% endfor %}{% if add_generation_prompt %}[assistant]{% endif %}";
    let words = ["wor", "word", " word", "[user]", "Why"].map(|word| word.as_bytes().to_vec());
    let model = ScriptModel::new(rules).unwrap().with_vocab(words).unwrap();
    model.with_template(Some(template.to_owned()))
}

fn pair<'m>(big: &'m mut ScriptModel, small: &'m mut ScriptModel) -> Backends<'m> {
    let (big, small): (&mut dyn Model, &mut dyn Model) = (big, small);
    let mut models = Backends::new(LocalModel::new(big, Limits::default()));
    models.add("small", LocalModel::new(small, Limits::default()));
    models
}

fn play(source: &str, models: &mut Backends<'_>, options: RunOptions) -> (Outcome, Vec<Event>) {
    let mut events = Vec::new();
    let session = Session::new(two(source), &[], options).unwrap();
    let outcome = run(session, models, &mut |event| events.push(event)).unwrap();
    (outcome, events)
}

const CHAT: &str = r#"user "Why?"
assistant { "A: " gen a with stop = "\n", model = small }
user "More: {{ a }}"
assistant { "B: " gen b with stop = "\n" }
user "End."
assistant { gen c with model = small, max = 9 }
return [a, b, c]"#;

#[test]
fn each_model_reads_the_context_as_it_knows_it() {
    let mut big = script(&[("<|im_start|>assistant\nB: ", "from big\n")]);
    let mut small = other(&[
        ("[user]Why?\n[assistant]A: ", "from small\n"),
        ("[assistant]B: from big\n[user]End.\n[assistant]", "done"),
    ]);
    let (outcome, events) = play(CHAT, &mut pair(&mut big, &mut small), RunOptions::default());
    assert_eq!(outcome.error(), None);
    assert_eq!(outcome.value().to_string(), r#"["from small", "from big", "done"]"#);
    let text = "<|im_start|>user\nWhy?<|im_end|>\n<|im_start|>assistant\nA: from small<|im_end|>\n\
        <|im_start|>user\nMore: from small<|im_end|>\n<|im_start|>assistant\nB: from big<|im_end|>\n\
        <|im_start|>user\nEnd.<|im_end|>\n<|im_start|>assistant\ndone<|im_end|>\n";
    assert_eq!(outcome.text(), text);
    let (mut told, mut names) = (String::new(), Vec::new());
    for event in &events {
        match event {
            Event::Text { text, .. } | Event::Token { text, .. } | Event::GenEnd { text, .. } => told += text,
            Event::GenStart { name, model, .. } => names.push((name.as_str(), model.as_deref())),
            _ => {}
        }
    }
    assert_eq!(told, text, "nothing is told twice");
    assert_eq!(names, [("a", Some("small")), ("b", None), ("c", Some("small"))]);
    assert!(outcome.usage().prompt_tokens > 0);
}

#[test]
fn what_another_model_wrote_is_never_healed_and_read_in_one_run() {
    // With the word before it the second one would like a token that reaches back into it.
    let source = r#""A: {{ gen a: /wor/ with model = small }}{{ gen b: /[a-z ]+/ }}"
return [a, b]"#;
    let mut big = script(&[("A: wor", "ld is"), ("", "x")]);
    let mut small = other(&[("", "word")]);
    let (outcome, events) = play(source, &mut pair(&mut big, &mut small), RunOptions::default());
    assert_eq!(outcome.value().to_string(), r#"["wor", "ld is"]"#, "{:?}", outcome.error());
    let healed = |event: &Event| matches!(event, Event::Token { origin: TokenOrigin::Healed, .. });
    assert!(!events.iter().any(healed), "{events:?}");
}

#[test]
fn settings_of_a_named_model_are_its_own() {
    let source = "\"a\" gen x: /[a-z]{20}/ with model = small\nreturn x";
    let value = |options: RunOptions| {
        let (mut big, mut small) = (script(&[]), ScriptModel::random(4).unwrap());
        play(source, &mut pair(&mut big, &mut small), options).0.value().to_string()
    };
    let own = value(RunOptions::default());
    let spelled = |seed, temp| RunOptions { seed: Some(seed), temp: Some(temp), ..RunOptions::default() };
    assert_eq!(own, value(spelled(3, 0.5)));
    assert_ne!(own, value(spelled(3, 0.0)));
    assert_ne!(own, value(spelled(4, 0.5)));
}

#[test]
fn a_model_that_is_not_there_ends_the_run_before_it_begins() {
    let (mut big, mut events) = (script(&[("a", "b")]), Vec::new());
    let source = "\"a\" gen x print \"never\"\nif x == \"z\" { gen y with model = small }";
    let session = Session::new(two(source), &[], RunOptions::default()).unwrap();
    let outcome = run(session, &mut scheds(&mut big), &mut |event| events.push(event)).unwrap();
    let fault = &outcome.error().unwrap().fault;
    assert_eq!(fault, &Fault::UnknownModel { name: "small".into() });
    assert_eq!((fault.kind(), fault.code()), (ErrorKind::Model, "R0707"));
    assert!(fault.hint().unwrap().contains("also(\"small\""));
    assert!(matches!(events.as_slice(), [Event::Usage(_)]), "{events:?}");
    assert_eq!(big.counters().forwards(), 0);
}

#[test]
fn only_models_that_can_be_asked_for_are_needed() {
    let unused = "fn other() { gen y with model = small }\n\"a\" gen x";
    let program = two(unused);
    assert!(Prepared::from(&program).named_models(program.entry).is_empty());
    let session = Session::new(program, &[], RunOptions::default()).unwrap();
    let mut big = script(&[("a", "b")]);
    assert_eq!(run(session, &mut scheds(&mut big), &mut |_| {}).unwrap().error(), None);
    let called = two("fn other() { gen y with model = small }\nagent a() { other() }\n\"a\" gen x a()");
    assert_eq!(Prepared::from(&called).named_models(called.entry), ["small"]);
}

#[test]
fn a_run_of_two_models_can_be_taken_up_anew_at_every_ask() {
    let models = || {
        let big = script(&[("B: ", "from big\n")]);
        (big, other(&[("A: ", "from small\n"), ("End.\n[assistant]", "done")]))
    };
    let (mut big, mut small) = models();
    let (whole, _) = play(CHAT, &mut pair(&mut big, &mut small), RunOptions::default());
    assert_eq!(whole.error(), None);
    for pause in 0..3 {
        let (mut big, mut small) = models();
        let mut all = pair(&mut big, &mut small);
        let mut session = Session::new(two(CHAT), &[], RunOptions::default()).unwrap();
        let (mut asks, mut asked) = (0, false);
        loop {
            match session.poll(&mut all, &mut |_| {}) {
                Poll::Done => panic!("there are only {asks} asks"),
                Poll::Ready => {}
                Poll::Waiting if !asked && asks == pause => break,
                Poll::Waiting => {
                    asks += usize::from(!asked);
                    asked = true;
                    for report in all.poll() {
                        asked &= report.result.is_none();
                        session.report(report, &mut all, &mut |_| {});
                    }
                }
            }
        }
        let saved: Journal =
            serde_json::from_str(&serde_json::to_string(&session.save().unwrap()).unwrap()).unwrap();
        let (mut big, mut small) = models();
        let session = Session::resume(two(CHAT), saved, RunOptions::default()).unwrap();
        let resumed = run(session, &mut pair(&mut big, &mut small), &mut |_| {}).unwrap();
        assert_eq!((resumed.text(), resumed.value()), (whole.text(), whole.value()), "paused at {pause}");
    }
}

#[test]
fn a_try_undoes_what_another_model_wrote() {
    let source = r#""Q: "
try { gen a with stop = "\n", model = small fail "no" } else { "again: " gen a with stop = "\n" }
return a"#;
    let mut big = script(&[("Q: again: ", "big\n")]);
    let mut small = other(&[("Q: ", "small\n")]);
    let (outcome, events) = play(source, &mut pair(&mut big, &mut small), RunOptions::default());
    assert_eq!((outcome.text(), outcome.value().to_string()), ("Q: again: big", "big".to_owned()));
    let kept = events.iter().find_map(|event| match event {
        Event::Caught { kept, .. } => Some(*kept),
        _ => None,
    });
    assert_eq!(kept, Some(0));
}

// ---- loading

/// Counts how often it loads a scripted model; loaders with one key load the same.
struct Counted {
    key: Option<&'static str>,
    loads: Arc<AtomicUsize>,
    rules: &'static [(&'static str, &'static str)],
}

impl Load for Counted {
    fn load(self: Box<Self>, body: &mut dyn FnMut(&mut dyn Model)) -> Result<(), ModelError> {
        self.loads.fetch_add(1, Ordering::Relaxed);
        body(&mut script(self.rules));
        Ok(())
    }

    fn key(&self) -> Option<String> {
        self.key.map(str::to_owned)
    }
}

/// Says which further models there are, the first time.
fn once(others: Vec<Named>) -> impl FnMut() -> Option<Vec<Named>> {
    let mut others = Some(others);
    move || others.take()
}

/// How many models are loaded for a main one and others with these keys, and the schedulers of `a`, `b` and `c`.
fn loaded(
    main: Option<&'static str>,
    others: &[(&str, Option<&'static str>)],
) -> (usize, Vec<Option<usize>>) {
    let loads = Arc::new(AtomicUsize::new(0));
    let loader = |key| Box::new(Counted { key, loads: loads.clone(), rules: &[] }) as Box<dyn Load>;
    let others = others.iter().map(|(name, key)| ((*name).to_owned(), loader(*key))).collect();
    let mut found = Vec::new();
    load_all(loader(main), &mut once(others), &Limits::default(), None, &mut |models| {
        found = ["a", "b", "c"].map(|name| models.find(name)).to_vec();
        assert_eq!(models.profiles().count(), loads.load(Ordering::Relaxed), "each is loaded once");
    })
    .unwrap();
    (loads.load(Ordering::Relaxed), found)
}

#[test]
fn names_of_one_model_share_it() {
    let (x, y) = (Some("x"), Some("y"));
    assert_eq!(loaded(x, &[("a", x), ("b", y), ("c", y)]), (2, vec![Some(0), Some(1), Some(1)]));
    assert_eq!(loaded(x, &[("a", y), ("b", x)]), (2, vec![Some(1), Some(0), None]));
    // Loaders that do not say what they load share nothing.
    assert_eq!(loaded(None, &[("a", None), ("b", x), ("c", None)]), (4, vec![Some(1), Some(2), Some(3)]));
    assert_eq!(loaded(x, &[]), (1, vec![None; 3]));
    // Of two with one name the first counts.
    assert_eq!(loaded(x, &[("a", y), ("a", x)]), (2, vec![Some(1), None, None]));
}

#[test]
fn nothing_more_is_loaded_for_nobody() {
    let loads = Arc::new(AtomicUsize::new(0));
    let main = Box::new(Counted { key: None, loads: loads.clone(), rules: &[] });
    let lent =
        load_all(main, &mut || None, &Limits::default(), None, &mut |_| panic!("there is nobody to lend to"));
    assert_eq!((lent, loads.load(Ordering::Relaxed)), (Ok(()), 1));
}

#[test]
fn a_model_that_cannot_be_loaded_is_an_error_of_all() {
    struct Broken;
    impl Load for Broken {
        fn load(self: Box<Self>, _: &mut dyn FnMut(&mut dyn Model)) -> Result<(), ModelError> {
            Err(ModelError::NoTemplate)
        }
    }
    let loads = Arc::new(AtomicUsize::new(0));
    let main = Box::new(Counted { key: None, loads: loads.clone(), rules: &[] });
    let result = load_all(
        main,
        &mut once(vec![("a".to_owned(), Box::new(Broken))]),
        &Limits::default(),
        None,
        &mut |_| {
            panic!("there is nothing to lend");
        },
    );
    assert_eq!(result, Err(ModelError::NoTemplate));
}

#[test]
fn a_shared_model_goes_on_in_its_own_tokens_with_the_settings_of_each_name() {
    let loads = Arc::new(AtomicUsize::new(0));
    let rules: &[(&str, &str)] = &[("A: wor", "ld is"), ("A: ", "word")];
    let loader = |key| Box::new(Counted { key, loads: loads.clone(), rules }) as Box<dyn Load>;
    // The word that the other name wrote is taken up as the model's own.
    let source = "\"A: {{ gen a: /wor/ with model = small }}{{ gen b: /[a-z ]+/ }}\"\nreturn [a, b]";
    let mut ended = None;
    load_all(
        loader(Some("x")),
        &mut once(vec![("small".to_owned(), loader(Some("x")))]),
        &Limits::default(),
        None,
        &mut |models| {
            let mut models = models;
            ended = Some(play(source, &mut models, RunOptions::default()));
        },
    )
    .unwrap();
    let (outcome, events) = ended.unwrap();
    assert_eq!(outcome.value().to_string(), r#"["wor", "ld is"]"#, "{:?}", outcome.error());
    assert_eq!(loads.load(Ordering::Relaxed), 1);
    let named = |event: &&Event| matches!(event, Event::GenStart { model: Some(_), .. });
    assert_eq!(events.iter().filter(named).count(), 0, "its tokens have the run's own numbers");
    let sampled = |key: Option<&'static str>| {
        let loader = |key| {
            let model = ScriptModel::random(4).unwrap();
            Box::new(Noise(key, model)) as Box<dyn Load>
        };
        let mut value = String::new();
        let mut others = once(vec![("small".to_owned(), loader(key))]);
        load_all(loader(key), &mut others, &Limits::default(), None, &mut |mut models| {
            let source = "\"a\" gen x: /[a-z]{20}/ with model = small\nreturn x";
            value = play(source, &mut models, RunOptions::default()).0.value().to_string();
        })
        .unwrap();
        value
    };
    assert_eq!(sampled(Some("x")), sampled(None), "seed and temperature are those of the name");
}

struct Noise(Option<&'static str>, ScriptModel);

impl Load for Noise {
    fn load(mut self: Box<Self>, body: &mut dyn FnMut(&mut dyn Model)) -> Result<(), ModelError> {
        body(&mut self.1);
        Ok(())
    }

    fn key(&self) -> Option<String> {
        self.0.map(str::to_owned)
    }
}
