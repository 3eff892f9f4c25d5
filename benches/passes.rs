//! What one pass of the model costs, by how many rows it has: `cargo xtask bench passes [MODEL]`.
//!
//! A generation decodes one row at a time, a forced stretch or a draft a few of one sequence, a `fork` or a batch one of each
//! of many sequences, a prompt up to 64. Whatever the scheduler saves or spends is a matter of what these cost beside
//! each other, which differs from CPU to CPU: so they are printed as a table, with the cost per row.

use std::error::Error;
use std::io::Write;
use std::time::Duration;

use agentc::model::llama::{LlamaLoader, LlamaOptions};
use agentc::model::{Load, Model};
use agentc::store::{REFERENCE_MODEL, Store};

#[path = "pass.rs"]
mod pass;

use pass::{SEQS, hold, pass};

const ROWS: [u32; 13] = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 40, 48, 64];

/// Tokens that every sequence holds before.
const HELD: [u32; 2] = [64, 1024];

const TIMES: usize = 9;

fn main() -> Result<(), Box<dyn Error>> {
    let name = std::env::args().nth(1).unwrap_or_else(|| REFERENCE_MODEL.to_owned());
    let path = Store::open()?.resolve(&name)?;
    let options = LlamaOptions { seqs: SEQS, n_ctx: Some(8192), ..LlamaOptions::new(name, path) };
    let mut result = Ok(());
    Box::new(LlamaLoader::new(options)).load(&mut |model| result = table(model))?;
    result
}

fn table(model: &mut dyn Model) -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", model.info().description)?;
    for held in HELD {
        hold(model, held)?;
        writeln!(
            out,
            "\n{held} tokens before, shared\n{:>5} {:>12} {:>12} {:>12} {:>12}",
            "rows", "one, ms", "per row", "many, ms", "per row"
        )?;
        for rows in ROWS {
            let one = pass(model, held, rows, true, TIMES)?;
            let many = pass(model, held, rows, false, TIMES)?;
            let ms = |time: Duration| time.as_secs_f64() * 1e3;
            let each = |time: Duration| ms(time) / f64::from(rows);
            writeln!(
                out,
                "{rows:>5} {:>12.2} {:>12.2} {:>12.2} {:>12.2}",
                ms(one),
                each(one),
                ms(many),
                each(many)
            )?;
        }
    }
    Ok(())
}
