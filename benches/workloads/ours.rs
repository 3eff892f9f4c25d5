//! This side: workloads by the facade, as an embedding program would run them.

use std::collections::BTreeMap;
use std::error::Error;
use std::time::Instant;

use agentc::{Engine, Event, Input, Program, TokenOrigin, Value};
use serde_json::Value as Json;

use crate::cases::{self, Order};
use crate::floor::Lane;

/// What a side answers: how long it took, and what was written.
pub(crate) struct Answer {
    pub(crate) seconds: f64,
    pub(crate) texts: Vec<String>,
}

/// An engine, and the programs that it has run: each is compiled once.
pub(crate) struct Ours {
    engine: Engine,
    programs: BTreeMap<(String, bool), Program>,
}

impl Ours {
    pub(crate) fn load(model: &str, threads: u32, context: u32) -> Result<Ours, Box<dyn Error>> {
        let engine = Engine::builder().model(model).threads(threads).context(context).build()?;
        Ok(Ours { engine, programs: BTreeMap::new() })
    }

    /// Runs a workload, its rows or branches in this order.
    pub(crate) fn answer(&mut self, ask: &Json, order: Order) -> Result<Answer, Box<dyn Error>> {
        let workload = ask["workload"].as_str().unwrap_or_default().to_owned();
        let key = (workload, order == Order::Beside);
        if !self.programs.contains_key(&key) {
            self.programs.insert(key.clone(), compile(&key.0, order)?);
        }
        let program = &self.programs[&key];
        let rows: Vec<Vec<(String, Value)>> = cases::runs(ask).into_iter().map(row).collect();
        let started = Instant::now();
        let mut texts = Vec::new();
        if order == Order::Beside {
            for outcome in self.engine.batch(program, rows) {
                texts.extend(lines(outcome?.value()));
            }
        } else {
            for row in rows {
                let inputs = row.into_iter().map(|(name, value)| (name, Input::Value(value)));
                texts.extend(lines(self.engine.run(program).inputs(inputs).start()?.value()));
            }
        }
        Ok(Answer { seconds: started.elapsed().as_secs_f64(), texts })
    }

    /// Runs a workload row by row, and tells what was written and which passes could not be avoided.
    pub(crate) fn trace(&self, ask: &Json, order: Order) -> Result<(Vec<String>, Vec<Lane>), Box<dyn Error>> {
        let workload = ask["workload"].as_str().unwrap_or_default();
        let program = compile(workload, order)?;
        let (mut texts, mut all) = (Vec::new(), Vec::new());
        for inputs in cases::runs(ask) {
            let inputs = row(inputs).into_iter().map(|(name, value)| (name, Input::Value(value)));
            let mut events = self.engine.run(&program).inputs(inputs).stream()?;
            let mut lanes: BTreeMap<u32, Lane> = BTreeMap::new();
            for event in &mut events {
                note(&mut lanes, &event);
            }
            texts.extend(lines(events.finish()?.value()));
            all.extend(lanes.into_values());
        }
        Ok((texts, all))
    }
}

/// What an event means for the lane of its context.
fn note(lanes: &mut BTreeMap<u32, Lane>, event: &Event) {
    let (context, tokens, chosen) = match event {
        Event::Text { context, tokens, .. } => (context, tokens, false),
        Event::Token { context, tokens, origin, .. } => {
            (context, tokens, matches!(origin, TokenOrigin::Sampled | TokenOrigin::Healed))
        }
        Event::BranchStart { context, parent, .. } => {
            let lane = Lane::of(lanes.get(parent));
            lanes.insert(*context, lane);
            return;
        }
        _ => return,
    };
    let lane = lanes.entry(*context).or_default();
    if chosen { tokens.iter().for_each(|_| lane.choose()) } else { lane.read(tokens) }
}

fn compile(workload: &str, order: Order) -> Result<Program, agentc::Error> {
    Program::from_source(&format!("{workload}.agent"), &cases::program(workload, order))
}

/// Inputs are texts and lists of texts.
fn row(inputs: Vec<(String, Json)>) -> Vec<(String, Value)> {
    let text = |value: &Json| Value::from(value.as_str().unwrap_or_default());
    let value = |value: Json| match &value {
        Json::Array(items) => Value::from(items.iter().map(text).collect::<Vec<Value>>()),
        one => text(one),
    };
    inputs.into_iter().map(|(name, given)| (name, value(given))).collect()
}

fn lines(value: &Value) -> Vec<String> {
    match value {
        Value::Str(text) => vec![text.to_string()],
        Value::List(items) => items.iter().flat_map(lines).collect(),
        other => vec![other.to_string()],
    }
}
