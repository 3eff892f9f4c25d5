//! The workloads: what is asked, once for both sides, and the programs that answer on this one.
//!
//! Every repetition has a salt, a number that its prompts begin with, so that no memory of an earlier one helps: the
//! processes are warm, what they have read is not.

use serde_json::{Value, json};

/// A workload: its parts follow each other on one side, then on the other.
pub(crate) struct Work {
    /// A letter, by which it is chosen and shown.
    pub(crate) key: char,
    pub(crate) parts: &'static [Part],
    asks: fn(u32) -> Vec<Value>,
}

/// What is measured by itself.
pub(crate) struct Part {
    pub(crate) name: &'static str,
    /// How many times as long guidance should take, on Q4_0.
    pub(crate) aim: f64,
    pub(crate) order: Order,
    /// Whether what all its prompts begin with has been read before.
    pub(crate) warm: bool,
}

/// Whether its rows or branches go on beside each other on this side. On the other side they never do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Beside,
    After,
}

const fn part(name: &'static str, aim: f64, order: Order) -> Part {
    Part { name, aim, order, warm: false }
}

pub(crate) const WORKS: [Work; 7] = [
    Work {
        key: 'a',
        parts: &[part("five sheets, as rows", 1.5, Order::Beside)],
        asks: |salt| vec![sheets(salt)],
    },
    Work {
        key: 'A',
        parts: &[part("five sheets, one after the other", 1.1, Order::After)],
        asks: |salt| vec![sheets(salt)],
    },
    Work {
        key: 'b',
        parts: &[part("eight selects among 400", 2.0, Order::After)],
        asks: |salt| vec![selects(salt)],
    },
    Work {
        key: 'c',
        parts: &[part("eight branches of 32 tokens", 2.5, Order::Beside)],
        asks: |salt| vec![branches(salt)],
    },
    Work {
        key: 'd',
        parts: &[
            part("32 rows over a few shots, cold", 2.0, Order::Beside),
            Part { name: "32 more, prefix warm", aim: 2.5, order: Order::Beside, warm: true },
        ],
        asks: |salt| vec![rows(salt, 0), rows(salt, 32)],
    },
    Work {
        key: 'e',
        parts: &[part("eight rounds in one context", 2.5, Order::After)],
        asks: |salt| vec![rounds(salt)],
    },
    Work {
        key: 'g',
        parts: &[part("a text copied with changes", 1.5, Order::After)],
        asks: |salt| vec![edit(salt)],
    },
];

impl Work {
    /// What is asked for each of its parts.
    pub(crate) fn asks(&self, salt: u32) -> Vec<Value> {
        (self.asks)(salt)
    }
}

const SHEET: &str = r#"\{\n  "name": "[A-Z][a-z]{2,11}",\n  "age": [1-9]\d,\n  "armor": "(leather|chainmail|plate)",\n  "weapon": "(sword|axe|mace|spear|bow|crossbow)",\n  "strength": [1-9]\d?\n\}"#;

const ARGUMENT: &str = "[a-z]{3,10}( [a-z]{2,10}){0,2}";

const SHEET_TOKENS: u32 = 128;
const BRANCH_TOKENS: u32 = 32;
const REPLY_TOKENS: u32 = 12;
const THOUGHT_TOKENS: u32 = 24;
const ARGUMENT_TOKENS: u32 = 16;
const COPY_TOKENS: u32 = 320;

/// The program of a workload on this side.
pub(crate) fn program(workload: &str, order: Order) -> String {
    match (workload, order) {
        ("sheets", _) => format!(
            "input prompt: str\n\"{{{{ prompt }}}}{{{{ gen sheet: /{SHEET}/ with max = {SHEET_TOKENS} }}}}\"\nreturn sheet\n"
        ),
        ("selects", _) => SELECTS.into(),
        ("branches", Order::Beside) => format!(
            "{BRANCHES}return fork question in questions {{\n  \
             \"\\n{{{{ question }}}}{{{{ gen answer with max = {BRANCH_TOKENS} }}}}\"\n  yield answer\n}}\n"
        ),
        ("branches", Order::After) => format!(
            "{BRANCHES}let answers: str[] = []\nfor question in questions {{\n  let found = aside {{\n    \
             \"\\n{{{{ question }}}}{{{{ gen answer with max = {BRANCH_TOKENS} }}}}\"\n    yield answer\n  }}\n  \
             answers += [found]\n}}\nreturn answers\n"
        ),
        ("rows", _) => format!(
            "{ROWS}\"{{{{ prompt }}}}{{{{ mail }}}}\\nMood: {{{{ select mood from moods }}}}\\nReply:\
             {{{{ gen reply with max = {REPLY_TOKENS} }}}}\"\nreturn \"{{{{ mood }}}}:{{{{ reply }}}}\"\n"
        ),
        ("rounds", _) => format!(
            "{ROUNDS}for seen in observations {{\n  \"\\nThought:{{{{ gen thought with stop = \"\\n\", max = {THOUGHT_TOKENS} }}}}\"\n  \
             \"\\nAction: {{{{ select action from actions }}}}\"\n  \
             \"\\nArgument: {{{{ gen argument: /{ARGUMENT}/ with max = {ARGUMENT_TOKENS} }}}}\"\n  \
             \"\\nObservation: {{{{ seen }}}}\"\n  log += [\"{{{{ thought }}}} | {{{{ action }}}} | {{{{ argument }}}}\"]\n}}\nreturn log\n"
        ),
        _ => format!(
            "input prompt: str\n\"{{{{ prompt }}}}{{{{ gen copy with max = {COPY_TOKENS} }}}}\"\nreturn copy\n"
        ),
    }
}

const SELECTS: &str = "input prompt: str\ninput labels: str[]\ninput options: str[]\n\"{{ prompt }}\"\n\
    let chosen: str[] = []\nfor label in labels {\n  \"\\n{{ label }} {{ select choice from options }}.\"\n  \
    chosen += [choice]\n}\nreturn chosen\n";

const BRANCHES: &str = "input prompt: str\ninput questions: str[]\n\"{{ prompt }}\"\n";

const ROWS: &str = "input prompt: str\ninput mail: str\ninput moods: str[]\n";

const ROUNDS: &str = "input prompt: str\ninput actions: str[]\ninput observations: str[]\n\"{{ prompt }}\"\n\
    let log: str[] = []\n";

/// The inputs of each run that answers a question on this side.
pub(crate) fn runs(ask: &Value) -> Vec<Vec<(String, Value)>> {
    let of = |names: &[&str]| -> Vec<(String, Value)> {
        names.iter().map(|name| ((*name).to_owned(), ask[*name].clone())).collect()
    };
    let each = |list: &str, name: &str, rest: &[&str]| {
        let items = ask[list].as_array().cloned().unwrap_or_default();
        items.into_iter().map(|item| [of(rest), vec![(name.to_owned(), item)]].concat()).collect()
    };
    match ask["workload"].as_str().unwrap_or_default() {
        "sheets" => each("prompts", "prompt", &[]),
        "rows" => each("mails", "mail", &["prompt", "moods"]),
        "selects" => vec![of(&["prompt", "labels", "options"])],
        "branches" => vec![of(&["prompt", "questions"])],
        "rounds" => vec![of(&["prompt", "actions", "observations"])],
        _ => vec![of(&["prompt"])],
    }
}

fn sheets(salt: u32) -> Value {
    let people = ["a knight", "a thief", "a hunter", "a guard of the king", "an old soldier"];
    let prompt = |person: &&str| {
        format!(
            "Game {salt}.\nThe following is the character profile of {person} for a role-playing game, as JSON.\n"
        )
    };
    let prompts: Vec<String> = people.iter().map(prompt).collect();
    json!({ "workload": "sheets", "prompts": prompts, "regex": SHEET, "max": SHEET_TOKENS })
}

fn selects(salt: u32) -> Value {
    let labels = [
        "The sky at noon is",
        "The forest in spring is",
        "The sea in a storm is",
        "The old house is",
        "The evening is",
        "The desert is",
        "The street after the rain is",
        "The mountain in winter is",
    ];
    let (firsts, seconds) = (include_str!("texts/shades.txt"), include_str!("texts/colours.txt"));
    let pairs =
        |first: &str| -> Vec<String> { seconds.lines().map(|second| format!("{first} {second}")).collect() };
    let options: Vec<String> = firsts.lines().flat_map(pairs).collect();
    let prompt = format!("Picture {salt}.\nEach part of the picture has one colour.");
    json!({ "workload": "selects", "prompt": prompt, "labels": labels, "options": options })
}

fn branches(salt: u32) -> Value {
    let questions = [
        "In one sentence, the story is about",
        "The keeper of the lighthouse is",
        "What the sea took was",
        "The letter said that",
        "The most important thing in the story is",
        "A child would ask",
        "The next morning",
        "If the lamp had gone out,",
    ];
    let prompt = format!("Story {salt}.\n{}", include_str!("texts/story.txt"));
    json!({ "workload": "branches", "prompt": prompt, "questions": questions, "max": BRANCH_TOKENS })
}

fn rows(salt: u32, from: usize) -> Value {
    let mails: Vec<&str> = include_str!("texts/mails.txt").lines().skip(from).take(32).collect();
    let prompt = format!("Shift {salt}.\n{}\nMail: ", include_str!("texts/shots.txt"));
    let moods = ["angry", "calm", "happy", "worried"];
    json!({ "workload": "rows", "prompt": prompt, "mails": mails, "moods": moods, "max": REPLY_TOKENS })
}

fn rounds(salt: u32) -> Value {
    let observations: Vec<&str> = include_str!("texts/observations.txt").lines().collect();
    let prompt = format!(
        "Case {salt}.\nThe assistant answers the question in rounds of thought, action, argument and observation.\n\
         Question: Which of the three bridges of the town is the oldest, and who built it?"
    );
    json!({
        "workload": "rounds", "prompt": prompt, "observations": observations,
        "actions": ["search", "read", "compare", "calculate", "answer"], "regex": ARGUMENT,
        "max": THOUGHT_TOKENS, "max_argument": ARGUMENT_TOKENS,
    })
}

fn edit(salt: u32) -> Value {
    let text = include_str!("texts/report.txt").trim_end();
    let prompt = format!(
        "Version {salt}.\nHere is a report:\n\n{text}\n\nHere is the same report, with March changed to April, Berlin \
         changed to Vienna, and twelve changed to thirteen:\n\n"
    );
    json!({ "workload": "edit", "prompt": prompt, "max": COPY_TOKENS })
}
