//! Options of generations: which there are, what values they take, and which go together.

use agentc_constraint::spec::{Spec, Stop};

use super::Checker;
use super::generate::Written;
use crate::ast::{self, Expr as Ast, ExprKind as A, GenKind, Ident};
use crate::diag::Diag;
use crate::hir::{Expr, ExprKind};
use crate::ir::{Const, GenOption, Method, OptionType, Range};
use crate::source::Span;
use crate::ty::{self, Ty};

/// Options that are no numbers.
const OTHERS: &[&str] = &["stop", "stop_regex", "tools", "whitespace", "model"];

/// What a `call` says nothing about: the form of its text is given.
const NOT_OF_CALLS: &[&str] = &["min", "stop", "stop_regex", "n", "beam", "tools", "max_calls", "whitespace"];

/// The option that other languages call so.
pub(super) fn foreign_option(name: &str) -> Option<&'static str> {
    Some(match name {
        "temperature" => "temp",
        "max_tokens" | "maxTokens" | "max_length" | "max_new_tokens" | "limit" => "max",
        "min_tokens" | "min_length" => "min",
        "stop_sequence" | "stop_sequences" | "stops" | "until" => "stop",
        "random_seed" => "seed",
        "num_samples" | "samples" | "best_of" | "num_return_sequences" => "n",
        "num_beams" | "beams" | "beam_size" => "beam",
        "repetition_penalty" => "repeat_penalty",
        "no_repeat_ngram_size" => "no_repeat",
        "typical_p" => "typical",
        "functions" | "tool" => "tools",
        _ => return None,
    })
}

/// Whether a generation has an option of this name.
pub(super) fn is_option(name: &str) -> bool {
    OTHERS.contains(&name) || GenOption::ALL.iter().any(|option| option.name() == name)
}

/// The options of a generation.
#[derive(Default)]
pub(super) struct Chosen {
    pub(super) options: Vec<(GenOption, Expr)>,
    pub(super) model: Option<u32>,
    pub(super) tools: Vec<u32>,
    /// Where these stand, if there are any.
    pub(super) tools_place: Option<Span>,
    /// Whether the value is a list of samples.
    pub(super) samples: bool,
    /// Where its stops stand.
    pub(super) stop_places: Vec<Span>,
    stops: Vec<Stop>,
    flexible: bool,
}

impl Chosen {
    fn add_stop(&mut self, stop: Stop, place: Span) {
        self.stops.push(stop);
        self.stop_places.push(place);
    }
}

impl Checker<'_> {
    pub(super) fn options(&mut self, generation: &ast::Gen, written: &mut Written) -> Chosen {
        let mut chosen = Chosen::default();
        let mut seen: Vec<&str> = Vec::new();
        for (name, value) in &generation.options {
            let key = name.name.as_str();
            if seen.contains(&key) {
                let diag = Diag::new("E0213", name.span, format!("the option `{key}` is given twice"));
                self.report(diag.hint("remove one of them"));
                continue;
            }
            seen.push(key);
            self.option(name, value, written, &mut chosen);
        }
        self.check_together(generation, written, &chosen);
        if chosen.flexible {
            written.spec = written.spec.take().map(|s| Spec::Flexible { value: Box::new(s) });
        }
        let stops = std::mem::take(&mut chosen.stops);
        if !stops.is_empty() {
            written.spec = written.spec.take().map(|s| Spec::Until { value: Box::new(s), stops });
        }
        chosen
    }

    fn option(&mut self, name: &Ident, value: &Ast, written: &mut Written, chosen: &mut Chosen) {
        let key = name.name.as_str();
        match key {
            "stop" => self.stop(value, written, chosen),
            "stop_regex" => self.stop_regex(value, chosen),
            "tools" => {
                chosen.tools = self.tools(value);
                chosen.tools_place = (!chosen.tools.is_empty()).then_some(value.span);
            }
            "model" => chosen.model = self.chosen_model(value),
            "whitespace" => chosen.flexible = self.whitespace(value),
            _ => match GenOption::ALL.iter().find(|option| option.name() == key) {
                Some(&option) => {
                    let ty = match option.ty() {
                        OptionType::Bool => Ty::Bool,
                        OptionType::Int => Ty::Int,
                        OptionType::Float => Ty::Float,
                    };
                    let value = self.wanted(value, &ty, &format!("`{key}`"));
                    self.check_range(option, &value);
                    chosen.samples |= option == GenOption::Samples;
                    chosen.options.push((option, value));
                }
                None => self.unknown_option(name),
            },
        }
    }

    fn unknown_option(&mut self, name: &Ident) {
        let known = GenOption::ALL.iter().map(|option| option.name()).chain(OTHERS.iter().copied());
        let near = foreign_option(&name.name).map(str::to_owned).or_else(|| self.nearest(&name.name, known));
        let hint = near.as_ref().map_or(
            "the usual ones are max, stop, temp, top_p, seed and n; grammar/README.md lists all".to_owned(),
            |n| format!("did you mean `{n}`?"),
        );
        let diag = Diag::new("E0104", name.span, format!("there is no option `{}`", name.name));
        self.report(diag.hint(hint).perhaps(name.span, near.as_deref()));
    }

    #[allow(clippy::cast_precision_loss)]
    fn check_range(&mut self, option: GenOption, value: &Expr) {
        let number = match value.kind {
            ExprKind::Const(Const::Int(n)) => n as f64,
            ExprKind::Const(Const::Float(x)) => x,
            _ => return,
        };
        if option.range().admits(number) {
            return;
        }
        let kind = if option.ty() == OptionType::Int { "a whole number" } else { "a number" };
        let range = match option.range() {
            Range::Any => String::new(),
            Range::Within(least, most) => format!(" from {least} to {most}"),
            Range::From(least) => format!(" from {least}"),
            Range::Above(least) => format!(" above {least}"),
        };
        let diag = Diag::new("E0405", value.span, format!("`{}` cannot be {number}", option.name()));
        self.report(diag.hint(format!("it is {kind}{range}")));
    }

    /// Options that contradict each other, or say nothing about this kind of generation.
    fn check_together(&mut self, generation: &ast::Gen, written: &Written, chosen: &Chosen) {
        let literal = |option: GenOption| {
            let value = chosen.options.iter().find(|(o, _)| *o == option).map(|(_, v)| v);
            value.and_then(
                |v| if let ExprKind::Const(Const::Int(n)) = v.kind { Some((n, v.span)) } else { None },
            )
        };
        if let (Some((min, span)), Some((max, _))) = (literal(GenOption::Min), literal(GenOption::Max))
            && min > max
        {
            self.mismatched(
                span,
                format!("`min` is {min} and `max` only {max}"),
                "no text can have that many tokens: lower `min`, or raise `max`",
            );
        }
        let call = matches!(generation.kind, GenKind::Call(_));
        for (name, _) in &generation.options {
            let key = name.name.as_str();
            if call && NOT_OF_CALLS.contains(&key) {
                self.mismatched(
                    name.span,
                    format!("`{key}` does not apply to a `call`"),
                    "the tools decide what may be written: leave it out",
                );
            } else if key == "tools" && !matches!(generation.kind, GenKind::Gen(_)) {
                self.mismatched(
                    name.span,
                    "only a `gen` can call tools while it writes".to_owned(),
                    "use `call x: t1 | t2` to let the model pick a tool",
                );
            } else if key == "max_calls" && !generation.options.iter().any(|(n, _)| n.name == "tools") {
                self.mismatched(
                    name.span,
                    "`max_calls` counts calls of `tools`, and there are none".to_owned(),
                    "add tools = [name, …], or leave it out",
                );
            } else if key == "n" && generation.append {
                let hint =
                    format!("`n` already gives a list: write gen {} … with n = …", generation.name.name);
                self.mismatched(name.span, "`[]` and `n` cannot be combined".to_owned(), &hint);
            } else if key == "n" && generation.options.iter().any(|(n, _)| n.name == "beam") {
                self.mismatched(
                    name.span,
                    "`n` and `beam` cannot be combined".to_owned(),
                    "a beam finds one value, always the same: leave one of them out",
                );
            } else if matches!(key, "n" | "beam") && written.method != Method::Greedy {
                self.mismatched(
                    name.span,
                    format!("`{key}` does not apply where options are compared as a whole"),
                    "the best of them is always the same: leave it out, or write `by greedy`",
                );
            } else if key == "whitespace" && !written.json && !written.ty.is_error() {
                self.mismatched(
                    name.span,
                    format!("`whitespace` applies only to JSON, and {} is written as plain text", written.ty),
                    "leave it out",
                );
            }
        }
    }

    fn mismatched(&mut self, span: Span, message: String, hint: &str) {
        self.report(Diag::new("E0406", span, message).hint(hint));
    }

    /// `stop`: literals become part of the constraint, other values holes of it.
    fn stop(&mut self, value: &Ast, written: &mut Written, chosen: &mut Chosen) {
        if let A::Regex(regex) = &value.kind {
            let diag = Diag::new("E0217", regex.span, "`stop` takes texts, not regexes");
            return self.report(diag.hint(format!("write stop_regex = /{}/", regex.pattern)));
        }
        let value = self.expr(value, None);
        match &value.kind {
            ExprKind::Const(Const::Str(text)) => {
                chosen.add_stop(self.literal_stop(text, value.span), value.span);
            }
            ExprKind::List(items) if items.iter().all(is_literal_str) => {
                for (text, span) in items.iter().filter_map(literal_str) {
                    let stop = self.literal_stop(&text, span);
                    chosen.add_stop(stop, span);
                }
            }
            _ => {
                if !ty::fits(&value.ty, &Ty::Str) && !ty::fits(&value.ty, &Ty::list(Ty::Str)) {
                    let message = format!("`stop` takes a str or a list of them, but this is {}", value.ty);
                    let diag = Diag::new("E0200", value.span, message);
                    self.report(diag.hint("write stop = \"\\n\" or stop = [\".\", \"!\"]"));
                }
                chosen.add_stop(Stop::Hole { hole: written.bindings.len() }, value.span);
                written.bindings.push(value);
            }
        }
    }

    fn literal_stop(&mut self, text: &str, span: Span) -> Stop {
        if text.is_empty() {
            let diag = Diag::new("E0404", span, "an empty stop would end every text immediately");
            self.report(diag.hint("write the text at which the generation ends, such as \"\\n\""));
        }
        Stop::Text { text: text.to_owned() }
    }

    /// `stop_regex`: a regex or a list of them, written out.
    fn stop_regex(&mut self, value: &Ast, chosen: &mut Chosen) {
        let items = match &value.kind {
            A::List(items) => items.as_slice(),
            _ => std::slice::from_ref(value),
        };
        for item in items {
            match &item.kind {
                A::Regex(regex) => {
                    if self.stop_regex_is_good(&regex.pattern, regex.span) {
                        chosen.add_stop(Stop::Regex { pattern: regex.pattern.clone() }, regex.span);
                    }
                }
                A::Error => {}
                _ => {
                    let diag = Diag::new("E0200", item.span, "`stop_regex` takes regex literals");
                    self.report(diag.hint("write stop_regex = /[.!?]\\s/; a text goes into `stop`"));
                }
            }
        }
    }

    fn tools(&mut self, value: &Ast) -> Vec<u32> {
        let A::List(items) = &value.kind else {
            let diag = Diag::new("E0200", value.span, "`tools` takes a list of tools by their names");
            self.report(diag.hint("write tools = [search, add]"));
            return Vec::new();
        };
        let mut listed = Vec::new();
        for item in items {
            let Some(path) = item.as_path() else {
                let diag = Diag::new("E0200", item.span, "a tool is given by its name");
                self.report(diag.hint("write tools = [search, add]"));
                continue;
            };
            if let Some(tool) = self.tool(&path) {
                self.list_tool(&mut listed, &tool, &path);
            }
        }
        listed.into_iter().map(|listed| listed.id).collect()
    }

    fn chosen_model(&mut self, value: &Ast) -> Option<u32> {
        if let A::Name(name) = &value.kind {
            return self.model_named(&Ident { name: name.clone(), span: value.span });
        }
        let diag = Diag::new("E0200", value.span, "`model` takes the name of a declared model");
        self.report(diag.hint("declare it at top level, model small = \"…\", and write model = small"));
        None
    }

    /// Whether white space between the tokens of JSON is the model's choice.
    fn whitespace(&mut self, value: &Ast) -> bool {
        let text = if let A::Str(text) = &value.kind { text.literal() } else { None };
        match text.as_deref() {
            Some("compact") => false,
            Some("flexible") => true,
            _ => {
                let diag = Diag::new(
                    "E0405",
                    value.span,
                    "`whitespace` has two values, and is written as a literal",
                );
                self.report(diag.hint("write \"compact\" or \"flexible\""));
                false
            }
        }
    }
}

fn is_literal_str(item: &Expr) -> bool {
    matches!(item.kind, ExprKind::Const(Const::Str(_)))
}

fn literal_str(item: &Expr) -> Option<(String, Span)> {
    match &item.kind {
        ExprKind::Const(Const::Str(text)) => Some((text.clone(), item.span)),
        _ => None,
    }
}
