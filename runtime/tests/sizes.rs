//! What a run says about the size of its contexts before its model writes the first token.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::cell::Cell;
use std::rc::Rc;

use agentc_compiler::size::{Measured, Room};
use agentc_compiler::{Options, compile, source::NoFiles};
use agentc_runtime::backend::{Backend, Profile, Report, TaskId, Work, WorkKind};
use agentc_runtime::model::Model;
use agentc_runtime::model::script::{Rule, ScriptModel};
use agentc_runtime::session::run;
use agentc_runtime::{Backends, Event, Limits, LocalModel, Prepared, RunOptions, Session, Warning, testing};
use common::{play, program, scheds};

/// A model that says nothing, with tokens of one byte, but for these, and a context of `n_ctx` tokens.
fn model(n_ctx: u32, words: &[&str]) -> ScriptModel {
    let model = ScriptModel::new(vec![Rule::new("", "")]).unwrap();
    let model = model.with_vocab(words.iter().map(|word| word.as_bytes().to_vec())).unwrap();
    model.with_memory(n_ctx, 64, 4)
}

fn warnings(events: &[Event]) -> Vec<&Warning> {
    events.iter().filter_map(|event| if let Event::Warning(w) = event { Some(w) } else { None }).collect()
}

/// What a run on such a model warns of.
fn messages(n_ctx: u32, words: &[&str], source: &str) -> Vec<String> {
    let (outcome, events) = play(&mut model(n_ctx, words), source, RunOptions::default());
    assert_eq!(outcome.error(), None, "{source}");
    warnings(&events).iter().map(|warning| warning.diag.message.clone()).collect()
}

const LOOP: &str = "repeat 10 { \"0123456789\" gen x: str with stop = \"\\n\", max = 20 }";

#[test]
fn a_run_says_what_will_not_fit_before_its_model_is_asked() {
    let mut model = model(250, &[]);
    let (outcome, events) = play(&mut model, LOOP, RunOptions::default());
    assert_eq!(outcome.error(), None);
    let Event::Warning(warning) = &events[0] else { panic!("{events:?}") };
    assert_eq!(warning.diag.code, "W0400");
    assert_eq!(
        warning.diag.message,
        "with `x` the context can need 300 tokens, but the model's context holds only 250"
    );
    assert_eq!((warning.place.line, warning.place.column), (1, 26));
    let labels: Vec<&str> = warning.diag.labels.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(labels, ["up to 200 tokens", "up to 100 tokens"]);
    assert_eq!(warning.labels.iter().map(|place| place.column).collect::<Vec<_>>(), [26, 14]);
    assert!(warning.diag.hint.as_ref().unwrap().contains("`max`"));
    assert_eq!(warnings(&events).len(), 1);
    let json = serde_json::to_value(&events[0]).unwrap();
    assert_eq!((json["event"].as_str(), json["code"].as_str()), (Some("warning"), Some("W0400")));
    assert_eq!(json["labels"][1]["text"], "up to 100 tokens");
    assert_eq!(json["place"]["line"], 1);
}

#[test]
fn it_counts_with_the_tokens_of_its_model() {
    assert_eq!(messages(299, &[], LOOP).len(), 1);
    assert!(messages(300, &[], LOOP).is_empty(), "it fits exactly");
    // The text is one token for this one.
    assert_eq!(messages(209, &["0123456789"], LOOP).len(), 1);
    assert!(messages(210, &["0123456789"], LOOP).is_empty());
}

#[test]
fn a_type_that_is_short_needs_no_room_for_its_max() {
    assert!(messages(12, &[], "\"ab\" gen x: bool gen y: int(0..9) with heal = false").is_empty());
    let found = messages(7, &[], "input b: bool = false\n\"ab\" if b { gen x: bool gen y: int(0..9) }");
    assert_eq!(found, ["with `y` the context can need 8 tokens, but the model's context holds only 7"]);
}

#[test]
fn only_what_the_run_can_reach_counts() {
    let source = "agent big() -> str { \"a\" gen x with max = 900 return x }\n\
        test \"big\" { expect big() == \"\" }\n\"b\" gen y with max = 9";
    assert!(messages(500, &[], source).is_empty());
    let program = program(source);
    let mut model = model(500, &[]);
    let mut events = Vec::new();
    let mut emit = |event| events.push(event);
    let report = testing::run(&program, 0, &mut scheds(&mut model), RunOptions::default(), &mut emit);
    assert!(report.unwrap().passed());
    assert_eq!(warnings(&events).len(), 1);
}

#[test]
fn a_script_stands_for_another_model() {
    let source = "test \"big\" with model = script { \"a\" => \"b\" } { \"a\" gen x with max = 9000 expect x == \"b\" }";
    let mut events = Vec::new();
    let mut emit = |event| events.push(event);
    let report = testing::run_script(program(source), 0, RunOptions::default(), &mut emit);
    assert!(report.unwrap().passed());
    assert!(warnings(&events).is_empty(), "{events:?}");
}

#[test]
fn each_model_counts_what_it_reads_by_its_own_tokens() {
    let source = "model \"big\" {}\nmodel small = \"tiny\" {}\n\"hello world\"\ngen a with max = 50\n\
        gen b with max = 50, model = small\ngen c with max = 50";
    let told = |big: u32, small: u32, words: &[&str]| {
        let (mut big, mut small) = (model(big, &[]), model(small, words));
        let (big, small): (&mut dyn Model, &mut dyn Model) = (&mut big, &mut small);
        let mut models = Backends::new(LocalModel::new(big, Limits::default()));
        models.add("small", LocalModel::new(small, Limits::default()));
        let mut events = Vec::new();
        let session = Session::new(program(source), &[], RunOptions::default()).unwrap();
        run(session, &mut models, &mut |event| events.push(event)).unwrap();
        warnings(&events).iter().map(|warning| warning.diag.message.clone()).collect::<Vec<_>>()
    };
    let none: [&str; 0] = [];
    assert_eq!(told(161, 111, &[]), none);
    assert_eq!(
        told(161, 110, &[]),
        ["with `b` the context can need 111 tokens, but the model's context holds only 110"]
    );
    assert_eq!(told(161, 102, &["hello", " world"]), none);
    let both = told(160, 101, &["hello", " world"]);
    assert_eq!(both.len(), 2, "{both:?}");
    assert!(both[0].starts_with("with `b` the context can need 102 tokens"), "{both:?}");
    assert!(both[1].starts_with("with `c` the context can need 161 tokens"), "{both:?}");
}

#[test]
fn what_the_program_allows_is_not_told() {
    let source = "# allow W0400: it is stopped long before\nrepeat 10 { \"0123456789\" gen x with stop = \"\\n\", max = 20 }";
    assert!(messages(250, &[], source).is_empty());
    // The compiler does not call the comment idle: it cannot know.
    let compiled = compile("a.agent", source.as_bytes(), &NoFiles, &Options::default());
    assert_eq!(compiled.diags, []);
}

#[test]
fn nothing_is_said_of_a_model_that_nobody_knows() {
    let (program, limits) = (Prepared::from(program(LOOP)), agentc_compiler::Limits::default());
    let measured = Measured { program: &program, graph: program.graph(), limits: &limits };
    assert!(measured.too_large(&|_| true, &|_| None).is_empty());
    let room = |_| Some(Room { tokens: &str::len, ctx: 250 });
    assert!(measured.too_large(&|_| false, &room).is_empty());
    assert_eq!(measured.too_large(&|_| true, &room).len(), 1);
}

/// A model behind which someone counts how often texts are to be counted.
struct Counted<'m> {
    inner: LocalModel<'m>,
    asked: Rc<Cell<usize>>,
}

impl Backend for Counted<'_> {
    fn profile(&self) -> &Profile {
        self.inner.profile()
    }

    fn submit(&mut self, task: TaskId, work: Work) {
        let counts = matches!(work.kind, WorkKind::Count { .. });
        self.asked.set(self.asked.get() + usize::from(counts));
        self.inner.submit(task, work);
    }

    fn cancel(&mut self, task: TaskId) {
        self.inner.cancel(task);
    }

    fn poll(&mut self) -> Vec<Report> {
        self.inner.poll()
    }

    fn is_busy(&self) -> bool {
        self.inner.is_busy()
    }
}

#[test]
fn texts_are_counted_only_where_they_might_not_fit_by_their_bytes() {
    let asked = |n_ctx: u32, program: &Prepared| {
        let (mut model, asked) = (model(n_ctx, &["0123456789"]), Rc::new(Cell::new(0)));
        let inner = LocalModel::new(&mut model, Limits::default());
        let mut backends = Backends::new(Counted { inner, asked: asked.clone() });
        let session = Session::new(program, &[], RunOptions::default()).unwrap();
        let mut warned = 0;
        let mut emit = |event| warned += usize::from(matches!(event, Event::Warning(_)));
        assert_eq!(run(session, &mut backends, &mut emit).unwrap().error(), None);
        (asked.get(), warned)
    };
    // A program is prepared once for all of its runs: ten bytes and one, and twenty tokens, ten times.
    let program = Prepared::from(program(LOOP));
    assert_eq!(asked(310, &program), (0, 0));
    assert_eq!(asked(309, &program), (1, 0), "they fit by their tokens");
    assert_eq!(asked(209, &program), (1, 1));
}
