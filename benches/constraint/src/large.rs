//! A grammar of 300 kB with thousands of rules that call each other, and texts that it derives.

use std::fmt::Write;

use agentc_constraint::spec::{GrammarSyntax, Spec};

use crate::random::{Draw, Random};
use crate::subject::Subject;

const SIZE: usize = 300_000;

/// Commands with arguments of their own; arguments hold those of other commands in brackets.
pub fn subject() -> Subject {
    let commands = commands();
    let grammar = grammar(&commands);
    let mut random = Random::new(8);
    let mut statement = || {
        let at = random.below(commands.len());
        format!("{} {};\n", commands[at].word, arguments(&commands, at, 3, &mut random))
    };
    let texts = (0..10).map(|_| (0..3).map(|_| statement()).collect()).collect();
    let name = format!("grammar of {} kB, {} rules", grammar.len() / 1000, grammar.matches(": ").count());
    let spec = Spec::Grammar { grammar, syntax: GrammarSyntax::Lark, parts: Vec::new() };
    Subject { name, spec, bindings: Vec::new(), texts, tokens: usize::MAX }
}

struct Command {
    word: String,
    key: String,
    option: String,
    /// Whose arguments may stand in brackets.
    inner: usize,
}

/// As many as make a grammar of the size.
fn commands() -> Vec<Command> {
    let mut random = Random::new(7);
    let number = SIZE / rules(0, &command(&mut random, 0, 1_000)).len();
    (0..number).map(|at| command(&mut random, at, number)).collect()
}

fn command(random: &mut Random, at: usize, number: usize) -> Command {
    let word = format!("{}_{at}", random.word(3));
    Command { word, key: random.word(3), option: random.word(2), inner: random.below(number) }
}

fn grammar(commands: &[Command]) -> String {
    let mut text = String::from("start: (statement \";\" \"\\n\")+\n");
    let names: Vec<String> = (0..commands.len()).map(|at| format!("command_{at}")).collect();
    // A String takes everything.
    let _ = writeln!(text, "statement: {}", names.join(" | "));
    text.extend(commands.iter().enumerate().map(|(at, command)| rules(at, command)));
    text
}

fn rules(at: usize, Command { word, key, option, inner }: &Command) -> String {
    format!(
        "command_{at}: \"{word}\" \" \" list_{at}\nlist_{at}: argument_{at} (\", \" argument_{at})*\n\
         argument_{at}: \"{key}\" \" = \" value_{at} | \"(\" list_{inner} \")\" | \"--{option}\"\n\
         value_{at}: /[0-9]{{1,4}}/ | \"'{key}\" /[a-z]+/ \"'\" | \"[\" list_{inner} \"]\"\n"
    )
}

fn arguments(commands: &[Command], at: usize, depth: usize, random: &mut Random) -> String {
    let Command { key, option, inner, .. } = &commands[at];
    let mut argument = || match random.below(if depth > 0 { 5 } else { 3 }) {
        0 => format!("--{option}"),
        1 => format!("{key} = {}", random.below(10_000)),
        2 => format!("{key} = '{key}{}'", random.word(2)),
        3 => format!("({})", arguments(commands, *inner, depth - 1, random)),
        _ => format!("{key} = [{}]", arguments(commands, *inner, depth - 1, random)),
    };
    [argument(), argument(), argument()].join(", ")
}
