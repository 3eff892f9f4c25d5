//! Real chat templates: the derived texts, put around contents, are the template's own rendering.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

use agentc_compiler::ir::Role::{self, Assistant, System, Tool, User};
use agentc_runtime::Limits;
use agentc_runtime::chat::{ChatError, ChatFormat};

/// File, beginning and end of text.
const TEMPLATES: [(&str, &str, &str); 9] = [
    ("smollm2", "<|im_start|>", "<|im_end|>"),
    ("llama-3", "<|begin_of_text|>", "<|eot_id|>"),
    ("llama-2", "<s>", "</s>"),
    ("mistral-v1", "<s>", "</s>"),
    ("mistral-v3", "<s>", "</s>"),
    ("gemma-2", "<bos>", "<eos>"),
    ("phi-3", "<s>", "<|endoftext|>"),
    ("qwen2.5", "", "<|im_end|>"),
    ("zephyr", "<s>", "</s>"),
];

fn format(name: &str) -> ChatFormat {
    let (_, bos, eos) = TEMPLATES.into_iter().find(|template| template.0 == name).unwrap();
    ChatFormat::derive(Some(&source(name)), bos, eos, &Limits::default()).unwrap()
}

fn source(name: &str) -> String {
    let path = format!("{}/tests/fixtures/chat/{name}.jinja", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap()
}

/// The conversation as a context would grow, with the generation prompt at its end.
fn grow(format: &ChatFormat, messages: &[(Role, &str)]) -> Result<String, ChatError> {
    let mut text = String::new();
    let mut previous = None;
    for (role, content) in messages {
        text += format.open(*role, previous.is_none(), previous)?;
        text += content;
        text += format.close(*role);
        previous = Some(*role);
    }
    text += format.open(Assistant, previous.is_none(), previous)?;
    Ok(text)
}

#[test]
fn a_user_alone() {
    let expected = [
        (
            "smollm2",
            "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n",
        ),
        (
            "llama-3",
            "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
        ),
        ("llama-2", "<s>[INST] Hi [/INST]"),
        ("mistral-v1", "<s>[INST] Hi [/INST]"),
        ("mistral-v3", "<s>[INST] Hi[/INST]"),
        ("gemma-2", "<bos><start_of_turn>user\nHi<end_of_turn>\n<start_of_turn>model\n"),
        ("phi-3", "<|user|>\nHi<|end|>\n<|assistant|>\n"),
        (
            "qwen2.5",
            "<|im_start|>system\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n",
        ),
        ("zephyr", "<|user|>\nHi</s>\n<|assistant|>"),
    ];
    for (name, expected) in expected {
        let text = grow(&format(name), &[(User, "Hi")]).unwrap();
        // Zephyr ends its generation prompt with a line break or not, as its renderer keeps it.
        let text = if name == "zephyr" { text.trim_end().to_owned() } else { text };
        assert_eq!(text, expected, "{name}");
    }
}

#[test]
fn several_turns() {
    let turns = [(System, "Be brief."), (User, "Hi"), (Assistant, "Hello"), (User, "Bye")];
    let expected = [
        (
            "smollm2",
            "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHello<|im_end|>\n<|im_start|>user\nBye<|im_end|>\n<|im_start|>assistant\n",
        ),
        ("llama-2", "<s>[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nHi [/INST]Hello </s><s>[INST] Bye [/INST]"),
        (
            "phi-3",
            "<|system|>\nBe brief.<|end|>\n<|user|>\nHi<|end|>\n<|assistant|>\nHello<|end|>\n<|user|>\nBye<|end|>\n<|assistant|>\n",
        ),
        ("mistral-v3", "<s>[INST] Be brief.\n\nHi[/INST]Hello</s>[INST] Bye[/INST]"),
    ];
    for (name, expected) in expected {
        assert_eq!(grow(&format(name), &turns).unwrap(), expected, "{name}");
    }
}

/// Every template says of itself whether what grows is what it would render, so no warning is equality.
#[test]
fn growing_is_rendering() {
    for name in ["smollm2", "qwen2.5", "phi-3", "zephyr", "mistral-v1"] {
        assert_eq!(format(name).warnings(), [] as [&str; 0], "{name}");
    }
    let warned = |name: &str| format(name).warnings().join("\n");
    assert!(warned("llama-3").contains("trims"), "{}", warned("llama-3"));
    assert!(!warned("llama-3").contains("differently"), "{}", warned("llama-3"));
    assert!(warned("gemma-2").contains("trims"), "{}", warned("gemma-2"));
    assert!(!warned("gemma-2").contains("differently"), "{}", warned("gemma-2"));
    assert!(warned("llama-2").contains("differently"), "{}", warned("llama-2"));
    assert!(warned("mistral-v3").contains("differently"), "{}", warned("mistral-v3"));
}

#[test]
fn refused_roles_name_the_role_and_the_reason() {
    let error = |name: &str, role, previous: Option<Role>| {
        format(name).open(role, previous.is_none(), previous).unwrap_err()
    };
    let system = error("gemma-2", System, None);
    assert_eq!(
        system.to_string(),
        "the model's chat template does not take `system` at the start: System role not supported"
    );
    assert!(system.hint().unwrap().contains("user"));
    assert!(error("mistral-v1", System, None).to_string().contains("alternate"));
    assert!(error("mistral-v3", System, Some(Assistant)).to_string().contains("alternate"));
    assert!(error("llama-2", User, Some(User)).to_string().contains("alternate"));
    assert!(error("phi-3", Tool, Some(Assistant)).to_string().contains("leaves out"));
    assert!(format("gemma-2").check(System).is_err());
    for (name, _, _) in TEMPLATES {
        assert!(format(name).check(User).is_ok() && format(name).check(Assistant).is_ok(), "{name}");
    }
    assert!(format("qwen2.5").check(Tool).is_ok());
    assert!(format("phi-3").check(Tool).is_err());
}

#[test]
fn alike_in_a_row_are_joined_where_refused() {
    for (name, joins) in
        [("smollm2", false), ("llama-3", false), ("qwen2.5", false), ("phi-3", false), ("zephyr", false)]
    {
        assert_eq!(format(name).joins_alike(User), joins, "{name}");
        assert_eq!(format(name).joins_alike(Assistant), joins, "{name}");
    }
    for name in ["llama-2", "mistral-v1", "mistral-v3", "gemma-2"] {
        assert!(format(name).joins_alike(User), "{name}");
        assert!(format(name).joins_alike(Assistant), "{name}");
    }
    assert!(format("llama-2").joins_alike(System));
    assert!(!format("gemma-2").joins_alike(System));
}

#[test]
fn beginnings_of_text_are_known() {
    for (name, writes) in [
        ("llama-3", true),
        ("llama-2", true),
        ("gemma-2", true),
        ("phi-3", false),
        ("zephyr", false),
        ("qwen2.5", false),
    ] {
        assert_eq!(format(name).writes_bos(), writes, "{name}");
    }
}

#[test]
fn bad_templates_are_errors() {
    assert_eq!(ChatFormat::derive(None, "", "", &Limits::default()).unwrap_err(), ChatError::NoTemplate);
    let bad = [
        "{% for message in messages %}",
        "{{ messages[0].content | no_such_filter }}",
        "no message at all",
        "{{ raise_exception('never') }}",
        "{% for a in range(9999) %}{% for b in range(9999) %}{% for c in range(9999) %}{{ c }}{% endfor %}{% endfor %}{% endfor %}",
        "{% set n = namespace(s='aaaaaaaa') %}{% for a in range(60) %}{% set n.s = n.s ~ n.s %}{% endfor %}{{ n.s }}",
        "{% set n = namespace(s=[]) %}{% for a in range(5000) %}{% set n.s = [n.s] %}{% endfor %}{{ n.s | tojson }}",
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
    ];
    for source in bad {
        assert!(
            matches!(
                ChatFormat::derive(Some(source), "", "", &Limits::default()),
                Err(ChatError::Template { .. })
            ),
            "{source}"
        );
    }
}

#[test]
fn what_a_template_may_cost_has_limits() {
    let refused = |source: &str, limits: &Limits| {
        let error = ChatFormat::derive(Some(source), "", "", limits).unwrap_err();
        assert!(matches!(error, ChatError::Template { .. }), "{error}");
        error.to_string()
    };
    let all = "{% for message in messages %}{{ message.content }}{% endfor %}";
    assert!(ChatFormat::derive(Some(all), "", "", &Limits::default()).is_ok());
    let steps = refused(all, &Limits { template_steps: 7, ..Limits::default() });
    assert!(steps.contains("more than 7 steps of the chat template"), "{steps}");
    let nested = "{{ messages | tojson }}";
    assert!(
        ChatFormat::derive(Some(nested), "", "", &Limits { template_levels: 3, ..Limits::default() }).is_ok()
    );
    let levels = refused(nested, &Limits { template_levels: 2, ..Limits::default() });
    assert!(levels.contains("more than 2 levels in a value"), "{levels}");
}

#[cfg(feature = "llama")]
#[test]
fn the_reference_model_has_the_template_of_the_fixture() {
    use agentc_runtime::model::llama::gguf;
    let cache = std::env::var_os("AGENTC_CACHE").map(std::path::PathBuf::from).or_else(|| {
        std::env::var_os("HOME").map(|home| std::path::PathBuf::from(home).join(".cache/agentc"))
    });
    let file = cache.unwrap_or_default().join("models/SmolLM2-135M-Instruct.Q4_1.gguf");
    if !file.is_file() {
        eprintln!("skipped: no reference model (`agentc model pull smollm2` brings it)");
        return;
    }
    let header = gguf::read(&file).unwrap();
    assert_eq!(header.text("tokenizer.chat_template").unwrap(), source("smollm2"));
}
