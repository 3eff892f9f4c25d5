//! Embeds the interpreter: compiles a program, runs it with inputs, and watches a second run as it happens.
//!
//! `cargo run --example embed` uses the reference model; an argument names another one.

use std::io::{self, Write};

use agentc::{Engine, Error, Event, Program};

const TRIAGE: &str = r#"
input mail: str
system "You sort support mail."
user mail
assistant "Mood: {{ gen mood: "calm" | "angry" }}\nOrder: {{ gen order: /[A-Z]{2}[0-9]{4}/ }}"
return {mood: mood, order: order}
"#;

/// Runs the program twice; answers the order number of the first run.
pub(crate) fn triage(engine: &Engine, out: &mut dyn Write) -> Result<String, Error> {
    let program = Program::from_source("triage.agent", TRIAGE)?;

    let outcome = engine.run(&program).input("mail", "Order AB1234 is late!!").start()?;
    say(out, &format!("value:  {} ({} tokens)\n", outcome.value(), outcome.usage().generated_tokens));
    let order = outcome.value()["order"].to_string();

    say(out, "stream:");
    let mut events = engine.run(&program).input("mail", "Where is CD5678?").seed(7).stream()?;
    for event in &mut events {
        if let Event::GenEnd { name, value, reason, .. } = event {
            say(out, &format!(" {name} = {value} (ended by: {reason})"));
        }
    }
    events.finish()?;
    say(out, "\n");
    Ok(order)
}

/// What cannot be shown is not worth stopping for.
fn say(out: &mut dyn Write, text: &str) {
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

#[allow(dead_code, reason = "the test of this example calls `triage` itself")]
fn main() -> Result<(), Error> {
    let engine = Engine::builder();
    let engine = match std::env::args().nth(1) {
        Some(model) => engine.model(model),
        None => engine,
    };
    triage(&engine.build()?, &mut io::stdout().lock())?;
    Ok(())
}
